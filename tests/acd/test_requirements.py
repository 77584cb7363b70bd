"""What a call needs of an agent: levels, and conditions over skills and the caller (R10 to R12)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.inputs import Enter
from acd.requirements import requirement
from agents.config import AgentConfig
from agents.skills import skill_set
from tests.acd.desk_stage import DeskStage
from tests.acd.oracle import level_of
from tests.acd.stage import Stage, queue

levels = st.dictionaries(st.sampled_from("abc"), st.integers(1, 10))
conditions = st.sampled_from(
    [
        "",
        "a >= 3 and b >= 2",
        "a >= 8 or b >= 8",
        "not c > 4",
        'a >= 2 and (b >= 5 or caller.tier == "gold")',
        "a > 0 and not caller.points < 3",
    ]
)
callers = st.sampled_from([{}, {"tier": "gold"}, {"tier": "wood", "points": 4}])


@given(levels, levels, conditions, callers)
def test_r12_a_requirement_holds_and_weighs_as_it_is_read(
    has: dict[str, int], needs: dict[str, int], condition: str, caller: dict[str, str | int]
) -> None:
    bound = requirement(skill_set(needs), condition, caller)
    assert bound.level(skill_set(has)) == level_of(has, needs, condition, caller)


def test_a_caller_is_known_by_what_the_condition_names_alone() -> None:
    """Callers who differ in something else wait in the same line."""
    one, other = (
        requirement((), 'caller.tier == "gold"', {"tier": "gold", "number": number})
        for number in ("1", "2")
    )
    assert one == other


def test_r10_a_call_brings_its_own_requirement() -> None:
    stage = Stage(ann={"sales": 9}, bob={"sales": 1, "english": 2})
    stage.tell(Enter("c1", "sales", skills={"english": 2}))
    assert stage.offer("c1").agent_id == "bob"


@pytest.mark.parametrize(("least", "offers"), [(5, ["c1 -> ann"]), (6, [])])
def test_r11_a_level_below_the_least_does_not_do(least: int, offers: list[str]) -> None:
    stage = Stage(queue(skills={"sales": least}), ann={"sales": 5})
    assert [said for said in stage.enter("c1") if "->" in said] == offers


@pytest.mark.parametrize(
    ("attributes", "agent_id"),
    [({"language": "de"}, "ann"), ({"language": "en"}, "bob"), ({}, "bob")],
)
def test_r12_who_may_have_a_call_depends_on_skills_and_on_the_caller(
    attributes: dict[str, str | int | bool], agent_id: str
) -> None:
    """For a caller of whom the language is not known, only who speaks English will do."""
    agents = (
        AgentConfig("ann", "Ann", "station:1", {"sales": 5}),
        AgentConfig("bob", "Bob", "station:2", {"sales": 1, "english": 4}),
    )
    where = queue(requires='english >= 3 or caller.language == "de"')
    stage = DeskStage(where, agents=agents)
    stage.tell(Enter("c1", "sales", attributes=attributes))
    assert stage.offer("c1").agent_id == agent_id


@pytest.mark.parametrize(
    ("skills", "may"),
    [
        ({"sales": 1, "billing": 1}, True),
        ({"sales": 1, "trainee": 1}, False),
        ({"sales": 1}, False),
        ({"sales": 1, "tax": 9}, True),
    ],
)
def test_r12_and_or_and_not(skills: dict[str, int], *, may: bool) -> None:
    where = queue(requires="(billing > 0 or tax >= 9) and not trainee > 0")
    stage = DeskStage(where, agents=(AgentConfig("ann", "Ann", "station:1", skills),))
    stage.enter("c1")
    assert bool(stage.acd.calls["c1"].offers) is may

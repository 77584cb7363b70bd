"""Skills and levels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.skills import skill_set, total_level

levels = st.dictionaries(st.sampled_from("abcde"), st.integers(1, 10))


@given(levels)
def test_the_order_in_which_skills_are_written_means_nothing(skills: dict[str, int]) -> None:
    assert skill_set(dict(reversed(skills.items()))) == skill_set(skills)


@pytest.mark.parametrize(
    ("has", "needs", "total"),
    [
        ({"a": 5}, {"a": 5}, 5),
        ({"a": 5}, {"a": 6}, None),
        ({"a": 5}, {"b": 1}, None),
        ({"a": 5, "b": 2}, {"b": 1}, 2),
        ({"a": 5, "b": 2}, {"a": 1, "b": 2}, 7),
        ({"a": 5}, {}, 0),
    ],
)
def test_levels_of_the_required_skills_add_up(
    has: dict[str, int], needs: dict[str, int], total: int | None
) -> None:
    assert total_level(skill_set(has), skill_set(needs)) == total


@given(levels, levels, levels)
def test_who_can_do_more_can_serve_whoever_he_could(
    has: dict[str, int], needs: dict[str, int], more: dict[str, int]
) -> None:
    better = {**has, **{skill: max(level, has.get(skill, 0)) for skill, level in more.items()}}
    before, after = (total_level(skill_set(s), skill_set(needs)) for s in (has, better))
    assert before is None or (after is not None and after >= before)

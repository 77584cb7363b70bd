"""Rows of the feature list, groups Q and O, each by its id: what a plan says, and what happens."""

from __future__ import annotations

import pytest

from acd.config import AcdConfig, QueueConfig
from acd.contact_fold import ContactFold
from acd.decisions import (
    AcdDecision,
    Announces,
    Asks,
    Diverts,
    Ends,
    MusicChanges,
    Offer,
    Overflows,
    TurnedAway,
    Waits,
)
from acd.distributor import Distributor
from acd.estimates import PromiseConfig
from acd.inputs import Answered, AskState, CallerChose, Enter, LogOn
from acd.recipes import HOPS_MAX
from acd.rules import Question
from acd.steps import Step
from acd.visits import ExitReason
from agents.config import AgentConfig
from agents.directory import Directory
from csta.calendars import Calendar, ClosingPolicy, OffsetStep, Span, Zone
from csta.instants import DAY, HOUR, MINUTE
from csta.states import AgentState
from switch_sim.config import PhoneAct
from tests.ctiserver.centre import Centre, centre_plan

READY, AWAY, OFF = AgentState.READY, AgentState.NOT_READY, AgentState.NULL
_DAY_0 = 19_723 * DAY
"""2024-01-01, a Monday, 0:00 UTC."""


class Plan:
    """One distributor with some queues, agents who have the skills of their names, and a clock."""

    def __init__(self, *queues: QueueConfig, at: int = 0, **more: object) -> None:
        """Begin at an instant with nobody logged on; `more` is of the whole centre."""
        people = {"ann": {"sales": 5}, "bob": {"sales": 1, "help": 3}, "cem": {"help": 5}}
        agents = [AgentConfig(name, name, f"station:{name}", has) for name, has in people.items()]
        self.acd = Distributor(AcdConfig(queues=queues, **more), Directory(agents, "test"))  # type: ignore[arg-type] # of the test's choice
        self.now = at

    def staff(self, **states: AgentState) -> None:
        """Let agents log on, and be ready or not."""
        for name, state in states.items():
            self.acd.handle(LogOn(name), self.now)
            if state is not AWAY:
                self.acd.handle(AskState(name, state), self.now)

    def enter(self, call_id: str = "c1", queue: str = "sales", **more: object) -> list[AcdDecision]:
        """Let a call come."""
        return self.tell(Enter(call_id, queue, **more))  # type: ignore[arg-type] # as above

    def tell(self, event: object) -> list[AcdDecision]:
        """Hand in an input; agents' events are left out."""
        return self._plain(self.acd.handle(event, self.now))  # type: ignore[arg-type] # inputs only

    def wait(self, milliseconds: int) -> list[AcdDecision]:
        """Let time pass."""
        until, said = self.now + milliseconds, []
        while (due := self.acd.wake_at()) is not None and due <= until:
            self.now = due
            said += self._plain(self.acd.wake(due))
        self.now = until
        return said

    @staticmethod
    def _plain(decisions: list[AcdDecision]) -> list[AcdDecision]:
        return [d for d in decisions if hasattr(d, "call_id") and not hasattr(d, "STATE")]


def sales(*steps: Step, **more: object) -> QueueConfig:
    return QueueConfig(name="sales", skills={"sales": 1}, steps=steps, **more)  # type: ignore[arg-type] # of the test's choice


HELP = QueueConfig(name="help", skills={"help": 1})


# Q: what the caller experiences.


def test_q01_music_is_of_the_queue_and_of_the_call() -> None:
    step = Step(after_ms=0, when='caller.mood == "sad"', music="music:blues")
    plan = Plan(sales(step, music="music:pop"))
    assert plan.acd.queues["sales"].config.music == "music:pop"
    said = plan.enter("c1", attributes={"mood": "sad"}) + plan.enter("c2")
    assert [d for d in said if isinstance(d, MusicChanges)] == [
        MusicChanges("c1", "sales", "music:blues")
    ]


def test_q02_announcements_begin_after_a_while_and_come_again() -> None:
    plan = Plan(sales(Step(after_ms=5_000, announce="sound:a", every_ms=30_000, repeat=True)))
    plan.enter()
    said = [d for d in plan.wait(70_000) if isinstance(d, Announces)]
    assert [d.prompt for d in said] == ["sound:a"] * 3


def test_q03_the_position_is_told_up_to_a_limit() -> None:
    plan = Plan(sales(Step(after_ms=1_000, say_position=True), position_most=2))
    for number in range(4):
        plan.enter(f"c{number}")
    told = [
        (d.position, d.position_more_than) for d in plan.wait(1_000) if isinstance(d, Announces)
    ]
    assert told == [(1, False), (2, False), (2, True), (2, True)]


def test_q04_q22_the_wait_is_told_and_has_a_cap() -> None:
    capped = PromiseConfig(most_ms=20 * MINUTE)
    plan = Plan(sales(Step(after_ms=1_000, say_wait=True), promise=capped))
    plan.staff(ann=READY)
    for number in range(60):
        plan.enter(f"c{number}")
    told = [d for d in plan.wait(1_000) if isinstance(d, Announces)]
    waits = [d.wait_ms for d in told]
    assert waits == sorted(waits, key=lambda wait: wait or 0)
    assert (told[-1].wait_ms, told[-1].wait_more_than) == (20 * MINUTE, True)
    assert not any(d.volume_rose for d in told)


def test_q05_q06_a_caller_is_asked_and_leaves_by_a_key() -> None:
    questions = {"stay": Question(prompt="sound:stay", keys={"1": "stay", "2": "leave"})}
    plan = Plan(sales(Step(after_ms=5_000, ask="stay")), questions=questions)
    plan.enter()
    assert plan.wait(5_000) == [Asks("c1", "sales", "stay")]
    assert plan.tell(CallerChose("c1", "2")) == [Ends("c1", "sales", "caller_exit", 0)]


def test_q13_a_call_goes_to_a_flow_and_comes_back_with_its_first_instant() -> None:
    plan = Plan(sales(Step(after_ms=5_000, divert_to="routeing:self_service")))
    plan.enter()
    assert plan.wait(5_000) == [Diverts("c1", "sales", "routeing:self_service", 0, "overflow")]
    plan.wait(60_000)
    plan.enter("c2")
    plan.enter("c1", enqueued_at=0)
    assert min(plan.acd.calls.values(), key=lambda call: call.key).call_id == "c1"


@pytest.mark.parametrize(
    ("condition", "staff", "joins"),
    [
        ("logged_on == 0", {}, False),
        ("logged_on == 0", {"ann": AWAY}, True),
        ("logged_on == not_ready", {"ann": AWAY}, False),
        ("logged_on == not_ready", {"ann": AWAY, "bob": READY}, True),
        ("ready == 0", {"ann": AWAY}, False),
        ("ready == 0", {"ann": READY}, True),
    ],
)
def test_q14_o05_who_may_join_depends_on_agents_here_paused_or_ready(
    condition: str,
    staff: dict[str, AgentState],
    joins: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """Three predicates of "no agent": nobody is here, all are paused, none is ready."""
    plan = Plan(sales(Step(after_ms=0, when=condition, end="join_empty")))
    plan.staff(**staff)
    said = plan.enter()
    assert isinstance(said[-1], Waits | Offer) is joins
    if not joins:
        assert said == [Ends("c1", "sales", "join_empty", 0)]


def test_q15_callers_leave_a_queue_that_has_had_no_agent_for_a_while() -> None:
    gone = Step(
        after_ms=10_000,
        when="logged_on == 0 and waited_here > 15",
        end="leave_empty",
        every_ms=5_000,
    )
    plan = Plan(sales(gone))
    plan.staff(ann=AWAY)
    plan.enter()
    assert plan.wait(60_000) == []
    plan.tell(AskState("ann", OFF))
    assert plan.wait(5_000) == [Ends("c1", "sales", "leave_empty", 0)]


def test_q16_o02_the_queue_has_a_length() -> None:
    plan = Plan(sales(waiting_max=2))
    said = [plan.enter(f"c{number}")[-1] for number in range(3)]
    assert [type(d) for d in said] == [Waits, Waits, TurnedAway]
    by_agents = Plan(
        sales(Step(after_ms=0, when="calls_per_agent >= 2", overflow_to=("help",))), HELP
    )
    by_agents.staff(ann=AWAY)
    moved = [
        d for number in range(3) for d in by_agents.enter(f"c{number}") if isinstance(d, Overflows)
    ]
    assert [d.call_id for d in moved] == ["c2"]


def test_q17_the_wait_has_an_end_with_its_reason() -> None:
    plan = Plan(sales(Step(after_ms=120_000, end="timeout")))
    plan.enter()
    assert plan.wait(119_999) == []
    assert plan.wait(1) == [Ends("c1", "sales", "timeout", 0)]


@pytest.mark.parametrize("closing", [ClosingPolicy.NOW, ClosingPolicy.SERVE])
def test_q18_closing_time_reaches_new_calls_and_by_policy_those_that_wait(
    closing: ClosingPolicy,
) -> None:
    hours = (Span(8 * HOUR, 18 * HOUR),)
    office = Calendar(
        name="office",
        zone=Zone("UTC", (OffsetStep(0, 0),)),
        week=(hours,) * 5 + ((), ()),
        closing=closing,
    )
    shut = Step(after_ms=0, when='calendar.office != "open"', end="closed", every_ms=MINUTE)
    plan = Plan(sales(shut), calendars={"office": office}, at=_DAY_0 + 18 * HOUR - 10 * MINUTE)
    plan.enter("c1")
    assert plan.wait(9 * MINUTE) == []
    ended = [Ends("c1", "sales", "closed", 0)] if closing is ClosingPolicy.NOW else []
    assert plan.wait(2 * MINUTE) == ended
    assert plan.enter("c2") == [Ends("c2", "sales", "closed", 0)]


def test_q19_what_the_agent_hears_first_is_the_queues() -> None:
    """`tests/ctiserver/test_treatment.py` hears it, and shows what happens if he drops."""
    plan = Plan(sales(agent_announcement="sound:sales-call"))
    assert plan.acd.queues["sales"].config.agent_announcement == "sound:sales-call"


@pytest.mark.parametrize("reason", ["timeout", "no_agent", "closed", "join_empty", "my own"])
def test_q20_an_end_has_a_reason_of_the_plan(reason: str) -> None:
    plan = Plan(sales(Step(after_ms=0, end=reason)))
    assert plan.enter() == [Ends("c1", "sales", reason, 0)]


# O: overflow.


@pytest.mark.parametrize(
    ("where", "decision"),
    [
        ({"overflow_to": ("help",)}, Overflows("c1", "sales", "help", stays=False, step=0)),
        ({"divert_to": "number:+4930"}, Diverts("c1", "sales", "number:+4930", 0)),
        ({"divert_to": "routeing:menu"}, Diverts("c1", "sales", "routeing:menu", 0)),
        ({"skills": {"sales": 0, "help": 1}}, None),
    ],
)
def test_o01_after_its_time_a_call_goes_to_a_queue_a_number_a_flow_or_other_skills(
    where: dict[str, object], decision: AcdDecision | None
) -> None:
    plan = Plan(sales(Step(after_ms=30_000, **where)), HELP)  # type: ignore[arg-type] # as above
    plan.staff(cem=READY)
    plan.enter()
    assert plan.wait(29_999) == []
    said = plan.wait(1)
    assert (decision is None) or said[0] == decision
    offers = [d.agent_id for d in said if isinstance(d, Offer)]
    assert offers == ([] if isinstance(decision, Diverts) else ["cem"])


def test_o02_a_queue_that_is_too_long_sends_newcomers_elsewhere_at_entry() -> None:
    plan = Plan(sales(Step(after_ms=0, when="waiting >= 2", overflow_to=("help",))), HELP)
    queues = []
    for number in range(4):
        plan.enter(f"c{number}")
        queues.append(plan.acd.calls[f"c{number}"].queue.name)
    assert queues == ["sales", "sales", "help", "help"]


def test_o03_a_long_estimate_sends_a_call_elsewhere() -> None:
    plan = Plan(sales(Step(after_ms=0, when="estimated_wait > 900", overflow_to=("help",))), HELP)
    plan.staff(ann=READY)
    for number in range(12):
        plan.enter(f"c{number}")
    names = [call.queue.name for call in plan.acd.calls.values()]
    assert names[:3] == ["sales"] * 3
    assert names[-1] == "help"
    assert names == sorted(names, reverse=True)


def test_o04_a_ratio_of_calls_to_agents_sends_a_call_elsewhere() -> None:
    plan = Plan(sales(Step(after_ms=0, when="calls_per_agent >= 1.5", overflow_to=("help",))), HELP)
    plan.staff(ann=AWAY, bob=AWAY)
    for number in range(5):
        plan.enter(f"c{number}")
    assert [call.queue.name for call in plan.acd.calls.values()] == ["sales"] * 3 + ["help"] * 2


def test_o06_a_call_waits_in_two_queues_and_the_first_agent_wins() -> None:
    plan = Plan(sales(Step(after_ms=10_000, also="help")), HELP)
    plan.staff(cem=AWAY)
    plan.enter()
    assert plan.wait(10_000)[0] == Overflows("c1", "sales", "help", stays=True, step=0)
    said = plan.tell(AskState("cem", READY))
    [offer] = [d for d in said if isinstance(d, Offer)]
    assert (offer.agent_id, offer.queue) == ("cem", "help")
    plan.tell(Answered(offer.offer_id))
    assert [len(queue) for queue in plan.acd.queues.values()] == [0, 0]
    assert plan.acd.calls == {}


def test_o07_priority_and_skills_change_as_a_call_moves() -> None:
    step = Step(after_ms=5_000, overflow_to=("help",), priority_by=3)
    plan = Plan(sales(step), HELP)
    plan.enter("c0", queue="help")
    plan.enter("c1")
    plan.wait(5_000)
    first, second = plan.acd.calls["c0"], plan.acd.calls["c1"]
    assert second.priority == 3
    assert second.key < first.key


def test_o08_the_wait_clock_is_the_calls_and_each_queue_has_its_own() -> None:
    plan = Plan(
        sales(Step(after_ms=20_000, overflow_to=("help",))),
        QueueConfig(
            name="help",
            skills={"help": 1},
            steps=(Step(after_ms=0, when="waited >= 20 and waited_here == 0", priority=7),),
        ),
    )
    plan.enter()
    plan.wait(20_000)
    call = plan.acd.calls["c1"]
    assert (call.enqueued_at, call.entered_at, call.priority) == (0, 20_000, 7)


def test_o09_a_circle_of_overflows_ends_though_a_plan_with_one_is_refused_when_it_is_read() -> None:
    there = Step(after_ms=0, overflow_to=("help",))
    back = Step(after_ms=0, overflow_to=("sales",))
    plan = Plan(sales(there), QueueConfig(name="help", skills={"help": 1}, steps=(back,)))
    said = plan.enter()
    assert len([d for d in said if isinstance(d, Overflows)]) == HOPS_MAX
    assert isinstance(said[-1], Waits)
    plan.wait(60_000)
    assert plan.acd.calls["c1"].waits


def test_o13_a_call_that_overflows_is_one_contact_out_of_one_queue_and_into_the_other() -> None:
    acd = AcdConfig(
        queues=(
            QueueConfig(
                name="sales",
                skills={"nobody": 1},
                steps=(Step(after_ms=10_000, overflow_to=("help",)),),
            ),
            QueueConfig(name="help", skills={"sales": 1}),
        )
    )
    centre = Centre(centre_plan(acd=acd))
    centre.phone("station:1001", PhoneAct.ANSWERS, 1_000)
    centre.log_on("anna")
    centre.call(talk_ms=5_000)
    centre.wait(60_000)
    fold = ContactFold()
    for event in centre.log:
        fold.take(event.data, event.at)
    [contact] = fold.finished
    assert (contact.queue, contact.answered) == ("acd:sales", True)
    out, into = contact.visits
    assert (out.queue, out.reason, out.went_to) == ("acd:sales", ExitReason.TIMEOUT, "acd:help")
    assert (into.queue, into.reason, into.came_from) == (
        "acd:help",
        ExitReason.ANSWERED,
        "acd:sales",
    )

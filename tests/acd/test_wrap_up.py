"""Work after calls: how long it lasts, who may end it, and what comes after it (A04 to A06)."""

from __future__ import annotations

from typing import Any

import pytest

from acd.inputs import AskState, CallKind, ExtendWork, Leave, PhoneBusy
from acd.rules import AgentRules, WrapUpMode
from csta.errors import CtiError
from csta.states import AgentState, BusyPhase
from tests.acd.desk_stage import DeskStage
from tests.acd.stage import queue

LIMIT = 900_000
WORK = AgentState.WORKING_AFTER_CALL
MODES = WrapUpMode


def sales(mode: WrapUpMode, wrap_up_ms: int = 20_000, **more: Any) -> DeskStage:
    """Build a queue that gives this work after a call; Ann has answered one of its calls."""
    stage = DeskStage(queue(wrap_up=mode, wrap_up_ms=wrap_up_ms, **more))
    stage.talk()
    stage.wait(60_000)
    return stage


def works_for(stage: DeskStage) -> int:
    """Let the call end, and give how long Ann works after it."""
    stage.hang_up()
    began = stage.now
    while stage.agent().state is WORK:
        due = stage.acd.wake_at()
        assert due is not None, "work without end"
        stage.wait(due - stage.now)
    assert stage.agent().state is AgentState.READY
    return stage.now - began


@pytest.mark.parametrize(
    ("mode", "wrap_up_ms", "asked", "works_ms"),
    [
        (MODES.NONE, 0, False, 0),
        (MODES.OPTIONAL, 20_000, False, 0),
        (MODES.OPTIONAL, 20_000, True, 20_000),
        (MODES.OPTIONAL, 0, True, LIMIT),
        (MODES.MANDATORY, 0, False, LIMIT),
        (MODES.TIMED, 20_000, False, 20_000),
        (MODES.TIMED, 20_000, True, 20_000),
        (MODES.TIMED, 0, False, 0),
        (MODES.TIMED, 0, True, LIMIT),
        (MODES.FULL, 20_000, False, 20_000),
    ],
)
def test_a04_the_queue_says_whether_and_how_long_work_follows_a_call(
    mode: WrapUpMode,
    wrap_up_ms: int,
    asked: bool,  # noqa: FBT001 - a column of the table
    works_ms: int,
) -> None:
    stage = sales(mode, wrap_up_ms)
    if asked:
        stage.ask(WORK)
    assert works_for(stage) == works_ms


def test_a04_where_no_work_follows_none_can_be_asked_for_during_the_call() -> None:
    stage = sales(MODES.NONE)
    with pytest.raises(CtiError, match="followed by no work"):
        stage.ask(WORK)
    assert stage.agent().pending is None


@pytest.mark.parametrize(
    ("mode", "leaves_at"),
    [(MODES.OPTIONAL, 5), (MODES.MANDATORY, 5), (MODES.TIMED, 5), (MODES.FULL, 20)],
)
@pytest.mark.parametrize("wanted", [AgentState.READY, AgentState.NOT_READY, AgentState.NULL])
def test_a04_work_is_ended_by_the_agent_unless_it_is_full(
    mode: WrapUpMode, leaves_at: int, wanted: AgentState
) -> None:
    stage = sales(mode)
    if mode is MODES.OPTIONAL:
        stage.ask(WORK)
    stage.hang_up()
    stage.wait(5_000)
    stage.ask(wanted)
    assert stage.told[-1].pending_agent_state == (wanted if leaves_at > 5 else None)
    for second in range(5, 22):
        expected = wanted if second >= leaves_at else WORK
        assert stage.agent().state is expected, f"at second {second}"
        stage.wait(1_000)


def test_a04_a_supervisor_ends_full_work_by_force() -> None:
    stage = sales(MODES.FULL)
    stage.hang_up()
    stage.ask(AgentState.READY, force=True)
    assert stage.told[-1].cause == "forcedTransition"
    assert stage.agent().state is AgentState.READY


@pytest.mark.parametrize(
    ("on_hook_at", "then"), [(8, WORK), (19, WORK), (20, AgentState.READY), (25, AgentState.READY)]
)
def test_a04_nobody_escapes_from_full_work_by_a_call_of_his_own(
    on_hook_at: int, then: AgentState
) -> None:
    stage = sales(MODES.FULL)
    stage.hang_up()
    stage.wait(5_000)
    stage.dial()
    stage.wait((on_hook_at - 5) * 1_000)
    stage.hang_up()
    assert stage.agent().state is then
    stage.wait(max(0, 20 - on_hook_at) * 1_000)
    assert stage.agent().state is AgentState.READY


def test_a04_work_that_the_agent_has_ended_does_not_come_back_after_a_call_of_his_own() -> None:
    stage = sales(MODES.TIMED)
    stage.hang_up()
    stage.wait(5_000)
    stage.ready("ann")
    stage.dial()
    assert stage.hang_up() == ["ann Ready"]


def test_a06_work_is_prolonged_as_often_as_the_queue_allows() -> None:
    stage = sales(MODES.FULL, wrap_up_extension_ms=10_000, wrap_up_extensions_max=2)
    with pytest.raises(CtiError, match="no more time"):
        stage.tell(ExtendWork("ann"))
    stage.hang_up()
    stage.wait(19_999)
    assert stage.tell(ExtendWork("ann")) == ["ann WorkingAfterCall"]
    stage.tell(ExtendWork("ann"))
    with pytest.raises(CtiError, match="no more time"):
        stage.tell(ExtendWork("ann"))
    stage.wait(20_000)
    assert stage.agent().state is WORK
    stage.wait(1)
    assert stage.agent().state is AgentState.READY


def test_a06_a_queue_without_extensions_gives_none_and_the_next_call_begins_with_all() -> None:
    stage = sales(MODES.TIMED)
    stage.hang_up()
    with pytest.raises(CtiError, match="no more time"):
        stage.tell(ExtendWork("ann"))
    extended = sales(MODES.TIMED, wrap_up_extension_ms=10_000, wrap_up_extensions_max=1)
    for call_id in ("c2", "c3"):
        extended.hang_up()
        extended.tell(ExtendWork("ann"))
        extended.wait(30_000)
        extended.talk(call_id)


def test_c3_7_a_pause_asked_for_in_a_call_with_mandatory_work_comes_after_it_and_never_ready() -> (
    None
):
    stage = DeskStage(queue(wrap_up=MODES.FULL, wrap_up_ms=30_000))
    stage.enter("c1", "c2")
    stage.answer("c1")
    stage.states()
    stage.ask(AgentState.NOT_READY, "lunch")
    stage.hang_up()
    stage.wait(30_000)
    assert stage.states() == ["BUSY", "WORKING_AFTER_CALL", "NOT_READY(lunch)"]


def test_rg_26_a_pause_during_work_is_in_force_at_once_and_told_as_what_it_is() -> None:
    stage = sales(MODES.TIMED)
    stage.hang_up()
    stage.states()
    stage.ask(AgentState.NOT_READY, "lunch")
    assert stage.states() == ["NOT_READY(lunch)"]
    stage.wait(30_000)
    assert stage.states() == []
    assert stage.state("ann") == "NotReady lunch"


def test_rg_23_work_ends_though_nobody_sits_at_the_console_any_more() -> None:
    stage = sales(MODES.MANDATORY)
    stage.enter("c2")
    stage.hang_up()
    assert stage.wait(LIMIT)[-1] == "c2 -> ann"


def test_rg_20_a_call_that_comes_during_work_waits_and_is_offered_at_its_end() -> None:
    stage = sales(MODES.TIMED)
    stage.hang_up()
    stage.wait(7_000)
    assert stage.enter("c2") == ["c2 waits in sales 1/1 (noAvailableAgents)"]
    assert stage.wait(12_999) == []
    assert stage.wait(1) == ["ann Ready", "ann Busy offered", "c2 -> ann"]


def test_rg_21_ten_agents_end_calls_a_second_apart_and_each_works_for_his_own_time() -> None:
    names = tuple(f"a{number}" for number in range(10))
    stage = DeskStage(queue(wrap_up_ms=20_000), agents=names)
    for number, name in enumerate(names):
        stage.talk(f"c{number}", name)
    ends = {}
    for name in names:
        stage.hang_up(name)
        ends[name] = stage.now + 20_000
        stage.wait(1_000)
    for name in names:
        stage.wait(ends[name] - stage.now - 1)
        assert stage.agent(name).state is WORK
        stage.wait(1)
        assert stage.agent(name).state is AgentState.READY


def test_rg_30_work_lasts_as_long_for_an_agent_of_six_queues() -> None:
    names = [f"q{number}" for number in range(6)]
    stage = DeskStage(
        *(queue(name, skills={"sales": 1}, wrap_up_ms=30_000 + n) for n, name in enumerate(names))
    )
    for number, name in enumerate(names):
        stage.talk(f"c{number}", queue=name)
        for other in names:
            stage.enter(f"w{number}-{other}", queue=other)
        assert works_until_offered(stage) == 30_000 + number
        for call_id in list(stage.acd.calls):
            stage.tell(Leave(call_id))


def works_until_offered(stage: DeskStage) -> int:
    """Let the call end, and give how long it takes until the next is offered."""
    stage.hang_up()
    began, before = stage.now, len(stage.offers)
    while len(stage.offers) == before:
        assert stage.now - began < LIMIT, "no call is offered"
        stage.wait(1)
    return stage.now - began


RULES = AgentRules(
    wrap_up_after_outbound_ms=15_000,
    wrap_up_after_failed_outbound_ms=4_000,
    wrap_up_after_internal_ms=2_000,
)
_OUT, _IN = CallKind.OUTBOUND, CallKind.INTERNAL


@pytest.mark.parametrize(
    ("kind", "phases", "works_ms"),
    [
        (_OUT, (BusyPhase.DIALING, BusyPhase.TALKING), 15_000),
        (_OUT, (BusyPhase.DIALING, BusyPhase.TALKING, BusyPhase.HOLD), 15_000),
        (_OUT, (BusyPhase.DIALING,), 4_000),
        (_IN, (BusyPhase.OFFERED, BusyPhase.TALKING), 2_000),
        (_IN, (BusyPhase.OFFERED,), 0),
        (None, (BusyPhase.OFFERED, BusyPhase.TALKING), 0),
    ],
)
@pytest.mark.parametrize("rules", [RULES, AgentRules()], ids=["rules", "no rules"])
def test_a05_c3_8_work_follows_calls_that_are_no_queues_as_the_centre_says(
    kind: CallKind | None, phases: tuple[BusyPhase, ...], works_ms: int, rules: AgentRules
) -> None:
    stage = DeskStage(rules=rules)
    for phase in phases:
        stage.tell(PhoneBusy("ann", phase, "own", kind))
    stage.hang_up()
    expected = works_ms if rules is RULES else 0
    assert (stage.agent().state is WORK) == bool(expected)
    stage.wait(expected)
    assert stage.agent().state is AgentState.READY


def test_a05_a_consultation_during_a_queues_call_leaves_the_queues_work_as_it_is() -> None:
    stage = DeskStage(queue(wrap_up_ms=20_000), rules=RULES)
    stage.talk()
    stage.tell(PhoneBusy("ann", BusyPhase.CONSULT, "c1", _IN), PhoneBusy("ann", None))
    stage.wait(19_999)
    assert stage.agent().state is WORK
    stage.wait(1)
    assert stage.agent().state is AgentState.READY


def test_a05_a_call_of_his_own_that_ended_as_an_offer_came_adds_no_work_to_a_later_one() -> None:
    stage = DeskStage(rules=RULES)
    stage.enter("c1")
    stage.dial(kind=_OUT)
    stage.hang_up()
    stage.tell(Leave("c1"))
    stage.tell(PhoneBusy("ann", BusyPhase.TALKING, "own", _IN))
    stage.hang_up()
    stage.wait(2_000)
    assert stage.agent().state is AgentState.READY


def test_a05_who_was_not_ready_is_so_again_after_the_work_of_his_own_call() -> None:
    stage = DeskStage(rules=RULES)
    stage.tell(AskState("ann", AgentState.NOT_READY, "lunch"))
    stage.dial(kind=_OUT)
    stage.hang_up()
    stage.wait(4_000)
    assert stage.state("ann") == "NotReady lunch"

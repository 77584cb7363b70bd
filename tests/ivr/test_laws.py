"""What holds for any flow and any caller (reliability V1, V2; features I18)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from csta.customers import CustomerCard, Match
from ivr import (
    Begun,
    CallerGone,
    CheckStep,
    Collected,
    CollectStep,
    CustomerFound,
    DigitPressed,
    Ended,
    Flow,
    HangUpStep,
    KeyRule,
    MenuStep,
    Play,
    PlayEnded,
    PromptStep,
    QueueStep,
    Retry,
    Row,
    SetStep,
    Step,
    StopPlay,
    TransferStep,
    Visited,
    WalkInput,
)
from tests.ivr.caller import EXITS, Caller

SIZE = 6
FACTS = {"caller.number": "+441632960000", "queue.sales.waiting": 2}
TEXTS = (
    "sound:a",
    "tts:{v}",
    "tts:{n} of {queue.sales.waiting}",
    "digits:{caller.number}",
    "tts:{customer.tier}",
)
WHENS = (
    "true",
    "v == 1",
    "n > 5",
    "customer.known",
    'customer.tier == "gold"',
    "queue.sales.waiting > 1 and v == 2",
    "visits.n0 > 2",
    'p == "12"',
)

nodes = st.integers(0, SIZE - 1).map("n{}".format)
prompts = st.lists(st.sampled_from(TEXTS), max_size=2).map(tuple)
short = st.integers(500, 9_000)
retries = st.builds(Retry, go=nodes, limit=st.integers(1, 3), prompts=prompts)
rules = st.builds(
    lambda least, more, terminator, first, later: KeyRule(
        least=least,
        most=least + more,
        terminator=terminator,
        first_timeout_ms=first,
        digit_timeout_ms=later,
    ),
    st.integers(1, 3),
    st.integers(0, 3),
    st.sampled_from(["", "#", "*"]),
    short,
    short,
)


@st.composite
def collects(draw: st.DrawFn) -> CollectStep:
    """Make a step that collects `n`, or the secret `p`."""
    name = draw(st.sampled_from(["n", "p"]))
    return CollectStep(
        name=name,
        secret=name == "p",
        prompts=draw(prompts),
        keys=draw(rules),
        ok=draw(nodes),
        failed=draw(nodes),
        barge_in=draw(st.booleans()),
    )


steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(PromptStep, prompts=prompts, next=nodes, barge_in=st.booleans()),
    st.builds(
        MenuStep,
        prompts=prompts,
        choices=st.dictionaries(st.sampled_from("0123#"), nodes, min_size=1, max_size=3),
        no_input=retries,
        no_match=retries,
        timeout_ms=short,
        barge_in=st.booleans(),
    ),
    collects(),
    st.builds(
        CheckStep,
        rows=st.lists(st.builds(Row, st.sampled_from(WHENS), nodes), max_size=2).map(tuple),
        otherwise=nodes,
    ),
    st.builds(SetStep, next=nodes, variables=st.dictionaries(st.just("v"), st.integers(0, 3))),
    st.builds(QueueStep, queue=st.just("sales"), data=st.just({"n": "{n}", "v": "{v}"})),
    st.just(TransferStep(device="station:1")),
    st.builds(HangUpStep, prompts=prompts),
)
flows = st.builds(
    lambda made, max_steps, max_ms: Flow(
        name="any",
        start="n0",
        steps={f"n{count}": step for count, step in enumerate(made)},
        on_limit="rescue",
        max_steps=max_steps,
        max_ms=max_ms,
    ),
    st.lists(steps, min_size=SIZE, max_size=SIZE),
    st.integers(1, 40),
    st.integers(1_000, 60_000),
)
cards = st.builds(CustomerCard, st.just("1"), st.just("Ada"), st.sampled_from(["", "gold"]))
inputs: st.SearchStrategy[WalkInput] = st.one_of(
    st.builds(DigitPressed, st.sampled_from([*"0123*#", "", "x", "11"])),
    st.builds(PlayEnded, st.sampled_from(["w/1", "w/2", "w/9", "x", ""])),
    st.builds(CustomerFound, st.none() | cards, st.sampled_from(Match)),
    st.just(Begun()),
)
acts = st.lists(
    st.one_of(inputs, st.just("heard"), st.just("silence"), st.integers(0, 4_000)), max_size=60
)


def _perform(caller: Caller, act: WalkInput | str | int) -> None:
    if act == "heard":
        caller.take(PlayEnded(caller.playing or "none"))
    elif act == "silence":
        caller.now = max(caller.now, caller.walk.wake_at() or 0)
        caller.wake()
    elif isinstance(act, int):
        # The driver never lets a deadline pass unseen.
        wake_at = caller.walk.wake_at()
        caller.now = min(caller.now + act, caller.now + act if wake_at is None else wake_at)
        caller.wake()
    elif not isinstance(act, str):
        caller.take(act)


def _check(caller: Caller, flow: Flow, began_at: int) -> None:
    walk, decisions = caller.walk, caller.decisions
    path = tuple(d.node for d in decisions if isinstance(d, Visited))
    assert walk.path == path
    assert len(path) <= flow.max_steps
    ends = [d for d in decisions if isinstance(d, Ended)]
    exits = [d for d in decisions if isinstance(d, EXITS)]
    assert walk.done == bool(ends)
    assert len(ends) <= 1
    assert len(exits) <= 1
    if ends:
        assert decisions[-1] is ends[0]
        assert not exits or decisions[-2] is exits[0]
        assert walk.wake_at() is None
    else:
        assert not exits
        wake_at = walk.wake_at()
        assert wake_at is not None
        assert wake_at <= began_at + flow.max_ms


def _check_plays(caller: Caller) -> None:
    """Hold that plays are numbered in order, and that one is stopped only while it plays."""
    plays = [d.play_id for d in caller.decisions if isinstance(d, Play)]
    assert plays == [f"w/{count}" for count in range(1, len(plays) + 1)]
    latest = None
    for decision in caller.decisions:
        if isinstance(decision, Play):
            latest = decision.play_id
        elif isinstance(decision, StopPlay):
            assert decision.play_id == latest
            latest = None


@given(flows, acts)
@settings(max_examples=400)
def test_any_walk_keeps_its_promises_and_ends_within_its_limits(
    flow: Flow, script: list[WalkInput | str | int]
) -> None:
    caller = Caller(flow, FACTS)
    caller.take(Begun())
    began_at = caller.now
    for act in script:
        was_done = caller.walk.done
        _perform(caller, act)
        _check(caller, flow, began_at)
        assert was_done or caller.now <= began_at + flow.max_ms
    # From here on the caller says nothing and no prompt ever ends.
    for _ in range(flow.max_steps * 4 + 2):
        if not caller.walk.done:
            _perform(caller, "silence")
            _check(caller, flow, began_at)
            assert caller.now <= began_at + flow.max_ms
    assert caller.walk.done
    _check_plays(caller)
    assert caller.do("1 gone begin") == []


@given(flows, acts)
def test_a_caller_may_hang_up_at_any_moment(
    flow: Flow, script: list[WalkInput | str | int]
) -> None:
    caller = Caller(flow, FACTS)
    caller.take(Begun())
    for act in script:
        _perform(caller, act)
    done, path = caller.walk.done, caller.walk.path
    caller.take(CallerGone())
    assert caller.walk.done
    assert caller.walk.path == path
    assert done or caller.do("gone") == []
    assert sum(isinstance(d, Ended) for d in caller.decisions) == 1


@given(flows, acts)
def test_the_same_script_gives_the_same_decisions(
    flow: Flow, script: list[WalkInput | str | int]
) -> None:
    callers = [Caller(flow, FACTS), Caller(flow, FACTS)]
    for caller in callers:
        caller.take(Begun())
        for act in script:
            _perform(caller, act)
    assert callers[0].decisions == callers[1].decisions


@given(flows, acts)
def test_every_key_of_a_secret_is_known_to_be_one_when_it_is_pressed(
    flow: Flow, script: list[WalkInput | str | int]
) -> None:
    caller = Caller(flow, FACTS)
    caller.take(Begun())
    guarded = ""
    for act in script:
        if isinstance(act, DigitPressed) and caller.walk.takes_secret:
            guarded += act.digit
        seen = len(caller.decisions)
        _perform(caller, act)
        for decision in caller.decisions[seen:]:
            if isinstance(decision, Collected) and decision.secret:
                assert all(key in guarded for key in decision.value)
                guarded = ""
    assert "p" not in caller.walk.collected

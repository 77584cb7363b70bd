"""The link that lies: each lie does what it says, and the same seed tells the same lies."""

from __future__ import annotations

import numpy as np
import pytest

from csta.causes import Cause
from ctiserver.core.switch_link import (
    Answer,
    AnyObservation,
    Clear,
    DeviceBack,
    DeviceLost,
    Dial,
    Digit,
    LegGone,
    LegRinging,
    LegSeen,
    LegUp,
    LinkDown,
    LinkUp,
)
from switch_sim.faults import Fault, Faults, FaultyLink, Lie, LinkDrop, PhoneOutage
from tests.switch_sim.stage import START, A, B, Stage, caller

DIGITS = [Digit("a", digit=digit) for digit in "0123456789"]


def _faulty(
    *faults: Fault, drops: tuple[LinkDrop, ...] = (), seed: int = 5
) -> tuple[Stage, FaultyLink]:
    stage = Stage()
    link = FaultyLink(stage.pbx, stage.env, Faults(faults, drops), np.random.default_rng(seed))
    link.attach(stage.note)
    stage.dial("a", A)
    stage.wait(1_000)
    stage.told.clear()
    return stage, link


def _press(stage: Stage, every_ms: int = 10) -> list[tuple[int, AnyObservation]]:
    """Press ten keys, one each so many milliseconds, and give what is told, and when."""
    for digit in "0123456789":
        stage.pbx.press(A, digit)
        if every_ms:
            stage.env.run(until=stage.env.now + every_ms)
    stage.env.run()
    return stage.told


def test_a_link_without_faults_tells_the_truth_at_once() -> None:
    stage, link = _faulty()
    assert link.link_id == "sim1"
    stage.pbx.press(A, "0123456789")
    assert stage.take() == DIGITS
    link.execute(Clear("a"))
    assert stage.take() == [LegGone("a", far_end=False)]


def test_what_is_lost_is_never_told_and_other_kinds_are() -> None:
    stage, _ = _faulty(Fault(Lie.LOSE, 1.0, kinds=("LegGone", "LegUp")))
    stage.pbx.press(A, "0")
    stage.pbx.hang_up(A)
    stage.env.run()
    assert stage.take() == DIGITS[:1]


def test_a_share_is_lost() -> None:
    stage, _ = _faulty(Fault(Lie.LOSE, 0.5))
    told = [observation for _, observation in _press(stage)]
    assert 0 < len(told) < 10
    assert [digit for digit in DIGITS if digit in told] == told


def test_what_is_duplicated_comes_again_within_the_window() -> None:
    stage, _ = _faulty(Fault(Lie.DUPLICATE, 1.0, window_ms=35))
    told = _press(stage)
    for number, digit in enumerate(DIGITS):
        first, again = (at for at, observation in told if observation == digit)
        assert first == 1_000 + 10 * number
        assert 1 <= again - first <= 35
    assert [observation for _, observation in told][:10] != DIGITS


@pytest.mark.parametrize(("every_ms", "window_ms"), [(0, 35), (10, 35), (1, 1)])
@pytest.mark.parametrize("share", [0.4, 1.0])
def test_what_is_delayed_keeps_its_order_and_comes_within_the_window(
    share: float, every_ms: int, window_ms: int
) -> None:
    stage, _ = _faulty(Fault(Lie.DELAY, share, window_ms=window_ms))
    told = _press(stage, every_ms)
    assert [observation for _, observation in told] == DIGITS
    late = [at - 1_000 - every_ms * number for number, (at, _) in enumerate(told)]
    assert 0 < max(late) <= window_ms
    assert min(late) >= 0


def test_what_is_re_ordered_comes_within_the_window_and_is_overtaken() -> None:
    stage, _ = _faulty(Fault(Lie.REORDER, 0.5, window_ms=35))
    told = _press(stage)
    observations = [observation for _, observation in told]
    assert observations != DIGITS
    assert sorted(observations, key=repr) == DIGITS
    late = [at - 1_000 - 10 * DIGITS.index(digit) for at, digit in told if isinstance(digit, Digit)]
    assert 0 == min(late) < max(late) <= 35


ALL = tuple(Fault(lie, 0.3, window_ms=50) for lie in Lie)


def test_the_same_seed_tells_the_same_lies_and_another_one_others() -> None:
    one, same, other = (_press(_faulty(*ALL, seed=seed)[0]) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_while_the_link_is_down_nothing_is_told_and_commands_are_lost() -> None:
    stage, link = _faulty(drops=(LinkDrop(START + 5_000, START + 9_000),))
    link.execute(Dial("b", device=B))
    assert stage.take() == [LegSeen("b", device=B), LegRinging("b")]
    assert stage.wait(4_000) == [LegUp("b"), LinkDown()]
    stage.pbx.offer_call(caller())
    stage.pbx.hang_up(A)
    link.execute(Clear("b"))
    link.execute(Answer("sim1-1"))
    assert stage.wait(3_999) == []
    assert stage.wait(1) == [LinkUp(stage.pbx.snapshot(), lost=())]
    assert [(leg["leg"], leg["state"]) for leg in stage.pbx.snapshot()] == [
        ("b", "up"),
        ("sim1-1", "seen"),
    ]
    link.execute(Clear("b", cause=Cause.NORMAL))
    assert stage.take() == [LegGone("b", cause=Cause.NORMAL, far_end=False)]


def test_what_is_under_way_when_the_link_goes_down_is_lost_even_if_it_comes_up_soon() -> None:
    stage, link = _faulty(Fault(Lie.DELAY, 1.0, window_ms=1_000))
    stage.pbx.press(A, "0123456789")
    link.go_down()
    link.go_down()
    link.come_up()
    link.come_up()
    assert stage.wait(20_000) == [LinkDown(), LinkUp(stage.pbx.snapshot(), lost=())]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"share": 1.5}, "share 1.5 is not between 0 and 1"),
        ({"share": 0.5, "window_ms": 0}, "window_ms 0 is less than 1"),
        (
            {"share": 0.5, "kinds": ("LegAnswered",)},
            "'LegAnswered' is no observation: DestinationDetected, ",
        ),
    ],
)
def test_a_fault_that_could_never_happen_is_refused(fault: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Fault(Lie.LOSE, **fault)  # type: ignore[arg-type]  # the table holds any of its fields


def test_a_phone_that_is_lost_for_a_while_is_told_of_and_its_call_ends() -> None:
    stage = Stage()
    outages = (PhoneOutage(B, START + 5_000, START + 9_000), PhoneOutage(A, START + 5_000))
    link = FaultyLink(stage.pbx, stage.env, Faults(outages=outages), np.random.default_rng(1))
    link.attach(stage.note)
    link.execute(Dial("b", device=B))
    stage.take()
    assert stage.wait(5_000)[-3:] == [
        DeviceLost(B),
        LegGone("b", cause=Cause.DEST_OUT_OF_ORDER),
        DeviceLost(A),
    ]
    link.execute(Dial("b2", device=B))
    assert stage.take() == [LegGone("b2", cause=Cause.DEST_NOT_OBTAINABLE)]
    assert stage.wait(4_000) == [DeviceBack(B)]
    link.execute(Dial("b3", device=B))
    assert stage.take() == [LegSeen("b3", device=B), LegRinging("b3")]

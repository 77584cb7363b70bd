"""What callers are told of their wait: in which words, with which limits, and never more (Q22)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.estimates import (
    Announcement,
    Estimate,
    Estimator,
    Promise,
    PromiseConfig,
    Wording,
    read_promise,
)
from csta.documents import read_document
from csta.errors import ConfigError
from csta.instants import HOUR, MINUTE, SECOND


def of(quantile_ms: int, waited_ms: int = 0) -> Estimate:
    return Estimate(quantile_ms, quantile_ms // 2, 1.0, 0.8, waited_ms)


@pytest.mark.parametrize(
    ("wording", "told_ms"),
    [
        (Wording.PRECISE, 130_000),
        (Wording.ABOUT, 120_000),
        (Wording.AT_MOST, 180_000),
        (Wording.PADDED, 180_000),
    ],
)
def test_q04_a_wait_is_told_in_one_of_four_ways(wording: Wording, told_ms: int) -> None:
    promise = Promise(PromiseConfig(wording=wording, padding_share=0.2))
    assert promise.announce(of(130_400)) == Announcement(told_ms)


@pytest.mark.parametrize(
    ("quantile_ms", "told"),
    [
        (1, Announcement(MINUTE)),
        (60_000, Announcement(MINUTE)),
        (60_001, Announcement(2 * MINUTE)),
        (600_000, Announcement(10 * MINUTE)),
        (600_001, Announcement(10 * MINUTE, more_than=True)),
    ],
)
def test_q04_what_is_told_has_a_least_and_a_most(quantile_ms: int, told: Announcement) -> None:
    config = PromiseConfig(least_ms=MINUTE, most_ms=10 * MINUTE)
    assert Promise(config).announce(of(quantile_ms)) == told


def test_q04_what_is_told_at_most_is_never_less_than_the_estimate() -> None:
    for quantile_ms in range(1, 400_000, 7_001):
        told = Promise(PromiseConfig(round_ms=30_000)).announce(of(quantile_ms))
        assert told is not None
        assert told.wait_ms >= quantile_ms


def test_without_an_estimate_nothing_is_said_and_the_promise_stands() -> None:
    promise = Promise(PromiseConfig())
    promise.announce(of(5 * MINUTE))
    assert promise.announce(None) is None
    assert promise.last == Announcement(5 * MINUTE)


def test_q22_a_small_rise_is_not_told_and_a_great_one_is_told_with_its_cause() -> None:
    promise = Promise(PromiseConfig(tolerance_share=0.25))
    told = [promise.announce(of(minutes * MINUTE)) for minutes in (8, 6, 7, 9, 9, 4)]
    assert told == [
        Announcement(8 * MINUTE),
        Announcement(6 * MINUTE),
        Announcement(6 * MINUTE),
        Announcement(9 * MINUTE, volume_rose=True),
        Announcement(9 * MINUTE),
        Announcement(4 * MINUTE),
    ]


def test_q22_more_than_the_most_after_the_most_is_a_rise() -> None:
    promise = Promise(PromiseConfig(most_ms=10 * MINUTE))
    promise.announce(of(10 * MINUTE))
    assert promise.announce(of(11 * MINUTE)) == Announcement(
        10 * MINUTE, more_than=True, volume_rose=True
    )


configs = st.builds(
    PromiseConfig,
    wording=st.sampled_from(Wording),
    round_ms=st.sampled_from([SECOND, 30 * SECOND, MINUTE, 5 * MINUTE]),
    padding_share=st.floats(0, 1),
    least_ms=st.sampled_from([0, 10 * SECOND, MINUTE]),
    most_ms=st.sampled_from([2 * MINUTE, 10 * MINUTE, HOUR]),
    tolerance_share=st.floats(0, 1),
)


@given(configs, st.lists(st.none() | st.integers(1, 2 * HOUR), max_size=30))
def test_c3_14_what_a_caller_is_told_never_rises_without_the_cause(
    config: PromiseConfig, quantiles: list[int | None]
) -> None:
    """c.3-14 (AST-EWT), Q22: whatever the estimates are, in every wording."""
    promise = Promise(config)
    last: Announcement | None = None
    for quantile_ms in quantiles:
        told = promise.announce(None if quantile_ms is None else of(quantile_ms))
        if told is None:
            continue
        assert config.least_ms <= told.wait_ms <= config.most_ms
        rises = last is not None and (told.wait_ms, told.more_than) > (last.wait_ms, last.more_than)
        assert told.volume_rose == rises
        last = told


def test_c3_14_where_asterisk_tells_more_and_more_we_tell_less() -> None:
    """c.3-14: its `labs(hold + 30 - elapsed)` rises again once hold + 30 s have passed."""
    learned, promise = Estimator(), Promise(PromiseConfig(wording=Wording.PRECISE, least_ms=0))
    asterisk, ours = [], []
    for waited_s in range(0, 600, 30):
        asterisk.append(abs(120 + 30 - waited_s))
        told = promise.announce(learned.estimate(20 - waited_s // 30, 20, waited_s * SECOND))
        assert told is not None
        ours.append(told)
    assert asterisk[-1] > asterisk[0]
    assert [told.wait_ms for told in ours] == sorted((t.wait_ms for t in ours), reverse=True)
    assert not any(told.volume_rose for told in ours)


PROMISE = """
wording: padded
round: 30 s
padding: 10 %
least: 30 s
most: 20 min
tolerance: 50 %
"""


def test_q04_how_waits_are_told_is_read_from_a_plan() -> None:
    assert read_promise(read_document(PROMISE, "plan.yaml")) == PromiseConfig(
        wording=Wording.PADDED,
        round_ms=30_000,
        padding_share=0.1,
        least_ms=30_000,
        most_ms=20 * MINUTE,
        tolerance_share=0.5,
    )


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("wording: loud", "wording"),
        ("round: 0 s", "round"),
        ("least: 3 min\nmost: 2 min", "least"),
        ("tell: yes", "tell"),
    ],
)
def test_a_wrong_way_of_telling_is_refused_with_its_key(written: str, key: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_promise(read_document(written, "plan.yaml"))
    assert refused.value.key == key

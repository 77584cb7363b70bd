"""Collecting keys: complete, too few, silence, and the timers between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr import KEYS, Collector, KeyRule, Verdict

FOUR_TO_SIX = KeyRule(
    least=4, most=6, terminator="#", first_timeout_ms=5_000, digit_timeout_ms=3_000
)


def _press(collector: Collector, keys: str, now: int = 0) -> Verdict | None:
    verdict = None
    for key in keys:
        assert verdict is None, "no key is taken after the end"
        verdict = collector.press(key, now)
    return verdict


@pytest.mark.parametrize(
    ("keys", "verdict", "digits"),
    [
        ("1234", None, "1234"),
        ("1234#", Verdict.COMPLETE, "1234"),
        ("123456", Verdict.COMPLETE, "123456"),
        ("12#", Verdict.PARTIAL, "12"),
        ("#", Verdict.PARTIAL, ""),
        ("12*4#", Verdict.COMPLETE, "12*4"),
    ],
)
def test_keys_end_an_entry(keys: str, verdict: Verdict | None, digits: str) -> None:
    collector = Collector(FOUR_TO_SIX)
    collector.listen(0)
    assert _press(collector, keys) is verdict
    assert collector.digits == digits


@pytest.mark.parametrize(
    ("keys", "at", "verdict"),
    [
        ("", 5_000, Verdict.SILENCE),
        ("1", 3_000, Verdict.PARTIAL),
        ("123", 3_000, Verdict.PARTIAL),
        ("1234", 3_000, Verdict.COMPLETE),
    ],
)
def test_silence_ends_an_entry(keys: str, at: int, verdict: Verdict) -> None:
    collector = Collector(FOUR_TO_SIX)
    collector.listen(0)
    _press(collector, keys)
    assert collector.wake_at() == at
    assert collector.wake(at - 1) is None
    assert collector.wake(at) is verdict


def test_no_time_runs_while_the_prompt_plays() -> None:
    assert Collector(FOUR_TO_SIX).wake_at() is None


def test_the_first_key_starts_the_time_for_the_next_even_during_the_prompt() -> None:
    # RG-70: a menu waited for ever after too few digits.
    collector = Collector(FOUR_TO_SIX)
    collector.press("1", 700)
    assert collector.wake_at() == 3_700


def test_the_end_of_the_prompt_does_not_prolong_an_entry_that_has_begun() -> None:
    collector = Collector(FOUR_TO_SIX)
    collector.press("1", 0)
    collector.listen(2_000)
    assert collector.wake_at() == 3_000


def test_every_key_gives_time_for_the_next() -> None:
    collector = Collector(FOUR_TO_SIX)
    collector.press("1", 0)
    collector.press("2", 2_500)
    assert collector.wake_at() == 5_500


def test_without_a_terminator_every_key_counts() -> None:
    collector = Collector(KeyRule(least=1, most=3, terminator=""))
    assert _press(collector, "*#1") is Verdict.COMPLETE
    assert collector.digits == "*#1"


@given(
    st.integers(1, 6),
    st.integers(0, 6),
    st.sampled_from(["", "*", "#"]),
    st.text(alphabet=KEYS, max_size=14),
)
def test_a_complete_entry_has_the_right_length_and_every_other_is_too_short(
    least: int, more: int, terminator: str, keys: str
) -> None:
    collector = Collector(KeyRule(least=least, most=least + more, terminator=terminator))
    collector.listen(0)
    verdict = None
    for now, key in enumerate(keys):
        verdict = collector.press(key, now)
        if verdict is not None:
            break
    wake_at = collector.wake_at()
    assert wake_at is not None, "once it listens, an entry always has an end"
    verdict = verdict or collector.wake(wake_at)
    length = len(collector.digits)
    if verdict is Verdict.COMPLETE:
        assert least <= length <= least + more
    else:
        assert length < least
    assert not terminator or terminator not in collector.digits

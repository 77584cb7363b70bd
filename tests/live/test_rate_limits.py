"""How often somebody may ask, by the clock that is given (reliability §6.3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csta.errors import CtiError, ErrorValue
from csta.instants import MINUTE, SECOND
from ctiserver.live.rate_limits import BACK_OFF_MS_MAX, Buckets, LockOut, Rate, RateLimits, Rates
from tests.ctiserver.offices import ANNA_HERSELF, BEA_HERSELF, CRM, DIALER

START = 1_700_000_000_000


def _admitted(limits: RateLimits, service: str, count: int, now: int = START) -> int:
    """Ask so many times at once; gives how often it was granted."""
    granted = 0
    for _ in range(count):
        try:
            limits.admit(ANNA_HERSELF, service, now)
        except CtiError as error:
            if error.value is not ErrorValue.RATE_LIMITED:
                raise
        else:
            granted += 1
    return granted


def test_forty_at_once_then_twenty_in_each_second() -> None:
    limits = RateLimits()
    assert _admitted(limits, "HoldCall", 100) == 40
    assert _admitted(limits, "HoldCall", 100, START + SECOND) == 20
    assert _admitted(limits, "HoldCall", 100, START + MINUTE) == 40


def test_one_who_asks_too_often_hinders_nobody_else() -> None:
    limits = RateLimits()
    _admitted(limits, "HoldCall", 100)
    limits.admit(BEA_HERSELF, "HoldCall", START)


def test_all_of_one_tenant_together_have_a_limit() -> None:
    limits = RateLimits(Rates(tenant=Rate(10, 10)))
    assert _admitted(limits, "HoldCall", 100) == 10
    with pytest.raises(CtiError):
        limits.admit(BEA_HERSELF, "HoldCall", START)


@pytest.mark.parametrize("urgent", ["AnswerCall", "ClearConnection", "ClearCall", "AcceptCall"])
def test_hanging_up_and_answering_go_on_when_everything_else_is_refused(urgent: str) -> None:
    limits = RateLimits()
    _admitted(limits, "HoldCall", 100)
    assert _admitted(limits, "SetAgentState", 1) == 0
    assert _admitted(limits, urgent, 100) == 40


def test_reports_are_refused_first_and_new_calls_before_states() -> None:
    limits = RateLimits(Rates(originate=Rate(100, 100)))
    assert _admitted(limits, "SnapshotCall", 100) == 32
    assert _admitted(limits, "MakeCall", 100) == 4
    assert _admitted(limits, "SetAgentState", 100) == 4


def test_an_agent_dials_once_a_second_and_a_dialler_as_often_as_it_may() -> None:
    limits = RateLimits()
    assert _admitted(limits, "MakeCall", 10) == 3
    assert _admitted(limits, "MakeCall", 10, START + SECOND) == 1
    for _ in range(20):
        limits.admit(DIALER, "MakePredictiveCall", START)


def test_an_address_connects_ten_times_a_second() -> None:
    limits = RateLimits()
    for _ in range(20):
        limits.connect("10.0.0.1", START)
    with pytest.raises(CtiError) as refused:
        limits.connect("10.0.0.1", START)
    assert refused.value.value is ErrorValue.RATE_LIMITED
    limits.connect("10.0.0.2", START)
    limits.connect("10.0.0.1", START + 200)


def test_what_is_remembered_is_bounded() -> None:
    buckets: Buckets[int] = Buckets(Rate(1, 1), kept_max=10)
    lock_out = LockOut(kept_max=10)
    for key in range(1_000):
        buckets.take(key, START)
        lock_out.failed(str(key), START)
    assert (len(buckets), len(lock_out)) == (10, 10)
    assert buckets.wait_ms(999, START) > 0


@given(st.lists(st.integers(0, 5_000), max_size=200))
def test_never_more_than_the_burst_and_what_time_gives(pauses: list[int]) -> None:
    buckets: Buckets[str] = Buckets(Rate(5, 10))
    now, granted = START, 0
    for pause in pauses:
        now += pause
        if not buckets.wait_ms("a", now):
            buckets.take("a", now)
            granted += 1
    assert granted <= 10 + (now - START) * 5 / SECOND


@given(st.integers(0, 40))
def test_who_waits_as_long_as_he_is_told_is_admitted(taken: int) -> None:
    buckets: Buckets[str] = Buckets(Rate(7, 20))
    for _ in range(taken):
        buckets.take("a", START)
    wait = buckets.wait_ms("a", START)
    assert buckets.wait_ms("a", START + wait) == 0
    assert wait == 0 or buckets.wait_ms("a", START + wait - 2) > 0


def _lock(lock_out: LockOut, now: int, times: int = 5) -> None:
    for _ in range(times):
        lock_out.failed("agent anna", now)


def test_five_failures_in_a_minute_lock_out_for_a_minute_then_twice_as_long() -> None:
    lock_out, now = LockOut(), START
    _lock(lock_out, now, times=4)
    lock_out.check("agent anna", now)
    for length in (1, 2, 4, 8, 15, 15):
        _lock(lock_out, now)
        with pytest.raises(CtiError):
            lock_out.check("agent anna", now + length * MINUTE - 1)
        now += length * MINUTE
        lock_out.check("agent anna", now)
    lock_out.check("agent bea", now)


def test_failures_far_apart_lock_nobody_out() -> None:
    lock_out = LockOut()
    for number in range(20):
        lock_out.failed("agent anna", START + number * 20 * SECOND)
        lock_out.check("agent anna", START + number * 20 * SECOND)


def test_who_gets_in_begins_anew() -> None:
    lock_out = LockOut()
    _lock(lock_out, START, times=4)
    lock_out.succeeded("agent anna")
    _lock(lock_out, START, times=4)
    lock_out.check("agent anna", START)
    _lock(lock_out, START + BACK_OFF_MS_MAX)
    assert CRM.name == "key:crm"

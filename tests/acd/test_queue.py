"""The order of service is one total order (features c.3-13), and a queue keeps it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.config import AcdConfig, QueueConfig, ServiceOrder
from acd.inputs import Enter
from acd.queue import OrderKey, Queue, WaitingCall, order_key

CONFIGS = {order: AcdConfig(queues=(), order=order) for order in ServiceOrder}


def waiting_call(serial: int, priority: int, came_at: int, credit: int = 0) -> WaitingCall:
    """Make a call that waits in a queue."""
    asked = Enter(f"c{serial}", "q", priority, credit_ms=credit)
    return WaitingCall(asked, serial, Queue(QueueConfig(name="q", skills={})), came_at)


calls = st.builds(
    waiting_call,
    st.integers(0, 10**6),
    st.integers(-3, 3),
    st.integers(0, 5).map(lambda minutes: minutes * 60_000),
    st.sampled_from([0, 60_000]),
)
orders = st.sampled_from(ServiceOrder)


@given(orders, calls, calls)
def test_of_two_calls_exactly_one_comes_first(
    order: ServiceOrder, one: WaitingCall, other: WaitingCall
) -> None:
    """c.3-13: the order is antisymmetric and total, as it is transitive below."""
    first, second = order_key(CONFIGS[order], one), order_key(CONFIGS[order], other)
    if one.serial != other.serial:
        assert (first < second) is not (second < first)
    assert not first < first  # noqa: PLR0124 - that is the law


@given(orders, calls, calls, calls)
def test_who_comes_before_one_comes_before_all_behind_him(
    order: ServiceOrder, one: WaitingCall, two: WaitingCall, three: WaitingCall
) -> None:
    a, b, c = (order_key(CONFIGS[order], call) for call in (one, two, three))
    if a < b < c:
        assert a < c


@given(orders, calls, st.integers(1, 10**7))
def test_within_one_priority_who_came_first_is_served_first(
    order: ServiceOrder, call: WaitingCall, later: int
) -> None:
    behind = waiting_call(call.serial + 1, call.priority, call.enqueued_at + later, call.credit_ms)
    assert order_key(CONFIGS[order], call) < order_key(CONFIGS[order], behind)


@given(st.lists(st.tuples(st.integers(), st.integers(), st.integers()), unique=True))
def test_a_queue_knows_how_many_are_in_front(keys: list[OrderKey]) -> None:
    queue = Queue(QueueConfig(name="q", skills={}))
    for key in keys:
        queue.add(key)
    assert [queue.in_front(key) for key in sorted(keys)] == list(range(len(keys)))
    for gone, key in enumerate(keys, start=1):
        queue.remove(key)
        assert len(queue) == len(keys) - gone


def test_who_is_not_in_a_queue_cannot_leave_it() -> None:
    queue = Queue(QueueConfig(name="q", skills={}))
    queue.add((0, 0, 2))
    with pytest.raises(AssertionError, match="has no place"):
        queue.remove((0, 0, 1))


def test_the_order_of_thirteen_mixed_calls_is_the_documented_one() -> None:
    """c.3-1: mixed scores and joined times."""
    scores = [3, 0, 2, 2, 0, 1, 3, 0, 1, 2, 0, 3, 1]
    waiting = [
        waiting_call(serial, score, 1_000 * (13 - serial)) for serial, score in enumerate(scores)
    ]
    waiting.sort(key=lambda call: order_key(CONFIGS[ServiceOrder.STRICT], call))
    assert [call.serial for call in waiting] == [11, 6, 0, 9, 3, 2, 12, 8, 5, 10, 7, 4, 1]
    for before, after in pairwise(waiting):
        assert (-before.priority, before.enqueued_at) <= (-after.priority, after.enqueued_at)

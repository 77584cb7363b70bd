"""The rota is held although nobody is cut off: somebody rests while another works late."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scenarios.attendance import Attendance, Duty, Order

LOG_ON, READY, REST, LOG_OFF = Duty.LOG_ON, Duty.READY, Duty.REST, Duty.LOG_OFF


def told(orders: list[Order]) -> list[tuple[str, Duty]]:
    """Give orders in short."""
    return [(order.agent_id, order.duty) for order in orders]


def with_agents(*names: str) -> Attendance:
    """Start with these agents, ready."""
    attendance = Attendance()
    for name in names:
        attendance.begins(name)
    return attendance


def test_who_comes_works_and_who_is_free_goes_home() -> None:
    attendance = Attendance()
    assert told(attendance.begins("A")) == [("A", LOG_ON), ("A", READY)]
    attendance.takes_call("A")
    assert told(attendance.finishes("A")) == [("A", READY)]
    assert told(attendance.ends("A")) == [("A", LOG_OFF)]


def test_while_one_works_late_the_one_ready_last_rests() -> None:
    attendance = with_agents("A", "B", "C")
    attendance.takes_call("A")
    assert told(attendance.ends("A")) == [("C", REST)]
    assert told(attendance.finishes("A")) == [("A", LOG_OFF), ("C", READY)]


def test_where_nobody_is_free_the_next_to_finish_rests() -> None:
    attendance = with_agents("A", "B")
    attendance.takes_call("A")
    attendance.takes_call("B")
    assert told(attendance.ends("A")) == []
    assert told(attendance.finishes("B")) == [("B", REST)]
    assert told(attendance.finishes("A")) == [("A", LOG_OFF), ("B", READY)]


def test_who_comes_while_one_works_late_rests_first() -> None:
    attendance = with_agents("A")
    attendance.takes_call("A")
    attendance.ends("A")
    assert told(attendance.begins("B")) == [("B", LOG_ON), ("B", REST)]
    assert told(attendance.finishes("A")) == [("A", LOG_OFF), ("B", READY)]


def test_when_who_rests_goes_home_another_rests() -> None:
    attendance = with_agents("A", "B", "C")
    attendance.takes_call("A")
    attendance.ends("A")
    assert told(attendance.ends("C")) == [("C", LOG_OFF), ("B", REST)]


def test_who_is_late_when_the_next_presence_begins_goes_on() -> None:
    attendance = with_agents("A", "B")
    attendance.takes_call("A")
    assert told(attendance.ends("A")) == [("B", REST)]
    assert told(attendance.begins("A")) == [("B", READY)]
    assert told(attendance.finishes("A")) == [("A", READY)]


def test_who_rested_longest_works_first() -> None:
    attendance = with_agents("A", "B", "C", "D")
    for name in ("A", "B"):
        attendance.takes_call(name)
        attendance.ends(name)
    assert told(attendance.finishes("B")) == [("B", LOG_OFF), ("D", READY)]
    assert told(attendance.finishes("A")) == [("A", LOG_OFF), ("C", READY)]


@given(st.lists(st.tuples(st.sampled_from("ABCDE"), st.integers(0, 2)), max_size=80))
def test_no_more_agents_work_than_the_rota_has_or_are_late(steps: list[tuple[str, int]]) -> None:
    attendance = Attendance()
    present: set[str] = set()
    busy: set[str] = set()
    duty: dict[str, Duty] = {}
    for name, act in steps:
        orders: list[Order] = []
        if act == 0:
            orders = attendance.ends(name) if name in present else attendance.begins(name)
            present ^= {name}
        elif act == 1 and name in busy:
            busy.remove(name)
            orders = attendance.finishes(name)
        elif duty.get(name) is READY and name not in busy:
            busy.add(name)
            attendance.takes_call(name)
        for order in orders:
            assert order.agent_id not in busy
            duty[order.agent_id] = order.duty
        ready = {n for n, d in duty.items() if d is READY and n not in busy}
        assert ready <= present
        assert len(ready) == max(0, len(present) - len(busy))

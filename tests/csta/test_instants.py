"""The agenda against a plain dictionary that looks through everything each time."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from csta.instants import DAY, HOUR, MINUTE, SECOND, Agenda

_KEYS = st.sampled_from("abcdefgh")
_AT = st.integers(0, 20)


class AgendaAgainstDictionary(RuleBasedStateMachine):
    def __init__(self) -> None:
        """Start with nothing to wait for."""
        super().__init__()
        self.agenda: Agenda[str] = Agenda()
        self.entries: dict[str, tuple[int, int]] = {}
        self.serial = 0

    @rule(key=_KEYS, at=_AT)
    def set(self, key: str, at: int) -> None:
        self.agenda.set(key, at)
        self.serial += 1
        self.entries[key] = (at, self.serial)

    @rule(key=_KEYS, at=_AT, times=st.integers(1, 200))
    def set_again_and_again(self, key: str, at: int, times: int) -> None:
        for step in range(times):
            self.set(key, at + step % 3)

    @rule(key=_KEYS)
    def cancel(self, key: str) -> None:
        self.agenda.cancel(key)
        self.entries.pop(key, None)

    @rule(now=_AT)
    def take_what_is_due(self, now: int) -> None:
        due = sorted((entry, key) for key, entry in self.entries.items() if entry[0] <= now)
        assert list(self.agenda.due(now)) == [key for _, key in due]
        for _, key in due:
            del self.entries[key]

    @rule(now=_AT, key=_KEYS, at=_AT)
    def set_another_while_taking(self, now: int, key: str, at: int) -> None:
        for count, due in enumerate(self.agenda.due(now)):
            assert due == min(self.entries, key=lambda each: self.entries[each])
            del self.entries[due]
            if count == 0:
                self.set(key, at)
        assert all(entry[0] > now for entry in self.entries.values())

    @invariant()
    def both_agree(self) -> None:
        assert len(self.agenda) == len(self.entries)
        assert all((key in self.agenda) == (key in self.entries) for key in "abcdefgh")
        for key in "abcdefgh":
            entry = self.entries.get(key)
            assert self.agenda.at(key) == (entry[0] if entry else None)
        first = min(self.entries.values(), default=None)
        assert self.agenda.next_at() == (first[0] if first else None)

    @invariant()
    def the_heap_stays_small(self) -> None:
        assert len(self.agenda._heap) <= 64 + 2 * len(self.entries)  # noqa: SLF001 - the bound is a promise


TestAgenda = AgendaAgainstDictionary.TestCase
TestAgenda.settings = settings(max_examples=60, stateful_step_count=30)


@given(st.lists(_AT))
def test_deadlines_come_in_order_of_instant_and_then_of_entry(instants: list[int]) -> None:
    agenda: Agenda[int] = Agenda()
    for key, at in enumerate(instants):
        agenda.set(key, at)
    assert list(agenda.due(20)) == sorted(range(len(instants)), key=lambda key: instants[key])


def test_a_deadline_that_is_moved_counts_as_entered_anew() -> None:
    agenda: Agenda[str] = Agenda()
    for key in ("a", "b", "a"):
        agenda.set(key, 5)
    assert list(agenda.due(5)) == ["b", "a"]


def test_a_deadline_that_is_set_while_taking_is_taken_too_when_it_is_due() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.set("first", 1)
    taken = []
    for key in agenda.due(3):
        taken.append(key)
        if key == "first":
            agenda.set("later", 4)
            agenda.set("second", 3)
    assert taken == ["first", "second"]
    assert agenda.next_at() == 4


def test_nothing_is_due_before_its_instant() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.set("a", 5)
    assert list(agenda.due(4)) == []
    assert list(agenda.due(5)) == ["a"]
    assert agenda.next_at() is None


def test_keys_that_cannot_be_compared_may_share_an_instant() -> None:
    agenda: Agenda[object] = Agenda()
    keys = [object(), object(), ("a", 1), 7]
    for key in keys:
        agenda.set(key, 1)
    assert list(agenda.due(1)) == keys


def test_units_are_milliseconds() -> None:
    assert (SECOND, MINUTE, HOUR, DAY) == (1_000, 60_000, 3_600_000, 86_400_000)

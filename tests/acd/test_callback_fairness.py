"""A simulated day of callers who hold the line and callers who are called back (idea 9, c.3-6)."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from functools import partial
from random import Random

import pytest

from acd.decisions import CallbackAccepted, CallsBack, Offer
from acd.inputs import (
    Answered,
    CallbackAnswered,
    CallbackOver,
    PhoneBusy,
)
from acd.rules import CallbackRules
from csta.instants import HOUR, MINUTE, SECOND, Instant, Milliseconds
from tests.acd.callback_hall import Hall

AGENTS = 20
TALK_MS = 3 * MINUTE
DAY_MS = 8 * HOUR
ASKED_AFTER_MS = MINUTE
"""After so long every caller is asked if he wants to be called back."""


class BusyHall(Hall):
    """A hall where the share alone is checked: a day has many steps."""

    def check(self) -> None:
        """Hold how many agents have callbacks against the share."""
        queue = self.acd.queues["sales"]
        assert queue.config.callbacks is not None
        assert queue.callbacks_busy <= AGENTS * queue.config.callbacks.share


class Day:
    """Callers come all day, more of them at noon than twenty agents can serve."""

    def __init__(self, rules: CallbackRules, wanted: float, seed: int) -> None:
        """Let all agents be here from the morning on."""
        self.hall = BusyHall(AGENTS, rules)
        self.hall.come(*self.hall.names)
        self.random = Random(seed)  # noqa: S311 - a simulation
        self.wanted = wanted
        self.came_at: dict[str, Instant] = {}
        self.asked: set[str] = set()
        self.waits: dict[bool, list[Milliseconds]] = {True: [], False: []}
        """How long who was asked waited for an agent: called back, or on the line."""
        self._acts: list[tuple[Instant, int, Callable[[], object]]] = []
        self._serial = 0
        self._read = 0

    def live(self) -> None:
        """Let the day go by, and the evening until nobody waits."""
        at = 0
        while at < DAY_MS:
            self._at(at, self._call)
            busy = 1.15 if 3 * HOUR < at < 5 * HOUR else 0.8
            at += round(self.random.expovariate(AGENTS * busy / TALK_MS))
        while self._acts:
            at, _, act = heapq.heappop(self._acts)
            self.hall.wait(at - self.hall.now)
            act()
            self._follow()
        assert not self.hall.acd.calls

    def _at(self, at: Instant, act: Callable[[], object]) -> None:
        self._serial += 1
        heapq.heappush(self._acts, (at, self._serial, act))

    def _later(self, after_ms: Milliseconds, act: Callable[[], object]) -> None:
        self._at(self.hall.now + after_ms, act)

    def _call(self) -> None:
        name = f"c{len(self.came_at)}"
        self.came_at[name] = self.hall.now
        self.hall.enter(name)
        self._later(ASKED_AFTER_MS, partial(self._ask, name))

    def _ask(self, name: str) -> None:
        call = self.hall.acd.calls.get(name)
        if call is not None and call.waits:
            self.asked.add(name)
            if self.random.random() < self.wanted:
                self.hall.ask(name)

    def _follow(self) -> None:
        """Let agents answer, customers pick up, and talks end."""
        log = self.hall.log
        while self._read < len(log):
            decision = log[self._read]
            self._read += 1
            if isinstance(decision, Offer):
                self._is_offered(decision)
            elif isinstance(decision, CallsBack):
                self._later(8 * SECOND, partial(self._picks_up, decision))

    def _is_offered(self, offer: Offer) -> None:
        held = offer.callback_id is not None
        name = offer.call_id if not held else self._caller_of(offer.call_id)
        if name in self.asked:
            self.waits[held].append(self.hall.now - self.came_at[name])
        self._later(2 * SECOND, partial(self.hall.tell, Answered(offer.offer_id)))
        if not held:
            self._later(2 * SECOND + self._talk_ms(), partial(self._ends, offer.agent_id))

    def _caller_of(self, callback_id: str) -> str:
        [number] = [
            c.number for c in self.hall.acd.callbacks.listing() if c.callback_id == callback_id
        ]
        return number.removeprefix("+")

    def _picks_up(self, back: CallsBack) -> None:
        self.hall.tell(CallbackAnswered(back.callback_id, f"to-{back.callback_id}"))
        self._later(self._talk_ms(), partial(self._ends, back.agent_id or "", back.callback_id))

    def _ends(self, agent: str, callback_id: str | None = None) -> None:
        if callback_id is not None:
            self.hall.tell(CallbackOver(callback_id))
        self.hall.tell(PhoneBusy(agent, None))

    def _talk_ms(self) -> Milliseconds:
        return 1 + round(self.random.expovariate(1 / TALK_MS))


def jain(one: float, other: float) -> float:
    """Give Jain's fairness index of two figures: 1 is equal, 0.5 is all to one (Jain 1984)."""
    return (one + other) ** 2 / (2 * (one**2 + other**2))


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("share", "wanted"), [(0.3, 0.2), (0.5, 0.4)])
def test_who_is_called_back_waits_as_long_as_who_holds_the_line(
    share: float, wanted: float, seed: int
) -> None:
    """Idea 9: where the share is no less than what callers want, nobody is at a disadvantage."""
    day = Day(CallbackRules(share=share), wanted, seed)
    day.live()
    promised = sum(isinstance(d, CallbackAccepted) for d in day.hall.log)
    called, held = day.waits[True], day.waits[False]
    assert len(called) == promised > 50
    assert jain(sum(called) / len(called), sum(held) / len(held)) >= 0.95


def test_a_share_that_is_too_small_lets_callbacks_wait_and_protects_those_on_the_line() -> None:
    """The share is a limit: it is held, whoever pays for it."""
    day = Day(CallbackRules(share=0.1, expires_ms=10 * HOUR), 0.4, seed=1)
    day.live()
    called, held = day.waits[True], day.waits[False]
    assert sum(held) / len(held) < sum(called) / len(called)

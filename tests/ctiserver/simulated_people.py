"""People of the golden scenarios at a simulated switch: they call, press keys, hang up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from csta.ids import DeviceId, LegId
from switch_sim.callers import CallerPlan
from switch_sim.config import PhoneBehaviour
from switch_sim.switch import SimulatedPbx
from tests.ctiserver.centre import FOR_EVER


class At(Protocol):
    """Lets something happen at the switch now; in real time its pacer does."""

    def __call__(self, action: Callable[[], Any]) -> Any:  # noqa: ANN401 - what the act gives
        """Do it."""


def at_once(action: Callable[[], Any]) -> Any:  # noqa: ANN401 - what the act gives
    """Do it; in simulated time there is nothing to be in step with."""
    return action()


class SimulatedPeople:
    """Everybody at the phones of a simulated switch."""

    def __init__(self, pbx: SimulatedPbx, parties: dict[str, DeviceId], at: At = at_once) -> None:
        """Nobody does anything yet."""
        self._pbx = pbx
        self._parties = parties
        self._at = at
        self._legs: dict[str, LegId] = {}

    def let_phone(self, who: str, behaviour: PhoneBehaviour) -> None:
        """Let a phone behave so when it is called."""
        self._pbx.dial_plan.phones[self._parties[who]].behaviour = behaviour

    def do(self, who: str, does: str, keys: str) -> None:
        """Let a party do something; `keys` are what is pressed or dialled."""
        pbx, device = self._pbx, self._parties[who]
        name = self._legs.get(who, device)
        acts: dict[str, Callable[[], Any]] = {
            "calls": lambda: self._call(who, keys),
            "presses": lambda: pbx.press(name, keys),
            "hangs up": lambda: pbx.hang_up(name),
            "picks up": lambda: pbx.answer(device),
            "dials": lambda: pbx.dial_from(device, keys),
            "holds": lambda: pbx.hold(device),
            "takes back": lambda: pbx.retrieve(device),
            "transfers to": lambda: pbx.transfer(device, keys),
        }
        assert does in acts, f"nobody can do this: '{does}'"
        self._at(acts[does])

    def _call(self, who: str, dialled: str) -> None:
        number = self._parties[who].partition(":")[2]
        plan = CallerPlan(number=number, dialled=dialled, talk_ms=FOR_EVER)
        assert self._pbx.offer_call(plan)
        leg = self._pbx.ledger.entries[-1].leg
        assert leg is not None
        self._legs[who] = leg

"""The dial plan: what a device that is to be dialled stands for, and who is at its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from csta.call_services import DestinationCondition
from csta.causes import Cause
from csta.ids import DeviceId, category_of, device, local_part
from csta.instants import Instant
from switch_sim.callees import Callee, Machine, who_answers
from switch_sim.config import OutsideParty, PbxConfig, PhoneBehaviour, Route
from switch_sim.legs import Party
from switch_sim.phones import Phone, VoiceUnits
from switch_sim.trunks import TrunkGroup


class Reached(msgspec.Struct, frozen=True):
    """Who was reached. The voice unit or the trunk that this needs has been taken."""

    device: DeviceId
    party: Party
    dnis: str = ""
    trunk: TrunkGroup | None = None


class DialPlan:
    """All that can be dialled on one switch, and the trunks that lead into it and out of it."""

    def __init__(self, config: PbxConfig) -> None:
        """Build trunks, phones and voice units; all of them are idle."""
        self.trunks = {
            group.name: TrunkGroup(group.name, group.size) for group in config.trunk_groups
        }
        self.phones: dict[DeviceId, Phone] = {}
        for local in config.stations:
            station = device("station", local)
            self.phones[station] = Phone(station, PhoneBehaviour())
        self._voice_units = {
            device("group", units.name): VoiceUnits(units.name, units.size)
            for units in config.voice_units
        }
        self._trunks_in = {
            number.number: self.trunks[number.trunk_group] for number in config.dialled_numbers
        }
        self._calls_out = 0
        self._routes = config.routes
        self._outside = config.outside

    def trunks_in(self, dialled: str) -> TrunkGroup:
        """Give the trunk group on which calls to one of our numbers come in.

        Raises:
            ValueError: It is no number of ours.
        """
        try:
            return self._trunks_in[dialled]
        except KeyError:
            raise ValueError(f"'{dialled}' is no number of this switch") from None

    def reach(self, device_id: DeviceId, now: Instant) -> Reached | Cause:
        """Find who is dialled by a device id, and take what it needs; else tell why not."""
        if phone := self.phones.get(device_id):
            return phone.refusal() or Reached(device_id, phone)
        if units := self._voice_units.get(device_id):
            unit = units.hunt()
            return Reached(unit.device, unit) if unit else Cause.RESOURCES_NOT_AVAILABLE
        if category_of(device_id) == "number":
            return self._reach_outside(device_id, now)
        return Cause.DEST_NOT_OBTAINABLE

    def _reach_outside(self, device_id: DeviceId, now: Instant) -> Reached | Cause:
        number = local_part(device_id)
        outside = _longest_prefix(self._outside, number)
        self._calls_out += 1
        phone = _outside_phone(device_id, outside, self._calls_out)
        route = _longest_prefix(self._routes, number)
        if route is None:
            return Cause.NETWORK_NOT_OBTAINABLE
        if refusal := phone.refusal():
            return refusal
        for name in route.trunk_groups:
            if self.trunks[name].seize(now):
                return Reached(self.trunks[name].device, phone, number, self.trunks[name])
        return Cause.TRUNKS_BUSY


def _outside_phone(device_id: DeviceId, party: OutsideParty | None, count: int) -> Phone:
    if party is None:
        return Phone(device_id, PhoneBehaviour())
    answers_as = who_answers(device_id, party, count)
    if answers_as is not DestinationCondition.HUMAN_VOICE:
        return Machine(device_id, party.behaviour, answers_as)
    if party.talk_ms is None:
        return Phone(device_id, party.behaviour)
    return Callee(device_id, party.behaviour, party.talk_ms)


P = TypeVar("P", Route, OutsideParty)


def _longest_prefix(entries: Sequence[P], number: str) -> P | None:
    fitting = [entry for entry in entries if number.startswith(entry.prefix)]
    return max(fitting, key=lambda entry: len(entry.prefix), default=None)

"""What the simulated switch is made of: trunks, stations, voice units, and who can be dialled."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

import msgspec

from csta.instants import MINUTE, SECOND, Milliseconds


class PhoneAct(StrEnum):
    """What a phone does when it is called."""

    ANSWERS = "answers"
    NO_ANSWER = "noAnswer"
    REJECTS = "rejects"
    BUSY = "busy"
    UNPLUGGED = "unplugged"


class PhoneBehaviour(msgspec.Struct, frozen=True):
    """What a phone does when it is called, and how long after.

    For `NO_ANSWER` it is the network that gives up after so long; with 0 it rings until released.
    """

    act: PhoneAct = PhoneAct.ANSWERS
    after_ms: Milliseconds = 3 * SECOND


class TrunkGroupConfig(msgspec.Struct, frozen=True):
    """A group of `size` trunks to the public network: device `trunk:<name>`."""

    name: str
    size: int


class VoiceUnitsConfig(msgspec.Struct, frozen=True):
    """A group of `size` voice units, `voiceUnit:<name>-1` and on, dialled as `group:<name>`."""

    size: int
    name: str = "ivr"


class DialledNumber(msgspec.Struct, frozen=True):
    """A number of ours, and the trunk group on which calls to it come in."""

    number: str
    trunk_group: str


class Route(msgspec.Struct, frozen=True):
    """The trunk groups for numbers with this prefix: the next one is tried when one is full.

    Of several prefixes that fit, the longest counts.
    """

    trunk_groups: tuple[str, ...]
    prefix: str = ""


class OutsideParty(msgspec.Struct, frozen=True):
    """How those behave whose number has this prefix; of several that fit, the longest counts."""

    behaviour: PhoneBehaviour
    prefix: str = ""
    talk_ms: Milliseconds | None = None
    """How long they talk before they hang up; None: until the other one does."""
    machine_share: float = 0.0
    """How many of the calls that are answered an answering machine answers, 0 to 1."""
    fax_share: float = 0.0

    def __post_init__(self) -> None:
        """Refuse shares that are none.

        Raises:
            ValueError: one is less than nought, or they are more than one together.
        """
        if min(self.machine_share, self.fax_share) < 0 or self.machine_share + self.fax_share > 1:
            raise ValueError(
                f"machines {self.machine_share} and faxes {self.fax_share} are not shares of calls"
            )


class PbxConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One simulated switch. Numbers are written in E.164 (`+4930…`)."""

    link_id: str = "sim1"
    trunk_groups: tuple[TrunkGroupConfig, ...]
    dialled_numbers: tuple[DialledNumber, ...] = ()
    stations: tuple[str, ...] = ()
    """The local part of each: `1001` is the device `station:1001`."""
    voice_units: tuple[VoiceUnitsConfig, ...] = ()
    routes: tuple[Route, ...] = ()
    outside: tuple[OutsideParty, ...] = ()
    """Who is not named here answers after three seconds."""
    prompt_ms: Milliseconds = 2 * SECOND
    """How long a prompt lasts whose length is not known."""
    tts_character_ms: Milliseconds = 60
    tts_ms_min: Milliseconds = 500
    detection_ms: Milliseconds = 1_500
    """How long the switch listens until it has heard who or what has answered."""
    machine_ms: Milliseconds = 20 * SECOND
    """How long an answering machine, or a fax, stays on the line."""
    idle_ms_max: Milliseconds = 30 * MINUTE
    """How long a caller stays whom nobody queues or talks to."""
    ledger_max: int | None = None
    """How many calls the ledger keeps, the latest; None keeps all, 0 counts only."""

    def __post_init__(self) -> None:
        """Refuse names that lead nowhere.

        Raises:
            ValueError: A trunk group is named that does not exist, or a name stands twice.
        """
        groups = [group.name for group in self.trunk_groups]
        named = {number.trunk_group: f"number {number.number}" for number in self.dialled_numbers}
        for route in self.routes:
            named |= dict.fromkeys(route.trunk_groups, f"the route for '{route.prefix}'")
        for group, place in named.items():
            if group not in groups:
                raise ValueError(f"{place} names trunk group '{group}', which does not exist")
        for names in (
            groups,
            [units.name for units in self.voice_units],
            [number.number for number in self.dialled_numbers],
            list(self.stations),
        ):
            twice = [name for name, count in Counter(names).items() if count > 1]
            if twice:
                raise ValueError(f"'{twice[0]}' stands twice")

"""What a principal reads of an event or an answer: numbers, sensitive data and native ids (§7.8).

Without the scope `pii` the number of a party outside keeps its first three characters and its last
three digits, and what is marked as sensitive is left out. Without `cti:native` the switch's own ids
are left out. An event is written once more for each of these few variants, not for each reader.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, Protocol

import msgspec

from csta.event_types import EVENTS
from ctiserver.core.principals import Principal, Scope
from ctiserver.core.wire import Published

SENSITIVE: Final = (
    "birthDate",
    "cardNumber",
    "cvc",
    "cvv",
    "iban",
    "pan",
    "passportNumber",
    "password",
    "pin",
    "secret",
    "socialSecurityNumber",
    "ssn",
    "taxNumber",
)
"""Names of data that are sensitive wherever nothing else is configured; any spelling of them."""

_PII: Final = Scope.PII
_NATIVE: Final = Scope.NATIVE
"""Names for what each delivery asks for: to look up a member of an enum takes as long as a call."""

_ANONYMOUS: Final = "anonymous"
_HIDDEN: Final = "***"
_SHOWN: Final = 3
_WHOLE_MIN: Final = 9
_LAST_DIGITS_MIN: Final = 7
_KEPT_MAX: Final = 8_192
_MEMBERS_MAX: Final = 4_096
_DEPTH_MAX: Final = 16

_NUMBER_DEVICE = re.compile(rb"number:([A-Za-z0-9._+*#-]+)")
_DIALLED = re.compile(r"\+?[0-9*#]{7,}")
_INTERNATIONAL = re.compile(r"\+[0-9]{6,}")
_SPELLING = re.compile(r"[^a-z0-9]")

_encoder = msgspec.json.Encoder()


def mask_number(number: str) -> str:
    """Hide the middle of a number: `+4930123456` is `+49*****456`; a short one is all hidden."""
    if number == _ANONYMOUS:
        return number
    if number.startswith("+") and len(number) >= _WHOLE_MIN:
        return number[:_SHOWN] + "*" * (len(number) - 2 * _SHOWN) + number[-_SHOWN:]
    if len(number) >= _LAST_DIGITS_MIN:
        return "*" * (len(number) - _SHOWN) + number[-_SHOWN:]
    return "*" * len(number)


def mask_devices(written: bytes) -> bytes:
    """Hide the numbers in all device ids `number:…` of some JSON, in its sentences too."""
    return _NUMBER_DEVICE.sub(_hide_device, written) if b"number:" in written else written


def _hide_device(match: re.Match[bytes]) -> bytes:
    return _hidden_device(match[1])


@lru_cache(maxsize=4_096)
def _hidden_device(number: bytes) -> bytes:
    """Hide a number that stands in a device id: each stands in several, of several events."""
    return b"number:" + mask_number(number.decode("ascii")).encode("ascii")


def _hide_dialled(value: Any) -> Any:  # noqa: ANN401 - any member's value
    shown = isinstance(value, str) and _DIALLED.fullmatch(value)
    return mask_number(value) if shown else value


def _hide_digits(value: Any) -> Any:  # noqa: ANN401 - any member's value
    return "*" * len(value) if isinstance(value, str) else value


def _hide_text(value: Any) -> Any:  # noqa: ANN401 - any member's value
    return _HIDDEN if isinstance(value, str) else value


def _hide_customer(value: Any) -> Any:  # noqa: ANN401 - any member's value
    if not isinstance(value, dict):
        return value
    shown = {key: value[key] for key in _OF_CUSTOMER if key in value}
    return shown | {"name": _HIDDEN}


_OF_CUSTOMER = ("customerID", "tier", "language", "agentID", "since")

_HIDES: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "calledDirectoryNumber": _hide_dialled,
        "callerID": _hide_dialled,
        "charactersToSend": _hide_digits,
        "consultedDevice": _hide_dialled,
        "customer": _hide_customer,
        "dialingSequence": _hide_dialled,
        "diallingSequence": _hide_dialled,
        "digitGeneratedList": _hide_digits,
        "forwardDN": _hide_dialled,
        "newDestination": _hide_dialled,
        "number": _hide_dialled,
        "routeSelected": _hide_dialled,
        "transferredTo": _hide_dialled,
        "userData": _hide_text,
    }
)
"""Members, by their names on the wire, that hold a number or what is somebody's own."""

_OPEN = frozenset({"callQualifyingData", "collected", "correlatorData", "evidence", "params"})
"""Members in which anything may stand, under names that we do not choose."""


class Masking:
    """Hides in JSON values what is not for everybody; `sensitive` are names of data."""

    def __init__(self, sensitive: Iterable[str] = SENSITIVE) -> None:
        """Know the names; how they are spelt (`card_number`, `CardNumber`) does not matter."""
        self._sensitive = frozenset(_spelt(name) for name in sensitive)

    def is_sensitive(self, name: str) -> bool:
        """Tell whether data of this name are sensitive."""
        return _spelt(name) in self._sensitive

    def personal(self, value: Any, *, opened: bool = False, depth: int = 0) -> Any:  # noqa: ANN401 - JSON
        """Hide numbers and leave out sensitive data; `opened`: inside what may hold anything."""
        if depth > _DEPTH_MAX:
            return _HIDDEN
        if isinstance(value, dict):
            return {
                key: self._member(key, member, opened=opened, depth=depth)
                for key, member in value.items()
                if not (opened and self.is_sensitive(key))
            }
        if isinstance(value, list):
            return [self.personal(each, opened=opened, depth=depth + 1) for each in value]
        if opened and isinstance(value, str) and _INTERNATIONAL.fullmatch(value):
            return mask_number(value)
        return value

    def _member(self, key: str, value: Any, *, opened: bool, depth: int) -> Any:  # noqa: ANN401
        hide = _HIDES.get(key)
        if hide is not None:
            value = hide(value)
        return self.personal(value, opened=opened or key in _OPEN, depth=depth + 1)

    def member(self, key: str, value: Any) -> Any:  # noqa: ANN401 - JSON
        """Hide what is personal in one member of an event."""
        return self._member(key, value, opened=False, depth=0)

    def native(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        """Leave out the switch's own ids."""
        if isinstance(value, dict):
            return {key: self.native(member) for key, member in value.items() if key != "native"}
        return [self.native(each) for each in value] if isinstance(value, list) else value

    def answer(self, who: Principal, written: bytes) -> bytes:
        """Give the JSON of an answer, or of a state, as a principal may read it."""
        personal, native = not who.may(Scope.PII), b'"native"' in written
        native = native and not who.may(Scope.NATIVE)
        if not personal and not native:
            return written
        value = msgspec.json.decode(written)
        if native:
            value = self.native(value)
        if not personal:
            return _encoder.encode(value)
        return mask_devices(_encoder.encode(self.personal(value)))


def _spelt(name: str) -> str:
    return _SPELLING.sub("", name.lower())


WALKED = frozenset(_HIDES) | _OPEN
"""Members, by their names on the wire, that a look at device ids alone does not hide."""

_TO_WALK: Mapping[type, tuple[tuple[str, str], ...]] = {
    event: tuple(
        (field.name, field.encode_name)
        for field in msgspec.structs.fields(event)
        if field.encode_name in WALKED
    )
    for event in EVENTS
}
"""Which of them an event has itself, with their names on the wire: none stands deeper."""

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Written(Protocol):
    """An event of the log with its envelope."""

    @property
    def event(self) -> Published:
        """The event as the engine made it."""

    @property
    def envelope(self) -> bytes:
        """Its envelope with everything in it."""


class Envelopes:
    """Gives the envelope of an event as a principal may read it; each variant is written once."""

    def __init__(self, masking: Masking | None = None, kept_max: int = _KEPT_MAX) -> None:
        """Keep the variants of the latest events."""
        self._masking = masking or Masking()
        self._kept: OrderedDict[tuple[int, bool, bool], bytes] = OrderedDict()
        self._kept_max = kept_max
        self._shown = lru_cache(maxsize=_MEMBERS_MAX)(self._show)

    def for_(self, logged: Written, who: Principal) -> bytes:
        """Give the envelope of an event that the principal sees."""
        whole = logged.envelope
        personal = _PII not in who.scopes
        native = _NATIVE not in who.scopes and b'"native"' in whole
        if not personal and not native:
            return whole
        key = (logged.event.sequence, personal, native)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = self._write(logged.event, whole, personal, native)
            if len(self._kept) > self._kept_max:
                self._kept.popitem(last=False)
        return kept

    def _write(self, event: Published, whole: bytes, personal: bool, native: bool) -> bytes:  # noqa: FBT001 - of `for_`
        if native:
            envelope = msgspec.json.decode(whole)
            inside = self._masking.native(envelope["data"])
            if personal:
                inside = self._masking.personal(inside)
            whole = _encoder.encode(envelope | {"data": inside})
        elif hidden := self._hidden(event.data):
            members = _members.decode(whole)
            data = _members.decode(members["data"])
            data |= {key: written for key, written in hidden.items() if key in data}
            members["data"] = msgspec.Raw(_encoder.encode(data))
            whole = _encoder.encode(members)
        return mask_devices(whole) if personal else whole

    def _hidden(self, data: object) -> dict[str, msgspec.Raw]:
        """Write those members of an event anew in which there is something to hide."""
        hidden: dict[str, msgspec.Raw] = {}
        for name, key in _TO_WALK[type(data)]:
            member = getattr(data, name)
            if member is not None:
                shown = self._shown(key, _encoder.encode(member))
                if shown is not None:
                    hidden[key] = shown
        return hidden

    def _show(self, key: str, written: bytes) -> msgspec.Raw | None:
        """Write a member as it is shown; None: as it is. The events of a call repeat its data."""
        value = msgspec.json.decode(written)
        shown = self._masking.member(key, value)
        return None if shown == value else msgspec.Raw(_encoder.encode(shown))

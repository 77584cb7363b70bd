"""Identifiers: how they are written, minted and taken apart (cti-api §7.1)."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

import msgspec

from csta.instants import Instant

CallId: TypeAlias = str
CallbackId: TypeAlias = str
DeviceId: TypeAlias = str
AgentId: TypeAlias = str
LegId: TypeAlias = str
OfferId: TypeAlias = str
QueueName: TypeAlias = str

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = tuple(high + low for high in _CROCKFORD for low in _CROCKFORD)
_WHOLE_WORDS = {"id": "ID", "ids": "IDs"}

DEVICE_CATEGORIES = (
    "station",
    "acd",
    "group",
    "trunk",
    "routeing",
    "voiceUnit",
    "park",
    "conference",
    "number",
    "other",
)


def wire_name(name: str) -> str:
    """Give the ECMA-323 spelling of one of our field names: `call_id` is `callID` on the wire."""
    first, *rest = name.split("_")
    return first + "".join(_WHOLE_WORDS.get(word, word.capitalize()) for word in rest)


class ConnectionId(msgspec.Struct, frozen=True, rename=wire_name, order=True):
    """One device's part in one call (ECMA-269 §6.1.5): `{callID, deviceID}`."""

    call_id: CallId
    device_id: DeviceId


def device(category: str, local: str) -> DeviceId:
    """Write a device id: `device("station", "1001")` is `station:1001`."""
    return f"{category}:{local}"


def category_of(device_id: DeviceId) -> str:
    """Give the category of a device id: `station:1001` is a `station`."""
    return device_id.partition(":")[0]


def local_part(device_id: DeviceId) -> str:
    """Give what stands behind the category, without an appearance mark: `1001`."""
    return device_id.partition(":")[2].partition(";")[0]


def number_device(number: str) -> DeviceId:
    """Name an off-switch party: a number in E.164, or `anonymous` when the caller sent none."""
    return f"number:{number or 'anonymous'}"


def ulid(at: Instant, count: int) -> str:
    """Write 26 characters of Crockford base 32: 48 bits of time, 80 bits of counter.

    The ULID specification puts randomness in the lower 80 bits; a counter serves uniqueness as
    well inside one engine, and keeps a run reproducible.
    """
    time_part = _digits(at >> 20 & 0xFFFFFFF, 3) + _PAIRS[at >> 10 & 1023] + _PAIRS[at & 1023]
    return time_part + _digits(count >> 10, 7) + _PAIRS[count & 1023]


@lru_cache(maxsize=256)
def _digits(value: int, pairs: int) -> str:
    """Write so many pairs of digits; ids that follow one another share all but the last ones."""
    return "".join(_PAIRS[value >> 10 * place & 1023] for place in range(pairs - 1, -1, -1))


class Mint:
    """Hands out ids that are never used again; the counters are part of the engine's state."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        """Start all counters at nought."""
        self._counts: dict[str, int] = {}

    def next(self, prefix: str, at: Instant) -> str:
        """Mint `<prefix>-<ULID>`: `c` calls, `t` threads, `o` offers."""
        count = self._counts[prefix] = self._counts.get(prefix, 0) + 1
        return f"{prefix}-{ulid(at, count)}"

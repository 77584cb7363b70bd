"""How often somebody may ask: token buckets, and log-ins that failed (reliability §6.3).

`now` is an argument everywhere, and what is remembered is bounded. Under load the order of
admission is: hanging up and answering, then states and the rest, then new calls, then reports.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

import msgspec

from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.instants import MINUTE, SECOND, Instant, Milliseconds
from ctiserver.core.audit_records import QUERIES
from ctiserver.core.principals import Principal, Role

Key = TypeVar("Key", bound=Hashable)

KEPT_MAX: Final = 10_000
"""How many principals, or addresses, are remembered; the one not heard of for longest goes."""

URGENT: Final = frozenset({"AcceptCall", "AnswerCall", "ClearCall", "ClearConnection"})
"""What frees a line or a caller: admitted after everything else is refused already."""
ORIGINATES: Final = frozenset({"ConsultationCall", "MakeCall", "MakePredictiveCall"})
_PEOPLE: Final = (Role.AGENT, Role.SUPERVISOR)


class Rate(msgspec.Struct, frozen=True):
    """So many in each second on the average, and so many at once."""

    per_second: float
    burst: int


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """The rates of one server."""

    commands: Rate = Rate(20, 40)
    tenant: Rate = Rate(2_000, 4_000)
    originate: Rate = Rate(1, 3)
    connects: Rate = Rate(10, 20)
    tokens: Rate = Rate(5, 60)
    """Tokens that do not count, from one address."""


class Buckets(Generic[Key]):
    """A bucket for each key, full at first: a request takes one token, time puts them back."""

    def __init__(self, rate: Rate, kept_max: int = KEPT_MAX) -> None:
        """Give every key this rate."""
        self._rate = rate
        self._kept_max = kept_max
        self._levels: OrderedDict[Key, tuple[float, Instant]] = OrderedDict()

    def __len__(self) -> int:
        """Count the keys that are remembered."""
        return len(self._levels)

    def wait_ms(self, key: Key, now: Instant, floor: float = 0) -> Milliseconds:
        """Say how long until a token may be taken that leaves `floor` of them; 0: now."""
        missing = floor + 1 - self._level(key, now)
        return 0 if missing <= 0 else int(missing * SECOND / self._rate.per_second) + 1

    def take(self, key: Key, now: Instant) -> None:
        """Take a token, from a bucket that may be empty already."""
        level = self._level(key, now) - 1
        self._levels[key] = (level, now)
        self._levels.move_to_end(key)
        if len(self._levels) > self._kept_max:
            self._levels.popitem(last=False)

    def _level(self, key: Key, now: Instant) -> float:
        known = self._levels.get(key)
        if known is None:
            return self._rate.burst
        level, at = known
        return min(self._rate.burst, level + (now - at) * self._rate.per_second / SECOND)


class RateLimits:
    """All buckets of one server."""

    def __init__(self, rates: Rates | None = None) -> None:
        """Begin with full buckets."""
        self._rates = rates = rates or Rates()
        self._commands: Buckets[tuple[str, str]] = Buckets(rates.commands)
        self._tenants: Buckets[str] = Buckets(rates.tenant)
        self._originate: Buckets[tuple[str, str]] = Buckets(rates.originate)
        self._connects: Buckets[str] = Buckets(rates.connects)
        self._tokens: Buckets[str] = Buckets(rates.tokens)

    def admit(self, who: Principal, service: str, now: Instant) -> None:
        """Count a request; one that is refused does not count.

        Raises:
            CtiError: `rateLimited`.
        """
        key = (who.tenant, who.name)
        share = _floor_share(service)
        wait = max(
            self._commands.wait_ms(key, now, share * self._rates.commands.burst),
            self._tenants.wait_ms(who.tenant, now, share * self._rates.tenant.burst),
        )
        originates = service in ORIGINATES and who.role in _PEOPLE
        if originates:
            wait = max(wait, self._originate.wait_ms(key, now))
        if wait:
            raise limited(f"{who.name} asks too often; {service} again in {wait} ms")
        self._commands.take(key, now)
        self._tenants.take(who.tenant, now)
        if originates:
            self._originate.take(key, now)

    def connect(self, address: str, now: Instant) -> None:
        """Count a connection from an address.

        Raises:
            CtiError: `rateLimited`.
        """
        wait = self._connects.wait_ms(address, now)
        if wait:
            raise limited(f"there are too many connections from here; again in {wait} ms")
        self._connects.take(address, now)

    def check_tokens(self, address: str, now: Instant) -> None:
        """Refuse an address that has sent too many tokens that do not count.

        Raises:
            CtiError: `rateLimited`.
        """
        wait = self._tokens.wait_ms(address, now)
        if wait:
            raise limited(f"there were too many wrong tokens from here; again in {wait} ms")

    def wrong_token(self, address: str, now: Instant) -> None:
        """Count a token that does not count."""
        self._tokens.take(address, now)


def _floor_share(service: str) -> float:
    """Say which share of a bucket a service must leave for what is more urgent."""
    if service in URGENT:
        return -1.0
    if service in ORIGINATES:
        return 0.1
    return 0.2 if service in QUERIES else 0.0


LOG_INS_MAX: Final = 5
LOG_INS_MS: Milliseconds = MINUTE
BACK_OFF_MS: Milliseconds = MINUTE
BACK_OFF_MS_MAX: Milliseconds = 15 * MINUTE


class _Failures(msgspec.Struct):
    """Log-ins of one key that failed: in this minute, and how often it was locked out."""

    began_at: Instant
    count: int = 0
    locks: int = 0
    locked_until: Instant = 0


class LockOut:
    """Counts log-ins that failed: after five in a minute nobody gets in for a while.

    The while is a minute, and twice as long each time again, up to a quarter of an hour.
    """

    def __init__(self, kept_max: int = KEPT_MAX) -> None:
        """Nobody is locked out."""
        self._failures: OrderedDict[str, _Failures] = OrderedDict()
        self._kept_max = kept_max

    def __len__(self) -> int:
        """Count the keys that are remembered."""
        return len(self._failures)

    def check(self, key: str, now: Instant) -> None:
        """Refuse somebody who is locked out, without a look at the password.

        Raises:
            CtiError: `rateLimited`.
        """
        known = self._failures.get(key)
        if known is not None and now < known.locked_until:
            raise limited(f"too many log-ins failed; again in {known.locked_until - now} ms")

    def failed(self, key: str, now: Instant) -> None:
        """Count a log-in that failed."""
        known = self._failures.get(key)
        if known is None:
            known = self._failures[key] = _Failures(now)
        self._failures.move_to_end(key)
        if now - known.began_at >= LOG_INS_MS:
            known.began_at, known.count = now, 0
        if now - known.locked_until >= BACK_OFF_MS_MAX:
            known.locks = 0
        known.count += 1
        if known.count >= LOG_INS_MAX:
            known.locked_until = now + min(BACK_OFF_MS << known.locks, BACK_OFF_MS_MAX)
            known.began_at, known.count = now, 0
            known.locks = min(known.locks + 1, 8)
        if len(self._failures) > self._kept_max:
            self._failures.popitem(last=False)

    def succeeded(self, key: str) -> None:
        """Forget what failed before."""
        self._failures.pop(key, None)


def limited(detail: str) -> CtiError:
    """Make the refusal of who asks too often."""
    return CtiError(ErrorCategory.CTI, ErrorValue.RATE_LIMITED, detail)

"""A synthetic month of calls, made from published figures; it holds no record of a real caller.

`python -m scenarios.synthetic_month OUT` writes it again, byte for byte the same. It has the shape
of a month of the Technion's "Anonymous Bank" at half the size, in the tidy form, the faults of such
files included. The figures are those of Brown et al. (2005) and of studies of these records: calls
by hour, types and their services, the hazard of hanging up, priorities. Its dates lie in 2099, so
that nobody takes it for a record.
"""

from __future__ import annotations

import gzip
import math
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from statistics import NormalDist

import msgspec

from csta.instants import DAY, HOUR, MINUTE, SECOND, Instant, Milliseconds
from scenarios.days import day_at, midnight
from scenarios.plain_queue import Fate, play
from scenarios.replay_plan import PlannedAgent, PlannedCall, ReplayPlan
from scenarios.rota import Presence
from switch_sim.variates import Streams

SHIPPED = Path(__file__).parent / "library" / "synthetic_month.csv.gz"

_SEED = 1999
_FIRST_DAY = date(2099, 2, 1)  # a Sunday
_DAYS = 28
_SIZE = 0.45
_HEAD = (
    "# Synthetic: made from published figures by scenarios.synthetic_month, no real caller's call\n"
    "day,arrival,type,priority,customer,vru_s,queued,queue_s,outcome,service_s,agent"
)

_OPENS = 7
_PER_HOUR = (41, 96, 110, 126, 115, 95, 121, 116, 114, 117, 95, 84, 67, 59, 62, 54, 41)
_HOURS = {4: range(7, 14), 5: range(20, 24)}  # Friday and Saturday; other days 7 to 24
_BUSYNESS = {4: 0.7}  # Friday's hours are quieter
_SPREAD = 0.05  # of a day's and of an hour's busyness: coefficient of variation


class _Kind(msgspec.Struct, frozen=True):
    """A type of call: its share of all, its mean service, and how soon its callers give up."""

    name: str
    share: float
    service_s: float
    patience_s: float
    known: bool = True
    """Callers are customers with a number; prospects (NW) and call-backs (TT) are not."""


_KINDS = (
    _Kind("PS", 0.690, 185, 473),
    _Kind("NW", 0.180, 107, 215, known=False),
    _Kind("NE", 0.080, 275, 898),
    _Kind("TT", 0.035, 103, 370, known=False),
    _Kind("IN", 0.010, 267, 461),
    _Kind("PE", 0.005, 228, 370),
)
_VARIATION = 1.22  # of a service: coefficient of variation
_HASTY_SHARE = 0.05  # agents who hang up within 10 s

_HAZARDS = (
    *((5, 0.0010), (10, 0.0036), (20, 0.0030), (40, 0.0019), (50, 0.0022), (55, 0.0027)),
    *((60, 0.0038), (65, 0.0022), (100, 0.0019), (120, 0.0012), (math.inf, 0.0009)),
)
"""Until so many seconds of waiting, the chance to hang up in each of them (PS)."""

_PRIORITY_2_SHARE = 0.65
_CUSTOMERS = 9_000
_REPEAT_SHARE = 0.35

_WRAP_UP_MS = 15 * SECOND
_AGENTS = 18
_LACKS = {"NW": 4, "NE": 3, "IN": 2, "PE": 2}  # every so many agents, one does not take the type
_AGENT_S = 310  # of an agent's presence for each call: service, wrap-up, idling, breaks
_HALF_HOUR = 30 * MINUTE


def make_month() -> bytes:
    """Make the month: its text in the tidy form."""
    dice = _Dice(_SEED)
    callers = list(_callers(dice))
    agents = tuple(_agents(dice))
    plan = ReplayPlan(tuple(caller.call for caller in callers), agents, _WRAP_UP_MS)
    lines = [_line(dice, caller, fate) for caller, fate in zip(callers, play(plan), strict=True)]
    lines += [_line(dice, caller, None) for caller in callers if dice.happens("early", 0.05)]
    lines.sort(key=lambda line: line.split(",")[1])
    return "\n".join([_HEAD, *lines, ""]).encode()


class _Dice:
    """Draws by purpose, from uniform numbers only: those stay the same whatever numpy changes."""

    def __init__(self, seed: int) -> None:
        self._streams = Streams(seed)

    def share(self, purpose: str) -> float:
        """Give a number above 0 and no more than 1."""
        return 1 - float(self._streams.stream(purpose).random())

    def happens(self, purpose: str, chance: float) -> bool:
        return self.share(purpose) <= chance

    def below(self, purpose: str, limit: int) -> int:
        return math.ceil(self.share(purpose) * limit) - 1

    def gap(self, purpose: str, mean: float) -> float:
        return -mean * math.log(self.share(purpose))

    def lognormal(self, purpose: str, mean: float, variation: float) -> float:
        variance = math.log1p(variation**2)
        normal = NormalDist().inv_cdf(self.share(purpose) * (1 - 1e-12))
        return mean * math.exp(math.sqrt(variance) * normal - variance / 2)

    def kind(self) -> _Kind:
        left = self.share("types")
        for kind in _KINDS:
            left -= kind.share
            if left <= 0:
                return kind
        return _KINDS[0]


class _Caller(msgspec.Struct, frozen=True):
    """One caller, and the day he calls on."""

    day: Instant
    kind: _Kind
    call: PlannedCall


def _rate(day: Instant, hour: int) -> float:
    """Give the usual number of callers in an hour of a day."""
    weekday = day_at(day).weekday()
    if hour < _OPENS or hour not in _HOURS.get(weekday, range(24)):
        return 0.0
    return _SIZE * _PER_HOUR[hour - _OPENS] * _BUSYNESS.get(weekday, 1.0)


def _every_day() -> list[Instant]:
    return [midnight(_FIRST_DAY + timedelta(days=n)) for n in range(_DAYS)]


def _callers(dice: _Dice) -> Iterator[_Caller]:
    for day in _every_day():
        busy_day = dice.lognormal("busyness", 1, _SPREAD)
        seen: list[str] = []
        for hour in range(24):
            rate = _rate(day, hour) * busy_day * dice.lognormal("busyness", 1, _SPREAD)
            after_s = dice.gap("arrivals", 3600 / rate) if rate else math.inf
            while after_s < 3600:  # noqa: PLR2004 - the seconds of an hour
                yield _caller(dice, day, hour * HOUR + int(after_s) * SECOND, seen)
                after_s += dice.gap("arrivals", 3600 / rate)


def _caller(dice: _Dice, day: Instant, clock_ms: Milliseconds, seen: list[str]) -> _Caller:
    kind = dice.kind()
    customer = ""
    if kind.known:
        repeats = bool(seen) and dice.happens("customers", _REPEAT_SHARE)
        new = str(1 + dice.below("customers", _CUSTOMERS))
        customer = seen[dice.below("customers", len(seen))] if repeats else new
        seen.append(customer)
    priority = (2 if dice.happens("priority", _PRIORITY_2_SHARE) else 1) if kind.known else 0
    service_s = max(1, round(dice.lognormal("service", kind.service_s, _VARIATION)))
    if dice.happens("hasty agents", _HASTY_SHARE):
        service_s = 1 + dice.below("hasty agents", 9)
    vru_ms = (4 + round(dice.lognormal("vru", 7, 0.8))) * SECOND
    call = PlannedCall(
        arrived_at=day + clock_ms,
        vru_ms=vru_ms,
        queued_at=day + clock_ms + vru_ms,
        call_type=kind.name,
        priority=priority,
        credit_ms=90 * SECOND if priority == 2 else 0,  # noqa: PLR2004 - the credited priority
        patience_ms=_patience_s(dice.gap("patience", kind.patience_s / 473)) * SECOND,
        talk_ms=service_s * SECOND,
        customer_id=customer,
    )
    return _Caller(day, kind, call)


def _patience_s(hazard: float) -> int:
    """Give the second of waiting by which so much hazard has gathered, for a regular customer."""
    since_s = 0.0
    for until_s, per_second in _HAZARDS:
        gathered = (until_s - since_s) * per_second
        if hazard <= gathered:
            return round(since_s + hazard / per_second)
        hazard -= gathered
        since_s = until_s
    raise AssertionError("the last hazard has no end")


def _agents(dice: _Dice) -> Iterator[PlannedAgent]:
    """Staff each half hour for its usual load; agents come in turn, first in is first out."""
    names = [f"S{number:02}" for number in range(1, _AGENTS + 1)]
    presence: dict[str, list[Presence]] = {name: [] for name in names}
    for day in _every_day():
        turn = dice.below("rota", _AGENTS)
        since: dict[str, Instant] = {}
        for half in range(49):
            rate = _rate(day, half // 2) if half < 48 else 0.0  # noqa: PLR2004 - half hours
            wanted = int(rate * _AGENT_S / 3600 + 0.5)
            at, slack = day + half * _HALF_HOUR, dice.below("rota", 600) * SECOND
            while len(since) < wanted:
                turn += 1
                since.setdefault(names[turn % _AGENTS], at - slack)
            while len(since) > wanted:
                name = next(iter(since))
                presence[name] += _between_breaks(dice, since.pop(name), at + slack)
    for number, name in enumerate(names):
        types = (kind.name for kind in _KINDS if (number + 1) % _LACKS.get(kind.name, 99))
        yield PlannedAgent(name, tuple(types), tuple(presence[name]))


def _between_breaks(dice: _Dice, start_at: Instant, end_at: Instant) -> Iterator[Presence]:
    while start_at < end_at:
        break_at = start_at + 15 * MINUTE + round(dice.gap("breaks", 45 * 60)) * SECOND
        yield Presence(start_at, min(break_at, end_at))
        start_at = break_at + (360 + dice.below("breaks", 600)) * SECOND


def _line(dice: _Dice, caller: _Caller, fate: Fate | None) -> str:
    """Write a call down as such a bank's system did, faults included; without a fate he left early.

    A caller who is answered at once loses number and priority.
    """
    call = caller.call
    queued = fate is not None and (fate.wait_ms > 0 or not fate.answered)
    outcome = "AGENT" if fate and fate.answered else "HANG"
    agent = fate.agent_id if fate else ""
    service_s = call.talk_ms // SECOND if agent else 0
    vru_s = call.vru_ms // SECOND
    if queued and dice.happens("phantoms", 0.016):
        outcome, agent = "PHANTOM", ""
    elif queued and dice.happens("clocks", 0.002):
        vru_s = -30 - dice.below("clocks", 60)
    elif agent and dice.happens("names", 0.016):
        agent = ""
    elif agent and dice.happens("services", 0.006):
        service_s = 0
    elif queued and not agent and dice.happens("services", 0.018):
        service_s = 1 + dice.below("services", 20)
    arrived = call.queued_at - vru_s * SECOND if vru_s < 0 else call.arrived_at
    cells = (
        day_at(caller.day).isoformat(),
        f"{day_at(arrived).isoformat()}T{_clock(arrived)}",
        call.call_type,
        call.priority if queued else 0,
        (call.customer_id or 0) if queued else 0,
        vru_s,
        int(queued),
        fate.wait_ms // SECOND if fate else 0,
        outcome,
        service_s,
        agent,
    )
    return ",".join(map(str, cells))


def _clock(at: Instant) -> str:
    minutes, seconds = divmod(at % DAY // SECOND, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


def main(arguments: list[str]) -> int:
    """Write the month to the file named; gzip holds no time of writing."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m scenarios.synthetic_month OUT.csv.gz\n")
        return 2
    Path(arguments[0]).write_bytes(gzip.compress(make_month(), compresslevel=9, mtime=0))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

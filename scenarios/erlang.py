"""Erlang's formulas: what theory says of waiting, losing and staffing, to hold simulations against.

Rates, mean durations and waits may be in any unit of time, the same one in all arguments; so are
the results. Loads are in erlang, shares between 0 and 1. Erlang A is solved as the birth-death
chain of M/M/c+M (Palm 1957; Whitt 2005, "Engineering solution of a basic call-center model").
"""

from __future__ import annotations

import math
import operator
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate, count

import msgspec

_NEGLIGIBLE = 1e-18  # a state this much rarer than the commonest one changes no printed digit


def erlang_b(load: float, servers: int) -> float:
    """Give the share of calls that find all servers busy and are lost (M/M/c/c).

    Raises:
        ValueError: the load is not positive or there are less than no servers.
    """
    _require("the load", load)
    if servers < 0:
        raise ValueError(f"servers are counted from 0, not {servers}")
    blocking = 1.0
    for busy in range(1, servers + 1):
        blocking = load * blocking / (busy + load * blocking)
    return blocking


def erlang_c(load: float, servers: int) -> float:
    """Give the share of calls that must wait where nobody ever gives up (M/M/c); 1 in overload."""
    blocking = erlang_b(load, servers)
    if load >= servers:
        return 1.0
    return servers * blocking / (servers - load * (1 - blocking))


class ErlangC(msgspec.Struct, frozen=True):
    """The steady state of a queue whose callers never give up (M/M/c).

    In overload, when the load is not below the servers, everybody waits and the wait is infinite.
    """

    arrival_rate: float
    mean_service: float
    servers: int

    def __post_init__(self) -> None:
        """Refuse what describes no queue."""
        _require("the arrival rate", self.arrival_rate)
        _require("the mean service", self.mean_service)

    @property
    def load(self) -> float:
        """Give the offered load in erlang."""
        return self.arrival_rate * self.mean_service

    @property
    def wait_share(self) -> float:
        """Give the share of calls that wait."""
        return erlang_c(self.load, self.servers)

    @property
    def mean_wait(self) -> float:
        """Give the mean wait of all calls, those that do not wait included (ASA)."""
        if self.load >= self.servers:
            return math.inf
        return self.wait_share * self.mean_service / (self.servers - self.load)

    @property
    def occupancy(self) -> float:
        """Give the share of the servers' time that is spent in service."""
        return min(1.0, self.load / self.servers)

    def service_level(self, within: float) -> float:
        """Give the share of calls that are answered within that wait."""
        if self.load >= self.servers:
            return 0.0
        decay = (self.servers - self.load) * within / self.mean_service
        return 1 - self.wait_share * math.exp(-decay)


class ServiceLevels(msgspec.Struct, frozen=True):
    """The same T in four definitions; a service level means nothing without its own."""

    answered_of_offered: float
    """Answered within T / offered."""
    answered_or_abandoned_of_offered: float
    """(Answered within T + abandoned within T) / offered."""
    answered_of_offered_less_abandoned: float
    """Answered within T / (offered - abandoned within T)."""
    answered_of_answered: float
    """Answered within T / answered."""


class ErlangA:
    """The steady state of a queue whose callers give up (M/M/c+M), where all waits are exact.

    A call that finds all servers and `waiting_places` taken is blocked; with none given there is
    always room. Shares are of all offered calls; waits are of the calls that were not blocked.
    """

    def __init__(
        self,
        *,
        arrival_rate: float,
        mean_service: float,
        servers: int,
        mean_patience: float,
        waiting_places: int | None = None,
    ) -> None:
        """Describe the queue.

        Raises:
            ValueError: a rate or a mean is not positive and finite, or a number is negative.
        """
        _require("the arrival rate", arrival_rate)
        _require("the mean service", mean_service)
        _require("the mean patience", mean_patience)
        if servers < 1 or (waiting_places or 0) < 0:
            raise ValueError("there is at least one server, and no less than no waiting place")
        self.arrival_rate = arrival_rate
        self.mean_service = mean_service
        self.servers = servers
        self._service_rate = servers / mean_service
        self._hang_up_rate = 1 / mean_patience
        self._waiting_places = waiting_places

    @cached_property
    def _all_busy(self) -> list[float]:
        """Give the probabilities that all servers are busy and 0, 1, 2 … calls wait.

        Weights are kept as logarithms, that of nobody waiting being 0: no load overflows them. The
        states with a free server weigh together what Erlang B says.
        """
        weights = [0.0]
        commonest = 0.0
        while self._waiting_places is None or len(weights) <= self._waiting_places:
            leaving = self._service_rate + len(weights) * self._hang_up_rate
            weight = weights[-1] + math.log(self.arrival_rate / leaving)
            commonest = max(commonest, weight)
            falling = leaving > self.arrival_rate
            # What lies beyond is less than this weight by the geometric series of the fall.
            left_out = weight - math.log(1 - self.arrival_rate / leaving) if falling else math.inf
            if left_out < commonest + math.log(_NEGLIGIBLE):
                break
            weights.append(weight)
        blocking = erlang_b(self.arrival_rate * self.mean_service, self.servers)
        if not blocking:  # so far below any load that matters that nobody ever waits
            return [0.0]
        scale = max(commonest, -math.log(blocking))
        shares = [math.exp(weight - scale) for weight in weights]
        some_free = math.exp(-math.log(blocking) - scale) - shares[0]
        total = math.fsum([some_free, *shares])
        return [share / total for share in shares]

    @cached_property
    def _found(self) -> list[float]:
        """Give the probabilities that a call enters and waits behind 0, 1, 2 … calls."""
        full = self._waiting_places is not None and len(self._all_busy) > self._waiting_places
        return self._all_busy[:-1] if full else self._all_busy

    @property
    def blocked_share(self) -> float:
        """Give the share of calls that find no waiting place."""
        return self._all_busy[-1] if len(self._found) < len(self._all_busy) else 0.0

    @property
    def wait_share(self) -> float:
        """Give the share of calls that must wait."""
        return math.fsum(self._found)

    @property
    def mean_queue(self) -> float:
        """Give the mean number of calls that wait."""
        return math.fsum(n * share for n, share in enumerate(self._all_busy))

    @property
    def queue_variance(self) -> float:
        """Give the variance of the number of calls that wait."""
        squares = math.fsum(n * n * share for n, share in enumerate(self._all_busy))
        return squares - self.mean_queue**2

    @property
    def mean_calls(self) -> float:
        """Give the mean number of calls in the system, waiting or in service."""
        return self.mean_queue + self.servers * self.occupancy

    @property
    def abandoned_share(self) -> float:
        """Give the share of calls whose callers give up."""
        return self._hang_up_rate * self.mean_queue / self.arrival_rate

    @property
    def answered_share(self) -> float:
        """Give the share of calls that are answered."""
        return 1 - self.blocked_share - self.abandoned_share

    @property
    def occupancy(self) -> float:
        """Give the share of the servers' time that is spent in service."""
        return self.arrival_rate * self.answered_share / self._service_rate

    @property
    def mean_wait(self) -> float:
        """Give the mean wait of all calls that were not blocked, answered or not."""
        return self.mean_queue / self.arrival_rate / (1 - self.blocked_share)

    @property
    def mean_wait_of_answered(self) -> float:
        """Give the mean wait of the answered calls (ASA): E[W|S]."""
        return self._answered_wait / self.answered_share

    @property
    def mean_wait_of_abandoned(self) -> float:
        """Give the mean wait of the callers who gave up: E[W|A]; 0 where nobody does."""
        if not self.abandoned_share:
            return 0.0
        waited = self.mean_queue / self.arrival_rate - self._answered_wait
        return waited / self.abandoned_share

    @cached_property
    def _answered_wait(self) -> float:
        """Give E[W; answered], the wait of the answered calls spread over all offered ones.

        Behind k calls the offered wait V is a sum of exponentials with the rates c mu + j theta,
        j from 0 to k, so exp(-theta V) is Beta(c mu / theta, k + 1). Weighed by the chance
        exp(-theta V) to stay that long, each rate becomes one theta larger.
        """
        rates = (self._service_rate + (k + 1) * self._hang_up_rate for k in range(len(self._found)))
        waits = accumulate(1 / rate for rate in rates)
        return _weighed(self._answered_behind, waits)

    @cached_property
    def _answered_behind(self) -> list[float]:
        """Give the probabilities that a call waits behind 0, 1, 2 … calls and is answered."""
        return [
            share * self._service_rate / (self._service_rate + (k + 1) * self._hang_up_rate)
            for k, share in enumerate(self._found)
        ]

    def _longer(self, within: float, first_rate: float) -> Iterator[float]:
        """Give the chances that the offered wait behind 0, 1, 2 … calls is longer than `within`.

        The sum of exponentials with rates r + j theta exceeds t when a negative binomial variable
        does not exceed k; its terms are kept as logarithms, for the first may underflow.
        """
        step = -math.expm1(-self._hang_up_rate * within) / self._hang_up_rate
        term = -first_rate * within
        longer = math.exp(term)
        for k in count(1):
            yield min(1.0, longer)
            if step == 0:
                continue
            term += math.log(step * (first_rate + (k - 1) * self._hang_up_rate) / k)
            longer += math.exp(term)

    def answered_within(self, within: float) -> float:
        """Give the share of all offered calls that are answered within that wait."""
        at_once = 1 - self.blocked_share - self.wait_share
        later = self._longer(within, self._service_rate + self._hang_up_rate)
        return at_once + _weighed(self._answered_behind, (1 - longer for longer in later))

    def answered_within_of_answered(self, within: float) -> float:
        """Give the share of the answered calls that are answered within that wait: P(W<=t|S)."""
        return self.answered_within(within) / self.answered_share

    def service_levels(self, within: float) -> ServiceLevels:
        """Give the service level within that wait, in its four definitions."""
        answered = self.answered_within(within)
        offered_longer = _weighed(self._found, self._longer(within, self._service_rate))
        still_there = offered_longer * math.exp(-self._hang_up_rate * within)
        gone = max(0.0, 1 - self.blocked_share - answered - still_there)
        return ServiceLevels(
            answered_of_offered=answered,
            answered_or_abandoned_of_offered=answered + gone,
            answered_of_offered_less_abandoned=answered / (1 - gone),
            answered_of_answered=answered / self.answered_share,
        )


def lines_for_blocking(load: float, blocking_max: float) -> int:
    """Give the fewest lines that block no more than that share of the calls (Erlang B).

    Raises:
        ValueError: the load is not positive, or the share does not lie between 0 and 1.
    """
    _require("the load", load)
    _require_share("the blocking", blocking_max)
    lines, blocking = 0, 1.0
    while blocking > blocking_max:
        lines += 1
        blocking = load * blocking / (lines + load * blocking)
    return lines


def agents_for_service_level(
    *,
    arrival_rate: float,
    mean_service: float,
    within: float,
    level_min: float,
    mean_patience: float | None = None,
) -> int:
    """Give the fewest agents that answer at least that share of the offered calls within that wait.

    Without a patience nobody gives up (Erlang C), otherwise callers do (Erlang A).

    Raises:
        ValueError: a rate or a mean is not positive, or the level does not lie between 0 and 1.
    """
    _require_share("the service level", level_min)

    def enough(agents: int) -> bool:
        if mean_patience is None:
            return ErlangC(arrival_rate, mean_service, agents).service_level(within) >= level_min
        queue = ErlangA(
            arrival_rate=arrival_rate,
            mean_service=mean_service,
            servers=agents,
            mean_patience=mean_patience,
        )
        return queue.answered_within(within) >= level_min

    too_few, agents = 0, 1
    while not enough(agents):
        too_few, agents = agents, agents * 2
    return bisect_left(range(agents), x=True, lo=too_few + 1, key=enough)


def _weighed(weights: list[float], values: Iterator[float]) -> float:
    """Add up the values, each times its weight; there may be more values than weights."""
    return math.fsum(map(operator.mul, weights, values))


def _require(what: str, value: float) -> None:
    if not 0 < value < math.inf:
        raise ValueError(f"{what} is positive and finite, not {value}")


def _require_share(what: str, value: float) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{what} lies between 0 and 1, not {value}")

"""How long a waiting caller will still wait: a quantile, what he is told, how good it was.

The formula is features §e.5: `n` calls in front are served by `c` agents at the rate `c * mu`, and
each of them gives up at the rate `theta`, so that the wait is a sum of `n + 1` exponential times.
A gamma distribution with the same mean and variance stands for it. `mu` and `theta` are learned
from finished calls; what the formula does not know (priorities, breaks, agents with two queues) is
corrected by quantile tracking (Gibbs & Candès, Adaptive conformal inference, 2021): each answered
wait that was longer than its estimate raises the correction by `q` steps, each other one lowers it
by `1 - q`. Whatever the waits are, the share that was covered then tends to `q`.
"""

from __future__ import annotations

import math
from enum import StrEnum

import msgspec

from csta.documents import Section
from csta.instants import HOUR, MINUTE, SECOND, Milliseconds

ESTIMATE_SHARE = 0.8
"""The share of callers who are answered within their estimate, unless a queue says otherwise."""

_KEPT = 1 - 1 / 500
"""What a finished call leaves of the weight of those before it: about 500 calls are remembered."""
_COUNT_MIN = 1e-6
_STEP = 0.05
_CORRECTION_MAX = math.log(10)
"""Of the logarithm of the correction, either way."""
_TERMS = 4
_BISECTIONS = 60


class Estimate(msgspec.Struct, frozen=True, gc=False):
    """What is thought of a caller's remaining wait, a gamma distribution, at one instant.

    `quantile_ms` covers the `share` of such waits; `waited_ms` is what the caller had waited.
    """

    quantile_ms: Milliseconds
    mean_ms: Milliseconds
    shape: float
    share: float
    waited_ms: Milliseconds = 0


class _Pace:
    """Finished things and the time they took, older ones with less weight."""

    __slots__ = ("count", "total_ms")

    def __init__(self, count: float, each_ms: Milliseconds) -> None:
        self.count = count
        self.total_ms = count * each_ms

    def add(self, count: int, took_ms: Milliseconds) -> None:
        # Neither ever comes to nought, so that a pace can always be told and divided by.
        self.count = max(_COUNT_MIN, self.count * _KEPT + count)
        self.total_ms = self.total_ms * _KEPT + max(1, took_ms)

    @property
    def per_ms(self) -> float:
        return self.count / self.total_ms


class Estimator:
    """Learns from one queue's calls, and estimates for those who wait in it; O(1) for each call."""

    def __init__(
        self,
        share: float = ESTIMATE_SHARE,
        *,
        handle_ms: Milliseconds = 3 * MINUTE,
        patience_ms: Milliseconds = 10 * MINUTE,
    ) -> None:
        """Start with a guess of the mean handling time and the mean patience, of little weight."""
        assert 0 < share < 1, f"an estimate covers a share of the waits, not {share}"
        self.share = share
        self._z = normal_quantile(share)
        self._handled = _Pace(20, handle_ms)
        self._given_up = _Pace(2, patience_ms)
        # Callers who have waited are not like those who come: each kind has its own correction.
        self._corrections = [0.0, 0.0]

    def estimate(
        self, calls_in_front: int, agents: float, waited_ms: Milliseconds = 0
    ) -> Estimate | None:
        """Estimate the remaining wait of a caller; None where nobody serves: nobody can know.

        Args:
            calls_in_front: who is served before him, in the service order.
            agents: who serves this queue now: ready, busy or wrapping up. An agent who serves
                other queues too counts as the share of his time that this one gets.
            waited_ms: how long he has waited in this queue.
        """
        if agents <= 0:
            return None
        mean, variance = _sum_of_waits(
            calls_in_front, agents * self._handled.per_ms, self._given_up.per_ms
        )
        shape = mean * mean / variance
        mean *= math.exp(self._corrections[waited_ms > 0])
        quantile_ms = max(1, round(mean * _gamma_quantile(shape, self._z)))
        return Estimate(quantile_ms, max(1, round(mean)), shape, self.share, waited_ms)

    def correction(self, *, again: bool = False) -> float:
        """Give the factor on the formula's wait, for who comes or for who is estimated `again`."""
        return math.exp(self._corrections[again])

    def handled(self, handle_ms: Milliseconds) -> None:
        """Learn how long an agent had a call, from ringing to the end of his wrap-up."""
        self._handled.add(1, handle_ms)

    def answered(self, waited_ms: Milliseconds, *given: Estimate) -> None:
        """Learn from a wait in this queue that ended with an agent, and its estimates."""
        self._given_up.add(0, waited_ms)
        for estimate in given:
            missed = waited_ms - estimate.waited_ms > estimate.quantile_ms
            self._correct(estimate, _STEP * (missed - (1 - self.share)))

    def abandoned(self, waited_ms: Milliseconds) -> None:
        """Learn from a caller who gave up. When he would have been answered nobody knows."""
        self._given_up.add(1, waited_ms)

    def _correct(self, estimate: Estimate, by: float) -> None:
        again = estimate.waited_ms > 0
        corrected = self._corrections[again] + by
        self._corrections[again] = min(_CORRECTION_MAX, max(-_CORRECTION_MAX, corrected))


def _sum_of_waits(calls_in_front: int, served: float, gives_up: float) -> tuple[float, float]:
    """Give mean and variance of the time in which all in front go and the caller's turn comes.

    That is the sums over k = 0..n of `1 / r` and `1 / r²` with `r = served + k * gives_up`: the
    first terms one by one, the rest by the Euler-Maclaurin formula, so that a long queue costs no
    more than a short one.
    """
    mean = variance = 0.0
    for k in range(min(calls_in_front + 1, _TERMS)):
        wait = 1 / (served + k * gives_up)
        mean += wait
        variance += wait * wait
    if calls_in_front >= _TERMS:
        first, last = served + _TERMS * gives_up, served + calls_in_front * gives_up
        count = calls_in_front - _TERMS
        a, z = 1 / first, 1 / last
        mean += math.log1p(count * gives_up / first) / gives_up
        mean += (a + z) / 2 + gives_up * (a**2 - z**2) / 12
        variance += count * a * z + (a**2 + z**2) / 2 + gives_up * (a**3 - z**3) / 6
    return mean, variance


def _gamma_quantile(shape: float, z: float) -> float:
    """Give a quantile of a gamma distribution of mean 1 (Wilson & Hilferty 1931).

    `z` is the same quantile of the normal distribution. For shapes of 1 and more, which waits
    have, and quantiles from 0.5 to 0.95 it is wrong by no more than 1.5 %.
    """
    ninth = 1 / (9 * shape)
    return max(0.0, 1 - ninth + z * math.sqrt(ninth)) ** 3


def normal_quantile(share: float) -> float:
    """Give the value below which a standard normal variable lies with that probability."""
    low, high = -8.0, 8.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if math.erf(middle / math.sqrt(2)) < 2 * share - 1:
            low = middle
        else:
            high = middle
    return (low + high) / 2


class Wording(StrEnum):
    """How an estimate is put into words (Q04)."""

    PRECISE = "precise"
    """To the nearest second."""
    ABOUT = "about"
    """To the nearest multiple of `round_ms`."""
    AT_MOST = "at_most"
    """Up to the next multiple of `round_ms`."""
    PADDED = "padded"
    """`padding_share` longer, then up to the next multiple of `round_ms`."""


class PromiseConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How waits are told; a longer one than `most_ms` is told as "more than" that."""

    wording: Wording = Wording.AT_MOST
    round_ms: Milliseconds = MINUTE
    padding_share: float = 0.25
    least_ms: Milliseconds = MINUTE
    most_ms: Milliseconds = HOUR
    tolerance_share: float = 0.25
    """A rise by no more than this share of the number told last is not told: it stands."""


def read_promise(entry: Section) -> PromiseConfig:
    """Read how waits are told: `wording`, `round`, `padding`, `least`, `most`, `tolerance`.

    Raises:
        ConfigError: with file, line, key and what to write.
    """
    default = PromiseConfig()
    config = PromiseConfig(
        wording=entry.choice("wording", Wording, default=default.wording),
        round_ms=entry.duration_ms("round", default=default.round_ms, least=SECOND),
        padding_share=entry.share("padding", default=default.padding_share),
        least_ms=entry.duration_ms("least", default=default.least_ms, least=0),
        most_ms=entry.duration_ms("most", default=default.most_ms, least=SECOND),
        tolerance_share=entry.share("tolerance", default=default.tolerance_share),
    )
    entry.done()
    if config.least_ms > config.most_ms:
        raise entry.error("least", "the least wait told is longer than the most", "least: 1 min")
    return config


class Announcement(msgspec.Struct, frozen=True):
    """What a caller is told: `wait_ms`, or more than that; why it is more than last time."""

    wait_ms: Milliseconds
    more_than: bool = False
    volume_rose: bool = False


class Promise:
    """What one waiting caller was told of his wait: it never rises without a word of why (Q22)."""

    __slots__ = ("_config", "last")

    def __init__(self, config: PromiseConfig) -> None:
        """Start with nothing told."""
        self._config = config
        self.last: Announcement | None = None

    def announce(self, estimate: Estimate | None) -> Announcement | None:
        """Give what the caller is told now; None without an estimate: nothing is said."""
        if estimate is None:
            return None
        told = self._in_words(estimate.quantile_ms)
        last = self.last
        if last is not None and (told.wait_ms, told.more_than) > (last.wait_ms, last.more_than):
            limit = last.wait_ms * (1 + self._config.tolerance_share)
            rose = told.wait_ms > limit or told.more_than
            told = Announcement(
                told.wait_ms if rose else last.wait_ms,
                told.more_than if rose else last.more_than,
                volume_rose=rose,
            )
        self.last = told
        return told

    def _in_words(self, wait_ms: Milliseconds) -> Announcement:
        config = self._config
        if config.wording is Wording.PADDED:
            wait_ms = math.ceil(wait_ms * (1 + config.padding_share))
        unit = SECOND if config.wording is Wording.PRECISE else config.round_ms
        nearest = config.wording in (Wording.PRECISE, Wording.ABOUT)
        told = (wait_ms + (unit // 2 if nearest else unit - 1)) // unit * unit
        if told > config.most_ms:
            return Announcement(config.most_ms, more_than=True)
        return Announcement(max(config.least_ms, told))


_DECILES = tuple((n / 10, normal_quantile(n / 10)) for n in range(1, 10))


class EstimateAccuracy:
    """How estimates compare with the waits that came of them (K19).

    An answered wait is compared with its estimate. When an abandoned one would have been answered
    is not known; it is counted, and so is whether it was longer than its estimate already. Waits
    that had no estimate are counted, and are not covered.
    """

    def __init__(self) -> None:
        """Start with no waits."""
        self.answered_count = 0
        self.covered_count = 0
        self.unknown_count = 0
        """Waits, answered or abandoned, without an estimate."""
        self.abandoned_count = 0
        self.abandoned_late_count = 0
        self._compared = 0
        self._absolute_ms = self._signed_ms = 0
        self._pinball_ms = self._crps_ms = 0.0

    def answered(self, waited_ms: Milliseconds, estimate: Estimate | None) -> None:
        """Compare a wait that an agent ended with the estimate that was given for it."""
        self.answered_count += 1
        if estimate is None:
            self.unknown_count += 1
            return
        wait_ms = waited_ms - estimate.waited_ms
        self._compared += 1
        self.covered_count += wait_ms <= estimate.quantile_ms
        self._absolute_ms += abs(estimate.mean_ms - wait_ms)
        self._signed_ms += estimate.mean_ms - wait_ms
        self._pinball_ms += pinball(estimate.share, estimate.quantile_ms, wait_ms)
        losses = (
            pinball(share, estimate.mean_ms * _gamma_quantile(estimate.shape, z), wait_ms)
            for share, z in _DECILES
        )
        self._crps_ms += 2 * sum(losses) / len(_DECILES)

    def abandoned(self, waited_ms: Milliseconds, estimate: Estimate | None) -> None:
        """Count a wait that the caller ended."""
        self.abandoned_count += 1
        if estimate is None:
            self.unknown_count += 1
        else:
            self.abandoned_late_count += waited_ms - estimate.waited_ms > estimate.quantile_ms

    @property
    def coverage(self) -> float | None:
        """Of the answered waits, the share that was no longer than estimated."""
        return self.covered_count / self.answered_count if self.answered_count else None

    @property
    def mae_ms(self) -> float | None:
        """Mean absolute difference of the estimated mean and the answered wait."""
        return self._mean(self._absolute_ms)

    @property
    def bias_ms(self) -> float | None:
        """Mean of the estimated mean less the answered wait: above 0, callers wait less."""
        return self._mean(self._signed_ms)

    @property
    def pinball_ms(self) -> float | None:
        """Mean pinball loss of the quantile: it is least for the true one."""
        return self._mean(self._pinball_ms)

    @property
    def crps_ms(self) -> float | None:
        """Continuous ranked probability score of the distribution, from its nine deciles."""
        return self._mean(self._crps_ms)

    def _mean(self, total: float) -> float | None:
        return total / self._compared if self._compared else None


def pinball(share: float, quantile_ms: float, wait_ms: Milliseconds) -> float:
    """Give the loss of one quantile: too short costs `share` a millisecond, too long the rest."""
    short_ms = wait_ms - quantile_ms
    return share * short_ms if short_ms > 0 else (share - 1) * short_ms

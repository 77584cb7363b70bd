"""Random numbers of a run: one named stream for each purpose, and the distributions drawn from.

A stream depends on the run's seed and on its own name only. Who draws more from one stream changes
nothing in the others, so that two runs with one seed differ only where their scenarios differ.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from typing import Protocol, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from csta.instants import Milliseconds

Draws: TypeAlias = NDArray[np.int64]

_BLOCK = 1024


class Streams:
    """The random streams of one run, by name: `arrivals`, `patience`, `handle_time` and so on."""

    def __init__(self, seed: int) -> None:
        """Take the run's seed.

        Raises:
            ValueError: the seed is negative.
        """
        if seed < 0:
            raise ValueError(f"a seed is a whole number from 0 up, not {seed}")
        self.seed = seed
        self._streams: dict[str, np.random.Generator] = {}

    def stream(self, name: str) -> np.random.Generator:
        """Give the stream of that name: always the same one, which goes on where it was left."""
        if name not in self._streams:
            entropy = int.from_bytes(hashlib.sha256(name.encode()).digest())
            seeds = np.random.SeedSequence([self.seed, entropy])
            self._streams[name] = np.random.Generator(np.random.PCG64(seeds))
        return self._streams[name]


class Distribution(Protocol):
    """What durations are drawn from."""

    def draw(self, generator: np.random.Generator) -> Milliseconds:
        """Draw one duration in whole milliseconds."""

    def draw_many(self, generator: np.random.Generator, size: int) -> Draws:
        """Draw as many as `size` calls of `draw` would give, and the same ones."""


class _Drawn(msgspec.Struct, frozen=True):
    """One draw is a batch of one."""

    def draw(self: Distribution, generator: np.random.Generator) -> Milliseconds:
        """Draw one duration in whole milliseconds."""
        return int(self.draw_many(generator, 1)[0])


class Constant(_Drawn, frozen=True):
    """Always the same duration; it takes nothing from the stream."""

    duration_ms: Milliseconds

    def __post_init__(self) -> None:
        """Refuse a negative duration."""
        _require(self.duration_ms >= 0, "a constant duration is not negative")

    def draw_many(self, generator: np.random.Generator, size: int) -> Draws:
        """Draw as many as `size` calls of `draw` would give, and the same ones."""
        del generator
        return np.full(size, self.duration_ms, dtype=np.int64)


class Exponential(_Drawn, frozen=True):
    """Durations without memory, such as gaps of a Poisson process."""

    mean_ms: float

    def __post_init__(self) -> None:
        """Refuse a mean that is not positive and finite."""
        _require(0 < self.mean_ms < math.inf, "an exponential mean is positive and finite")

    def draw_many(self, generator: np.random.Generator, size: int) -> Draws:
        """Draw as many as `size` calls of `draw` would give, and the same ones."""
        return _whole(generator.exponential(self.mean_ms, size))


class Lognormal(_Drawn, frozen=True):
    """Durations whose logarithm is normal, as talk times are (Brown 2005, §4.3).

    `variation` is the coefficient of variation, standard deviation / mean.
    """

    mean_ms: float
    variation: float

    def __post_init__(self) -> None:
        """Refuse a mean or a variation that is not positive and finite."""
        _require(0 < self.mean_ms < math.inf, "a lognormal mean is positive and finite")
        _require(0 < self.variation < math.inf, "a lognormal variation is positive and finite")

    def draw_many(self, generator: np.random.Generator, size: int) -> Draws:
        """Draw as many as `size` calls of `draw` would give, and the same ones."""
        variance = math.log1p(self.variation**2)
        location = math.log(self.mean_ms) - variance / 2
        return _whole(generator.lognormal(location, math.sqrt(variance), size))


class Uniform(_Drawn, frozen=True):
    """Durations from the least to the most, all equally likely."""

    least_ms: Milliseconds
    most_ms: Milliseconds

    def __post_init__(self) -> None:
        """Refuse an empty or a negative range."""
        _require(0 <= self.least_ms <= self.most_ms, "a uniform range goes up from no less than 0")

    def draw_many(self, generator: np.random.Generator, size: int) -> Draws:
        """Draw as many as `size` calls of `draw` would give, and the same ones."""
        width = self.most_ms - self.least_ms + 1
        return self.least_ms + _below(width, generator, size)


class Empirical(_Drawn, frozen=True):
    """Durations that were observed, all equally likely (a bootstrap)."""

    observed_ms: tuple[Milliseconds, ...]

    def __post_init__(self) -> None:
        """Refuse to draw from nothing."""
        _require(bool(self.observed_ms), "an empirical distribution has at least one observation")

    def draw_many(self, generator: np.random.Generator, size: int) -> Draws:
        """Draw as many as `size` calls of `draw` would give, and the same ones."""
        chosen = _below(len(self.observed_ms), generator, size)
        return np.asarray(self.observed_ms, dtype=np.int64)[chosen]


def endless(distribution: Distribution, generator: np.random.Generator) -> Iterator[Milliseconds]:
    """Give one duration after the other; drawn in blocks, for single draws of numpy are slow.

    The stream runs ahead of what was taken, so it must not be shared with another drawer.
    """
    while True:
        yield from distribution.draw_many(generator, _BLOCK).tolist()


def _whole(values: NDArray[np.float64]) -> Draws:
    return np.rint(values).astype(np.int64)


def _below(limit: int, generator: np.random.Generator, size: int) -> Draws:
    """Draw whole numbers from 0 to below the limit, one number of the stream for each."""
    return np.floor(generator.random(size) * limit).astype(np.int64)


def _require(holds: bool, sentence: str) -> None:  # noqa: FBT001 - a condition, as in `assert`
    if not holds:
        raise ValueError(sentence)

"""Named random streams, and the distributions that durations are drawn from."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch_sim.variates import (
    Constant,
    Distribution,
    Empirical,
    Exponential,
    Lognormal,
    Streams,
    Uniform,
    endless,
)

distributions = st.one_of(
    st.builds(Constant, st.integers(0, 10**9)),
    st.builds(Exponential, st.floats(0.1, 1e7)),
    st.builds(Lognormal, st.floats(0.1, 1e7), st.floats(0.01, 5)),
    st.builds(Uniform, st.integers(0, 100), st.integers(100, 10**9)),
    st.builds(Empirical, st.lists(st.integers(0, 10**9), min_size=1, max_size=9).map(tuple)),
)


def test_a_stream_depends_on_the_seed_and_on_its_name_only() -> None:
    one, other = Streams(7), Streams(7)
    other.stream("arrivals").random(1000)
    assert one.stream("patience").random() == other.stream("patience").random()
    assert Streams(7).stream("patience").random() != Streams(8).stream("patience").random()
    assert Streams(7).stream("patience").random() != Streams(7).stream("arrivals").random()


def test_a_stream_goes_on_where_it_was_left() -> None:
    streams = Streams(7)
    drawn = [streams.stream("patience").random() for _ in range(2)]
    assert drawn == Streams(7).stream("patience").random(2).tolist()


def test_streams_stay_what_they_are_for_ever() -> None:
    drawn = Streams(1).stream("arrivals").random(3).tolist()
    assert drawn == pytest.approx([0.867892089, 0.297682417, 0.048786509], abs=1e-9)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="whole number from 0 up, not -1"):
        Streams(-1)


@given(distributions, st.integers(0, 2**32), st.integers(1, 20))
def test_a_batch_is_what_single_draws_would_give(
    distribution: Distribution, seed: int, size: int
) -> None:
    single = Streams(seed).stream("x")
    batch = distribution.draw_many(Streams(seed).stream("x"), size).tolist()
    assert [distribution.draw(single) for _ in range(size)] == batch
    assert list(islice(endless(distribution, Streams(seed).stream("x")), size)) == batch
    assert all(isinstance(ms, int) and ms >= 0 for ms in batch)


@pytest.mark.parametrize(
    ("distribution", "mean", "deviation"),
    [
        (Constant(20_000), 20_000, 0),
        (Exponential(180_000), 180_000, 180_000),
        (Lognormal(180_000, 0.7), 180_000, 126_000),
        (Uniform(1_000, 5_000), 3_000, 4_000 / 12**0.5),
        (Empirical((1_000, 2_000, 6_000)), 3_000, (14 / 3) ** 0.5 * 1_000),
    ],
)
def test_means_and_deviations(distribution: Distribution, mean: float, deviation: float) -> None:
    drawn = distribution.draw_many(Streams(1).stream("x"), 200_000)
    assert np.mean(drawn) == pytest.approx(mean, rel=0.01)
    assert np.std(drawn) == pytest.approx(deviation, rel=0.02)


def test_a_uniform_range_and_observations_are_used_to_their_ends() -> None:
    stream = Streams(1).stream("x")
    assert sorted(set(Uniform(3, 6).draw_many(stream, 200).tolist())) == [3, 4, 5, 6]
    assert sorted(set(Empirical((8, 2, 5)).draw_many(stream, 200).tolist())) == [2, 5, 8]


def test_a_constant_takes_nothing_from_the_stream() -> None:
    stream = Streams(1).stream("x")
    Constant(5).draw_many(stream, 10)
    assert stream.random() == Streams(1).stream("x").random()


def test_impossible_distributions_are_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        Constant(-1)
    with pytest.raises(ValueError, match="exponential mean"):
        Exponential(0)
    with pytest.raises(ValueError, match="lognormal mean"):
        Lognormal(float("inf"), 1)
    with pytest.raises(ValueError, match="lognormal variation"):
        Lognormal(1, 0)
    with pytest.raises(ValueError, match="goes up"):
        Uniform(5, 4)
    with pytest.raises(ValueError, match="at least one"):
        Empirical(())

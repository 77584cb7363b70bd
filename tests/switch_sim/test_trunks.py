"""Trunk groups: counting, and the Erlang-B law."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import numpy as np
import pytest

from ctiserver.core.switch_link import AnyObservation, LegSeen, Play
from switch_sim.arrivals import Rates, arrive, poisson
from switch_sim.config import TrunkGroupConfig
from switch_sim.trunks import TrunkBoard, TrunkGroup
from tests.switch_sim.stage import CONFIG, START, Stage, caller

_HOLDING_MS = 60_000
_BATCH_CALLS = 500
_BATCHES = 16


def test_a_trunk_group_counts_what_it_carries_and_what_it_blocks() -> None:
    group = TrunkGroup("pstn", 2)
    assert [group.seize(at) for at in (1_000, 1_500, 1_600)] == [True, True, False]
    group.release(2_000)
    assert group.seize(3_000)
    assert group.board(4_000) == TrunkBoard(
        name="pstn",
        size=2,
        in_use=2,
        in_use_max=2,
        offered=4,
        carried=3,
        blocked=1,
        busy_ms=500 + 2 * 500 + 1_000 + 2 * 1_000,
    )


def test_a_trunk_that_is_not_in_use_cannot_be_released() -> None:
    with pytest.raises(AssertionError, match="pstn has no trunk in use"):
        TrunkGroup("pstn", 1).release(0)


def _erlang_b(offered: float, trunks: int) -> float:
    """Give the share of calls that is blocked (Erlang 1917, by recursion)."""
    blocked = 1.0
    for n in range(1, trunks + 1):
        blocked = offered * blocked / (n + offered * blocked)
    return blocked


@pytest.mark.parametrize(("offered", "trunks"), [(1.0, 2), (10.0, 15), (20.0, 18)])
def test_the_share_of_blocked_calls_is_erlangs(offered: float, trunks: int) -> None:
    """Each caller stays as long as his patience, which is exponential; sixteen batches of calls.

    The first batch fills the trunks and is left out. Four standard errors, from the spread of the
    batches, miss a right program once in about a thousand seeds; the seed is fixed.
    """
    stage = Stage(
        msgspec.structs.replace(
            CONFIG, trunk_groups=(TrunkGroupConfig("pstn", trunks), CONFIG.trunk_groups[1])
        )
    )

    def let_wait(observation: AnyObservation) -> None:
        if isinstance(observation, LegSeen):
            stage.pbx.execute(Play(observation.leg, play_id="m", uri="music:waiting"))

    stage.pbx.attach(let_wait)
    generator = np.random.default_rng(20_240_229)
    batch_ms = round(_BATCH_CALLS * _HOLDING_MS / offered)
    rates = Rates(
        start_at=START, calls=(float(_BATCH_CALLS),) * (_BATCHES + 1), interval_ms=batch_ms
    )
    holding = iter(generator.exponential(_HOLDING_MS, size=2 * _BATCH_CALLS * _BATCHES).tolist())
    calls = ((at, caller(patience_ms=round(next(holding)))) for at in poisson(rates, generator))
    stage.env.process(arrive(stage.env, stage.pbx.offer_call, calls))
    boards = []
    for batch in range(_BATCHES + 1):
        stage.env.run(until=START + (batch + 1) * batch_ms)
        boards.append(stage.pbx.boards()[0])
    lost = [
        (after.blocked - before.blocked) / (after.offered - before.offered)
        for before, after in pairwise(boards)
    ]
    expected = _erlang_b(offered, trunks)
    error = float(np.std(lost, ddof=1)) / _BATCHES**0.5
    assert error < 0.2 * expected, "too few calls to tell"
    assert abs(float(np.mean(lost)) - expected) < 4 * error
    carried = (boards[-1].busy_ms - boards[0].busy_ms) / (_BATCHES * batch_ms)
    assert carried == pytest.approx(offered * (1 - expected), rel=0.06)


def test_erlangs_formula_gives_the_published_figures() -> None:
    published = {(1.0, 2): 0.2, (10.0, 15): 0.036497, (20.0, 30): 0.008457, (100.0, 110): 0.027463}
    assert {case: round(_erlang_b(*case), 6) for case in published} == published

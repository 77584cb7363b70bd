"""A centre with short calls, so that a thousand agents take two hundred of them each second.

Each call has the events of a whole one: trunk, number look-up, menu with one prompt and one digit,
queue, ringing, talk, wrap-up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np

from bench.centre import DIALLED, STARTS_AT, centre_plan
from csta.instants import SECOND, Instant, Milliseconds
from ctiserver.core.config import OnViolation
from scenarios.behaviour import AgentBehaviour
from scenarios.world import Plan, World
from switch_sim.arrivals import Rates, arrive, poisson
from switch_sim.callers import CallerPlan, Press
from switch_sim.variates import Uniform

BEHAVIOUR: Final = AgentBehaviour(answer_after=Uniform(200, 800))
BOARD_MS: Final[Milliseconds] = SECOND // 2
"""QueueStatus of each queue comes twice a second at most."""

_TALK_MS: Final = 2_500
_WRAP_UP_MS: Final = SECOND // 2


def plan_of(agents: int, starts_at: Instant = STARTS_AT, seed: int = 1) -> Plan:
    """Give the centre, with the settings of live operation; in the log, agents a0, a1, …."""
    plan = centre_plan(agents, (_WRAP_UP_MS, _WRAP_UP_MS), starts_at, seed)
    engine = msgspec.structs.replace(
        plan.engine,
        audits_requests=True,
        queue_status_ms=BOARD_MS,
        audit_ms=10 * SECOND,
        on_violation=OnViolation.QUARANTINE,
    )
    return msgspec.structs.replace(plan, engine=engine)


def callers(
    rate: float, lasts_s: float, starts_at: Instant, seed: int
) -> Iterator[tuple[Instant, CallerPlan]]:
    """Draw calls, so many a second on the average, with their callers."""
    generator = np.random.default_rng(seed)
    lasts_ms = round(lasts_s * SECOND)
    rates = Rates(start_at=starts_at, calls=(rate * lasts_s,), interval_ms=lasts_ms)
    for index, at in enumerate(poisson(rates, generator)):
        yield (
            at,
            CallerPlan(
                number=f"+4930{index % 100_000:07}",
                dialled=DIALLED,
                talk_ms=round(generator.exponential(_TALK_MS)),
                presses=(Press("choose", "21"[index % 2], 500),),
            ),
        )


def simulated(rate: float, lasts_s: float, agents: int, seed: int) -> World:
    """Give a world that will have had such calls when it has been run.

    Requests are not audited, so that all of its events are for everybody.
    """
    plan = plan_of(agents, seed=seed)
    engine = msgspec.structs.replace(plan.engine, audits_requests=False)
    world = World(msgspec.structs.replace(plan, engine=engine))
    calls = callers(rate, lasts_s, STARTS_AT, seed)
    world.env.process(arrive(world.env, world.pbx.offer_call, calls))
    return world

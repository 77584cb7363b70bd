"""A centre with short calls, so that a thousand agents take two hundred of them each second.

Each call has the events of a whole one: trunk, number look-up, menu with one prompt and one digit,
queue, ringing, talk, wrap-up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np

from acd.config import AcdConfig, QueueConfig
from agents.config import AgentConfig
from agents.simulated import Shift
from csta.instants import SECOND, Instant, Milliseconds
from ctiserver.core.config import EngineConfig, OnViolation
from ivr.config import Flow, MenuStep, QueueStep, Retry
from scenarios.behaviour import AgentBehaviour
from scenarios.world import Plan, World
from switch_sim.arrivals import Rates, arrive, poisson
from switch_sim.callers import CallerPlan, Press
from switch_sim.config import DialledNumber, PbxConfig, TrunkGroupConfig, VoiceUnitsConfig
from switch_sim.variates import Uniform

STARTS_AT: Final[Instant] = 1_700_000_000_000
BEHAVIOUR: Final = AgentBehaviour(answer_after=Uniform(200, 800))
QUEUES: Final = ("sales", "support")
BOARD_MS: Final[Milliseconds] = SECOND // 2
"""QueueStatus of each queue comes twice a second at most."""

_DIALLED: Final = "+49301"
_TALK_MS: Final = 2_500
_FLOW: Final = Flow(
    name="main",
    start="choose",
    steps={
        "choose": MenuStep(
            prompts=("sound:choose",),
            choices={"1": "to_sales", "2": "to_support"},
            no_input=Retry(go="to_support"),
            no_match=Retry(go="to_support"),
        ),
        "to_sales": QueueStep(queue="sales"),
        "to_support": QueueStep(queue="support"),
    },
    on_limit="support",
)


def plan_of(agents: int, starts_at: Instant = STARTS_AT, seed: int = 1) -> Plan:
    """Give the centre, with the settings of live operation; in the log, agents a0, a1, …."""
    crew = tuple(
        AgentConfig(f"a{i}", f"Agent {i}", f"station:{10_000 + i}", {"sales": 5, "support": 3})
        for i in range(agents)
    )
    queues = tuple(
        QueueConfig(name=name, skills={name: 1}, wrap_up_ms=SECOND // 2) for name in QUEUES
    )
    return Plan(
        title="benchmark",
        engine=EngineConfig(
            link_id="sim1",
            acd=AcdConfig(queues=queues),
            agents=crew,
            default_device="routeing:main",
            flows={"main": _FLOW},
            audits_requests=True,
            queue_status_ms=BOARD_MS,
            audit_ms=10 * SECOND,
            on_violation=OnViolation.QUARANTINE,
        ),
        pbx=PbxConfig(
            trunk_groups=(TrunkGroupConfig("pstn", 3 * agents),),
            dialled_numbers=(DialledNumber(_DIALLED, "pstn"),),
            stations=tuple(str(10_000 + i) for i in range(agents)),
            voice_units=(VoiceUnitsConfig(2 * agents),),
            ledger_max=0,
        ),
        starts_at=starts_at,
        seed=seed,
        shifts=tuple(Shift(agent.agent_id, starts_at) for agent in crew),
    )


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
                dialled=_DIALLED,
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

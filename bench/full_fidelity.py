"""Whole calls: trunk, menu with prompt and digit, queue, agent, wrap-up, interaction, every event.

The centre is loaded to three quarters, so that most calls are answered at once and some wait.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from acd.config import AcdConfig, QueueConfig
from agents.config import AgentConfig
from agents.simulated import Shift
from bench.figures import Measured, Stopwatch
from csta.instants import HOUR, SECOND, Instant
from ctiserver.core.config import EngineConfig
from ivr.config import Flow, MenuStep, QueueStep, Retry
from scenarios.world import Plan, World
from switch_sim.arrivals import Rates, arrive, poisson
from switch_sim.callers import CallerPlan, Press
from switch_sim.config import DialledNumber, PbxConfig, TrunkGroupConfig, VoiceUnitsConfig

_STARTS_AT: Instant = 1_700_000_000_000
_CALLS_AN_HOUR_AND_AGENT = 15
_DIALLED = "+49301"
_FLOW = Flow(
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


def measure(*, agents: int, calls: int, journal: bool, seed: int) -> dict[str, Measured]:
    """Run one centre until about so many calls are over; building it is not counted."""
    lines: list[bytes] = []
    world = World(_plan(agents, seed), journal=lines.append if journal else None)
    world.env.process(arrive(world.env, world.pbx.offer_call, _callers(agents, calls, seed)))
    watch = Stopwatch()
    with watch.running():
        world.start()
        world.run(_STARTS_AT + round(HOUR * calls / _hourly(agents)) + HOUR)
    assert not world.engine.model.calls, "a call was left over"
    return {"calls": Measured(world.pbx.ledger.offered, watch.cpu_s)}


def _hourly(agents: int) -> int:
    return agents * _CALLS_AN_HOUR_AND_AGENT


def _callers(agents: int, calls: int, seed: int) -> Iterator[tuple[Instant, CallerPlan]]:
    generator = np.random.default_rng(seed)
    length_ms = round(HOUR * calls / _hourly(agents))
    rates = Rates(start_at=_STARTS_AT, calls=(calls,), interval_ms=length_ms)
    for index, at in enumerate(poisson(rates, generator)):
        yield (
            at,
            CallerPlan(
                number=f"+4930{index % 100_000:07}",
                dialled=_DIALLED,
                talk_ms=round(generator.exponential(180 * SECOND)),
                patience_ms=round(generator.exponential(120 * SECOND)),
                presses=(Press("choose", "21"[index % 2], 1500),),
            ),
        )


def _plan(agents: int, seed: int) -> Plan:
    crew = tuple(
        AgentConfig(f"a{i}", f"Agent {i}", f"station:{10_000 + i}", {"sales": 5, "support": 3})
        for i in range(agents)
    )
    queues = (
        QueueConfig(name="sales", skills={"sales": 1}, wrap_up_ms=5 * SECOND),
        QueueConfig(name="support", skills={"support": 1}, wrap_up_ms=15 * SECOND),
    )
    return Plan(
        title="benchmark",
        engine=EngineConfig(
            link_id="sim1",
            acd=AcdConfig(queues=queues),
            agents=crew,
            default_device="routeing:main",
            flows={"main": _FLOW},
        ),
        pbx=PbxConfig(
            trunk_groups=(TrunkGroupConfig("pstn", 3 * agents),),
            dialled_numbers=(DialledNumber(_DIALLED, "pstn"),),
            stations=tuple(str(10_000 + i) for i in range(agents)),
            voice_units=(VoiceUnitsConfig(2 * agents),),
            ledger_max=0,
        ),
        starts_at=_STARTS_AT,
        seed=seed,
        shifts=tuple(Shift(agent.agent_id, _STARTS_AT) for agent in crew),
    )

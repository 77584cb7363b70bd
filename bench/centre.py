"""The centre of the benchmarks: one menu, two queues, agents a0, a1, … who serve both."""

from __future__ import annotations

from typing import Final

from acd.config import AcdConfig, QueueConfig
from agents.config import AgentConfig
from agents.simulated import Shift
from csta.instants import Instant, Milliseconds
from ctiserver.core.config import EngineConfig
from ivr.config import Flow, MenuStep, QueueStep, Retry
from scenarios.world import Plan
from switch_sim.config import DialledNumber, PbxConfig, TrunkGroupConfig, VoiceUnitsConfig

STARTS_AT: Final[Instant] = 1_700_000_000_000
DIALLED: Final = "+49301"
QUEUES: Final = ("sales", "support")

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


def centre_plan(
    agents: int,
    wrap_ups_ms: tuple[Milliseconds, Milliseconds],
    starts_at: Instant = STARTS_AT,
    seed: int = 1,
) -> Plan:
    """Give the centre; each queue has its own time of work after calls."""
    crew = tuple(
        AgentConfig(f"a{i}", f"Agent {i}", f"station:{10_000 + i}", {"sales": 5, "support": 3})
        for i in range(agents)
    )
    queues = tuple(
        QueueConfig(name=name, skills={name: 1}, wrap_up_ms=wrap_up_ms)
        for name, wrap_up_ms in zip(QUEUES, wrap_ups_ms, strict=True)
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
            dialled_numbers=(DialledNumber(DIALLED, "pstn"),),
            stations=tuple(str(10_000 + i) for i in range(agents)),
            voice_units=(VoiceUnitsConfig(2 * agents),),
            ledger_max=0,
        ),
        starts_at=starts_at,
        seed=seed,
        shifts=tuple(Shift(agent.agent_id, starts_at) for agent in crew),
    )

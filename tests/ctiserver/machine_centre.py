"""The centre that the engine machine plays with: three agents, four queues, one flow."""

from __future__ import annotations

from acd.config import AcdConfig, AgentChoice, QueueConfig
from acd.rules import Question, Ring
from acd.steps import Step
from agents.config import AgentConfig
from ctiserver.core.config import EngineConfig
from ivr.config import (
    CollectStep,
    Flow,
    HangUpStep,
    KeyRule,
    MenuStep,
    QueueStep,
    Retry,
    TransferStep,
)

AGENTS = ("ann", "bob", "cem")
STATIONS = tuple(f"station:{number}" for number in (1001, 1002, 1003, 1004))
NUMBERS = {
    "1": "routeing:main",
    "2": "acd:sales",
    "3": "acd:support",
    "4": "acd:desk",
    "5": "acd:team",
}
DIALLED = (*NUMBERS, "station:1003", "station:1004", "+4930123", "acd:sales", "park:1")

FLOW = Flow(
    name="main",
    start="menu",
    on_limit="support",
    max_ms=120_000,
    steps={
        "menu": MenuStep(
            prompts=("sound:hello",),
            choices={"1": "sales", "2": "number", "3": "boss", "4": "bye"},
            no_input=Retry(go="support"),
            no_match=Retry(go="bye"),
        ),
        "number": CollectStep(
            name="number",
            prompts=("sound:number",),
            keys=KeyRule(least=1, most=2),
            ok="support",
            failed="support",
        ),
        "sales": QueueStep(queue="sales", priority=1),
        "support": QueueStep(queue="support", skills={"support": 2}),
        "boss": TransferStep(device="station:1003"),
        "bye": HangUpStep(prompts=("sound:bye",)),
    },
)
CONFIG = EngineConfig(
    link_id="model",
    acd=AcdConfig(
        queues=(
            QueueConfig(
                name="sales",
                skills={"sales": 3},
                wrap_up_ms=10_000,
                agent_announcement="sound:sales",
                steps=(
                    Step(after_ms=30_000, also="support"),
                    Step(after_ms=50_000, priority_by=2),
                ),
            ),
            QueueConfig(
                name="support",
                skills={"support": 1},
                agent_choice=AgentChoice.MOST_SKILLED,
                ring_ms=15_000,
                waiting_max=2,
                steps=(Step(after_ms=45_000, overflow_to=("desk",)),),
            ),
            QueueConfig(name="desk", skills={"desk": 1}, priority=1, auto_answer=True),
            QueueConfig(
                name="team",
                skills={"sales": 3},
                ring=Ring.ALL,
                ring_ms=15_000,
                steps=(
                    Step(after_ms=0, announce="sound:welcome"),
                    Step(after_ms=3_000, ask="wait", every_ms=30_000, repeat=True),
                    Step(after_ms=10_000, say_position=True, say_wait=True, music="music:own"),
                    Step(after_ms=40_000, overflow_to=("desk", "support"), skip_empty=True),
                    Step(after_ms=70_000, announce="sound:sorry", end="timeout"),
                ),
            ),
        ),
        questions={
            "wait": Question(
                prompt="sound:wait?",
                keys={
                    "1": "stay",
                    "2": "leave",
                    "3": "routeing:main",
                    "4": "acd:support",
                    "#": "station:1004",
                },
                wait_ms=20_000,
            ),
        },
    ),
    agents=(
        AgentConfig("ann", "Ann", "station:1001", {"sales": 5, "desk": 1}),
        AgentConfig("bob", "Bob", "station:1002", {"sales": 3, "support": 5, "desk": 1}),
        AgentConfig("cem", "Cem", "station:1003", {"support": 2}),
    ),
    flows={"main": FLOW},
    numbers=NUMBERS,
    default_device="acd:support",
    answer_ms_max=40_000,
)

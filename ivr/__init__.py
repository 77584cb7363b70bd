"""The voice menus: a caller's walk through prompts, digits, conditions and look-ups.

A pure package: the menu tree and its file format, digit collection and one caller's
walk as a core that takes inputs and returns decisions. It knows `csta` only, and is a stranger to
`acd`.
"""

from ivr.config import (
    CheckStep,
    CollectStep,
    Flow,
    HangUpStep,
    KeyRule,
    MenuStep,
    PromptStep,
    QueueStep,
    Retry,
    Row,
    SetStep,
    Step,
    TransferStep,
    Value,
    Way,
    ways,
)
from ivr.decisions import (
    Collected,
    Decision,
    Ended,
    EndReason,
    EnterQueue,
    HangUp,
    Play,
    StopPlay,
    TransferTo,
    Visited,
)
from ivr.digits import KEYS, Collector, Verdict
from ivr.drawing import to_mermaid
from ivr.inputs import Begun, CallerGone, CustomerFound, DigitPressed, PlayEnded, WalkInput
from ivr.lint import Finding, Rule, lint
from ivr.menu_file import load_flow, read_flow, read_flow_text
from ivr.names import FACTS, QUEUE_FACTS
from ivr.stats import FlowStats, NodeCount
from ivr.walk import Walk

__all__ = [
    "FACTS",
    "KEYS",
    "QUEUE_FACTS",
    "Begun",
    "CallerGone",
    "CheckStep",
    "CollectStep",
    "Collected",
    "Collector",
    "CustomerFound",
    "Decision",
    "DigitPressed",
    "EndReason",
    "Ended",
    "EnterQueue",
    "Finding",
    "Flow",
    "FlowStats",
    "HangUp",
    "HangUpStep",
    "KeyRule",
    "MenuStep",
    "NodeCount",
    "Play",
    "PlayEnded",
    "PromptStep",
    "QueueStep",
    "Retry",
    "Row",
    "Rule",
    "SetStep",
    "Step",
    "StopPlay",
    "TransferStep",
    "TransferTo",
    "Value",
    "Verdict",
    "Visited",
    "Walk",
    "WalkInput",
    "Way",
    "lint",
    "load_flow",
    "read_flow",
    "read_flow_text",
    "to_mermaid",
    "ways",
]

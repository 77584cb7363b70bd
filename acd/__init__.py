"""The automatic call distributor: which call next, which agent next, and why.

A pure package: queues, the roster of ready agents, selection strategies, offers, overflow
recipes, queue plans as people write them, and statistics, tied together by the distributor. It
knows `agents` and `csta`, and is a stranger to `ivr`.
"""

from acd.config import AcdConfig, AgentChoice, QueueConfig, ServiceOrder, Step
from acd.decisions import (
    AcdDecision,
    Offer,
    OfferFailed,
    OfferOff,
    OfferTaken,
    Overflows,
    TurnedAway,
    Waits,
)
from acd.distributor import Distributor
from acd.inputs import (
    AcdInput,
    Answered,
    AskState,
    Enter,
    Leave,
    LogOn,
    PhoneBusy,
    Refused,
)
from acd.plan_file import Plan, read_plan
from acd.stats import SERVICE_LEVELS, Contact, ContactFold, Figures, figures

__all__ = [
    "SERVICE_LEVELS",
    "AcdConfig",
    "AcdDecision",
    "AcdInput",
    "AgentChoice",
    "Answered",
    "AskState",
    "Contact",
    "ContactFold",
    "Distributor",
    "Enter",
    "Figures",
    "Leave",
    "LogOn",
    "Offer",
    "OfferFailed",
    "OfferOff",
    "OfferTaken",
    "Overflows",
    "PhoneBusy",
    "Plan",
    "QueueConfig",
    "Refused",
    "ServiceOrder",
    "Step",
    "TurnedAway",
    "Waits",
    "figures",
    "read_plan",
]

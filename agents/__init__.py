"""Agents: skills and levels, states and reasons, who is where, and how their time was spent.

A pure package: it takes inputs and the instant and returns values. It knows `csta` only, and is
used by the ACD (who is ready, with which skills), by the engine and by the consoles.
"""

from agents.agent import Agent, Profile
from agents.config import AgentConfig, Membership, read_agents
from agents.directory import Directory
from agents.figures import figures_of
from agents.ledger import Activity, AgentLedger, AgentSums, sum_of_agents
from agents.simulated import Act, Comes, Crew, Goes, ReadyAgain, Shift
from agents.skills import LEVEL_MAX, LEVEL_MIN, SkillSet, skill_set, total_level
from agents.states import AGENT_STEPS, PHASE_STEPS, REQUESTS
from agents.stats import FAIR_SHARES, RATIOS, Fairness, Ratio, TimeInState, fairness, fairness_of

__all__ = [
    "AGENT_STEPS",
    "FAIR_SHARES",
    "LEVEL_MAX",
    "LEVEL_MIN",
    "PHASE_STEPS",
    "RATIOS",
    "REQUESTS",
    "Act",
    "Activity",
    "Agent",
    "AgentConfig",
    "AgentLedger",
    "AgentSums",
    "Comes",
    "Crew",
    "Directory",
    "Fairness",
    "Goes",
    "Membership",
    "Profile",
    "Ratio",
    "ReadyAgain",
    "Shift",
    "SkillSet",
    "TimeInState",
    "fairness",
    "fairness_of",
    "figures_of",
    "read_agents",
    "skill_set",
    "sum_of_agents",
    "total_level",
]

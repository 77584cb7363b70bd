"""Agents: skills and levels, states and reasons, who is where, and how their time was spent.

A pure package: it takes inputs and the instant and returns values. It knows `csta` only, and is
used by the ACD (who is ready, with which skills), by the engine and by the consoles.
"""

from agents.agent import Agent
from agents.config import AgentConfig, read_agents
from agents.directory import Directory
from agents.simulated import Act, Comes, Crew, Goes, ReadyAgain, Shift
from agents.skills import LEVEL_MAX, LEVEL_MIN, SkillSet, skill_set, total_level
from agents.states import AGENT_STEPS, PHASE_STEPS, REQUESTS
from agents.stats import TimeInState

__all__ = [
    "AGENT_STEPS",
    "LEVEL_MAX",
    "LEVEL_MIN",
    "PHASE_STEPS",
    "REQUESTS",
    "Act",
    "Agent",
    "AgentConfig",
    "Comes",
    "Crew",
    "Directory",
    "Goes",
    "ReadyAgain",
    "Shift",
    "SkillSet",
    "TimeInState",
    "read_agents",
    "skill_set",
    "total_level",
]

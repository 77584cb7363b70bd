"""An agent's own figures since log-on, from what the agent record counts (features A18)."""

from __future__ import annotations

from agents.agent import Agent
from csta.agent_figures import AgentFigures
from csta.instants import Instant
from csta.states import AgentState


def figures_of(agent: Agent, now: Instant) -> AgentFigures | None:
    """Give the figures of an agent, the state in force included; None for who is not here."""
    if agent.state is AgentState.NULL:
        return None
    here_ms, running_ms = now - agent.logged_on_at, now - agent.since
    working = agent.state is AgentState.WORKING_AFTER_CALL
    ready_ms = agent.ready_ms + running_ms * (agent.state is AgentState.READY)
    work_ms = agent.work_ms + running_ms * working
    busy_ms = agent.handled_ms - agent.work_ms + running_ms * (agent.state is AgentState.BUSY)
    handled = agent.calls_handled - (agent.answered_at is not None)
    return AgentFigures(
        logged_on_at=agent.logged_on_at,
        logged_on_ms=here_ms,
        ready_ms=ready_ms,
        not_ready_ms=here_ms - ready_ms - work_ms - busy_ms,
        busy_ms=busy_ms,
        work_ms=work_ms,
        talk_ms=agent.talk_ms,
        calls_handled=agent.calls_handled,
        handled_ms_mean=(agent.talk_ms + work_ms) // handled if handled else None,
        missed=dict(agent.missed),
    )

"""Which agent state may follow which, and what an agent may ask for (cti-api §7.1)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from csta.states import AgentState, BusyPhase

AGENT_STEPS: Mapping[AgentState, frozenset[AgentState]] = MappingProxyType(
    {
        AgentState.NULL: frozenset({AgentState.NOT_READY}),
        AgentState.NOT_READY: frozenset(
            {
                AgentState.NULL,
                AgentState.NOT_READY,
                AgentState.READY,
                AgentState.BUSY,
                AgentState.WORKING_AFTER_CALL,
            }
        ),
        AgentState.READY: frozenset(
            {
                AgentState.NULL,
                AgentState.NOT_READY,
                AgentState.BUSY,
                AgentState.WORKING_AFTER_CALL,
            }
        ),
        AgentState.BUSY: frozenset(
            {
                AgentState.NULL,
                AgentState.NOT_READY,
                AgentState.READY,
                AgentState.BUSY,
                AgentState.WORKING_AFTER_CALL,
            }
        ),
        AgentState.WORKING_AFTER_CALL: frozenset(
            {
                AgentState.NULL,
                AgentState.NOT_READY,
                AgentState.READY,
                AgentState.BUSY,
            }
        ),
    }
)
"""Legal steps. NOT_READY to itself is a change of reason, BUSY to itself a change of phase."""

REQUESTS: Mapping[AgentState, frozenset[AgentState]] = MappingProxyType(
    {
        AgentState.NULL: frozenset(),
        AgentState.NOT_READY: frozenset(
            {
                AgentState.NULL,
                AgentState.NOT_READY,
                AgentState.READY,
                AgentState.WORKING_AFTER_CALL,
            }
        ),
        AgentState.READY: frozenset(
            {AgentState.NULL, AgentState.NOT_READY, AgentState.WORKING_AFTER_CALL}
        ),
        AgentState.BUSY: frozenset(
            {AgentState.NOT_READY, AgentState.READY, AgentState.WORKING_AFTER_CALL}
        ),
        AgentState.WORKING_AFTER_CALL: frozenset(
            {AgentState.NULL, AgentState.NOT_READY, AgentState.READY}
        ),
    }
)
"""What an agent may ask for in each state; from BUSY it is kept as the pending state.

Who is not logged on can only log on, which is a request of its own: it names a device.
"""

PHASE_STEPS: Mapping[BusyPhase, frozenset[BusyPhase]] = MappingProxyType(
    {
        BusyPhase.OFFERED: frozenset({BusyPhase.DIALING, BusyPhase.TALKING, BusyPhase.HOLD}),
        BusyPhase.DIALING: frozenset({BusyPhase.TALKING, BusyPhase.HOLD, BusyPhase.OFFERED}),
        BusyPhase.TALKING: frozenset(
            {BusyPhase.HOLD, BusyPhase.CONSULT, BusyPhase.OFFERED, BusyPhase.DIALING}
        ),
        BusyPhase.HOLD: frozenset(
            {BusyPhase.TALKING, BusyPhase.CONSULT, BusyPhase.OFFERED, BusyPhase.DIALING}
        ),
        BusyPhase.CONSULT: frozenset({BusyPhase.TALKING, BusyPhase.HOLD, BusyPhase.OFFERED}),
    }
)
"""How a busy agent's phase may go on; the end of the last call ends BUSY itself."""

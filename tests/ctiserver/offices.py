"""Two teams under one roof, and everybody who may look in: for tests of rights and of views."""

from __future__ import annotations

import msgspec

from acd.config import AcdConfig, QueueConfig
from agents.config import AgentConfig
from csta.call_events import CallEvent
from csta.ids import CallId, ConnectionId, DeviceId
from csta.states import ConnectionState
from ctiserver.core.principals import SCOPES_OF, Principal, Role, Scope
from ctiserver.core.reach import Reach
from switch_sim.config import PhoneAct
from tests.ctiserver.centre import ANNA, BEA, SALES, Centre, centre_plan

SALES_NUMBER, SUPPORT_NUMBER = "+4930100", "+4930200"
SUPPORT = QueueConfig(name="support", skills={"support": 1}, wrap_up_ms=5_000)
CARL = AgentConfig("carl", "Carl", "station:1003", {"support": 5})
SUE = AgentConfig("sue", "Sue", "station:1009", {"leads": 1})

SALES_DEVICE, SUPPORT_DEVICE = "acd:sales", "acd:support"


def principal(
    name: str,
    role: Role,
    *more: Scope,
    agent: str | None = None,
    devices: tuple[DeviceId, ...] = (),
    teams: tuple[DeviceId, ...] | None = (),
) -> Principal:
    """Make somebody with the rights of a role, and some more."""
    return Principal(
        name=name,
        role=role,
        scopes=SCOPES_OF[role] | frozenset(more),
        agent_id=agent,
        devices=devices,
        teams=teams,
    )


ANNA_HERSELF = principal("agent:anna", Role.AGENT, agent="anna")
BEA_HERSELF = principal("agent:bea", Role.AGENT, agent="bea")
CARL_HIMSELF = principal("agent:carl", Role.AGENT, agent="carl")
SALES_LEAD = principal("agent:sue", Role.SUPERVISOR, agent="sue", teams=(SALES_DEVICE,))
SUPPORT_LEAD = principal("user:sam", Role.SUPERVISOR, teams=(SUPPORT_DEVICE,))
WALLBOARD = principal("key:wall", Role.WALLBOARD)
ROUTER = principal("key:router", Role.ROUTER)
DIALER = principal("key:dialer", Role.DIALER, devices=(SALES_DEVICE,))
CRM = principal("key:crm", Role.INTEGRATION)
ADMIN = principal("user:root", Role.ADMIN, teams=None)

EVERYBODY = (
    ANNA_HERSELF,
    BEA_HERSELF,
    CARL_HIMSELF,
    SALES_LEAD,
    SUPPORT_LEAD,
    WALLBOARD,
    ROUTER,
    DIALER,
    CRM,
    ADMIN,
)


class Offices(Centre):
    """Sales with Anna and Bea, support with Carl; Sue leads sales."""

    def __init__(self, *, audits: bool = False) -> None:
        """Start it; phones answer when they are told to."""
        plan = centre_plan(
            acd=AcdConfig(queues=(SALES, SUPPORT)),
            agents=(ANNA, BEA, CARL, SUE),
            numbers={SALES_NUMBER: SALES_DEVICE, SUPPORT_NUMBER: SUPPORT_DEVICE},
        )
        plan = msgspec.structs.replace(
            plan, engine=msgspec.structs.replace(plan.engine, audits_requests=audits)
        )
        super().__init__(plan)
        for agent in (ANNA, BEA, CARL, SUE):
            self.phone(agent.device_id, PhoneAct.ANSWERS, 1_000)

    @property
    def reach(self) -> Reach:
        """Look into the engine as it is."""
        return Reach(self.engine)

    def talk(self, agent_id: str = "anna", dialled: str = SALES_NUMBER) -> ConnectionId:
        """Let an agent talk to a caller, and give the agent's connection."""
        self.log_on(agent_id)
        self.call(dialled=dialled)
        self.wait(3_000)
        return self.connection_of(self.engine.directory.agent(agent_id).device_id)

    def connection_of(self, device_id: DeviceId) -> ConnectionId:
        """Give the one connection that a device has in a talk."""
        (here,) = [
            link.key
            for link in self.engine.model.at_device[device_id]
            if link.state is ConnectionState.CONNECTED
        ]
        return here

    def calls_of(self, device_id: DeviceId) -> dict[CallId, None]:
        """Name the calls in which the log has shown a device."""
        return {
            event.data.call_id: None
            for event in self.log
            if isinstance(event.data, CallEvent)
            and any(link.device_id == device_id for link in event.data.connections)
        }

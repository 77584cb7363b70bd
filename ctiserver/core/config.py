"""All that the engine is told beforehand; it stands at the head of each journal."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from acd.config import AcdConfig
from agents.config import AgentConfig
from csta.ids import DeviceId
from csta.instants import Milliseconds
from ctiserver.core.switch_link import LinkCapabilities
from ivr.config import Flow


class OnViolation(StrEnum):
    """What a violated invariant means (DESIGN §9.4)."""

    STOP = "stop"
    """The run ends with the sentence: in simulation and in tests."""
    QUARANTINE = "quarantine"
    """An event tells of it, whose it is, is set apart, and the rest goes on: live."""


class EngineConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One centre: its link, its queues, agents and flows, and where dialled numbers lead.

    `numbers` maps what is dialled to a device: `routeing:main` is the flow of that name,
    `acd:sales` the queue. A number that is not there leads to `default_device`.
    """

    link_id: str
    link: LinkCapabilities = LinkCapabilities()
    """What the link declares of its switch."""
    acd: AcdConfig
    agents: tuple[AgentConfig, ...]
    flows: dict[str, Flow] = {}
    numbers: dict[str, DeviceId] = {}
    default_device: DeviceId
    routeing_devices: tuple[DeviceId, ...] = ()
    """Those without a flow: calls go where a router says, or else to the default device."""
    voice_units: DeviceId = "group:ivr"
    answer_ms_max: Milliseconds = 60_000
    """How long a leg may be under way before it counts as not answered."""
    afterwards_ms: Milliseconds = 900_000
    """How long data may still be associated with a call that is over."""
    route_ms_max: Milliseconds = 2_000
    """How long a router may take to answer (`replyTimeout`)."""
    audits_requests: bool = False
    """Whether requests are told of as `cti.audit.Command`. Live: yes."""
    queue_status_ms: Milliseconds = 0
    """How often QueueStatus is told of a queue at most; 0: never. Live: 1 s."""
    audit_ms: Milliseconds = 0
    """How often all invariants are looked at, as long as anything happens; 0: never. Live: 10 s."""
    on_violation: OnViolation = OnViolation.STOP

"""What the CRM and the telephone side tell one another about a customer (features SD051, SD074)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar

import msgspec

from csta.ids import AgentId, CallId, DeviceId, OfferId, wire_name
from csta.instants import Instant, Milliseconds


class Match(StrEnum):
    """What a look-up of a calling number came to; `unknown` is a failing store, never a 'no'."""

    ONE = "one"
    SEVERAL = "several"
    NONE = "none"
    UNKNOWN = "unknown"


class PastContact(msgspec.Struct, frozen=True, rename=wire_name, omit_defaults=True):
    """One line of a customer's history."""

    at: Instant
    channel: str
    result: str
    agent_name: str = ""
    reason: str = ""
    duration_ms: Milliseconds = 0


class TicketState(StrEnum):
    """Where a ticket stands (features P09); a draft is not written yet."""

    DRAFT = "draft"
    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    SOLVED = "solved"
    CLOSED = "closed"


class TicketCard(msgspec.Struct, frozen=True, rename=wire_name, omit_defaults=True):
    """The ticket that a screen pops with."""

    ticket_id: str = ""
    subject: str = ""
    state: TicketState = TicketState.DRAFT
    changed_at: Instant | None = None

    def __reduce__(self) -> str | tuple[Any, ...]:
        """Come back from a snapshot as the very `NEW_TICKET`: a default is left out by identity."""
        return "NEW_TICKET" if self is NEW_TICKET else super().__reduce__()


NEW_TICKET = TicketCard()
"""No ticket of the customer is open: the agent begins a new one."""


class CustomerCard(msgspec.Struct, frozen=True, rename=wire_name, omit_defaults=True):
    """What an agent sees of a customer, and what routing may use (`tier`, `language`).

    `agent_id` is the agent who knows the customer: named for him, or the one he last spoke to.
    `ticket` is the customer's open one; it is not on the wire where a new one is to be begun.
    """

    customer_id: str
    name: str
    tier: str = ""
    language: str = ""
    since: Instant | None = None
    last_contacts: tuple[PastContact, ...] = ()
    agent_id: AgentId = ""
    ticket: TicketCard = NEW_TICKET


class ScreenPopped(msgspec.Struct, frozen=True, kw_only=True, rename=wire_name, omit_defaults=True):
    """The pop of one offer: who calls, why, what was keyed in; at most one for each offer."""

    CATEGORY: ClassVar[str] = "crm"

    offer_id: OfferId
    call_id: CallId
    agent_id: AgentId
    device_id: DeviceId
    match: Match
    number: str
    dialled: str
    queue: DeviceId
    waited_ms: Milliseconds
    customer: CustomerCard | None = None
    menu_path: tuple[str, ...] = ()
    collected: dict[str, Any] | None = None


CRM_EVENTS: tuple[type[msgspec.Struct], ...] = (ScreenPopped,)

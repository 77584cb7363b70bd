"""Events of small calls, as the engine would publish them, for the tests of this package."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from csta.call_events import (
    AcdInfo,
    CallCleared,
    CallEvent,
    CallInformation,
    CallLinkageData,
    CallOutcome,
    ConnectionInfo,
    Delivered,
    Durations,
    Established,
    Originated,
    Party,
    Queued,
    Transferred,
)
from csta.causes import Cause
from csta.customers import CustomerCard, Match, ScreenPopped
from csta.ids import ConnectionId
from csta.instants import Instant
from csta.states import ConnectionState
from ctiserver.core.wire import Published

CALLER = "number:+442079460018"
DIALLED = "number:+442079460100"
START: Instant = 1_700_000_000_000

_UNKNOWN = Party(not_known=True)


def published(events: Iterable[tuple[Instant, Any]], after: int = 0) -> list[Published]:
    """Number events from `after` + 1 on; each is given with its instant."""
    return [
        Published(
            sequence=sequence,
            entity_sequence=1,
            at=at,
            subject="call/any",
            partition_key="any",
            data=data,
        )
        for sequence, (at, data) in enumerate(events, start=after + 1)
    ]


def common(call: str, thread: str, **given: Any) -> dict[str, Any]:
    """Give what every call event says, an inbound call unless told otherwise."""
    return {
        "link_id": "sim1",
        "cause": Cause.NORMAL,
        "call_id": call,
        "calling_device": Party(device_identifier=CALLER),
        "called_device": Party(device_identifier=DIALLED),
        "last_redirection_device": _UNKNOWN,
        "call_linkage_data": CallLinkageData(call, thread),
        "direction": "inbound",
    } | given


def parties(*agents: str, state: ConnectionState = ConnectionState.CONNECTED) -> dict[str, Any]:
    """Give the caller and these agents, each at the station of the same number."""
    caller = ConnectionInfo("trunk:pstn", ConnectionState.CONNECTED, START)
    return {
        "connections": (
            caller,
            *(ConnectionInfo(f"station:{agent}", state, START, agent) for agent in agents),
        )
    }


def delivered(call: str, thread: str, **given: Any) -> CallEvent:
    """A call is at the number that was dialled."""
    return Delivered(alerting_device="routeing:main", **common(call, thread, **given))


def queued(call: str, thread: str, queue: str = "acd:sales") -> CallEvent:
    """A call waits."""
    return Queued(
        queue=queue, number_queued=1, calls_in_front=0, acd=AcdInfo(queue), **common(call, thread)
    )


def established(
    call: str,
    thread: str,
    *agents: str,
    waited_ms: int | None = None,
    **given: Any,
) -> CallEvent:
    """The last of the agents has answered, the others are in the call already."""
    acd = None if waited_ms is None else AcdInfo("acd:sales", waited_ms=waited_ms)
    return Established(
        answering_device=f"station:{agents[-1]}",
        acd=acd,
        **common(call, thread, **(parties(*agents) | given)),
    )


def consultation(call: str, thread: str, agent: str) -> CallEvent:
    """An agent calls another one about the call."""
    speaking = ConnectionInfo(f"station:{agent}", ConnectionState.CONNECTED, START, agent)
    return Originated(
        **common(
            call,
            thread,
            direction="internal",
            cause=Cause.CONSULTATION,
            calling_device=Party(device_identifier=f"station:{agent}"),
            called_device=Party(device_identifier="station:8"),
            connections=(speaking,),
        )
    )


def transferred(staying: str, ending: str, thread: str, giver: str, taker: str) -> CallEvent:
    """An agent hands the call on; `staying` is the call that was held."""
    return Transferred(
        primary_old_call=ConnectionId(staying, f"station:{giver}"),
        secondary_old_call=ConnectionId(ending, f"station:{giver}"),
        transferring_device=f"station:{giver}",
        transferred_to_device=f"station:{taker}",
        transferred_connections=(),
        **common(staying, thread, cause=Cause.TRANSFER, **parties(taker)),
    )


def cleared(
    call: str,
    thread: str,
    talk_ms: int = 0,
    *,
    hold_ms: int = 0,
    queue_ms: int = 0,
    outcome: CallOutcome = CallOutcome.ANSWERED,
    cause: Cause = Cause.NORMAL_CLEARING,
) -> CallCleared:
    """A call is over."""
    return CallCleared(
        durations=Durations(talk_ms=talk_ms, hold_ms=hold_ms, queue_ms=queue_ms),
        outcome=outcome,
        **common(call, thread, cause=cause),
    )


def noted(call: str, thread: str, *, after_call: bool = False, **data: object) -> CallInformation:
    """An agent writes something down."""
    return CallInformation(
        link_id="sim1",
        call_id=call,
        call_linkage_data=CallLinkageData(call, thread),
        call_qualifying_data=data,
        changed=("callQualifyingData",),
        after_call=after_call,
    )


def popped(call: str, customer: CustomerCard | None = None, **given: Any) -> ScreenPopped:
    """The customer is on the agent's screen."""
    fields: dict[str, Any] = {
        "offer_id": f"o-{call}",
        "call_id": call,
        "agent_id": "7",
        "device_id": "station:7",
        "match": Match.NONE if customer is None else Match.ONE,
        "number": "+442079460018",
        "dialled": "+442079460100",
        "queue": "acd:sales",
        "waited_ms": 0,
        "customer": customer,
    }
    return ScreenPopped(**(fields | given))


def whole_call(
    thread: str, begins_at: Instant = START, customer: CustomerCard | None = None
) -> list[tuple[Instant, Any]]:
    """An answered call of 70 seconds, from its first event to the note written after it."""
    call = f"c-{thread}"
    return [
        (begins_at, delivered(call, thread)),
        (begins_at + 2_000, queued(call, thread)),
        (begins_at + 9_000, popped(call, customer)),
        (begins_at + 10_000, established(call, thread, "7", waited_ms=8_000)),
        (begins_at + 70_000, cleared(call, thread, 60_000, queue_ms=8_000)),
        (begins_at + 75_000, noted(call, thread, after_call=True, result="sold", reason="order")),
    ]

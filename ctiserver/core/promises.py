"""A callback as the engine has it: who asked, and the call of the present attempt."""

from __future__ import annotations

from acd.decisions import Offer
from csta.callback_events import CallbackState
from csta.ids import CallbackId, DeviceId, QueueName, device
from ctiserver.core.calls import Call, Connection
from ctiserver.core.contacts import Contact


class Promise:
    """One callback; `asked` is the contact of the call that asked, which is over by now."""

    __slots__ = (
        "agent",
        "asked",
        "call",
        "callback_id",
        "customer",
        "offer",
        "queue",
        "state",
    )

    def __init__(self, callback_id: CallbackId, asked: Contact, queue: QueueName) -> None:
        """Begin without an attempt."""
        self.callback_id = callback_id
        self.asked = asked
        self.queue: DeviceId = device("acd", queue)
        self.state = CallbackState.REQUESTED
        self.call: Call | None = None
        self.agent: Connection | None = None
        self.customer: Connection | None = None
        self.offer: Offer | None = None
        """The offer to the agent, until he answers."""

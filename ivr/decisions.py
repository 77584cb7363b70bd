"""What one caller's walk decides. Every walk ends with exactly one `Ended`."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec

from csta.ids import AgentId, DeviceId, QueueName
from csta.instants import Milliseconds


class EndReason(StrEnum):
    """Why a walk is over."""

    QUEUED = "queued"
    TRANSFERRED = "transferred"
    HUNG_UP = "hungUp"
    CALLER_GONE = "callerGone"
    LIMIT = "limit"


class Visited(msgspec.Struct, frozen=True, tag=True):
    """The caller has come to this node."""

    node: str


class Play(msgspec.Struct, frozen=True, tag=True):
    """Play a prompt; `PlayEnded` with the same id is expected unless it is stopped."""

    play_id: str
    uri: str


class StopPlay(msgspec.Struct, frozen=True, tag=True):
    """Stop the prompt that is playing: the caller has pressed a key, or the walk is over."""

    play_id: str


class Collected(msgspec.Struct, frozen=True, tag=True):
    """The caller keyed in a value; a secret one must not be shown, logged or handed on."""

    name: str
    value: str
    secret: bool


class EnterQueue(msgspec.Struct, frozen=True, tag=True):
    """Let the call wait in a queue.

    `skills` are required beside the queue's own; `data` is what the agent gets to see: all that
    was collected, without secrets, and what the node adds. For `preferred_ms` the call is kept for
    the `preferred` agents, in their order.
    """

    queue: QueueName
    priority: int
    skills: dict[str, int]
    data: dict[str, str]
    preferred: tuple[AgentId, ...] = ()
    preferred_ms: Milliseconds = 0


class TransferTo(msgspec.Struct, frozen=True, tag=True):
    """Send the call to a device."""

    device: DeviceId


class HangUp(msgspec.Struct, frozen=True, tag=True):
    """Clear the call."""


class Ended(msgspec.Struct, frozen=True, tag=True):
    """The walk is over and decides nothing any more."""

    reason: EndReason


Decision: TypeAlias = (
    Visited | Play | StopPlay | Collected | EnterQueue | TransferTo | HangUp | Ended
)

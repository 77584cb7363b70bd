"""What a client of the API is told when something is not done, and whether it may have happened."""

from __future__ import annotations

from typing import Any

import msgspec

from csta.errors import Outcome
from csta.ids import wire_name
from csta.instants import Milliseconds


class ClientError(Exception):
    """Whatever the client library raises."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True, rename=wire_name):
    """Why a request is refused: a problem object (cti-api §7.7).

    Plain texts, not our enums: a newer server may use words that this client does not know.
    """

    type: str = "about:blank"
    title: str = ""
    status: int = 0
    category: str = "unspecified"
    value: str = ""
    detail: str = ""
    outcome: str = Outcome.UNKNOWN
    retryable: bool = False
    retry_after_ms: Milliseconds | None = None
    request_id: str | None = msgspec.field(name="requestId", default=None)
    current: dict[str, Any] | None = None


class RefusedError(ClientError):
    """The server has refused a request; `problem.outcome` says whether it happened all the same."""

    def __init__(self, service: str, problem: Refusal) -> None:
        """Keep the problem."""
        super().__init__(f"{service}: {problem.value}: {problem.detail or problem.title}")
        self.service = service
        self.problem = problem


class NoAnswerError(ClientError):
    """A request has had no answer: `outcome` is notExecuted if it was never sent, else unknown."""

    def __init__(self, service: str, why: str, outcome: Outcome) -> None:
        """Say why there is none."""
        super().__init__(f"{service}: {why} (outcome: {outcome})")
        self.service = service
        self.outcome = outcome


class RequestTooLargeError(ClientError):
    """A request is longer than the server takes; nothing was sent."""


class NotConnectedError(ClientError):
    """There is no server at this address, or it does not speak this protocol."""


class NotAdmittedError(ClientError):
    """The server does not want this client: `code` is that of its goodbye (cti-api §7.3.6)."""

    def __init__(self, code: int, reason: str) -> None:
        """Keep the server's words."""
        super().__init__(f"goodbye {code}: {reason}")
        self.code = code
        self.reason = reason


class ClosedError(ClientError):
    """The client is closed; nothing can be asked of it any more."""

"""What is refused, and how it is said: requests (cti-api §7.7) and files that people write."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from csta.ids import wire_name


class ErrorCategory(StrEnum):
    """Error categories of ECMA-323 (CSTA error codes), and `cti` for our own."""

    OPERATION = "operation"
    STATE_INCOMPATIBILITY = "stateIncompatibility"
    SYSTEM_RESOURCE_AVAILABILITY = "systemResourceAvailability"
    SUBSCRIBED_RESOURCE_AVAILABILITY = "subscribedResourceAvailability"
    PERFORMANCE_MANAGEMENT = "performanceManagement"
    SECURITY = "security"
    PRIVATE_DATA = "privateData"
    UNSPECIFIED = "unspecified"
    CTI = "cti"


class ErrorValue(StrEnum):
    """The values that we answer with; the literals are ECMA-323's, the last block is ours."""

    INVALID_PARAMETER_VALUE = "invalidParameterValue"
    INVALID_DEVICE_ID = "invalidDeviceID"
    INVALID_CALL_ID = "invalidCallID"
    INVALID_CONNECTION_ID = "invalidConnectionID"
    INVALID_DESTINATION = "invalidDestination"
    INVALID_MONITOR_CROSS_REF_ID = "invalidMonitorCrossRefID"
    OBJECT_NOT_KNOWN = "objectNotKnown"
    INVALID_AGENT_IDENTIFIER = "invalidAgentIdentifier"
    INVALID_AGENT_PASSWORD = "invalidAgentPassword"  # noqa: S105 - a literal of ECMA-323
    SERVICE_NOT_SUPPORTED = "serviceNotSupported"
    PARAMETER_NOT_SUPPORTED = "parameterNotSupported"
    REQUEST_INCOMPATIBLE_WITH_OBJECT = "requestIncompatibleWithObject"
    SECURITY_VIOLATION = "securityViolation"
    ROUTEING_TIMER_EXPIRED = "routeingTimerExpired"
    INVALID_CONNECTION_STATE = "invalidConnectionState"
    INVALID_DEVICE_STATE = "invalidDeviceState"
    NO_ACTIVE_CALL = "noActiveCall"
    NO_HELD_CALL = "noHeldCall"
    NO_CALL_TO_ANSWER = "noCallToAnswer"
    NO_CALL_TO_CLEAR = "noCallToClear"
    CONNECTED_CALL_EXISTS = "connectedCallExists"
    INVALID_AGENT_STATE = "invalidAgentState"
    RESOURCE_BUSY = "resourceBusy"
    NETWORK_BUSY = "networkBusy"
    DEVICE_OUT_OF_SERVICE = "deviceOutOfService"
    RESOURCE_OUT_OF_SERVICE = "resourceOutOfService"
    NETWORK_OUT_OF_ORDER = "networkOutOfService"
    NO_MEDIA_CHANNELS_AVAILABLE = "noMediaChannelsAvailable"
    CONFERENCE_MEMBER_LIMIT_EXCEEDED = "conferenceMemberLimitExceeded"
    OBJECT_MONITOR_LIMIT_EXCEEDED = "objectMonitorLimitExceeded"
    OUTSTANDING_REQ_LIMIT_EXCEEDED = "outstandingReqLimitExceeded"
    TRUNK_LIMIT_EXCEEDED = "trunkLimitExceeded"
    PERFORMANCE_LIMIT_EXCEEDED = "performanceLimitExceeded"
    SEQUENCE_NUMBER_VIOLATED = "sequenceNumberViolated"
    TIME_STAMP_VIOLATED = "timeStampViolated"
    SECURITY_INFO_VIOLATED = "securityInfoViolated"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    LINK_DOWN = "linkDown"
    LINK_TIMEOUT = "linkTimeout"
    IDEMPOTENCY_KEY_REUSED = "idempotencyKeyReused"
    REQUEST_IN_PROGRESS = "requestInProgress"
    FRAME_TOO_LARGE = "frameTooLarge"
    SLOW_CONSUMER = "slowConsumer"
    EPOCH_CHANGED = "epochChanged"
    RATE_LIMITED = "rateLimited"


class Outcome(StrEnum):
    """What became of a refused or failed command: the client's guide to trying again."""

    EXECUTED = "executed"
    NOT_EXECUTED = "notExecuted"
    UNKNOWN = "unknown"


class Current(msgspec.Struct, frozen=True, rename=wire_name, omit_defaults=True):
    """The state that stood in the way, and what may be asked for instead."""

    local_connection_info: str | None = None
    agent_state: str | None = None
    services_permitted: tuple[str, ...] = ()


class CtiError(Exception):
    """A request that is refused before anything changes (cti-api §7.7)."""

    def __init__(
        self,
        category: ErrorCategory,
        value: ErrorValue,
        detail: str,
        *,
        current: Current | None = None,
        outcome: Outcome = Outcome.NOT_EXECUTED,
    ) -> None:
        """Say why, to a program (category and value) and to a person (detail)."""
        super().__init__(detail)
        self.category = category
        self.value = value
        self.detail = detail
        self.current = current
        self.outcome = outcome


class ConfigError(Exception):
    """A file that people write has a fault: what, where, and what to write instead."""

    def __init__(self, file: str, line: int, key: str, problem: str, remedy: str) -> None:
        """Name the file, the line (from 1), the key, the fault and the mend."""
        super().__init__(problem)
        self.file = file
        self.line = line
        self.key = key
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        """Write the three lines that a person reads: what, where, what to do."""
        where = f"{self.file}:{self.line}" + (f" at '{self.key}'" if self.key else "")
        return f"{self.problem}\n  where: {where}\n  write: {self.remedy}"

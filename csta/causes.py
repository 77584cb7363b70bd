"""Why something happened: ECMA-323 EventCause literals, and what switches say instead."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Cause(StrEnum):
    """The event causes that we use (ECMA-323 EventCause; cti-api §7.10.4)."""

    ACD_BUSY = "aCDBusy"
    ACTIVE_PARTICIPATION = "activeParticipation"
    ALERT_TIME_EXPIRED = "alertTimeExpired"
    ALTERNATE = "alternate"
    AUTO_WORK = "autoWork"
    BLOCKED = "blocked"
    BUSY = "busy"
    CALL_BACK = "callBack"
    CALL_CANCELLED = "callCancelled"
    CALL_FORWARD = "callForward"
    CALL_FORWARD_BUSY = "callForwardBusy"
    CALL_FORWARD_IMMEDIATE = "callForwardImmediate"
    CALL_FORWARD_NO_ANSWER = "callForwardNoAnswer"
    CALL_NOT_ANSWERED = "callNotAnswered"
    CALL_PICKUP = "callPickup"
    CONFERENCE = "conference"
    CONSULTATION = "consultation"
    DEST_DETECTED = "destDetected"
    DEST_NOT_OBTAINABLE = "destNotObtainable"
    DEST_OUT_OF_ORDER = "destOutOfOrder"
    DISTRIBUTED = "distributed"
    DO_NOT_DISTURB = "doNotDisturb"
    DTMF_DIGIT_DETECTED = "dTMFDigitDetected"
    DURATION_EXCEEDED = "durationExceeded"
    EMPTY_QUEUE = "emptyQueue"
    END_OF_MESSAGE_DETECTED = "endOfMessageDetected"
    ENTERING_DISTRIBUTION = "enteringDistribution"
    FORCED_PAUSE = "forcedPause"
    FORCED_TRANSITION = "forcedTransition"
    INCOMPATIBLE_DESTINATION = "incompatibleDestination"
    INTRUDE = "intrude"
    INVALID_NUMBER_FORMAT = "invalidNumberFormat"
    JOIN_CALL = "joinCall"
    MAKE_CALL = "makeCall"
    MAKE_PREDICTIVE_CALL = "makePredictiveCall"
    MULTIPLE_ALERTING = "multipleAlerting"
    NETWORK_CONGESTION = "networkCongestion"
    NETWORK_NOT_OBTAINABLE = "networkNotObtainable"
    NETWORK_OUT_OF_ORDER = "networkOutOfOrder"
    NETWORK_SIGNAL = "networkSignal"
    NEW_CALL = "newCall"
    NO_AVAILABLE_AGENTS = "noAvailableAgents"
    NORMAL = "normal"
    NORMAL_CLEARING = "normalClearing"
    NOT_AVAILABLE_BEARER_SERVICE = "notAvailableBearerService"
    NOT_SUPPORTED_BEARER_SERVICE = "notSupportedBearerService"
    NUMBER_CHANGED = "numberChanged"
    NUMBER_UNALLOCATED = "numberUnallocated"
    OVERFLOW = "overflow"
    PARK = "park"
    QUEUE_CLEARED = "queueCleared"
    QUEUE_TIME_OVERFLOW = "queueTimeOverflow"
    RECALL = "recall"
    REDIRECTED = "redirected"
    REMAINS_IN_QUEUE = "remainsInQueue"
    RESOURCES_NOT_AVAILABLE = "resourcesNotAvailable"
    SELECTED_TRUNK_BUSY = "selectedTrunkBusy"
    SILENT_PARTICIPATION = "silentParticipation"
    SINGLE_STEP_CONFERENCE = "singleStepConference"
    SINGLE_STEP_TRANSFER = "singleStepTransfer"
    SUSPEND = "suspend"
    SWITCHING_FUNCTION_TERMINATED = "switchingFunctionTerminated"
    TIMEOUT = "timeout"
    TRANSFER = "transfer"
    TRUNKS_BUSY = "trunksBusy"
    UNAUTHORISED_BEARER_SERVICE = "unauthorisedBearerService"


BY_Q850: Mapping[int, Cause] = MappingProxyType(
    {
        1: Cause.NUMBER_UNALLOCATED,
        2: Cause.NETWORK_NOT_OBTAINABLE,
        3: Cause.NETWORK_NOT_OBTAINABLE,
        16: Cause.NORMAL_CLEARING,
        17: Cause.BUSY,
        18: Cause.CALL_NOT_ANSWERED,
        19: Cause.CALL_NOT_ANSWERED,
        20: Cause.DEST_NOT_OBTAINABLE,
        21: Cause.BLOCKED,
        22: Cause.NUMBER_CHANGED,
        26: Cause.MULTIPLE_ALERTING,
        27: Cause.DEST_OUT_OF_ORDER,
        28: Cause.INVALID_NUMBER_FORMAT,
        34: Cause.TRUNKS_BUSY,
        38: Cause.NETWORK_OUT_OF_ORDER,
        41: Cause.RESOURCES_NOT_AVAILABLE,
        42: Cause.NETWORK_CONGESTION,
        44: Cause.SELECTED_TRUNK_BUSY,
        47: Cause.RESOURCES_NOT_AVAILABLE,
        57: Cause.UNAUTHORISED_BEARER_SERVICE,
        58: Cause.NOT_AVAILABLE_BEARER_SERVICE,
        65: Cause.NOT_SUPPORTED_BEARER_SERVICE,
        88: Cause.INCOMPATIBLE_DESTINATION,
        102: Cause.TIMEOUT,
        127: Cause.CALL_CANCELLED,
    }
)
"""What a numeric release cause (ITU-T Q.850) means here; anything else is `normal`."""

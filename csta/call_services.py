"""Services of call control and call-associated services (ECMA-269 §17.1, §18.1; cti-api §7.6)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct, field

from csta.call_events import CallCharacteristics
from csta.causes import Cause
from csta.ids import AgentId, ConnectionId, DeviceId, wire_name
from csta.instants import SECOND, Milliseconds
from csta.service_request import CallObject, CorrelatorData, ServiceRequest

Digits = Annotated[str, Meta(pattern="^[0-9A-D*#]+$")]
Number = Annotated[str, Meta(min_length=1, max_length=128)]


class AutoOriginate(StrEnum):
    """Whether the caller's own device is rung first, or goes off hook by itself."""

    PROMPT = "prompt"
    DO_NOT_PROMPT = "doNotPrompt"


class ConsultOptions(StrEnum):
    """What a consultation may become."""

    UNRESTRICTED = "unrestricted"
    CONSULT_ONLY = "consultOnly"
    TRANSFER_ONLY = "transferOnly"
    CONFERENCE_ONLY = "conferenceOnly"


class ParticipationType(StrEnum):
    """How a device takes part in a conference; `coach` (ext) is heard by the agent only."""

    ACTIVE = "active"
    SILENT = "silent"
    NONE = "none"
    COACH = "coach"


class SignallingCondition(StrEnum):
    """What is to happen at the called side before a predictive call goes on."""

    CALL_DELIVERED = "callDelivered"
    CALL_ESTABLISHED = "callEstablished"


class SignallingConditionsAction(StrEnum):
    """What a predictive call does then: find out who answers, or simply go on."""

    DESTINATION_DETECTION = "destinationDetection"
    REMAIN_CONNECTED = "remainConnected"


class DestinationCondition(StrEnum):
    """Who or what answers a predictive call."""

    HUMAN_VOICE = "humanVoice"
    ANSWERING_MACHINE = "answeringMachine"
    FACSIMILE_MACHINE = "facsimileMachine"


class DetectionAction(StrEnum):
    """What a predictive call does with who or what answers."""

    CLEAR_CALLED_CONNECTION = "clearCalledConnection"
    REMAIN_CONNECTED = "remainConnected"


class SignallingDetection(Struct, frozen=True, rename=wire_name, forbid_unknown_fields=True):
    """A condition of the called side, and what follows from it."""

    signalling_condition: SignallingCondition
    signalling_conditions_action: SignallingConditionsAction


class DetectionItem(Struct, frozen=True, rename=wire_name, forbid_unknown_fields=True):
    """Who or what answers, and what follows from it."""

    destination_condition: DestinationCondition
    detection_action: DetectionAction


class AcceptCall(ServiceRequest, frozen=True, kw_only=True):
    """Let an offered call ring."""

    call_to_be_accepted: ConnectionId


class AlternateCall(ServiceRequest, frozen=True, kw_only=True):
    """Put the active call on hold and take the held one back, in one step."""

    held_call: ConnectionId
    active_call: ConnectionId


class AnswerCall(ServiceRequest, frozen=True, kw_only=True):
    """Answer an alerting call."""

    call_to_be_answered: ConnectionId


class CallBack(ServiceRequest, frozen=True, kw_only=True):
    """Ask the switch to ring back when a busy device is free."""

    callback_connection: ConnectionId


class CamponCall(ServiceRequest, frozen=True, kw_only=True):
    """Wait in the line of a busy device."""

    campon_connection: ConnectionId


class CancelCallBack(ServiceRequest, frozen=True, kw_only=True):
    """Take back a call-back."""

    originating_device: DeviceId
    target_device: DeviceId


class ChangeQueuedCall(ServiceRequest, frozen=True, kw_only=True):
    """Change what a call that waits in a queue needs, or where it stands (ext, features R19).

    `skills` are least levels beside the queue's own; what is left out stays as it is.
    """

    queued_call: CallObject
    priority: Annotated[int, Meta(ge=-100, le=100)] | None = None
    skills: dict[str, Annotated[int, Meta(ge=1, le=10)]] | None = None


class ClearCall(ServiceRequest, frozen=True, kw_only=True):
    """End a call for everybody in it."""

    call_to_be_cleared: CallObject
    reason: Cause | None = None


class ClearConnection(ServiceRequest, frozen=True, kw_only=True):
    """Take one device out of a call."""

    connection_to_be_cleared: ConnectionId
    reason: Cause | None = None
    correlator_data: CorrelatorData | None = None


class ConferenceCall(ServiceRequest, frozen=True, kw_only=True):
    """Make one call of a held and an active one."""

    held_call: ConnectionId
    active_call: ConnectionId


class ConsultationCall(ServiceRequest, frozen=True, kw_only=True):
    """Put a call on hold and ring somebody else."""

    existing_call: ConnectionId
    consulted_device: Number
    consult_options: ConsultOptions = ConsultOptions.UNRESTRICTED
    correlator_data: CorrelatorData | None = None
    user_data: str | None = None


class DeflectCall(ServiceRequest, frozen=True, kw_only=True):
    """Send an alerting or queued call to another device."""

    call_to_be_diverted: ConnectionId
    new_destination: Number
    reason: Cause | None = None
    correlator_data: CorrelatorData | None = None


class DialDigits(ServiceRequest, frozen=True, kw_only=True):
    """Dial on a connection that is initiated."""

    dialling_connection: ConnectionId
    dialling_sequence: Number


class DirectedPickupCall(ServiceRequest, frozen=True, kw_only=True):
    """Answer at one device a call that alerts at another."""

    call_to_be_picked_up: ConnectionId
    requesting_device: DeviceId


class GroupPickupCall(ServiceRequest, frozen=True, kw_only=True):
    """Answer at one device a call that alerts in its pick-up group."""

    new_destination: DeviceId
    pick_group: DeviceId | None = None


class HoldCall(ServiceRequest, frozen=True, kw_only=True):
    """Put a call on hold."""

    call_to_be_held: ConnectionId
    connection_reservation: bool = False


class IntrudeCall(ServiceRequest, frozen=True, kw_only=True):
    """Break in on the call of a busy device; `joining_device` (ext) is who breaks in."""

    intrude: ConnectionId
    joining_device: DeviceId | None = None
    participation_type: ParticipationType = ParticipationType.ACTIVE


class JoinCall(ServiceRequest, frozen=True, kw_only=True):
    """Join a device to an active call."""

    active_call: ConnectionId
    joining_device: DeviceId | None = None
    participation_type: ParticipationType = ParticipationType.ACTIVE


class MakeCall(ServiceRequest, frozen=True, kw_only=True):
    """Ring somebody from a device. `caller_id` and `timeout_ms` are extensions."""

    calling_device: DeviceId
    called_directory_number: Number
    auto_originate: AutoOriginate = AutoOriginate.PROMPT
    correlator_data: CorrelatorData | None = None
    user_data: str | None = None
    call_characteristics: CallCharacteristics | None = None
    account_code: str | None = None
    auth_code: str | None = None
    subject_of_call: str | None = None
    caller_id: str | None = None
    timeout_ms: Annotated[Milliseconds, Meta(gt=0)] = 30 * SECOND


class MakePredictiveCall(ServiceRequest, frozen=True, kw_only=True):
    """Ring somebody first and bring the call to a queue or routeing device then."""

    calling_device: DeviceId
    called_directory_number: Number
    signalling_detection: SignallingDetection | None = None
    destination_detection: tuple[DetectionItem, ...] = ()
    default_action: DetectionAction = DetectionAction.REMAIN_CONNECTED
    alert_time_ms: Annotated[Milliseconds, Meta(gt=0)] | None = field(
        name="alertTime", default=None
    )
    correlator_data: CorrelatorData | None = None


class ParkCall(ServiceRequest, frozen=True, kw_only=True):
    """Leave a call at a parking place."""

    parking: ConnectionId
    park_to: DeviceId


class PickQueuedCall(ServiceRequest, frozen=True, kw_only=True):
    """Offer a chosen waiting call to a ready agent, whatever its turn is (ext, features R30)."""

    queued_call: CallObject
    agent_id: AgentId


class ReconnectCall(ServiceRequest, frozen=True, kw_only=True):
    """Clear the active call and take the held one back, in one step."""

    active_call: ConnectionId
    held_call: ConnectionId


class RetrieveCall(ServiceRequest, frozen=True, kw_only=True):
    """Take a call back from hold."""

    call_to_be_retrieved: ConnectionId


class SingleStepConferenceCall(ServiceRequest, frozen=True, kw_only=True):
    """Add a device to a call at once."""

    active_call: ConnectionId
    device_to_join: DeviceId
    participation_type: ParticipationType = ParticipationType.ACTIVE


class SingleStepTransferCall(ServiceRequest, frozen=True, kw_only=True):
    """Hand a call on without asking (a blind transfer)."""

    active_call: ConnectionId
    transferred_to: Number
    correlator_data: CorrelatorData | None = None
    reason: Cause | None = None


class TransferCall(ServiceRequest, frozen=True, kw_only=True):
    """Join the far ends of a held and an active call, and leave."""

    held_call: ConnectionId
    active_call: ConnectionId


class AssociateData(ServiceRequest, frozen=True, kw_only=True):
    """Attach data to a call, while it lasts or for a quarter of an hour after it (ext)."""

    existing_call: CallObject
    correlator_data: CorrelatorData | None = None
    account_code: str | None = None
    call_qualifying_data: CorrelatorData | None = None


class GenerateDigits(ServiceRequest, frozen=True, kw_only=True):
    """Send digits into a call."""

    connection_to_send_digits: ConnectionId
    characters_to_send: Digits
    tone_duration_ms: Annotated[Milliseconds, Meta(gt=0)] | None = field(
        name="toneDuration", default=None
    )
    pause_duration_ms: Annotated[Milliseconds, Meta(ge=0)] | None = field(
        name="pauseDuration", default=None
    )


class SendUserInformation(ServiceRequest, frozen=True, kw_only=True):
    """Send a few bytes (base 64) to the other party."""

    existing_call: ConnectionId
    user_data: str


CALL_CONTROL_SERVICES: tuple[type[ServiceRequest], ...] = (
    AcceptCall,
    AlternateCall,
    AnswerCall,
    CallBack,
    CamponCall,
    CancelCallBack,
    ChangeQueuedCall,
    ClearCall,
    ClearConnection,
    ConferenceCall,
    ConsultationCall,
    DeflectCall,
    DialDigits,
    DirectedPickupCall,
    GroupPickupCall,
    HoldCall,
    IntrudeCall,
    JoinCall,
    MakeCall,
    MakePredictiveCall,
    ParkCall,
    PickQueuedCall,
    ReconnectCall,
    RetrieveCall,
    SingleStepConferenceCall,
    SingleStepTransferCall,
    TransferCall,
)

CALL_ASSOCIATED_SERVICES: tuple[type[ServiceRequest], ...] = (
    AssociateData,
    GenerateDigits,
    SendUserInformation,
)

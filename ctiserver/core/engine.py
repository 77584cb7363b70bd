"""The whole call centre as one core: observations, requests and look-ups in, decisions out.

One engine has one writer: every routing decision is taken in one single-threaded step, which is
why an agent can never be offered two calls and why the log of inputs rebuilds everything.
"""

from __future__ import annotations

from acd.distributor import Distributor
from agents.directory import Directory
from csta.errors import CtiError
from csta.ids import CallId, DeviceId
from csta.instants import Instant
from csta.system_events import ApplicationSessionTerminated, AuditCommand, WebhookSuspended
from ctiserver.core import audit_records
from ctiserver.core.call_model import CallModel
from ctiserver.core.calls import Call
from ctiserver.core.config import EngineConfig
from ctiserver.core.contacts import Contact
from ctiserver.core.data_collections import DataCollections
from ctiserver.core.device_features import DeviceFeatures
from ctiserver.core.flow_walks import FlowWalks
from ctiserver.core.forwarding import Forwarding
from ctiserver.core.inputs import (
    Audited,
    Configured,
    EngineInput,
    LookedUp,
    Observed,
    Requested,
    SessionEnded,
    WebhookFailed,
)
from ctiserver.core.leading import Leading
from ctiserver.core.monitor import Monitor
from ctiserver.core.numbering import Numbering
from ctiserver.core.observations import Observations
from ctiserver.core.outbox import EngineDecision, Outbox, Reply
from ctiserver.core.parking import Parking
from ctiserver.core.parties import Parties
from ctiserver.core.phone_transfers import PhoneTransfers
from ctiserver.core.phones import follow_phones
from ctiserver.core.predictive import PredictiveCalls
from ctiserver.core.prompts import Prompts
from ctiserver.core.queue_status import QueueStatuses
from ctiserver.core.queueing import Queueing
from ctiserver.core.reachability import Reachability
from ctiserver.core.reconfiguring import Reconfiguring
from ctiserver.core.recordings import Recordings
from ctiserver.core.requests import Requests
from ctiserver.core.resynchronising import Resynchronising
from ctiserver.core.ringback import Ringback
from ctiserver.core.routeing import Routeing
from ctiserver.core.supervision import Supervision
from ctiserver.core.switch_link import AnyObservation
from ctiserver.core.voice_requests import VoiceRequests
from ctiserver.core.wakings import Wakings


class Engine:
    """Call model, flows, ACD and requests of one centre, and the order in which they act."""

    def __init__(self, config: EngineConfig) -> None:
        """Start with no calls and nobody logged on."""
        self.config = config
        self.out = Outbox()
        self.directory = Directory(config.agents, config.link_id)
        self.acd = Distributor(config.acd, self.directory)
        self.model = CallModel(self.out, config.link_id, self._agent_at)
        self.parties = Parties(self.out, self.model, config.answer_ms_max)
        self.leading = leading = Leading(self)
        self.parties.on_stranded = leading.help_stranded
        self.parties.on_left = leading.give_up_place
        self.prompts = prompts = Prompts(self.out, config.link_id)
        self.queueing = Queueing(self.acd, self.parties, prompts)
        self.announcing = self.queueing.announcing
        self.queueing.exits.on_divert = leading.divert
        self.walks = FlowWalks(config.flows, config.voice_units, self.parties, prompts, self.acd)
        self.walks.on_queue = self.queueing.enter
        self.walks.on_transfer = leading.transfer_from_flow
        self.queueing.before_entry = self.walks.leave_entry
        self.reachability = Reachability(
            self.out, self.directory, self.queueing.tell, config.link_id
        )
        self.features = DeviceFeatures(self)
        self.reachability.closed = self.features.closed
        self.parties.answers_by_itself = self.features.answers_by_itself
        self.forwarding, self.parking = Forwarding(self), Parking(self)
        self.numbering = Numbering(config)
        self.routeing = Routeing(self)
        self.predictive = PredictiveCalls(self)
        self.supervision = Supervision(self)
        self.voice = VoiceRequests(self)
        self.collections = DataCollections(self)
        self.recordings = Recordings(self)
        self.model.before_end = self._before_end
        self.walks.on_gone_on = self.recordings.look
        self.contacts: dict[CallId, Contact] = {}
        self.queueing.contacts = self.contacts
        self.requests = Requests(self)
        self.second_steps = self.requests.calls.second_steps
        self.phone_transfers = PhoneTransfers(self)
        self.ringback = Ringback(self)
        self.reconfiguring = Reconfiguring(self)
        self.monitor = Monitor(self)
        every_ms = config.queue_status_ms
        self.queue_statuses = QueueStatuses(self, every_ms) if every_ms else None
        self._wakings = self._deadlines()
        self.resynchronising = Resynchronising(self)
        self.observations = Observations(self)

    def _deadlines(self) -> Wakings:
        """Say who acts on which deadlines, and in which order."""
        statuses = self.queue_statuses
        return Wakings(
            (self._wake_acd, self.acd.floor.agenda),
            (self.announcing.wake, self.announcing.deadlines),
            (self.queueing.whispering.wake, self.queueing.whispering.deadlines),
            (self.walks.wake, self.walks.deadlines),
            (self.routeing.wake, self.routeing.deadlines),
            (self.predictive.wake, self.predictive.deadlines),
            (self.voice.wake, self.voice.deadlines),
            (self.collections.wake, self.collections.deadlines),
            (self.second_steps.overdue, self.second_steps.deadlines),
            (self.forwarding.wake, self.forwarding.deadlines),
            (self.parking.wake, self.parking.deadlines),
            (self._wake_parties, self.parties.unanswered),
            *(((statuses.wake, statuses.deadlines),) if statuses is not None else ()),
            (self.monitor.wake, self.monitor.deadlines),  # the last: it looks for what is overdue
            on_fault=self.monitor.failed,
        )

    def handle(self, event: EngineInput, now: Instant) -> list[EngineDecision]:
        """Take in one input: what it decides is in the order in which it came about."""
        self.out.now = now
        self.monitor.begins(event)
        try:
            if isinstance(event, Observed):
                self.observe(event.what)
            elif isinstance(event, LookedUp):
                self._looked_up(event)
            elif isinstance(event, SessionEnded):
                self._session_ended(event)
            elif isinstance(event, Audited):
                self._tell_trail(audit_records.of_outside(self.config.link_id, event))
            elif isinstance(event, WebhookFailed):
                self._tell_of_webhook(event)
            else:
                self._request(event)
        except Exception as error:  # noqa: BLE001 - the monitor decides what it means
            self.monitor.failed(event, error)
        return self._finish_step()

    def wake_at(self) -> Instant | None:
        """Give the instant that matters next to the ACD, a walk or a leg under way."""
        return self._wakings.next_at()

    def wake(self, now: Instant) -> list[EngineDecision]:
        """Act on every deadline that has come."""
        self.out.now = now
        self.monitor.begins(None)
        self.monitor.due_at(self.acd.wake_at())
        self._wakings.wake(now)
        return self._finish_step()

    def _wake_acd(self, now: Instant) -> None:
        self.queueing.perform(self.acd.wake(now))

    def _wake_parties(self, now: Instant) -> None:
        for gone in self.parties.overdue(now):
            self.observe(gone)

    def _finish_step(self) -> list[EngineDecision]:
        """Let agents follow their phones, keep the names of ended calls, hand out the decisions."""
        try:
            self.follow()
        except Exception as error:  # noqa: BLE001 - the monitor decides what it means
            self.monitor.failed(None, error)
        self.monitor.look()
        decisions = self.out.take()
        if self.queue_statuses is not None:
            self.queue_statuses.note(decisions, self.out.now)
        return decisions

    def follow(self) -> None:
        """Let callbacks and agents follow what has become of calls and phones."""
        if self.queueing.calling_back.promises:
            self.queueing.calling_back.look_again()
        if self.parking.by_call:
            self.parking.follow()
        if self.supervision.watches or self.voice.plays or self.collections.by_leg:
            self.supervision.follow()
            self.voice.follow()
            self.collections.follow()
        if self.recordings.by_call:
            self.recordings.follow(self.model.changed)
        self.model.changed.clear()
        if self.model.touched:
            follow_phones(self)
        for call in self.model.ended:
            self.requests.data.remember(call)
        self.model.ended.clear()

    def _before_end(self, call: Call) -> None:
        """End what goes with a call before the call is told as over."""
        self.forwarding.call_ends(call)
        self.parking.call_ends(call)
        self.supervision.call_ends(call)
        self.voice.call_ends(call)
        self.collections.call_ends(call)
        self.recordings.call_ends(call)

    # Requests and look-ups.

    def _request(self, event: Requested | Configured) -> None:
        self.out.request_id, self.out.principal = event.request_id, event.principal
        reply: Reply | None = None
        try:
            result = (
                self.reconfiguring.configure(event)
                if isinstance(event, Configured)
                else self.requests.carry_out(event)
            )
            reply = Reply(event.request_id, result=result)
        except CtiError as error:
            reply = Reply(event.request_id, error=error)
        finally:
            if self.config.audits_requests:
                refused = None if reply is None else reply.error
                link_id, done = self.config.link_id, reply is not None
                self._tell_trail(audit_records.of_request(link_id, event, refused, done=done))
        self.out.decide(reply)
        self.out.request_id = self.out.principal = None

    def _tell_trail(self, record: AuditCommand | None) -> None:
        if record is not None:
            self.out.publish(audit_records.SUBJECT, audit_records.SUBJECT, record)

    def _session_ended(self, event: SessionEnded) -> None:
        self.routeing.session_ended(event.session_id)
        if event.reason in ("administrator", "expired"):
            told = ApplicationSessionTerminated(
                link_id=self.config.link_id,
                session_id=event.session_id,
                principal=event.principal,
                reason=event.reason,
            )
            self.out.publish("system/sessions", event.session_id, told)

    def _tell_of_webhook(self, event: WebhookFailed) -> None:
        told = WebhookSuspended(
            link_id=self.config.link_id,
            webhook_id=event.webhook_id,
            taken_up_to=event.taken_up_to,
            failing_since=event.failing_since,
            reason=event.reason,
        )
        subject = f"webhook/{event.webhook_id}"
        self.out.publish(subject, subject, told)
        self.out.forget(subject)

    def _looked_up(self, event: LookedUp) -> None:
        contact = self.contacts.get(event.call_id)
        if contact is None:
            return
        contact.looked_up = True
        contact.match, contact.customer = event.match, event.customer
        self.walks.looked_up(contact)
        self.queueing.pop(contact)
        self.queueing.known(contact)

    def observe(self, what: AnyObservation) -> None:
        """Take in what the switch says."""
        self.observations.take(what)

    def _agent_at(self, device_id: DeviceId) -> str | None:
        agent = self.directory.at_device(device_id)
        return agent.agent_id if agent else None

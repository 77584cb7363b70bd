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
from ctiserver.core.call_model import CallModel
from ctiserver.core.config import EngineConfig
from ctiserver.core.contacts import Contact
from ctiserver.core.flow_walks import FlowWalks
from ctiserver.core.inputs import Configured, EngineInput, LookedUp, Observed, Requested
from ctiserver.core.leading import Leading
from ctiserver.core.monitor import Monitor
from ctiserver.core.numbering import Numbering
from ctiserver.core.observations import Observations
from ctiserver.core.outbox import EngineDecision, Outbox, Reply
from ctiserver.core.parties import Parties
from ctiserver.core.phones import follow_phones
from ctiserver.core.prompts import Prompts
from ctiserver.core.queueing import Queueing
from ctiserver.core.reachability import Reachability
from ctiserver.core.reconfiguring import Reconfiguring
from ctiserver.core.requests import Requests
from ctiserver.core.switch_link import AnyObservation
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
        self.numbering = Numbering(config)
        self.contacts: dict[CallId, Contact] = {}
        self.queueing.contacts = self.contacts
        self.requests = Requests(self)
        self.second_steps = self.requests.calls.second_steps
        self.reconfiguring = Reconfiguring(self)
        self.monitor = Monitor(self)
        self._wakings = Wakings(
            (self._wake_acd, self.acd.floor.agenda),
            (self.announcing.wake, self.announcing.deadlines),
            (self.queueing.whispering.wake, self.queueing.whispering.deadlines),
            (self.walks.wake, self.walks.deadlines),
            (self.second_steps.overdue, self.second_steps.deadlines),
            (self._wake_parties, self.parties.unanswered),
            (self.monitor.wake, self.monitor.deadlines),
            on_fault=self.monitor.failed,
        )
        self.observations = Observations(self)

    def handle(self, event: EngineInput, now: Instant) -> list[EngineDecision]:
        """Take in one input: what it decides is in the order in which it came about."""
        self.out.now = now
        self.monitor.begins(event)
        try:
            if isinstance(event, Observed):
                self.observe(event.what)
            elif isinstance(event, LookedUp):
                self._looked_up(event)
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
        return self.out.take()

    def follow(self) -> None:
        """Let callbacks and agents follow what has become of calls and phones."""
        if self.queueing.calling_back.promises:
            self.queueing.calling_back.look_again()
        if self.model.touched:
            follow_phones(self)
        for call in self.model.ended:
            self.requests.data.remember(call)
        self.model.ended.clear()

    # Requests and look-ups.

    def _request(self, event: Requested | Configured) -> None:
        self.out.request_id, self.out.principal = event.request_id, event.principal
        try:
            result = (
                self.reconfiguring.configure(event)
                if isinstance(event, Configured)
                else self.requests.carry_out(event)
            )
            reply = Reply(event.request_id, result=result)
        except CtiError as error:
            reply = Reply(event.request_id, error=error)
        self.out.decide(reply)
        self.out.request_id = self.out.principal = None

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

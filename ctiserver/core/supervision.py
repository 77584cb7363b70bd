"""Listening in on calls: a supervisor is heard by nobody, by the agent, or by all (§7.11, S10).

A supervisor whom not all hear is no party of the call. He stands in none of its `connections[]`,
so neither its figures nor who is left alone in it depend on him; his phone is in use all the same.
The switch lets his leg hear what the agent's leg hears, on hold and in a consultation too. Once he
is heard by all he is a party as any other, and stays when the agent leaves (he takes over).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from csta.call_events import Conferenced, ServiceCompletionFailure, TransferredConnection
from csta.causes import Cause
from csta.ids import AgentId, CallId, ConnectionId, DeviceId, LegId, local_part
from csta.states import ConnectionState
from csta.supervision_events import (
    SupervisionEnded,
    SupervisionMode,
    SupervisionModeChanged,
    SupervisionStarted,
)
from ctiserver.core.calls import Call, Connection, Leg, LegState, Role
from ctiserver.core.switch_link import Listen

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine

_BARGE = SupervisionMode.BARGE


def subject_of(call_id: CallId) -> str:
    """Name the subject of events that only those see who may listen in."""
    return f"supervision/{call_id}"


class Asked(msgspec.Struct, frozen=True):
    """How a supervisor wants to take part, and by which service he has said so."""

    mode: SupervisionMode
    service: str
    cause: Cause
    request_id: str


class Watch(msgspec.Struct):
    """One supervisor on the call of one agent. `seat` is his part in it, told of to all or not."""

    leg: Leg
    seat: Connection
    supervisor: AgentId
    target: Connection
    call_id: CallId
    """The call of which the supervisors have been told."""
    mode: SupervisionMode
    service: str
    cause: Cause
    """What Conferenced names when he is heard by all."""
    request_id: str | None
    """The request whose effects are still to be told."""
    started: bool = False


class Supervision:
    """Everybody who listens in on calls of one engine."""

    def __init__(self, engine: Engine) -> None:
        """Begin with nobody."""
        self._engine = engine
        self.watches: dict[LegId, Watch] = {}
        """Those who listen in, are heard by all, or whose phone still rings for it."""
        self._told_of: dict[CallId, None] = {}

    def at(self, device_id: DeviceId) -> Watch | None:
        """Find who listens in at a device."""
        for watch in self.watches.values():
            if watch.seat.device_id == device_id:
                return watch
        return None

    def hidden(self, leg_id: LegId) -> bool:
        """Tell whether a leg listens in and is no party of the call."""
        watch = self.watches.get(leg_id)
        return watch is not None and watch.leg.role is Role.LISTENER

    # What supervisors want.

    def begin(self, watch_from: DeviceId, target: Connection, asked: Asked) -> Watch:
        """Ring the supervisor's phone, which answers by itself if it can."""
        engine = self._engine
        leg = engine.parties.dial(
            watch_from,
            Role.LISTENER,
            asked.cause,
            calling=local_part(target.device_id),
            request_id=asked.request_id,
            auto_answer=True,
        )
        seat = self._sit(leg, watch_from, target.call, ConnectionState.INITIATED)
        watch = self.watches[leg.leg_id] = Watch(
            leg=leg,
            seat=seat,
            supervisor=self._name_at(watch_from),
            target=target,
            call_id=target.call.call_id,
            mode=asked.mode,
            service=asked.service,
            cause=asked.cause,
            request_id=asked.request_id,
        )
        return watch

    def change(self, watch: Watch, asked: Asked) -> None:
        """Let a supervisor be heard by others than before."""
        before, watch.mode = watch.mode, asked.mode
        watch.request_id, watch.service, watch.cause = asked.request_id, asked.service, asked.cause
        if not watch.started:
            return
        if asked.mode is _BARGE:
            self._join_in(watch)
        elif before is _BARGE:
            self._step_back(watch)
        else:
            self._listen(watch)
        self._tell(watch, SupervisionModeChanged)
        watch.request_id = None

    def leave(self, key: ConnectionId, request_id: str) -> bool:
        """Let a supervisor go who is no party of the call; False if he is none here."""
        watch = self.at(key.device_id)
        if watch is None or watch.leg.role is not Role.LISTENER or watch.seat.key != key:
            return False
        watch.request_id = request_id
        self._engine.parties.release(watch.leg)
        return True

    def listen_again(self) -> None:
        """Ask the switch anew for what each listener hears, after it may have forgotten it."""
        for watch in self.watches.values():
            if watch.started and watch.leg.role is Role.LISTENER:
                self._listen(watch)

    # What becomes of legs and calls.

    def leg_up(self, leg: Leg) -> None:
        """The supervisor's phone has answered."""
        watch = self.watches.get(leg.leg_id)
        if watch is None or leg.clearing:
            return
        watch.started = True
        self._tell(watch, SupervisionStarted)
        if watch.mode is _BARGE:
            self._join_in(watch)
        else:
            self._state(watch.seat, ConnectionState.CONNECTED)
            self._listen(watch)
            self._conferenced(watch, Cause.SILENT_PARTICIPATION)
        watch.request_id = None

    def leg_gone(self, leg: Leg, cause: Cause) -> None:
        """The supervisor's leg ends; the call model learns of it only if he was a party."""
        watch = self.watches.get(leg.leg_id)
        if watch is not None:
            self._end(watch, Cause.NORMAL_CLEARING if watch.started else cause)

    def follow(self) -> None:
        """Let each supervisor go where his agent has gone in this step."""
        for watch in list(self.watches.values()):
            self._follow(watch)

    def call_ends(self, call: Call) -> None:
        """A call is about to be over."""
        for watch in list(self.watches.values()):
            if watch.call_id == call.call_id:
                self._follow(watch)
            if watch.leg.leg_id in self.watches and watch.target.call is call:
                self._end(watch, Cause.NORMAL_CLEARING)
        if self._told_of.pop(call.call_id, self) is None:
            self._engine.out.forget(subject_of(call.call_id))

    def _follow(self, watch: Watch) -> None:
        """Look after the agent: his leg may have another call now, or his call another name."""
        target = watch.target
        if target.state is ConnectionState.NULL:
            leg = target.leg
            gone = leg is None or leg.state is LegState.GONE
            other = None if leg is None or gone or leg.clearing else leg.active
            if other is None or other.state is ConnectionState.NULL:
                self._end(watch, Cause.NORMAL_CLEARING if gone else Cause.TRANSFER)
                return
            watch.target = target = other
        call = target.call
        if watch.leg.role is not Role.LISTENER:
            if watch.seat.call is not call:
                self._end(watch, Cause.REDIRECTED)
                return
        elif watch.seat.call is not call:
            watch.seat.call = call
            watch.seat.key = ConnectionId(call.call_id, watch.seat.device_id)
        if watch.call_id != call.call_id:
            if watch.started:
                self._tell(watch, SupervisionEnded, cause=Cause.REDIRECTED)
            watch.call_id = call.call_id
            if watch.started:
                self._tell(watch, SupervisionStarted)

    # Steps that several of them take.

    def _listen(self, watch: Watch) -> None:
        target = watch.target.leg
        assert target is not None, f"{watch.target.key} has no leg to listen to"
        coach = watch.mode is SupervisionMode.COACH
        self._engine.out.decide(Listen(watch.leg.leg_id, to=target.leg_id, coach=coach))

    def _join_in(self, watch: Watch) -> None:
        """Make a party of a listener: from now on all hear him, and see him."""
        engine, call = self._engine, watch.target.call
        engine.model.forget(watch.seat)
        watch.leg.role = Role.PARTY
        watch.seat = engine.model.attach(call, watch.leg.device_id, watch.leg)
        engine.model.rejoin(watch.seat)
        self._conferenced(watch, watch.cause)
        engine.parties.join(call)

    def _step_back(self, watch: Watch) -> None:
        """Make a listener of a party: for the others he has left."""
        engine, call = self._engine, watch.seat.call
        engine.model.clear(watch.seat, Cause.NORMAL_CLEARING, watch.request_id)
        watch.leg.role = Role.LISTENER
        watch.seat = self._sit(watch.leg, watch.leg.device_id, call, ConnectionState.CONNECTED)
        self._listen(watch)
        engine.parties.settle(call)

    def _end(self, watch: Watch, cause: Cause) -> None:
        """Forget a supervisor; one who is no party is released."""
        engine = self._engine
        del self.watches[watch.leg.leg_id]
        if watch.started:
            self._tell(watch, SupervisionEnded, cause=cause)
        else:
            self._tell_of_failure(watch, cause)
        if watch.leg.role is Role.LISTENER:
            engine.model.forget(watch.seat)
            engine.parties.release(watch.leg)

    def _sit(self, leg: Leg, device_id: DeviceId, call: Call, state: ConnectionState) -> Connection:
        """Give a listener a seat that is at his device, and not among the call's connections."""
        model = self._engine.model
        seat = Connection(call, device_id, leg, 1)
        agent = self._engine.directory.at_device(device_id)
        seat.agent_id = agent.agent_id if agent is not None else None
        leg.connections.append(seat)
        leg.active = seat
        model.at_device.setdefault(device_id, []).append(seat)
        self._state(seat, state)
        return seat

    def _state(self, seat: Connection, state: ConnectionState) -> None:
        seat.state, seat.since = state, self._engine.out.now
        self._engine.model.touched[seat.device_id] = None

    def _name_at(self, device_id: DeviceId) -> AgentId:
        """Name the supervisor: the agent there, who has asked, or else the phone's number."""
        agent = self._engine.directory.at_device(device_id)
        principal = self._engine.out.principal or ""
        kind, _, name = principal.partition(":")
        if agent is not None:
            return agent.agent_id
        return name if kind in ("agent", "user") else local_part(device_id)

    # What is told.

    def _conferenced(self, watch: Watch, cause: Cause) -> None:
        """Tell that he has come: to all, or to those only who may listen in."""
        model, target = self._engine.model, watch.target
        call, key = target.call, watch.seat.key
        listed = [link for link in call.parties() if link is not watch.seat]
        members = [TransferredConnection(link.key, link.key, link.device_id) for link in listed]
        model.emit_for(
            call,
            Conferenced,
            None,
            cause,
            watch.request_id,
            subject=subject_of(call.call_id) if watch.leg.role is Role.LISTENER else None,
            primary_old_call=target.key,
            conferencing_device=target.device_id,
            added_party=watch.seat.device_id,
            conference_connections=(*members, TransferredConnection(key, None, key.device_id)),
        )

    def _tell(self, watch: Watch, event: type, **more: object) -> None:
        target = watch.target
        self._publish(
            watch,
            event(
                link_id=self._engine.config.link_id,
                call_id=watch.call_id,
                supervisor=watch.supervisor,
                target=target.agent_id or local_part(target.device_id),
                mode=watch.mode,
                **more,
            ),
        )

    def _tell_of_failure(self, watch: Watch, cause: Cause) -> None:
        self._publish(
            watch,
            ServiceCompletionFailure(
                link_id=self._engine.config.link_id,
                call_id=watch.call_id,
                connection=ConnectionId(watch.call_id, watch.seat.device_id),
                cause=cause,
                call_linkage_data=watch.target.call.linkage,
                service=watch.service,
                primary_call=watch.target.key,
            ),
        )

    def _publish(self, watch: Watch, event: object) -> None:
        self._told_of[watch.call_id] = None
        thread_id = watch.target.call.thread_id
        self._engine.out.publish(subject_of(watch.call_id), thread_id, event, watch.request_id)

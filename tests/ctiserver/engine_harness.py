"""How the engine machine turns: inputs in, decisions carried out, laws checked."""

from __future__ import annotations

from collections import deque
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine

from csta.acd_events import AgentOffered
from csta.call_events import CallEvent, Delivered, NetworkReached
from csta.causes import Cause
from csta.errors import CtiError
from csta.ids import category_of
from csta.states import ConnectionState
from ctiserver.core.calls import Connection
from ctiserver.core.engine import Engine
from ctiserver.core.inputs import EngineInput, Observed, Requested
from ctiserver.core.outbox import EngineDecision, LookUp, Reply, RouteQuestion
from ctiserver.core.switch_link import AnyObservation
from ctiserver.core.wire import Published
from tests.ctiserver.engine_audit import eligible
from tests.ctiserver.event_laws import Fold
from tests.ctiserver.machine_centre import CONFIG, STATIONS
from tests.ctiserver.model_switch import Line, ModelSwitch

_IN_TALK = (ConnectionState.CONNECTED, ConnectionState.HOLD)


class _Fold(Fold):
    """A call that goes out is alerting from NetworkReached on; Delivered tells of it once more."""

    def _apply(self, data: CallEvent, at: int) -> None:
        key = data.connection
        if isinstance(data, NetworkReached) and key is not None:
            self._step(key, "alerting", at)
        elif (
            not isinstance(data, Delivered)
            or key is None
            or key.device_id not in self.calls[data.call_id]
        ):
            super()._apply(data, at)


class EngineHarness(RuleBasedStateMachine):
    """One engine, one switch, and a clock."""

    def __init__(self) -> None:
        """Begin with nobody logged on and nothing going on."""
        super().__init__()
        self.now = 1_000_000
        self.engine = Engine(CONFIG)
        self.switch = ModelSwitch(STATIONS, voice_units=2)
        self.fold = _Fold()
        self.begun: set[str] = set()
        self.told: deque[AnyObservation] = deque(maxlen=12)
        self.look_ups: deque[LookUp] = deque()
        self.questions: deque[RouteQuestion] = deque(maxlen=20)
        self.lagging = False
        self.requests = 0
        self.callers = 0
        self.broken = False

    def lines(self, category: str) -> list[Line]:
        """List the legs at devices of a kind."""
        return [line for line in self.switch.lines.values() if category_of(line.device) == category]

    def playing(self) -> list[Line]:
        """List the legs that hear a prompt which will end."""
        return [line for line in self.switch.lines.values() if line.play_id is not None]

    def ringing(self) -> list[Line]:
        """List the legs of phones that ring."""
        lines = self.switch.lines.values()
        return [line for line in lines if line.at_phone and line.outgoing and not line.up]

    def talking(self) -> list[Connection]:
        """List the connections of phones that have somebody to talk to, on hold or not."""
        return [
            link
            for device_id, here in self.engine.model.at_device.items()
            for link in here
            if device_id in STATIONS and link.state in _IN_TALK and link.call.others(link)
        ]

    def hang_up(self, line: Line) -> None:
        """Let the party of a leg hang up."""
        self.switch.end(line.leg_id, Cause.NORMAL_CLEARING, far_end=True)
        self.hear()

    def ask(self, service: str, **params: object) -> None:
        """Let a client ask for a service."""
        self.requests += 1
        self.feed(Requested(f"r-{self.requests}", service, params))
        self.hear()

    def params(self, service: str, connection: Connection, number: str) -> dict[str, Any]:
        """Write the parameters of a service for a connection."""
        key = {"callID": connection.key.call_id, "deviceID": connection.device_id}
        here = self.engine.model.at_device.get(connection.device_id, [])
        held = [link for link in here if link.state is ConnectionState.HOLD]
        active = [link for link in here if link.state is not ConnectionState.HOLD]
        pair = {
            "heldCall": _key(held[0]) if held else key,
            "activeCall": _key(active[0]) if active else key,
        }
        own: dict[str, dict[str, Any]] = {
            "AnswerCall": {"callToBeAnswered": key},
            "ClearConnection": {"connectionToBeCleared": key},
            "HoldCall": {"callToBeHeld": key},
            "RetrieveCall": {"callToBeRetrieved": key},
            "ConsultationCall": {"existingCall": key, "consultedDevice": number},
            "SingleStepTransferCall": {"activeCall": key, "transferredTo": number},
            "DeflectCall": {"callToBeDiverted": key, "newDestination": number},
            "GenerateDigits": {"connectionToSendDigits": key, "charactersToSend": "12#"},
            "AssociateData": {"existingCall": {"callID": key["callID"]}, "accountCode": "7"},
            **_aside(key, STATIONS[len(number) % len(STATIONS)], number),
        }
        return own.get(service, pair)

    def wait_until(self, at: int) -> None:
        """Let time pass; no deadline is late."""
        while (due := self.engine.wake_at()) is not None and due <= at:
            self.broken = True
            self.now = max(due, self.now)
            self._perform(self.engine.wake(self.now))
            again = self.engine.wake_at()
            assert again is None or again > self.now, "waking did not help"
            self.broken = False
            self.hear()
        self.now = at

    def hear(self) -> None:
        """Let the engine hear what the switch has to say, unless the link lags."""
        while self.switch.untold and not self.lagging:
            observation = self.switch.untold.popleft()
            self.told.append(observation)
            self.feed(Observed(observation))

    def feed(self, event: EngineInput) -> None:
        """Hand an input to the engine, deadlines first, and carry out what it decides."""
        self.broken = True
        due = self.engine.wake_at()
        if due is not None and due <= self.now:
            self._perform(self.engine.wake(self.now))
        decisions = self.engine.handle(event, self.now)
        refused = [d for d in decisions if isinstance(d, Reply) and d.error is not None]
        if refused:
            assert isinstance(refused[0].error, CtiError)
            assert decisions == refused, "a refused request has changed something"
        self._perform(decisions)
        self._offers_are_in_order(decisions)
        self.broken = False

    def _offers_are_in_order(self, decisions: list[EngineDecision]) -> None:
        """Nobody is offered a call while one that he may serve comes before it (Q2, Q3)."""
        for decision in decisions:
            if isinstance(decision, Published) and isinstance(decision.data, AgentOffered):
                chosen = self.engine.acd.calls.get(decision.data.call_id)
                agent = self.engine.directory.agent(decision.data.agent_id)
                for call in self.engine.acd.calls.values():
                    if chosen and call.offer is None and eligible(agent, call, self.now):
                        assert chosen.key < call.key, f"{call.call_id} was passed over"

    def _perform(self, decisions: list[EngineDecision]) -> None:
        for decision in decisions:
            if isinstance(decision, Published):
                self.fold.take(decision)
                if isinstance(decision.data, CallEvent):
                    # Of a call whose only leg was never heard of, the end is the only event.
                    self.begun.add(decision.data.call_id)
            elif isinstance(decision, LookUp):
                self.look_ups.append(decision)
            elif isinstance(decision, RouteQuestion):
                self.questions.append(decision)
            elif not isinstance(decision, Reply):
                self.switch.execute(decision)


def _key(connection: Connection) -> dict[str, str]:
    return {"callID": connection.key.call_id, "deviceID": connection.device_id}


def _aside(key: dict[str, str], station: str, number: str) -> dict[str, dict[str, Any]]:
    """Write the parameters of services that come to a call from aside."""
    how = ("silent", "coach", "active")[sum(map(ord, number)) % 3]
    return {
        "SingleStepConferenceCall": {
            "activeCall": key,
            "deviceToJoin": station,
            "participationType": how,
        },
        "JoinCall": {"activeCall": key, "joiningDevice": station, "participationType": how},
        "IntrudeCall": {"intrude": key, "joiningDevice": station, "participationType": how},
        "DirectedPickupCall": {"callToBePickedUp": key, "requestingDevice": station},
        "ParkCall": {"parking": key, "parkTo": f"park:{sum(map(ord, number)) % 2}"},
        "PlayMessage": {
            "overConnection": key,
            "messageToBePlayed": "sound:news",
            "termination": {"dTMFDigitDetected": True},
        },
        "SendUserInformation": {"existingCall": key, "userData": "aGVsbG8="},
        "StartDataCollection": {
            "object": key,
            "digitsReportingCriteria": {"numChars": 3, "timeout": 5_000},
        },
    }

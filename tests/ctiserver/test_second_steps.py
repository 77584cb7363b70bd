"""A service whose second half the switch never confirms ends all the same, and the client knows."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from acd.config import AcdConfig, QueueConfig
from agents.config import AgentConfig
from csta.call_events import CallEvent, ServiceCompletionFailure
from csta.ids import ConnectionId
from csta.instants import SECOND, Instant
from csta.states import ConnectionState
from ctiserver.core.config import EngineConfig
from ctiserver.core.driver import Driver, ManualClock
from ctiserver.core.engine import Engine
from ctiserver.core.inputs import EngineInput, Observed, Requested
from ctiserver.core.outbox import EngineDecision, Reply
from ctiserver.core.second_steps import ANSWER_MS
from ctiserver.core.switch_link import AnyObservation, Dial, Hold, LegHeld, LegsJoined, LegUp
from ctiserver.core.wire import Published

A, B = "station:1001", "station:1002"


class Desk:
    """Two stations that talk, behind a switch that does only what the test says."""

    def __init__(self) -> None:
        """Let Anna call Ben, who answers."""
        agents = tuple(
            AgentConfig(name, name, device_id, {"sales": 1})
            for name, device_id in (("anna", A), ("ben", B))
        )
        self.engine = Engine(
            EngineConfig(
                link_id="sim1",
                acd=AcdConfig(queues=(QueueConfig(name="sales", skills={"sales": 1}),)),
                agents=agents,
                default_device="acd:sales",
            )
        )
        self.clock = ManualClock(1_000)
        self.decided: list[EngineDecision] = []
        self.driver: Driver[EngineInput, EngineDecision] = Driver(
            self.engine, self.clock, self._keep
        )
        self.request("make", "MakeCall", callingDevice=A, calledDirectoryNumber="1002")
        self.legs = [self._dialled(0)]
        self.observe(LegUp(self.legs[0]))
        self.legs.append(self._dialled(1))
        self.observe(LegUp(self.legs[1]))
        [self.call] = self.engine.model.calls.values()
        self.decided.clear()

    def _keep(self, decisions: Sequence[EngineDecision], _now: Instant) -> None:
        self.decided.extend(decisions)

    def _dialled(self, number: int) -> str:
        return [decision.leg for decision in self.decided if isinstance(decision, Dial)][number]

    def observe(self, what: AnyObservation) -> None:
        self.driver.submit(Observed(what))

    def request(self, request_id: str, service: str, **params: object) -> None:
        self.driver.submit(Requested(request_id, service, params))

    def key(self) -> dict[str, str]:
        return {"callID": self.call.call_id, "deviceID": A}

    def events(self) -> list[Published]:
        return [decision for decision in self.decided if isinstance(decision, Published)]

    def told(self) -> list[str]:
        return [type(event.data).__name__ for event in self.events()]

    def state(self) -> ConnectionState:
        return self.call.connections[A].state


def test_a_hold_that_is_never_confirmed_ends_in_a_completion_failure() -> None:
    desk = Desk()
    desk.request("req-1", "HoldCall", callToBeHeld=desk.key())

    desk.clock.advance(ANSWER_MS)

    [event] = desk.events()
    assert isinstance(event.data, ServiceCompletionFailure)
    assert (event.data.service, event.data.cause) == ("HoldCall", "timeout")
    assert event.data.primary_call == ConnectionId(desk.call.call_id, A)
    assert event.correlation_id == "req-1"
    assert desk.state() is ConnectionState.CONNECTED


def test_a_hold_that_is_confirmed_in_time_leaves_nothing_behind() -> None:
    desk = Desk()
    desk.request("req-1", "HoldCall", callToBeHeld=desk.key())
    desk.clock.advance(ANSWER_MS - 1)
    desk.observe(LegHeld(desk.legs[0]))
    desk.clock.advance(60 * SECOND)

    assert desk.told() == ["Held"]
    assert len(desk.engine.second_steps) == 0


def test_a_consultation_without_its_hold_leaves_no_empty_call_and_may_be_tried_again() -> None:
    desk = Desk()
    desk.request("req-1", "ConsultationCall", existingCall=desk.key(), consultedDevice="sales")
    assert len(desk.engine.model.calls) == 2

    desk.clock.advance(ANSWER_MS)
    assert list(desk.engine.model.calls) == [desk.call.call_id]
    assert desk.told() == ["ServiceCompletionFailure"]

    desk.request("req-2", "ConsultationCall", existingCall=desk.key(), consultedDevice="sales")
    assert sum(isinstance(decision, Hold) for decision in desk.decided) == 2
    replies = [decision for decision in desk.decided if isinstance(decision, Reply)]
    assert [reply.error for reply in replies] == [None, None]


@pytest.mark.parametrize("late", [False, True], ids=["in time", "late"])
def test_a_retrieve_takes_only_the_answer_to_its_own_question(*, late: bool) -> None:
    desk = Desk()
    desk.request("req-1", "HoldCall", callToBeHeld=desk.key())
    desk.observe(LegHeld(desk.legs[0]))
    desk.request("req-2", "RetrieveCall", callToBeRetrieved=desk.key())

    # An echo of a conversation with somebody else says nothing about this one.
    desk.observe(LegsJoined(desk.legs[0], legs=(desk.legs[0], "sim1-99")))
    assert desk.state() is ConnectionState.HOLD

    if late:
        desk.clock.advance(ANSWER_MS)
    desk.observe(LegsJoined(desk.legs[0], legs=tuple(desk.legs)))

    assert desk.told()[-1] == ("ServiceCompletionFailure" if late else "Retrieved")
    assert desk.state() is (ConnectionState.HOLD if late else ConnectionState.CONNECTED)


def test_what_the_switch_confirms_is_told_with_the_request_that_caused_it() -> None:
    desk = Desk()
    desk.request("req-1", "HoldCall", callToBeHeld=desk.key())
    desk.observe(LegHeld(desk.legs[0]))

    [held] = [event for event in desk.events() if isinstance(event.data, CallEvent)]
    assert held.correlation_id == "req-1"

"""Three stations behind a switch that does only what the test says."""

from __future__ import annotations

from collections.abc import Sequence

from acd.config import AcdConfig, QueueConfig
from agents.config import AgentConfig
from csta.instants import Instant
from csta.states import ConnectionState
from ctiserver.core.config import EngineConfig
from ctiserver.core.driver import Driver, ManualClock
from ctiserver.core.engine import Engine
from ctiserver.core.inputs import EngineInput, Observed, Requested
from ctiserver.core.outbox import EngineDecision, Reply
from ctiserver.core.switch_link import AnyObservation, Dial, LegUp
from ctiserver.core.wire import Published

A, B, C, D = (f"station:{number}" for number in range(1001, 1005))


class Desk:
    """Anna and Ben talk; Cara and Dora have phones too."""

    def __init__(self) -> None:
        """Let Anna call Ben, who answers."""
        agents = tuple(
            AgentConfig(name, name, device_id, {"sales": 1})
            for name, device_id in (("anna", A), ("ben", B), ("cara", C), ("dora", D))
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
        self.legs = [self.dialled()]
        self.observe(LegUp(self.legs[0]))
        self.legs.append(self.dialled())
        self.observe(LegUp(self.legs[1]))
        [self.call] = self.engine.model.calls.values()
        self.decided.clear()

    def _keep(self, decisions: Sequence[EngineDecision], _now: Instant) -> None:
        self.decided.extend(decisions)

    def dialled(self) -> str:
        """Give the leg that the switch was asked for last."""
        return [decision.leg for decision in self.decided if isinstance(decision, Dial)][-1]

    def observe(self, what: AnyObservation) -> None:
        """Let the switch say something."""
        self.driver.submit(Observed(what))

    def request(self, request_id: str, service: str, **params: object) -> None:
        """Let a client ask for something."""
        self.driver.submit(Requested(request_id, service, params))

    def key(self, device_id: str = A) -> dict[str, str]:
        """Name a part in the first call, as a request does."""
        return {"callID": self.call.call_id, "deviceID": device_id}

    def events(self) -> list[Published]:
        """List what was published since the talk began."""
        return [decision for decision in self.decided if isinstance(decision, Published)]

    def replies(self) -> list[Reply]:
        """List what clients were answered since the talk began."""
        return [decision for decision in self.decided if isinstance(decision, Reply)]

    def told(self) -> list[str]:
        """Name the events since the talk began."""
        return [type(event.data).__name__ for event in self.events()]

    def state(self) -> ConnectionState:
        """Give Anna's state in the first call."""
        return self.call.connections[A].state

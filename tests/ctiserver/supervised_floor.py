"""A floor with a talk on it, and a supervisor who may listen in."""

from __future__ import annotations

from typing import Any

from acd.config import AcdConfig
from agents.config import AgentConfig
from csta.call_events import CallCleared, CallEvent
from csta.supervision_events import SupervisionEvent
from ctiserver.core.wire import Published
from switch_sim.config import PhoneAct
from tests.ctiserver import event_laws
from tests.ctiserver.centre import ANNA, BEA, SALES, Centre, centre_plan, told

A, B, S = "station:1001", "station:1002", "station:1003"
TRUNK = "trunk:pstn"
SAM = AgentConfig("sam", "Sam", S, {"support": 5})
UNSEEN = "supervision/"


class Floor:
    """A caller, two agents, and a supervisor who stands by."""

    def __init__(self) -> None:
        """Let Anna talk to the caller."""
        self.centre = Centre(centre_plan(acd=AcdConfig(queues=(SALES,)), agents=(ANNA, BEA, SAM)))
        for device in (A, B, S):
            self.centre.phone(device, PhoneAct.ANSWERS)
        self.centre.log_on("anna", "sam")
        self.caller = self.centre.call()
        self.centre.wait(5_000)
        self.call_id = self.centre.call_ids()[0]
        self.before = len(self.centre.log)

    def key(self, device: str = A) -> dict[str, str]:
        return {"callID": self.call_id, "deviceID": device}

    def joins(self, how: str, service: str = "SingleStepConferenceCall") -> Any:  # noqa: ANN401
        params: dict[str, dict[str, Any]] = {
            "SingleStepConferenceCall": {"activeCall": self.key(), "deviceToJoin": S},
            "JoinCall": {"activeCall": self.key(), "joiningDevice": S},
            "IntrudeCall": {"intrude": self.key(), "joiningDevice": S},
        }
        result = self.centre.asked(service, participationType=how, **params[service])
        self.centre.wait(2_000)
        return result

    def clear(self, device: str) -> None:
        self.centre.asked("ClearConnection", connectionToBeCleared=self.key(device))
        self.centre.wait(2_000)

    def news(self) -> list[Published]:
        return self.centre.log[self.before :]

    def hidden(self) -> list[str]:
        """Tell what those are told who may listen in."""
        return [_short(event) for event in self.news() if event.subject.startswith(UNSEEN)]

    def public(self) -> list[str]:
        """Tell what the others are told of calls."""
        return [
            told(event)
            for event in self.news()
            if isinstance(event.data, CallEvent) and not event.subject.startswith(UNSEEN)
        ]

    def heard(self) -> dict[str, tuple[str, ...]]:
        pbx = self.centre.pbx
        return {"C": pbx.hears(self.caller), "A": pbx.hears(A), "S": pbx.hears(S)}

    def end(self) -> CallCleared:
        """Let the caller hang up, then who still talks; give the call's last event."""
        for who in (self.caller, A, B):
            self.centre.pbx.hang_up(who)
            self.centre.wait(1_000)
        self.centre.wait(20_000)
        event_laws.check(self.centre.log)
        assert self.centre.pbx.snapshot() == ()
        assert self.centre.engine.supervision.watches == {}
        [last] = [
            e.data for e in self.centre.events("CallCleared") if e.data.call_id == self.call_id
        ]
        assert isinstance(last, CallCleared)
        return last


def _short(event: Published) -> str:
    if isinstance(event.data, SupervisionEvent):
        return f"{event.data.EVENT_NAME}({event.data.mode})"
    return f"{type(event.data).__name__}({event.data.cause})"

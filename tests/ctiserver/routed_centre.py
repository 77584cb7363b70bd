"""A small centre whose number leads to a routeing device, and routers that say what a test says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from csta.errors import CtiError
from csta.ids import DeviceId
from ctiserver.core.inputs import Requested, SessionEnded
from ctiserver.core.outbox import Reply, RouteQuestion
from ctiserver.core.switch_link import SwitchLink
from ivr.config import Flow, MenuStep, QueueStep, Retry, TransferStep
from scenarios.world import Plan
from tests.ctiserver.centre import OURS, Centre, centre_plan

MENU, DESK, BACK = "routeing:main", "routeing:desk", "+4930101"

FLOW = Flow(
    name="main",
    start="menu",
    on_limit="sales",
    steps={
        "menu": MenuStep(
            prompts=("sound:hello",),
            choices={"1": "sales", "2": "desk"},
            no_input=Retry(go="sales"),
            no_match=Retry(go="sales"),
        ),
        "sales": QueueStep(queue="sales"),
        "desk": TransferStep(device=DESK),
    },
)


def routed_plan(numbers: dict[str, DeviceId] | None = None) -> Plan:
    """Plan a centre with two routeing devices: `main` has a flow, `desk` has none."""
    plan = centre_plan(flows={"main": FLOW}, numbers=numbers or {OURS: MENU, BACK: "acd:sales"})
    engine = msgspec.structs.replace(
        plan.engine, routeing_devices=(DESK,), default_device="acd:sales"
    )
    return msgspec.structs.replace(plan, engine=engine)


class RoutedCentre(Centre):
    """A centre that remembers what routers are asked and told, and can answer for them."""

    def __init__(
        self,
        plan: Plan | None = None,
        journal: Callable[[bytes], object] | None = None,
        link: Callable[[SwitchLink], SwitchLink] | None = None,
    ) -> None:
        """Start it; nobody is logged on, nobody routes."""
        self.questions: list[RouteQuestion] = []
        super().__init__(plan or routed_plan(), journal, link)
        self.world.routers.append(self.questions.append)
        self._asked = 0

    def say(self, session: str, service: str, **params: Any) -> Reply:
        """Let a router ask for something in its session."""
        self._asked += 1
        request_id = f"{session}-{self._asked}"
        asked = Requested(request_id, service, params, f"router:{session}", session)
        self.world.driver.submit(asked)
        return self.replies[request_id]

    def register(self, session: str = "one", device: DeviceId = MENU) -> str:
        """Let a router register, and give its registration's id."""
        reply = self.say(session, "RouteRegister", routeingDevice=device)
        assert reply.error is None, reply.error
        register_id: str = reply.result.route_register_req_id
        return register_id

    def answer(self, service: str, **params: Any) -> Reply:
        """Let the router that was asked last answer."""
        asked = next(
            q for q in reversed(self.questions) if q.service in ("RouteRequest", "ReRoute")
        )
        session = asked.registrant.session_id or ""
        return self.say(session, service, routeingCrossRefID=asked.cross_ref_id, **params)

    def route(self, target: str, **params: Any) -> None:
        """Let the router that was asked last select a route."""
        reply = self.answer("RouteSelect", routeSelected=target, **params)
        assert reply.error is None, reply.error

    def end_session(self, session: str = "one") -> None:
        """Let a router's session end."""
        self.world.driver.submit(SessionEnded(session))

    def said(self) -> list[str]:
        """Tell what routers were asked and told: `one RouteEnd routeingTimerExpired`."""
        return [
            " ".join(
                str(word)
                for word in (
                    question.registrant.session_id,
                    question.service,
                    getattr(question.asks, "error_value", None),
                )
                if word
            )
            for question in self.questions
        ]

    def way(self) -> list[str]:
        """Name where the calls have been, by the events that tell it."""
        names = ("Offered", "Delivered", "Queued", "Diverted", "Failed", "CallCleared")
        return [
            f"{type(event.data).__name__} {event.data.connection.device_id}"
            if event.data.connection
            else f"{type(event.data).__name__} {event.data.outcome}"
            for event in self.events(*names)
        ]

    def ends(self) -> list[str | None]:
        """Give the error of each dialogue's end, as events tell it."""
        return [event.data.error_value for event in self.events("RouteEnd")]


def refusal(reply: Reply) -> str:
    """Give the value of a refusal."""
    assert isinstance(reply.error, CtiError), reply
    return reply.error.value.value

"""A small call centre behind the port `EngineHost`, in real time, without a journal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.service_request import ServiceRequest
from ctiserver.core.engine import Engine
from ctiserver.core.inputs import EngineInput, Requested
from ctiserver.core.messages import RequestMessage
from ctiserver.core.outbox import Reply
from ctiserver.core.principals import SCOPES_OF, Principal, Role
from ctiserver.core.wire import Published, encode
from ctiserver.live.event_log import EventLog, Logged
from ctiserver.live.journal_database import Kept
from ctiserver.live.ports import Answered
from scenarios.paced_world import PacedWorld, paced_world
from scenarios.world import Plan
from switch_sim.callers import CallerPlan
from tests.ctiserver.centre import CALLER, FOR_EVER, OURS, centre_plan

SOURCE = "/cti/offhook/sim1"
LIMIT_S = 10.0
"""How long a test waits for something that must come."""


class WorldHost:
    """The port, over a paced world: nothing is kept, so that all is committed at once."""

    def __init__(self, world: PacedWorld) -> None:
        """Listen to a world that has not started."""
        self.world = world
        self.engine: Engine = world.engine
        self.log = EventLog(world.epoch, SOURCE)
        self.kept: dict[str, dict[str, bytes]] = {}
        self._asked: dict[str, tuple[asyncio.Future[Answered], Any]] = {}
        world.listeners.append(self._publish)
        world.replies = self._reply

    def submit(self, event: EngineInput) -> None:
        """Hand an input to the engine."""
        self.world.driver.submit(event)

    async def ask(
        self,
        request_id: str,
        service: str,
        params: dict[str, Any],
        principal: str,
        session_id: str | None = None,
        *,
        keep: Callable[[Answered], Sequence[Kept]] | None = None,
    ) -> Answered:
        """Ask the engine."""
        answer: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self._asked[request_id] = (answer, keep)
        self.submit(Requested(request_id, service, params, principal, session_id))
        return await answer

    def keep(self, table: str, key: str, value: bytes | None) -> None:
        """Keep a row, or let go of it."""
        if value is None:
            self.kept.get(table, {}).pop(key, None)
        else:
            self.kept.setdefault(table, {})[key] = value

    def after_commit(self, callback: Callable[[], object]) -> None:
        """Call back at once: nothing is ever under way."""
        callback()

    def _reply(self, reply: Reply) -> None:
        answer, keep = self._asked.pop(reply.request_id)
        answered = Answered(reply.result, reply.error, self.engine.out.sequence)
        for row in keep(answered) if keep is not None else ():
            self.keep(row.table, row.key, row.value)
        answer.set_result(answered)

    def _publish(self, events: Sequence[Published]) -> None:
        epoch = self.log.epoch
        self.log.append([Logged(event, encode(event, epoch, SOURCE)) for event in events])

    # What people do.

    def call_in(self, number: str = CALLER) -> None:
        """Let somebody call the centre's number, with all the patience in the world."""
        plan = CallerPlan(number=number, dialled=OURS, talk_ms=FOR_EVER)
        assert self.world.act(lambda: self.world.pbx.offer_call(plan))

    async def event(self, name: str, after: int = 0) -> Published:
        """Wait for an event of this class."""
        heard = asyncio.Event()

        def hear(_batch: Sequence[Logged]) -> None:
            heard.set()

        self.log.listeners.append(hear)
        try:
            async with asyncio.timeout(LIMIT_S):
                while True:
                    heard.clear()
                    for logged in self.log.recent(after):
                        if type(logged.event.data).__name__ == name:
                            return logged.event
                    await heard.wait()
        finally:
            self.log.listeners.remove(hear)


@asynccontextmanager
async def world_host(plan: Plan | None = None) -> AsyncIterator[WorldHost]:
    """Run a centre in real time while the block runs."""
    async with paced_world(plan or centre_plan()) as world:
        yield WorldHost(world)


class OpenGate:
    """Lets everybody do and see everything, unless told otherwise; remembers refusals."""

    def __init__(self) -> None:
        """Begin wide open."""
        self.forbidden: set[str] = set()
        self.limited: set[str] = set()
        self.hidden: set[str] = set()
        self.refusals: list[tuple[str, str, str]] = []

    def admit(self, principal: Principal, service: str) -> None:
        """Refuse who is limited."""
        if principal.name in self.limited:
            raise CtiError(ErrorCategory.CTI, ErrorValue.RATE_LIMITED, f"{service}: too many")

    def check(self, principal: Principal, request: ServiceRequest) -> None:
        """Refuse what is forbidden."""
        service = type(request).__name__
        if service in self.forbidden:
            raise CtiError(ErrorCategory.CTI, ErrorValue.FORBIDDEN, f"{principal.name}: no")

    def refused(
        self, principal: Principal, service: str, params: dict[str, Any], error: CtiError
    ) -> None:
        """Remember it."""
        assert isinstance(params, dict)
        self.refusals.append((principal.name, service, error.value))

    def sees(self, _principal: Principal, logged: Logged) -> bool:
        """Hide what is hidden."""
        return type(logged.event.data).__name__ not in self.hidden

    def sees_object(self, _principal: Principal, kind: str, name: str) -> bool:
        """Hide what is hidden."""
        return kind not in self.hidden and name not in self.hidden

    def envelope(self, _principal: Principal, logged: Logged) -> bytes:
        """Give it as it is."""
        return logged.envelope

    def masked(self, _principal: Principal, answer: bytes) -> bytes:
        """Mask nothing."""
        return answer


def principal(name: str = "key:test", role: Role = Role.ADMIN) -> Principal:
    """Make somebody."""
    return Principal(name=name, role=role, scopes=SCOPES_OF[role])


def message(service: str, *, id: str = "req-1", **more: Any) -> RequestMessage:  # noqa: A002 - its name
    """Make a request of params, and of what else a request has, written in our field names."""
    fields = set(RequestMessage.__struct_fields__)
    around = {name: more.pop(name) for name in list(more) if name in fields}
    return RequestMessage(id=id, service=service, params=more, **around)


def decoded(frame: bytes) -> dict[str, Any]:
    """Read a frame."""
    read: dict[str, Any] = msgspec.json.decode(frame)
    return read

"""The client library against a real server over real sockets, and its connections cut (§7.3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import zmq.asyncio
from httpx import AsyncClient

from csta.call_services import MakeCall
from csta.device_services import SetAgentState
from csta.errors import ErrorValue, Outcome
from csta.replies import AgentStateResult, CallResult
from csta.routeing_services import RouteEnd, RouteSelect, RouteUsed
from csta.states import AgentState
from ctiserver.core.messages import FRAME_BYTES_MAX
from ctiserver.live import client_session
from ctiserver.live.client import Client, connect
from ctiserver.live.client_errors import (
    ClosedError,
    NoAnswerError,
    NotAdmittedError,
    NotConnectedError,
    RefusedError,
    RequestTooLargeError,
)
from ctiserver.live.client_messages import Event, read_event
from ctiserver.live.client_monitors import Merged, Monitor, Resynchronised
from ctiserver.live.client_requests import Terms
from ctiserver.live.client_routes import Asked, Choice
from ctiserver.live.routers import Routers
from ctiserver.live.zmq_server import ZmqSessions
from tests.ctiserver.routed_centre import MENU, routed_plan
from tests.live.cut import Cut
from tests.live.host import LIMIT_S, world_host
from tests.live.http_centre import ADMIN, WALLBOARD, Server, http_centre, served

TRANSPORTS = ["websocket", "zmq"]


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with http_centre() as centre:
        yield centre


@asynccontextmanager
async def way_in(server: Server, transport: str) -> AsyncIterator[str]:
    """Open a transport, and give its address."""
    if transport == "websocket":
        yield server.ws
        return
    context = zmq.asyncio.Context()
    sessions = ZmqSessions(server.desk)
    try:
        yield sessions.start(context, "tcp://127.0.0.1:0")
    finally:
        await sessions.stop()
        await asyncio.to_thread(context.term)


async def log_on(client: Client, agent: str = "anna") -> None:
    for state in ("loggedOn", "ready"):
        await client.request("SetAgentState", agent_id=agent, requested_agent_state=state)


async def until(news: Monitor | Merged, name: str) -> Event:
    """Take news up to an event."""
    async with asyncio.timeout(LIMIT_S):
        async for each in news:
            if isinstance(each, Event) and each.name == name:
                return each
    raise AssertionError(f"no {name} came")


def call_out() -> MakeCall:
    return MakeCall(
        calling_device="station:1001",
        called_directory_number="1002",
        auto_originate="doNotPrompt",  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_program_asks_watches_and_is_refused_the_same_way_on_each_transport(
    server: Server, transport: str
) -> None:
    async with way_in(server, transport) as url, connect(url, ADMIN) as client:
        everything = await client.monitor()
        assert set(everything.state.agents) == {"anna", "bea"}
        answered = await client.ask(
            SetAgentState(agent_id="anna", requested_agent_state="loggedOn")  # type: ignore[arg-type]
        )
        assert isinstance(answered, AgentStateResult)
        event = await until(everything, "AgentLoggedOn")
        assert event.data.agent_id == "anna"
        assert everything.state.agents["anna"].agent_state == event.data.STATE
        with pytest.raises(RefusedError) as refused:
            await client.request("AnswerCall", callToBeAnswered={"callID": "c-0", "deviceID": "x"})
        assert refused.value.problem.value == ErrorValue.INVALID_CALL_ID
        assert refused.value.problem.outcome == Outcome.NOT_EXECUTED


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_lost_connection_loses_no_event_and_doubles_none(
    server: Server, transport: str
) -> None:
    async with (
        way_in(server, transport) as url,
        Cut(url).open() as cut,
        connect(cut.url, ADMIN) as client,
    ):
        everything = await client.monitor()
        first = client.session.after
        seen: list[int] = []
        for number in range(8):
            cut.cut()
            server.host.call_in(f"+49302{number}")
            while not seen or seen[-1] < server.host.log.last:
                async with asyncio.timeout(LIMIT_S):
                    news = await anext(everything)
                assert isinstance(news, Event), "a lost connection is no reason to begin anew"
                seen.append(news.sequence)
        assert seen == list(range(first + 1, server.host.log.last + 1))
        assert client.session.connections > 2
        assert len(everything.state.calls) == len(server.host.engine.model.calls) == 8


async def test_a_call_is_made_once_though_its_answer_was_lost(server: Server) -> None:
    async with Cut(server.ws).open() as cut, connect(cut.url, ADMIN) as client:
        await log_on(client)
        await client.monitor()
        asked = server.commands.carry_out
        counted: list[str] = []

        async def answered_too_late(who, message, session_id):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            response = await asked(who, message, session_id)
            if message.service == "MakeCall":
                counted.append(message.idempotency_key)
                if len(counted) == 1:
                    cut.cut()
            return response

        server.commands.carry_out = answered_too_late  # type: ignore[method-assign]
        async with asyncio.timeout(LIMIT_S):
            made = await client.ask(call_out())
        assert isinstance(made, CallResult)
        assert len(counted) == 2
        assert counted[0] == counted[1] is not None
        assert made.calling_device is not None
        assert list(server.host.engine.model.calls) == [made.calling_device.call_id]


async def test_a_request_without_a_key_is_not_asked_twice(server: Server) -> None:
    async with Cut(server.ws).open() as cut, connect(cut.url, ADMIN) as client:
        cut.up = lambda chunk: len(chunk) < 60
        with pytest.raises(NoAnswerError) as unanswered:
            await client.ask(call_out(), Terms(idempotency_key=None))
        assert unanswered.value.outcome == Outcome.UNKNOWN
        assert server.host.engine.model.calls == {}


async def test_a_session_that_is_gone_is_begun_anew_and_the_program_is_told(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_session, "LONGEST_WAIT_S", 0.2)
    async with Cut(server.ws).open() as cut, connect(cut.url, ADMIN) as client:
        monitor = await client.monitor("agent:anna")
        wholly = await client.monitor("acd:sales", snapshot=False)
        cut.closed = True
        cut.cut()
        assert server.desk.terminate(client.session.session_id)
        async with server.as_who() as other:
            body = {"agentID": "anna", "requestedAgentState": "loggedOn"}
            assert (await other.post("/services/SetAgentState", json=body)).is_success
        cut.closed = False
        async with asyncio.timeout(LIMIT_S):
            told = await anext(monitor)
            assert isinstance(told, Resynchronised)
            assert told.reason == "sessionExpired"
            assert monitor.state.agents["anna"].agent_state is AgentState.NOT_READY
            assert isinstance(await anext(wholly), Resynchronised)
            assert "acd:sales" in wholly.state.queues
        await client.request("SetAgentState", agentID="anna", requestedAgentState="ready")
        await until(monitor, "AgentReady")


async def test_a_program_that_does_not_read_stops_the_reading_and_misses_nothing(
    server: Server,
) -> None:
    async with Cut(server.ws).open() as cut, connect(cut.url, ADMIN, queue_max=4) as client:
        everything = await client.monitor()
        first = client.session.after
        for number in range(4):
            server.host.call_in(f"+49303{number}")
        async with asyncio.timeout(LIMIT_S):
            while not everything.full:  # noqa: ASYNC110 - nobody is told that it is
                await asyncio.sleep(0.001)
        read = client.session.after
        server.host.call_in("+49304")
        await server.host.event("Queued", read)
        cut.cut()
        assert client.session.after == read
        numbers: list[int] = []
        while not numbers or numbers[-1] < server.host.log.last:
            async with asyncio.timeout(LIMIT_S):
                news = await anext(everything)
            assert isinstance(news, Event)
            numbers.append(news.sequence)
        assert numbers == list(range(first + 1, server.host.log.last + 1))
        assert client.session.connections == 2


async def test_a_full_queue_does_not_keep_an_answer_back(server: Server) -> None:
    async with connect(server.ws, ADMIN, queue_max=1) as client:
        everything = await client.monitor()
        async with asyncio.timeout(LIMIT_S):
            await log_on(client)
            await log_on(client, "bea")
        assert (await anext(everything)) is not None


async def test_an_event_that_two_monitors_match_comes_once(server: Server) -> None:
    async with connect(server.ws, ADMIN) as client:
        anna = await client.monitor("agent:anna")
        phone = await client.monitor("station:1001")
        await log_on(client)
        both = client.events(anna, phone)
        names = [(await until(both, name)).name for name in ("AgentLoggedOn", "AgentReady")]
        assert names == ["AgentLoggedOn", "AgentReady"]
        assert anna.state.agents["anna"].agent_state is AgentState.READY
        assert phone.state.agents["anna"].agent_state is AgentState.READY
        await phone.stop()
        await client.request("SetAgentState", agentID="anna", requestedAgentState="notReady")
        await until(client.events(), "AgentNotReady")


async def test_who_has_no_right_is_told_so_at_once(server: Server) -> None:
    with pytest.raises(NotAdmittedError) as refused:
        async with connect(server.ws, "nobody's"):
            pass
    assert refused.value.code == 4001


@pytest.mark.parametrize("url", ["ws://127.0.0.1:1", "tcp://127.0.0.1:1", "http://127.0.0.1:1"])
async def test_an_address_without_a_server_is_told_of(url: str) -> None:
    with pytest.raises(NotConnectedError):
        async with connect(url, ADMIN):
            pass


async def test_a_session_taken_over_by_another_connection_ends_with_a_word(
    server: Server,
) -> None:
    async with connect(server.ws, ADMIN) as client, connect(server.ws, ADMIN) as heir:
        monitor = await client.monitor()
        waits = asyncio.create_task(anext(monitor))
        await asyncio.sleep(0)
        heir.session.session_id, heir.session.epoch = (
            client.session.session_id,
            client.session.epoch,
        )
        wire = heir.session._wire  # noqa: SLF001 - its connection is taken away
        assert wire is not None
        await wire.close()
        with pytest.raises(NotAdmittedError) as ended:
            async with asyncio.timeout(LIMIT_S):
                await waits
        assert ended.value.code == 4009
        with pytest.raises(NotAdmittedError):
            await client.request("GetMonitors")


async def test_a_fresh_token_is_fetched_for_each_connection(server: Server) -> None:
    fetched: list[str] = []

    async def fetch() -> str:
        fetched.append(ADMIN)
        return ADMIN

    async with Cut(server.ws).open() as cut, connect(cut.url, fetch) as client:
        cut.cut()
        async with asyncio.timeout(LIMIT_S):
            await client.request("GetMonitors")
        assert len(fetched) == 2


async def test_a_deadline_is_told_by_the_servers_clock(server: Server) -> None:
    async with connect(server.ws, ADMIN) as client:
        server.wall += 3_600_000
        with pytest.raises(RefusedError) as late:
            await client.ask(call_out(), Terms(deadline_s=30))
        assert late.value.problem.outcome == Outcome.NOT_EXECUTED


async def test_what_is_too_long_is_not_sent(server: Server) -> None:
    async with connect(server.ws, ADMIN) as client:
        with pytest.raises(RequestTooLargeError):
            await client.request("MakeCall", userData="x" * FRAME_BYTES_MAX)
        assert await client.request("GetMonitors") == {"monitorCrossRefIDs": []}


async def test_a_closed_client_says_so(server: Server) -> None:
    async with connect(server.ws, WALLBOARD) as client:
        monitor = await client.monitor()
    assert [each async for each in monitor] == []
    with pytest.raises(ClosedError):
        await client.request("GetMonitors")
    assert server.desk.sessions == 0


def test_an_event_that_is_not_known_is_given_as_it_is() -> None:
    head = (
        b'{"id":"e:7","epoch":"e","sequence":"0000000000000007","data":{"x":1},"new":true,"type":'
    )
    assert read_event(head + b'"cti.new.Thing.v1"}').data == {"x": 1}
    assert read_event(head + b'"csta.callControl.Delivered.v1"}').data == {"x": 1}
    assert read_event(head + b'"cti.new.Thing.v1"}').name == "Thing"


async def test_a_program_says_where_calls_go_and_hears_how_it_went() -> None:
    async with world_host(routed_plan()) as host, served(host) as server, AsyncClient() as web:
        routers = Routers(host, server.desk.ask_session, web)
        host.world.routers.append(routers.ask)
        server.desk.on_answer = routers.answered
        async with Cut(server.ws).open() as cut, connect(cut.url, ADMIN) as client:
            ended: asyncio.Queue[str] = asyncio.Queue()

            async def choose(asked: Asked) -> Choice:
                if asked.calling_device.device_identifier == "number:+49301":  # type: ignore[union-attr]
                    raise ValueError("a program's own fault")
                return RouteSelect(
                    routeing_cross_ref_id=asked.routeing_cross_ref_id,
                    route_selected="acd:sales",
                    route_used_req=True,
                )

            def told(how: RouteUsed | RouteEnd) -> None:
                ended.put_nowait(type(how).__name__)

            calls = await client.monitor("acd:sales", {"Delivered": True}, snapshot=False)
            await client.route(MENU, choose, told)
            host.call_in("+49302")
            assert (await until(calls, "Delivered")).data.called_device is not None
            async with asyncio.timeout(LIMIT_S):
                assert [await ended.get(), await ended.get()] == ["RouteUsed", "RouteEnd"]
                assert server.desk.terminate(client.session.session_id)
                assert isinstance(await anext(calls), Resynchronised)
                host.call_in("+49303")
                assert await ended.get() == "RouteUsed", "a new session routes as the last one did"
                assert await ended.get() == "RouteEnd"
                host.call_in("+49301")
                assert await ended.get() == "RouteEnd"
            await client.unroute(MENU)
            with pytest.raises(RefusedError):
                await client.route("routeing:nowhere", choose)
        await routers.stop()

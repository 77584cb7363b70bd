"""The composition root of `offhook serve`: one engine behind, every transport before it.

    async with served_centre(load_server_file(path)) as served:
        print(served.http)          # ("127.0.0.1", 8080)

The order is written here only: what must outlive a crash comes first, the doors open last; on the
way out the doors close first, and the journal last.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import msgspec
import structlog

from crm_bridge.bridge import Bridge
from crm_bridge.samples import sample_customers
from crm_bridge.sql_store import SqlStore
from csta.errors import ConfigError
from csta.instants import SECOND, Milliseconds
from ctiserver.core.config import EngineConfig, OnViolation
from ctiserver.core.inputs import LookedUp
from ctiserver.core.masking import Masking
from ctiserver.core.outbox import LookUp, RouteQuestion
from ctiserver.live import idempotency, mqtt_bridge, session_desk, webhooks
from ctiserver.live.access_file import Access, read_access
from ctiserver.live.auth import Authenticator
from ctiserver.live.commands import CommandDesk
from ctiserver.live.engine_host import DurableHost
from ctiserver.live.event_reader import EventReader
from ctiserver.live.gatekeeper import Gatekeeper
from ctiserver.live.health import Health
from ctiserver.live.idempotency import KeptAnswers
from ctiserver.live.journal_reader import older_events
from ctiserver.live.links.ari_capabilities import ARI_CAPABILITIES
from ctiserver.live.links.ari_config import AriConfig
from ctiserver.live.metrics import Metrics
from ctiserver.live.rate_limits import RateLimits, Rates
from ctiserver.live.recovery import reconfiguration
from ctiserver.live.routers import RouterHook, Routers
from ctiserver.live.session_desk import SessionDesk
from ctiserver.live.snapshot_keeper import SnapshotKeeper
from ctiserver.live.standing_clock import StandingClock
from ctiserver.live.wall_clock import wall
from ctiserver.live.webhook_targets import Targets
from ctiserver.live.webhooks import Webhooks
from scenarios.interaction_feed import InteractionFeed
from scenarios.scenario import Scenario, load_scenario
from scenarios.served_doors import open_http, open_mqtt, open_zmq
from scenarios.served_journal import OpenJournal
from scenarios.served_people import SimulatedAgents
from scenarios.served_switch import OtherSwitch, switch_of
from scenarios.server_file import RouterConfig, ServerFile

_REGION = "DE"
_QUEUE_STATUS_MS: Milliseconds = SECOND
_AUDIT_MS: Milliseconds = 10 * SECOND
_ACCESS_LOOK_S = 2.0
_HISTORY = 5_000
"""So many events before a restart are looked at again: who was in calls that have just ended."""
_log = structlog.get_logger(__name__)


def live_config(scenario: Scenario, server: ServerFile) -> EngineConfig:
    """Give a scenario's engine the settings of live operation, and what its switch can do."""
    engine = scenario.engine
    if isinstance(server.link, AriConfig):
        engine = msgspec.structs.replace(engine, link_id="asterisk", link=ARI_CAPABILITIES)
    return msgspec.structs.replace(
        engine,
        audits_requests=True,
        queue_status_ms=_QUEUE_STATUS_MS,
        audit_ms=_AUDIT_MS,
        on_violation=OnViolation.QUARANTINE,
    )


@asynccontextmanager
async def served_centre(
    server: ServerFile, *, rates: Rates | None = None
) -> AsyncIterator[ServedCentre]:
    """Serve a centre while the block runs; `rates` are other limits than the usual ones.

    Raises:
        ConfigError: a file has a fault.
        StoreError: another server writes to the journal, or it cannot be made safe.
        JournalError: the journal is damaged.
        OSError, BindError, BrokerError: a door cannot be opened.
    """
    scenario = load_scenario(server.centre)
    access = read_access(server.access)
    server.data.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        crm = await SqlStore.open(server.data / "crm.db")
        stack.push_async_callback(crm.close)
        await crm.save_customers(sample_customers(scenario.customers))
        centre = ServedCentre(server, scenario, access, crm, RateLimits(rates))
        await centre.start(stack)
        yield centre


class ServedCentre:
    """A server at work; made by `served_centre`."""

    def __init__(
        self,
        server: ServerFile,
        scenario: Scenario,
        access: Access,
        crm: SqlStore,
        limits: RateLimits,
    ) -> None:
        """Tie the parts together on the running loop; nothing happens before `start`."""
        self.server = server
        self.scenario = scenario
        self.limits = limits
        self.http: tuple[str, int] = ("", 0)
        """Where HTTP and WebSocket really listen."""
        self.zmq: tuple[str, str] | None = None
        """The endpoints of requests and of events."""
        self._config = config = live_config(scenario, server)
        self._journal = journal = OpenJournal(server.data, config, server.name)
        recovered = journal.recovered
        self.clock = StandingClock(
            asyncio.get_running_loop(), recovered.at, wall=wall, speed=server.simulate.speed
        )
        self.switch = switch_of(server, scenario, config.link_id, self.clock, recovered.at)
        self.host = DurableHost(
            recovered,
            clock=self.clock,
            store=journal.store,
            link=self.switch.link,
            look_up=self._look_up,
            ask_router=self._ask_router,
            older=older_events(journal.path),
        )
        self._bridge = Bridge(
            crm,
            _REGION,
            epoch=recovered.header.epoch,
            agent_names={agent.agent_id: agent.name for agent in config.agents},
        )
        self.feed = InteractionFeed(self.host.log, self._bridge, crm)
        self.snapshots = SnapshotKeeper(
            journal.path, lambda: self.host.health().records, replayed=recovered.replayed
        )
        self._looking_up: set[asyncio.Task[None]] = set()
        self._receive_clients(access)
        self._watch_health()

    def _receive_clients(self, access: Access) -> None:
        """Make what stands between clients and the engine."""
        host = self.host
        self.gate = Gatekeeper(host, self.limits, now=wall, masking=Masking(access.sensitive))
        self.authenticator = Authenticator(access, self.limits, now=wall)
        self.authenticator.trail = self.gate.trail
        self.reader = EventReader(host.log, self.gate)
        self.answers = KeptAnswers(host.keep)
        self.commands = CommandDesk(
            host, self.gate, now=wall, reader=self.reader, answers=self.answers
        )
        self.desk = SessionDesk(
            host, self.commands, self.authenticator, self.gate, now=wall, keep=host.keep
        )
        self.commands.sessions = self.desk
        self.targets = Targets(self.server.webhook_networks)
        self.webhooks = Webhooks(host, self.reader, self.targets, now=wall)
        self._asking = httpx.AsyncClient(trust_env=False)
        self.routers = Routers(host, self.desk.ask_session, self._asking)
        self.desk.on_answer = self.routers.answered

    def _watch_health(self) -> None:
        host, switch = self.host, self.switch
        self.health = Health()
        self.health.watch("journal", lambda: host.health().store_fault, needed=True)
        self.health.watch("crm", lambda: self.feed.fault)
        if isinstance(switch, OtherSwitch):
            self.health.watch("link", lambda: switch.fault)
        self.metrics = Metrics(host.engine, host.log)
        self.commands.observe = self.metrics.count_request
        self.metrics.gauge("connections", "Connections of clients", lambda: self.desk.connections)
        self.metrics.gauge("sessions", "Sessions of clients", lambda: self.desk.sessions)
        self.metrics.gauge(
            "journal_behind_seconds",
            "How long the oldest record waits to be safe",
            lambda: host.health().behind_ms / SECOND,
        )
        self.metrics.gauge("faults", "Faults met since the start", lambda: host.health().faults)

    # Begin and end.

    async def start(self, stack: AsyncExitStack) -> None:
        """Start the parts in their order; the stack stops them in the opposite one."""
        stack.push_async_callback(self._asking.aclose)
        stack.push_async_callback(self.snapshots.stop)
        stack.push_async_callback(self._stop_host)
        await self.feed.start()
        stack.push_async_callback(self.feed.stop)
        await self.switch.start(self.host, stack)
        await self._take_up()
        stack.push_async_callback(self.routers.stop)
        stack.push_async_callback(self.webhooks.stop)
        self._let_people_in(stack)
        await self._open_doors(stack)
        stack.push_async_callback(self.desk.stop)  # the first to stop: it says goodbye
        self.snapshots.start()
        watch = asyncio.create_task(self._watch_access())
        stack.callback(watch.cancel)

    async def _watch_access(self) -> None:
        """Go by the access file as it is now: a key that is revoked counts no more."""
        path = self.server.access
        read_at = path.stat().st_mtime_ns
        while True:
            await asyncio.sleep(_ACCESS_LOOK_S)
            try:
                changed_at = path.stat().st_mtime_ns
                if changed_at != read_at:
                    read_at = changed_at
                    self.authenticator.use(read_access(path))
                    _log.info("access.read_again")
            except (ConfigError, OSError) as fault:
                _log.error("access.kept_as_it_was", why=str(fault))

    async def _take_up(self) -> None:
        """Go on where the last server has ended, and with this configuration."""
        log, rows = self.host.log, self._journal.rows
        if log.last:
            history = await log.read(max(0, log.last - _HISTORY), _HISTORY)
            self.gate.history.note(logged.event for logged in history)
        sessions = rows.get(session_desk.TABLE, {})
        self.answers.restore(rows.get(idempotency.TABLE, {}).values(), wall(), sessions)
        await self.desk.start(sessions.items())
        self.webhooks.restore(rows.get(webhooks.TABLE, {}).values())
        self.webhooks.start()
        self.routers.start()
        for number, router in enumerate(self.server.routers, start=1):
            await self._add_router(f"file-{number}", router)
        changed = reconfiguration(self.host.engine, self._config)
        if changed is not None:
            answered = await self.host.configure(changed)
            if answered.error is not None:
                raise answered.error

    async def _add_router(self, name: str, router: RouterConfig) -> None:
        """Let a web-hook route the calls of a device.

        Raises:
            CtiError: its URL leads where web-hooks may not go, or there is no such device.
        """
        await self.targets.find(router.url)
        secret = router.secret_file.read_text("utf-8").strip() if router.secret_file else ""
        hook = RouterHook(
            hook_id=name, routeing_device=router.device, url=router.url, secret=secret
        )
        await self.routers.add_hook(hook)

    def _let_people_in(self, stack: AsyncExitStack) -> None:
        self.switch.let_people_in(self.host, self.server)
        if self.server.simulate.agents:
            agents = SimulatedAgents(self.host, self.clock, self.scenario)
            agents.start()
            stack.callback(agents.stop)

    async def _open_doors(self, stack: AsyncExitStack) -> None:
        server = self.server
        if server.mqtt is not None:
            kept = self._journal.rows.get(mqtt_bridge.TABLE, {}).get(server.tenant)
            await open_mqtt(self, server.mqtt, kept, stack)
        if server.zmq is not None:
            self.zmq = await open_zmq(self, server.zmq, stack)
        self.http = await open_http(self, stack)
        _log.info("server.open", http=f"{self.http[0]}:{self.http[1]}", epoch=self.host.log.epoch)

    async def _stop_host(self) -> None:
        for task in list(self._looking_up):
            task.cancel()
        await self.host.stop(self.server.drain_ms / SECOND)

    # What the engine asks of others.

    def _look_up(self, asked: LookUp) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(asked))
        self._looking_up.add(task)
        task.add_done_callback(self._looking_up.discard)

    async def _answer(self, asked: LookUp) -> None:
        match, card = await self._bridge.look_up(asked.number)
        self.host.submit(LookedUp(asked.call_id, match, card))

    def _ask_router(self, question: RouteQuestion) -> None:
        self.routers.ask(question)

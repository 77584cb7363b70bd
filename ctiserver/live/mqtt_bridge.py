"""Events, state and requests over an MQTT broker (cti-api §7.2).

Below `cti/v1/{tenant}/`:
  evt/{class}/{id}/{Event}   every event, QoS 1, a CloudEvent in structured mode
  state/{class}/{id}         agents, queues (`acd`) and links as they are, retained
  state/system/server        up, stopped, or down (the bridge's Will), retained
  system/heartbeat           each second: the last sequence, and how far this stream is
  system/gap                 events that could not be published any more: from, to
  req/{client}, rsp/{client} requests and responses

The bridge keeps no events. It knows the last one that the broker has acknowledged, also after a
restart, and reads on from there in the event log when the broker is back: nothing is missing, what
was not acknowledged may come twice with the same id. The engine never waits for a broker.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress

import aiomqtt
import msgspec
import structlog

from ctiserver.core.messages import sequence_text
from ctiserver.core.principals import Principal
from ctiserver.live.event_log import Logged, TooOldError
from ctiserver.live.gate import Gate
from ctiserver.live.mqtt_broker import Broker, Properties5
from ctiserver.live.mqtt_requests import Answer, MqttRequests
from ctiserver.live.mqtt_state import StateBoard, state_path
from ctiserver.live.ports import EngineHost
from ctiserver.live.topics import event_path, tenant_root
from ctiserver.live.zmq_events import HEARTBEAT_S, Heartbeat, stream_reader

TABLE = "mqtt"
"""Where the bridge keeps its cursor in the journal's database, by tenant."""
IN_FLIGHT_MAX = 20
"""Messages that are not acknowledged yet; it is what Mosquitto takes by default."""
STATE_EXPIRY_S = 3_600
"""How long a broker keeps a state that nobody tells it again: the server is gone for good."""
STATE_RENEWED_S = 1_200
REQUESTS_MAX = 100

_PAGE = 500
_ACK_S = 20.0
_BACK_OFF_S = 0.25
_BACK_OFF_S_MAX = 15.0
_CANCEL_S = 1.0

_log = structlog.get_logger(__name__)


class Cursor(msgspec.Struct, frozen=True):
    """The last event that the broker has acknowledged, and all before it."""

    epoch: str
    sequence: int


class Gap(msgspec.Struct, frozen=True, omit_defaults=True, rename={"after": "from", "last": "to"}):
    """Events of a log that nobody will get by MQTT: from and to are sequences, both left out.

    `epochChanged`: the log has begun anew, and nothing of the old one will come.
    """

    epoch: str
    reason: str
    after: str | None = None
    last: str | None = None


class _ServerState(msgspec.Struct, frozen=True):
    status: str
    epoch: str


class MqttBridge:
    """One bridge, from `start` to `stop`; whether there is a broker or not."""

    def __init__(
        self,
        host: EngineHost,
        gate: Gate,
        requests: MqttRequests | None,
        broker: Broker,
        *,
        tenant: str = "default",
        reader: Principal | None = None,
    ) -> None:
        """Publish what `reader` may see, by default all but personal data.

        Without `requests` nobody is served.

        Raises:
            BrokerError: the broker is not to be used like that.
        """
        broker.check()
        self._host = host
        self._log = host.log
        self._gate = gate
        self._requests = requests
        self._broker = broker
        self._tenant = tenant
        self._root = tenant_root(tenant)
        self._reader = reader or stream_reader(tenant)
        self._board = StateBoard(host, gate, self._reader)
        self._looked_at = 0
        self._published = 0
        self._count = 0
        self._out: dict[int, None] = {}
        self._kept = 0
        self._gap: Gap | None = None
        self._came = asyncio.Event()
        self._acked = asyncio.Event()
        self._client: aiomqtt.Client | None = None
        self._parts: list[asyncio.Task[None]] = []
        self._running: asyncio.Task[None] | None = None
        self._stopping = False
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        """Whether there is a broker."""
        return self._client is not None

    @property
    def cursor(self) -> int:
        """The last event of which, with all before it, the broker has what is for it."""
        return next(iter(self._out)) - 1 if self._out else self._looked_at

    def start(self, kept: bytes | None = None) -> None:
        """Begin after the cursor that was kept (row `tenant` of `TABLE`); without one, from now."""
        log = self._log
        self._looked_at = log.last
        if kept is not None:
            cursor = msgspec.json.decode(kept, type=Cursor)
            if cursor.epoch == log.epoch:
                self._looked_at = min(cursor.sequence, log.last)
            else:
                self._looked_at = 0
                self._gap = Gap(log.epoch, "epochChanged")
        self._kept = self._looked_at
        log.listeners.append(self._hear)
        self._board.start()
        self._running = asyncio.get_running_loop().create_task(self._run())

    async def stop(self, within_s: float = 5.0) -> None:
        """Publish what there is, if the broker takes it in time, and say that the server stops."""
        if self._running is None:
            return
        self._stopping = True
        client = self._client
        if client is not None:
            with suppress(TimeoutError, aiomqtt.MqttError):
                async with asyncio.timeout(within_s):
                    while self.cursor < self._log.last and self._client is client:
                        self._acked.clear()
                        await self._acked.wait()
                    await self._tell_server(client, "stopped")
        self._running.cancel()
        while not (await asyncio.wait([self._running], timeout=_CANCEL_S))[0]:
            # In Python 3.11 what is answered in the moment in which it is cancelled goes on.
            for part in (self._running, *self._parts):
                part.cancel()
        with suppress(asyncio.CancelledError, aiomqtt.MqttError):
            await self._running
        for task in self._serving:
            task.cancel()
        self._log.listeners.remove(self._hear)
        self._board.stop()
        self._keep()

    def _hear(self, _batch: Sequence[Logged]) -> None:
        self._came.set()

    # The connection.

    async def _run(self) -> None:
        """Connect, and again; each time less often, and not at the same instant as others."""
        down = msgspec.json.encode(_ServerState("down", self._log.epoch))
        will = aiomqtt.Will(f"{self._root}/state/system/server", down, qos=1, retain=True)
        wait_s = _BACK_OFF_S
        while not self._stopping:
            try:
                async with self._broker.client(will, IN_FLIGHT_MAX) as client:
                    wait_s = _BACK_OFF_S
                    await self._serve(client)
            except* (aiomqtt.MqttError, OSError) as group:
                _log.warning("mqtt.away", why=[str(each) for each in _leaves(group)])
            finally:
                self._client = None
                self._acked.set()
            if (
                self._stopping
            ):  # a group that ends by an error of its own swallows our being cancelled
                return
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            wait_s = min(2 * wait_s, _BACK_OFF_S_MAX)

    async def _serve(self, client: aiomqtt.Client) -> None:
        """Do everything until the connection is lost."""
        self._looked_at = self.cursor
        self._out.clear()
        if self._requests is not None:
            await self._subscribe(client, self._requests.topics)
        await self._tell_server(client, "up")
        self._board.renew()
        self._client = client
        _log.info("mqtt.connected", after=self._looked_at, behind=self._log.last - self._looked_at)
        async with asyncio.TaskGroup() as group:
            parts = (
                self._listen(client),
                self._publish_events(client, group),
                self._publish_states(client),
                self._renew_states(),
                self._beat(client),
            )
            self._parts = [group.create_task(part) for part in parts]

    async def _subscribe(self, client: aiomqtt.Client, topics: str) -> None:
        granted = await client.subscribe(topics, qos=1)
        if any(getattr(code, "value", code) >= 128 for code in granted):  # noqa: PLR2004 - MQTT's failures begin there
            _log.error("mqtt.requests_refused", topics=topics, remedy="let us read them: see acl")

    async def _tell_server(self, client: aiomqtt.Client, status: str) -> None:
        told = msgspec.json.encode(_ServerState(status, self._log.epoch))
        await self._say(client, "state/system/server", told, retain=True)

    async def _say(
        self, client: aiomqtt.Client, path: str, body: bytes, *, qos: int = 1, retain: bool = False
    ) -> None:
        properties = self._broker.properties("application/json")
        topic = f"{self._root}/{path}"
        await client.publish(topic, body, qos, retain, properties, timeout=_ACK_S)

    # Events.

    async def _publish_events(self, client: aiomqtt.Client, group: asyncio.TaskGroup) -> None:
        """Read on in the log; so many messages are under way, in their order."""
        window = asyncio.Semaphore(IN_FLIGHT_MAX)
        properties = self._broker.properties("application/cloudevents+json")
        if self._gap is not None:
            await self._tell_gap(client, self._gap)
            self._gap = None
        while True:
            self._came.clear()
            for logged in await self._next(client):
                if self._gate.sees(self._reader, logged):
                    await window.acquire()
                    self._out[logged.sequence] = None
                    sending = self._publish(client, logged, properties)
                    task = group.create_task(sending)
                    task.add_done_callback(lambda _task: window.release())
                self._looked_at = logged.sequence
            if self._looked_at >= self._log.last:
                self._acked.set()
                await self._came.wait()
            else:
                await asyncio.sleep(0)

    async def _next(self, client: aiomqtt.Client) -> Sequence[Logged]:
        """Read some events; what is no longer kept is told of, and passed over."""
        log, after = self._log, self._looked_at
        try:
            page = await log.read(after, _PAGE)
        except TooOldError:
            page = ()
        there = page[0].sequence if page else log.first_kept
        if after < log.last and there > after + 1:
            gap = Gap(log.epoch, "tooOld", sequence_text(after + 1), sequence_text(there - 1))
            await self._tell_gap(client, gap)
            self._looked_at = there - 1
            self._board.renew()
        return page

    async def _tell_gap(self, client: aiomqtt.Client, gap: Gap) -> None:
        _log.error("mqtt.gap", reason=gap.reason, first=gap.after, last=gap.last)
        await self._say(client, "system/gap", msgspec.json.encode(gap))

    async def _publish(
        self, client: aiomqtt.Client, logged: Logged, properties: Properties5
    ) -> None:
        sequence = logged.sequence
        topic = f"{self._root}/evt/{event_path(logged.event)}"
        envelope = self._gate.envelope(self._reader, logged)
        await client.publish(topic, envelope, qos=1, properties=properties, timeout=_ACK_S)
        del self._out[sequence]
        self._published = max(self._published, sequence)
        self._count += 1
        self._acked.set()

    # State.

    async def _publish_states(self, client: aiomqtt.Client) -> None:
        properties = self._broker.properties("application/json", STATE_EXPIRY_S)
        while True:
            key = await self._board.next()
            topic = f"{self._root}/{state_path(key)}"
            body = self._board.body(key)
            await client.publish(topic, body, 1, properties=properties, retain=True, timeout=_ACK_S)

    async def _renew_states(self) -> None:
        while True:
            await asyncio.sleep(STATE_RENEWED_S)
            self._board.renew()

    async def _beat(self, client: aiomqtt.Client) -> None:
        while True:
            last, published = sequence_text(self._log.last), sequence_text(self._published)
            told = Heartbeat(self._log.epoch, last, published, self._count)
            await self._say(client, "system/heartbeat", msgspec.json.encode(told), qos=0)
            self._keep()
            await asyncio.sleep(HEARTBEAT_S)

    def _keep(self) -> None:
        """Keep the cursor over restarts."""
        cursor = self.cursor
        if cursor != self._kept:
            self._kept = cursor
            row = msgspec.json.encode(Cursor(self._log.epoch, cursor))
            self._host.keep(TABLE, self._tenant, row)

    # Requests.

    async def _listen(self, client: aiomqtt.Client) -> None:
        """Take requests, many at once; it ends with an error when the connection is lost."""
        async for message in client.messages:
            requests = self._requests
            if requests is None:
                continue
            if len(self._serving) >= REQUESTS_MAX:
                await self._reply(client, requests.too_many(message))
                continue
            # Not of the group: what is under way goes on when the broker is lost.
            task = asyncio.get_running_loop().create_task(self._answer(client, requests, message))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)

    async def _answer(
        self, client: aiomqtt.Client, requests: MqttRequests, message: aiomqtt.Message
    ) -> None:
        try:
            answer = await requests.answer(message)
            with suppress(aiomqtt.MqttError):  # its client asks again with the same key
                await self._reply(client, answer)
        except Exception:  # noqa: BLE001 - one request's fault is not the bridge's
            _log.exception("mqtt.request_failed", topic=str(message.topic))

    async def _reply(self, client: aiomqtt.Client, answer: Answer | None) -> None:
        if answer is not None:
            properties = answer.properties() if self._broker.version == "5" else None
            await client.publish(
                answer.topic, answer.body, qos=1, properties=properties, timeout=_ACK_S
            )


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """List the errors of a group, and of the groups in it."""
    found: list[BaseException] = []
    for each in group.exceptions:
        found += _leaves(each) if isinstance(each, BaseExceptionGroup) else [each]
    return found

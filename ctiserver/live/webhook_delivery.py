"""Delivering the events of one web-hook: signed, tried again, in order for each partition key."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable

import httpx
import msgspec

from csta.errors import CtiError
from csta.instants import DAY, SECOND, Instant, Milliseconds
from ctiserver.core.event_filters import EventFilter
from ctiserver.core.messages import sequence_text
from ctiserver.core.principals import Principal
from ctiserver.live.event_log import Logged
from ctiserver.live.event_reader import EventReader
from ctiserver.live.signatures import signed
from ctiserver.live.webhook_targets import Targets

DELIVERY_S = 10.0
"""How long the other side may take to answer."""
OPEN_MAX = 256
"""Events of one hook that are read and not taken yet."""
POSTS_MAX = 16
"""Posts of one hook that are under way at once, each of another partition key."""
_KEEP_EVERY_MS = SECOND
_GONE = 410
_IDLE_MS = 15 * SECOND

Progress = Callable[[int, Instant | None], None]


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How often what is not taken is tried again, and for how long; between tries, about twice."""

    first_ms: Milliseconds = SECOND
    longest_ms: Milliseconds = 300 * SECOND
    give_up_ms: Milliseconds = DAY


class GivenUpError(Exception):
    """Nobody takes the events of this hook; the argument says why, for a person."""


class Courier:
    """Serves one hook."""

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        client: httpx.AsyncClient,
        targets: Targets,
        now: Callable[[], Instant],
        pace: Pace,
        failing_since: Instant | None,
    ) -> None:
        """Post to a URL; nothing happens before `run`."""
        self._url = url
        self._secret = secret.encode()
        self._client = client
        self._targets = targets
        self._now = now
        self._pace = pace
        self._places = asyncio.Semaphore(POSTS_MAX)
        self._lines: dict[str, deque[tuple[Logged, bytes]]] = {}
        self._open: deque[int] = deque()
        self._taken: set[int] = set()
        self._room = asyncio.Event()
        self._kept_at: Instant = 0
        self._progress: Progress = _nobody_keeps
        self.cursor = 0
        self.failing_since = failing_since

    async def run(
        self,
        reader: EventReader,
        who: Principal,
        wanted: EventFilter,
        after: int,
        progress: Progress,
    ) -> str | None:
        """Deliver what comes after a sequence; gives why it was given up, None when closed."""
        self.cursor, self._progress = after, progress
        try:
            async with asyncio.TaskGroup() as posts:
                async for page in reader.follow(who, after, wanted, _IDLE_MS):
                    for logged, envelope in page.events:
                        await self._make_room()
                        self._take(posts, logged, envelope)
                    if not self._open:
                        self.cursor = page.last
                    self._tell()
        except ExceptionGroup as group:
            given_up, others = group.split((GivenUpError, CtiError))
            if given_up is None or others is not None:
                raise
            return _first_words(given_up)
        return None

    def _take(self, posts: asyncio.TaskGroup, logged: Logged, envelope: bytes) -> None:
        """Put an event into the line of its partition key; a new line gets a task of its own."""
        self._open.append(logged.sequence)
        key = logged.event.partition_key
        line = self._lines.get(key)
        if line is None:
            self._lines[key] = line = deque()
            posts.create_task(self._work_off(key, line))
        line.append((logged, envelope))

    async def _make_room(self) -> None:
        while len(self._open) >= OPEN_MAX:
            self._room.clear()
            await self._room.wait()

    async def _work_off(self, key: str, line: deque[tuple[Logged, bytes]]) -> None:
        """Post what stands in one line, one after the other, until it is empty."""
        while line:
            logged, envelope = line[0]
            await self._bring(logged, envelope)
            line.popleft()
            self._note(logged.sequence)
        del self._lines[key]

    def _note(self, sequence: int) -> None:
        """Note that an event was taken; the cursor stands before the oldest that was not."""
        self._taken.add(sequence)
        while self._open and self._open[0] in self._taken:
            self.cursor = self._open.popleft()
            self._taken.discard(self.cursor)
        self.failing_since = None
        self._room.set()
        self._tell()

    def _tell(self) -> None:
        """Have the cursor kept, once a second at most."""
        now = self._now()
        if now - self._kept_at >= _KEEP_EVERY_MS:
            self._kept_at = now
            self._progress(self.cursor, self.failing_since)

    async def _bring(self, logged: Logged, envelope: bytes) -> None:
        """Post one event until it is taken.

        Raises:
            GivenUpError: nobody has taken any for as long as is tried, or the hook is gone.
        """
        pause = self._pace.first_ms
        while True:
            async with self._places:
                fault = await self._post(logged, envelope)
            if fault is None:
                return
            now = self._now()
            self.failing_since = since = self.failing_since or now
            self._tell()
            if fault.final or now - since >= self._pace.give_up_ms:
                raise GivenUpError(fault.words)
            await asyncio.sleep(random.uniform(pause / 2, pause) / SECOND)  # noqa: S311 - no secret
            pause = min(2 * pause, self._pace.longest_ms)

    async def _post(self, logged: Logged, envelope: bytes) -> _Fault | None:
        """Post one event once; gives what was wrong."""
        try:
            target = await self._targets.find(self._url)
            request = self._client.build_request(
                "POST",
                target.url,
                content=envelope,
                headers={
                    "Host": target.host_header,
                    "Content-Type": "application/cloudevents+json",
                    "User-Agent": "offhook",
                    "Webhook-Id": sequence_text(logged.sequence),
                    **signed(self._secret, envelope, self._now() // SECOND),
                },
                extensions={"sni_hostname": target.server_name},
            )
            response = await self._client.send(request, stream=True)
            await response.aclose()  # what it says beside its status is not read
        except CtiError as error:
            return _Fault(error.detail)
        except (httpx.HTTPError, OSError) as error:
            return _Fault(f"it cannot be reached: {type(error).__name__}")
        if response.is_success:
            return None
        gone = response.status_code == _GONE
        return _Fault(f"it answers {response.status_code}", final=gone)


class _Fault(msgspec.Struct, frozen=True):
    words: str
    final: bool = False


def _nobody_keeps(_cursor: int, _failing_since: Instant | None) -> None:
    """Keep nothing."""


def _first_words(group: BaseException) -> str:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group.detail if isinstance(group, CtiError) else str(group)

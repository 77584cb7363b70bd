"""`offhook serve` on an Asterisk, which takes the time from the link's socket to the log.

Reads words on stdin: `agents` logs all on, `tell` gives what it has come to (`asterisk_side.Told`).
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec

from bench.asterisk_side import Told
from bench.serving import run
from ctiserver.core.engine import Engine
from ctiserver.core.switch_link import AnyObservation
from ctiserver.live.collector import calm_collector
from ctiserver.live.event_log import Logged
from ctiserver.live.links.ari import AriLink
from ctiserver.live.links.ari_exchange import AriExchange
from scenarios.served_centre import ServedCentre, served_centre
from scenarios.server_file import load_server_file

_MS_OF_S = 1_000


class Stopwatch:
    """Holds the events of the log against the ARI events that they came of."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.handling_ms: list[float] = []
        self._engine: Engine | None = None
        self._heard_at: float | None = None
        self._came_of: dict[int, float] = {}

    @contextmanager
    def listening_in(self) -> Iterator[None]:
        """Listen in on every link that is made while the block runs."""
        hear, attach = AriExchange.hear, AriLink.attach

        def timed_hear(exchange: AriExchange, event: dict[str, Any]) -> None:
            self._heard_at = time.perf_counter()
            try:
                hear(exchange, event)
            finally:
                self._heard_at = None

        def timed_attach(link: AriLink, observe: Callable[[AnyObservation], None]) -> None:
            def timed(observation: AnyObservation) -> None:
                before = self._sequence()
                observe(observation)
                if self._heard_at is not None:
                    for sequence in range(before + 1, self._sequence() + 1):
                        self._came_of[sequence] = self._heard_at

            attach(link, timed)

        with (
            patch.object(AriExchange, "hear", timed_hear),
            patch.object(AriLink, "attach", timed_attach),
        ):
            yield

    def watch(self, centre: ServedCentre) -> None:
        """Hear when events are in the log."""
        self._engine = centre.host.engine
        centre.host.log.listeners.append(self._logged)

    def _sequence(self) -> int:
        return 0 if self._engine is None else self._engine.out.sequence

    def _logged(self, batch: Sequence[Logged]) -> None:
        now = time.perf_counter()
        for logged in batch:
            began = self._came_of.pop(logged.sequence, None)
            if began is not None:
                self.handling_ms.append(_MS_OF_S * (now - began))


async def _log_on(centre: ServedCentre) -> None:
    """Let everybody come, and be ready."""
    for agent in list(centre.host.engine.directory):
        for state in ("loggedOn", "ready"):
            params = {"agentID": agent.agent_id, "requestedAgentState": state}
            request = f"{agent.agent_id}-{state}"
            answered = await centre.host.ask(request, "SetAgentState", params, "bench")
            assert answered.error is None, f"{request}: {answered.error}"


async def _serve(file: Path) -> None:
    watch = Stopwatch()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    calm_collector()
    with watch.listening_in():
        await _answer_words(watch, file, reader)


async def _answer_words(watch: Stopwatch, file: Path, reader: asyncio.StreamReader) -> None:
    async with served_centre(load_server_file(file)) as centre:
        watch.watch(centre)
        _say(b"ready")
        while word := await reader.readline():
            if word == b"agents\n":
                await _log_on(centre)
                _say(b"done")
            else:
                engine = centre.host.engine
                states = Counter(agent.state.value for agent in engine.directory)
                told = Told(dict(states), len(engine.model.calls), watch.handling_ms)
                _say(msgspec.json.encode(told))


def _say(line: bytes) -> None:
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.flush()


if __name__ == "__main__":
    run(_serve(Path(sys.argv[1])))

"""Every scenario of cti-api §7.11 over every transport: the same commands, the same events (E6)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ctiserver.live import zmq_events
from tests.ctiserver.golden import SCENARIOS
from tests.live.brokers import Mosquitto, mosquitto
from tests.live.parity import play
from tests.live.ways import WAYS

_RESUMED = tuple(
    path for path in SCENARIOS if path.stem.partition("-")[0] in {f"S{n}" for n in range(2, 10)}
)

scenario = pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)


@pytest.fixture
async def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Mosquitto]:
    # A subscriber knows by the heartbeat that he is heard: tests need not wait a second for it.
    monkeypatch.setattr(zmq_events, "HEARTBEAT_S", 0.01)
    async with mosquitto(tmp_path) as running:
        yield running


@scenario
async def test_commands_by_each_transport_give_the_same_events_on_all(
    path: Path, broker: Mosquitto
) -> None:
    first = await play(path, WAYS[0], broker)
    for way in WAYS:
        played = first if way == WAYS[0] else await play(path, way, broker)
        played.player.is_as_written()
        for stream in played.streams:
            assert stream.events == played.log, f"{stream.name}, commands by {way}"
        assert played.alike() == first.alike(), f"commands by {way}"
        assert played.player.answers == first.player.answers, f"answers by {way}"


@pytest.mark.parametrize("path", _RESUMED, ids=lambda path: path.stem)
async def test_a_client_that_is_killed_after_any_event_misses_nothing(
    path: Path, broker: Mosquitto
) -> None:
    """S14, G7: each client dies after every single event, while the scenario goes on."""
    played = await play(path, "WebSocket", broker, deaths=True)
    played.player.is_as_written()
    for stream in played.streams:
        assert stream.losses > len(played.log) // 2
        assert stream.events == played.log, stream.name

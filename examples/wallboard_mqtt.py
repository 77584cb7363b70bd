"""A wallboard that reads retained state from an MQTT broker: no session, no key, no history.

    offhook serve --embedded-broker
    python examples/wallboard_mqtt.py --port 1883

The broker keeps the state of each queue under cti/v1/TENANT/state/acd/…: whoever comes late has
the whole board at once, and each change after that.
"""

from __future__ import annotations

import argparse
import asyncio

import aiomqtt
import msgspec

from ctiserver.core.picture import QueueItem


def shown(queue: QueueItem) -> str:
    """Write a queue as a line."""
    level = queue.service_level
    percent = f", {level.percent:.0f} % in time" if level is not None else ""
    return (
        f"{queue.id}: {queue.waiting} waiting, the longest {queue.longest_wait_ms / 1000:.0f} s; "
        f"{queue.agents_ready} of {queue.agents_logged_on} agents ready{percent}"
    )


async def watch(
    host: str, port: int, tenant: str, login: tuple[str, str] | None, count: int
) -> None:
    """Print each state that comes, so many of them, or for ever when `count` is 0."""
    user, password = login or (None, None)
    async with aiomqtt.Client(host, port, username=user, password=password) as broker:
        await broker.subscribe(f"cti/v1/{tenant}/state/acd/+", qos=1)
        told = 0
        async for message in broker.messages:
            if isinstance(message.payload, bytes) and message.payload:
                print(shown(msgspec.json.decode(message.payload, type=QueueItem)), flush=True)
                told += 1
                if told == count:
                    return


def main() -> None:
    """Read the command line, and watch."""
    parser = argparse.ArgumentParser(description="A wallboard over MQTT.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--tenant", default="default")
    parser.add_argument("--login", nargs=2, metavar=("USER", "PASSWORD"))
    parser.add_argument("--count", type=int, default=0, help="end after so many lines")
    asked = parser.parse_args()
    login = None if asked.login is None else (asked.login[0], asked.login[1])
    asyncio.run(watch(asked.host, asked.port, asked.tenant, login, asked.count))


if __name__ == "__main__":
    main()

"""Write the calls of a server as CSV, from its log of events: one line for each that is over.

    python examples/interactions_csv.py --token KEY > calls.csv

The key's role is `integration`, `supervisor` or `admin`. Run it again with `--after` and the place
that it wrote to stderr, and it goes on from there.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import sys
from collections.abc import AsyncIterator

import msgspec

from csta.call_events import CallCleared
from csta.monitor_services import ReplayEvents
from ctiserver.live.client import Client, connect
from ctiserver.live.client_messages import Event, read_event

HEAD = ("ended", "call", "direction", "caller", "called", "queue", "outcome", "wait_s", "talk_s")


async def cleared(client: Client, after: int) -> AsyncIterator[Event]:
    """Read the log up to its end, page by page."""
    epoch, more = client.session.epoch, True
    while more:
        asked = ReplayEvents(epoch=epoch, after=f"{after:016}", filter={"CallCleared": True})
        page = await client.ask(asked)
        for envelope in page.events:
            event = read_event(msgspec.json.encode(envelope))
            after = event.sequence
            yield event
        more = page.more


def row(event: Event, call: CallCleared) -> tuple[object, ...]:
    """Write a call as a line of the table."""
    queue = call.acd.group if call.acd is not None else ""
    return (
        *(event.time, call.call_id, call.direction),
        *(call.calling_device.device_identifier, call.called_device.device_identifier),
        *(queue, call.outcome),
        *(call.durations.queue_ms // 1000, call.durations.talk_ms // 1000),
    )


async def export(url: str, token: str, after: int) -> None:
    """Write the table to stdout."""
    table = csv.writer(sys.stdout)
    table.writerow(HEAD)
    async with connect(url, token, name="interactions_csv") as client:
        async for event in cleared(client, after):
            if isinstance(event.data, CallCleared):
                table.writerow(row(event, event.data))
            after = event.sequence
    print(f"--after {after}", file=sys.stderr)


def main() -> None:
    """Read the command line, and export."""
    parser = argparse.ArgumentParser(description="Write the calls of a server as CSV.")
    parser.add_argument("--url", default="ws://127.0.0.1:8080")
    parser.add_argument("--token", required=True, help="a key: offhook key add NAME --role ROLE")
    parser.add_argument("--after", type=int, default=0, help="only what came after this event")
    asked = parser.parse_args()
    asyncio.run(export(asked.url, asked.token, asked.after))


if __name__ == "__main__":
    main()

"""Record every call of a queue from the moment that an agent answers it.

    python examples/recorder_control.py --token KEY --queue acd:sales

The key's role is `admin`, or `integration` with the right `record:control`.
"""

from __future__ import annotations

import argparse
import asyncio

from csta.call_events import Established
from csta.supervision_events import RecordingStarted, RecordingStopped
from csta.voice_services import StartCallRecording
from ctiserver.live.client import Client, connect
from ctiserver.live.client_errors import RefusedError
from ctiserver.live.client_messages import Event

WANTED = {"Established": True, "recording": True}


async def record(client: Client, event: Established) -> None:
    """Begin to record a call that an agent has answered."""
    if not any(part.agent_id for part in event.connections):
        return  # a voice unit or a queue has answered, nobody talks yet
    try:
        await client.ask(StartCallRecording(call_id=event.call_id))
    except RefusedError as refused:
        print(f"{event.call_id} is not recorded: {refused.problem.detail}", flush=True)


async def control(url: str, token: str, queue: str, count: int) -> None:
    """Record calls until so many recordings are complete, or for ever when `count` is 0."""
    async with connect(url, token, name="recorder_control") as client:
        complete = 0
        async for news in await client.monitor(queue, WANTED, follows=True):
            data = news.data if isinstance(news, Event) else None
            match data:
                case Established():
                    await record(client, data)
                case RecordingStarted():
                    print(f"{data.call_id}: recording {data.recording_id}", flush=True)
                case RecordingStopped():
                    print(f"{data.call_id}: complete, {data.uri or 'no place yet'}", flush=True)
                    complete += 1
                    if complete == count:
                        return


def main() -> None:
    """Read the command line, and record."""
    parser = argparse.ArgumentParser(description="Record every call of a queue.")
    parser.add_argument("--url", default="ws://127.0.0.1:8080")
    parser.add_argument("--token", required=True, help="a key: offhook key add NAME --role ROLE")
    parser.add_argument("--queue", default="acd:sales")
    parser.add_argument("--count", type=int, default=0, help="end after so many recordings")
    asked = parser.parse_args()
    asyncio.run(control(asked.url, asked.token, asked.queue, asked.count))


if __name__ == "__main__":
    main()

"""Tell who calls when a phone rings at an agent: what a CRM does to open the right record.

    python examples/screen_pop_listener.py --token KEY --agent A01

The key's role is `agent` (its own pops), `supervisor` or `integration` (numbers are masked).
"""

from __future__ import annotations

import argparse
import asyncio

from csta.customers import ScreenPopped
from ctiserver.live.client import connect
from ctiserver.live.client_messages import Event


def shown(pop: ScreenPopped) -> str:
    """Write one pop as a line."""
    who = pop.customer.name if pop.customer is not None else f"{pop.match} in the CRM"
    waited = f"waited {pop.waited_ms / 1000:.0f} s"
    return f"pop for {pop.agent_id}: {pop.number} ({who}), {pop.queue}, {waited}"


async def listen(url: str, token: str, agent: str | None, count: int) -> None:
    """Print pops, so many of them, or for ever when `count` is 0."""
    async with connect(url, token, name="screen_pop_listener") as client:
        target = f"agent:{agent}" if agent else "all"
        monitor = await client.monitor(target, {"ScreenPopped": True}, snapshot=False)
        told = 0
        async for news in monitor:
            if not isinstance(news, Event):
                print(f"events were missed: {news.reason}", flush=True)
            elif isinstance(news.data, ScreenPopped):
                print(shown(news.data), flush=True)
                told += 1
                if told == count:
                    return


def main() -> None:
    """Read the command line, and listen."""
    parser = argparse.ArgumentParser(description="Tell who calls when a phone rings.")
    parser.add_argument("--url", default="ws://127.0.0.1:8080")
    parser.add_argument("--token", required=True, help="a key: offhook key add NAME --role ROLE")
    parser.add_argument("--agent", help="one agent's pops only")
    parser.add_argument("--count", type=int, default=0, help="end after so many pops")
    asked = parser.parse_args()
    asyncio.run(listen(asked.url, asked.token, asked.agent, asked.count))


if __name__ == "__main__":
    main()

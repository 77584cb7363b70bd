"""A server to be killed: it hosts an engine, and prints the number of each answer that it has."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from tests.live.durable_centre import DurableCentre

_STATES = ("notReady", "ready")


async def _serve(path: Path) -> None:
    async with DurableCentre(path, speed=200.0) as centre:
        # In a later life she is there already, and this is refused: that is an answer too.
        await centre.ask("SetAgentState", agentID="anna", requestedAgentState="loggedOn")
        centre.host.log.listeners.append(
            lambda batch: os.write(1, b"".join(b"event %d\n" % each.sequence for each in batch))
        )
        for count in range(1_000_000):
            if count % 40 == 0:
                centre.call(f"+4917{count}", talk_ms=2_000)
            answered = await centre.ask(
                "SetAgentState", agentID="anna", requestedAgentState=_STATES[count % 2]
            )
            os.write(1, b"answer %d\n" % answered.sequence)
            await asyncio.sleep(0)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))

"""A channel whose end was never told is missed when the link looks."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from csta.causes import Cause
from ctiserver.core.switch_link import Answer, AnyObservation, LegGone, LegSeen, LinkUp
from ctiserver.live.links.ari import AriLink
from ctiserver.live.links.ari_exchange import AriExchange
from tests.conformance.asterisk_stage import ari_config
from tests.real_asterisk.asterisk import Asterisk
from tests.real_asterisk.phones import outside
from tests.real_asterisk.programs import LIMIT_S

_ENDS = ("ChannelHangupRequest", "StasisEnd", "ChannelDestroyed")


class Told:
    """What a link tells."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._queue: asyncio.Queue[AnyObservation] = asyncio.Queue()
        self.tell = self._queue.put_nowait

    async def until(self, kind: type) -> Any:  # noqa: ANN401 - of that kind
        """Wait for the next of a kind; nothing is told of an end before it."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                what = await self._queue.get()
                if isinstance(what, kind):
                    return what
                assert not isinstance(what, LegGone), what


async def test_the_link_misses_a_caller_whose_end_it_was_never_told(
    asterisk: Asterisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear = AriExchange.hear

    def hard_of_hearing(self: AriExchange, event: dict[str, Any]) -> None:
        if event["type"] not in _ENDS:
            hear(self, event)

    monkeypatch.setattr(AriExchange, "hear", hard_of_hearing)
    told, link = Told(), AriLink(ari_config(asterisk, asterisk.url), "ast")
    link.attach(told.tell)
    try:
        await told.until(LinkUp)
        async with outside(asterisk, "4930111") as first, outside(asterisk, "4930112") as second:
            await first.dial("4930100")
            gone = (await told.until(LegSeen)).leg
            await second.dial("4930100")
            there = (await told.until(LegSeen)).leg
            for leg in (gone, there):
                link.execute(Answer(leg))
            await first.until("CALL_ESTABLISHED")
            await second.until("CALL_ESTABLISHED")
            await first.hang_up()
            while len(await asterisk.ari("GET", "channels")) > 1:  # noqa: ASYNC110 - elsewhere
                await asyncio.sleep(0.05)
            for _ in range(3):
                link.audit()
            assert await told.until(LegGone) == LegGone(gone, cause=Cause.NORMAL)
    finally:
        await link.stop()

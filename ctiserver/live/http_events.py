"""GET /events and /events/stream: the log by long poll and by server-sent events (§7.2)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Annotated

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter
from litestar.response import Stream

from csta.errors import CtiError
from csta.instants import SECOND, Instant
from csta.monitor_services import MonitorFilter
from ctiserver.core.event_filters import EventFilter, read_filter
from ctiserver.core.messages import HEARTBEAT_SECONDS, sequence_text
from ctiserver.core.principals import Principal
from ctiserver.live.event_reader import LIMIT_MAX, EventReader
from ctiserver.live.http_problems import AnyRequest
from ctiserver.live.request_reading import bad_value

WAIT_SECONDS_MAX = 30
_DEFAULT_LIMIT = 100

Place = Annotated[str | None, QueryParameter(name="after", max_length=64)]
Names = Annotated[str | None, QueryParameter(name="filter", max_length=2_000)]


def event_routes(reader: EventReader, now: Callable[[], Instant]) -> list[HTTPRouteHandler]:
    """Make the routes; `now` is the wall clock, by which tokens expire."""

    @get("/events")
    async def events(
        request: AnyRequest,
        place: Place = None,
        names: Names = None,
        limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = _DEFAULT_LIMIT,
        wait: Annotated[int, QueryParameter(ge=0, le=WAIT_SECONDS_MAX)] = 0,
    ) -> Response[bytes]:
        """Give events after a place; `next` is where to go on, with nothing lost in between."""
        after, wanted = read_place(reader, place), read_filter(read_names(names))
        page = await reader.wait(request.user, after, limit, wanted, wait * SECOND)
        body = b'{"events":[%s],"next":"%s:%s","more":%s}' % (
            b",".join(envelope for _, envelope in page.events),
            reader.log.epoch.encode(),
            sequence_text(page.last).encode(),
            b"true" if page.more else b"false",
        )
        return Response(body, media_type="application/json")

    @get("/events/stream")
    async def stream(request: AnyRequest, place: Place = None, names: Names = None) -> Stream:
        """Give events as they come; `Last-Event-ID` says where to go on."""
        after = read_place(reader, request.headers.get("Last-Event-ID") or place)
        wanted = read_filter(read_names(names))
        return Stream(
            _frames(reader, request.user, after, wanted, now),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    return [events, stream]


async def _frames(
    reader: EventReader,
    who: Principal,
    after: int,
    wanted: EventFilter,
    now: Callable[[], Instant],
) -> AsyncIterator[bytes]:
    """Write events as server-sent events, and a comment when there are none for a while."""
    epoch = reader.log.epoch.encode()
    yield b": events after %s\n\n" % sequence_text(after).encode()
    try:
        async for page in reader.follow(who, after, wanted, HEARTBEAT_SECONDS * SECOND):
            if who.expires_at is not None and now() >= who.expires_at:
                return
            if not page.events:
                yield b": complete up to %s\n\n" % sequence_text(page.last).encode()
                continue
            yield b"".join(
                b"id: %s:%s\ndata: %s\n\n"
                % (epoch, sequence_text(logged.sequence).encode(), envelope)
                for logged, envelope in page.events
            )
    except CtiError:
        yield b"event: resync\ndata: {}\n\n"  # the client was too slow for what is kept


def read_place(reader: EventReader, place: str | None) -> int:
    """Read `epoch:sequence`; without it the place is the end of the log.

    Raises:
        CtiError: it is not a place in this log.
    """
    if place is None:
        return reader.log.last
    epoch, mark, after = place.partition(":")
    if not mark:
        raise bad_value(f"after: {place!r} is not written epoch:sequence")
    return reader.place(epoch, after)


def read_names(names: str | None) -> MonitorFilter | None:
    """Read `filter=callControl,-Held`: what is wanted, and with a minus what is not."""
    if not names:
        return None
    words = [word.strip() for word in names.split(",")]
    return {word.removeprefix("-"): not word.startswith("-") for word in words if word}

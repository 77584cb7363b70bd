"""Web-hooks: events of the log, posted to who has asked for them (cti-api §7.2, last paragraph).

A hook is kept in the journal's database with a cursor: all events up to it were taken. Events of
one partition key are posted in their order and one at a time, those of different keys beside one
another. What is not taken is tried again, ever more slowly, for a day; then the hook is suspended
and an event tells of it. After a restart a hook goes on at its cursor: an event may come twice,
never not at all; its `id` is the key by which the other side can tell.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable

import httpx
import msgspec
import structlog

from csta.errors import CtiError, ErrorCategory, ErrorValue, Outcome
from csta.ids import wire_name
from csta.instants import Instant
from csta.monitor_services import MonitorFilter
from ctiserver.core.event_filters import read_filter
from ctiserver.core.inputs import Audited, WebhookFailed
from ctiserver.core.messages import sequence_text
from ctiserver.core.principals import Principal
from ctiserver.live.event_reader import EventReader
from ctiserver.live.ports import EngineHost
from ctiserver.live.request_reading import bad_value
from ctiserver.live.webhook_delivery import DELIVERY_S, Courier, Pace
from ctiserver.live.webhook_targets import Targets, split

TABLE = "webhooks"
HOOKS_MAX = 100
SECRET_MIN = 16
_log = structlog.get_logger(__name__)


class WebhookRequest(
    msgspec.Struct, frozen=True, kw_only=True, rename=wire_name, forbid_unknown_fields=True
):
    """Ask for events to be posted to a URL; `secret` signs them, and is never shown again."""

    url: str
    secret: str
    filter: MonitorFilter | None = None


class WebhookState(msgspec.Struct, frozen=True, kw_only=True, rename=wire_name, omit_defaults=True):
    """A web-hook as its owner sees it: all events up to `taken_up_to` were taken."""

    id: str
    url: str
    filter: MonitorFilter | None = None
    taken_up_to: str
    failing_since: Instant | None = None
    suspended: bool = False


class Hook(msgspec.Struct, kw_only=True):
    """A web-hook as it is kept."""

    id: str
    url: str
    secret: str
    filter: MonitorFilter | None
    owner: Principal
    epoch: str
    cursor: int
    failing_since: Instant | None = None
    suspended: bool = False

    def state(self) -> WebhookState:
        """Show it, without its secret."""
        return WebhookState(
            id=self.id,
            url=self.url,
            filter=self.filter,
            taken_up_to=sequence_text(self.cursor),
            failing_since=self.failing_since,
            suspended=self.suspended,
        )


class Webhooks:
    """All web-hooks of a server, and the tasks that serve them."""

    def __init__(
        self,
        host: EngineHost,
        reader: EventReader,
        targets: Targets,
        *,
        now: Callable[[], Instant],
        pace: Pace | None = None,
    ) -> None:
        """Serve hooks while the block runs (`async with`); `now` is the wall clock."""
        self._host = host
        self._reader = reader
        self._targets = targets
        self._now = now
        self._pace = pace or Pace()
        self._hooks: dict[str, Hook] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._client: httpx.AsyncClient | None = None

    def restore(self, rows: Iterable[bytes]) -> None:
        """Take in the hooks of an earlier run; call it before `start`."""
        for row in rows:
            hook = msgspec.msgpack.decode(row, type=Hook)
            if hook.epoch != self._host.log.epoch:
                hook.epoch, hook.cursor = self._host.log.epoch, self._host.log.last
            self._hooks[hook.id] = hook

    def start(self) -> None:
        """Begin to deliver."""
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=50)
        self._client = httpx.AsyncClient(
            timeout=DELIVERY_S, limits=limits, follow_redirects=False, trust_env=False
        )
        for hook in self._hooks.values():
            self._serve(hook)

    async def stop(self) -> None:
        """Stop delivering; cursors are kept, so that the next run goes on."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()
        if self._client is not None:
            await self._client.aclose()

    async def add(self, who: Principal, asked: WebhookRequest) -> WebhookState:
        """Add a hook, which is told of what happens from now on, as far as `who` may see it.

        Raises:
            CtiError: the URL, the filter or the secret is not as it must be, or there are too many.
        """
        split(asked.url)
        read_filter(asked.filter)
        if len(asked.secret) < SECRET_MIN:
            raise bad_value(f"secret: at least {SECRET_MIN} characters")
        if len(self._hooks) >= HOOKS_MAX:
            raise CtiError(
                ErrorCategory.SUBSCRIBED_RESOURCE_AVAILABILITY,
                ErrorValue.OBJECT_MONITOR_LIMIT_EXCEEDED,
                f"there are {HOOKS_MAX} web-hooks already",
            )
        try:
            await self._targets.find(asked.url)
        except OSError as error:
            raise bad_value(f"url: the host cannot be found: {error.strerror}") from error
        hook = Hook(
            id=f"w-{secrets.token_hex(8)}",
            url=asked.url,
            secret=asked.secret,
            filter=asked.filter,
            owner=who,
            epoch=self._host.log.epoch,
            cursor=self._host.log.last,
        )
        self._hooks[hook.id] = hook
        self._keep(hook)
        self._audit(who, "AddWebhook", hook)
        self._serve(hook)
        return hook.state()

    def show_all(self, who: Principal) -> list[WebhookState]:
        """Show the hooks of a principal's tenant."""
        tenant = who.tenant
        return [hook.state() for hook in self._hooks.values() if hook.owner.tenant == tenant]

    def show(self, who: Principal, hook_id: str) -> WebhookState:
        """Show one hook.

        Raises:
            CtiError: there is no such hook.
        """
        return self._of(who, hook_id).state()

    def remove(self, who: Principal, hook_id: str) -> None:
        """Remove a hook; what is on its way may still arrive.

        Raises:
            CtiError: there is no such hook.
        """
        hook = self._of(who, hook_id)
        del self._hooks[hook_id]
        self._host.keep(TABLE, hook_id, None)
        self._audit(who, "RemoveWebhook", hook)
        task = self._tasks.pop(hook_id, None)
        if task is not None:
            task.cancel()

    def failing(self) -> int:
        """Count the hooks that are not served as they should be."""
        return sum(hook.failing_since is not None for hook in self._hooks.values())

    def _of(self, who: Principal, hook_id: str) -> Hook:
        hook = self._hooks.get(hook_id)
        if hook is None or hook.owner.tenant != who.tenant:
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.OBJECT_NOT_KNOWN,
                f"there is no web-hook {hook_id!r}",
            )
        return hook

    def _serve(self, hook: Hook) -> None:
        if self._client is None or hook.suspended:
            return
        task = asyncio.get_running_loop().create_task(self._deliver(hook, self._client))
        self._tasks[hook.id] = task

    async def _deliver(self, hook: Hook, client: httpx.AsyncClient) -> None:
        """Deliver until the hook is removed, the server stops, or nobody takes its events."""
        courier = Courier(
            hook.url,
            hook.secret,
            client=client,
            targets=self._targets,
            now=self._now,
            pace=self._pace,
            failing_since=hook.failing_since,
        )

        def progress(cursor: int, failing_since: Instant | None) -> None:
            hook.cursor, hook.failing_since = cursor, failing_since
            self._keep(hook)

        wanted = read_filter(hook.filter)
        try:
            reason = await courier.run(self._reader, hook.owner, wanted, hook.cursor, progress)
        except asyncio.CancelledError:
            progress(courier.cursor, courier.failing_since)
            raise
        except Exception:  # noqa: BLE001 - a fault of ours suspends one hook, and is logged
            _log.exception("web-hook failed", webhook=hook.id)
            reason = "the server has failed on it, and has noted it"
        progress(courier.cursor, courier.failing_since)
        if reason is not None:
            self._suspend(hook, reason)

    def _suspend(self, hook: Hook, reason: str) -> None:
        hook.suspended = True
        self._keep(hook)
        self._tasks.pop(hook.id, None)
        _log.warning("web-hook suspended", webhook=hook.id, reason=reason)
        self._host.submit(
            WebhookFailed(
                hook.id,
                sequence_text(hook.cursor),
                hook.failing_since or self._now(),
                reason,
            )
        )

    def _keep(self, hook: Hook) -> None:
        if hook.id in self._hooks:
            self._host.keep(TABLE, hook.id, msgspec.msgpack.encode(hook))

    def _audit(self, who: Principal, service: str, hook: Hook) -> None:
        params = {"webhookID": hook.id, "url": hook.url, "filter": hook.filter}
        self._host.submit(
            Audited(service=service, principal=who.name, params=params, outcome=Outcome.EXECUTED)
        )

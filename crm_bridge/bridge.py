"""The bridge: numbers in, customer cards out; events in, interaction rows out.

The interactions are a projection of the event stream. The cursor is stored in the transaction
of the rows, so each event has its effect once, whatever is replayed and wherever a run ends.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, TypeVar

import msgspec

from crm_bridge.interactions import NO_NAMES, InteractionDraft, InteractionFold
from crm_bridge.matching import check_region, choose, e164
from crm_bridge.screen_pop import CONTACTS_SHOWN_MAX, customer_card
from crm_bridge.store import Store
from csta.customers import CustomerCard, Match
from csta.ids import AgentId
from csta.instants import SECOND, Milliseconds
from ctiserver.core.wire import Published

Answer = TypeVar("Answer")

_log = logging.getLogger(__name__)


class Bridge:
    """Ties one store to one event stream; it must be the only bridge that writes to the store."""

    def __init__(
        self,
        store: Store,
        default_region: str,
        *,
        epoch: str = "",
        agent_names: Mapping[AgentId, str] = NO_NAMES,
        look_up_max_ms: Milliseconds = SECOND,
    ) -> None:
        """Name the region (ISO 3166-1) of numbers without a country code.

        `epoch` is the event log's: sequences of another epoch are counted by another cursor.
        A look-up that takes longer than `look_up_max_ms` milliseconds comes to `Match.UNKNOWN`.

        Raises:
            ValueError: The region has no numbering plan.
        """
        check_region(default_region)
        self._store = store
        self._default_region = default_region
        self.cursor_name = f"interactions@{epoch}"
        """What the store calls the place in the log up to which it has projected."""
        self._agent_names = agent_names
        self._look_up_max_ms = look_up_max_ms
        self._turn = asyncio.Lock()
        self._fold: InteractionFold | None = None
        self._cursor = 0

    async def look_up(self, number: str) -> tuple[Match, CustomerCard | None]:
        """Find the customer who calls from this number, with contacts and ticket.

        A store that fails or is slow is no reason for a call to wait: it gives `Match.UNKNOWN`.
        """
        canonical = e164(number, self._default_region)
        if canonical is None:
            return Match.NONE, None
        try:
            async with _time_limit(self._look_up_max_ms):
                return await self._find(canonical)
        except TimeoutError:
            _log.warning("customer look-up took too long: the call goes on without a card")
            return Match.UNKNOWN, None
        except Exception:  # noqa: BLE001 - whatever a store raises, routing goes on
            _log.warning("customer look-up failed: the call goes on without a card", exc_info=True)
            return Match.UNKNOWN, None

    async def take(self, events: Sequence[Published]) -> None:
        """Project events, in the order of their sequences, in one transaction.

        Events at or below the cursor change nothing. When this raises, nothing of the batch need
        have been written; the same batch, or any that begins no later, may be given again.
        """
        async with self._turn:
            try:
                await self._project(events)
            except BaseException:
                # Nobody knows whether the commit arrived: the store is asked before going on.
                self._fold = None
                raise

    @property
    def open_count(self) -> int:
        """Count the contacts that are held in memory."""
        return 0 if self._fold is None else self._fold.held_count

    async def _find(self, number: str) -> tuple[Match, CustomerCard | None]:
        match, customer = choose(await self._store.candidates(number))
        if customer is None:
            return match, None
        contacts = await self._store.last_contacts(customer.customer_id, CONTACTS_SHOWN_MAX)
        tickets = await self._store.open_tickets(customer.customer_id)
        return match, customer_card(customer, contacts, tickets)

    async def _project(self, events: Sequence[Published]) -> None:
        fold = self._fold
        if fold is None:
            fold = await self._recovered()
        fresh: list[Published] = []
        upto = self._cursor
        for event in events:
            if event.sequence > upto:
                fresh.append(event)
                upto = event.sequence
        if strangers := fold.strangers(fresh):
            fold.adopt(await self._store.interactions(strangers))
        changed: dict[str, InteractionDraft] = {}
        for event in fresh:
            draft = fold.take(event)
            if draft is not None:
                changed[draft.thread_id] = draft
        for thread_id, draft in changed.items():
            if draft.ended_at is not None and not draft.customer_id and draft.customer_number:
                changed[thread_id] = await self._with_customer(draft)
        # A batch without effect is not worth a commit: taken again, it has none again.
        if changed:
            drafts = list(changed.values())
            await self._store.project(self.cursor_name, self._cursor, upto, drafts)
            self._cursor = upto
        fold.forget_closed()

    async def _with_customer(self, draft: InteractionDraft) -> InteractionDraft:
        """Write down whose contact it was when no screen popped: an abandoned or outbound call."""
        match, customer = choose(await self._store.candidates(draft.customer_number))
        if customer is None or match is not Match.ONE:
            return draft
        return msgspec.structs.replace(
            draft, customer_id=customer.customer_id, customer_name=customer.name
        )

    async def _recovered(self) -> InteractionFold:
        self._cursor = await self._store.cursor(self.cursor_name)
        drafts = await self._store.open_interactions()
        self._fold = InteractionFold(self._default_region, self._agent_names, drafts)
        return self._fold


def _time_limit(limit_ms: Milliseconds) -> AbstractAsyncContextManager[object]:
    """Limit the time where there is an event loop; in simulated time nothing waits."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return nullcontext()
    return asyncio.timeout(limit_ms / SECOND)


def finish_now(coroutine: Coroutine[Any, Any, Answer]) -> Answer:
    """Drive a coroutine that never waits to its end, without an event loop.

    Raises:
        RuntimeError: It waits for something, so that simulated time cannot go on.
    """
    try:
        coroutine.send(None)
    except StopIteration as end:
        answer: Answer = end.value
        return answer
    coroutine.close()
    raise RuntimeError(f"{coroutine!r} waits; in simulated time use a store in memory")

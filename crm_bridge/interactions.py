"""One interaction for each contact: a pure fold from published events to rows (SD074, I1).

A contact is a thread of calls (`threadLinkageID`): the caller's call, the calls by which agents
consulted one another about it, a later callback. However many calls a thread has, it has one row.
The row is opened by the thread's first event and closed when its last open call is cleared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec

from crm_bridge.matching import e164
from csta.call_events import (
    CallCleared,
    CallEvent,
    CallInformation,
    Conferenced,
    Party,
    Transferred,
)
from csta.customers import ScreenPopped
from csta.ids import AgentId, CallId, category_of, local_part
from csta.instants import Instant, Milliseconds
from csta.states import ConnectionState
from ctiserver.core.wire import Published

VOICE = "voice"

NO_NAMES: Mapping[AgentId, str] = MappingProxyType({})

_WRITTEN_BY_AGENTS = {
    "reason": "contact_reason",
    "result": "result",
    "effect": "effect",
    "documents": "documents_created",
    "script": "script_used",
    "notes": "notes_taken",
}
"""Members of `callQualifyingData`, and the field that each one fills."""

_SPEAKING = (ConnectionState.CONNECTED, ConnectionState.HOLD)


class ThreadCall(msgspec.Struct, frozen=True):
    """One call of a thread; a consultation is one that began beside another call."""

    call_id: CallId
    consultation: bool = False
    cleared: bool = False


class InteractionDraft(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the interaction table as far as it is known; `ended_at` is None while it is open.

    The twelve fields of SD074 come first; an empty text means that nothing is known.
    `contact_duration_ms` is talk and hold, `waited_ms` the time in queues, both in milliseconds.
    `agent_id` is the agent who had the caller last; one who was only consulted, or joined, is not.
    `call_id` is the call that the caller is in, `calls` are all calls of the thread.
    """

    customer_name: str = ""
    customer_number: str = ""
    agent_name: str = ""
    direction: str
    channel_type: str = VOICE
    contact_duration_ms: Milliseconds = 0
    contact_reason: str = ""
    result: str = ""
    effect: str = ""
    documents_created: str = ""
    script_used: str = ""
    notes_taken: str = ""
    thread_id: str
    call_id: CallId
    calls: tuple[ThreadCall, ...]
    customer_id: str = ""
    queue: str = ""
    agent_id: AgentId = ""
    started_at: Instant
    ended_at: Instant | None = None
    waited_ms: Milliseconds = 0
    outcome: str = ""
    menu_path: tuple[str, ...] = ()
    collected: dict[str, Any] = {}


class InteractionFold:
    """Folds events into drafts; holds those of open threads, and forgets closed ones when told.

    A thread that is not held may have a row all the same (a note written after the call, a
    callback): `strangers` names such threads, `adopt` takes up their rows.
    """

    def __init__(
        self,
        default_region: str,
        agent_names: Mapping[AgentId, str] = NO_NAMES,
        drafts: Iterable[InteractionDraft] = (),
    ) -> None:
        """Go on from these drafts; an agent without a name is written with the id."""
        self._default_region = default_region
        self._agent_names = agent_names
        self._drafts: dict[str, InteractionDraft] = {}
        self._thread_of_call: dict[CallId, str] = {}
        self._closed: list[str] = []
        self.adopt(drafts)

    @property
    def held_count(self) -> int:
        """Count the drafts that are held."""
        return len(self._drafts)

    def strangers(self, events: Iterable[Published]) -> list[str]:
        """Name the threads of these events that are not held, each once, in order."""
        threads = {_thread_of(event.data): None for event in events}
        return [thread for thread in threads if thread and thread not in self._drafts]

    def adopt(self, drafts: Iterable[InteractionDraft]) -> None:
        """Take up threads again from their rows."""
        for draft in drafts:
            self._keep(draft)

    def take(self, event: Published) -> InteractionDraft | None:
        """Take in one event; give the draft of its thread when the event has changed it."""
        data = event.data
        old: InteractionDraft | None
        new: InteractionDraft | None
        if isinstance(data, CallEvent):
            old = self._drafts.get(data.call_linkage_data.thread_linkage_id)
            new = self._after_call_event(old or _opened(data, event.at), data, event.at)
        elif isinstance(data, CallInformation):
            old = self._drafts.get(data.call_linkage_data.thread_linkage_id)
            new = _informed(old, data) if old else None
        elif isinstance(data, ScreenPopped):
            old = self._drafts.get(self._thread_of_call.get(data.call_id, ""))
            new = self._popped(old, data) if old and old.ended_at is None else None
        else:
            return None
        if new is None or new is old:
            return None
        self._keep(new, old)
        return new

    def forget_closed(self) -> None:
        """Let go of the closed drafts; to be called when they have been written."""
        for thread in self._closed:
            draft = self._drafts.get(thread)
            if draft is not None and draft.ended_at is not None:
                del self._drafts[thread]
                for call in draft.calls:
                    self._thread_of_call.pop(call.call_id, None)
        self._closed.clear()

    def _keep(self, draft: InteractionDraft, old: InteractionDraft | None = None) -> None:
        self._drafts[draft.thread_id] = draft
        if old is None or draft.calls is not old.calls:
            for call in draft.calls:
                self._thread_of_call[call.call_id] = draft.thread_id
        if draft.ended_at is not None:
            self._closed.append(draft.thread_id)

    def _after_call_event(
        self, draft: InteractionDraft, event: CallEvent, at: Instant
    ) -> InteractionDraft:
        draft = _with_call(draft, event.call_id)
        if isinstance(event, CallCleared):
            return _cleared(draft, event, at)
        if isinstance(event, (Transferred, Conferenced)) and event.secondary_old_call is not None:
            draft = _merged(draft, event.call_id, event.secondary_old_call.call_id)
        return self._attributed(draft, event) if event.call_id == draft.call_id else draft

    def _attributed(self, draft: InteractionDraft, event: CallEvent) -> InteractionDraft:
        """Write down who the caller speaks with, where he waited and from which number he calls."""
        changes: dict[str, Any] = {}
        speaking = [
            part.agent_id
            for part in event.connections
            if part.agent_id and part.local_connection_info in _SPEAKING
        ]
        if speaking and draft.agent_id not in speaking:
            changes["agent_id"] = speaking[0]
            changes["agent_name"] = self._agent_names.get(speaking[0], speaking[0])
        if event.acd is not None:
            if draft.queue != (queue := local_part(event.acd.group)):
                changes["queue"] = queue
            if draft.waited_ms < (waited_ms := event.acd.waited_ms or 0):
                changes["waited_ms"] = waited_ms
        if not draft.customer_number:
            party = event.calling_device if draft.direction == "inbound" else event.called_device
            if number := self._number(_outside_number(party)):
                changes["customer_number"] = number
        return msgspec.structs.replace(draft, **changes) if changes else draft

    def _popped(self, draft: InteractionDraft, pop: ScreenPopped) -> InteractionDraft:
        changes: dict[str, Any] = {}
        if pop.customer is not None:
            changes["customer_id"] = pop.customer.customer_id
            changes["customer_name"] = pop.customer.name
        if not draft.customer_number:
            changes["customer_number"] = self._number(pop.number)
        if pop.menu_path:
            changes["menu_path"] = pop.menu_path
        if pop.collected:
            changes["collected"] = draft.collected | pop.collected
        return _changed(draft, changes)

    def _number(self, number: str) -> str:
        """Give the E.164 form; digits that have none, such as a short code, stay as they came."""
        return e164(number, self._default_region) or (number if number.isdecimal() else "")


def _thread_of(data: object) -> str:
    if isinstance(data, (CallEvent, CallInformation)):
        return data.call_linkage_data.thread_linkage_id
    return ""


def _opened(event: CallEvent, at: Instant) -> InteractionDraft:
    return InteractionDraft(
        thread_id=event.call_linkage_data.thread_linkage_id,
        call_id=event.call_id,
        calls=(),
        direction=event.direction,
        started_at=at,
    )


def _outside_number(party: Party) -> str:
    device_id = party.device_identifier or ""
    return local_part(device_id) if category_of(device_id) == "number" else ""


def _with_call(draft: InteractionDraft, call_id: CallId) -> InteractionDraft:
    """Add a call to the thread; one that finds no other call open carries the contact on."""
    beside = False
    for call in draft.calls:
        if call.call_id == call_id:
            return draft
        beside = beside or not call.cleared
    calls = (*draft.calls, ThreadCall(call_id, consultation=beside))
    if beside:
        return msgspec.structs.replace(draft, calls=calls)
    return msgspec.structs.replace(draft, calls=calls, call_id=call_id, ended_at=None)


def _merged(draft: InteractionDraft, staying: CallId, ending: CallId) -> InteractionDraft:
    """Make one call of two (T1): the secondary call's id ends, its parties are in the other one.

    When the caller was in the call that ends, the call that stays is the contact's from now on.
    """
    calls = _marked(draft.calls, ending, cleared=True)
    if ending != draft.call_id:
        return _changed(draft, {"calls": calls})
    calls = _marked(calls, staying, consultation=False)
    return msgspec.structs.replace(draft, call_id=staying, calls=calls)


def _cleared(draft: InteractionDraft, event: CallCleared, at: Instant) -> InteractionDraft:
    calls = _marked(draft.calls, event.call_id, cleared=True)
    changes: dict[str, Any] = {"calls": calls}
    if draft.ended_at is None and all(call.cleared for call in calls):
        changes["ended_at"] = at
    if any(call.call_id == event.call_id and not call.consultation for call in calls):
        spent = event.durations
        changes["contact_duration_ms"] = draft.contact_duration_ms + spent.talk_ms + spent.hold_ms
        changes["waited_ms"] = max(draft.waited_ms, spent.queue_ms)
        changes["outcome"] = event.exit_reason or event.outcome.value
    return _changed(draft, changes)


def _informed(draft: InteractionDraft, event: CallInformation) -> InteractionDraft:
    given = event.call_qualifying_data or {}
    return _changed(
        draft,
        {field: _text(given[key]) for key, field in _WRITTEN_BY_AGENTS.items() if key in given},
    )


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return "; ".join(str(part) for part in value)
    return str(value)


def _marked(calls: Sequence[ThreadCall], call_id: CallId, **marks: bool) -> tuple[ThreadCall, ...]:
    return tuple(
        msgspec.structs.replace(call, **marks) if call.call_id == call_id else call
        for call in calls
    )


def _changed(draft: InteractionDraft, changes: Mapping[str, Any]) -> InteractionDraft:
    """Give the same draft when nothing differs: what has not changed is not written again."""
    for field, value in changes.items():
        if getattr(draft, field) != value:
            return msgspec.structs.replace(draft, **changes)
    return draft

"""Answers that are kept, so that a request which comes again is not carried out again (§7.6, C3).

A key belongs to who uses it: a principal of a tenant for an `Idempotency-Key`, a session for the
`id` of a request without one. The first answer to a key is kept for 24 hours, a session's latest
ones only; the same request is given it again, byte for byte, and another request under the same
key is refused.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.instants import HOUR, Instant, Milliseconds
from ctiserver.core.messages import sequence_text
from ctiserver.core.principals import Principal
from ctiserver.live.journal_database import Kept

KEPT_MS: Milliseconds = 24 * HOUR
KEYS_MAX = 20_000
"""Keys of one principal; whoever uses more in a day is refused until the oldest are a day old."""
SESSION_KEYS_MAX = 1_000
"""Requests of one session; the oldest are forgotten."""
TABLE = "idempotency"

Keep = Callable[[str, str, bytes | None], object]
"""Keeps a row (table, key, value) in the journal's database; None takes it away."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a request came to: JSON of its result or of its problem, and the place in the log."""

    ok: bool
    body: bytes
    epoch: str
    sequence: int
    replayed: bool = False

    def frame(self, request_id: str, service: str) -> bytes:
        """Write the `response` message; what is kept goes into it as it is."""
        return b'{"kind":"response","id":%s,"service":%s,"ok":%s,"%s":%s,"asOf":%s%s}' % (
            msgspec.json.encode(request_id),
            msgspec.json.encode(service),
            b"true" if self.ok else b"false",
            b"result" if self.ok else b"error",
            self.body,
            self.as_of,
            b',"replayed":true' if self.replayed else b"",
        )

    @property
    def as_of(self) -> bytes:
        """The place in the log, as JSON."""
        return b'{"epoch":"%s","sequence":"%s"}' % (
            self.epoch.encode(),
            sequence_text(self.sequence).encode(),
        )


class _Entry(msgspec.Struct, kw_only=True):
    body_hash: bytes
    at: Instant
    answer: Answer | None = None


class _Row(msgspec.Struct, frozen=True, array_like=True):
    owner: str
    key: str
    body_hash: bytes
    at: Instant
    answer: Answer


class Ticket:
    """One request's claim on its key, which ends when it is finished or given up."""

    def __init__(self, kept: KeptAnswers, owner: str, key: str, body_hash: bytes) -> None:
        """Stand for one key of one owner; nothing is claimed before `known`."""
        self._kept = kept
        self._owner = owner
        self._key = key
        self._body_hash = body_hash

    def known(self, now: Instant) -> Answer | None:
        """Give the answer that the key has, or None: then the key is this request's.

        Raises:
            CtiError: the key belongs to another request, to one that is still under way, or there
                are too many keys.
        """
        return self._kept.claim(self._owner, self._key, self._body_hash, now)

    def rows(self, answer: Answer) -> list[Kept]:
        """Give what is to be written in the transaction of the step that gives this answer."""
        return self._kept.rows(self._owner, self._key, answer)

    def finish(self, answer: Answer, *, written: bool = False) -> None:
        """Keep the answer; `written`: its row is safe already."""
        self._kept.store(self._owner, self._key, answer, written=written)

    def give_up(self) -> None:
        """Let the key be used again: nothing has been carried out."""
        self._kept.drop(self._owner, self._key)


def hash_of(service: str, params: dict[str, Any]) -> bytes:
    """Give the digest of what is asked: JSON in canonical order, so that layout does not matter."""
    canonical = msgspec.json.encode([service, params], order="deterministic")
    return hashlib.blake2b(canonical, digest_size=16).digest()


class KeptAnswers:
    """The answers of the last day, in memory, and as rows of the journal's database."""

    def __init__(self, keep: Keep | None = None, kept_ms: Milliseconds = KEPT_MS) -> None:
        """Begin with none; `keep` makes them last."""
        self._keep = keep
        self._kept_ms = kept_ms
        self._of: dict[str, OrderedDict[str, _Entry]] = {}
        self._sessions: set[str] = set()

    def of_principal(self, principal: Principal, key: str, body_hash: bytes) -> Ticket:
        """Give the ticket of an `Idempotency-Key`."""
        return Ticket(self, f"{principal.tenant}/{principal.name}", key, body_hash)

    def of_session(self, session_id: str, request_id: str, body_hash: bytes) -> Ticket:
        """Give the ticket of a request without a key: its id serves, within its session."""
        self._sessions.add(session_id)
        return Ticket(self, session_id, request_id, body_hash)

    def restore(self, rows: Iterable[bytes], now: Instant, sessions: Iterable[str] = ()) -> None:
        """Take in the rows of an earlier run, in any order; `sessions` are those that live on."""
        self._sessions.update(sessions)
        for row in sorted((_rows.decode(row) for row in rows), key=_age):
            if row.at <= now - self._kept_ms:
                self._drop_row(row.owner, row.key)
                continue
            entry = _Entry(body_hash=row.body_hash, at=row.at, answer=row.answer)
            self._of.setdefault(row.owner, OrderedDict())[row.key] = entry

    def claim(self, owner: str, key: str, body_hash: bytes, now: Instant) -> Answer | None:
        """Give a key's answer, or None after claiming the key; see `Ticket.known`."""
        entries = self._of.setdefault(owner, OrderedDict())
        self._forget_old(owner, entries, now)
        entry = entries.get(key)
        if entry is None:
            if len(entries) >= KEYS_MAX:
                raise CtiError(
                    ErrorCategory.CTI,
                    ErrorValue.RATE_LIMITED,
                    f"{owner} has used {KEYS_MAX} idempotency keys within a day",
                )
            entries[key] = _Entry(body_hash=body_hash, at=now)
            return None
        if entry.body_hash != body_hash:
            raise CtiError(
                ErrorCategory.CTI,
                ErrorValue.IDEMPOTENCY_KEY_REUSED,
                f"{key!r} was used for another request; take a new one",
            )
        if entry.answer is None:
            raise CtiError(
                ErrorCategory.CTI,
                ErrorValue.REQUEST_IN_PROGRESS,
                f"the request {key!r} is still being carried out",
            )
        return msgspec.structs.replace(entry.answer, replayed=True)

    def rows(self, owner: str, key: str, answer: Answer) -> list[Kept]:
        """Give the row of an answer; none when its session has ended meanwhile."""
        entry = self._entry(owner, key)
        if entry is None:
            return []
        row = _Row(owner, key, entry.body_hash, entry.at, answer)
        return [Kept(TABLE, _row_key(owner, key), msgspec.msgpack.encode(row))]

    def store(self, owner: str, key: str, answer: Answer, *, written: bool = False) -> None:
        """Keep what a key's request has come to."""
        entry = self._entry(owner, key)
        if entry is None:
            return
        entry.answer = answer
        if self._keep is not None and not written:
            for row in self.rows(owner, key, answer):
                self._keep(row.table, row.key, row.value)

    def drop(self, owner: str, key: str) -> None:
        """Forget a key."""
        if self._entry(owner, key) is not None:
            del self._of[owner][key]
            self._drop_row(owner, key)

    def forget_session(self, session_id: str) -> None:
        """Let go of the requests of a session that has ended."""
        self._sessions.discard(session_id)
        for key in self._of.pop(session_id, ()):
            self._drop_row(session_id, key)

    def _entry(self, owner: str, key: str) -> _Entry | None:
        entries = self._of.get(owner)
        return None if entries is None else entries.get(key)

    def _forget_old(self, owner: str, entries: OrderedDict[str, _Entry], now: Instant) -> None:
        limit = SESSION_KEYS_MAX if owner in self._sessions else None
        while entries:
            key, entry = next(iter(entries.items()))
            full = limit is not None and len(entries) >= limit
            if not full and entry.at > now - self._kept_ms:
                return
            del entries[key]
            self._drop_row(owner, key)

    def _drop_row(self, owner: str, key: str) -> None:
        if self._keep is not None:
            self._keep(TABLE, _row_key(owner, key), None)


def _age(row: _Row) -> Instant:
    return row.at


def _row_key(owner: str, key: str) -> str:
    return f"{owner}\n{key}"


_rows = msgspec.msgpack.Decoder(_Row)

"""Collecting keys: when an entry is complete, too short, or not made at all."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from csta.instants import Instant
from ivr.config import KeyRule

KEYS: Final = "0123456789*#"


class Verdict(Enum):
    """How an entry ended."""

    COMPLETE = auto()
    PARTIAL = auto()
    """The caller stopped with too few keys."""
    SILENCE = auto()
    """The caller pressed nothing."""


class Collector:
    """One entry. A timer runs from the end of the prompt, and anew from each key on.

    The timer of the next key is armed by every key, also by one that stopped the prompt: nobody
    waits for ever after too few keys.
    """

    __slots__ = ("_deadline_at", "_rule", "digits")

    def __init__(self, rule: KeyRule) -> None:
        """Start without keys; no timer runs until `listen` or the first key."""
        self.digits = ""
        self._rule = rule
        self._deadline_at: Instant | None = None

    def listen(self, now: Instant) -> None:
        """The prompt is over: the caller's time for the first key begins."""
        if not self.digits:
            self._deadline_at = now + self._rule.first_timeout_ms

    def press(self, key: str, now: Instant) -> Verdict | None:
        """Take one of `KEYS`; the terminator is not part of the value."""
        rule = self._rule
        if key == rule.terminator:
            return self._close()
        self.digits += key
        if len(self.digits) >= rule.most:
            return self._close()
        self._deadline_at = now + rule.digit_timeout_ms
        return None

    def wake_at(self) -> Instant | None:
        """Tell when the caller's time is over."""
        return self._deadline_at

    def wake(self, now: Instant) -> Verdict | None:
        """The instant has come; waking early is harmless."""
        if self._deadline_at is None or now < self._deadline_at:
            return None
        return self._close() if self.digits else Verdict.SILENCE

    def _close(self) -> Verdict:
        return Verdict.COMPLETE if len(self.digits) >= self._rule.least else Verdict.PARTIAL

"""One step of a queue's recipe: when it is looked at, if it is taken, and what it does."""

from __future__ import annotations

import msgspec

from csta.ids import DeviceId, QueueName
from csta.instants import Milliseconds


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a recipe (R33): `after_ms` in this queue, if `when` holds, its actions.

    A step is looked at once, at `after_ms`; with `every_ms` again and again until it was taken,
    or with `repeat` for as long as the call waits. Steps at 0 come before an agent is looked for.

    Conditions speak of `waited`, `waited_here`, `estimated_wait`, `longest_wait` (seconds),
    `position`, `waiting`, `ready`, `logged_on`, `not_ready`, `busy`, `calls_per_agent`,
    `attempts`, `priority`, `queue.<name>.<one of these>`, `calendar.<name>`, `caller.<attribute>`.
    """

    after_ms: Milliseconds
    when: str = ""
    every_ms: Milliseconds | None = None
    repeat: bool = False
    comment: str = ""

    # Whom the call needs.
    skills: dict[str, int] | None = None
    """New least levels; 0 drops a skill (R13, R14)."""
    requires: str | None = None
    """A new condition in place of the queue's; empty drops it."""
    rank_max: int | None = None
    """The last rank of agents that may be offered the call."""

    # Where it stands.
    priority_by: int = 0
    priority: int | None = None

    # Where it goes; of several targets, the first at which somebody is and that is not full.
    overflow_to: tuple[QueueName, ...] = ()
    also: QueueName | None = None
    split: dict[QueueName, int] | None = None
    """Queues with shares: calls are spread by percentage, without drawing lots (R32)."""
    divert_to: DeviceId | None = None
    """A number, a flow (`routeing:night`) or a voice mail box, which is a flow too."""
    end: str | None = None
    """The exit reason with which the call ends here."""
    skip_empty: bool = False
    """A target is passed over, though it is alone, if nobody is logged on or it is full (R31).

    A step of which all targets are passed over is not taken."""

    # What the caller hears.
    announce: str | None = None
    say_position: bool = False
    say_wait: bool = False
    music: str | None = None
    ask: str | None = None
    offer_callback: bool = False

    recipe: str | None = None
    """The steps of this named recipe are added, counted from now."""

    @property
    def changes_need(self) -> bool:
        """Whether it changes whom a call needs."""
        return self.skills is not None or self.requires is not None or self.rank_max is not None

    @property
    def changes_priority(self) -> bool:
        """Whether it changes where a call stands among others."""
        return bool(self.priority_by) or self.priority is not None

    @property
    def changes_place(self) -> bool:
        """Whether it may change who serves a call, or when."""
        leads_on = bool(self.overflow_to or self.split) or self.also is not None
        return leads_on or self.changes_need or self.changes_priority

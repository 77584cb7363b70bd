"""What happens to one call, moment by moment: events and the recipe's steps in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from acd.explain import Choice, needs_words
from acd.explain_outlook import step_name, step_words
from acd.explain_scores import Scores, key_scores
from acd.queue import WaitingCall
from acd.steps import Step
from csta.acd_events import (
    CallerAsked,
    CallerDecided,
    CallerInformed,
    OfferRefused,
    OfferWithdrawn,
    QueueLeft,
)
from csta.call_events import CallCleared, Established, Offered, Queued
from csta.callback_events import CallbackEvent
from csta.ids import CallId, category_of, local_part
from csta.instants import DAY, HOUR, MINUTE, SECOND, Instant
from ctiserver.core.engine import Engine
from ctiserver.core.wire import Published


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to a call: `what` in a word, `words` in a sentence.

    An offer has the choice that led to it.
    """

    at: Instant
    what: str
    words: str
    choice: Choice | None = None


class CallTeller:
    """Follows one call through an engine: what the ACD makes of it, and what is told of it."""

    def __init__(self, engine: Engine, call_id: CallId) -> None:
        """Watch the steps that are looked at from now on."""
        self.moments: list[Moment] = []
        self._before: list[Moment] = []
        """What was told in this step of the engine, and belongs before its next event."""
        self.is_over = False
        """Whether the call has been cleared, and nothing of it is kept in the ACD."""
        self._calls = engine.acd.calls
        self._floor = engine.acd.floor
        self._directory = engine.directory
        self.call_id = call_id
        self._stood: tuple[str, str, str] | None = None
        self._cleared = False
        self._tellers: Mapping[type, tuple[str, Callable[[Any], str]]] = {
            Offered: ("comes", _comes),
            Queued: ("waits", _waits),
            OfferRefused: ("refused", _refused),
            OfferWithdrawn: ("withdrawn", _withdrawn),
            Established: ("answered", self._answered),
            CallerInformed: ("hears", _informed),
            CallerAsked: ("asked", lambda event: f"is asked {event.question}"),
            CallerDecided: ("decides", lambda event: f"presses {event.key or 'no key'}"),
            QueueLeft: ("leaves", _left),
            CallCleared: ("over", lambda event: f"is over: {event.outcome.value}"),
        }
        engine.acd.recipes.on_look = self._on_look

    def take(self, event: Published, choice: Choice | None) -> None:
        """Take in an event; with a choice if it is an offer of this call."""
        data, at = event.data, event.at
        if getattr(data, "call_id", None) != self.call_id:
            return
        if not isinstance(data, Offered):
            self.settle(at)
        if choice is not None:
            words = f"offer {choice.attempt}: rings at {choice.agent_id}, for {choice.queue}"
            self.moments.append(Moment(at=at, what="offer", words=words, choice=choice))
            return
        if isinstance(data, CallbackEvent):
            what, words = "callback", f"callback {data.callback_id}: {data.EVENT_NAME}"
        else:
            what, say = self._tellers.get(type(data), ("", _nothing))
            words = say(data)
        if words:
            self.moments.append(Moment(at=at, what=what, words=words))
        self._cleared = self._cleared or isinstance(data, CallCleared)

    def stand(self, call: WaitingCall, now: Instant) -> None:
        """Tell of a queue that was entered, or of needs or a place that have changed."""
        stands = (
            call.queue.name,
            needs_words(call),
            score_words(key_scores(self._floor, call.key)),
        )
        if stands == self._stood:
            return
        new = self._stood is None or self._stood[0] != stands[0]
        self._stood = stands
        verb = f"enters {stands[0]}: needs" if new else "now needs"
        needs, order = f"{stands[1]}, priority {call.priority}", f"in the order by {stands[2]}"
        self._tell(now, "enters" if new else "changes", f"{verb} {needs}; {order}")

    def settle(self, now: Instant) -> None:
        """Note where the call stands, and what was told of it before the next event."""
        call = self._calls.get(self.call_id)
        if call is not None:
            self.stand(call, now)
        self.moments += self._before
        self._before.clear()
        self.is_over = self._cleared and call is None

    def _on_look(
        self,
        call: WaitingCall,
        number: int,
        step: Step,
        now: Instant,
        holds: bool | None,  # noqa: FBT001 - the recipes call it so
    ) -> None:
        if call.call_id != self.call_id:
            return
        self.stand(call, now)
        name = step_name(number, step)
        if holds:
            self._tell(now, "step", f"{name}: {step_words(step)}")
        else:
            why = "is not known" if holds is None else "does not hold"
            words = f"'{step.when}' {why}" if step.when else "leads nowhere"
            self._tell(now, "step", f"{name} is not taken: {words}")

    def _answered(self, event: Established) -> str:
        if category_of(event.answering_device) != "station":
            return ""
        agent = self._directory.at_device(event.answering_device)
        return f"{agent.agent_id if agent else event.answering_device} answers"

    def _tell(self, at: Instant, what: str, words: str) -> None:
        self._before.append(Moment(at=at, what=what, words=words))


def clock(at: Instant) -> str:
    """Write the time of day to the millisecond: `08:00:12.345`."""
    return f"{at % DAY // HOUR:02}:{at % HOUR // MINUTE:02}:{at % MINUTE / SECOND:06.3f}"


def score_words(scores: Scores) -> str:
    """Write scores as people read them: instants as times of day, and no negative ones."""
    said = []
    for name, score in scores:
        if name.startswith("minus_"):
            said.append(f"{name.removeprefix('minus_')} {-score}")
        else:
            said.append(f"{name} {clock(score) if name.endswith('_at') else score}")
    return ", ".join(said)


def _nothing(_event: object) -> str:
    return ""


def _comes(event: Offered) -> str:
    caller = local_part(event.calling_device.device_identifier or "")
    dialled = local_part(event.called_device.device_identifier or "")
    return f"{caller or 'somebody'} calls {dialled}"


def _waits(event: Queued) -> str:
    place = f"place {event.calls_in_front + 1} of {event.number_queued}"
    return f"waits in {local_part(event.queue)}, {place} ({event.cause.value})"


def _refused(event: OfferRefused) -> str:
    return f"{event.agent_id} does not take it: {event.reason.value}"


def _withdrawn(event: OfferWithdrawn) -> str:
    why = "another agent was first" if event.lost else "the caller left, or went elsewhere"
    return f"{event.agent_id} need not answer: {why}"


def _informed(event: CallerInformed) -> str:
    said = [event.prompt] if event.prompt else []
    if event.position is not None:
        said.append(f"position {event.position}")
    if event.wait_ms is not None:
        said.append(f"{event.wait_ms // 1_000} s to wait")
    return f"hears {', '.join(said)}"


def _left(event: QueueLeft) -> str:
    where = f", to {event.target}" if event.target else ""
    return f"leaves {local_part(event.queue)}: {event.exit_reason}{where}"

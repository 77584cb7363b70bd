"""Recipes: what happens to a call while it waits, step by step, each at its own time."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable

from acd.decisions import Announces, Asks, Diverts, Ends, MusicChanges, Overflows
from acd.facts import Facts
from acd.floor import Floor, needs_of
from acd.inputs import CallerChose, CallerKnown
from acd.matching import Matching
from acd.queue import DueStep, Queue, WaitingCall
from acd.steps import Step
from csta.causes import Cause
from csta.conditions import compile_condition
from csta.ids import CallId, DeviceId, QueueName
from csta.instants import Instant

HOPS_MAX = 20
"""So often a call moves between queues; then it stays where it is, whatever recipes say (O09)."""

OVERFLOW = "overflow"
CALLER_EXIT = "caller_exit"
"""Exit reasons (Q20) of a call that a step sends elsewhere, and of one that goes by a key."""


class Recipes:
    """Places calls in queues and takes the steps of their recipes."""

    def __init__(self, floor: Floor, matching: Matching, facts: Facts) -> None:
        """Work on one floor."""
        self._floor = floor
        self._matching = matching
        self._facts = facts
        self.on_callback: Callable[[WaitingCall, Instant], None] | None = None
        """Told that a caller wants to be called back instead of holding the line."""
        self.on_look: Callable[[WaitingCall, int, Step, Instant, bool | None], None] | None = None
        """Told of each look at a step before it is taken: its number, and if it is (R35)."""

    def place(self, call: WaitingCall, queue: Queue, now: Instant) -> None:
        """Make a queue the call's one place, with the queue's recipe from its beginning.

        Steps count from the instant at which the call entered this queue, so that a call that
        overflows is not at once overdue in the second one.
        """
        call.queue = queue
        call.rules = queue.config
        call.entered_at = now
        if call.places:
            self._begin_anew(call)
        self._floor.stand(call)
        if queue.timeline:
            # They are planned when the call waits: most calls are answered before.
            call.due = [(now + after, number, step) for after, number, step in queue.timeline]

    def _begin_anew(self, call: WaitingCall) -> None:
        """Let go of what the recipe of the queue before has made of a call."""
        call.step_skills, call.requires, call.rank_max = {}, None, None
        call.places = []
        if call.due:
            self._floor.agenda.cancel(("step", call.call_id))
        call.due, call.looked, call.unknown, call.at_position = [], [], [], None

    def plan(self, call: WaitingCall, now: Instant = 0) -> None:
        """Keep the deadline of the next step; one that came while the call rang comes now."""
        if call.due:
            self._floor.agenda.set(("step", call.call_id), max(now, call.due[0][0]))
        else:
            self._floor.agenda.cancel(("step", call.call_id))

    def at_once(self, call: WaitingCall, now: Instant) -> bool:
        """Take the steps that are due as the call comes; False if it has left the ACD."""
        while call.due and call.due[0][0] <= now:
            self._look(call, now)
            if call.call_id not in self._floor.calls:
                return False
        return True

    def step_is_due(self, call_id: CallId, now: Instant) -> None:
        """Take the steps that are due; a call that rings is not moved, it is planned anew later."""
        call = self._floor.calls.get(call_id)
        if call is None or call.offers:
            return
        while call.due and call.due[0][0] <= now and call.waits:
            self._look(call, now)
        if call_id not in self._floor.calls:
            return
        if not call.waits:
            # The call has a new place: an agent is sought before it lines up again.
            if not self.at_once(call, now):
                return
            if not self._matching.seek_agent(call, now):
                self._floor.wait(call, call.moved, now)
        self.plan(call)

    def chose(self, event: CallerChose, now: Instant) -> None:
        """A caller has answered a question: to stay is what no key and an unknown key mean."""
        call = self._floor.calls.get(event.call_id)
        if call is None or call.asked is None or call.offers:
            return
        number, name = call.asked
        call.asked = None
        question = self._floor.config.questions.get(name)
        meaning = "stay" if question is None else question.keys.get(event.key, "stay")
        if meaning == "callback":
            if self.on_callback is not None:
                self.on_callback(call, now)
        elif meaning == "leave":
            self._end(call, CALLER_EXIT, number)
        elif meaning.startswith("acd:"):
            self._floor.unwait(call)
            self._overflow(call, meaning.partition(":")[2], number, now)
            if self.at_once(call, now) and not self._matching.seek_agent(call, now):
                self.plan(call)
                self._floor.wait(call, Cause.OVERFLOW, now)
        elif meaning != "stay":
            self._divert(call, meaning, number, CALLER_EXIT)

    def learned(self, event: CallerKnown, now: Instant) -> None:
        """More is known of the caller: steps that asked in vain are looked at again (R28).

        What the call needs is worked out anew when it waits; one that rings goes on ringing.
        """
        call = self._floor.calls.get(event.call_id)
        if call is None:
            return
        call.attributes = {**call.attributes, **event.attributes}
        again, call.unknown = call.unknown, []
        for _, number, step in again:
            insort(call.due, (now, number, step), key=_order)
        self.plan(call)
        if call.preferred_until is not None:
            return
        if call.places[0].needs == needs_of(call, call.queue):
            return
        if call.offers:
            self._floor.stand_ringing(call)
            return
        self._floor.unwait(call)
        self._floor.stand(call)
        if not self._matching.seek_agent(call, now):
            self._floor.wait(call, Cause.REMAINS_IN_QUEUE, now)

    def _look(self, call: WaitingCall, now: Instant) -> None:
        """Look at the next step: take it if its condition holds, and say when to look again."""
        at, number, step = call.due.pop(0)
        holds = not step.when or compile_condition(step.when).holds(self._facts.of(call, now))
        if holds and not self._leads_somewhere(call, step):
            holds = False
        if self.on_look is not None:
            self.on_look(call, number, step, now, holds)
        if step.every_ms and (step.repeat or not holds):
            insort(call.due, (max(at + step.every_ms, now + 1), number, step), key=_order)
        elif holds is None:
            call.unknown.append((at, number, step))
        else:
            call.looked.append(step)
        if holds:
            self._take(call, number, step, now)

    def _take(self, call: WaitingCall, number: int, step: Step, now: Instant) -> None:
        self._say(call, number, step, now)
        if call.call_id not in self._floor.calls:
            return  # who is promised a callback is gone
        if step.recipe is not None:
            self._add_recipe(call, step.recipe, now)
        if step.changes_place:
            self._floor.unwait(call)
            call.moved = Cause.REMAINS_IN_QUEUE
            self._change(call, step)
        if step.end is not None:
            self._end(call, step.end, number)
        elif step.divert_to is not None:
            self._divert(call, step.divert_to, number, OVERFLOW)
        elif step.split:
            self._overflow(call, self._share_out(call, number, step), number, now)
        elif step.overflow_to:
            self._overflow(call, self._targets(call, step)[0], number, now)
        elif step.also is not None:
            self._wait_also(call, self._floor.queues[step.also], number)

    def _change(self, call: WaitingCall, step: Step) -> None:
        call.priority += step.priority_by
        if step.priority is not None:
            call.priority = step.priority
        if step.skills is not None:
            call.step_skills = {**call.step_skills, **step.skills}
        if step.requires is not None:
            call.requires = step.requires
        if step.rank_max is not None:
            call.rank_max = step.rank_max
        self._floor.stand(call)

    def _say(self, call: WaitingCall, number: int, step: Step, now: Instant) -> None:
        out, name = self._floor.out, call.queue.name
        if step.music is not None:
            out.append(MusicChanges(call.call_id, name, step.music))
        if step.announce is not None or step.say_position or step.say_wait:
            self._announce(call, step, now)
        if step.ask is not None:
            call.asked = (number, step.ask)
            out.append(Asks(call.call_id, name, step.ask))
        if step.offer_callback and self.on_callback is not None:
            self.on_callback(call, now)

    def _announce(self, call: WaitingCall, step: Step, now: Instant) -> None:
        """Tell what there is to tell: a position that is not better than the last is not told."""
        position, more = self._position(call) if step.say_position else (None, False)
        wait = self._facts.promise(call, now) if step.say_wait else None
        if step.announce is None and position is None and wait is None:
            return
        self._floor.out.append(
            Announces(
                call_id=call.call_id,
                queue=call.queue.name,
                prompt=step.announce,
                position=position,
                position_more_than=more,
                wait_ms=wait.wait_ms if wait else None,
                wait_more_than=wait is not None and wait.more_than,
                volume_rose=wait is not None and wait.volume_rose,
            )
        )

    def _position(self, call: WaitingCall) -> tuple[int | None, bool]:
        """Give the position that is told now, and if it is "more than" that (Q03, RG-36)."""
        position, most = call.position, call.rules.position_most
        if most is not None and position > most:
            told, position = call.at_position is not None, most + 1
            call.at_position = position if call.at_position is None else call.at_position
            return (None, False) if told else (most, True)
        if call.at_position is not None and position >= call.at_position:
            return None, False
        call.at_position = position
        return position, False

    def _add_recipe(self, call: WaitingCall, name: str, now: Instant) -> None:
        steps = self._floor.config.recipes[name]
        number = max((entry[1] for entry in call.due), default=0)
        number = max(number, len(call.rules.steps)) + 1
        for place, step in enumerate(steps):
            insort(call.due, (now + step.after_ms, number + place, step), key=_order)

    def _overflow(self, call: WaitingCall, target: QueueName, number: int, now: Instant) -> None:
        if call.hops >= HOPS_MAX:
            return
        call.hops += 1
        source = call.queue.name
        self.place(call, self._floor.queues[target], now)
        call.moved = Cause.OVERFLOW
        self._floor.out.append(Overflows(call.call_id, source, target, stays=False, step=number))

    def _wait_also(self, call: WaitingCall, second: Queue, number: int) -> None:
        line = self._floor.roster.line(second, needs_of(call, second))
        if second is not call.queue and line not in call.places:
            call.places.append(line)
            self._floor.out.append(
                Overflows(call.call_id, call.queue.name, second.name, stays=True, step=number)
            )

    def _leads_somewhere(self, call: WaitingCall, step: Step) -> bool:
        """Tell whether a step that moves the call has a target: it is not taken without one."""
        return not (step.overflow_to or step.split) or bool(self._targets(call, step))

    def _targets(self, call: WaitingCall, step: Step) -> list[QueueName]:
        """List where a step may move the call to, in the order of the step.

        Of several targets those are passed over at which nobody is logged on, and those that are
        full; a target that is alone is passed over only if the step says so (R31).
        """
        names = list(step.split or step.overflow_to)
        if not step.skip_empty and (step.split or len(names) == 1):
            return names
        return [name for name in names if self._takes_calls(call, self._floor.queues[name])]

    def _takes_calls(self, call: WaitingCall, queue: Queue) -> bool:
        limit = queue.config.waiting_max
        here, _ = self._floor.roster.counts(queue, needs_of(call, queue))
        return bool(here) and (limit is None or len(queue) < limit)

    def _share_out(self, call: WaitingCall, number: int, step: Step) -> QueueName:
        """Give the target that is furthest behind its share: no lots are drawn (R32)."""
        shares = step.split or {}
        targets = self._targets(call, step)
        counts = call.queue.splits.setdefault(number, dict.fromkeys(shares, 0))
        whole, sent = sum(shares.values()), sum(counts.values()) + 1
        target = max(targets, key=lambda name: shares[name] * sent - whole * counts.get(name, 0))
        counts[target] = counts.get(target, 0) + 1
        return target

    def _divert(self, call: WaitingCall, target: DeviceId, number: int, reason: str) -> None:
        self._floor.forget(call)
        self._floor.out.append(Diverts(call.call_id, call.queue.name, target, number, reason))

    def _end(self, call: WaitingCall, reason: str, number: int) -> None:
        self._floor.forget(call)
        self._floor.out.append(Ends(call.call_id, call.queue.name, reason, number))


def _order(due: DueStep) -> tuple[Instant, int]:
    return due[0], due[1]

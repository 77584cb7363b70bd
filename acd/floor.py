"""What all parts of the ACD share: queues and calls, agents and offers, deadlines, decisions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from acd.config import AcdConfig
from acd.decisions import AcdDecision, Waits
from acd.offers import Offers
from acd.queue import Queue, WaitingCall, order_key
from acd.requirements import Requirement, requirement
from acd.roster import Roster
from agents.directory import Directory
from agents.skills import SkillSet, skill_set
from csta.causes import Cause
from csta.ids import CallbackId, CallId
from csta.instants import Agenda, Instant

if TYPE_CHECKING:
    from acd.callback_places import Callback

DeadlineKey: TypeAlias = tuple[str, str] | tuple[str, str, str]
"""Which deadline, and whose: ("ring", offer), ("step", call), ("back_off", call, agent)…"""


class Floor:
    """The state of the ACD, and the few changes that more than one part of it makes."""

    def __init__(self, config: AcdConfig, directory: Directory) -> None:
        """Start with empty queues and nobody logged on."""
        self.config = config
        self.directory = directory
        self.queues = {queue.name: Queue(queue) for queue in config.queues}
        self.calls: dict[CallId, WaitingCall] = {}
        self.offers = Offers()
        self.roster = Roster(config)
        self.agenda: Agenda[DeadlineKey] = Agenda()
        self.out: list[AcdDecision] = []
        self.paused = False
        """No phone can be rung: no offers are made."""
        self.callbacks: dict[CallbackId, Callback] = {}
        """All that are not over, in the order in which they were asked for."""
        self.on_held: Callable[[WaitingCall], None]
        """Told instead of the world when the place of a callback is in its queue again."""

    def taken(self) -> list[AcdDecision]:
        """Hand out what was decided in this step."""
        out, self.out = self.out, []
        return out

    def stand(self, call: WaitingCall) -> None:
        """Work out anew where a call stands: its key, and the line of its own queue.

        A call that is kept for agents of its choice stands in their lines. What it waits for in
        further queues is worked out anew too.
        """
        call.key = order_key(self.config, call)
        roster, queue = self.roster, call.queue
        further: list[Queue] = []
        if len(call.places) > 1:
            others = (line.queue for line in call.places[1:] if line.agent_id is None)
            further = [other for other in others if other is not queue]
        if call.preferred_until is None:
            call.places = [roster.line(queue, needs_of(call, queue), held=call.held)]
        else:
            call.places = [roster.own_line(queue, name) for name in dict.fromkeys(call.preferred)]
        if further:
            call.places += [roster.line(other, needs_of(call, other)) for other in further]

    def stand_ringing(self, call: WaitingCall) -> None:
        """Work out anew where a call stands; if all phones ring for it, those there may join."""
        rang = [line for line in call.places if call.call_id in line.ringing]
        for line in rang:
            del line.ringing[call.call_id]
        self.stand(call)
        if rang:
            for line in call.places:
                line.ringing[call.call_id] = call

    def wait(self, call: WaitingCall, cause: Cause, now: Instant) -> None:
        """Let a call wait at each of its places, and say so."""
        self.line_up(call)
        if call.queue.delays or len(call.places) > 1:
            self.open_later(call, now)
        self.say_waits(call, cause)

    def say_waits(self, call: WaitingCall, cause: Cause) -> None:
        """Say that a call waits, and where in its queue."""
        if call.held:
            self.on_held(call)
            return
        queue = call.queue
        in_front = queue.in_front(call.key)
        self.out.append(Waits(call.call_id, queue.name, cause, len(queue), in_front))

    def line_up(self, call: WaitingCall) -> None:
        """Let a call wait at each of its places."""
        call.waits = True
        call.queue.held += call.held
        for line in call.places:
            line.push(call)
            if line.agent_id is None or line is call.places[0]:
                line.queue.add(call.key)

    def unwait(self, call: WaitingCall) -> None:
        """Take a call out of its lines; what stands in their heaps is stale from now on."""
        if not call.waits:
            return
        call.waits = False
        call.version += 1
        call.queue.held -= call.held
        for line in call.places:
            if line.agent_id is None or line is call.places[0]:
                line.queue.remove(call.key)

    def forget(self, call: WaitingCall) -> None:
        """Let a call go that is no longer the ACD's."""
        if call.waits:
            self.unwait(call)
        self.stop_ringing(call)
        del self.calls[call.call_id]
        cancel = self.agenda.cancel
        if call.due or call.looked:
            cancel(("step", call.call_id))
        if call.preferred_until is not None:
            cancel(("prefer", call.call_id))
        if call.queue.delays:
            cancel(("open", call.call_id))

    def stop_ringing(self, call: WaitingCall) -> None:
        """Let no further agent join those at whom the call rings."""
        for line in call.places:
            if line.ringing:
                line.ringing.pop(call.call_id, None)
        self.agenda.cancel(("ring_next", call.call_id))

    def open_later(self, call: WaitingCall, now: Instant) -> None:
        """Look again when the call has waited long enough for more agents (R09, R20)."""
        waited = now - call.entered_at
        delays = (delay for line in call.places for delay in line.queue.delays)
        after = min((delay for delay in delays if delay > waited), default=None)
        if after is not None:
            self.agenda.set(("open", call.call_id), call.entered_at + after)

    def tell_delays(self, now: Instant) -> None:
        """Let calls that wait already know of delays that came with an agent's membership."""
        for queue in self.queues.values():
            if queue.delays_grew:
                queue.delays_grew = False
                for call in self.calls.values():
                    if call.waits and any(line.queue is queue for line in call.places):
                        self.open_later(call, now)


def needs_of(call: WaitingCall, queue: Queue) -> Requirement:
    """Give what an agent must have for the call in a queue: the queue's demands and its own."""
    own = queue is call.queue
    config = call.rules if own else queue.config
    condition = call.requires if own and call.requires is not None else config.requires
    asks_more = condition or queue.needs.condition or call.skills or call.step_skills
    if not asks_more and config is queue.config:
        return queue.needs
    return requirement(skills_of(call, config.skills, own), condition, call.attributes)


def skills_of(call: WaitingCall, needed: dict[str, int], by_steps: bool) -> SkillSet:  # noqa: FBT001 - of `needs_of`
    """Join the least levels of a queue, of the call, and of the steps that it went through."""
    if not call.skills and not call.step_skills:
        return skill_set(needed)
    levels = dict(needed)
    for skill, level in call.skills:
        levels[skill] = max(level, levels.get(skill, 0))
    if by_steps:
        levels.update(call.step_skills)
    return skill_set({skill: level for skill, level in levels.items() if level})

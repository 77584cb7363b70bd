"""A new configuration while calls wait: taken over as a whole, or refused as a whole (R34)."""

from __future__ import annotations

from acd.callback_places import steps_of_a_place
from acd.decisions import Reconfigured
from acd.floor import Floor
from acd.inputs import Apply, Reconfigure
from acd.matching import Matching
from acd.queue import Queue, WaitingCall
from acd.recipes import Recipes
from acd.steps import Step
from csta.causes import Cause
from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.instants import Instant


class Reload:
    """Changes the rules of a floor."""

    def __init__(self, floor: Floor, matching: Matching, recipes: Recipes) -> None:
        """Work on one floor."""
        self._floor = floor
        self._matching = matching
        self._recipes = recipes

    def reconfigure(self, event: Reconfigure, now: Instant) -> None:
        """Take over a configuration: one pass over calls and agents, however many they are.

        With `all_waiting` calls that wait get the new rules: steps that they have not been
        through, and whose time is past, are taken at once. With `new_only` they keep the old
        ones until they move. Offers that are alive go on.

        Raises:
            CtiError: a queue or an agent that is in use is missing, or the version is not newer.
        """
        floor = self._floor
        self._check(event)
        waiting = sorted(
            (call for call in floor.calls.values() if call.waits), key=lambda call: call.key
        )
        for call in waiting:
            floor.unwait(call)
        floor.config = event.config
        self._take_queues(event)
        if event.agents is not None:
            floor.directory.reconfigure(event.agents)
        floor.roster.reconfigure(event.config)
        for call in floor.calls.values():
            self._adapt(call, event.apply, now)
        floor.out.append(Reconfigured(event.config.version))
        waiting.sort(key=lambda call: (-call.queue.config.weight, call.key))
        for call in waiting:
            floor.line_up(call)
        for call in waiting:
            if call.waits and call.due and call.due[0][0] <= now:
                self._recipes.step_is_due(call.call_id, now)
            if call.waits:
                self._matching.rejoin(call, now)
        for call in waiting:
            if call.waits:
                floor.say_waits(call, Cause.REMAINS_IN_QUEUE)

    def _check(self, event: Reconfigure) -> None:
        floor = self._floor
        names = {queue.name for queue in event.config.queues}
        for call in floor.calls.values():
            for line in call.places:
                if line.queue.name not in names:
                    raise _refused(f"calls wait in queue '{line.queue.name}', which is gone")
        for callback in floor.callbacks.values():
            if callback.call.queue.name not in names:
                name = callback.call.queue.name
                raise _refused(f"queue '{name}', which is gone, has promised callbacks")
        if event.config.version <= floor.config.version:
            raise _refused(f"version {floor.config.version} is in force already")
        if event.agents is not None:
            floor.directory.check_reconfigure(event.agents)

    def _take_queues(self, event: Reconfigure) -> None:
        queues = self._floor.queues
        for config in event.config.queues:
            if config.name in queues:
                queues[config.name].configure(config)
            else:
                queues[config.name] = Queue(config)
        names = {queue.name for queue in event.config.queues}
        for name in [name for name in queues if name not in names]:
            del queues[name]

    def _adapt(self, call: WaitingCall, apply: Apply, now: Instant) -> None:
        if apply is Apply.ALL_WAITING:
            added = [due for due in call.due if due[1] > len(call.rules.steps)]
            planned = [
                (_planned(call, step, max(call.entered_at + after, now)), number, step)
                for after, number, step in call.queue.timeline
                if step not in call.looked
            ]
            call.rules = call.queue.config
            call.unknown = []
            call.due = sorted(planned + added, key=lambda due: due[:2])
            if call.held:
                call.due = steps_of_a_place(call.due)
        self._floor.stand_ringing(call)
        self._recipes.plan(call)


def _planned(call: WaitingCall, step: Step, otherwise: Instant) -> Instant:
    """Give when a step is due: one that the call had before keeps its time."""
    return next((at for at, _, known in call.due if known == step), otherwise)


def _refused(detail: str) -> CtiError:
    return CtiError(ErrorCategory.STATE_INCOMPATIBILITY, ErrorValue.INVALID_PARAMETER_VALUE, detail)

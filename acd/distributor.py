"""The ACD: brings waiting calls and ready agents together. One core, three verbs.

What it does is in its parts: `waiting` for calls, `recipes` for what happens to them meanwhile,
`desk` for agents, `matching` for who is offered what, `answers` for how offers end. All of them
work on one `Floor`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from acd.abilities import Abilities
from acd.answers import Answers
from acd.callbacks import Callbacks
from acd.config import AcdConfig
from acd.decisions import AcdDecision
from acd.desk import Desk
from acd.estimating import Estimating
from acd.explain import NextCall, StillWaiting, explain_next, explain_wait, waiting_call
from acd.facts import Facts
from acd.floor import Floor
from acd.inputs import (
    AcdInput,
    Answered,
    AskState,
    AutoWork,
    CallerChose,
    CallerKnown,
    ChangeCall,
    DeviceReachable,
    Enter,
    ExtendWork,
    Finished,
    Leave,
    LogOn,
    Mend,
    PauseOffers,
    PauseQueue,
    PhoneBusy,
    PickCall,
    Quarantine,
    Reconfigure,
    Refused,
    ResumeOffers,
    SetSkills,
    StandAgain,
    TakeBack,
)
from acd.matching import Matching
from acd.mending import Mending
from acd.pausing import Pausing
from acd.recipes import Recipes
from acd.reload import Reload
from acd.starvation import Starvation
from acd.waiting import Waiting
from agents.directory import Directory
from csta.instants import Instant, Milliseconds


class Distributor:
    """Queues, agents and offers of one centre."""

    def __init__(self, config: AcdConfig, directory: Directory) -> None:
        """Start with empty queues and nobody logged on."""
        self.floor = floor = Floor(config, directory)
        self.directory = directory
        self.queues = floor.queues
        self.calls = floor.calls
        self.offers = floor.offers
        self.matching = Matching(floor)
        self.estimating = Estimating(floor)
        facts = Facts(floor, self.estimating)
        self.recipes = Recipes(floor, self.matching, facts)
        self.desk = Desk(floor, self.matching)
        self.abilities = Abilities(floor, self.matching)
        self.callbacks = Callbacks(floor, self.matching, self.desk)
        self.waiting = Waiting(floor, self.matching, self.recipes, self.desk, self.callbacks)
        self.answers = Answers(floor, self.matching, self.recipes, self.desk)
        self.starvation = Starvation(floor)
        self.mending = Mending(floor, self.desk, self.answers)
        self.pausing = Pausing(floor, self.matching, self.answers, self.desk)
        self.reload = Reload(floor, self.matching, self.recipes)
        self.recipes.on_callback = self.callbacks.request
        self.answers.on_callback = self.callbacks.agent_answered
        self.matching.on_given = self.starvation.given
        self.desk.on_log_off = self.waiting.agent_left
        self._agenda = floor.agenda
        self._handlers = self._inputs()
        self._deadlines = self._kinds_of_deadlines()

    @property
    def config(self) -> AcdConfig:
        """The configuration that is in force."""
        return self.floor.config

    def handle(self, event: AcdInput, now: Instant) -> list[AcdDecision]:
        """Take in one input.

        Raises:
            CtiError: a request that the present state does not allow; nothing has changed.
        """
        floor = self.floor
        self._handlers[type(event)](event, now)
        if floor.callbacks:
            self.callbacks.look_again(now)
        decisions = floor.taken()
        if self.estimating.active:
            self.estimating.learn(event, decisions, now)
        return decisions

    def wake_at(self) -> Instant | None:
        """Give the earliest deadline: a ring, a recipe's step, a wrap-up, a back-off."""
        return self._agenda.next_at()

    def wake(self, now: Instant) -> list[AcdDecision]:
        """Act on every deadline that has come, in order."""
        floor = self.floor
        for key in self._agenda.due(now):
            act = self._deadlines[key[0]]
            if len(key) == 2:  # noqa: PLR2004 - a kind and whose; nearly all are
                act(key[1], now)
            else:
                act(key[1], key[2], now)
        if floor.callbacks:
            self.callbacks.look_again(now)
        decisions = floor.taken()
        if self.estimating.active:
            self.estimating.learn(None, decisions, now)
        return decisions

    def estimated_wait_ms(self, call_id: str) -> Milliseconds | None:
        """Give the wait that was estimated for a call when it came to its queue, if one was."""
        return self.estimating.at_entry(call_id)

    def explain_wait(self, call_id: str, now: Instant) -> StillWaiting:
        """Explain why a call still waits, or at whom it rings. Nothing changes (R35).

        Raises:
            CtiError: `invalidCallID`, the ACD has no such call.
        """
        return explain_wait(self.floor, waiting_call(self.floor, call_id), now)

    def explain_next(self, agent_id: str, now: Instant) -> NextCall:
        """Explain which call an agent would be offered if he became ready now. Nothing changes.

        Raises:
            CtiError: `invalidAgentIdentifier`, nobody has this id.
        """
        return explain_next(self.floor, self.directory.agent(agent_id), now)

    def counts(self, queue: str) -> tuple[int, int, int]:
        """Count a queue's waiting calls, and its agents who are logged on, and ready."""
        found = self.queues[queue]
        logged_on, ready = self.floor.roster.counts(found, found.needs)
        return len(found), logged_on, ready

    def _inputs(self) -> dict[type, Callable[[Any, Instant], None]]:
        """Say which part takes in which input."""
        return {
            Enter: self.waiting.enter,
            Leave: self.waiting.leave,
            ChangeCall: self.waiting.change,
            PickCall: self.waiting.pick,
            CallerChose: self.recipes.chose,
            CallerKnown: self.recipes.learned,
            **self.callbacks.handlers(),
            Answered: self.answers.answered,
            Refused: self.answers.refused,
            TakeBack: self.pausing.take_back,
            PauseOffers: self.pausing.pause,
            ResumeOffers: self.pausing.resume,
            PhoneBusy: self.desk.phone_busy,
            LogOn: self.desk.log_on,
            AskState: self.desk.ask_state,
            ExtendWork: self.desk.extend_work,
            DeviceReachable: self.desk.device_reachable,
            AutoWork: self.desk.auto_work,
            SetSkills: self.abilities.set_skills,
            PauseQueue: self.abilities.pause_queue,
            Finished: self.abilities.finished,
            Reconfigure: self.reload.reconfigure,
            Mend: self.mending.mend,
            StandAgain: self.mending.stand_again,
            Quarantine: self.mending.quarantine,
        }

    def _kinds_of_deadlines(self) -> dict[str, Callable[..., None]]:
        """Say which part acts on which kind of deadline: the first word of its key."""
        return {
            "ring": self.answers.ring_is_over,
            "ring_next": self.matching.ring_next,
            "starve": self.starvation.sweep,
            "step": self.recipes.step_is_due,
            "open": self.matching.is_open,
            "prefer": self.waiting.patience_is_over,
            "wrap": self.desk.wrap_is_over,
            "reason": self.desk.reason_is_over,
            "back_off": self.answers.back_off_is_over,
            **self.callbacks.deadlines(),
        }

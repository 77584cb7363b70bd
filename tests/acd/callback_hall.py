"""One queue that calls back, and the laws that hold after each step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from acd.callback_places import CALLBACK_STEPS, ENDED, UNDER_WAY
from acd.config import AcdConfig, QueueConfig
from acd.decisions import (
    AcdDecision,
    CallbackChanged,
    CallsBack,
    Offer,
)
from acd.distributor import Distributor
from acd.inputs import (
    AcdInput,
    Answered,
    AskCallback,
    AskState,
    CallbackAnswered,
    CallbackOver,
    Enter,
    LogOn,
    PhoneBusy,
)
from acd.rules import CallbackRules, Question
from acd.steps import Step
from agents.config import AgentConfig
from agents.directory import Directory
from csta.callback_events import CallbackState
from csta.instants import HOUR, MINUTE, SECOND, Instant, Milliseconds
from csta.states import AgentState

RULES = CallbackRules(attempts_max=3, retry_ms=MINUTE, ring_ms=20 * SECOND, expires_ms=HOUR)
QUESTION = Question(prompt="sound:go_on", keys={"1": "stay", "2": "callback"})


class Hall:
    """One distributor with one queue, its log, and the laws that hold after each step (I2)."""

    def __init__(
        self,
        agents: int = 1,
        rules: CallbackRules | None = RULES,
        steps: tuple[Step, ...] = (),
        skills: Mapping[str, int] | None = None,
    ) -> None:
        """Let nobody be here yet."""
        self.names = [f"a{number}" for number in range(agents)]
        people = [
            AgentConfig(name, name, f"station:{name}", dict(skills or {"sales": 1}))
            for name in self.names
        ]
        self.directory = Directory(people, "test")
        self.config = AcdConfig(
            queues=(QueueConfig(name="sales", skills={"sales": 1}, callbacks=rules, steps=steps),),
            questions={"go_on": QUESTION},
        )
        self.acd = Distributor(self.config, self.directory)
        self.now: Instant = 0
        self.log: list[AcdDecision] = []
        self.states: dict[str, CallbackState] = {}
        self.ends: Counter[str] = Counter()

    def tell(self, *events: AcdInput) -> list[AcdDecision]:
        """Hand in inputs, and give what was decided."""
        return [d for event in events for d in self._keep(self.acd.handle(event, self.now))]

    def wait(self, duration_ms: Milliseconds) -> list[AcdDecision]:
        """Let time pass; no deadline is late."""
        until, decided = self.now + duration_ms, []
        while (due := self.acd.wake_at()) is not None and due <= until:
            self.now = due
            decided += self._keep(self.acd.wake(due))
        self.now = until
        return decided

    def come(self, *names: str) -> None:
        """Let agents log on and be ready."""
        for name in names:
            self.tell(LogOn(name), AskState(name, AgentState.READY))

    def enter(self, *names: str, every_ms: Milliseconds = 0) -> None:
        """Let callers call; each has the number of his name."""
        for name in names:
            self.tell(Enter(name, "sales", number=f"+{name}"))
            self.wait(every_ms)

    def ask(self, *names: str) -> list[AcdDecision]:
        """Let waiting callers ask to be called back."""
        return self.tell(*(AskCallback(name) for name in names))

    def offer(self, agent: str) -> Offer:
        """Give what an agent is offered."""
        found = self.acd.offers.get(self.directory.agent(agent).offer_id or "")
        assert found is not None, f"{agent} is offered nothing"
        return found[0]

    def take(self, agent: str) -> str | None:
        """Let an agent take his offer; the callback that is dialled for him, if it is one."""
        offer = self.offer(agent)
        said = self.tell(Answered(offer.offer_id))
        dialled = [d.callback_id for d in said if isinstance(d, CallsBack)]
        return dialled[0] if dialled else None

    def talk(self, agent: str) -> str | None:
        """Let an agent take his offer, and talk to the customer if it is a callback."""
        callback_id = self.take(agent)
        if callback_id is not None:
            self.tell(CallbackAnswered(callback_id, f"to-{callback_id}"))
        return callback_id

    def hang_up(self, agent: str, callback_id: str | None = None) -> None:
        """Let a talk end."""
        if callback_id is not None:
            self.tell(CallbackOver(callback_id))
        self.tell(PhoneBusy(agent, None))

    def callback(self, name: str) -> CallbackChanged:
        """Give the callback that a caller has been promised."""
        [found] = [c for c in self.acd.callbacks.listing() if c.number == f"+{name}"]
        return found

    def reserved(self) -> list[str]:
        """Name the callers whose callbacks were offered to agents, in this order."""
        return self._names(CallbackState.AGENT_RESERVED)

    def dialled(self) -> list[str]:
        """Name the customers who were called, in this order."""
        return self._names(CallbackState.DIALLING)

    def _names(self, state: CallbackState) -> list[str]:
        changes = [d for d in self.log if isinstance(d, CallbackChanged)]
        return [d.number.removeprefix("+") for d in changes if d.state is state]

    def story(self, name: str) -> list[str]:
        """Tell the states of all callbacks of a caller, with the reasons."""
        return [
            d.state.value + (f" {d.reason.value}" if d.reason else "")
            for d in self.log
            if isinstance(d, CallbackChanged) and d.number == f"+{name}"
        ]

    def _keep(self, decisions: list[AcdDecision]) -> list[AcdDecision]:
        self.log += decisions
        for decision in decisions:
            if isinstance(decision, CallbackChanged):
                before = self.states.get(decision.callback_id)
                assert before is None or decision.state in CALLBACK_STEPS[before]
                self.states[decision.callback_id] = decision.state
                self.ends[decision.callback_id] += decision.state in ENDED
        self.check()
        return decisions

    def check(self) -> None:
        """Hold what was told against what there is."""
        alive = {name: state for name, state in self.states.items() if state not in ENDED}
        listed = {c.callback_id: c.state for c in self.acd.callbacks.listing()}
        assert listed == alive
        assert max(self.ends.values(), default=0) <= 1
        numbers = [c.number for c in self.acd.callbacks.listing()]
        assert len(numbers) == len(set(numbers)), "two callbacks for one caller"
        queue = self.acd.queues["sales"]
        busy = sum(state in UNDER_WAY for state in alive.values())
        here = sum(agent.state is not AgentState.NULL for agent in self.directory)
        share = (queue.config.callbacks or CallbackRules()).share
        assert queue.callbacks_busy == busy <= max(1, int(share * here + 1e-9))
        rules = queue.config.callbacks
        if (rules is None or rules.agent_first) and self.acd.floor.roster.callback_room(queue):
            assert not self._could_be_served(), "an agent is ready beside a callback (Q1)"
        assert queue.held == sum(state is CallbackState.HELD for state in alive.values())

    def _could_be_served(self) -> list[tuple[str, str]]:
        """Pair the callbacks that are held with the ready agents who could have them now."""
        return [
            (call.call_id, agent.agent_id)
            for call in self.acd.calls.values()
            for agent in self.directory
            if call.held
            and call.waits
            and agent.state is AgentState.READY
            and call.kept_from.get(agent.agent_id, self.now) <= self.now
            and all(dict(agent.skills).get(skill, 0) >= level for skill, level in call.skills)
        ]

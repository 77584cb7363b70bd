"""Random worlds in which every choice is explained: all strategies, rules and ways of choosing."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from acd.config import AcdConfig, AgentChoice, IdleSince, QueueConfig, ServiceOrder
from acd.decisions import AcdDecision, Offer
from acd.distributor import Distributor
from acd.explain import Choice, explain_choice
from acd.inputs import (
    AcdInput,
    Answered,
    AskState,
    ChangeCall,
    Enter,
    Finished,
    Leave,
    LogOn,
    PauseQueue,
    PhoneBusy,
    PickCall,
    Refused,
)
from acd.lines import Line
from acd.matching import Sought
from acd.queue import WaitingCall
from acd.rules import Ring
from acd.steps import Step
from agents.agent import Agent
from agents.config import AgentConfig, Membership
from agents.directory import Directory
from csta.acd_events import RefusalReason
from csta.errors import CtiError
from csta.instants import Instant
from csta.states import AgentState

QUEUES = {"qa": "a", "qb": "b", "qc": "c"}
REQUIRES = ("", "", "b >= 3 or c >= 5", 'caller.language == "de"', "not (c >= 8)")
CONDITIONS = ("", "", "waiting > 1", "ready == 0", "caller.tier == 1", "position > 2")


class World:
    """One centre that goes its random way, the same for the same seed."""

    def __init__(self, seed: int, *, explained: bool = True) -> None:
        """Let everybody log on and be ready."""
        self.random = random = Random(seed)  # noqa: S311 - a test keeps no secrets
        self.agents = agents = [_agent(random, number) for number in range(8)]
        config = AcdConfig(
            queues=_queues(random),
            order=random.choice(list(ServiceOrder)),
            seed=seed,
        )
        self.acd = Distributor(config, Directory(agents, "test"))
        self.now: Instant = 0
        self.count = 0
        self.choices: list[Choice] = []
        self.offers: list[tuple[Instant, str, str]] = []
        self.quiet: Callable[[], None] = lambda: None
        """Called whenever nothing is left to do at an instant."""
        if explained:
            self.acd.matching.on_choice = self._on_choice
        for agent in agents:
            self.tell(LogOn(agent.agent_id))
            self.tell(AskState(agent.agent_id, AgentState.READY))

    def run(self, steps: int) -> None:
        """Let so many things happen, and time pass between them."""
        for _ in range(steps):
            until = self.now + self.random.randint(1, 4_000)
            while (due := self.acd.wake_at()) is not None and due <= until:
                self.now = due
                self._keep(self.acd.wake(due))
            self.now = until
            self._act()
            if (due := self.acd.wake_at()) is None or due > self.now:
                self.quiet()

    def tell(self, event: AcdInput) -> None:
        """Hand in an input; what the present state refuses has not happened."""
        try:
            self._keep(self.acd.handle(event, self.now))
        except CtiError:
            self._keep([])

    def _keep(self, decisions: list[AcdDecision]) -> None:
        self.offers += [
            (self.now, each.call_id, each.agent_id) for each in decisions if isinstance(each, Offer)
        ]

    def _on_choice(
        self, call: WaitingCall, agent: Agent, line: Line, now: Instant, sought: Sought
    ) -> None:
        self.choices.append(explain_choice(self.acd.floor, call, agent, line, now, sought))

    def _act(self) -> None:
        random = self.random
        calls = list(self.acd.calls.values())
        agent = random.choice(list(self.acd.directory))
        chance = random.random()
        if chance < 0.40:
            self._enter()
        elif chance < 0.65 and any(call.offers for call in calls):
            offer = random.choice([offer for call in calls for offer in call.offers])
            reason = random.choice(list(RefusalReason))
            taken = random.random() < 0.7
            self.tell(Answered(offer.offer_id) if taken else Refused(offer.offer_id, reason))
        elif chance < 0.82:
            self._be_free(agent)
        elif chance < 0.86:
            self.tell(
                PauseQueue(agent.agent_id, random.choice(list(QUEUES)), random.random() < 0.5)
            )
        elif chance < 0.90:
            state = random.choice([AgentState.NOT_READY, AgentState.NULL])
            self.tell(AskState(agent.agent_id, state))
        elif calls:
            call = random.choice(calls)
            acts: list[AcdInput] = [
                PickCall(call.call_id, agent.agent_id),
                ChangeCall(call.call_id, priority=random.randint(-1, 2)),
                ChangeCall(call.call_id, skills={random.choice("abc"): 3}),
                Leave(call.call_id),
            ]
            self.tell(random.choice(acts))

    def _enter(self) -> None:
        random = self.random
        self.count += 1
        attributes: dict[str, str | int | bool] = {"language": random.choice(["de", "en"])}
        if random.random() < 0.5:
            attributes["tier"] = random.randint(1, 2)
        self.tell(
            Enter(
                f"c{self.count}",
                random.choice(list(QUEUES)),
                priority=random.randint(-1, 1),
                credit_ms=random.choice([0, 0, 7_000]),
                attributes=attributes,
                preferred=("x1", "x2") if random.random() < 0.2 else (),
                preferred_ms=5_000,
            )
        )

    def _be_free(self, agent: Agent) -> None:
        if agent.state is AgentState.BUSY and agent.offer_id is None:
            self.tell(PhoneBusy(agent.agent_id, None))
        elif agent.contacts:
            self.tell(Finished(agent.agent_id, next(iter(agent.contacts))))
        elif agent.state is AgentState.NOT_READY:
            self.tell(AskState(agent.agent_id, AgentState.READY))
        elif agent.state is AgentState.NULL:
            self.tell(LogOn(agent.agent_id))


def _agent(random: Random, number: int) -> AgentConfig:
    memberships = {
        name: Membership(
            rank=random.choice([1, 1, 2]),
            weight=random.choice([None, None, 0, 2]),
            delay_ms=random.choice([0, 0, 3_000]),
            lots=random.randint(1, 5),
        )
        for name in QUEUES
        if random.random() < 0.8
    }
    return AgentConfig(
        f"x{number}",
        f"X {number}",
        f"station:{number + 1}",
        {skill: random.randint(1, 10) for skill in "abc" if random.random() < 0.7},
        queues=None if random.random() < 0.5 or not memberships else memberships,
        capacity={"chat": random.randint(1, 3)},
    )


def _queues(random: Random) -> tuple[QueueConfig, ...]:
    """Draw the queues; one of chats takes no calls over from those of calls."""
    chats = random.random() < 0.3
    targets = ["qb"] if chats else ["qb", "qc"]
    return tuple(
        _queue(random, name, "chat" if chats and name == "qc" else "voice", targets)
        for name in QUEUES
    )


def _queue(random: Random, name: str, channel: str, targets: list[str]) -> QueueConfig:
    return QueueConfig(
        name=name,
        skills={QUEUES[name]: random.randint(1, 4)},
        requires=random.choice(REQUIRES),
        agent_choice=random.choice(list(AgentChoice)),
        idle_since=random.choice(list(IdleSince)),
        weight=random.choice([0, 0, 1]),
        priority=random.choice([0, 1]),
        rank_wait_ms=random.choice([0, 5_000]),
        ring=random.choice([Ring.ONE, Ring.ONE, Ring.ALL, Ring.PROGRESSIVE]),
        channel=channel,
        steps=tuple(_step(random, name, targets) for _ in range(random.randint(0, 3))),
    )


def _step(random: Random, queue: str, targets: list[str]) -> Step:
    others = [name for name in targets if name > queue]
    step = Step(after_ms=random.choice([0, 3_000, 8_000]), when=random.choice(CONDITIONS))
    more = {
        "priority_by": random.choice([-1, 1]),
        "skills": {QUEUES[queue]: random.choice([0, 1])},
        "requires": "",
        "rank_max": random.choice([1, 2]),
    }
    if others:
        target = random.choice(others)
        more |= {"also": target, "overflow_to": (target,), "split": dict.fromkeys(others, 50)}
    name = random.choice(list(more))
    return type(step)(after_ms=step.after_ms, when=step.when, **{name: more[name]})  # type: ignore[arg-type] # drawn together

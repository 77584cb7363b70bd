"""A stage for stories about agents: with rules, and with the events of each agent."""

from __future__ import annotations

from typing import Any

from acd.config import AcdConfig, QueueConfig
from acd.decisions import AcdDecision, Offer
from acd.distributor import Distributor
from acd.inputs import AskState, LogOn, PhoneBusy
from acd.rules import AgentRules
from agents.agent import Agent
from agents.config import AgentConfig
from agents.directory import Directory
from csta.agent_events import AgentEvent
from csta.instants import Instant
from csta.states import AgentState, BusyPhase
from tests.acd.stage import Stage, queue

SKILLS = {"sales": 5, "support": 5}


class DeskStage(Stage):
    """One distributor with rules for agents; each of them is logged on, and ready."""

    def __init__(
        self,
        *queues: QueueConfig,
        agents: tuple[str | AgentConfig, ...] = ("ann",),
        rules: AgentRules | None = None,
        **config: Any,
    ) -> None:
        """Let these agents come to work; who is named only has both skills."""
        configs = [
            AgentConfig(agent, agent, f"station:{number}", SKILLS)
            if isinstance(agent, str)
            else agent
            for number, agent in enumerate(agents, start=1)
        ]
        self.directory = Directory(configs, "test")
        config.setdefault("rules", rules or AgentRules())
        self.acd = Distributor(AcdConfig(queues=queues or (queue(),), **config), self.directory)
        self.now: Instant = 0
        self.log: list[str] = []
        self.told: list[AgentEvent] = []
        self.offers: list[tuple[Instant, Offer]] = []
        for agent in configs:
            self.tell(LogOn(agent.agent_id))
            self.ready(agent.agent_id)
        self.told.clear()

    def agent(self, name: str = "ann") -> Agent:
        """Find an agent."""
        return self.directory.agent(name)

    def ask(
        self,
        state: AgentState,
        reason: str | None = None,
        name: str = "ann",
        *,
        force: bool = False,
    ) -> list[str]:
        """Let an agent, or with `force` a supervisor, ask for a state."""
        return self.tell(AskState(name, state, reason, force))

    def dial(self, name: str = "ann", **more: Any) -> list[str]:
        """Let an agent's phone make a call of its own."""
        return self.tell(PhoneBusy(name, BusyPhase.DIALING, "own", **more))

    def hang_up(self, name: str = "ann") -> list[str]:
        """Let an agent's phone be on hook."""
        return self.tell(PhoneBusy(name, None))

    def talk(self, call_id: str = "c1", name: str = "ann", *, queue: str = "sales") -> None:
        """Let a call come, and the agent who is offered it answer."""
        self.enter(call_id, queue=queue)
        assert self.offer(call_id).agent_id == name
        self.answer(call_id)

    def states(self, name: str = "ann") -> list[str]:
        """List the states that an agent was told to be in, with reasons, since the last look."""
        mine = [event for event in self.told if event.agent_id == name]
        self.told = [event for event in self.told if event.agent_id != name]
        return [
            event.STATE.name + (f"({event.reason_code})" if event.reason_code else "")
            for event in mine
        ]

    def _keep(self, decisions: list[AcdDecision]) -> list[str]:
        self.told += [decision for decision in decisions if isinstance(decision, AgentEvent)]
        self.offers += [(self.now, offer) for offer in decisions if isinstance(offer, Offer)]
        return super()._keep(decisions)

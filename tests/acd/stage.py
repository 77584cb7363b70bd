"""A stage for stories about the distributor: queues, agents, and what was decided, in short."""

from __future__ import annotations

from acd.config import AcdConfig, QueueConfig, ServiceOrder
from acd.decisions import (
    AcdDecision,
    Diverts,
    Ends,
    Offer,
    OfferFailed,
    OfferOff,
    OfferTaken,
    Overflows,
    TurnedAway,
    Waits,
)
from acd.distributor import Distributor
from acd.inputs import AcdInput, Answered, AskState, Enter, LogOn, Refused
from agents.config import AgentConfig, Membership
from agents.directory import Directory
from csta.acd_events import RefusalReason
from csta.agent_events import AgentEvent
from csta.instants import Instant
from csta.states import AgentState

SALES = {"sales": 5}
BOTH = {"sales": 5, "support": 5}


class Stage:
    """One distributor, and a clock that deadlines are never late for."""

    def __init__(
        self,
        *queues: QueueConfig,
        order: ServiceOrder = ServiceOrder.STRICT,
        **skills: dict[str, int],
    ) -> None:
        """Let these agents, named by their skills, come to work: each is ready."""
        agents = [
            AgentConfig(name, name, f"station:{number}", levels)
            for number, (name, levels) in enumerate(skills.items(), start=1)
        ]
        self.directory = Directory(agents, "test")
        config = AcdConfig(queues=queues or (queue(),), order=order)
        self.acd = Distributor(config, self.directory)
        self.now: Instant = 0
        self.log: list[str] = []
        for name in skills:
            self.tell(LogOn(name))
            self.ready(name)
        self.log.clear()

    def tell(self, *events: AcdInput) -> list[str]:
        """Hand in inputs; give what was decided, in short."""
        return self._keep([d for event in events for d in self.acd.handle(event, self.now)])

    def wait(self, milliseconds: int) -> list[str]:
        """Let time pass."""
        until = self.now + milliseconds
        said: list[str] = []
        while (due := self.acd.wake_at()) is not None and due <= until:
            self.now = due
            said += self._keep(self.acd.wake(due))
        self.now = until
        return said

    def enter(self, *call_ids: str, priority: int = 0, queue: str = "sales") -> list[str]:
        """Let calls come."""
        return self.tell(*(Enter(call_id, queue, priority) for call_id in call_ids))

    def ready(self, name: str) -> list[str]:
        """Let an agent ask to be ready."""
        return self.tell(AskState(name, AgentState.READY))

    def answer(self, call_id: str) -> list[str]:
        """Let the agent of the call's offer answer."""
        return self.tell(Answered(self.offer(call_id).offer_id))

    def refuse(self, call_id: str, reason: RefusalReason) -> list[str]:
        """Let the agent's side of the call's offer not take it."""
        return self.tell(Refused(self.offer(call_id).offer_id, reason))

    def offer(self, call_id: str) -> Offer:
        """Give the offer of a call."""
        offer = self.acd.calls[call_id].offer
        assert offer is not None, f"{call_id} is not offered"
        return offer

    def state(self, name: str) -> str:
        """Give an agent's state, with its reason or phase."""
        agent = self.directory.agent(name)
        more = agent.reason or (agent.phase.value if agent.phase else "")
        return agent.state.value.removeprefix("agent") + (f" {more}" if more else "")

    def _keep(self, decisions: list[AcdDecision]) -> list[str]:
        said = [_short(decision) for decision in decisions]
        self.log += said
        return said


def queue(name: str = "sales", **more: object) -> QueueConfig:
    """Make a queue that needs the skill of its own name."""
    return QueueConfig(**{"name": name, "skills": {name: 1}, **more})  # type: ignore[arg-type] # drawn together


def offers(said: list[str]) -> list[str]:
    """Give the offers alone among what was decided."""
    return [one for one in said if "->" in one]


def who(
    name: str, number: int, *, skills: dict[str, int] | None = None, **queues: dict[str, int]
) -> AgentConfig:
    """Make an agent; `sales={"rank": 2}` says how he serves a queue."""
    members = {queue: Membership(**how) for queue, how in queues.items()} or None
    return AgentConfig(name, name, f"station:{number}", skills or BOTH, members)


def _short(decision: AcdDecision) -> str:
    if isinstance(decision, AgentEvent):
        state = decision.STATE.value.removeprefix("agent")
        why = decision.reason_code or (decision.busy_phase and decision.busy_phase.value)
        return " ".join(filter(None, (decision.agent_id, state, why)))
    match decision:
        case Waits(call_id, at, cause, number, in_front):
            said = f"{call_id} waits in {at} {in_front + 1}/{number} ({cause.value})"
        case Offer():
            said = f"{decision.call_id} -> {decision.agent_id}"
        case OfferTaken(offer, waited):
            said = f"{offer.call_id} taken by {offer.agent_id} after {waited}"
        case OfferFailed(offer, reason):
            said = f"{offer.call_id} not taken by {offer.agent_id}: {reason.value}"
        case OfferOff(offer):
            said = f"{offer.call_id} withdrawn from {offer.agent_id}"
        case Overflows(call_id, source, target, stays, step):
            said = f"{call_id} {'also' if stays else 'moves'} {source} > {target}, step {step}"
        case TurnedAway(call_id, at, cause):
            said = f"{call_id} turned away from {at}: {cause.value}"
        case Diverts(call_id, at, whither) | Ends(call_id, at, whither):
            said = f"{call_id} leaves {at}: {whither}"
        case _:
            said = type(decision).__name__
    return said

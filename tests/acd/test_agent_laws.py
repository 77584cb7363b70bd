"""A Hypothesis machine over agents: whatever they, phones and supervisors do, A1 to A8 hold."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from acd.config import QueueConfig
from acd.decisions import AcdDecision, Offer
from acd.inputs import (
    AcdInput,
    Answered,
    AskState,
    CallKind,
    DeviceReachable,
    Enter,
    ExtendWork,
    Finished,
    Leave,
    LogOn,
    PauseQueue,
    PhoneBusy,
    Refused,
)
from acd.rules import AgentRules, ReasonCode, RefusalRule, WrapUpMode
from agents.agent import Agent
from agents.config import AgentConfig
from agents.figures import figures_of
from csta.acd_events import RefusalReason
from csta.agent_events import AgentEvent
from csta.errors import CtiError
from csta.states import AgentState, BusyPhase
from tests.acd.desk_stage import SKILLS, DeskStage

NAMES = ("ann", "bob", "cem")
WHO = st.sampled_from(NAMES)
QUEUES = (
    QueueConfig(
        name="sales",
        skills={"sales": 1},
        wrap_up=WrapUpMode.FULL,
        wrap_up_ms=10_000,
        wrap_up_extension_ms=5_000,
        wrap_up_extensions_max=1,
    ),
    QueueConfig(name="support", skills={"support": 1}, wrap_up=WrapUpMode.OPTIONAL, ring_ms=8_000),
    QueueConfig(name="chat", skills={"sales": 1}, channel="chat", ring_ms=9_000),
)
RULES = AgentRules(
    no_answer=RefusalRule(reason="rona"),
    rejected=RefusalRule(stays_ready=True, pause_after=2, back_off_ms=4_000),
    busy=RefusalRule(stays_ready=True, back_off_ms=2_000),
    reasons=(ReasonCode(code="lunch", limit_ms=20_000), ReasonCode(code="meeting")),
    wrap_up_after_outbound_ms=3_000,
    wrap_up_after_failed_outbound_ms=1_000,
)
BACK_OFF = {"rona": 30_000, "rejected": 4_000, "busy": 2_000, "deviceLost": 30_000}
SYSTEM = ("rona", "device_lost", "auto_pause", "phone_busy")
RESTING = (AgentState.READY, AgentState.NOT_READY)


class AgentMachine(RuleBasedStateMachine):
    """Three agents, three queues, and a world that does what it likes."""

    def __init__(self) -> None:
        """Begin with everybody ready."""
        super().__init__()
        agents = tuple(
            AgentConfig(name, name, f"station:{number}", SKILLS, capacity={"chat": 2})
            for number, name in enumerate(NAMES)
        )
        self.stage = DeskStage(*QUEUES, agents=agents, rules=RULES)
        self.acd = self.stage.acd
        self.calls = 0
        self.wanted: dict[str, tuple[AgentState, str | None] | None] = dict.fromkeys(
            NAMES, (AgentState.READY, None)
        )
        self.since = dict.fromkeys(NAMES, 0)
        self.spent = {name: dict.fromkeys(AgentState, 0) for name in NAMES}
        self.state = dict.fromkeys(NAMES, AgentState.READY)
        self.last_offer: dict[tuple[str, str], tuple[int, int]] = {}

    # What happens.

    @rule(name=WHO, elsewhere=st.booleans())
    def an_agent_logs_on(self, name: str, elsewhere: bool) -> None:  # noqa: FBT001 - drawn
        if self.feed(LogOn(name, f"station:{name}" if elsewhere else None)):
            self.wanted[name] = (AgentState.NOT_READY, None)

    @rule(
        name=WHO,
        state=st.sampled_from([*AgentState, AgentState.READY, AgentState.READY]),
        reason=st.sampled_from(["lunch", "meeting"]),
        force=st.integers(0, 4),
    )
    def somebody_asks(self, name: str, state: AgentState, reason: str, force: int) -> None:
        if state is AgentState.BUSY:
            return
        why = reason if state is AgentState.NOT_READY else None
        if self.feed(AskState(name, state, why, force == 0)):
            self.wanted[name] = (state, why) if state in RESTING else None

    @rule(
        name=WHO,
        phase=st.sampled_from(BusyPhase),
        kind=st.sampled_from([None, *CallKind]),
    )
    def a_phone_is_in_use(self, name: str, phase: BusyPhase, kind: CallKind | None) -> None:
        self.feed(PhoneBusy(name, phase, f"own-{name}", kind))

    @rule(name=WHO)
    def a_phone_is_on_hook(self, name: str) -> None:
        self.feed(PhoneBusy(name, None))

    @rule(name=WHO, reachable=st.booleans())
    def a_phone_is_lost_or_back(self, name: str, reachable: bool) -> None:  # noqa: FBT001 - drawn
        self.feed(DeviceReachable(name, reachable))

    @rule(queue=st.sampled_from(["sales", "sales", "support", "chat"]))
    def a_call_comes(self, queue: str) -> None:
        self.calls += 1
        self.feed(Enter(f"c{self.calls}", queue))

    @rule(pick=st.integers(0, 60))
    def a_caller_leaves(self, pick: int) -> None:
        if self.acd.calls:
            self.feed(Leave(list(self.acd.calls)[pick % len(self.acd.calls)]))

    @rule(pick=st.integers(0, 60), how=st.sampled_from([None, None, *RefusalReason]))
    def an_offer_ends(self, pick: int, how: RefusalReason | None) -> None:
        offers = [offer for call in self.acd.calls.values() for offer in call.offers]
        if not offers:
            return
        offer = offers[pick % len(offers)]
        if how is not None:
            self.time_passes(0)
            self._keep_from(offer, how)
        self.feed(Answered(offer.offer_id) if how is None else Refused(offer.offer_id, how))

    @rule(name=WHO, pick=st.integers(0, 3))
    def a_contact_is_finished(self, name: str, pick: int) -> None:
        for call_id in list(self.stage.agent(name).contacts)[: pick % 2]:
            if call_id not in self.acd.calls:
                self.feed(Finished(name, call_id))

    @rule(name=WHO, paused=st.booleans())
    def a_queue_is_paused(self, name: str, paused: bool) -> None:  # noqa: FBT001 - drawn
        self.feed(PauseQueue(name, "sales", paused))

    @rule(name=WHO)
    def an_agent_wants_more_time(self, name: str) -> None:
        self.feed(ExtendWork(name))

    @rule(milliseconds=st.sampled_from([0, 1, 999, 1_000, 4_000, 10_000, 30_000]))
    def time_passes(self, milliseconds: int) -> None:
        until = self.stage.now + milliseconds
        while (due := self.acd.wake_at()) is not None and due <= until:
            ringing = [o for c in self.acd.calls.values() for o in c.offers if o.deadline_at <= due]
            self.stage.now = due
            for offer in ringing:
                self._keep_from(offer, RefusalReason.NO_ANSWER)
            self.took(self.acd.wake(due))
            self.the_laws_hold()
        self.stage.now = until

    def feed(self, event: AcdInput) -> bool:
        """Hand in an input, deadlines first; False if it was refused."""
        self.time_passes(0)
        before = {name: self.stage.agent(name).state for name in NAMES}
        try:
            decisions = self.acd.handle(event, self.stage.now)
        except CtiError:
            assert {name: self.stage.agent(name).state for name in NAMES} == before
            assert self.acd.floor.out == []
            return False
        self.took(decisions)
        return True

    # What must hold.

    def took(self, decisions: list[AcdDecision]) -> None:
        """Look at each decision as it comes."""
        for decision in decisions:
            if isinstance(decision, AgentEvent):
                self._follows(decision)
            elif isinstance(decision, Offer):
                self._is_allowed(decision)

    def _follows(self, event: AgentEvent) -> None:
        """A4: states follow one another without a gap, and each event tells where it came from."""
        name, now = event.agent_id, self.stage.now
        assert event.previous_state is self.state[name]
        if self.state[name] is AgentState.NULL:
            self.spent[name] = dict.fromkeys(AgentState, 0)
        else:
            self.spent[name][self.state[name]] += now - self.since[name]
        self.state[name], self.since[name] = event.STATE, now

    def _is_allowed(self, offer: Offer) -> None:
        """A6, A8: the agent was ready and may serve the call, and has not just refused it."""
        agent, now = self.stage.agent(offer.agent_id), self.stage.now
        assert agent.reachable, f"{agent!r} cannot be reached"
        assert offer.queue not in agent.profile.paused
        until = self.last_offer.get((offer.call_id, offer.agent_id), (0, 0))[1]
        assert now >= until, f"{offer.call_id} is offered to {agent!r} again, too soon"

    def _keep_from(self, offer: Offer, reason: RefusalReason) -> None:
        back_off = {"noAnswer": BACK_OFF["rona"]}.get(reason.value) or BACK_OFF[reason.value]
        key, now = (offer.call_id, offer.agent_id), self.stage.now
        self.last_offer[key] = (now, now + back_off)

    @invariant()
    def the_laws_hold(self) -> None:
        for agent in self.stage.directory:
            self._is_coherent(agent)
            self._has_an_exit(agent)
            self._is_what_he_wants(agent)
            self._is_accounted_for(agent)

    def _is_coherent(self, agent: Agent) -> None:
        """A1, A2: one call at most, contacts within the capacity, and one truth about them."""
        offers = [o for c in self.acd.calls.values() for o in c.offers]
        mine = [o for o in offers if o.agent_id == agent.agent_id and o.queue != "chat"]
        assert [o.offer_id for o in mine] == ([agent.offer_id] if agent.offer_id else [])
        assert agent.load("chat") <= 2
        assert self.acd.floor.roster.is_ready(agent) == (agent.state is AgentState.READY)
        if mine:
            assert agent.state is AgentState.BUSY
        assert self.state[agent.agent_id] is agent.state

    def _has_an_exit(self, agent: Agent) -> None:
        """A3: work and offers have deadlines; a limited reason that is overrun was told."""
        agenda = self.acd.floor.agenda
        working = agent.state is AgentState.WORKING_AFTER_CALL
        assert (("wrap", agent.agent_id) in agenda) == working
        for call in self.acd.calls.values():
            assert all(("ring", offer.offer_id) in agenda for offer in call.offers)
            assert call.waits != bool(call.offers)
        limited = agent.state is AgentState.NOT_READY and agent.reason == "lunch"
        if not limited:
            assert ("reason", agent.agent_id) not in agenda

    def _is_what_he_wants(self, agent: Agent) -> None:
        """A5: what was asked for last is in force, or to come, or the system says why not."""
        wanted = self.wanted[agent.agent_id]
        if wanted is None or agent.state is AgentState.NULL:
            return
        if agent.state in RESTING:
            named = agent.state is AgentState.NOT_READY and agent.reason in SYSTEM
            assert (agent.state, agent.reason) == wanted or named
            assert not (named and wanted[0] is AgentState.NOT_READY)
        elif agent.pending is None:
            to_come = (agent.resting, agent.resting_reason)
            assert to_come == wanted or agent.resting_reason in SYSTEM
        else:
            assert (agent.pending, agent.pending_reason) == wanted

    def _is_accounted_for(self, agent: Agent) -> None:
        """A4: the agent's own figures are what the events add up to."""
        figures = figures_of(agent, self.stage.now)
        if figures is None:
            return
        spent = dict(self.spent[agent.agent_id])
        spent[agent.state] += self.stage.now - self.since[agent.agent_id]
        assert figures.ready_ms == spent[AgentState.READY]
        assert figures.not_ready_ms == spent[AgentState.NOT_READY]
        assert figures.busy_ms == spent[AgentState.BUSY]
        assert figures.work_ms == spent[AgentState.WORKING_AFTER_CALL]
        assert figures.logged_on_ms == sum(spent.values())


def test_whatever_happens_the_laws_of_agents_hold() -> None:
    run_state_machine_as_test(
        AgentMachine, settings=settings(max_examples=150, stateful_step_count=40)
    )

"""The distributor against a naive ACD: the same offers in the same order, in random worlds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.config import AcdConfig, AgentChoice, QueueConfig, ServiceOrder, Step
from acd.decisions import AcdDecision, Offer
from acd.distributor import Distributor
from acd.inputs import Answered, AskState, Enter, Leave, LogOn, PhoneBusy, Refused
from agents.config import AgentConfig
from agents.directory import Directory
from csta.acd_events import RefusalReason
from csta.states import AgentState
from tests.acd.oracle import FAR, Oracle, OracleCall

SKILLS = ("a", "b", "c")
QUEUES = ("qa", "qb", "qc")
levels = st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 10), max_size=3)


@st.composite
def worlds(draw: st.DrawFn) -> AcdConfig:
    """Draw queues; all durations differ by a prime remainder, so that deadlines hardly coincide."""
    queues = []
    for number, name in enumerate(QUEUES):
        others = QUEUES[number + 1 :]
        steps = []
        for place in range(draw(st.integers(0, 2))):
            kind = draw(
                st.sampled_from(["priority", "also", "overflow"] if others else ["priority"])
            )
            target = draw(st.sampled_from(others)) if others else None
            steps.append(
                Step(
                    after_ms=draw(st.integers(1, 6)) * 10_000 * (place + 1) + 7 * number + 3,
                    overflow_to=target if kind == "overflow" else None,
                    also=target if kind == "also" else None,
                    priority_by=draw(st.integers(-1, 2)) if kind == "priority" else 0,
                )
            )
        queues.append(
            QueueConfig(
                name=name,
                skills={SKILLS[number]: draw(st.integers(1, 6))},
                priority=draw(st.integers(0, 2)),
                agent_choice=draw(st.sampled_from(AgentChoice)),
                ring_ms=10_000 + 1_013 * number,
                wrap_up_ms=draw(st.sampled_from([0, 5_011, 20_021])),
                steps=tuple(steps),
            )
        )
    return AcdConfig(queues=tuple(queues), order=draw(st.sampled_from(ServiceOrder)))


class Pair:
    """The distributor and the oracle, told the same."""

    def __init__(self, config: AcdConfig, agents: dict[str, dict[str, int]]) -> None:
        """Let everybody log on."""
        cards = [AgentConfig(n, n, f"station:{n}", skills) for n, skills in agents.items()]
        self.acd = Distributor(config, Directory(cards, "test"))
        self.oracle = Oracle(config, agents)
        self.now = 0
        self.log: list[tuple[int, str, str]] = []
        for name in agents:
            self.acd.handle(LogOn(name), 0)
            self.oracle.agents[name].state = "away"

    def keep(self, decisions: list[AcdDecision]) -> None:
        self.log += [(self.now, d.call_id, d.agent_id) for d in decisions if isinstance(d, Offer)]

    def wait(self, milliseconds: int) -> None:
        until = self.now + milliseconds
        while True:
            due = self.acd.wake_at()
            at = min(self.oracle.next_at(), FAR if due is None else due)
            if at > until:
                break
            self.now = max(at, self.now)
            self.keep(self.acd.wake(self.now))
            self.oracle.wake(self.now)
        self.now = until

    def do(self, what: str, pick: int, enter: OracleCall) -> None:
        ringing = [call.name for call in self.oracle.calls.values() if call.agent]
        agents = list(self.oracle.agents.values())
        agent = agents[pick % len(agents)]
        if what == "enter":
            asked = Enter(enter.name, enter.queue, enter.priority, enter.skills, enter.credit)
            self.keep(self.acd.handle(asked, self.now))
            self.oracle.enter(self.now, replace(enter, came_at=self.now))
        elif what == "leave" and self.oracle.calls:
            name = list(self.oracle.calls)[pick % len(self.oracle.calls)]
            self.keep(self.acd.handle(Leave(name), self.now))
            self.oracle.leave(self.now, name)
        elif what in ("answer", "reject", "busy") and ringing:
            self._end_offer(what, ringing[pick % len(ringing)])
        elif what == "hang_up" and agent.state == "talking":
            self.keep(self.acd.handle(PhoneBusy(agent.name, None), self.now))
            self.oracle.hang_up(self.now, agent)
        elif what in ("ready", "away") and agent.state in ("away", "ready", "work"):
            if what == agent.state == "ready":
                return
            state = AgentState.READY if what == "ready" else AgentState.NOT_READY
            self.keep(self.acd.handle(AskState(agent.name, state), self.now))
            self.oracle.ask(self.now, agent, what)

    def _end_offer(self, what: str, name: str) -> None:
        offer = self.acd.calls[name].offer
        assert offer is not None
        if what == "answer":
            self.keep(self.acd.handle(Answered(offer.offer_id), self.now))
            self.oracle.answer(name)
            return
        reason = RefusalReason.REJECTED if what == "reject" else RefusalReason.BUSY
        self.keep(self.acd.handle(Refused(offer.offer_id, reason), self.now))
        self.oracle.refuse(self.now, name, rejected=what == "reject")


ACTS = ("enter", "leave", "answer", "reject", "busy", "hang_up", "ready", "away")
OFTEN = ("enter", "enter", "answer", "hang_up", "ready")
acts = st.tuples(
    st.sampled_from((*ACTS, *OFTEN)),
    st.integers(0, 30),
    st.sampled_from(QUEUES),
    st.integers(-1, 2),
    st.sampled_from([0, 0, 15_000]),
    st.sampled_from([{}, {}, {"a": 4}, {"b": 7}]),
    st.integers(1, 9_999),
)


def compare(config: AcdConfig, skills: list[dict[str, int]], script: list[tuple]) -> None:  # type: ignore[type-arg] # drawn
    pair = Pair(config, {f"agent{number}": levels for number, levels in enumerate(skills)})
    for number, name in enumerate(pair.oracle.agents):
        pair.do("ready", number, OracleCall(name, 0, "qa", 0, 0, 0, {}))
    for serial, (what, pick, queue, priority, credit, needs, pause) in enumerate(script, start=1):
        call = OracleCall(f"c{serial}", serial, queue, 0, priority, credit, needs)
        pair.do(what, pick, call)
        pair.wait(pause)
        assert pair.log == pair.oracle.log
    pair.wait(300_000)
    assert pair.log == pair.oracle.log


@settings(max_examples=150)
@given(worlds(), st.lists(levels, min_size=1, max_size=5), st.lists(acts, max_size=40))
def test_the_distributor_offers_what_the_naive_acd_offers(
    config: AcdConfig,
    skills: list[dict[str, int]],
    script: list[tuple],  # type: ignore[type-arg] # drawn
) -> None:
    compare(config, skills, script)


@pytest.mark.slow
@settings(max_examples=4_000)
@given(worlds(), st.lists(levels, min_size=1, max_size=6), st.lists(acts, max_size=80))
def test_the_distributor_offers_what_the_naive_acd_offers_for_a_long_time(
    config: AcdConfig,
    skills: list[dict[str, int]],
    script: list[tuple],  # type: ignore[type-arg] # drawn
) -> None:
    compare(config, skills, script)

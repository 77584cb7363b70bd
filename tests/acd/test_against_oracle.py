"""The distributor against a naive ACD: the same offers in the same order, in random worlds."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.decisions import (
    AcdDecision,
    Diverts,
    Ends,
    Offer,
    OfferFailed,
    OfferOff,
    OfferTaken,
    TurnedAway,
)
from acd.distributor import Distributor
from acd.inputs import (
    AcdInput,
    Answered,
    AskState,
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
from agents.agent import Agent
from agents.directory import Directory
from csta.acd_events import RefusalReason
from csta.instants import Instant
from csta.states import AgentState
from tests.acd.oracle import OracleAgent
from tests.acd.oracle_day import OracleDay
from tests.acd.random_worlds import Worlds

ACTS = {
    "enter": 30,
    "answer": 25,
    "hang_up": 22,
    "ready": 18,
    "refuse": 8,
    "leave": 5,
    "away": 3,
    "log_off": 2,
    "log_on": 4,
    "change": 4,
    "pick": 2,
    "skills": 2,
    "pause": 2,
    "reload": 1,
}
FROM = {
    "hang_up": ("talking",),
    "log_on": ("off",),
    **dict.fromkeys(("ready", "away", "log_off"), ("away", "ready", "work")),
}
"""In which states an agent may do what."""

STATES = {"ready": AgentState.READY, "away": AgentState.NOT_READY, "off": AgentState.NULL}


class Pair:
    """The distributor and the oracle, told the same; the laws are looked at on the way."""

    def __init__(self, worlds: Worlds) -> None:
        """Let everybody log on, and most be ready."""
        config, cards = worlds.config(), worlds.agents()
        self.worlds, self.random = worlds, worlds.random
        self.acd = Distributor(config, Directory(cards, "test"))
        self.acd.matching.on_choice = self._comes_first
        self.oracle = OracleDay(config, cards)
        self.agents = list(self.oracle.agents.values())
        self.now = 0
        self.log: list[tuple[int, str, str, str]] = []
        self.gone: list[tuple[str, str]] = []
        self.ids: dict[tuple[str, str], str] = {}
        self.offers: dict[str, Offer] = {}
        self.entered = 0
        for kind, act in self.acd._deadlines.items():  # noqa: SLF001 - to learn their order
            self.acd._deadlines[kind] = self._noted(kind, act)  # noqa: SLF001 - as above
        self.dues: list[tuple[str, list[str]]] = []
        for agent in self.agents:
            self.log_on(agent)
            if self.random.random() < 0.7:
                self.ask(agent, "ready")

    def _noted(self, kind: str, act):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 - of any deadline
        def noted(*names) -> None:  # type: ignore[no-untyped-def] # noqa: ANN002 - as above
            told = list(names[:-1])
            if kind == "ring":
                offer = self.offers[told[0]]
                told = [offer.call_id, offer.agent_id]
            self.dues.append((kind, told))
            act(*names)

        return noted

    def _comes_first(
        self, call: WaitingCall, agent: Agent, line: Line, now: Instant, sought: Sought
    ) -> None:
        """Q2: an agent is not given a call while one that comes before it waits for him."""
        if sought is not Sought.CALL or not call.waits:
            return
        roster = self.acd.floor.roster
        mine = roster.pair_of(agent, line)
        if self.acd.config.order == "greatest_need" or mine is None:
            return
        for other in self.acd.calls.values():
            for place in other.places if other.waits else ():
                theirs = roster.pair_of(agent, place)
                if theirs is not None and roster.may_serve(agent, other, place, now):
                    ranks = (-theirs.weight, other.key), (-mine.weight, call.key)
                    assert ranks[0] >= ranks[1], f"{agent} gets {call}, and {other} waits"

    def tell(self, event: AcdInput) -> None:
        self.keep(self.acd.handle(event, self.now))

    def keep(self, decisions: list[AcdDecision]) -> None:
        """Note offers and exits; an agent has one offer, a call as many as ring (A1)."""
        for said in decisions:
            match said:
                case Offer():
                    self.log.append((self.now, said.call_id, said.agent_id, said.queue))
                    assert not any(o.agent_id == said.agent_id for o in self.offers.values())
                    self.offers[said.offer_id] = said
                    self.ids[said.call_id, said.agent_id] = said.offer_id
                case OfferTaken(offer) | OfferFailed(offer) | OfferOff(offer):
                    del self.offers[offer.offer_id]
                case TurnedAway(call_id):
                    self.gone.append((call_id, "turned away"))
                case Ends(call_id, _, reason) | Diverts(call_id, _, reason):
                    self.gone.append((call_id, reason))

    def wait(self, milliseconds: int) -> None:
        """Let time pass; deadlines are acted on in the distributor's order."""
        until = self.now + milliseconds
        while (due := self.acd.wake_at()) is not None and due <= until:
            self.now = max(due, self.now)
            self.dues = []
            decisions = self.acd.wake(self.now)
            for kind, names in self.dues:
                self.oracle.due(kind, names, self.now)
            self.keep(decisions)
        self.now = until

    def check(self, *, thoroughly: bool) -> None:
        """Compare what was decided, and who waits and who is ready, at a quiet point."""
        oracle = self.oracle
        assert self.log == oracle.log, first_difference(self.log, oracle.log)
        assert self.gone == oracle.gone
        self.log.clear()
        oracle.log.clear()
        late = oracle.overdue(self.now)
        assert not late, f"{late} are late at {self.now}"
        if thoroughly:
            waiting = [call.call_id for call in self.acd.calls.values() if call.waits]
            assert waiting == [name for name, call in oracle.calls.items() if call.waits]
            ready = [a.agent_id for a in self.acd.directory if a.state is AgentState.READY]
            assert ready == [agent.name for agent in self.agents if agent.state == "ready"]
            lengths = {name: len(queue) for name, queue in self.acd.queues.items()}
            assert lengths == {name: oracle.waiting(name) for name in oracle.queues}
            pairs = [(c.asked.call_id, a.name) for c, a in oracle.pairs(self.now)]
            assert not pairs, f"{pairs} could be offers (Q1)"

    def do(self, what: str) -> None:
        """Do something to the call or the agent that is drawn, if it may be done to him."""
        calls = list(self.oracle.calls)
        ringing = [(name, who) for name in calls for who in self.oracle.calls[name].rings]
        if what == "enter":
            self.entered += 1
            asked = self.worlds.call(f"c{self.entered}", self.now)
            self.tell(asked)
            self.oracle.enter(asked, self.now)
        elif what in ("answer", "refuse") and ringing:
            self._end_offer(what, *self.random.choice(ringing))
        elif what in ("leave", "change", "pick") and calls:
            self._to_call(what, self.random.choice(calls))
        elif what in ("skills", "pause"):
            self._to_agent(what, self.random.choice(self.agents).name)
        elif what == "reload":
            reload = self.worlds.reload()
            self.tell(reload)
            self.oracle.reconfigure(reload, self.now)
        elif what in FROM:
            able = [agent for agent in self.agents if agent.state in FROM[what]]
            if able:
                self._go(self.random.choice(able), what)

    def _go(self, agent: OracleAgent, what: str) -> None:
        if what == "hang_up":
            self.hang_up(agent)
        elif what == "log_on":
            self.log_on(agent)
        else:
            self.ask(agent, what.removeprefix("log_"))

    def log_on(self, agent: OracleAgent) -> None:
        self.tell(LogOn(agent.name))
        self.oracle.log_on(agent, self.now)

    def ask(self, agent: OracleAgent, state: str) -> None:
        if agent.state != state:
            self.tell(AskState(agent.name, STATES[state]))
            self.oracle.ask(agent, state, self.now)

    def hang_up(self, agent: OracleAgent) -> None:
        self.tell(PhoneBusy(agent.name, None))
        self.oracle.hang_up(agent, self.now)

    def _to_call(self, what: str, name: str) -> None:
        ready = [agent for agent in self.agents if agent.state == "ready"]
        if what == "leave":
            self.tell(Leave(name))
            self.oracle.leave(name, self.now)
        elif what == "change":
            change = self.worlds.change(name)
            self.tell(change)
            self.oracle.change(change, self.now)
        elif ready and self.oracle.calls[name].waits:
            agent = self.random.choice(ready)
            self.tell(PickCall(name, agent.name))
            self.oracle.pick(name, agent, self.now)

    def _to_agent(self, what: str, name: str) -> None:
        if what == "skills":
            new = self.worlds.new_skills(name)
            self.tell(new)
            self.oracle.set_skills(new, self.now)
        else:
            pause = PauseQueue(
                name, self.random.choice(self.worlds.queues), self.random.random() < 0.5
            )
            self.tell(pause)
            self.oracle.pause(self.oracle.agents[name], pause.queue, self.now, paused=pause.paused)

    def _end_offer(self, what: str, name: str, who: str) -> None:
        offer_id, agent = self.ids[name, who], self.oracle.agents[who]
        if what == "answer":
            self.tell(Answered(offer_id))
            self.oracle.answer(name, agent, self.now)
            return
        reason = self.random.choice((RefusalReason.REJECTED, RefusalReason.BUSY))
        self.tell(Refused(offer_id, reason))
        self.oracle.refuse(name, agent, reason, self.now)

    def drain(self) -> None:
        """Let everybody work until nobody is left whom they may serve; then callers leave."""
        in_vain = 0
        while self.oracle.calls and in_vain < 15:
            in_vain = in_vain + 1 if not self.offers else 0
            self._work()
            self.wait(3_001)
            self.check(thoroughly=in_vain % 5 == 0)
        for name in list(self.oracle.calls):
            self._to_call("leave", name)
        self.wait(600_000)
        self.check(thoroughly=True)
        acd = self.acd
        assert (len(acd.calls), len(acd.offers), len(acd.floor.agenda)) == (0, 0, 0)
        assert not any(len(queue) for queue in acd.queues.values())

    def _work(self) -> None:
        """Let everybody come, be ready, answer what rings, and be done with it."""
        for agent in self.agents:
            if agent.state == "off":
                self.log_on(agent)
            if agent.state in ("away", "work"):
                self.ask(agent, "ready")
        for name, call in list(self.oracle.calls.items()):
            if call.rings:
                self._end_offer("answer", name, next(iter(call.rings)))
        for agent in self.agents:
            if agent.state == "talking":
                self.hang_up(agent)


def first_difference(one: list[tuple], other: list[tuple]) -> str:  # type: ignore[type-arg] # of a log
    for number, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return f"no. {number}: the distributor {a}, the oracle {b}"
    return f"the distributor {one[len(other) :]}, the oracle {other[len(one) :]}"


def live(random: Random, agents: int, skills: int, calls: int) -> Counter[str]:
    """Let one world live, and give what was decided in it, and how often."""
    pair = Pair(Worlds(random, agents, skills))
    pause = random.choice((300, 1_000, 3_000))
    acts = random.choices(list(ACTS), list(ACTS.values()), k=5 * calls)
    counts: Counter[str] = Counter()
    for number, what in enumerate(acts):
        if pair.entered == calls:
            break
        pair.do(what)
        pair.wait(0 if random.random() < 0.2 else random.randint(1, 2 * pause))
        counts["offers"] += len(pair.log)
        pair.check(thoroughly=number % 5 == 0)
    pair.drain()
    counts["calls"] += pair.entered
    return counts


@settings(max_examples=150)
@given(st.randoms(use_true_random=False))
def test_the_distributor_offers_what_the_naive_acd_offers(random: Random) -> None:
    live(random, agents=5, skills=3, calls=12)


@pytest.mark.parametrize("seed", range(25))
def test_the_distributor_offers_what_the_naive_acd_offers_in_large_worlds(seed: int) -> None:
    live(Random(seed), agents=50, skills=8, calls=200)  # noqa: S311 - no secret


@pytest.mark.slow
@pytest.mark.parametrize("thousand", range(10))
def test_the_distributor_offers_what_the_naive_acd_offers_in_ten_thousand_worlds(
    thousand: int,
) -> None:
    for seed in range(1_000 * thousand, 1_000 * thousand + 1_000):
        random = Random(seed)  # noqa: S311 - no secret
        calls = random.choice((5, 10, 10, 20, 20, 40, 80, 200))
        try:
            live(random, agents=random.choice((5, 15, 50)), skills=8, calls=calls)
        except AssertionError as broken:
            raise AssertionError(f"seed {seed}: {broken}") from broken

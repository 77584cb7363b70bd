"""Who can serve whom: groups of agents and classes of calls, matched once."""

from __future__ import annotations

from acd.config import AcdConfig, AgentChoice, QueueConfig
from acd.inputs import Enter
from acd.queue import Queue, WaitingCall, order_key
from acd.roster import Roster
from agents.agent import Agent
from agents.skills import skill_set

QUEUE = Queue(QueueConfig(name="sales", skills={"sales": 2}))


def agent(name: str, **skills: int) -> Agent:
    return Agent(name, name, f"station:{name}", skills)


def at_work(roster: Roster, *agents: Agent) -> None:
    for who in agents:
        roster.log_on(who)


def call(serial: int, queue: Queue = QUEUE, priority: int = 0) -> WaitingCall:
    waiting = WaitingCall(Enter(f"c{serial}", queue.name), serial, priority, serial)
    waiting.queue, waiting.places = queue, [(queue, queue.required)]
    waiting.key = order_key(AcdConfig(queues=()), waiting)
    return waiting


def test_agents_who_come_before_and_after_a_call_are_found_alike() -> None:
    roster = Roster()
    early, late = agent("early", sales=3), agent("late", sales=2, english=1)
    at_work(roster, early)
    roster.add_ready(early)
    waiting = call(1)
    assert roster.best_agent(waiting, 0) == (early, 0)
    roster.remove_ready(early)
    at_work(roster, late)
    roster.add_ready(late)
    assert roster.best_agent(waiting, 0) == (late, 0)
    roster.remove_ready(late)
    roster.remove_ready(late)
    assert roster.best_agent(waiting, 0) is None


def test_the_first_of_all_classes_is_given_to_an_agent_with_many_skills() -> None:
    roster = Roster()
    support = Queue(QueueConfig(name="support", skills={"support": 1}))
    first, second, third = call(2, support), call(3), call(1, priority=-1)
    for waiting in (third, second, first):
        roster.add_waiting(waiting)
    both, novice = agent("both", sales=5, support=5), agent("novice", sales=1)
    at_work(roster, both, novice)
    assert roster.best_call(both, 0) is first
    first.version += 1
    assert roster.best_call(both, 0) is second
    assert roster.best_call(novice, 0) is None


def test_a_call_that_is_kept_from_an_agent_is_passed_and_stays() -> None:
    roster = Roster()
    refused, other = call(1), call(2)
    ann, bob = agent("ann", sales=5), agent("bob", sales=5)
    at_work(roster, ann, bob)
    refused.kept_from[ann.agent_id] = 1_000
    for waiting in (refused, other):
        roster.add_waiting(waiting)
    assert roster.best_call(ann, 999) is other
    assert roster.best_call(bob, 999) is refused
    assert roster.best_call(ann, 1_000) is refused
    roster.add_ready(ann)
    assert roster.best_agent(refused, 999) is None
    roster.add_ready(bob)
    assert roster.best_agent(refused, 999) == (bob, 0)


def test_a_call_looks_in_its_own_queue_first() -> None:
    roster = Roster()
    second = Queue(
        QueueConfig(name="second", skills={"x": 1}, agent_choice=AgentChoice.MOST_SKILLED)
    )
    novice, master = agent("novice", x=1), agent("master", x=9)
    seller = agent("seller", sales=2)
    at_work(roster, novice, master, seller)
    waiting = call(1)
    waiting.places.append((second, second.required))
    for who in (novice, master):
        roster.add_ready(who)
    assert roster.best_agent(waiting, 0) == (master, 1)
    roster.add_ready(seller)
    assert roster.best_agent(waiting, 0) == (seller, 0)


def test_counts_follow_log_on_log_off_and_readiness() -> None:
    roster = Roster()
    ann, bob = agent("ann", sales=2), agent("bob", sales=1)
    for who in (ann, bob):
        roster.log_on(who)
        roster.add_ready(who)
    assert roster.counts(skill_set({"sales": 2})) == (1, 1)
    assert roster.counts(skill_set({"sales": 1})) == (2, 2)
    roster.remove_ready(ann)
    assert roster.counts(skill_set({"sales": 2})) == (1, 0)
    roster.log_off(ann)
    assert roster.counts(skill_set({})) == (1, 1)

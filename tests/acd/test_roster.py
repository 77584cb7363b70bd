"""Who can serve whom: groups of like agents and lines of like calls, matched once."""

from __future__ import annotations

from acd.config import AcdConfig, AgentChoice, QueueConfig
from acd.inputs import Enter
from acd.lines import Line
from acd.queue import Queue, WaitingCall, order_key
from acd.requirements import Requirement
from acd.roster import Roster
from agents.agent import Agent
from agents.config import Membership
from agents.skills import skill_set

CONFIG = AcdConfig(queues=())
SALES = Queue(QueueConfig(name="sales", skills={"sales": 2}))


def agent(name: str, queues: dict[str, Membership] | None = None, **skills: int) -> Agent:
    return Agent(name, name, f"station:{name}", skills, queues)


def at_work(roster: Roster, *agents: Agent) -> None:
    for who in agents:
        roster.log_on(who)


def call(serial: int, queue: Queue = SALES, priority: int = 0) -> WaitingCall:
    waiting = WaitingCall(Enter(f"c{serial}", queue.name, priority), serial, queue, serial)
    waiting.key = order_key(CONFIG, waiting)
    return waiting


def stand(roster: Roster, waiting: WaitingCall, *further: Queue) -> list[Line]:
    waiting.places = [roster.line(queue, queue.needs) for queue in (waiting.queue, *further)]
    return waiting.places


def line_up(roster: Roster, *calls: WaitingCall) -> None:
    for waiting in calls:
        for line in stand(roster, waiting):
            line.push(waiting)


def chosen_call(roster: Roster, who: Agent, now: int = 0) -> WaitingCall | None:
    found = roster.best_call(who, now)
    return found[0] if found else None


def test_agents_who_come_before_and_after_a_call_are_found_alike() -> None:
    roster = Roster(CONFIG)
    early, late = agent("early", sales=3), agent("late", sales=2, english=1)
    at_work(roster, early)
    roster.add_ready(early)
    waiting = call(1)
    (line,) = stand(roster, waiting)
    assert roster.best_agent(waiting, 0) == (early, line)
    roster.remove_ready(early)
    at_work(roster, late)
    roster.add_ready(late)
    assert roster.best_agent(waiting, 0) == (late, line)
    roster.remove_ready(late)
    roster.remove_ready(late)
    assert roster.best_agent(waiting, 0) is None


def test_the_first_of_all_lines_is_given_to_an_agent_with_many_skills() -> None:
    roster = Roster(CONFIG)
    support = Queue(QueueConfig(name="support", skills={"support": 1}))
    first, second, third = call(2, support), call(3), call(1, priority=-1)
    line_up(roster, third, second, first)
    both, novice = agent("both", sales=5, support=5), agent("novice", sales=1)
    at_work(roster, both, novice)
    assert chosen_call(roster, both) is first
    first.version += 1
    assert chosen_call(roster, both) is second
    assert chosen_call(roster, novice) is None


def test_a_call_that_is_kept_from_an_agent_is_passed_and_stays() -> None:
    roster = Roster(CONFIG)
    refused, other = call(1), call(2)
    ann, bob = agent("ann", sales=5), agent("bob", sales=5)
    at_work(roster, ann, bob)
    refused.kept_from[ann.agent_id] = 1_000
    line_up(roster, refused, other)
    assert chosen_call(roster, ann, 999) is other
    assert chosen_call(roster, bob, 999) is refused
    assert chosen_call(roster, ann, 1_000) is refused
    roster.add_ready(ann)
    assert roster.best_agent(refused, 999) is None
    roster.add_ready(bob)
    assert roster.best_agent(refused, 999) == (bob, refused.places[0])


def test_a_call_looks_in_its_own_queue_first() -> None:
    roster = Roster(CONFIG)
    second = Queue(
        QueueConfig(name="second", skills={"x": 1}, agent_choice=AgentChoice.MOST_SKILLED)
    )
    novice, master = agent("novice", x=1), agent("master", x=9)
    seller = agent("seller", sales=2)
    at_work(roster, novice, master, seller)
    waiting = call(1)
    own, other = stand(roster, waiting, second)
    for who in (novice, master):
        roster.add_ready(who)
    assert roster.best_agent(waiting, 0) == (master, other)
    roster.add_ready(seller)
    assert roster.best_agent(waiting, 0) == (seller, own)


def test_an_agent_of_both_queues_of_a_call_serves_it_for_its_own_whichever_was_there_first() -> (
    None
):
    roster = Roster(CONFIG)
    second = Queue(QueueConfig(name="second", skills={"x": 1}))
    roster.line(second, second.needs)
    both = agent("both", sales=9, x=9)
    at_work(roster, both)
    waiting = call(1)
    for line in stand(roster, waiting, second):
        line.push(waiting)
    assert roster.best_call(both, 0) == (waiting, waiting.places[0])


def test_counts_follow_log_on_log_off_and_readiness() -> None:
    roster = Roster(CONFIG)
    ann, bob = agent("ann", sales=2), agent("bob", sales=1)
    for who in (ann, bob):
        roster.log_on(who)
        roster.add_ready(who)
    assert roster.counts(SALES, Requirement(skill_set({"sales": 2}))) == (1, 1)
    assert roster.counts(SALES, Requirement(skill_set({"sales": 1}))) == (2, 2)
    roster.remove_ready(ann)
    assert roster.counts(SALES, Requirement(skill_set({"sales": 2}))) == (1, 0)
    roster.log_off(ann)
    assert roster.counts(SALES, Requirement(skill_set({}))) == (1, 1)


def test_an_agent_with_queues_serves_these_alone() -> None:
    roster = Roster(CONFIG)
    at_work(roster, agent("ann", {"support": Membership()}, sales=9))
    assert roster.counts(SALES, SALES.needs) == (0, 0)


def test_who_changes_keeps_his_turn() -> None:
    roster = Roster(CONFIG)
    ann, bob = agent("ann", sales=2), agent("bob", sales=2)
    at_work(roster, ann, bob)
    for who in (ann, bob):
        roster.add_ready(who)
    ann.set_profile(skills={"sales": 2, "english": 1})
    roster.regroup(ann)
    waiting = call(1)
    assert roster.best_agent(waiting, 0) is None
    (line,) = stand(roster, waiting)
    assert roster.best_agent(waiting, 0) == (ann, line)

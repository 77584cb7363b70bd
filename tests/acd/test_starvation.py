"""Calls that wait while later ones are served: the alarm, and the rule that it names (R37)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from acd.config import AcdConfig, QueueConfig, ServiceOrder
from acd.decisions import Offer, Starves
from acd.distributor import Distributor
from acd.inputs import Answered, AskState, Enter, LogOn, PhoneBusy
from agents.config import AgentConfig
from agents.directory import Directory
from csta.instants import MINUTE, SECOND
from csta.states import AgentState

TALK = 8 * SECOND


class Rush:
    """One agent, who talks for eight seconds, and one favoured call every eight seconds."""

    def __init__(self, *queues: QueueConfig, order: ServiceOrder = ServiceOrder.STRICT) -> None:
        """Let the agent come; he may serve every queue."""
        skills = {queue.name: 5 for queue in queues}
        self.acd = Distributor(
            AcdConfig(queues=queues, order=order),
            Directory([AgentConfig("ann", "Ann", "station:1", skills)], "test"),
        )
        self.now = 0
        self.hangs_up_at: int | None = None
        self.alarms: list[tuple[int, Starves]] = []
        self.served: list[str] = []
        self.take(self.acd.handle(LogOn("ann"), 0))
        self.take(self.acd.handle(AskState("ann", AgentState.READY), 0))

    def take(self, decisions: Sequence[object]) -> None:
        for decision in decisions:
            if isinstance(decision, Starves):
                self.alarms.append((self.now, decision))
            if isinstance(decision, Offer):
                self.served.append(decision.call_id)
                self.take(self.acd.handle(Answered(decision.offer_id), self.now))
                self.hangs_up_at = self.now + TALK

    def enter(self, call_id: str, queue: str, priority: int = 0) -> None:
        self.take(self.acd.handle(Enter(call_id, queue, priority), self.now))

    def until(self, at: int) -> None:
        while True:
            due = self.acd.wake_at()
            times = [t for t in (due, self.hangs_up_at) if t is not None and t <= at]
            if not times:
                break
            self.now = min(times)
            if due == self.now:
                self.take(self.acd.wake(self.now))
            else:
                self.hangs_up_at = None
                self.take(self.acd.handle(PhoneBusy("ann", None), self.now))
        self.now = at


def queue(name: str, **more: int) -> QueueConfig:
    return QueueConfig(name=name, skills={name: 1}, **more)  # type: ignore[arg-type] # weight


def rush(centre: Rush, favoured: str, priority: int, minutes: int = 3) -> None:
    """Keep the agent busy with favoured calls, of which two always wait."""
    centre.enter("first", favoured, priority)
    centre.enter("patient", "plain")
    for number in range(minutes * MINUTE // TALK):
        centre.enter(f"f{number}", favoured, priority)
        centre.until(centre.now + TALK)


@pytest.mark.parametrize(
    ("queues", "favoured", "priority", "named"),
    [
        ((queue("plain"), queue("gold", weight=1)), "gold", 0, "weight 1 of queue 'gold' before 0"),
        ((queue("plain"), queue("gold")), "gold", 5, "priority 5 of 'gold' before 0 of 'plain'"),
        ((queue("plain"),), "plain", 5, "priority 5 of 'plain' before 0 of 'plain'"),
    ],
    ids=["queue weights (c.3-5)", "strict priority of another queue", "strict priority"],
)
def test_r37_a_starving_call_raises_an_alarm_within_a_minute_and_names_the_rule(
    queues: tuple[QueueConfig, ...], favoured: str, priority: int, named: str
) -> None:
    centre = Rush(*queues)
    rush(centre, favoured, priority)
    at, alarm = centre.alarms[0]
    assert alarm.call_id == "patient"
    assert alarm.rule.startswith(named)
    assert alarm.passed_by >= 5
    first_passed_at = TALK
    assert at - first_passed_at <= MINUTE


def test_r37_aged_priority_bounds_the_wait_and_raises_no_alarm() -> None:
    centre = Rush(queue("plain"), queue("gold"), order=ServiceOrder.AGED)
    rush(centre, "gold", 1)
    assert "patient" in centre.served
    assert centre.alarms == []


def test_r37_who_waits_in_turn_raises_no_alarm() -> None:
    centre = Rush(queue("plain"))
    for number in range(30):
        centre.enter(f"c{number}", "plain")
    centre.until(5 * MINUTE)
    assert centre.served == [f"c{number}" for number in range(30)]
    assert centre.alarms == []


def test_r37_one_queue_alarms_no_more_than_once_in_that_time() -> None:
    centre = Rush(queue("plain"), queue("gold", weight=1))
    for number in range(5):
        centre.enter(f"also{number}", "plain")
    rush(centre, "gold", 0, minutes=10)
    instants = [at for at, _ in centre.alarms]
    assert len(instants) >= 2
    assert all(later - sooner >= MINUTE for sooner, later in pairwise(instants))


def test_r37_a_centre_at_rest_has_no_deadline_left() -> None:
    centre = Rush(queue("plain"), queue("gold", weight=1))
    rush(centre, "gold", 0)
    centre.until(centre.now + 30 * MINUTE)
    assert centre.acd.calls == {}
    assert centre.acd.wake_at() is None

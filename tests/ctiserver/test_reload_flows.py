"""Flows and numbers change while callers walk: who is in a flow goes on in it as it was."""

from __future__ import annotations

import msgspec
import pytest

from acd.config import AcdConfig, QueueConfig
from csta.instants import SECOND
from csta.system_events import InvariantViolated
from ctiserver.core.config import OnViolation
from ctiserver.core.inputs import Configured, Observed
from ctiserver.core.outbox import Reply
from ctiserver.core.switch_link import LinkUp
from ctiserver.core.wire import Published
from ivr.config import Flow, HangUpStep, MenuStep, QueueStep, Retry
from switch_sim.callers import Press
from tests.ctiserver.centre import OURS, Centre, centre_plan

SALES = QueueConfig(name="sales", skills={"sales": 1})
HELP = QueueConfig(name="help", skills={"sales": 1})


def flow(prompt: str, *queues: str) -> Flow:
    """Write a menu whose keys 1, 2 … lead to queues."""
    keys = {str(key): f"to-{queue}" for key, queue in enumerate(queues, start=1)}
    return Flow(
        name="main",
        start="menu",
        on_limit=queues[0],
        max_ms=600_000,
        steps={
            "menu": MenuStep(
                prompts=(prompt,),
                choices=keys,
                no_input=Retry(go="bye"),
                no_match=Retry(go="bye"),
            ),
            "bye": HangUpStep(),
            **{f"to-{queue}": QueueStep(queue=queue) for queue in queues},
        },
    )


OLD, NEW = flow("sound:old", "sales"), flow("sound:new", "help")


def centre() -> Centre:
    return Centre(
        centre_plan(
            acd=AcdConfig(queues=(SALES, HELP)),
            flows={"main": OLD},
            numbers={OURS: "routeing:main"},
        )
    )


def configure(centre: Centre, event: Configured) -> Reply:
    centre.world.driver.submit(event)
    return centre.replies[event.request_id]


def new_flows(version: int = 2, *queues: QueueConfig) -> Configured:
    acd = AcdConfig(queues=queues or (SALES, HELP), version=version)
    return Configured(request_id=f"conf-{version}", acd=acd, flows={"main": NEW})


def prompts(centre: Centre) -> list[str]:
    said = [event.data.message for event in centre.events("Play")]
    return [message for message in said if message.startswith("sound:")]


def test_who_is_in_a_flow_goes_on_in_it_and_who_comes_gets_the_new_one() -> None:
    hall = centre()
    hall.call("+491", presses=(Press("", "1", 8 * SECOND),))
    hall.wait(3 * SECOND)
    assert configure(hall, new_flows()).error is None
    hall.call("+492", presses=(Press("", "1", 8 * SECOND),))
    hall.wait(30 * SECOND)
    assert list(dict.fromkeys(prompts(hall))) == ["sound:old", "sound:new"]
    assert [call.queue.name for call in hall.engine.acd.calls.values()] == ["sales", "help"]
    assert hall.engine.walks.flows_under_way() == []


def test_a_queue_cannot_go_while_a_caller_may_still_come_to_it_from_his_flow() -> None:
    hall = centre()
    hall.call()
    hall.wait(3 * SECOND)
    error = configure(hall, new_flows(2, HELP)).error
    assert "a call is in flow main, which leads to acd:sales" in error.detail
    assert hall.engine.config.flows == {"main": OLD}
    hall.wait(120 * SECOND)
    assert configure(hall, new_flows(3, HELP)).error is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"numbers": {OURS: "routeing:night"}}, "leads to routeing:night, which is not there"),
        ({"flows": {}}, "leads to routeing:main, which is not there"),
        ({"default_device": "acd:nowhere"}, "the default device leads to acd:nowhere"),
        ({"default_device": "trunk:pstn"}, "which takes no calls"),
    ],
)
def test_numbers_that_lead_nowhere_are_refused_and_nothing_has_changed(
    change: dict[str, object], why: str
) -> None:
    hall = centre()
    event = msgspec.structs.replace(new_flows(), **({"flows": None} | change))
    before, events = hall.engine.config, len(hall.log)
    assert why in configure(hall, event).error.detail
    assert hall.engine.config is before
    assert len(hall.log) == events
    assert hall.engine.numbering.entry(OURS) == "routeing:main"


def test_a_number_leads_elsewhere_from_now_on() -> None:
    hall = centre()
    event = msgspec.structs.replace(new_flows(), flows=None, numbers={OURS: "acd:help"})
    assert configure(hall, event).error is None
    hall.call()
    hall.wait(SECOND)
    assert [call.queue.name for call in hall.engine.acd.calls.values()] == ["help"]


@pytest.mark.parametrize("starts_again", [True, False])
def test_deadlines_that_fell_due_while_a_server_was_down_break_no_law(
    *, starts_again: bool
) -> None:
    """Of a server that runs they tell that it stood still (Q7)."""
    plan = centre_plan(acd=AcdConfig(queues=(SALES,)))
    config = msgspec.structs.replace(plan.engine, on_violation=OnViolation.QUARANTINE)
    hall = Centre(msgspec.structs.replace(plan, engine=config))
    hall.log_on("anna")
    hall.call()
    hall.wait(SECOND)
    if starts_again:
        hall.engine.handle(Observed(LinkUp(hall.pbx.snapshot())), hall.now)
    decided = hall.engine.wake(hall.now + 3_600_000)
    laws = [
        each.data.invariant
        for each in decided
        if isinstance(each, Published) and isinstance(each.data, InvariantViolated)
    ]
    assert laws == ([] if starts_again else ["Q7"])

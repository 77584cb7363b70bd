"""What a walk knows and hands on: checks, variables, customers, queues, secrets."""

from __future__ import annotations

import pytest

from csta.customers import Match
from ivr import Collected, CustomerFound, EnterQueue, Visited
from tests.ivr.caller import Caller
from tests.ivr.flows import flow_of

TIERS = """
  begin: {prompt: sound:hello, next: tier}
  tier:
    check:
      - {when: customer.tier == "gold", go: sales}
      - {when: queue.sales.agents_ready > 0, go: person}
    else: bye
"""


@pytest.mark.parametrize(
    ("script", "facts", "node"),
    [
        ("known:gold", {}, "sales"),
        ("known:iron", {"queue.sales.agents_ready": 1}, "person"),
        ("known:iron", {"queue.sales.agents_ready": 0}, "bye"),
        ("known:iron", {}, "bye"),
        ("", {"customer.tier": "gold"}, "sales"),
        ("", {"customer.tier": "iron", "queue.sales.agents_ready": 1}, "person"),
        ("known:iron", {"customer.tier": "gold", "queue.sales.agents_ready": 1}, "person"),
        ("", {"queue.sales.agents_ready": 1}, "bye"),
        ("stranger", {"queue.sales.agents_ready": 1}, "bye"),
        ("known:", {"queue.sales.agents_ready": 1}, "bye"),
    ],
)
def test_a_check_takes_the_first_row_that_holds_and_else_when_one_is_unknown(
    script: str, facts: dict[str, object], node: str
) -> None:
    caller = Caller(flow_of(TIERS), facts)
    caller.do(f"{script} begin heard")
    assert caller.walk.path == ("begin", "tier", node)


@pytest.mark.parametrize(
    ("before", "known"),
    [("known:gold", "yes"), ("stranger", "no"), ("", "unknown")],
)
def test_a_failed_look_up_is_no_no_and_takes_nothing_away(before: str, known: str) -> None:
    steps = """
  begin: {prompt: sound:hello, next: known}
  known: {check: [{when: customer.known, go: sales}], else: stranger}
  stranger: {check: [{when: not customer.known, go: person}], else: bye}
"""
    caller = Caller(flow_of(steps))
    caller.do(f"begin {before}")
    caller.take(CustomerFound(None, Match.UNKNOWN))
    caller.do("heard")
    assert caller.walk.path[-1] == {"yes": "sales", "no": "person", "unknown": "bye"}[known]


def test_a_look_up_that_comes_back_is_known_before_the_call_is_answered() -> None:
    caller = Caller(flow_of(TIERS))
    assert caller.do("known:gold") == []
    caller.do("begin heard")
    assert caller.walk.path[-1] == "sales"


def test_visits_are_counted() -> None:
    steps = """
  again: {prompt: sound:again, next: enough}
  enough: {check: [{when: visits.again >= 3, go: bye}], else: again}
"""
    caller = Caller(flow_of(steps))
    caller.do("begin heard heard heard")
    assert caller.walk.path == ("again", "enough") * 3 + ("bye",)


def test_set_steps_add_up_and_the_queue_step_has_the_last_word() -> None:
    steps = """
  one:
    set: {variables: {topic: loans, n: 2.0}, priority: 5, skills: {loans: 3, english: 1}}
    next: two
  two: {set: {variables: {topic: cards}, skills: {loans: 4}}, next: choose}
  choose: {check: [{when: n == 2 and topic == "cards", go: sales}], else: bye}
  sales:
    queue: sales
    skills: {english: 6, vip: 1}
    data: {topic: "{topic} {n}", tier: "{customer.tier}"}
"""
    caller = Caller(flow_of(steps))
    caller.do("begin")
    entered = next(d for d in caller.decisions if isinstance(d, EnterQueue))
    assert entered == EnterQueue(
        "sales", 5, {"loans": 4, "english": 6, "vip": 1}, {"topic": "cards 2"}
    )


def test_a_queue_steps_own_priority_wins_even_when_it_is_nought() -> None:
    steps = """
  one: {set: {priority: 5}, next: sales}
  sales: {queue: sales, priority: 0}
"""
    assert Caller(flow_of(steps)).do("begin")[-2] == "queue sales"


@pytest.mark.parametrize(
    ("written", "device"),
    [("station:1001", "station:1001"), ('"+441632960000"', "number:+441632960000")],
)
def test_a_transfer_names_a_device(written: str, device: str) -> None:
    caller = Caller(flow_of(f"  away: {{transfer: {written}}}"))
    assert caller.do("begin") == ["at away", f"transfer {device}", "ended transferred"]


ACCOUNT_AND_PIN = """
  hello: {prompt: sound:hello, next: mark}
  mark: {set: {priority: 1}, next: account}
  account: {collect: account, prompt: sound:account, length: 2, ok: greet, failed: person}
  greet: {prompt: "digits:{account}", next: pin}
  pin: {collect: pin, prompt: sound:pin, length: 4, secret: true, ok: right, failed: person}
  right: {check: [{when: pin == "1234", go: person}], else: bye}
"""


def test_a_secret_is_for_conditions_and_for_whoever_checks_it_but_is_not_handed_on() -> None:
    caller = Caller(flow_of(ACCOUNT_AND_PIN))
    caller.do("begin heard 42 heard 1234")
    assert Collected("pin", "1234", secret=True) in caller.decisions
    assert caller.walk.collected == {"account": "42"}
    assert caller.walk.path[-1] == "person"
    handed_on = [d for d in caller.decisions if not isinstance(d, Collected)]
    assert "1234" not in repr(handed_on)


@pytest.mark.parametrize(
    ("script", "secret"),
    [
        ("", False),
        ("begin", False),
        ("begin heard", False),
        ("begin heard 4", False),
        ("begin heard 42", True),
        ("begin heard 42 heard", True),
        ("begin heard 42 heard 123", True),
        ("begin heard 42 5", True),
        ("begin heard 42 heard 1234", False),
        ("begin heard 42 gone", False),
    ],
)
def test_it_is_known_whether_a_key_may_be_part_of_a_secret(*, script: str, secret: bool) -> None:
    caller = Caller(flow_of(ACCOUNT_AND_PIN))
    caller.do(script)
    assert caller.walk.takes_secret is secret


def test_a_key_that_is_kept_for_a_secret_is_known_to_be_one() -> None:
    steps = """
  hello: {prompt: sound:hello, next: pin}
  pin: {collect: pin, prompt: sound:pin, length: 2, secret: true, ok: person, failed: bye}
"""
    caller = Caller(flow_of(steps))
    caller.do("begin")
    assert caller.walk.takes_secret
    assert caller.do("12")[2] == "collected pin (secret)"


def test_what_was_keyed_in_goes_along_to_the_queue() -> None:
    steps = """
  ask: {collect: account, prompt: sound:a, length: 2, ok: sales, failed: bye}
  sales: {queue: sales, data: {topic: "{account}!"}}
"""
    assert "queue sales account=42 topic=42!" in Caller(flow_of(steps)).do("begin 42")


CIRCLE = """
  mark: {set: {priority: 7, skills: {loans: 2}}, next: ask}
  ask: {collect: account, prompt: sound:a, length: 2, ok: again, failed: sales}
  again: {prompt: sound:again, next: ask}
"""


def test_a_walk_that_is_too_long_goes_to_the_queue_with_all_that_is_known() -> None:
    # RG-72: a call in a circle went on for ever.
    caller = Caller(flow_of(CIRCLE, "max_steps: 5"))
    caller.do("begin 42 heard 43")
    assert caller.walk.path == ("mark", "ask", "again", "ask", "again")
    assert caller.do("heard") == ["queue sales priority 7 skill loans 2 account=43", "ended limit"]
    assert caller.walk.path[-1] == "again"


def test_a_walk_that_takes_too_long_goes_to_the_queue_and_the_prompt_stops() -> None:
    caller = Caller(flow_of(TIERS, "max_seconds: 20\non_limit: person"))
    caller.do("begin +19.9s")
    assert caller.do("+0.1s") == ["stop", "queue person", "ended limit"]
    assert caller.walk.done


def test_the_limit_comes_before_an_entry_that_would_end_at_the_same_instant() -> None:
    steps = """
  ask: {collect: n, prompt: sound:a, length: 2, first_timeout: 5 s, ok: sales, failed: bye}
"""
    caller = Caller(flow_of(steps, "max_seconds: 5\non_limit: person"))
    assert caller.do("begin heard silence")[-1] == "ended limit"


def test_without_on_limit_the_first_queue_of_the_file_is_meant() -> None:
    flow = flow_of(
        "  ask: {prompt: sound:a, next: person}\n  person: {queue: desk}", "max_steps: 1"
    )
    assert flow.on_limit == "desk"
    assert Caller(flow).do("begin heard")[-2:] == ["queue desk", "ended limit"]


def test_a_node_beyond_the_limit_is_not_visited() -> None:
    caller = Caller(flow_of("  ask: {prompt: sound:a, next: sales}", "max_steps: 1"))
    caller.do("begin heard")
    assert [d.node for d in caller.decisions if isinstance(d, Visited)] == ["ask"]

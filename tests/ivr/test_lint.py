"""The faults that are found in a flow before a caller finds them."""

from __future__ import annotations

import pytest

from csta.errors import ConfigError
from ivr import (
    CheckStep,
    CollectStep,
    Flow,
    HangUpStep,
    KeyRule,
    MenuStep,
    PromptStep,
    QueueStep,
    Retry,
    Row,
    Rule,
    SetStep,
    Step,
    lint,
)
from tests.ivr.flows import EXAMPLES, QUEUES, example, flow_of

EXIT = QueueStep(queue="sales")


def _flow(**steps: Step) -> Flow:
    return Flow(name="f", start=next(iter(steps)), steps=steps, on_limit="sales")


def _prompt(node: str, text: str = "sound:a") -> PromptStep:
    return PromptStep(prompts=(text,), next=node)


def _check(when: str, go: str, otherwise: str) -> CheckStep:
    return CheckStep(rows=(Row(when, go),), otherwise=otherwise)


def _set(node: str, **variables: str) -> SetStep:
    return SetStep(next=node, variables=dict(variables), priority=1)


def _menu(choice: str, no_input: str, no_match: str) -> MenuStep:
    silence, wrong = Retry(go=no_input), Retry(go=no_match)
    return MenuStep(prompts=("sound:m",), choices={"1": choice}, no_input=silence, no_match=wrong)


def _collect(name: str, ok: str, failed: str, *, secret: bool = False) -> CollectStep:
    keys = KeyRule(least=1, most=4)
    return CollectStep(
        name=name, prompts=("sound:n",), keys=keys, ok=ok, failed=failed, secret=secret
    )


def _found(flow: Flow, *queues: str) -> list[tuple[Rule, str, str]]:
    return [(f.rule, f.node, f.key) for f in lint(flow, queues or None)]


@pytest.mark.parametrize("name", EXAMPLES)
def test_nothing_is_found_in_the_flows_that_people_copy(name: str) -> None:
    assert lint(example(name), QUEUES) == []


def test_a_step_that_is_not_there() -> None:
    flow = Flow(name="f", start="x", steps={"a": _menu("b", "c", "a")}, on_limit="sales")
    assert _found(flow) == [
        (Rule.UNKNOWN_NODE, "", "start"),
        (Rule.UNKNOWN_NODE, "a", "choices.1"),
        (Rule.UNKNOWN_NODE, "a", "no_input.go"),
    ]


def test_a_step_that_no_way_leads_to() -> None:
    flow = _flow(a=_prompt("out"), out=EXIT, lost=_prompt("lost_too"), lost_too=_prompt("out"))
    assert _found(flow) == [(Rule.UNREACHABLE, "lost", ""), (Rule.UNREACHABLE, "lost_too", "")]


def test_steps_that_lead_nowhere() -> None:
    flow = _flow(a=_menu("b", "out", "out"), b=_prompt("c"), c=_menu("b", "b", "c"), out=EXIT)
    assert _found(flow) == [(Rule.NO_EXIT, "b", ""), (Rule.NO_EXIT, "c", "")]


def test_a_circle_that_never_waits() -> None:
    flow = _flow(
        a=_prompt("b"), b=_check("caller.number", "c", "out"), c=_set("d"), d=_set("b"), out=EXIT
    )
    (finding,) = lint(flow)
    assert (finding.rule, finding.node) == (Rule.LOOP_WITHOUT_WAIT, "b")
    assert "b -> c -> d -> b" in finding.problem
    assert "visits.b > 3" in finding.remedy


def test_a_step_that_leads_to_itself_at_once() -> None:
    flow = _flow(a=_check("true", "a", "out"), out=EXIT)
    assert _found(flow) == [(Rule.LOOP_WITHOUT_WAIT, "a", "")]


@pytest.mark.parametrize(
    "step",
    [
        _prompt("a"),
        _menu("a", "out", "a"),
        _collect("n", "a", "out"),
        _check("visits.a > 3", "out", "a"),
    ],
)
def test_a_circle_that_waits_or_counts_is_fine(step: Step) -> None:
    assert _found(_flow(a=_check("caller.number", "b", "out"), b=step, out=EXIT)) == []


def test_steps_before_and_behind_a_circle_are_not_blamed() -> None:
    flow = _flow(
        a=_set("b"), b=_set("c"), c=_check("true", "b", "d"), d=_set("e"), e=_set("out"), out=EXIT
    )
    (finding,) = lint(flow)
    assert "b -> c -> b" in finding.problem


def test_queues_that_there_are_not() -> None:
    flow = _flow(
        a=_check("queue.slaes.waiting > 1", "b", "out"),
        b=_prompt("out", "tts:{queue.other.position}"),
        out=QueueStep(queue="support"),
    )
    assert _found(flow) == []
    assert _found(flow, "sales") == [
        (Rule.UNKNOWN_QUEUE, "a", "check[1].when"),
        (Rule.UNKNOWN_QUEUE, "b", "prompt"),
        (Rule.UNKNOWN_QUEUE, "out", "queue"),
    ]
    assert lint(flow, ["sales"])[0].remedy == "sales"
    assert _found(flow, "other", "slaes", "support") == [(Rule.UNKNOWN_QUEUE, "", "on_limit")]


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("amout", "amount"),
        ("customer.teir", "customer.tier"),
        ("caller", "caller.number"),
        ("queue.sales.wating", "queue.sales.waiting"),
        ("queue.waiting", "queue.waiting.waiting"),
        ("visits.ask2", "visits.ask"),
        ("visits", "visits.use"),
        ("zzz.yyy", "one of"),
    ],
)
def test_names_that_nothing_gives_a_value(name: str, remedy: str) -> None:
    flow = _flow(
        ask=_collect("amount", "use", "out"), use=_check(f"{name} > 1", "out", "ask"), out=EXIT
    )
    (finding,) = lint(flow)
    assert (finding.rule, finding.node, finding.key) == (Rule.UNKNOWN_NAME, "use", "check[1].when")
    assert finding.hard
    assert remedy in finding.remedy


def test_a_value_that_some_way_leaves_out_is_worth_a_look() -> None:
    flow = _flow(
        a=_collect("n", "b", "b"),
        b=_prompt("c", "tts:{n}"),
        c=_set("d", x="1"),
        d=_say("x"),
        out=EXIT,
    )
    (finding,) = lint(flow)
    assert (finding.rule, finding.node, finding.key) == (Rule.MAYBE_UNSET, "b", "prompt")
    assert not finding.hard


def test_a_value_that_every_way_gives_is_fine() -> None:
    flow = _flow(
        a=_menu("b", "c", "c"),
        b=_set("d", x="1"),
        c=_collect("x", "d", "out"),
        d=_say("x"),
        out=EXIT,
    )
    assert _found(flow) == []


def test_a_value_that_only_one_of_two_ways_gives() -> None:
    flow = _flow(
        a=_menu("b", "c", "c"),
        b=_set("d", x="1"),
        c=_set("d", y="1"),
        d=_say("x", "e"),
        e=_say("y"),
        out=EXIT,
    )
    assert _found(flow) == [(Rule.MAYBE_UNSET, "d", "prompt"), (Rule.MAYBE_UNSET, "e", "prompt")]


def test_a_value_that_a_circle_gives_too_late() -> None:
    flow = _flow(a=_say("x", "b"), b=_set("c", x="1"), c=_menu("a", "out", "out"), out=EXIT)
    assert _found(flow) == [(Rule.MAYBE_UNSET, "a", "prompt")]


def _say(name: str, node: str = "out") -> PromptStep:
    return _prompt(node, f"tts:{{{name}}}")


def test_a_secret_that_would_be_spoken_or_handed_on() -> None:
    flow = _flow(
        a=_collect("pin", "b", "c", secret=True),
        b=_say("pin", "out"),
        c=HangUpStep(prompts=("tts:{pin}",)),
        out=QueueStep(queue="sales", data={"code": "x{pin}"}),
    )
    assert [found for found in _found(flow) if found[0] is Rule.SECRET_SHOWN] == [
        (Rule.SECRET_SHOWN, "b", "prompt"),
        (Rule.SECRET_SHOWN, "c", "hang_up"),
        (Rule.SECRET_SHOWN, "out", "data.code"),
    ]


def test_a_name_that_is_a_secret_in_one_place_only() -> None:
    flow = _flow(a=_collect("n", "b", "b", secret=True), b=_collect("n", "out", "out"), out=EXIT)
    assert _found(flow) == [(Rule.SECRET_SHOWN, "b", "collect")]


def test_a_silent_caller_who_goes_round() -> None:
    flow = _flow(
        a=_menu("out", "b", "out"),
        b=_prompt("c"),
        c=_collect("n", "out", "a"),
        out=EXIT,
    )
    assert _found(flow) == [
        (Rule.SILENCE_CIRCLES, "a", "no_input.go"),
        (Rule.SILENCE_CIRCLES, "c", "failed"),
    ]
    assert not lint(flow)[0].hard


def test_hard_findings_are_refused_when_a_file_is_read_and_soft_ones_are_not() -> None:
    soft = flow_of(
        "  a: {menu: sound:m, choices: {1: sales}, no_input: {go: a}, no_match: {go: a}}"
    )
    assert _found(soft) == [(Rule.SILENCE_CIRCLES, "a", "no_input.go")]
    with pytest.raises(ConfigError, match="no way leads out"):
        flow_of("  a: {menu: sound:m, choices: {1: a}, no_input: {go: a}, no_match: {go: a}}")
    with pytest.raises(ConfigError, match="goes round without waiting") as fault:
        flow_of("  a: {prompt: sound:a, next: b}\n  b: {check: [{when: true, go: b}], else: sales}")
    assert (fault.value.line, fault.value.key) == (6, "steps.b")


def test_a_long_flow_is_looked_at_quickly_and_without_deep_recursion() -> None:
    chain = {f"n{count}": _set(f"n{count + 1}") for count in range(5_000)}
    assert lint(_flow(**chain, n5000=EXIT)) == []

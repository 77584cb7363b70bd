"""The drawing of a flow."""

from __future__ import annotations

import re

import pytest

from ivr import to_mermaid, ways
from tests.ivr.flows import EXAMPLES, example, flow_of


def test_a_small_flow_is_drawn_like_this() -> None:
    steps = """
  hello: {prompt: sound:hello, next: who}
  who: {check: [{when: customer.tier == "gold", go: mark}], else: choose}
  mark: {set: {priority: 3, variables: {topic: x}, skills: {loans: 2}}, next: number}
  number: {collect: number, prompt: sound:n, length: 2, ok: away, failed: bye}
  choose: {menu: sound:m, choices: {"#": sales}, no_input: {go: bye}, no_match: {go: bye}}
  away: {transfer: station:7}
  sales: {queue: sales}
  bye: {hang_up: }
"""
    assert (
        to_mermaid(flow_of(steps))
        == """\
flowchart TD
    begin((call)) --> n1
    n1["hello<br/>sound:hello"]
    n2{"who<br/>check"}
    n3["mark<br/>set topic, loans, priority"]
    n4[/"number<br/>collect number"/]
    n5{{"choose<br/>sound:m"}}
    n6(["away<br/>transfer to station:7"])
    n7(["sales<br/>queue sales"])
    n8(["bye<br/>hang up"])
    n1 --> n2
    n2 -->|"customer.tier == #quot;gold#quot;"| n3
    n2 -->|"else"| n5
    n3 --> n4
    n4 -->|"ok"| n6
    n4 -->|"failed"| n8
    n5 -->|"#35;"| n7
    n5 -->|"no input"| n8
    n5 -->|"no match"| n8
"""
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_node_and_every_way_is_drawn_once(name: str) -> None:
    flow = example(name)
    drawing = to_mermaid(flow)
    arrows = re.findall(r"^    n\d+ -->", drawing, re.MULTILINE)
    assert len(arrows) == sum(len(ways(step)) for step in flow.steps.values())
    boxes = re.findall(r'^    n\d+[\[({/]+"(\w+)<br/>', drawing, re.MULTILINE)
    assert boxes == list(flow.steps)

"""Drawing a flow as a Mermaid graph, for people (features I12)."""

from __future__ import annotations

from ivr.config import (
    CheckStep,
    CollectStep,
    Flow,
    HangUpStep,
    MenuStep,
    PromptStep,
    QueueStep,
    SetStep,
    Step,
    TransferStep,
    Way,
    ways,
)


def to_mermaid(flow: Flow) -> str:
    """Write a flow as a Mermaid flowchart: nodes in the order of the file, ways with labels."""
    ids = {node: f"n{count}" for count, node in enumerate(flow.steps, start=1)}
    lines = ["flowchart TD", f"    begin((call)) --> {ids[flow.start]}"]
    for node, step in flow.steps.items():
        left, right = _shape(step)
        lines.append(f'    {ids[node]}{left}"{_escape(_label(node, step))}"{right}')
    for node, step in flow.steps.items():
        for way in ways(step):
            label = _escape(_way_label(step, way))
            arrow = f'-->|"{label}"|' if label else "-->"
            lines.append(f"    {ids[node]} {arrow} {ids[way.node]}")
    return "\n".join([*lines, ""])


def _shape(step: Step) -> tuple[str, str]:
    match step:
        case MenuStep():
            return "{{", "}}"
        case CollectStep():
            return "[/", "/]"
        case CheckStep():
            return "{", "}"
        case QueueStep() | TransferStep() | HangUpStep():
            return "([", "])"
        case PromptStep() | SetStep():
            return "[", "]"


def _label(node: str, step: Step) -> str:
    match step:
        case PromptStep() | MenuStep():
            what = ", ".join(step.prompts)
        case CollectStep():
            what = f"collect {step.name}" + (" (secret)" if step.secret else "")
        case CheckStep():
            what = "check"
        case SetStep():
            priority = () if step.priority is None else ("priority",)
            what = "set " + ", ".join([*step.variables, *step.skills, *priority])
        case QueueStep():
            what = f"queue {step.queue}"
        case TransferStep():
            what = f"transfer to {step.device}"
        case HangUpStep():
            what = "hang up"
    return f"{node}\n{what}"


def _way_label(step: Step, way: Way) -> str:
    if isinstance(step, CheckStep) and way.key.startswith("check["):
        return step.rows[int(way.key[len("check[") : way.key.index("]")]) - 1].when
    words = {"next": "", "no_input.go": "no input", "no_match.go": "no match"}
    return words.get(way.key, way.key.removeprefix("choices."))


def _escape(text: str) -> str:
    """Write a text with Mermaid's codes for the characters that it takes for its own."""
    for sign, code in (("#", "35"), ("&", "amp"), ('"', "quot"), ("<", "lt"), (">", "gt")):
        text = text.replace(sign, f"#{code};")
    return text.replace("\n", "<br/>")

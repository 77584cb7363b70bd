"""What a flow is: steps by node name, as values that can be written to a journal and read back.

Conditions and prompts stay the texts that people wrote; `conditions` and `prompts` compile each
text once.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from csta.ids import DeviceId, QueueName
from csta.instants import Milliseconds

Value: TypeAlias = str | int | float


class KeyRule(msgspec.Struct, frozen=True, kw_only=True):
    """How keys become a value: at least `least` and at most `most` of them.

    `terminator` ends the entry early ("": no key does). The first key may take `first_timeout_ms`
    from the end of the prompt, each further one `digit_timeout_ms` from the one before.
    """

    least: int
    most: int
    terminator: str = "#"
    first_timeout_ms: Milliseconds = 5_000
    digit_timeout_ms: Milliseconds = 3_000


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """What a menu does without a valid key: asks again, and at the `limit`-th time goes on."""

    go: str
    limit: int = 2
    prompts: tuple[str, ...] = ()


class Row(msgspec.Struct, frozen=True):
    """One row of a check: where to go when the condition holds."""

    when: str
    go: str


class PromptStep(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Play, then go on. With `barge_in`, a key stops it and counts for the next menu or entry."""

    prompts: tuple[str, ...]
    next: str
    barge_in: bool = True


class MenuStep(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Play, then go where one key leads. Without `barge_in`, keys count after the prompt only."""

    prompts: tuple[str, ...]
    choices: dict[str, str]
    no_input: Retry
    no_match: Retry
    timeout_ms: Milliseconds = 5_000
    barge_in: bool = True


class CollectStep(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Play, then collect keys into a variable; `failed` after silence or too few of them."""

    name: str
    prompts: tuple[str, ...]
    keys: KeyRule
    ok: str
    failed: str
    secret: bool = False
    barge_in: bool = True


class CheckStep(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Go where the first row leads that holds.

    `otherwise` is taken when none holds, and at once when a row cannot be judged because a value
    is not known: what is unknown never counts as a 'no'.
    """

    rows: tuple[Row, ...]
    otherwise: str


class SetStep(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Set variables, and what a queue will be told: priority and required skills."""

    next: str
    variables: dict[str, Value] = {}
    priority: int | None = None
    skills: dict[str, int] = {}


class QueueStep(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Exit: wait in a queue. Its own priority and skills win over those of earlier set steps.

    For `patience_ms` the call is kept for the `preferred` agents: ids, or texts with names in them.
    """

    queue: QueueName
    priority: int | None = None
    skills: dict[str, int] = {}
    data: dict[str, str] = {}
    preferred: tuple[str, ...] = ()
    patience_ms: Milliseconds = 0


class TransferStep(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Exit: the call goes to a device."""

    device: DeviceId


class HangUpStep(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Exit: a last prompt, which no key stops, then the call is cleared."""

    prompts: tuple[str, ...] = ()


Step: TypeAlias = (
    PromptStep
    | MenuStep
    | CollectStep
    | CheckStep
    | SetStep
    | QueueStep
    | TransferStep
    | HangUpStep
)


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """One voice menu: nodes in the order of the file, where it starts, and what bounds a walk.

    A walk that visits more than `max_steps` nodes, or lasts `max_ms`, goes to queue `on_limit`.
    """

    name: str
    start: str
    steps: dict[str, Step]
    on_limit: QueueName
    max_steps: int = 200
    max_ms: Milliseconds = 600_000


class Way(msgspec.Struct, frozen=True):
    """One way out of a node: the key of the file where it is written, and where it leads."""

    key: str
    node: str


def ways(step: Step) -> tuple[Way, ...]:
    """List the ways out of a step in the order of the file; exits have none."""
    match step:
        case PromptStep() | SetStep():
            return (Way("next", step.next),)
        case MenuStep():
            return (
                *(Way(f"choices.{key}", node) for key, node in step.choices.items()),
                Way("no_input.go", step.no_input.go),
                Way("no_match.go", step.no_match.go),
            )
        case CollectStep():
            return (Way("ok", step.ok), Way("failed", step.failed))
        case CheckStep():
            rows = enumerate(step.rows, start=1)
            return (
                *(Way(f"check[{count}].go", row.go) for count, row in rows),
                Way("else", step.otherwise),
            )
        case _:
            return ()

"""What a step does to a call's place: whom it needs, where it stands, where it goes."""

from __future__ import annotations

from typing import Any

import pytest

from acd.steps import Step

NEED, PRIORITY, WAY = "need", "priority", "way"


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ({"skills": {"english": 2}}, NEED),
        ({"skills": {}}, NEED),
        ({"requires": ""}, NEED),
        ({"rank_max": 1}, NEED),
        ({"priority_by": -1}, PRIORITY),
        ({"priority": 0}, PRIORITY),
        ({"overflow_to": ("second",)}, WAY),
        ({"also": "second"}, WAY),
        ({"split": {"second": 1}}, WAY),
        ({"divert_to": "routeing:night"}, None),
        ({"end": "closed"}, None),
        ({"announce": "sound:sorry"}, None),
        ({"offer_callback": True}, None),
        ({"recipe": "patience"}, None),
        ({"skip_empty": True}, None),
        ({}, None),
    ],
)
def test_a_step_knows_what_it_changes_of_a_calls_place(
    action: dict[str, Any], kind: str | None
) -> None:
    step = Step(after_ms=0, **action)
    assert step.changes_need is (kind == NEED)
    assert step.changes_priority is (kind == PRIORITY)
    assert step.changes_place is (kind is not None)

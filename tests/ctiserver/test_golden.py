"""The normative scenarios of cti-api §7.11 on the simulated switch, with the laws of §7.13."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from ctiserver.core.wire import Published
from tests.ctiserver import event_laws
from tests.ctiserver.golden import SCENARIOS, Expected, Player, in_order, read_golden


@cache
def played(path: Path) -> Player:
    """Play a scenario, once for all tests."""
    player = Player(read_golden(path))
    player.play()
    return player


def compared(player: Player) -> tuple[list[Published], list[Expected]]:
    """Give what was told and what was expected, in the order in which they are compared."""
    return in_order(player.events(), player.golden.events)


scenario = pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)


def test_the_normative_scenarios_are_all_there() -> None:
    assert [path.stem for path in SCENARIOS] == [
        *(
            "S1",
            "S10",
            "S11",
            "S12-machine",
            "S12",
            "S13",
            "S2-routed",
            "S2",
            "S3",
            "S4",
            "S5-in-queue",
            "S5-while-ringing",
        ),
        *("S6", "S7", "S8-phone", "S8", "S9"),
    ]


@scenario
def test_a_scenario_tells_its_events_in_their_order(path: Path) -> None:
    player = played(path)
    told, expected = compared(player)
    words = player.words()
    assert [words.tell(event) for event in told] == [event.text for event in expected]


@scenario
def test_events_say_what_the_scenario_says(path: Path) -> None:
    player = played(path)
    words = player.words()
    for event, expected in zip(*compared(player), strict=True):
        fields = words.fields(event)
        assert {key: fields.get(key) for key in expected.fields} == expected.fields, expected.text


@scenario
def test_what_a_request_causes_carries_its_id_and_nothing_else_does(path: Path) -> None:
    player = played(path)
    told, expected = compared(player)
    causes = [player.asked.get(event.correlation_id or "") for event in told]
    assert [(e.text, cause) for e, cause in zip(expected, causes, strict=True)] == [
        (e.text, e.by) for e in expected
    ]


@scenario
def test_the_log_keeps_the_laws(path: Path) -> None:
    player = played(path)
    event_laws.check(player.centre.log)
    found = event_laws.threads(player.events())
    assert all(len(names) == 1 for names in found.values())
    assert len(set().union(*found.values())) == 1, "one contact is one thread"

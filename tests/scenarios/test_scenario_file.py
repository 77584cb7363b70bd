"""Scenario files: what is read from them, and what each fault is answered with."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from csta.documents import read_document
from csta.errors import ConfigError
from csta.instants import HOUR, MINUTE, SECOND
from scenarios.caller_stream import all_calls
from scenarios.distributions import FORMS, read_distribution
from scenarios.scenario import LIBRARY, Scenario, load_scenario, read_scenario_text
from switch_sim.variates import Constant, Exponential, Lognormal, Streams, Uniform

GOOD = """\
scenario: small
starts_at: 2026-11-23 08:00
lasts: 2 h
warm_up: 10 min
trunks: {pstn: 8}
voice_units: 4
customers: 50
flows: {main: flow.yaml}
plan:
  queues:
    desk: {skills: {desk: 1}, wrap_up: 15 s}
  agents:
    - {id: R, count: 3, station: 201, skills: {desk: 5}}
numbers:
  +49 30 555 200: queue desk
  "+4930555100": flow main on pstn
callers:
  - dials: +49 30 555 200
    per_hour: [60, 30]
    patience: exponential 3 min
    talk: lognormal 2 min sd 90 s
    known: 80 %
  - name: menu
    dials: +49 30 555 100
    per_hour: 20
    talk: constant 30 s
    presses:
      - {at: press-1, keys: {1: 60 %, 2: 20 %}, after: uniform 1 s to 3 s}
behaviour: {answer_after: constant 2 s, no_answer: 5 %}
shifts:
  - {agents: [R01, R02], from: 08:00, until: 10:00}
  - {agents: [R03], from: 09:00}
"""
FLOW = """\
flow: main
start: choose
on_limit: desk
steps:
  choose:
    menu: sound:press-1
    choices: {1: to_desk, 2: to_desk}
    no_input: {limit: 1, go: to_desk}
    no_match: {limit: 1, go: to_desk}
  to_desk: {queue: desk}
"""


def written(folder: Path, text: str = GOOD, flow: str = FLOW) -> Path:
    """Write a scenario and its flow."""
    (folder / "flow.yaml").write_text(flow, "utf-8")
    path = folder / "small.yaml"
    path.write_text(text, "utf-8")
    return path


@pytest.fixture
def small(tmp_path: Path) -> Scenario:
    """Read the scenario above."""
    return load_scenario(written(tmp_path))


def test_times_and_names_are_read(small: Scenario) -> None:
    assert small.name == "small"
    assert small.starts_at == 1_795_420_800_000
    assert (small.lasts_ms, small.measured_from - small.starts_at) == (2 * HOUR, 10 * MINUTE)


def test_numbers_lead_to_queues_and_flows(small: Scenario) -> None:
    assert small.engine.numbers == {"+4930555200": "acd:desk", "+4930555100": "routeing:main"}
    assert [number.trunk_group for number in small.pbx.dialled_numbers] == ["pstn", "pstn"]
    assert small.pbx.stations == ("201", "202", "203")


def test_a_shift_lasts_from_clock_to_clock(small: Scenario) -> None:
    shifts = [
        (shift.agent_id, shift.from_at - small.starts_at, shift.until_at) for shift in small.shifts
    ]
    assert shifts == [
        ("R01", 0, small.ends_at),
        ("R02", 0, small.ends_at),
        ("R03", HOUR, None),
    ]


def test_without_shifts_everybody_is_there_from_the_start(tmp_path: Path) -> None:
    text = GOOD[: GOOD.index("shifts:")]
    scenario = load_scenario(written(tmp_path, text))
    assert [shift.from_at for shift in scenario.shifts] == [scenario.starts_at] * 3


def test_callers_are_drawn_as_the_file_says(small: Scenario) -> None:
    calls = list(
        all_calls(small.callers, Streams(1), small.customers, small.starts_at, small.ends_at)
    )
    instants = [at for at, _ in calls]
    assert instants == sorted(instants)
    assert small.starts_at <= instants[0]
    assert instants[-1] < small.ends_at
    menu = [plan for _, plan in calls if plan.dialled == "+4930555100"]
    desk = [plan for _, plan in calls if plan.dialled == "+4930555200"]
    assert {plan.talk_ms for plan in menu} == {30 * SECOND}
    assert {plan.patience_ms for plan in menu} == {None}
    assert {plan.presses[0].digits for plan in menu if plan.presses} == {"1", "2"}
    assert any(not plan.presses for plan in menu)
    strangers = sum(plan.number.startswith("+493023125") for plan in desk)
    assert 0 < strangers < len(desk) / 2


def test_the_same_seed_draws_the_same_callers(small: Scenario) -> None:
    def first(seed: int) -> list[object]:
        calls = all_calls(small.callers, Streams(seed), 50, small.starts_at, small.ends_at)
        return list(islice(calls, 50))

    assert first(3) == first(3)
    assert first(3) != first(4)


def test_more_callers_of_one_kind_leave_the_others_as_they_are(tmp_path: Path) -> None:
    def of_menu(text: str) -> list[object]:
        scenario = load_scenario(written(tmp_path, text))
        calls = all_calls(scenario.callers, Streams(1), 50, scenario.starts_at, scenario.ends_at)
        return [call for call in calls if call[1].dialled == "+4930555100"]

    assert of_menu(GOOD) == of_menu(GOOD.replace("[60, 30]", "[90, 90]"))


@pytest.mark.parametrize("path", sorted(LIBRARY.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_scenario_of_the_library_loads(path: Path) -> None:
    scenario = load_scenario(path)
    assert scenario.name == path.stem
    assert scenario.about


FAULTS = [
    ("starts_at: 2026-11-23 08:00", "starts_at: Monday", 2, "starts_at", "2026-11-23 08:00"),
    ("lasts: 2 h", "lasts: 2", 3, "lasts", "lasts: 2 s"),
    ("warm_up: 10 min", "warm_up: 2 h", 4, "warm_up", "10 min"),
    ("trunks: {pstn: 8}", "trunks: {pstn: 0}", 5, "trunks.pstn", "pstn: 1"),
    ("trunks: {pstn: 8}", "trunks: {}", 5, "trunks", "{pstn: 30}"),
    ("voice_units: 4", "voice_units: 0", 6, "voice_units", "voice_units: 10"),
    ("flow.yaml", "other.yaml", 8, "flows.main", "relative to this file"),
    ("skills: {desk: 1}", "skills: {repairs: 1}", 11, "skills", "repairs: 10"),
    ("queue desk\n", "queue dsk\n", 15, "numbers.+49 30 555 200", "desk"),
    ("queue desk\n", "agent R01\n", 15, "numbers.+49 30 555 200", "queue desk"),
    ("+49 30 555 200: queue", "030 555 200: queue", 15, "numbers.030 555 200", "+49 30 555 100"),
    ("flow main on pstn", "flow mian", 16, "numbers.+4930555100", "main"),
    ("on pstn", "on isdn", 16, "numbers.+4930555100", "pstn"),
    ("dials: +49 30 555 200", "dials: +49 30 555 999", 18, "callers[1].dials", "+4930555200"),
    ("[60, 30]", "[60, 30, 20]", 19, "callers[1].per_hour", "a list of 2"),
    ("[60, 30]", "[60, many]", 19, "callers[1].per_hour", "[30, 60, 40]"),
    ("[60, 30]", "-4", 19, "callers[1].per_hour", "per_hour: 0"),
    ("exponential 3 min", "expnential 3 min", 20, "callers[1].patience", "exponential 2 min"),
    ("sd 90 s", "90 s", 21, "callers[1].talk", "lognormal 3 min sd 4 min"),
    ("constant 30 s", "constant 30 sec", 26, "callers[2].talk", "30 min"),
    ("known: 80 %", "known: 180 %", 22, "callers[1].known", "85 %"),
    ("customers: 50", "customers: 0", 22, "callers[1].known", "customers: 1000"),
    ("name: menu", "nmae: menu", 23, "callers[2].nmae", "name"),
    ("at: press-1", "at: press-7", 28, "callers[2].presses[1].at", "sound:press-1"),
    ("2: 20 %", "2: 70 %", 28, "callers[2].presses[1].keys", "40 %"),
    ("2: 20 %", "x: 20 %", 28, "callers[2].presses[1].keys", "1: 60 %"),
    ("1 s to 3 s", "3 s to 1 s", 28, "callers[2].presses[1].after", "uniform 1 s to 5 s"),
    ("no_answer: 5 %", "no_anser: 5 %", 29, "behaviour.no_anser", "no_answer"),
    ("[R01, R02]", "[R01, R09]", 31, "shifts[1].agents", "R01"),
    ("from: 08:00", "from: 8 am", 31, "shifts[1].from", "08:30"),
    ("from: 08:00", "from: 07:00", 31, "shifts[1].from", "08:00"),
    ("[R03]", "[R01]", 32, "shifts[2].agents", "follow one another"),
]


@pytest.mark.parametrize(("good", "bad", "line", "key", "remedy"), FAULTS)
def test_a_fault_names_line_and_key_and_what_to_write(
    tmp_path: Path, good: str, bad: str, line: int, key: str, remedy: str
) -> None:
    assert good in GOOD
    path = written(tmp_path, GOOD.replace(good, bad, 1))
    with pytest.raises(ConfigError) as raised:
        load_scenario(path)
    fault = raised.value
    assert (fault.file, fault.line) == (str(path), line)
    assert fault.key.endswith(key)
    assert remedy in fault.remedy


@pytest.mark.parametrize("key", ["scenario", "starts_at", "lasts", "plan", "numbers", "callers"])
def test_what_must_be_there_is_asked_for(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load_scenario(written(tmp_path, GOOD.replace(f"{key}:", f"no_{key}:", 1)))
    assert raised.value.key == key
    assert key in raised.value.remedy


def test_a_fault_in_a_flow_names_the_flow(tmp_path: Path) -> None:
    path = written(tmp_path, flow=FLOW.replace("queue: desk", "queue: dsk"))
    with pytest.raises(ConfigError) as raised:
        load_scenario(path)
    assert (raised.value.file, raised.value.line) == (str(tmp_path / "flow.yaml"), 10)


def test_a_fault_in_a_plan_names_the_plan(tmp_path: Path) -> None:
    start, end = GOOD.index("plan:\n"), GOOD.index("numbers:")
    inline = GOOD[start + len("plan:\n") : end].replace("count: 3", "count: three")
    plan = tmp_path / "plan.yaml"
    plan.write_text("\n".join(line[2:] for line in inline.splitlines()), "utf-8")
    with pytest.raises(ConfigError) as raised:
        load_scenario(written(tmp_path, GOOD[:start] + "plan: plan.yaml\n" + GOOD[end:]))
    assert (raised.value.file, raised.value.line) == (str(plan), 4)


def test_a_scenario_can_be_read_from_a_text() -> None:
    text = GOOD.replace("flows: {main: flow.yaml}\n", "").replace("flow main", "queue desk")
    with pytest.raises(ConfigError) as raised:
        read_scenario_text(text, "given.yaml")
    assert raised.value.key == "callers[2].presses[1].at"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20 s", Constant(20 * SECOND)),
        ("constant 1.5 min", Constant(90 * SECOND)),
        ("exponential 2 min", Exponential(2 * MINUTE)),
        ("lognormal 3 min sd 90 s", Lognormal(3 * MINUTE, 0.5)),
        ("uniform 500 ms to 5 s", Uniform(500, 5 * SECOND)),
    ],
)
def test_a_distribution_is_read(text: str, expected: object) -> None:
    assert read_distribution(read_document(f"talk: {text}", "x"), "talk") == expected


@pytest.mark.parametrize("example", [example for _, example in FORMS.values()])
def test_what_a_remedy_suggests_can_be_read(example: str) -> None:
    spec = read_distribution(read_document(f"talk: {example}", "x"), "talk")
    assert spec.draw(np.random.default_rng(1)) >= 0

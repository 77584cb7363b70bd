"""`offhook lint` as a person meets it: what it prints, where it points, how it exits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from acd.lint import CHECKS, lint
from acd.plan_file import read_plan
from console.commands_lint import explain_check, line_of, list_checks, run_lint
from csta.documents import read_document
from csta.errors import ConfigError
from tests.console.test_cli import assert_fault, offhook
from tests.repository import ROOT
from tests.scenarios.test_scenario_file import GOOD, written

LIBRARY = ROOT / "scenarios" / "library"

STARVING = """\
queues:
  low:
    steps:
      - {after: 60 s, music: music:calm}
  high:
    weight: 1
agents:
  - {id: A, count: 3, station: 1001, skills: {low: 5, high: 5}}
"""
WRONG = STARVING.replace("music: music:calm", "when: waiting < 0, end: full")


def plan_file(folder: Path, text: str) -> str:
    path = folder / "plan.yaml"
    path.write_text(text, "utf-8")
    return str(path)


def test_a_warning_is_told_with_its_line_and_what_to_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """c.3-5."""
    path = plan_file(tmp_path, STARVING)
    assert run_lint(path, as_json=False) == 0
    lines = capsys.readouterr().out.splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("P002 warning: all 3 agents"))
    assert lines[first + 1] == f"  where: {path}:2 at 'queues.low.weight'"
    assert lines[first + 2].startswith("  write: equal weights")
    assert lines[-1] == f"{len(CHECKS)} checks: 0 errors, 1 warning, 2 notes"


def test_an_error_comes_first_and_is_the_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = plan_file(tmp_path, WRONG)
    assert run_lint(path, as_json=False) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "S005 error: 'waiting < 0' never holds: waiting is 0 or more"
    assert lines[1] == f"  where: {path}:4 at 'queues.low.steps[1].when'"


def test_json_has_all_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = plan_file(tmp_path, WRONG)
    assert run_lint(path, as_json=True) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["file"], document["checks"]) == (path, len(CHECKS))
    assert document["findings"][0] == {
        "id": "S005",
        "severity": "error",
        "line": 4,
        "where": "queues.low.steps[1].when",
        "message": "'waiting < 0' never holds: waiting is 0 or more",
        "remedy": "a condition that can hold: waiting > 5",
    }


@pytest.mark.parametrize("name", ["clinic", "front_desk", "call_centre"])
def test_a_shipped_scenario_has_no_error_and_no_warning(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_lint(name, as_json=True) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [finding for finding in findings if finding["severity"] != "note"] == []


def test_a_scenario_shows_which_queues_are_dead(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start, end = GOOD.index("plan:\n"), GOOD.index("numbers:")
    plan_file(
        tmp_path,
        "queues: {desk: {}, attic: {}}\n"
        "agents:\n"
        "  - {id: R, count: 3, station: 201, skills: {desk: 5, attic: 1}}\n",
    )
    path = written(tmp_path, GOOD[:start] + "plan: plan.yaml\n" + GOOD[end:])
    assert run_lint(str(path), as_json=True) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [f["where"] for f in findings if f["id"] == "Q011"] == ["queues.attic"]


def test_calendars_are_read_with_the_plan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = plan_file(
        tmp_path,
        "calendars:\n"
        '  office: {zone: Europe/Berlin, open: {mon-sun: "00:00-24:00"}}\n'
        "queues:\n"
        "  desk: {steps: [{after: 0 s, when: 'calendar.office == \"holiday\"', end: closed}]}\n",
    )
    assert run_lint(path, as_json=True) == 0
    found = {f["id"]: f["line"] for f in json.loads(capsys.readouterr().out)["findings"]}
    assert (found["C002"], found["S006"]) == (2, 4)


@pytest.mark.parametrize(
    ("where", "line"),
    [
        (("queues", "sales"), 2),
        (("queues", "sales", "ring"), 3),
        (("queues", "sales", "music"), 2),
        (("queues", "sales", "steps", 2, "when"), 6),
        (("queues", "support", "steps", 1, "when"), 7),
        (("recipes", "calm", 1, "music"), 9),
        (("agents", "A1"), 11),
        (("agents", "B02", "skills"), 14),
        (("ageing",), 1),
    ],
)
def test_a_finding_points_to_its_line(where: tuple[str | int, ...], line: int) -> None:
    plan = read_document(
        "queues:\n"
        "  sales:\n"
        "    ring: 20 s\n"
        "    steps:\n"
        "      - {after: 0 s, music: x}\n"
        "      - {after: 9 s, when: waiting > 3, priority_by: 1}\n"
        "  support: {steps: calm}\n"
        "recipes:\n"
        "  calm: [{after: 0 s, music: x}]\n"
        "agents:\n"
        "  - {id: A1, station: 1}\n"
        "  - id: B\n"
        "    count: 2\n"
        "    skills: {sales: 5}\n"
        "    station: 2\n",
        "plan.yaml",
    )
    assert line_of(plan, where) == line


def test_every_finding_of_a_plan_has_a_line_of_the_plan() -> None:
    document = read_document(WRONG, "plan.yaml")
    plan = read_plan(document)
    lines = [line_of(document, finding.where) for finding in lint(plan.acd, plan.agents)]
    assert lines == [4, 5]


def test_the_list_has_every_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert list_checks(as_json=False) == 0
    said = [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]]
    assert said == list(CHECKS)


def test_the_list_as_json_has_the_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    assert list_checks(as_json=True) == 0
    checks = json.loads(capsys.readouterr().out)["checks"]
    assert [check["id"] for check in checks] == list(CHECKS)
    assert all(check["why"] and check["example"] for check in checks)


def test_a_check_is_explained_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain_check("p001") == 0
    said = capsys.readouterr().out
    assert "check     P001, warning\nfinds     starvation by strict priority\n" in said
    assert CHECKS["P001"].example in said


def test_a_check_that_is_not_there_is_wrong_usage() -> None:
    with pytest.raises(typer.BadParameter, match=r"there is no check 'P00'\. Did you mean 'P0"):
        explain_check("P00")


def test_a_plan_that_cannot_be_read_is_refused_before_any_check(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no unit"):
        run_lint(plan_file(tmp_path, "queues: {desk: {ring: 20}}\n"), as_json=False)


def test_the_command_takes_a_file_and_gives_its_exit_code(tmp_path: Path) -> None:
    assert offhook("lint", plan_file(tmp_path, STARVING)).returncode == 0
    assert offhook("lint", plan_file(tmp_path, WRONG)).returncode == 1
    assert offhook("lint", "--list").stdout.split()[:1] == ["id"]


@pytest.mark.parametrize(
    ("words", "code", "where"),
    [
        (("lint",), 2, "offhook lint"),
        (("lint", "--explain", "X1"), 2, "offhook"),
        (("lint", "nowhere.yaml"), 3, "nowhere.yaml"),
    ],
)
def test_what_the_command_cannot_do_is_told_in_three_lines(
    words: tuple[str, ...], code: int, where: str
) -> None:
    assert_fault(offhook(*words), code, where, "")

"""`offhook explain` as a person reads it: 100 columns, three lines for every fault."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from console.commands_explain import run_check, run_explain, time_of_day
from console.faults import FailedError
from csta.instants import SECOND
from tests.scenarios.explained_runs import cut_short, forged, scripted


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the scripted journal."""
    path = tmp_path_factory.mktemp("explained") / "run.jsonl"
    scripted(path)
    return path


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """Give what was printed, in one line."""
    return " ".join(capsys.readouterr().out.split())


def test_the_story_of_a_call_is_told(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_explain("2", journal) == 0
    words = said(capsys)
    for part in (
        "number 2 of the journal",
        "22:13:21.000 enters sales: needs sales >= 4, priority 0; in the order by priority 0",
        "waits in sales, place 1 of 1 (noAvailableAgents)",
        "step 1 (when many wait) is not taken: 'waiting > 9' does not hold",
        "step 2 (anybody): needs sales >= 1",
        "offer 1: rings at bea, for sales an agent was sought for the call rule: longest_idle",
        "ties: who became ready first (ready_number); configuration 1",
        "1. bea: place 0, rank 1, ready_number 2 <- chosen",
        "removed by not_ready, 1: anna is busy (talking)",
        "bea does not take it: noAnswer",
        "anna answers",
    ):
        assert part in words


def test_why_a_call_still_waits_is_told(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_explain("3", journal, at=time_of_day("22:13:27.500")) == 0
    words = said(capsys)
    for part in (
        "22:13:27.500 why it is still waiting, after 5.5 s: place 2 of 2 in sales",
        "it would be served if one of the 1 here who can serve it becomes ready: anna is busy",
        "it would be served if the 1 in front of it in sales are served, or leave",
        "next, at 22:13:30.000: step 2 (anybody): needs sales >= 1",
    ):
        assert part in words


def test_one_offer_alone(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_explain("2", journal, offer=2) == 0
    words = said(capsys)
    assert "offer 2: rings at anna" in words
    assert "offer 1" not in words
    with pytest.raises(FailedError, match="the call has 2 offers"):
        run_explain("2", journal, offer=3)


def test_long_lists_are_grouped_unless_all_are_asked_for_and_no_line_is_wide(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.jsonl"
    cut_short(path, "call_centre", 3)
    assert run_explain("1", path) == 0
    short = capsys.readouterr().out
    assert run_explain("1", path, show_all=True) == 0
    full = capsys.readouterr().out
    assert "and 25 more" in " ".join(short.split())
    assert "LT12" not in short
    assert "LT12" in full
    for line in (short + full).splitlines():
        assert len(line) <= 100 or str(path) in line, line


def test_json_has_the_whole_story(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_explain("2", journal, as_json=True) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "offhook.explain/1"
    offers = [moment["choice"] for moment in document["moments"] if moment["choice"]]
    assert [offer["picked"] for offer in offers] == ["bea", "anna"]
    assert offers[0]["candidates"][0] == {
        "name": "anna",
        "removed_by": "not_ready",
        "detail": "is busy (talking)",
        "scores": [],
        "chosen": False,
    }
    assert run_explain("2", journal, offer=2, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["attempt"] == 2


def test_check_goes_through_all_offers(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_check(journal) == 0
    assert said(capsys) == "3 offers, all picks the same"
    assert run_check(journal, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["offers"] == 3


def test_a_journal_of_another_program_is_told_and_the_exit_code_is_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.jsonl"
    scripted(path)
    forged(path, b'"agentID":"bea","deviceID"', b'"agentID":"eva","deviceID"')
    assert run_check(path) == 1
    assert "the replay leaves the journal at line" in said(capsys)
    assert run_explain("2", path) == 1
    assert "the replay leaves the journal at line" in said(capsys)


def test_an_unknown_call_is_told_with_near_ones(journal: Path) -> None:
    with pytest.raises(FailedError) as fault:
        run_explain("c-01HF7YATZ9", journal)
    assert "no call 'c-01HF7YATZ9' is among the 4" in fault.value.what
    assert "c-01HF7YATZ8" in fault.value.write


def test_a_file_that_is_no_journal_or_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "none.jsonl"
    with pytest.raises(FailedError, match="cannot be read"):
        run_explain("1", path)
    path.write_text("{}\n", "utf-8")
    with pytest.raises(FailedError, match="no journal") as fault:
        run_check(path)
    assert fault.value.where == f"{path}:1"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("14:03:22", 50_602), ("14:03", 50_580), ("0:00:00.5", 0.5), ("23:59:59.999", 86_399.999)],
)
def test_a_time_of_day_is_read(text: str, seconds: float) -> None:
    assert time_of_day(text) == round(seconds * SECOND)


@pytest.mark.parametrize("text", ["", "14", "24:00", "14:60", "14:03:22.1234", "2 pm", "-1:00"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"write 14:03:22"):
        time_of_day(text)

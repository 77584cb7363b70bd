"""The story of a call from its journal, and every recorded pick found again (R35, (d) 3)."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from acd.explain import Choice, explain_choice
from acd.explain_filters import Filter
from acd.matching import Sought
from csta.replies import CallExplanation
from scenarios import journal_explain
from scenarios.journal_explain import (
    CallStory,
    NoSuchCallError,
    check_picks,
    explain_call,
    find_call,
)
from tests.ctiserver.centre import START
from tests.scenarios.explained_runs import cut_short, forged, scripted


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the scripted journal."""
    path = tmp_path_factory.mktemp("explained") / "run.jsonl"
    scripted(path)
    return path


def story(journal: Path, wanted: str, until: int | None = None) -> CallStory:
    """Explain a call."""
    return explain_call(journal, find_call(journal, wanted), until)


def whats(told: CallStory) -> list[str]:
    """Name what happened."""
    return [moment.what for moment in told.moments]


@pytest.mark.parametrize(
    ("name", "minutes"), [("front_desk", 25), ("call_centre", 12), ("help_line", 90)]
)
def test_r35_all_picks_of_a_shipped_scenario_are_found_again(
    name: str, minutes: int, tmp_path: Path
) -> None:
    path = tmp_path / "run.jsonl"
    cut_short(path, name, minutes)
    verdict = check_picks(path)
    assert verdict.equal
    assert verdict.offers == path.read_bytes().count(b'"type":"cti.acd.AgentOffered.v1"') > 50


def test_a_call_that_is_answered_at_once(journal: Path) -> None:
    told = story(journal, "1")
    assert whats(told) == ["comes", "enters", "offer", "answered", "over"]
    assert told.still is None
    assert told.difference is None
    (choice,) = told.offers
    assert (choice.agent_id, choice.sought, choice.agrees) == ("anna", Sought.AGENT, True)
    assert {each.name: each.removed_by for each in choice.candidates} == {
        "anna": None,
        "bea": Filter.SKILLS,
    }


def test_a_call_that_is_relaxed_refused_and_taken(journal: Path) -> None:
    told = story(journal, "2")
    assert whats(told) == [
        "comes",
        "enters",
        "waits",
        "step",
        "step",
        "changes",
        "offer",
        "refused",
        "waits",
        "offer",
        "answered",
    ]
    looks = [moment.words for moment in told.moments if moment.what == "step"]
    assert looks == [
        "step 1 (when many wait) is not taken: 'waiting > 9' does not hold",
        "step 2 (anybody): needs sales >= 1",
    ]
    assert [(choice.attempt, choice.agent_id) for choice in told.offers] == [
        (1, "bea"),
        (2, "anna"),
    ]


def test_a_call_that_gives_up(journal: Path) -> None:
    told = story(journal, "3")
    assert told.moments[-1].words == "is over: abandonedInQueue"
    assert told.offers == []


def test_a_call_that_still_waits_at_the_end_of_the_journal(journal: Path) -> None:
    told = story(journal, "4")
    assert told.still is not None
    assert (told.still.position, told.still.needs) == (1, "sales >= 4")
    assert dict(told.still.removed) == {Filter.NOT_READY: 1, Filter.SKILLS: 1}
    assert [words for _, words in told.still.next_at] == ["step 2 (anybody): needs sales >= 1"]


def test_a_story_ends_at_the_instant_that_is_asked_for(journal: Path) -> None:
    told = story(journal, "3", START + 7_500)
    assert told.read_until == START + 7_500
    assert whats(told)[-1] == "step"
    assert told.still is not None
    assert (told.still.waited_ms, told.still.position) == (5_500, 2)
    later = story(journal, "2", START + 12_000)
    assert later.still is not None
    assert later.still.rings_at == ("bea",)
    assert story(journal, "1", START + 5_000).still is None


def test_the_service_says_live_what_the_journal_says_later(tmp_path: Path) -> None:
    centre = scripted(tmp_path / "run.jsonl")
    call_id = centre.call_ids()[-1]
    live = centre.asked("ExplainCall", callToExplain={"callID": call_id})
    assert isinstance(live, CallExplanation)
    still = story(tmp_path / "run.jsonl", "4", centre.now).still
    assert still is not None
    assert (live.position, live.waited_ms, live.needs) == (1, still.waited_ms, still.needs)
    assert live.would_help == still.would_help
    assert [(each.agent_id, each.removed_by) for each in live.agents] == [
        (each.name, each.removed_by) for each in still.candidates
    ]
    refused = centre.ask("ExplainCall", callToExplain={"callID": "c-0"})
    assert refused.error is not None


def test_a_call_is_found_by_its_id_its_ends_or_its_number(journal: Path) -> None:
    second = find_call(journal, "2")
    assert (second.number, second.came_at) == (2, START + 1_000)
    for word in (
        second.call_id,
        second.call_id[:11],
        second.call_id[2:11].lower(),
        second.call_id[-3:],
    ):
        assert find_call(journal, word) == second


@pytest.mark.parametrize("word", ["nix", "5", "0", "", "c-", "c-01HF7YATZ8X"])
def test_a_word_that_names_no_call_is_refused_with_calls_that_are_near(
    journal: Path, word: str
) -> None:
    with pytest.raises(NoSuchCallError) as fault:
        find_call(journal, word)
    assert fault.value.near
    for near in fault.value.near:
        assert find_call(journal, near)


def test_a_word_that_names_several_calls_is_refused(journal: Path) -> None:
    with pytest.raises(NoSuchCallError, match="of 4 calls") as fault:
        find_call(journal, "c-01HF7Y")
    assert len(fault.value.near) == 3


def test_a_journal_that_says_otherwise_is_not_explained_as_if_it_were_true(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run.jsonl"
    scripted(path)
    thread = f"t-{find_call(path, '4').call_id[2:]}".encode()
    forged(path, b'"partitionkey":"' + thread, b'"partitionkey":"x' + thread)
    assert not check_picks(path).equal
    assert check_picks(path).difference is not None
    assert story(path, "4").difference is not None
    assert story(path, "1").difference is None, "it was over before"


def test_an_explanation_that_finds_another_pick_is_told(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*args: object) -> Choice:
        choice = explain_choice(*args)  # type: ignore[arg-type] # handed on
        return msgspec.structs.replace(choice, picked="") if choice.attempt == 2 else choice

    monkeypatch.setattr(journal_explain, "explain_choice", wrong)
    verdict = check_picks(journal)
    assert not verdict.equal
    assert verdict.other_pick is not None
    assert (verdict.offers, verdict.other_pick.agent_id) == (3, "anna")

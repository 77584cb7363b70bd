"""What a waiting caller hears and may press: announcements, figures, questions, music (group Q)."""

from __future__ import annotations

from typing import Any

import pytest

from acd.config import AcdConfig, QueueConfig
from acd.rules import Question
from acd.steps import Step
from agents.config import AgentConfig
from ctiserver.core.announcing import SAYING_MS_MAX
from ctiserver.core.inputs import Observed
from ctiserver.core.switch_link import PlayEnded
from ivr.menu_file import load_flow
from switch_sim.callers import Press
from switch_sim.config import PhoneAct
from tests.ctiserver import event_laws
from tests.ctiserver.centre import ANNA, BEA, Centre, centre_plan
from tests.repository import ROOT

A, B = "station:1001", "station:1002"
PROMPT_MS = 2_000
NIGHT = "+49301999"
STAY_OR_GO = Question(
    prompt="sound:stay-or-go",
    keys={"1": "stay", "2": "leave", "3": f"number:{NIGHT}", "4": "routeing:main", "5": "acd:help"},
    wait_ms=6_000,
)


def sales(*steps: Step, **more: Any) -> QueueConfig:
    return QueueConfig(name="sales", skills={"sales": 1}, steps=steps, **more)


def centre_with(
    *queues: QueueConfig,
    agents: tuple[AgentConfig, ...] = (ANNA, BEA),
    flow: bool = False,
    **more: Any,
) -> Centre:
    """Build a centre whose number leads to the first queue; its phones ring for ever."""
    flows = {"main": load_flow(ROOT / "tests" / "golden" / "front_door.yaml")} if flow else {}
    acd = AcdConfig(queues=queues, questions={"wait": STAY_OR_GO}, **more)
    centre = Centre(centre_plan(acd=acd, agents=agents, flows=flows))
    for device in (A, B):
        centre.phone(device, PhoneAct.NO_ANSWER)
    return centre


def heard(centre: Centre, call: int = 0) -> list[str]:
    """Tell what the caller of a call was played, in order."""
    call_id = centre.call_ids()[call]
    return [
        e.data.message
        for e in centre.events("Play")
        if e.data.call_id == call_id and e.data.connection.device_id.startswith("number:")
    ]


def finished(centre: Centre) -> list[tuple[str, str | None]]:
    """Let everybody hang up; nothing may be left, and the laws hold. Gives outcomes and reasons."""
    for leg in centre.pbx.snapshot():
        centre.pbx.hang_up(leg["leg"])
    centre.wait(300_000)
    event_laws.check(centre.log)
    assert centre.pbx.snapshot() == ()
    assert centre.engine.model.calls == {}
    assert centre.engine.acd.calls == {}
    assert centre.engine.contacts == {}
    assert len(centre.engine.announcing.deadlines) == 0
    cleared = [e.data for e in centre.events("CallCleared")]
    return [(data.outcome.value, data.exit_reason) for data in cleared]


# Announcements and music.


def test_q02_an_announcement_comes_at_its_time_and_again_and_between_them_plays_the_music() -> None:
    centre = centre_with(
        sales(
            Step(after_ms=0, announce="sound:welcome"),
            Step(after_ms=10_000, announce="sound:patience", every_ms=20_000, repeat=True),
            music="music:jazz",
        )
    )
    centre.call()
    centre.wait(35_000)
    assert heard(centre) == [
        "sound:welcome",
        "music:jazz",
        "sound:patience",
        "music:jazz",
        "sound:patience",
        "music:jazz",
    ]
    told = [(e.at - centre.log[0].at, e.data.prompt) for e in centre.events("CallerInformed")]
    assert told == [
        (0, "sound:welcome"),
        (10_000, "sound:patience"),
        (30_000, "sound:patience"),
    ]
    assert finished(centre) == [("abandonedInQueue", None)]


def test_q01_a_call_has_music_of_its_own_until_it_leaves_the_queue() -> None:
    centre = centre_with(
        sales(
            Step(after_ms=5_000, music="music:harp"),
            Step(after_ms=8_000, priority_by=1, comment="it lines up anew, and hears the harp"),
            Step(after_ms=20_000, overflow_to=("help",)),
        ),
        QueueConfig(name="help", skills={"help": 1}, music="music:drums"),
    )
    centre.call()
    centre.wait(25_000)
    assert heard(centre) == ["music:default", "music:harp", "music:drums"]


def test_what_is_said_when_a_call_is_offered_ends_at_once_and_is_not_said_to_the_end() -> None:
    centre = centre_with(sales(Step(after_ms=5_000, announce="sound:long", say_position=True)))
    centre.call()
    centre.wait(5_500)
    assert heard(centre)[-1] == "sound:long"
    centre.log_on("anna")
    centre.wait(5_000)
    assert heard(centre) == ["music:default", "sound:long", "music:default"]
    [_, stopped] = centre.events("Stop")
    assert (stopped.data.message, stopped.data.cause.value) == ("sound:long", "suspend")
    assert finished(centre) == [("abandonedRinging", None)]


def test_c5_the_music_never_goes_on_after_the_bridge() -> None:
    centre = centre_with(sales(Step(after_ms=0, announce="sound:welcome")))
    centre.phone(A, PhoneAct.ANSWERS, 1_000)
    centre.log_on("anna")
    centre.call()
    centre.wait(60_000)
    [bridge] = centre.events("Established")
    assert [e for e in centre.events("Play") if e.sequence > bridge.sequence] == []
    plays, stops = len(centre.events("Play")), len(centre.events("Stop"))
    assert plays == stops
    assert finished(centre) == [("answered", None)]


def test_a_prompt_whose_end_is_never_told_counts_as_ended_after_its_longest_time() -> None:
    centre = centre_with(sales(Step(after_ms=1_000, announce="sound:hangs")))
    submit = centre.world.driver.submit
    centre.pbx.attach(lambda w: None if isinstance(w, PlayEnded) else submit(Observed(w)))
    centre.call()
    centre.wait(SAYING_MS_MAX)
    assert heard(centre)[-1] == "sound:hangs"
    centre.wait(2_000)
    assert heard(centre)[-1] == "music:default"


def test_a_late_word_of_an_old_prompt_ends_nothing() -> None:
    centre = centre_with(sales(Step(after_ms=1_000, announce="sound:one")))
    leg = centre.call()
    centre.wait(1_500)
    centre.world.driver.submit(Observed(PlayEnded(leg, play_id="another")))
    assert heard(centre)[-1] == "sound:one"
    centre.wait(PROMPT_MS)
    assert heard(centre)[-1] == "music:default"


# Figures.


def test_q03_the_position_is_told_only_when_it_has_become_better() -> None:
    """RG-36: nobody is told 7th and then 8th, though a caller of higher priority came."""
    centre = centre_with(
        sales(
            Step(after_ms=5_000, say_position=True, every_ms=10_000, repeat=True),
            Step(after_ms=12_000, priority=5, when='caller.number == "+493"'),
        )
    )
    first = centre.call("+491")
    centre.wait(1_000)
    centre.call("+492")
    centre.wait(2_000)
    centre.call("+493")
    centre.wait(27_000)  # the third is first since 15 s after its entry
    centre.pbx.hang_up(first)
    centre.wait(10_000)
    positions = [
        (e.data.call_id == centre.call_ids()[1], e.data.position)
        for e in centre.events("CallerInformed")
    ]
    assert [position for is_second, position in positions if is_second] == [2]
    assert [e.data.position for e in centre.events("CallerInformed")][:3] == [1, 2, 3]
    assert "say:position?n=2" in heard(centre, 1)


def test_q03_a_position_beyond_the_limit_is_told_as_more_than_it_once() -> None:
    step = Step(after_ms=1_000, say_position=True, every_ms=5_000, repeat=True)
    centre = centre_with(sales(step, position_most=1))
    legs = [centre.call(f"+49{number}") for number in range(3)]
    centre.wait(12_000)
    assert heard(centre, 2)[1] == "say:position?n=1&more_than=1"
    assert sum(uri.startswith("say:") for uri in heard(centre, 2)) == 1
    centre.pbx.hang_up(legs[0])
    centre.pbx.hang_up(legs[1])
    centre.wait(10_000)
    assert "say:position?n=1" in heard(centre, 2)


def test_q04_the_estimated_wait_is_told_and_stands_in_the_event_of_the_wait() -> None:
    centre = centre_with(sales(Step(after_ms=1_000, say_wait=True, announce="sound:wait")))
    centre.phone(A, PhoneAct.ANSWERS, 0)
    centre.log_on("anna")
    centre.call("+491")
    centre.call("+492")
    centre.wait(10_000)
    [informed] = centre.events("CallerInformed")
    [queued] = centre.events("Queued")
    assert informed.data.wait_ms % 60_000 == 0
    assert queued.data.estimated_wait_ms <= informed.data.wait_ms
    assert heard(centre, 1)[1:3] == [
        "sound:wait",
        f"say:wait?seconds={informed.data.wait_ms // 1_000}",
    ]


def test_no_wait_is_told_where_nobody_serves_the_queue() -> None:
    centre = centre_with(sales(Step(after_ms=1_000, say_wait=True)))
    centre.call()
    centre.wait(10_000)
    assert centre.events("CallerInformed") == []
    assert heard(centre) == ["music:default"]


# Questions and keys.


def asked(*, key: str | None, after_ms: int = 1_000, **more: Any) -> Centre:
    """Ask a caller after 5 s whether he wants to wait, and let him press a key."""
    presses = () if key is None else (Press("stay-or-go", key, after_ms),)
    centre = centre_with(
        sales(Step(after_ms=5_000, ask="wait")),
        QueueConfig(name="help", skills={"help": 1}),
        flow=True,
        **more,
    )
    centre.call(presses=presses)
    centre.wait(5_500)
    assert heard(centre)[-1] == "sound:stay-or-go"
    return centre


@pytest.mark.parametrize("key", ["1", "9", None])
def test_q05_who_stays_or_says_nothing_that_counts_keeps_waiting(key: str | None) -> None:
    centre = asked(key=key)
    centre.wait(20_000)
    [decided] = centre.events("CallerDecided")
    assert (decided.data.question, decided.data.key) == ("wait", "1" if key == "1" else "")
    assert decided.at - centre.log[0].at == (6_000 if key == "1" else 5_000 + PROMPT_MS + 6_000)
    assert heard(centre)[-1] == "music:default"
    assert len(centre.events("Queued")) == 1
    assert finished(centre) == [("abandonedInQueue", None)]


def test_q06_who_leaves_by_a_key_is_a_caller_exit_and_no_abandoned_call() -> None:
    centre = asked(key="2")
    centre.wait(10_000)
    [left] = centre.events("QueueLeft")
    assert (left.data.exit_reason, left.data.waited_ms) == ("callerExit", 6_000)
    assert centre.pbx.snapshot() == ()
    assert finished(centre) == [("endedInQueue", "callerExit")]


def test_q06_a_key_counts_while_the_music_plays_for_as_long_as_the_question_is_open() -> None:
    centre = asked(key="2", after_ms=PROMPT_MS + 3_000)
    centre.wait(PROMPT_MS)
    assert heard(centre)[-1] == "music:default"
    assert centre.pbx.snapshot() != ()
    centre.wait(3_000)
    assert finished(centre) == [("endedInQueue", "callerExit")]


def test_a_key_after_the_time_of_the_question_changes_nothing() -> None:
    centre = asked(key="2", after_ms=PROMPT_MS + 7_000)
    centre.wait(20_000)
    assert finished(centre) == [("abandonedInQueue", None)]


def test_a_question_is_closed_when_the_call_is_offered() -> None:
    centre = asked(key="2", after_ms=3_000)
    centre.log_on("anna")
    centre.wait(10_000)
    assert centre.events("CallerDecided") == []
    assert finished(centre) == [("abandonedRinging", None)]


def test_q13_a_key_leads_to_a_flow_and_back_with_the_first_instant_kept() -> None:
    """RG-37: who goes to a menu and comes back is as old as before."""
    centre = asked(key="4")
    centre.wait(1_000)
    assert centre.story("Diverted", "Established") == [
        "Diverted(acd:sales; overflow)",
        "Established(routeing:main; newCall)",
    ]
    leg = centre.pbx.snapshot()[0]["leg"]
    centre.wait(1_000)
    centre.pbx.press(leg, "1")
    centre.wait(5_000)
    assert centre.story("Queued") == ["Queued(acd:sales; noAvailableAgents)"] * 2
    [call] = centre.engine.acd.calls.values()
    assert call.enqueued_at == centre.log[0].at
    assert finished(centre) == [("abandonedInQueue", "callerExit")]


def test_a_key_leads_to_another_queue() -> None:
    centre = asked(key="5")
    centre.wait(5_000)
    assert centre.story("Queued") == [
        "Queued(acd:sales; noAvailableAgents)",
        "Queued(acd:help; overflow)",
    ]
    assert finished(centre) == [("abandonedInQueue", None)]


# What the agent hears before the caller (Q19).


def whispered(behaviour: PhoneAct = PhoneAct.ANSWERS) -> Centre:
    centre = centre_with(sales(agent_announcement="sound:sales-call"))
    centre.phone(A, behaviour, 1_000)
    centre.call()
    centre.wait(5_000)
    centre.log_on("anna")
    centre.wait(1_500)
    return centre


def test_q19_the_agent_hears_an_announcement_and_only_then_the_caller() -> None:
    centre = whispered()
    [play] = [e for e in centre.events("Play") if e.data.connection.device_id == A]
    assert play.data.message == "sound:sales-call"
    assert heard(centre)[0] == "music:default"
    assert [e.data.message for e in centre.events("Stop")] == []
    centre.wait(PROMPT_MS)
    assert [e.data.message for e in centre.events("Stop")] == ["sound:sales-call", "music:default"]
    assert finished(centre) == [("answered", None)]


def test_q19_a_caller_whose_agent_drops_before_the_bridge_is_back_in_his_place() -> None:
    """RG-03: answered and hung up before the bridge."""
    centre = whispered()
    centre.phone(A, PhoneAct.NO_ANSWER)
    centre.pbx.hang_up(A)
    centre.wait(30_000)
    [call] = centre.engine.acd.calls.values()
    assert call.enqueued_at == centre.log[0].at
    assert [e.data.attempt for e in centre.events("AgentOffered")] == [1, 1]
    assert centre.story("Queued")[-1] == "Queued(acd:sales; remainsInQueue)"
    assert heard(centre)[-1] == "music:default"
    assert finished(centre) == [("abandonedInQueue", None)]


def test_q19_who_hangs_up_while_the_agent_is_told_of_him_leaves_nothing_behind() -> None:
    centre = whispered()
    centre.pbx.hang_up(next(e["leg"] for e in centre.pbx.snapshot() if "1001" not in e["device"]))
    centre.wait(1_000)
    assert len(centre.engine.queueing.whispering.deadlines) == 0
    assert centre.engine.directory.agent("anna").state.value == "agentReady"
    finished(centre)

"""One call rings at several agents, and exactly one of them gets it (R08, C5, RG-01 to RG-16)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.config import AcdConfig, QueueConfig
from acd.rules import Ring
from agents.config import AgentConfig
from csta.states import AgentState
from ctiserver.core.inputs import Observed
from ctiserver.core.switch_link import AnyObservation
from switch_sim.config import PhoneAct
from tests.ctiserver import event_laws
from tests.ctiserver.centre import Centre, centre_plan
from tests.ctiserver.engine_audit import leftovers

NAMES = ("ann", "bob", "cem", "dan", "eve")
DEVICES = {name: f"station:{1001 + number}" for number, name in enumerate(NAMES)}
CREW = tuple(AgentConfig(name, name, device, {"sales": 5}) for name, device in DEVICES.items())
_HUNDRED = 100


def centre_that_rings(
    ring: Ring = Ring.ALL, *, agents: tuple[AgentConfig, ...] = CREW, **more: object
) -> Centre:
    """Build a centre where all agents are ready and no phone is answered by itself."""
    queue = QueueConfig(name="sales", skills={"sales": 1}, ring=ring, **more)  # type: ignore[arg-type] # of the test's choice
    centre = Centre(centre_plan(acd=AcdConfig(queues=(queue,)), agents=agents))
    for agent in agents:
        centre.phone(agent.device_id, PhoneAct.NO_ANSWER)
    centre.log_on(*(agent.agent_id for agent in agents))
    return centre


def states(centre: Centre) -> dict[str, str]:
    return {a.agent_id: a.state.value.removeprefix("agent") for a in centre.engine.directory}


def offered(centre: Centre) -> list[str]:
    return [e.data.agent_id for e in centre.events("AgentOffered")]


def over(centre: Centre) -> None:
    """Let everybody hang up: nothing may be left, nobody is reserved, and the laws hold."""
    for leg in centre.pbx.snapshot():
        centre.pbx.hang_up(leg["leg"])
    centre.wait(300_000)
    event_laws.check(centre.log)
    assert leftovers(centre.engine) == {}
    assert [a for a in centre.engine.directory if a.offer_id is not None] == []


def test_r08_all_phones_ring_and_the_first_answer_wins() -> None:
    centre = centre_that_rings()
    centre.call()
    centre.wait(3_000)
    assert offered(centre) == list(NAMES)
    assert len(centre.events("ScreenPopped")) == len(NAMES)
    assert set(states(centre).values()) == {"Busy"}
    centre.pbx.answer(DEVICES["cem"])
    centre.wait(1_000)
    withdrawn = centre.events("OfferWithdrawn")
    assert [e.data.agent_id for e in withdrawn] == ["ann", "bob", "dan", "eve"]
    assert all(e.data.lost for e in withdrawn)
    assert centre.story("Established") == [f"Established({DEVICES['cem']}; distributed)"]
    assert centre.story("ConnectionCleared") == [
        f"ConnectionCleared({DEVICES[name]}; multipleAlerting)"
        for name in ("ann", "bob", "dan", "eve")
    ]
    assert states(centre) == dict.fromkeys(NAMES, "Ready") | {"cem": "Busy"}
    over(centre)
    [cleared] = centre.events("CallCleared")
    assert cleared.data.outcome == "answered"


def test_r08_one_phone_more_rings_after_each_while() -> None:
    centre = centre_that_rings(Ring.PROGRESSIVE, ring_next_ms=4_000)
    centre.call()
    centre.wait(9_000)
    assert offered(centre) == ["ann", "bob", "cem"]
    centre.pbx.answer(DEVICES["bob"])
    centre.wait(20_000)
    assert offered(centre) == ["ann", "bob", "cem"]
    assert [e.data.agent_id for e in centre.events("OfferWithdrawn")] == ["ann", "cem"]
    over(centre)


def test_rg_01_two_auto_answering_agents_do_not_both_get_the_caller() -> None:
    centre = centre_that_rings(auto_answer=True)
    centre.call()
    centre.wait(1_000)
    assert len(centre.events("Established")) == 1
    assert sorted(states(centre).values()) == ["Busy", "Ready", "Ready", "Ready", "Ready"]
    assert len(centre.pbx.snapshot()) == 2
    over(centre)


@pytest.mark.parametrize(("first", "second"), [("ann", "bob"), ("bob", "ann")])
def test_rg_01_two_answers_in_one_millisecond_have_one_winner(first: str, second: str) -> None:
    centre = centre_that_rings()
    centre.call()
    centre.wait(1_000)
    centre.pbx.answer(DEVICES[first])
    centre.pbx.answer(DEVICES[second])
    centre.wait(1_000)
    assert centre.story("Established") == [f"Established({DEVICES[first]}; distributed)"]
    assert states(centre)[second] == "Ready"
    over(centre)


def test_rg_02_a_late_answer_of_a_loser_is_released_and_never_bridged() -> None:
    centre = centre_that_rings()
    untold = hold_back(centre)
    centre.call()
    tell(centre, untold)
    centre.pbx.answer(DEVICES["ann"])
    centre.pbx.answer(DEVICES["bob"])  # both are up in the switch before the engine hears of it
    assert len(centre.pbx.snapshot()) == 6
    tell(centre, untold)
    assert len(centre.events("Established")) == 1
    assert len(centre.pbx.snapshot()) == 2
    assert states(centre)["bob"] == "Ready"
    tell(centre, untold)
    over_while_held_back(centre, untold)


def test_rg_03_an_agent_who_answers_and_drops_at_once_starts_no_new_round() -> None:
    centre = centre_that_rings()
    centre.call()
    centre.wait(1_000)
    centre.pbx.answer(DEVICES["ann"])
    centre.pbx.hang_up(DEVICES["ann"])
    centre.wait(5_000)
    assert len(centre.events("AgentOffered")) == len(NAMES)
    assert set(states(centre).values()) == {"Ready"}
    over(centre)


def test_rg_04_the_winner_answers_while_the_legs_of_the_others_are_being_made() -> None:
    centre = centre_that_rings()
    untold = hold_back(centre)
    centre.call()
    # Only what is about the first agent's phone is told; of the others nothing is known yet.
    tell(centre, untold, until="LegRinging")
    assert len(centre.events("AgentOffered")) == len(NAMES)
    centre.pbx.answer(DEVICES["ann"])
    early = [what for what in untold if type(what).__name__ == "LegUp"]
    for what in early:
        untold.remove(what)
        centre.world.driver.submit(Observed(what))
    assert centre.story("Established") == [f"Established({DEVICES['ann']}; distributed)"]
    assert sorted(states(centre).values()) == ["Busy", "Ready", "Ready", "Ready", "Ready"]
    tell(centre, untold)
    over_while_held_back(centre, untold)


def test_rg_16_one_phone_that_fails_while_the_others_ring_costs_nobody_the_call() -> None:
    centre = centre_that_rings()
    centre.phone(DEVICES["bob"], PhoneAct.REJECTS, 1_000)
    centre.phone(DEVICES["cem"], PhoneAct.UNPLUGGED)
    centre.call()
    centre.wait(3_000)
    assert [(e.data.agent_id, e.data.reason.value) for e in centre.events("OfferRefused")] == [
        ("cem", "deviceLost"),
        ("bob", "rejected"),
    ]
    assert centre.events("Queued") == []
    assert states(centre)["ann"] == "Busy"
    centre.pbx.answer(DEVICES["dan"])
    centre.wait(1_000)
    assert centre.story("Established") == [f"Established({DEVICES['dan']}; distributed)"]
    over(centre)


def test_a_call_that_nobody_answers_anywhere_is_back_in_its_place() -> None:
    centre = centre_that_rings()
    centre.call()
    centre.wait(25_000)
    assert centre.story("Queued") == ["Queued(acd:sales; remainsInQueue)"]
    assert set(states(centre).values()) == {"NotReady"}
    over(centre)


def test_an_agent_who_becomes_ready_while_a_call_rings_everywhere_rings_too() -> None:
    centre = centre_that_rings(agents=CREW[:2])
    centre.set_agent("bob", "notReady")
    centre.call()
    centre.wait(2_000)
    assert offered(centre) == ["ann"]
    centre.set_agent("bob", "ready")
    assert offered(centre) == ["ann", "bob"]
    centre.pbx.answer(DEVICES["bob"])
    centre.wait(1_000)
    assert states(centre) == {"ann": "Ready", "bob": "Busy"}
    over(centre)


# c.3-2: the caller abandons, or somebody answers, in the middle of it, and all words come late.


def hold_back(centre: Centre) -> list[AnyObservation]:
    """Let the link keep back what it has to say, until the test tells it."""
    untold: list[AnyObservation] = []
    centre.pbx.attach(untold.append)
    return untold


def tell(centre: Centre, untold: list[AnyObservation], until: str = "") -> None:
    """Tell what was kept back; with `until`, up to the first word of this kind."""
    while untold:
        what = untold.pop(0)
        centre.world.driver.submit(Observed(what))
        if type(what).__name__ == until:
            return


def over_while_held_back(centre: Centre, untold: list[AnyObservation]) -> None:
    centre.pbx.attach(lambda what: centre.world.driver.submit(Observed(what)))
    tell(centre, untold)
    over(centre)


@given(
    micro_step=st.integers(0, 11),
    delay_ms=st.integers(0, 2_000),
    ring=st.sampled_from([Ring.ALL, Ring.PROGRESSIVE]),
    answer=st.none() | st.sampled_from(NAMES),
)
def test_c3_2_nobody_stays_reserved_whenever_the_caller_abandons(
    micro_step: int, delay_ms: int, ring: Ring, answer: str | None
) -> None:
    """c.3-2 (FS-2540, FS-1062): ring all to 5, abandoned at each of 12 steps, words 0 to 2 s late.

    The steps are the words of the switch about the call: five legs seen, five ringing, and after
    them somebody answers, perhaps in the same moment.
    """
    centre = centre_that_rings(ring, ring_next_ms=300)
    untold = hold_back(centre)
    leg = centre.call()
    for _ in range(micro_step):
        if untold:
            centre.world.driver.submit(Observed(untold.pop(0)))
        else:
            centre.wait(_HUNDRED)
    if answer is not None:
        centre.pbx.answer(DEVICES[answer])
    centre.pbx.hang_up(leg)
    centre.wait(delay_ms)
    while untold:
        centre.world.driver.submit(Observed(untold.pop(0)))
        centre.wait(delay_ms // 10)
    centre.wait(3_000)
    tell(centre, untold)
    assert set(states(centre).values()) <= {"Ready", "NotReady"}
    assert [a for a in centre.engine.directory if a.state is AgentState.BUSY] == []
    over_while_held_back(centre, untold)

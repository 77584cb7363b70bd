"""A simulated switch in step with a clock."""

from __future__ import annotations

import asyncio

from csta.causes import Cause
from csta.instants import Instant
from ctiserver.core.driver import Clock, ManualClock
from ctiserver.core.switch_link import AnyObservation, Clear, Dial, LegGone, LegUp
from ctiserver.live.clock import AsyncioClock
from switch_sim.arrivals import arrive
from switch_sim.config import PhoneAct, PhoneBehaviour
from switch_sim.paced import Pacer
from tests.switch_sim.stage import START, A, B, Stage, ToyEngine, caller

CALLS = [
    (START + 1_000, caller(talk_ms=20_000)),
    (START + 4_000, caller(talk_ms=35_000)),
    (START + 8_000, caller(patience_ms=7_000)),
    (START + 45_000, caller(talk_ms=5_000)),
]
LASTS_MS = 60_000


def _stage(pacer_clock: Clock | None = None) -> tuple[Stage, Pacer | None]:
    """Set up callers and an engine that answers them, on the stage's own time or on a clock."""
    stage = Stage()
    pacer = Pacer(stage.env, pacer_clock) if pacer_clock else None
    link = pacer.link(stage.pbx) if pacer else stage.pbx
    engine = ToyEngine(link, (A, B))

    def observe(observation: AnyObservation) -> None:
        stage.note(observation)
        engine.observe(observation)

    link.attach(observe)
    stage.env.process(arrive(stage.env, stage.pbx.offer_call, CALLS))
    return stage, pacer


def _simulated() -> list[tuple[int, AnyObservation]]:
    stage, _ = _stage()
    stage.env.run(until=START + LASTS_MS)
    assert sum(isinstance(told, LegGone) for _, told in stage.told) == 7
    return stage.told


def test_in_step_with_a_clock_the_same_is_observed_at_the_same_instants() -> None:
    clock = ManualClock(START)
    stage, pacer = _stage(clock)
    assert pacer is not None
    pacer.start()
    for _ in range(LASTS_MS // 250):
        clock.advance(250)
    assert stage.told == _simulated()


async def test_in_real_time_the_same_is_observed() -> None:
    """A minute passes in a fifth of a second."""
    loop = asyncio.get_running_loop()
    clock = AsyncioClock(loop, START, speed=300)
    stage, pacer = _stage(clock)
    assert pacer is not None
    pacer.start()
    over = loop.create_future()
    clock.call_at(START + LASTS_MS, lambda: over.set_result(None))
    await over
    pacer.stop()
    assert stage.told == _simulated()


def _ringing(clock: Clock) -> tuple[Stage, Pacer, list[Instant]]:
    stage = Stage()
    told_at: list[Instant] = []
    pacer = Pacer(stage.env, clock)
    link = pacer.link(stage.pbx)

    def observe(observation: AnyObservation) -> None:
        stage.note(observation)
        told_at.append(clock.now())

    link.attach(observe)
    pacer.start()
    return stage, pacer, told_at


def test_a_command_happens_at_the_clocks_instant_and_what_comes_of_it_is_waited_for() -> None:
    clock = ManualClock(START)
    stage, pacer, told_at = _ringing(clock)
    clock.advance(5_432)
    pacer.link(stage.pbx).execute(Dial("a", device=A))
    clock.advance(2_999)
    stage.take()
    clock.advance(60_000)
    assert stage.told == [(8_432, LegUp("a"))]
    assert told_at[-1] == START + 8_432


def test_what_is_due_before_a_command_happens_before_it() -> None:
    """The clock rings for the command first; the phone has answered a millisecond before."""
    clock = ManualClock(START)
    stage, pacer, _ = _ringing(clock)
    link = pacer.link(stage.pbx)
    stage.pbx.dial_plan.phones[A].behaviour = PhoneBehaviour(PhoneAct.REJECTS, 1_000)
    for leg, device in (("a", A), ("b", B)):
        link.execute(Dial(leg, device=device))
    pacer.stop()
    clock.advance(1_001)
    assert pacer.act(stage.pbx.snapshot) != ()
    stage.take()
    pacer.start()
    link.execute(Clear("b"))
    assert stage.told == [
        (1_000, LegGone("a", cause=Cause.BLOCKED)),
        (1_001, LegGone("b", far_end=False)),
    ]


def test_a_pacer_that_stands_still_lets_nothing_happen_and_goes_on_later() -> None:
    clock = ManualClock(START)
    stage, pacer, _ = _ringing(clock)
    pacer.link(stage.pbx).execute(Dial("a", device=A))
    pacer.stop()
    stage.take()
    clock.advance(10_000)
    assert stage.take() == []
    assert clock.next_at() is None
    pacer.start()
    clock.advance(0)
    assert stage.take() == [LegUp("a")]

"""An engine may be written down at any moment and go on from there, here or in another process."""

from __future__ import annotations

import pickle

from hypothesis import settings
from hypothesis.stateful import rule, run_state_machine_as_test

from csta.instants import Instant
from ctiserver.core.engine import Engine
from ctiserver.core.inputs import EngineInput
from ctiserver.core.outbox import EngineDecision, Reply
from tests.ctiserver.machine_centre import CONFIG
from tests.ctiserver.test_engine_machine import EngineMachine

Step = tuple[EngineInput | None, Instant, list[object]]


def comparable(decided: list[EngineDecision]) -> list[object]:
    """Write errors as what they say: two exceptions are never equal."""
    return [
        (one.request_id, one.result, str(one.error)) if isinstance(one, Reply) else one
        for one in decided
    ]


class RememberingEngine(Engine):
    """An engine that remembers its steps."""

    def __init__(self) -> None:
        """Begin with no steps."""
        super().__init__(CONFIG)
        self.steps: list[Step] = []

    def handle(self, event: EngineInput, now: Instant) -> list[EngineDecision]:
        decided = super().handle(event, now)
        self.steps.append((event, now, comparable(decided)))
        return decided

    def wake(self, now: Instant) -> list[EngineDecision]:
        decided = super().wake(now)
        self.steps.append((None, now, comparable(decided)))
        return decided


class MovingMachine(EngineMachine):
    """All that the engine machine does; between two steps the engine may change its place."""

    def __init__(self) -> None:
        """Begin with an engine that remembers."""
        super().__init__()
        self.engine: RememberingEngine = RememberingEngine()

    @rule()
    def the_engine_is_moved(self) -> None:
        self.engine = pickle.loads(pickle.dumps(self.engine, protocol=5))  # noqa: S301 - our own

    def teardown(self) -> None:
        """What the moved engine decided is what one that stayed where it was decides."""
        super().teardown()
        if self.broken:
            return
        stayed = Engine(CONFIG)
        for event, now, decided in self.engine.steps:
            again = stayed.wake(now) if event is None else stayed.handle(event, now)
            assert comparable(again) == decided


def test_an_engine_that_is_moved_at_any_moment_decides_as_one_that_stays() -> None:
    run_state_machine_as_test(
        MovingMachine, settings=settings(max_examples=60, stateful_step_count=40)
    )

"""`offhook pbx`: a simulated switch, with its phones and callers, in a process of its own."""

from __future__ import annotations

import asyncio
import secrets
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import simpy

from csta.ids import ulid
from csta.instants import Instant
from ctiserver.core.switch_link import AnyObservation, LegSeen
from ctiserver.live.clock import AsyncioClock
from ctiserver.live.wall_clock import wall
from scenarios.behaviour import Phones
from scenarios.caller_stream import all_calls
from scenarios.scenario import Scenario, load_scenario
from switch_sim.arrivals import arrive
from switch_sim.callers import CallerPlan
from switch_sim.paced import Pacer
from switch_sim.served import ServedPbx
from switch_sim.switch import SimulatedPbx
from switch_sim.variates import Streams

_LEDGER_MAX = 100_000
"""So many calls are remembered for whoever asks what became of them (`AskEntries`)."""


def run_pbx(
    centre: Path, *, listen: str, callers: bool = False, speed: float = 1.0, seed: int = 1
) -> int:
    """Serve the switch of a scenario's file until SIGINT or SIGTERM; gives the exit code.

    With `callers` people call as the file says, from its beginning until it is over; without,
    nobody calls but whom a test lets call. The first line on stdout is `listening at ADDRESS`.

    Raises:
        ConfigError: the file has a fault.
        OSError: nobody can listen at the address.
        ValueError: `listen` is no address.
    """
    return asyncio.run(_Switch(load_scenario(centre), speed, seed).run(listen, callers=callers))


class _Switch:
    """One switch at work. Its time is the scenario's, and begins anew with each run."""

    def __init__(self, scenario: Scenario, speed: float, seed: int) -> None:
        self._scenario = scenario
        self._speed = speed
        self._streams = Streams(seed)
        self._stop: asyncio.Event
        self._fault: BaseException | None = None

    async def run(self, listen: str, *, callers: bool) -> int:
        """Serve until a signal comes; what goes wrong in a timer ends it too, and is raised."""
        loop, scenario = asyncio.get_running_loop(), self._scenario
        self._stop = asyncio.Event()
        loop.set_exception_handler(self._failed)
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)
        env = simpy.Environment(initial_time=scenario.starts_at)
        pacer = Pacer(env, AsyncioClock(loop, scenario.starts_at, self._speed))
        pbx = SimulatedPbx(env, msgspec.structs.replace(scenario.pbx, ledger_max=_LEDGER_MAX))
        served = ServedPbx(pbx, pacer, ulid(wall(), secrets.randbits(20)))
        self._let_people_be(pbx, served)
        if callers:
            env.process(arrive(env, pbx.offer_call, self._calls()))
        address = await served.start(listen)
        pacer.start()
        sys.stdout.write(f"listening at {address}\n")
        sys.stdout.flush()
        await self._stop.wait()
        pacer.stop()
        await served.stop()
        if self._fault is not None:
            raise self._fault
        return 0

    def _let_people_be(self, pbx: SimulatedPbx, served: ServedPbx) -> None:
        """Let phones be answered as the scenario's agents do."""
        behaviour = self._scenario.behaviour
        phones = Phones(pbx, behaviour, self._streams.stream("agent_behaviour"))

        def draw_next(observation: AnyObservation) -> None:
            if isinstance(observation, LegSeen):
                phones.draw(observation.device)

        served.listeners.append(draw_next)

    def _calls(self) -> Iterator[tuple[Instant, CallerPlan]]:
        scenario = self._scenario
        return all_calls(
            scenario.callers,
            self._streams,
            scenario.customers,
            scenario.starts_at,
            scenario.ends_at,
        )

    def _failed(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self._fault = error if error is not None else RuntimeError(context["message"])
        self._stop.set()

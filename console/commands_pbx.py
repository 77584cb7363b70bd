"""`offhook pbx`: a simulated switch, with its phones and callers, in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
import sys
from collections.abc import Callable, Iterator
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
from switch_sim.dialects.ari import serve_ari_switch
from switch_sim.dialects.ari_state import AriAccount
from switch_sim.dialects.ari_switch import AriSwitch
from switch_sim.paced import Pacer
from switch_sim.served import ServedPbx, host_and_port
from switch_sim.switch import SimulatedPbx
from switch_sim.variates import Streams

_LEDGER_MAX = 100_000
"""So many calls are remembered for whoever asks what became of them (`AskEntries`)."""
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class AriOptions(msgspec.Struct, frozen=True):
    """Where the switch is to be driven by ARI, and the file with the password of who drives it."""

    listen: str
    password_file: Path | None = None

    def account(self) -> AriAccount:
        """Read how a client is let in.

        Raises:
            OSError: the file cannot be read.
            ValueError: other machines may reach the address, and there is no password.
        """
        if self.password_file is not None:
            return AriAccount(password=self.password_file.read_text("utf-8").strip())
        host, _ = host_and_port(self.listen)
        if host not in _LOOPBACK:
            raise ValueError(
                f"'{self.listen}' can be reached from other machines: --ari-password-file is needed"
            )
        return AriAccount()


def run_pbx(
    centre: Path,
    *,
    listen: str,
    callers: bool = False,
    speed: float = 1.0,
    seed: int = 1,
    ari: AriOptions | None = None,
) -> int:
    """Serve the switch of a scenario's file until SIGINT or SIGTERM; gives the exit code.

    With `callers` people call as the file says, from its beginning until it is over; without,
    nobody calls but whom a test lets call. The first line on stdout is `listening at ADDRESS`.
    With `ari` the switch is driven by ARI, and at that address people can act only; a second line
    is `ARI at URL`.

    Raises:
        ConfigError: the file has a fault.
        OSError: nobody can listen at the address, or the file of the password cannot be read.
        ValueError: `listen` is no address, or a password is missing.
    """
    switch = _Switch(load_scenario(centre), speed, seed)
    return asyncio.run(switch.run(listen, callers=callers, ari=ari))


class _Switch:
    """One switch at work. Its time is the scenario's, and begins anew with each run."""

    def __init__(self, scenario: Scenario, speed: float, seed: int) -> None:
        self._scenario = scenario
        self._speed = speed
        self._streams = Streams(seed)
        self._stop: asyncio.Event
        self._fault: BaseException | None = None

    async def run(self, listen: str, *, callers: bool, ari: AriOptions | None) -> int:
        """Serve until a signal comes; what goes wrong in a timer ends it too, and is raised."""
        loop, scenario = asyncio.get_running_loop(), self._scenario
        self._stop = asyncio.Event()
        loop.set_exception_handler(self._failed)
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)
        env = simpy.Environment(initial_time=scenario.starts_at)
        pacer = Pacer(env, AsyncioClock(loop, scenario.starts_at, self._speed))
        pbx = SimulatedPbx(env, msgspec.structs.replace(scenario.pbx, ledger_max=_LEDGER_MAX))
        boot = ulid(wall(), secrets.randbits(20))
        served = ServedPbx(pbx, pacer, boot, only_people=ari is not None)
        driven = served if ari is None else AriSwitch(pbx, ari.account())
        driven.listeners.append(self._answering(pbx))
        if callers:
            env.process(arrive(env, pbx.offer_call, self._calls()))
        address = await served.start(listen)
        async with contextlib.AsyncExitStack() as stack:
            said = f"listening at {address}\n"
            if ari is not None and isinstance(driven, AriSwitch):
                serving = serve_ari_switch(driven, pacer, ari.listen)
                said += f"ARI at {await stack.enter_async_context(serving)}\n"
            pacer.start()
            sys.stdout.write(said)
            sys.stdout.flush()
            await self._stop.wait()
        pacer.stop()
        await served.stop()
        if self._fault is not None:
            raise self._fault
        return 0

    def _answering(self, pbx: SimulatedPbx) -> Callable[[AnyObservation], None]:
        """Let phones be answered as the scenario's agents do."""
        behaviour = self._scenario.behaviour
        phones = Phones(pbx, behaviour, self._streams.stream("agent_behaviour"))

        def draw_next(observation: AnyObservation) -> None:
            if isinstance(observation, LegSeen):
                phones.draw(observation.device)

        return draw_next

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

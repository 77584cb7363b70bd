"""From the switch's observation to the agents' desktops, with the journal's commit in between.

A thousand agents have a desktop each, which watches its own agent; a wallboard has the figures of
the queues twice a second. Server, simulated switch and simulated callers share one process and one
thread; the desktops are in another process, on the same monotonic clock. An observation counts
from the moment in which the link tells of it, before the engine has it.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import simpy

from bench.busy_centre import BEHAVIOUR, callers, plan_of
from bench.centre import QUEUES
from bench.crowd import Crowd, Guests, Talk
from bench.figures import Measured
from bench.open_files import raise_limit
from bench.serving import Served, run, wall
from csta.customers import Match
from csta.instants import SECOND
from ctiserver.core.inputs import LookedUp
from ctiserver.core.outbox import LookUp
from ctiserver.core.switch_link import AnyCommand, AnyObservation, LinkUp, SwitchLink
from ctiserver.live.collector import calm_collector
from ctiserver.live.engine_host import DurableHost
from ctiserver.live.event_log import Logged
from ctiserver.live.journal_store import SqliteStore
from ctiserver.live.recovery import begin
from ctiserver.live.standing_clock import StandingClock
from scenarios.behaviour import Phones
from switch_sim.arrivals import arrive
from switch_sim.paced import Pacer
from switch_sim.switch import SimulatedPbx

_AGENTS: Final = 1_000
_WARM_UP_S: Final = 6.0
"""After so long calls end as fast as they come."""
_LOG_ON_AT_ONCE: Final = 50
_NS_OF_MS: Final = 1e6


def measure(*, rate: float, lasts_s: float, stalled: bool, seed: int) -> dict[str, Measured]:
    """Let so many calls a second come for so long; gives milliseconds from observation to desktop.

    With `stalled` the time is cut in four: in every other part there is one more client, which
    watches everything and never reads. `alone` and `beside` are then what the others had.
    """
    raise_limit()
    return run(_measure(rate, lasts_s, stalled, seed))


async def _measure(rate: float, lasts_s: float, stalled: bool, seed: int) -> dict[str, Measured]:  # noqa: FBT001 - of `measure`
    with tempfile.TemporaryDirectory(dir=".") as place:
        centre = _Centre(Path(place) / "journal.db", seed)
        await centre.start()
        try:
            async with Crowd.start() as crowd:
                return await _watched(centre, crowd, rate, lasts_s, stalled)
        finally:
            await centre.stop()


async def _watched(
    centre: _Centre,
    crowd: Crowd,
    rate: float,
    lasts_s: float,
    stalled: bool,  # noqa: FBT001 - of `measure`
) -> dict[str, Measured]:
    """Let calls come, and hold arrivals against observations."""
    address = centre.address
    await crowd.join(Guests(*address, _desktops(), stamps=True))
    parts = 4 if stalled else 1
    centre.let_call(rate, _WARM_UP_S + lasts_s + 1)
    await asyncio.sleep(_WARM_UP_S)
    edges, cpu_s = [time.monotonic_ns()], time.process_time()
    for part in range(parts):
        if part % 2:
            await crowd.join(Guests(*address, (_watches_all(part),), reads=False))
        await asyncio.sleep(lasts_s / parts)
        edges.append(time.monotonic_ns())
    cpu_s = time.process_time() - cpu_s
    calls = rate * lasts_s
    # The last one may still be waited for; those before it must be gone.
    cut = float(centre.connections <= _AGENTS + 2)
    arrived = _Arrived(centre, await crowd.arrivals(), edges)
    if stalled:
        alone, beside = (
            arrived.figures(lambda part: not part % 2),
            arrived.figures(lambda part: bool(part % 2)),
        )
        return {
            "alone": Measured(1, 1.0, gauges=alone),
            "beside": Measured(1, 1.0, gauges=beside | {"cut": cut}),
        }
    gauges = arrived.figures(lambda _part: True)
    gauges |= {
        "core_share": cpu_s / lasts_s,
        "events_of_a_call": arrived.events / calls,
        "board": arrived.board / lasts_s / len(QUEUES),
    }
    return {"desktops": Measured(round(calls), cpu_s, gauges=gauges)}


def _desktops() -> tuple[Talk, ...]:
    """One for each agent, and a wallboard as the last."""
    agents = [_talk(f"agent a{i}", {"agentObject": f"a{i}"}) for i in range(_AGENTS)]
    board = [{"groupObject": f"acd:{queue}"} for queue in QUEUES]
    return (*agents, _talk("board 0", *board, events={"QueueStatus": True}))


def _watches_all(number: int) -> Talk:
    return _talk(f"all {number}", "all")


def _talk(token: str, *watched: object, events: dict[str, bool] | None = None) -> Talk:
    hello: dict[str, Any] = {"kind": "hello", "token": token}
    starts = [
        {
            "kind": "request",
            "id": f"{number}",
            "service": "MonitorStart",
            "params": {"monitorObject": each}
            | ({"requestedMonitorFilter": events} if events else {}),
        }
        for number, each in enumerate(watched)
    ]
    return Talk(tuple(msgspec.json.encode(each).decode() for each in (hello, *starts)))


class _Arrived:
    """Arrivals, held against the observations that the events are of."""

    def __init__(
        self, centre: _Centre, arrivals: Sequence[tuple[int, int, int]], edges: Sequence[int]
    ) -> None:
        self.board = 0
        """QueueStatus at the wallboard."""
        self._delays: list[list[float]] = [[] for _ in edges[1:]]
        self._commits: list[list[float]] = [[] for _ in edges[1:]]
        told = centre.observed
        parts = np.searchsorted(edges, [at for _, _, at in arrivals]) - 1
        for (client, sequence, at), part in zip(arrivals, parts.tolist(), strict=True):
            if not 0 <= part < len(self._delays):
                continue
            if client == _AGENTS:
                self.board += 1
            elif sequence in told:
                self._delays[part].append((at - told[sequence]) / _NS_OF_MS)
                self._commits[part].append(
                    (centre.committed[sequence] - told[sequence]) / _NS_OF_MS
                )
        self.events = sum(edges[0] <= at < edges[-1] for at in centre.committed.values())

    def figures(self, of: Callable[[int], bool]) -> dict[str, float]:
        """Give p50 and p99 in milliseconds, to the desktop and to the commit."""
        chosen = [part for part in range(len(self._delays)) if of(part)]
        delays = np.concatenate([self._delays[part] for part in chosen])
        commits = np.concatenate([self._commits[part] for part in chosen])
        return {
            "p50_ms": float(np.percentile(delays, 50)),
            "p99_ms": float(np.percentile(delays, 99)),
            "commit_p50_ms": float(np.percentile(commits, 50)),
            "commit_p99_ms": float(np.percentile(commits, 99)),
            "arrived": float(len(delays)),
        }


class _StampedLink:
    """A link that notes when it tells of what, by the events that come of it."""

    def __init__(self, link: SwitchLink, centre: _Centre) -> None:
        self.link_id = link.link_id
        self._link = link
        self._centre = centre

    def execute(self, command: AnyCommand) -> None:
        """Pass a command on."""
        self._link.execute(command)

    def attach(self, observe: Callable[[AnyObservation], None]) -> None:
        """Pass observations on."""
        centre = self._centre

        def stamp(observation: AnyObservation) -> None:
            now, before = time.monotonic_ns(), centre.last
            observe(observation)
            for sequence in range(before + 1, centre.last + 1):
                centre.observed.setdefault(sequence, now)

        self._link.attach(stamp)


class _Centre:
    """The server with its switch; everything is real but people."""

    def __init__(self, journal: Path, seed: int) -> None:
        loop = asyncio.get_running_loop()
        plan = plan_of(_AGENTS, wall(), seed)
        self._plan = plan
        self._seed = seed
        recovered = begin(plan.engine, plan.title, plan.starts_at)
        clock = StandingClock(loop, recovered.at, wall=wall)
        env = simpy.Environment(initial_time=recovered.at)
        self._pbx = SimulatedPbx(env, plan.pbx)
        self._pacer = Pacer(env, clock)
        self._clock = clock
        self.observed: dict[int, int] = {}
        """When the observation was told that an event is of, in monotonic nanoseconds."""
        self.committed: dict[int, int] = {}
        self.host = DurableHost(
            recovered,
            clock=clock,
            store=SqliteStore(journal, reserve_bytes=0),
            link=_StampedLink(self._pacer.link(self._pbx), self),
            look_up=self._look_up,
        )
        self.host.log.listeners.append(self._note)
        self._served = Served(self.host)
        phones = Phones(self._pbx, BEHAVIOUR, np.random.default_rng(seed))
        self.host.log.listeners.append(lambda batch: phones([logged.event for logged in batch]))
        self.address = ("", 0)

    @property
    def last(self) -> int:
        """The last event that the engine has made."""
        return self.host.engine.out.sequence

    async def start(self) -> None:
        """Open the doors, and let the agents log on."""
        self._pacer.start()
        await self.host.start(LinkUp(self._pbx.snapshot()))
        self.address = await self._served.start()
        agents = [agent.agent_id for agent in self._plan.engine.agents]
        for first in range(0, _AGENTS, _LOG_ON_AT_ONCE):
            coming = agents[first : first + _LOG_ON_AT_ONCE]
            await asyncio.gather(*(self._log_on(agent_id) for agent_id in coming))
        calm_collector()

    async def stop(self) -> None:
        """Stop everything."""
        self._pacer.stop()
        await self._served.stop()
        await self.host.stop()
        assert not self.host.health().faults, "something has failed on the way"

    def let_call(self, rate: float, lasts_s: float) -> None:
        """Let callers call from now on."""
        env = self._pacer.env
        plans = callers(rate, lasts_s, self._clock.now() + SECOND, self._seed)
        self._pacer.act(lambda: env.process(arrive(env, self._pbx.offer_call, plans)))

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return self._served.desk.connections

    async def _log_on(self, agent_id: str) -> None:
        for state in ("loggedOn", "ready"):
            params = {"agentID": agent_id, "requestedAgentState": state}
            answered = await self.host.ask(
                f"{agent_id} {state}", "SetAgentState", params, f"agent:{agent_id}"
            )
            assert answered.error is None, answered.error

    def _look_up(self, asked: LookUp) -> None:
        self.host.submit(LookedUp(asked.call_id, Match.UNKNOWN))

    def _note(self, batch: Sequence[Logged]) -> None:
        now = time.monotonic_ns()
        for logged in batch:
            self.committed[logged.sequence] = now

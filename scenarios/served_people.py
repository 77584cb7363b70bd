"""The simulated people of a server in real time: agents who log on and take calls, and callers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import count

import simpy
import structlog
from simpy.events import ProcessGenerator

from agents.simulated import CREW_MINDS, Act, Comes, Crew, Goes, Shift
from csta.agent_events import AgentEvent
from csta.ids import AgentId
from csta.states import AgentState
from ctiserver.core.driver import Clock, Driver
from ctiserver.live.event_log import Logged
from ctiserver.live.ports import EngineHost
from scenarios.behaviour import Phones
from scenarios.caller_stream import all_calls
from scenarios.scenario import Scenario
from switch_sim.arrivals import arrive
from switch_sim.paced import Pacer
from switch_sim.switch import SimulatedPbx
from switch_sim.variates import Streams

PRINCIPAL = "simulated"
_log = structlog.get_logger(__name__)


class SimulatedAgents:
    """Log on at the start, are ready, come back after a missed call: by requests, as people do."""

    def __init__(self, host: EngineHost, clock: Clock, scenario: Scenario) -> None:
        """Nobody comes before `start`."""
        self._host = host
        self._count = count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        now = clock.now()
        shifts = [
            Shift(agent.agent_id, now)
            for agent in host.engine.directory
            if agent.state in (AgentState.NULL, AgentState.NOT_READY)
        ]
        self._crew: Driver[AgentEvent, Act] = Driver(
            Crew(tuple(shifts), scenario.behaviour.back_after_miss_ms), clock, self._act
        )
        host.log.listeners.append(self._hear)

    def start(self) -> None:
        """Let them come."""
        self._crew.start()

    def stop(self) -> None:
        """Let nobody do anything more."""
        self._crew.stop()

    def _hear(self, batch: Sequence[Logged]) -> None:
        for logged in batch:
            if isinstance(logged.event.data, CREW_MINDS):
                self._crew.submit(logged.event.data)

    def _act(self, acts: Sequence[Act], _now: int) -> None:
        for act in acts:
            task = asyncio.get_running_loop().create_task(self._do(act))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _do(self, act: Act) -> None:
        if isinstance(act, Goes):
            await self._ask(act.agent_id, "loggedOff", force=True)
            return
        here = self._host.engine.directory.agent(act.agent_id).state is not AgentState.NULL
        if isinstance(act, Comes) and not here:
            await self._ask(act.agent_id, "loggedOn")
        await self._ask(act.agent_id, "ready")

    async def _ask(self, agent_id: AgentId, state: str, **more: object) -> None:
        params = {"agentID": agent_id, "requestedAgentState": state, **more}
        answered = await self._host.ask(
            f"{PRINCIPAL}-{next(self._count)}", "SetAgentState", params, f"agent:{agent_id}"
        )
        if answered.error is not None:
            _log.info("agent.refused", agent=agent_id, state=state, why=answered.error.detail)


def simulate_phones(host: EngineHost, pbx: SimulatedPbx, scenario: Scenario, seed: int) -> None:
    """Let phones be answered as the scenario says."""
    phones = Phones(pbx, scenario.behaviour, Streams(seed).stream("agent_behaviour"))
    host.log.listeners.append(lambda batch: phones([logged.event for logged in batch]))


def simulate_callers(pacer: Pacer, pbx: SimulatedPbx, scenario: Scenario, seed: int) -> None:
    """Let the scenario's callers call from now on; when its time is over it begins anew."""
    pacer.act(lambda: pacer.env.process(_call_for_ever(pacer.env, pbx, scenario, seed)))


def _call_for_ever(
    env: simpy.Environment, pbx: SimulatedPbx, scenario: Scenario, seed: int
) -> ProcessGenerator:
    for turn in count():
        now = round(env.now)
        until = now + scenario.lasts_ms
        calls = all_calls(scenario.callers, Streams(seed + turn), scenario.customers, now, until)
        yield env.process(arrive(env, pbx.offer_call, calls))
        if env.now < until:
            yield env.timeout(until - round(env.now))

"""The composition root: one call centre, whole, in simulated or in real time.

`World` ties engine, simulated switch, store and crew together. In simulated time everything runs
on one SimPy environment; in real time the same objects run on an asyncio clock, and a pacer keeps
the environment of the switch in step with it. Nothing else differs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import simpy

from agents.simulated import CREW_MINDS, Act, Comes, Crew, Goes, Shift
from crm_bridge.bridge import Bridge, finish_now
from crm_bridge.store import MemoryStore, Store
from csta.agent_events import AgentEvent
from csta.ids import ulid
from csta.instants import Instant, Milliseconds
from ctiserver.core.config import EngineConfig
from ctiserver.core.driver import Clock, Driver
from ctiserver.core.engine import Engine
from ctiserver.core.inputs import EngineInput, LookedUp, Observed, Requested
from ctiserver.core.journal import Header, JournalWriter
from ctiserver.core.outbox import EngineDecision, LookUp, Reply, RouteQuestion
from ctiserver.core.outlets import Outlets
from ctiserver.core.switch_link import AnyObservation, SwitchLink
from ctiserver.core.wire import Published
from switch_sim.clock import SimpyClock
from switch_sim.config import PbxConfig
from switch_sim.switch import SimulatedPbx

_BATCH = 512


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a world is made of, beside its callers."""

    title: str
    engine: EngineConfig
    pbx: PbxConfig
    starts_at: Instant
    seed: int
    shifts: tuple[Shift, ...] = ()
    back_after_ms: Milliseconds = 60_000
    region: str = "DE"


class World:
    """One call centre at work."""

    def __init__(
        self,
        plan: Plan,
        *,
        store: Store | None = None,
        journal: Callable[[bytes], object] | None = None,
        clock: Clock | None = None,
        link: Callable[[SwitchLink], SwitchLink] | None = None,
        look_up: Callable[[LookUp], object] | None = None,
    ) -> None:
        """Build it; nothing happens before `start`.

        `clock`, `link` and `look_up` are for real time: the clock of the engine, a wrapper that
        paces the switch's link, and a look-up that answers later by `looked_up`.
        """
        self.plan = plan
        self.env = simpy.Environment(initial_time=plan.starts_at)
        self.pbx = SimulatedPbx(self.env, plan.pbx)
        self.clock: Clock = clock or SimpyClock(self.env)
        self.engine = Engine(plan.engine)
        self.epoch = ulid(plan.starts_at, plan.seed)
        self.store: Store = store or MemoryStore()
        names = {agent.agent_id: agent.name for agent in plan.engine.agents}
        self.bridge = Bridge(self.store, plan.region, epoch=self.epoch, agent_names=names)
        self.listeners: list[Callable[[Sequence[Published]], object]] = []
        self.replies: Callable[[Reply], object] = _refusals_are_faults
        self.routers: list[Callable[[RouteQuestion], object]] = []
        self._unprojected: list[Published] = []
        self._requests = 0
        writer = JournalWriter(journal, self._header()) if journal else None
        reach = link(self.pbx) if link else self.pbx
        outlets = Outlets(
            execute=reach.execute,
            reply=self._reply,
            publish=self._publish,
            look_up=look_up or self._look_up_now,
            ask_router=self._ask_routers,
            journal=writer,
        )
        self.driver: Driver[EngineInput, EngineDecision] = Driver(
            self.engine, self.clock, outlets.perform, writer.record if writer else None
        )
        self.crew: Driver[AgentEvent, Act] = Driver(
            Crew(plan.shifts, plan.back_after_ms), self.clock, self._crew_acts
        )
        reach.attach(self._observe)

    def start(self) -> None:
        """Let the agents come to work."""
        self.driver.start()
        self.crew.start()

    def run(self, until: Instant | None = None) -> None:
        """Let simulated time pass, until an instant or until nothing is left to happen.

        Raises:
            AssertionError: something is wrong with the engine's state; a note gives the seed.
        """
        try:
            self.env.run(until=until)
        except AssertionError as error:
            error.add_note(f"seed {self.plan.seed}")
            raise
        self.project_now()

    def request(self, service: str, principal: str | None = None, **params: object) -> str:
        """Ask the engine for a service, as a client would; gives the request's id."""
        self._requests += 1
        request_id = f"req-{self._requests}"
        self.driver.submit(Requested(request_id, service, params, principal))
        return request_id

    def looked_up(self, answer: LookedUp) -> None:
        """Hand the answer of a look-up to the engine."""
        self.driver.submit(answer)

    def take_unprojected(self) -> list[Published]:
        """Hand out the events that the store has not seen, for a projection in real time."""
        events, self._unprojected = self._unprojected, []
        return events

    def project_now(self) -> None:
        """Bring the store in memory up to date."""
        if isinstance(self.store, MemoryStore):
            finish_now(self.bridge.take(self.take_unprojected()))

    def _header(self) -> Header:
        return Header(
            epoch=self.epoch,
            source=f"/cti/offhook/{self.plan.engine.link_id}",
            seed=self.plan.seed,
            title=self.plan.title,
            config=self.plan.engine,
        )

    def _observe(self, observation: AnyObservation) -> None:
        self.driver.submit(Observed(observation))

    def _reply(self, reply: Reply) -> None:
        self.replies(reply)

    def _ask_routers(self, question: RouteQuestion) -> None:
        for router in self.routers:
            router(question)

    def _publish(self, events: Sequence[Published]) -> None:
        self._unprojected.extend(events)
        if len(self._unprojected) >= _BATCH:
            self.project_now()
        for event in events:
            if isinstance(event.data, CREW_MINDS):
                self.crew.submit(event.data)
        for listener in self.listeners:
            listener(events)

    def _look_up_now(self, asked: LookUp) -> None:
        match, card = finish_now(self.bridge.look_up(asked.number))
        self.driver.submit(LookedUp(asked.call_id, match, card))

    def _crew_acts(self, acts: Sequence[Act], _now: Instant) -> None:
        for act in acts:
            if isinstance(act, Goes):
                self._ask(act.agent_id, "loggedOff", force=True)
                continue
            if isinstance(act, Comes):
                self._ask(act.agent_id, "loggedOn")
            self._ask(act.agent_id, "ready")

    def _ask(self, agent_id: str, state: str, **more: object) -> None:
        self.request(
            "SetAgentState",
            principal=f"agent:{agent_id}",
            agentID=agent_id,
            requestedAgentState=state,
            **more,
        )


def _refusals_are_faults(reply: Reply) -> None:
    assert reply.error is None, f"request {reply.request_id} was refused: {reply.error}"

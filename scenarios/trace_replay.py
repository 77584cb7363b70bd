"""A recorded month, replayed through the whole call centre: trunk, flow, queue, agents, records.

The recipe is `scenarios.replay_plan`'s; here it is carried out by the same engine that runs live.
Each type of call dials its own number and meets its own flow, in which the caller presses a key
after the recorded time in the IVR: 1, or 2 when he is credited with waiting. The agents' phones
answer by themselves. Agents come, rest and go as `scenarios.attendance` orders.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence

import msgspec

from acd.config import AcdConfig, QueueConfig, ServiceOrder
from acd.stats import ContactFold
from agents.config import AgentConfig
from csta.agent_events import AgentBusy, AgentEvent, AgentNotReady
from csta.ids import device
from csta.instants import DAY, HOUR, Agenda, Instant, Milliseconds
from csta.states import AgentState, BusyPhase
from ctiserver.core.config import EngineConfig
from ctiserver.core.wire import Published
from ivr.config import Flow, MenuStep, QueueStep, Retry
from scenarios.attendance import Attendance, Duty, Order
from scenarios.replay_plan import PlannedCall, ReplayPlan, plan_replay
from scenarios.trace import Trace
from scenarios.trace_figures import WaitFigures, trace_figures, wait_figures
from scenarios.world import Plan, World
from switch_sim.arrivals import arrive
from switch_sim.callers import CallerPlan, Press
from switch_sim.config import DialledNumber, PbxConfig, TrunkGroupConfig, VoiceUnitsConfig
from switch_sim.variates import Streams

QUEUE = "bank"
TRUNKS = VOICE_UNITS = 300

MEAN_WAIT_MAX = 0.05
SL20_MAX = 0.02
ABANDONED_MAX = 0.007
"""The gate (validation §1.5): mean wait within 5 %, SL20 and abandonment within these points."""

_FIRST_STATION = 1001


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of data and replay; `difference` is relative for waits, in points for shares."""

    name: str
    data: float
    replay: float
    difference: float
    limit: float | None = None

    @property
    def passed(self) -> bool:
        """Tell whether the difference keeps its limit, if it has one."""
        return self.limit is None or abs(self.difference) <= self.limit


class TraceReplay(msgspec.Struct, frozen=True):
    """What came of a replay."""

    data: WaitFigures
    replay: WaitFigures
    checks: tuple[Check, ...]
    blocked: int

    @property
    def passed(self) -> bool:
        """Tell whether the gate is passed."""
        return all(check.passed for check in self.checks)


def replay_trace(
    trace: Trace,
    seed: int,
    *,
    title: str = "trace",
    journal: Callable[[bytes], object] | None = None,
    progress: Callable[[float], object] | None = None,
    listener: Callable[[Sequence[Published]], object] | None = None,
) -> TraceReplay:
    """Replay a trace; `progress` is told the share done, once for each simulated day.

    `listener` is told all events, as they are published.

    Raises:
        ValueError: the trace has no call that is used.
    """
    if not trace.calls:
        raise ValueError("there is no call to replay")
    plan = plan_replay(trace, Streams(seed))
    world = World(_world_plan(plan, title, seed), journal=journal)
    contacts = ContactFold()

    def fold(events: Sequence[Published]) -> None:
        for event in events:
            contacts.take(event.data, event.at)

    world.listeners.append(fold)
    if listener is not None:
        world.listeners.append(listener)
    _Rota(world, plan)
    keys = {call_type: dialled for dialled, call_type in _numbers(plan).items()}
    world.env.process(arrive(world.env, world.pbx.offer_call, _callers(plan.calls, keys)))
    world.start()
    begin, end = _span(plan)
    for until in range(begin + DAY, end + DAY, DAY):
        world.run(until)
        if progress is not None:
            progress(min(1.0, (until - begin) / (end - begin)))
    world.run()
    outcomes = [(contact.waited_ms or 0, contact.answered) for contact in contacts.finished]
    data = trace_figures(trace).waits
    replayed = wait_figures(outcomes)
    return TraceReplay(data, replayed, compare(data, replayed), world.pbx.ledger.blocked)


def compare(data: WaitFigures, replay: WaitFigures) -> tuple[Check, ...]:
    """Set the figures of a replay beside those of the data; three of them have limits."""

    def relative(name: str, member: str, limit: float | None = None) -> Check:
        ours, theirs = getattr(replay, member), getattr(data, member)
        difference = (ours - theirs) / theirs if theirs else float(ours != theirs)
        return Check(name=name, data=theirs, replay=ours, difference=difference, limit=limit)

    def points(name: str, member: str, limit: float | None = None) -> Check:
        ours, theirs = getattr(replay, member), getattr(data, member)
        return Check(name=name, data=theirs, replay=ours, difference=ours - theirs, limit=limit)

    return (
        relative("offered", "offered"),
        relative("mean wait, all offered", "mean_wait_ms", MEAN_WAIT_MAX),
        relative("ASA, mean wait of the answered", "mean_wait_of_served_ms"),
        relative("mean wait of the abandoned", "mean_wait_of_abandoned_ms"),
        points("SL20: answered within 20 s / offered", "served_within_20s_share", SL20_MAX),
        points("SL60: answered within 60 s / offered", "served_within_60s_share"),
        points("abandoned / offered", "abandoned_share", ABANDONED_MAX),
        points("P(wait > 0)", "wait_share"),
    )


class _Rota:
    """Sends agents to work, to rest and home: a small clockwork beside the world."""

    def __init__(self, world: World, plan: ReplayPlan) -> None:
        self._world = world
        self._attendance = Attendance()
        self._agenda: Agenda[tuple[str, str, Instant]] = Agenda()
        self._orders: deque[Order] = deque()
        self._obeying = False
        for agent in plan.agents:
            for run in agent.presence:
                self._agenda.set(("begins", agent.agent_id, run.start_at), run.start_at)
                self._agenda.set(("ends", agent.agent_id, run.end_at), run.end_at)
        world.listeners.append(self._watch)
        self._arm()

    def _arm(self) -> None:
        at = self._agenda.next_at()
        if at is not None:
            self._world.clock.call_at(at, self._ring)

    def _ring(self) -> None:
        for what, agent_id, _ in self._agenda.due(self._world.clock.now()):
            if what == "begins":
                self._obey(self._attendance.begins(agent_id))
            else:
                self._obey(self._attendance.ends(agent_id))
        self._arm()

    def _watch(self, events: Sequence[Published]) -> None:
        for event in events:
            change = event.data
            if isinstance(change, AgentEvent):
                self._follow(change)

    def _follow(self, change: AgentEvent) -> None:
        """Keep who takes a call from the next one: the rota says what comes after it."""
        agent_id = change.agent_id
        if isinstance(change, AgentBusy) and change.pending_agent_state is None:
            if change.busy_phase is BusyPhase.OFFERED:
                self._attendance.takes_call(agent_id)
                self._ask(agent_id, "notReady")
        elif isinstance(change, AgentNotReady) and change.previous_state in _AT_WORK:
            self._obey(self._attendance.finishes(agent_id))

    def _obey(self, orders: list[Order]) -> None:
        """Carry out orders in the order in which they were given: one may bring forth others."""
        self._orders.extend(orders)
        if self._obeying:
            return
        self._obeying = True
        while self._orders:
            order = self._orders.popleft()
            self._ask(order.agent_id, _STATE_OF_DUTY[order.duty])
        self._obeying = False

    def _ask(self, agent_id: str, state: str) -> None:
        self._world.request(
            "SetAgentState", agentID=agent_id, requestedAgentState=state, reasonCode="rota"
        )


_AT_WORK = (AgentState.BUSY, AgentState.WORKING_AFTER_CALL)
_STATE_OF_DUTY = {
    Duty.LOG_ON: "loggedOn",
    Duty.READY: "ready",
    Duty.REST: "notReady",
    Duty.LOG_OFF: "loggedOff",
}


def _callers(
    calls: Sequence[PlannedCall], numbers: dict[str, str]
) -> Iterator[tuple[Instant, CallerPlan]]:
    for serial, call in enumerate(calls):
        yield (
            call.arrived_at,
            CallerPlan(
                number=f"+9725{serial:08}",
                dialled=numbers[call.call_type],
                talk_ms=call.talk_ms,
                patience_ms=call.patience_ms,
                presses=(Press("", "2" if call.credit_ms else "1", call.vru_ms),),
            ),
        )


def _span(plan: ReplayPlan) -> tuple[Instant, Instant]:
    """Give the midnight before the first thing that happens, and the last arrival."""
    first = min(
        plan.calls[0].arrived_at,
        *(agent.presence[0].start_at for agent in plan.agents),
    )
    return first - first % DAY, plan.calls[-1].arrived_at


def _numbers(plan: ReplayPlan) -> dict[str, str]:
    types = sorted({call.call_type for call in plan.calls})
    return {f"+9723000{serial:04}": call_type for serial, call_type in enumerate(types, 1)}


def _flow(call_type: str) -> Flow:
    """Make the flow of one type of call: one key, pressed whenever the caller is through."""
    never = Retry(limit=1, go="served")
    return Flow(
        name=call_type,
        start="choose",
        on_limit=QUEUE,
        max_ms=DAY,
        steps={
            "choose": MenuStep(
                prompts=("sound:welcome",),
                timeout_ms=DAY,
                choices={"1": "served", "2": "credited"},
                no_input=never,
                no_match=never,
            ),
            "served": QueueStep(queue=QUEUE, skills={call_type: 1}),
            "credited": QueueStep(queue=QUEUE, priority=1, skills={call_type: 1}),
        },
    )


def _world_plan(plan: ReplayPlan, title: str, seed: int) -> Plan:
    numbers = _numbers(plan)
    agents = tuple(
        AgentConfig(
            agent.agent_id,
            agent.agent_id,
            device("station", str(_FIRST_STATION + serial)),
            dict.fromkeys(agent.call_types, 1),
        )
        for serial, agent in enumerate(plan.agents)
    )
    queue = QueueConfig(name=QUEUE, skills={}, wrap_up_ms=plan.wrap_up_ms, auto_answer=True)
    credit_ms: Milliseconds = max((call.credit_ms for call in plan.calls), default=0)
    begin, _ = _span(plan)
    return Plan(
        title=title,
        seed=seed,
        starts_at=begin,
        region="IL",
        engine=EngineConfig(
            link_id="sim1",
            acd=AcdConfig(queues=(queue,), order=ServiceOrder.AGED, ageing_ms=max(credit_ms, 1)),
            agents=agents,
            flows={call_type: _flow(call_type) for call_type in numbers.values()},
            numbers={
                dialled: device("routeing", call_type) for dialled, call_type in numbers.items()
            },
            default_device=device("acd", QUEUE),
        ),
        pbx=PbxConfig(
            trunk_groups=(TrunkGroupConfig("pstn", TRUNKS),),
            dialled_numbers=tuple(DialledNumber(number, "pstn") for number in numbers),
            stations=tuple(agent.device_id.partition(":")[2] for agent in agents),
            voice_units=(VoiceUnitsConfig(VOICE_UNITS),),
            idle_ms_max=12 * HOUR,
            ledger_max=0,
        ),
    )

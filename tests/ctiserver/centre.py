"""A small call centre for tests: its world, its log, and what people do in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from acd.config import AcdConfig, QueueConfig
from agents.config import AgentConfig
from csta.ids import CallId, DeviceId, LegId
from csta.instants import MINUTE, Instant, Milliseconds
from ctiserver.core.config import EngineConfig
from ctiserver.core.outbox import Reply
from ctiserver.core.switch_link import SwitchLink
from ctiserver.core.wire import Published
from ivr.config import Flow
from scenarios.world import Plan, World
from switch_sim.callers import CallerPlan, Press
from switch_sim.config import (
    DialledNumber,
    OutsideParty,
    PbxConfig,
    PhoneAct,
    PhoneBehaviour,
    Route,
    TrunkGroupConfig,
    VoiceUnitsConfig,
)

START: Instant = 1_700_000_000_000
OURS = "+4930100"
CALLER = "+491701234567"
FOR_EVER: Milliseconds = 10_000 * MINUTE
BUSY_NUMBER = "+498999"

SALES = QueueConfig(name="sales", skills={"sales": 1}, wrap_up_ms=5_000)
ANNA = AgentConfig("anna", "Anna", "station:1001", {"sales": 5})
BEA = AgentConfig("bea", "Bea", "station:1002", {"sales": 3})


def centre_plan(
    *,
    acd: AcdConfig | None = None,
    agents: tuple[AgentConfig, ...] = (ANNA, BEA),
    flows: dict[str, Flow] | None = None,
    numbers: dict[str, DeviceId] | None = None,
    voice_units: int = 2,
    seed: int = 1,
) -> Plan:
    """Plan a centre whose one number leads to the queue `sales`, unless told otherwise."""
    numbers = {OURS: "acd:sales"} if numbers is None else numbers
    return Plan(
        title="test",
        engine=EngineConfig(
            link_id="sim1",
            acd=acd or AcdConfig(queues=(SALES,)),
            agents=agents,
            flows=flows or {},
            numbers=numbers,
            default_device=next(iter(numbers.values())),
        ),
        pbx=PbxConfig(
            trunk_groups=(TrunkGroupConfig("pstn", 10),),
            dialled_numbers=tuple(DialledNumber(number, "pstn") for number in numbers),
            stations=tuple(agent.device_id.partition(":")[2] for agent in agents),
            voice_units=(VoiceUnitsConfig(voice_units),) if voice_units else (),
            routes=(Route(("pstn",)),),
            outside=(OutsideParty(PhoneBehaviour(PhoneAct.BUSY, 1_000), BUSY_NUMBER),),
        ),
        starts_at=START,
        seed=seed,
    )


class Centre:
    """A world in simulated time that has started, its log, and the replies to requests."""

    def __init__(
        self,
        plan: Plan | None = None,
        journal: Callable[[bytes], object] | None = None,
        link: Callable[[SwitchLink], SwitchLink] | None = None,
    ) -> None:
        """Start it; nobody is logged on."""
        self.world = World(plan or centre_plan(), journal=journal, link=link)
        self.pbx = self.world.pbx
        self.engine = self.world.engine
        self.log: list[Published] = []
        self.world.listeners.append(self.log.extend)
        self.replies: dict[str, Reply] = {}
        self.world.replies = self._note_reply
        self.world.start()

    def _note_reply(self, reply: Reply) -> None:
        self.replies[reply.request_id] = reply

    @property
    def now(self) -> Instant:
        """The present instant."""
        return self.world.clock.now()

    def wait(self, duration_ms: Milliseconds) -> None:
        """Let time pass, to the end of the last millisecond."""
        if duration_ms:
            self.world.run(self.now + duration_ms)
        while self.world.env.peek() <= self.now:
            self.world.env.step()

    def ask(self, service: str, **params: Any) -> Reply:
        """Ask for a service, and give the answer."""
        return self.replies[self.world.request(service, **params)]

    def asked(self, service: str, **params: object) -> Any:  # noqa: ANN401 - each service has its own
        """Ask for a service that must be granted, and give its result."""
        reply = self.ask(service, **params)
        assert reply.error is None, reply.error
        return reply.result

    def log_on(self, *agent_ids: str) -> None:
        """Let agents log on and be ready."""
        for agent_id in agent_ids:
            self.set_agent(agent_id, "loggedOn")
            self.set_agent(agent_id, "ready")

    def set_agent(self, agent_id: str, state: str, **more: object) -> None:
        """Ask for an agent's state."""
        self.asked("SetAgentState", agentID=agent_id, requestedAgentState=state, **more)

    def phone(self, device: DeviceId, act: PhoneAct, after_ms: Milliseconds = 0) -> None:
        """Tell what a phone does from now on when it is called."""
        self.pbx.dial_plan.phones[device].behaviour = PhoneBehaviour(act, after_ms)

    def call(
        self,
        number: str = CALLER,
        dialled: str = OURS,
        *,
        talk_ms: Milliseconds = FOR_EVER,
        patience_ms: Milliseconds | None = None,
        presses: tuple[Press, ...] = (),
    ) -> LegId:
        """Let a caller call, and give his leg."""
        assert self.pbx.offer_call(
            CallerPlan(
                number=number,
                dialled=dialled,
                talk_ms=talk_ms,
                patience_ms=patience_ms,
                presses=presses,
            )
        )
        leg = self.pbx.ledger.entries[-1].leg
        assert leg is not None
        return leg

    def everybody_hangs_up(self) -> None:
        """Let all parties hang up, as often as it takes: nothing is left in the switch."""
        for _ in range(10):
            for leg in self.pbx.snapshot():
                self.pbx.hang_up(leg["leg"])
            self.wait(30_000)
        assert self.pbx.snapshot() == ()

    def events(self, *kinds: str) -> list[Published]:
        """Give the events of these kinds, by their names, in order; none given is all."""
        return [e for e in self.log if not kinds or type(e.data).__name__ in kinds]

    def story(self, *kinds: str) -> list[str]:
        """Tell each event in short: its name, whose it is, and why."""
        return [told(event) for event in self.events(*kinds)]

    def call_ids(self) -> list[CallId]:
        """Name the calls, in the order in which they appeared."""
        return list(
            dict.fromkeys(e.subject.removeprefix("call/") for e in self.log if "call/" in e.subject)
        )


def told(event: Published) -> str:
    """Write an event in short: `Delivered(station:1001; distributed)`."""
    data = event.data
    whose = getattr(data, "agent_id", None)
    connection = getattr(data, "connection", None)
    if whose is None:
        whose = "" if connection is None else connection.device_id
    cause = getattr(data, "cause", None) or getattr(data, "reason", "")
    return f"{type(data).__name__}({whose}; {cause})"

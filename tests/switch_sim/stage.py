"""A small switch on a stage: commands go in, observations are written down; and a toy engine."""

from __future__ import annotations

import simpy

from csta.ids import DeviceId, LegId
from csta.instants import Instant
from ctiserver.core.switch_link import (
    Answer,
    AnyCommand,
    AnyObservation,
    Clear,
    Dial,
    Join,
    LegGone,
    LegSeen,
    LegUp,
    Play,
    SwitchLink,
)
from switch_sim.callers import CallerPlan
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
from switch_sim.switch import SimulatedPbx

START: Instant = 1_700_000_000_000
OURS = "+4930100"
ANI = "+491701234567"
A = "station:1001"
B = "station:1002"

CONFIG = PbxConfig(
    trunk_groups=(TrunkGroupConfig("pstn", 4), TrunkGroupConfig("reserve", 1)),
    dialled_numbers=(DialledNumber(OURS, "pstn"), DialledNumber("+4930101", "reserve")),
    stations=("1001", "1002", "1003"),
    voice_units=(VoiceUnitsConfig(2),),
    routes=(Route(("pstn", "reserve"), "+49"), Route(("reserve",), "+4989")),
    outside=(
        OutsideParty(PhoneBehaviour(PhoneAct.ANSWERS, 4_000), "+49"),
        OutsideParty(PhoneBehaviour(PhoneAct.BUSY, 1_500), "+49301"),
        OutsideParty(PhoneBehaviour(PhoneAct.NO_ANSWER, 60_000), "+49302"),
        OutsideParty(PhoneBehaviour(PhoneAct.UNPLUGGED), "+49303"),
    ),
)


class Stage:
    """A switch, its time, and all that it told, each with the milliseconds since the start."""

    def __init__(self, config: PbxConfig = CONFIG) -> None:
        """Set the switch up, and listen to it."""
        self.env = simpy.Environment(initial_time=START)
        self.pbx = SimulatedPbx(self.env, config)
        self.told: list[tuple[int, AnyObservation]] = []
        self.pbx.attach(self.note)

    def note(self, observation: AnyObservation) -> None:
        """Write an observation down."""
        self.told.append((round(self.env.now) - START, observation))

    def do(self, *commands: AnyCommand) -> list[AnyObservation]:
        """Carry out commands, and take what is told of them at once."""
        for command in commands:
            self.pbx.execute(command)
        return self.take()

    def wait(self, milliseconds: int) -> list[AnyObservation]:
        """Let time pass, to the end of the last millisecond, and take what is told."""
        pass_time(self.env, milliseconds)
        return self.take()

    def take(self) -> list[AnyObservation]:
        """Take what has been told since it was last taken."""
        told = [observation for _, observation in self.told]
        self.told.clear()
        return told

    def call(self, plan: CallerPlan | None = None) -> LegId:
        """Let a caller call, answer him, and give his leg; nothing of it stays told."""
        assert self.pbx.offer_call(plan or caller())
        leg = self.told[-1][1]
        assert isinstance(leg, LegSeen)
        self.do(Answer(leg.leg))
        return leg.leg

    def dial(self, leg: LegId, device: DeviceId) -> LegId:
        """Bring a phone into a leg that is up, and give it; nothing of it stays told."""
        self.do(Dial(leg, device=device, auto_answer=True))
        return leg


def pass_time(env: simpy.Environment, milliseconds: int) -> None:
    """Let time pass, to the end of the last millisecond."""
    end = round(env.now) + milliseconds
    if milliseconds:
        env.run(until=end)
    while env.peek() <= end:
        env.step()


def caller(
    talk_ms: int = 60_000, patience_ms: int | None = None, dialled: str = OURS
) -> CallerPlan:
    """Plan a caller who presses nothing."""
    return CallerPlan(number=ANI, dialled=dialled, talk_ms=talk_ms, patience_ms=patience_ms)


class ToyEngine:
    """Answers each caller, plays music, dials the next free phone, joins, and clears who is left.

    It acts within the observation, which no real engine does: the switch must stand that too.
    """

    def __init__(self, link: SwitchLink, phones: tuple[DeviceId, ...]) -> None:
        """Serve callers with these phones."""
        self.link = link
        self.free = list(phones)
        self.partner: dict[LegId, LegId] = {}
        self.phone_of: dict[LegId, DeviceId] = {}
        self.waiting: list[LegId] = []
        self.dialled = 0

    def observe(self, observation: AnyObservation) -> None:
        """React to what the switch tells."""
        leg = getattr(observation, "leg", "")
        match observation:
            case LegSeen() if leg not in self.phone_of:
                self.link.execute(Answer(leg))
                self.link.execute(Play(leg, play_id=f"{leg}/1", uri="music:waiting"))
                self.waiting.append(leg)
            case LegUp() if leg in self.phone_of and leg in self.partner:
                self.link.execute(Join(leg, legs=(self.partner[leg], leg)))
            case LegGone():
                self.lose(leg)
        self.serve()

    def serve(self) -> None:
        """Bring those who wait to phones that are free."""
        while self.waiting and self.free:
            leg, device = self.waiting.pop(0), self.free.pop(0)
            self.dialled += 1
            own = f"l-{self.dialled}"
            self.phone_of[own] = device
            self.partner[own], self.partner[leg] = leg, own
            self.link.execute(Dial(own, device=device))

    def lose(self, leg: LegId) -> None:
        """Clear who was together with a leg that is gone."""
        if leg in self.phone_of:
            self.free.append(self.phone_of.pop(leg))
        if leg in self.waiting:
            self.waiting.remove(leg)
        other = self.partner.pop(leg, None)
        if other is not None and self.partner.pop(other, None) is not None:
            self.link.execute(Clear(other))

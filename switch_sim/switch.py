"""The simulated switch: carries out commands, lets its parties act, and tells what is observed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import simpy

from csta.causes import Cause
from csta.ids import DeviceId, LegId, category_of, local_part
from csta.instants import Instant, Milliseconds
from ctiserver.core.driver import Timer
from ctiserver.core.switch_link import (
    Answer,
    AnyCommand,
    AnyObservation,
    Clear,
    Detect,
    DeviceBack,
    DeviceLost,
    Dial,
    Digit,
    Hold,
    Join,
    LegGone,
    LegHeld,
    LegRinging,
    LegSeen,
    LegUp,
    Listen,
    RefuseTransfer,
    SendDigits,
    TransferAsked,
)
from switch_sim import conversations, plays, recordings
from switch_sim.callees import detect
from switch_sim.callers import KEYS, Caller, CallerPlan
from switch_sim.clock import SimpyClock
from switch_sim.config import PbxConfig
from switch_sim.dial_plan import DialPlan
from switch_sim.ledger import Ledger
from switch_sim.legs import NOBODY, Direction, Leg
from switch_sim.trunks import TrunkBoard


class SimulatedPbx:
    """A private branch exchange in the box, with everybody who uses it: a `SwitchLink`.

    Observations are told at once and in the order of their causes. Each command and each act of a
    party is done wholly before the first observation of it is told, so that what the observer asks
    for in answer finds the switch in order.
    """

    def __init__(self, env: simpy.Environment, config: PbxConfig) -> None:
        """Build the switch; `env.now` must be a whole number of milliseconds since the epoch."""
        self.link_id = config.link_id
        self.config = config
        self.dial_plan = DialPlan(config)
        self.ledger = Ledger(config.ledger_max)
        self._clock = SimpyClock(env)
        self._legs: dict[LegId, Leg] = {}
        self._serial = 0
        self._observe: Callable[[AnyObservation], None] | None = None
        self._untold: deque[AnyObservation] = deque()
        self._telling = False
        self._carry_out: Mapping[type, Callable[[Any], None]] = {
            Answer: self._answer,
            Dial: self._dial,
            Join: self._join,
            Hold: self._hold,
            Listen: self._listen,
            Detect: partial(detect, self, self._legs, self._untold.append),
            Clear: self._clear,
            SendDigits: self._send_digits,
            RefuseTransfer: self._refuse_transfer,
            **plays.commands(self, self._legs, self._untold.append),
            **recordings.commands(self._legs),
        }

    # The contract of a link.

    def execute(self, command: AnyCommand) -> None:
        """Carry out a command. One for a leg that is gone, or never was, does nothing."""
        self._carry_out[type(command)](command)
        self._tell()

    def attach(self, observe: Callable[[AnyObservation], None]) -> None:
        """Tell observations to this function from now on; before, they are lost."""
        self._observe = observe

    def snapshot(self) -> tuple[dict[str, Any], ...]:
        """Tell of all legs, in the order in which they came to be, for `LinkUp`.

        Each has the members of `LegNow`.
        """
        return tuple(leg.snapshot() for leg in self._legs.values())

    def lost_phones(self) -> tuple[DeviceId, ...]:
        """Name the phones that cannot be reached, as far as the switch knows, for `LinkUp`."""
        return tuple(device for device, phone in self.dial_plan.phones.items() if phone.lost)

    def boards(self) -> tuple[TrunkBoard, ...]:
        """Tell how each trunk group stands now, in the order of the configuration."""
        now = self.now()
        return tuple(group.board(now) for group in self.dial_plan.trunks.values())

    # What people do.

    def offer_call(self, plan: CallerPlan) -> bool:
        """Let a caller call; False when all trunks for the number are in use.

        Raises:
            ValueError: The number dialled is none of this switch.
        """
        now = self.now()
        trunk = self.dial_plan.trunks_in(plan.dialled)
        entry = self.ledger.offer(plan.number, plan.dialled, now)
        if not trunk.seize(now):
            self.ledger.block()
            return False
        caller = Caller(self, plan, entry)
        leg = Leg(
            self._mint(),
            trunk.device,
            caller,
            Direction.IN,
            ani=plan.number,
            dnis=plan.dialled,
            trunk=trunk,
        )
        entry.leg = leg.id
        self._begin(leg)
        caller.begin(leg)
        self._tell()
        return True

    def dial_from(self, device: DeviceId, number: str) -> LegId | None:
        """Let somebody pick up a phone and dial; None when that phone is in use or unplugged."""
        phone = self.dial_plan.phones[device]
        if phone.refusal() is not None:
            return None
        ani = local_part(device)
        leg = Leg(self._mint(), device, phone, Direction.IN, ani=ani, dnis=number)
        phone.leg = leg
        self._begin(leg)
        self.pick_up(leg)
        self._tell()
        return leg.id

    def answer(self, device: DeviceId) -> None:
        """Let somebody pick up a phone that rings."""
        leg = self._leg_at(device)
        if leg is not None and leg.ringing:
            self.pick_up(leg)
            self._tell()

    def hang_up(self, name: DeviceId | LegId) -> None:
        """Let the party at a phone, or on a leg, hang up; a phone that rings rejects the call."""
        leg = self._leg_at(name)
        if leg is None:
            return
        if leg.up:
            cause = Cause.NORMAL_CLEARING
        else:
            cause = Cause.CALL_CANCELLED if leg.direction is Direction.IN else Cause.BLOCKED
        self.let_go(leg, cause)
        self._tell()

    def press(self, name: DeviceId | LegId, digits: str) -> None:
        """Let the party at a phone, or on a leg, press keys.

        Raises:
            ValueError: A character is on no key.
        """
        if not KEYS.issuperset(digits):
            raise ValueError(f"'{digits}' cannot be pressed: the keys are 0-9 A-D * #")
        leg = self._leg_at(name)
        if leg is not None:
            self.key(leg, digits)
            self._tell()

    def hold(self, device: DeviceId) -> None:
        """Let somebody press the hold key of a phone."""
        leg = self._leg_at(device)
        if leg is not None and leg.company is not None:
            conversations.hold(leg, self._untold.append)
            self._tell()

    def retrieve(self, device: DeviceId) -> None:
        """Let somebody take back whom a phone has on hold."""
        leg = self._leg_at(device)
        if leg is not None and leg.held_from is not None:
            conversations.retrieve(leg, self._untold.append)
            self._tell()

    def transfer(self, device: DeviceId, number: str) -> None:
        """Let somebody press the transfer key of a phone in a call, and dial; one try at a time."""
        leg = self._leg_at(device)
        if leg is not None and leg.up and not leg.transfers:
            leg.transfers = True
            self._untold.append(TransferAsked(leg.id, number=number))
            self._tell()

    def unplug(self, device: DeviceId) -> None:
        """Let a phone be lost, and the switch tell of it; whatever goes on there ends.

        Who behaves as `PhoneAct.UNPLUGGED` cannot be called either, but nobody tells of it.
        """
        phone = self.dial_plan.phones[device]
        if phone.lost:
            return
        phone.lost = True
        self._untold.append(DeviceLost(device))
        if phone.leg is not None:
            self._end(phone.leg, Cause.DEST_OUT_OF_ORDER, far_end=True)
        self._tell()

    def plug_in(self, device: DeviceId) -> None:
        """Let a phone that was lost be there again, and the switch tell of it."""
        phone = self.dial_plan.phones[device]
        if phone.lost:
            phone.lost = False
            self._untold.append(DeviceBack(device))
            self._tell()

    def digits_heard(self, name: DeviceId | LegId) -> str:
        """Give all digits that the party at a phone, or on a leg, has been sent."""
        leg = self._leg_at(name)
        return "" if leg is None else leg.digits_heard

    def hears(self, name: DeviceId | LegId) -> tuple[DeviceId, ...]:
        """Name the devices whose parties are heard at a phone, or on a leg; music is none."""
        leg = self._leg_at(name)
        return () if leg is None else tuple(other.device for other in conversations.voices(leg))

    # What the parties do: the `Exchange` that they see.

    def now(self) -> Instant:
        """Give the present instant."""
        return self._clock.now()

    def after(self, delay_ms: Milliseconds, action: Callable[[], None]) -> Timer:
        """Let a party act so much later."""
        return self._clock.call_in(delay_ms, partial(self._act, action))

    def ring(self, leg: Leg) -> None:
        """The party's phone rings."""
        leg.ringing = True
        self._untold.append(LegRinging(leg.id))

    def pick_up(self, leg: Leg) -> None:
        """The party answers; nothing happens when it has done so."""
        if leg.up:
            return
        leg.up = True
        leg.ringing = False
        if leg.ring_timer is not None:
            leg.ring_timer.cancel()
        self._untold.append(LegUp(leg.id))
        for other in list(leg.company.values()) if leg.company else ():
            other.party.company_changed(other)

    def let_go(self, leg: Leg, cause: Cause) -> None:
        """The party hangs up, or refuses."""
        self._end(leg, cause, far_end=True)

    def key(self, leg: Leg, digits: str) -> None:
        """The party presses keys; nothing happens when its leg is gone."""
        if leg.id in self._legs:
            self._untold.extend(Digit(leg.id, digit=digit) for digit in digits)

    # Commands.

    def _answer(self, command: Answer) -> None:
        """Answer an incoming call, or let a ringing station answer (CSTA AnswerCall)."""
        leg = self._legs.get(command.leg)
        if leg is not None and (leg.direction is Direction.IN or self._rings_here(leg)):
            self.pick_up(leg)

    def _dial(self, command: Dial) -> None:
        if command.leg in self._legs:
            return
        reached = self.dial_plan.reach(command.device, self.now())
        if isinstance(reached, Cause):
            self._untold.append(LegGone(command.leg, cause=reached))
            return
        leg = Leg(
            command.leg,
            reached.device,
            reached.party,
            Direction.OUT,
            ani=command.calling,
            dnis=reached.dnis,
            trunk=reached.trunk,
        )
        self._begin(leg)
        reached.party.called(self, leg, auto_answer=command.auto_answer)

    def _join(self, command: Join) -> None:
        """Join those that are still there; if only one of several is, nothing is joined."""
        there = [leg for leg_id in command.legs if (leg := self._legs.get(leg_id)) is not None]
        if len(there) >= min(2, len(command.legs)):
            for leg in there:
                plays.silence(leg)
            conversations.join(there, self._untold.append)

    def _hold(self, command: Hold) -> None:
        """Hold; a leg that is on hold already is told as held once more."""
        leg = self._legs.get(command.leg)
        if leg is not None and leg.held_from is not None:
            self._untold.append(LegHeld(leg.id))
        elif leg is not None and leg.up:
            conversations.hold(leg, self._untold.append)

    def _listen(self, command: Listen) -> None:
        conversations.listen(self._legs, command, self._untold.append)

    def _clear(self, command: Clear) -> None:
        leg = self._legs.get(command.leg)
        if leg is not None:
            self._end(leg, command.cause, far_end=False)

    def _send_digits(self, command: SendDigits) -> None:
        leg = self._legs.get(command.leg)
        if leg is not None:
            leg.digits_heard += command.digits

    def _refuse_transfer(self, command: RefuseTransfer) -> None:
        """Let the phone show that its call stays as it is."""
        leg = self._legs.get(command.leg)
        if leg is not None:
            leg.transfers = False

    # Steps that several of them take.

    def _mint(self) -> LegId:
        self._serial += 1
        return f"{self.link_id}-{self._serial}"

    def _begin(self, leg: Leg) -> None:
        self._legs[leg.id] = leg
        self._untold.append(LegSeen(leg.id, device=leg.device, ani=leg.ani, dnis=leg.dnis))

    def _end(self, leg: Leg, cause: Cause, *, far_end: bool) -> None:
        del self._legs[leg.id]
        plays.silence(leg)
        if leg.ring_timer is not None:
            leg.ring_timer.cancel()
        if leg.trunk is not None:
            leg.trunk.release(self.now())
        self._untold.append(LegGone(leg.id, cause=cause, far_end=far_end))
        conversations.leave(leg, hung_up=far_end)
        party, leg.party = leg.party, NOBODY
        party.gone(leg, cause, far_end=far_end)

    def _leg_at(self, name: DeviceId | LegId) -> Leg | None:
        phone = self.dial_plan.phones.get(name)
        return self._legs.get(name) if phone is None else phone.leg

    def _rings_here(self, leg: Leg) -> bool:
        return leg.ringing and category_of(leg.device) == "station"

    def _act(self, action: Callable[[], None]) -> None:
        action()
        self._tell()

    def _tell(self) -> None:
        """Tell what has been observed; what is observed meanwhile is told after it."""
        if self._telling:
            return
        self._telling = True
        try:
            while self._untold:
                observation = self._untold.popleft()
                if self._observe is not None:
                    self._observe(observation)
        finally:
            self._telling = False

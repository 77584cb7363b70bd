"""Laws of the exchange: whatever is asked and told, in any order, twice or not at all (G11)."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ctiserver.core.switch_link import (
    Answer,
    AnyCommand,
    AnyObservation,
    Clear,
    Dial,
    Hold,
    Join,
    LegGone,
    LegNow,
    LegSeen,
    LegUp,
    Listen,
    Play,
    Record,
    StopPlay,
    StopRecording,
)
from tests.ari.pretended import PretendedAsterisk

_SOUNDS = ("sound:welcome", "music:calm", "tone:ringback", "tts:hello")
_NUMBERS = st.integers(0, 5)


class Exchange(RuleBasedStateMachine):
    """People call, answer, press, hold and hang up; the engine asks for anything at all.

    The pretended Asterisk itself checks what may not be asked of it.
    """

    def __init__(self) -> None:
        """Begin with nobody."""
        super().__init__()
        self.asterisk = PretendedAsterisk()
        self.asterisk.connect()
        self.dialled = 0
        self.seen: set[str] = set()
        self.up: set[str] = set()
        self.gone: set[str] = set()

    def take(self, told: list[AnyObservation]) -> None:
        """Hold what is told against what was told before."""
        for what in told:
            leg = getattr(what, "leg", None)
            if isinstance(what, LegSeen):
                assert leg not in self.seen, f"{leg} is seen twice"
                self.seen.add(what.leg)
            elif isinstance(what, LegUp):
                assert leg not in self.up, f"{leg} is up twice"
                self.up.add(what.leg)
            elif isinstance(what, LegGone):
                assert leg not in self.gone, f"{leg} is gone twice"
                self.gone.add(what.leg)
            assert leg is None or leg in self.seen | self.gone, f"{what} comes before {leg} is seen"

    def leg(self, number: int) -> str:
        """Choose a leg that is there, or one that is none."""
        legs = [leg for leg in self.seen if leg not in self.gone]
        return sorted(legs)[number % len(legs)] if legs else "l-none"

    def ask(self, *commands: AnyCommand) -> None:
        """Give commands."""
        self.take(self.asterisk.do(*commands))

    @rule(phone=st.booleans())
    def somebody_calls(self, *, phone: bool) -> None:
        name = "PJSIP/1001" if phone else "PJSIP/carrier"
        self.take(self.asterisk.call(name)[1])

    @rule(device=st.sampled_from(["station:1002", "group:ivr", "number:+15559"]))
    def somebody_is_dialled(self, device: str) -> None:
        self.dialled += 1
        self.ask(Dial(f"l-{self.dialled}", device=device))

    @rule(number=_NUMBERS)
    def a_phone_is_answered(self, number: int) -> None:
        channel = self.asterisk.channels.get(self.leg(number))
        if channel is not None and channel.dialled and channel.state == "Ringing":
            self.take(self.asterisk.phone_answers(self.leg(number)))

    @rule(numbers=st.lists(_NUMBERS, min_size=1, max_size=4))
    def some_are_joined(self, numbers: list[int]) -> None:
        legs = tuple(dict.fromkeys(self.leg(number) for number in numbers))
        self.ask(*(Answer(leg) for leg in legs), Join(legs[0], legs=legs))

    @rule(number=_NUMBERS, to=_NUMBERS, coach=st.booleans())
    def one_listens(self, number: int, to: int, *, coach: bool) -> None:
        self.ask(Listen(self.leg(number), to=self.leg(to), coach=coach))

    @rule(number=_NUMBERS, what=st.sampled_from(["Hold", "Clear", "Record", "StopRecording"]))
    def something_is_done(self, number: int, what: str) -> None:
        leg = self.leg(number)
        commands: dict[str, AnyCommand] = {
            "Hold": Hold(leg),
            "Clear": Clear(leg),
            "Record": Record(leg, recording_id="r-1"),
            "StopRecording": StopRecording(leg, recording_id="r-1"),
        }
        self.ask(commands[what])

    @rule(number=_NUMBERS, sound=st.sampled_from(_SOUNDS), stop=st.booleans())
    def something_plays(self, number: int, sound: str, *, stop: bool) -> None:
        leg = self.leg(number)
        self.ask(Play(leg, play_id="p-1", uri=sound))
        if stop:
            self.ask(StopPlay(leg, play_id="p-1"))

    @rule(number=_NUMBERS)
    def a_sound_ends(self, number: int) -> None:
        channel = self.asterisk.channels.get(self.leg(number))
        if channel is not None and channel.playbacks:
            self.take(self.asterisk.finish_playing(self.leg(number)))

    @rule(number=_NUMBERS, key=st.sampled_from(["ChannelHold", "ChannelUnhold"]))
    def a_phone_holds(self, number: int, key: str) -> None:
        if self.leg(number) in self.asterisk.channels:
            self.take(self.asterisk.event(key, self.leg(number)))

    @rule(number=_NUMBERS)
    def somebody_hangs_up(self, number: int) -> None:
        if self.leg(number) in self.asterisk.channels:
            self.take(self.asterisk.hang_up(self.leg(number)))

    @rule(number=_NUMBERS, kind=st.sampled_from(["StasisStart", "ChannelStateChange", "Dial"]))
    def an_event_comes_twice(self, number: int, kind: str) -> None:
        leg = self.leg(number)
        channel = self.asterisk.channels.get(leg)
        if channel is not None:
            more = {"args": channel.arguments} if kind == "StasisStart" else {"dialstatus": ""}
            self.take(self.asterisk.event(kind, leg, **more))

    @rule(number=_NUMBERS, kind=st.sampled_from(["StasisEnd", "ChannelDestroyed"]))
    @precondition(lambda self: self.gone)
    def an_end_comes_twice(self, number: int, kind: str) -> None:
        leg = sorted(self.gone)[number % len(self.gone)]
        event = {"type": kind, "channel": {"id": leg}}
        self.asterisk.exchange.hear(event)
        self.take(self.asterisk.settle())

    @rule(restarted=st.booleans())
    def the_link_is_lost_and_back(self, *, restarted: bool) -> None:
        if not restarted:
            self.asterisk.exchange.disconnected()
            self.asterisk.settle()
        up = self.asterisk.restart_link() if restarted else self.asterisk.connect()
        now = {told["leg"]: told for told in up.legs}
        lost = {leg for leg in self.seen - self.gone if leg not in now}
        assert all(leg not in self.asterisk.channels for leg in lost), "a channel is not told of"
        assert set(now) <= self.seen, "somebody is told of who never came"
        for told in now.values():
            if LegNow(**told).state == "up":
                self.up.add(told["leg"])
        self.gone |= lost

    @invariant()
    def nobody_is_there_of_whom_nothing_was_told(self) -> None:
        channels = {
            name
            for name, channel in self.asterisk.channels.items()
            if not channel.name.startswith("Snoop/")
        }
        assert channels == {leg for leg in self.seen - self.gone if leg in channels}

    @invariant()
    def no_bridge_is_left_without_anybody_for_long(self) -> None:
        assert all(self.asterisk.bridges.values()), self.asterisk.bridges


TestExchange = Exchange.TestCase
TestExchange.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)

"""A switch in a process of its own, as tests and demonstrations reach it: by its socket."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import simpy

from csta.instants import MINUTE
from ctiserver.core.driver import ManualClock
from ctiserver.core.link_lines import Controls, FromSwitch, Heartbeat, line_of
from ctiserver.core.switch_link import (
    Answer,
    AnyCommand,
    AnyObservation,
    Dial,
    LegSeen,
    LegUp,
    LinkUp,
    Play,
    TransferAsked,
)
from scenarios.scenario import LIBRARY
from switch_sim.acts import (
    AnyAct,
    AskEntries,
    AskFigures,
    AskLegs,
    DialFrom,
    HangUp,
    LetPhone,
    OfferCall,
    PickUp,
    PressKeys,
    Transfer,
)
from switch_sim.callers import CallerPlan
from switch_sim.config import PhoneAct
from switch_sim.paced import Pacer
from switch_sim.served import ServedPbx
from switch_sim.switch import SimulatedPbx
from tests.repository import ROOT
from tests.switch_sim.stage import ANI, CONFIG, OURS, START, A

SOON_S = 20.0
PATIENT = CallerPlan(number=ANI, dialled=OURS, talk_ms=MINUTE, patience_ms=MINUTE)


class Connection:
    """One connection to a switch."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak by these."""
        self._reader = reader
        self._writer = writer
        self._decoder: msgspec.json.Decoder[FromSwitch] = msgspec.json.Decoder(FromSwitch)

    async def line(self) -> bytes:
        async with asyncio.timeout(SOON_S):
            return await self._reader.readline()

    async def hear(self) -> AnyObservation:
        """Give the next observation."""
        while True:
            heard = self._decoder.decode(await self.line())
            if not isinstance(heard, Heartbeat):
                return heard

    def say(self, message: AnyCommand | Controls) -> None:
        self._writer.write(line_of(message))

    async def act(self, act: AnyAct) -> Any:  # noqa: ANN401 - JSON
        """Let somebody act, and give what is answered."""
        return await self.answer_to(msgspec.json.encode(act))

    async def answer_to(self, line: bytes) -> Any:  # noqa: ANN401 - JSON
        self._writer.write(line + b"\n")
        answer = msgspec.json.decode(await self.line())
        return answer.get("result", answer)

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


class Hall:
    """A served switch whose time is turned by hand, and connections to it."""

    def __init__(self, clock: ManualClock, served: ServedPbx, address: str) -> None:
        """Reach it at this address."""
        self.clock = clock
        self.served = served
        self.address = address
        self._connections: list[Connection] = []

    async def connect(self) -> Connection:
        if self.address.startswith("unix:"):
            pair = await asyncio.open_unix_connection(self.address[5:])
        else:
            host, port = self.address.split(":")
            pair = await asyncio.open_connection(host, int(port))
        self._connections.append(Connection(*pair))
        return self._connections[-1]

    async def control(self) -> tuple[Connection, LinkUp]:
        """Control the switch from now on."""
        connection = await self.connect()
        connection.say(Controls())
        up = await connection.hear()
        assert isinstance(up, LinkUp)
        return connection, up

    async def is_alone(self) -> None:
        """Wait until nobody controls the switch."""
        async with asyncio.timeout(SOON_S):
            while self.served.is_controlled:  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0.001)

    async def close(self) -> None:
        for connection in self._connections:
            await connection.close()


@asynccontextmanager
async def hall(listen: str = "127.0.0.1:0") -> AsyncIterator[Hall]:
    env = simpy.Environment(initial_time=START)
    clock = ManualClock(START)
    pacer = Pacer(env, clock)
    served = ServedPbx(SimulatedPbx(env, CONFIG), pacer, "run-1")
    address = await served.start(listen)
    pacer.start()
    place = Hall(clock, served, address)
    try:
        yield place
    finally:
        await place.close()
        await served.stop()


async def test_the_controller_is_told_of_all_legs_first_and_of_what_happens_then(
    tmp_path: Path,
) -> None:
    async with hall(f"unix:{tmp_path}/pbx.sock") as place:
        people = await place.connect()
        leg = await people.act(OfferCall(caller=PATIENT))
        controller, up = await place.control()
        assert [each["leg"] for each in up.legs] == [leg]
        assert (up.lost, up.boot) == ((), "run-1")
        controller.say(Answer(leg))
        controller.say(Dial("l-1", device=A))
        assert await controller.hear() == LegUp(leg)
        assert await controller.hear() == LegSeen("l-1", device=A)


async def test_a_new_controller_takes_the_place_of_the_former() -> None:
    async with hall() as place:
        former, _ = await place.control()
        latter, _ = await place.control()
        assert await former.line() == b""
        people = await place.connect()
        leg = await people.act(OfferCall(caller=PATIENT))
        heard = await latter.hear()
        assert heard == LegSeen(leg, device="trunk:pstn", ani=ANI, dnis=OURS)


async def test_without_a_controller_callers_hear_that_it_rings_and_lose_patience() -> None:
    async with hall() as place:
        people = await place.connect()
        legs = [await people.act(OfferCall(caller=PATIENT)) for _ in range(5)]
        assert legs[4] is None, "there are four trunks"
        assert {each["playing"] for each in await people.act(AskLegs())} == {"alone"}
        place.clock.advance(MINUTE)
        figures = await people.act(AskFigures())
        assert (figures["offered"], figures["blocked"], figures["live"]) == (5, 1, 0)
        assert figures["ended"]["caller"] == 4
        entries = await people.act(AskEntries())
        assert [entry["leg"] for entry in entries] == legs


async def test_when_the_controller_goes_music_plays_on_and_the_others_hear_that_it_rings() -> None:
    async with hall() as place:
        controller, _ = await place.control()
        people = await place.connect()
        first, second = [await people.act(OfferCall(caller=PATIENT)) for _ in range(2)]
        controller.say(Answer(first))
        controller.say(Play(first, play_id="m", uri="music:queue"))
        while await controller.hear() != LegUp(first):
            pass
        await controller.close()
        await place.is_alone()
        playing = {each["leg"]: each["playing"] for each in await people.act(AskLegs())}
        assert playing == {first: "m", second: "alone"}


async def test_people_at_phones_act_too() -> None:
    async with hall() as place:
        people = await place.connect()
        controller, _ = await place.control()
        await people.act(LetPhone(device=A, does=PhoneAct.NO_ANSWER))
        controller.say(Dial("l-1", device=A))
        assert await controller.hear() == LegSeen("l-1", device=A)
        await people.act(PickUp(device=A))
        await people.act(PressKeys(name=A, digits="1"))
        await people.act(Transfer(device=A, number="1002"))
        while await controller.hear() != TransferAsked("l-1", number="1002"):
            pass
        await people.act(HangUp(name="l-1"))
        assert await people.act(DialFrom(device="station:1002", number=OURS)) == "sim1-1"
        assert await people.act(DialFrom(device="station:1002", number=OURS)) is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"act":"Sing"}', "Invalid value 'Sing'"),
        (b"what?", "JSON is malformed"),
        (b'{"act":"PickUp"}', "missing required field `device`"),
        (
            b'{"act":"OfferCall","caller":{"number":"1","dialled":"2","talk_ms":1}}',
            "'2' is no number of this switch",
        ),
        (b'{"act":"LetPhone","device":"station:7","does":"busy"}', "station:7"),
    ],
)
async def test_an_act_that_cannot_be_is_refused_and_the_next_one_is_done(
    line: bytes, words: str
) -> None:
    async with hall() as place:
        people = await place.connect()
        answer = await people.answer_to(line)
        assert words in answer["error"]
        assert await people.act(AskLegs()) == []


async def test_a_controller_that_talks_nonsense_is_let_go() -> None:
    async with hall() as place:
        controller, _ = await place.control()
        people = await place.connect()
        assert await people.act(AskLegs()) == []
        controller._writer.write(b"nonsense\n")  # noqa: SLF001 - what no controller says
        assert await controller.line() == b""
        await place.is_alone()


@pytest.mark.parametrize("listen", ["5700", "here", "127.0.0.1:http"])
async def test_what_is_no_address_is_refused(listen: str) -> None:
    with pytest.raises(ValueError, match=r"write 127\.0\.0\.1:5700, or unix:"):
        async with hall(listen):
            pass


async def test_a_switch_runs_in_a_process_of_its_own_with_its_callers() -> None:
    program = (
        "import sys; from pathlib import Path; from console.commands_pbx import run_pbx; "
        "sys.exit(run_pbx(Path(sys.argv[1]), listen='127.0.0.1:0', callers=True, speed=100))"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        str(LIBRARY / "clinic.yaml"),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            first = (await process.stdout.readline()).decode()
        address = first.removeprefix("listening at ").strip()
        host, port = address.split(":")
        people = Connection(*await asyncio.open_connection(host, int(port)))
        figures: dict[str, Any] = {"offered": 0}
        async with asyncio.timeout(60):
            while not figures["offered"]:
                figures = await people.act(AskFigures())
        await people.close()
    finally:
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            code = await process.wait()
    assert code == 0

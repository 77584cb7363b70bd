"""A SIP phone (baresip) that a test holds in its hand: it dials, rings, is answered and hung up.

baresip's module ctrl_tcp takes commands and tells events as JSON in netstrings; its module stdio
takes the keys that are pressed during a call.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from tests.real_asterisk.asterisk import PHONE_PASSWORD, PHONES, Asterisk
from tests.real_asterisk.hearing import Samples, has_tone, is_loud, listen
from tests.real_asterisk.programs import LIMIT_S, TIED, Program, ports

Event = dict[str, Any]
"""What baresip tells: `type` (CALL_INCOMING, CALL_ESTABLISHED, …), `peeruri`, `param`, …"""
_KEY_UP = "\x04"


@cache
def _modules() -> Path:
    return next(Path("/usr/lib").glob("**/baresip/modules"))


class Phone:
    """One phone; `registered`, `outside` make it.

    Its commands act on the call that came or was dialled last. What happened is asked by `until`:
    each call looks on from the event that the last one found, so that no event is seen twice.
    """

    def __init__(self, asterisk: Asterisk, name: str, address: str, port: int = 0) -> None:
        """Know its name, the address where it lives, and its SIP port (0: a fresh one)."""
        self.name = name
        self.events: list[Event] = []
        """All that it has told, oldest first."""
        self._asterisk = asterisk
        self.folder = Path(tempfile.mkdtemp(prefix="phone-"))
        """Its files: what it hears is written there."""
        self._told = asyncio.Condition()
        self._seen = 0
        self._first_port = ports()
        self._sip_port = port or self._first_port
        self._address = address
        self._program: Program | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._listening: asyncio.Task[None] | None = None

    def _write(self, account: str, tone_hz: int) -> None:
        first = self._first_port
        # Without net_interface the SDP has the machine's outer address. SIP takes the next port
        # too, for TLS.
        lines = [
            f"net_interface {self._address}",
            "poll_method epoll",
            f"sip_listen {self._address}:{self._sip_port}",
            f"ctrl_tcp_listen {self._address}:{first + 2}",
            f"rtp_ports {first + 10}-{first + 39}",
            "call_local_timeout 120",
            "call_max_calls 4",
            f"audio_source ausine,{tone_hz}",
            f"audio_player aubridge,{first}",
            "audio_alert aufile,/dev/null",
            "ausrc_srate 48000",
            "auplay_srate 8000",
            "ausrc_channels 2",
            "auplay_channels 1",
            f"module_path {_modules()}",
            *(f"module {name}.so" for name in ("g711", "ausine", "aubridge", "aufile", "sndfile")),
            "module stdio.so",
            f"snd_path {self.folder}",
            "module_tmp uuid.so",
            "module_tmp account.so",
            "module_app menu.so",
            "module_app ctrl_tcp.so",
            "ringback_disabled yes",
        ]
        (self.folder / "config").write_text("\n".join(lines) + "\n")
        (self.folder / "accounts").write_text(account + "\n")

    async def start(self, account: str, *, tone_hz: int, answers: bool) -> None:
        """Switch it on, and wait until it can be used; it speaks one tone all the time."""
        mode = "auto" if answers else "manual"
        self._write(f"{account};answermode={mode};audio_codecs=PCMU", tone_hz)
        self._program = Program(
            (*TIED, "baresip", "-f", str(self.folder)), self.folder / "log", self.folder
        )
        async with asyncio.timeout(LIMIT_S):
            while True:
                assert self._program.code is None, f"baresip ended: {self._program.said()}"
                try:
                    reader, self._writer = await asyncio.open_connection(
                        self._address, self._first_port + 2
                    )
                except ConnectionError:
                    await asyncio.sleep(0.02)
                else:
                    break
        self._listening = asyncio.create_task(self._listen(reader))

    async def stop(self) -> None:
        """Switch it off; calls that it has are left as they are, as when the power fails."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])
        if self._writer is not None:
            self._writer.close()
        if self._program is not None:
            await self._program.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while True:
            try:
                size = int((await reader.readuntil(b":"))[:-1])
                message = msgspec.json.decode((await reader.readexactly(size + 1))[:-1])
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            async with self._told:
                self.events.append(message)
                self._told.notify_all()

    async def until(self, event_type: str, limit_s: float = LIMIT_S) -> Event:
        """Wait for the next event of a type (CALL_INCOMING, CALL_CLOSED, …), and give it."""
        try:
            async with asyncio.timeout(limit_s), self._told:
                while True:
                    while self._seen < len(self.events):
                        self._seen += 1
                        if self.events[self._seen - 1].get("type") == event_type:
                            return self.events[self._seen - 1]
                    await self._told.wait()
        except TimeoutError:
            assert self._program is not None
            heard = [event.get("type", event) for event in self.events]
            raise AssertionError(
                f"{self.name} waited for {event_type}; told {heard}; {self._program.said()}"
            ) from None

    async def command(self, name: str, params: str = "") -> None:
        """Give a command of baresip's menu, `hangup` for instance; its answer is an event too."""
        assert self._writer is not None, "the phone is off"
        text = msgspec.json.encode({"command": name, "params": params})
        self._writer.write(b"%d:%s," % (len(text), text))
        await self._writer.drain()

    async def dial(self, number: str) -> None:
        """Dial a number at the Asterisk."""
        await self.command("dial", f"sip:{number}@{self._asterisk.sip}")

    async def accept(self) -> None:
        """Answer the call that rings; it is answered at CALL_ESTABLISHED."""
        await self.command("accept")

    async def hang_up(self) -> None:
        """End the call; one that still rings is rejected as busy (486)."""
        await self.command("hangup")

    async def hold(self) -> None:
        """Put the other side on hold, by a re-INVITE."""
        await self.command("hold")

    async def resume(self) -> None:
        """Take the other side back."""
        await self.command("resume")

    async def transfer(self, number: str) -> None:
        """Transfer the other side blindly, by REFER."""
        await self.command("transfer", f"sip:{number}@{self._asterisk.sip}")

    async def press(self, digits: str) -> None:
        """Press digits during a call: RFC 4733 events, one after the other."""
        assert self._program is not None, "the phone is off"
        for digit in digits:
            self._program.press(digit)
            await asyncio.sleep(0.12)
            self._program.press(_KEY_UP)
            await asyncio.sleep(0.08)

    async def hears(self, tone_hz: int, limit_s: float = 10.0) -> None:
        """Wait until it hears the tone that another phone says all the time (`tone_hz`)."""
        await self._hears(lambda samples: has_tone(samples, tone_hz), f"{tone_hz} Hz", limit_s)

    async def hears_something(self, limit_s: float = 10.0) -> None:
        """Wait until it hears more than silence: music, a prompt, somebody."""
        await self._hears(is_loud, "something", limit_s)

    async def hears_nothing(self, limit_s: float = 10.0) -> None:
        """Wait until it hears silence, or nothing comes at all."""
        await self._hears(lambda samples: not is_loud(samples), "nothing", limit_s)

    async def _hears(self, wanted: Callable[[Samples], bool], what: str, limit_s: float) -> None:
        try:
            async with asyncio.timeout(limit_s):
                while not wanted(await listen(self.folder, 400)):
                    pass
        except TimeoutError:
            raise AssertionError(f"{self.name} did not hear {what} within {limit_s} s") from None


@asynccontextmanager
async def registered(
    asterisk: Asterisk, name: str, *, tone_hz: int = 440, answers: bool = False
) -> AsyncIterator[Phone]:
    """Have a phone of `PHONES`, registered; `answers`: it answers by itself, at once."""
    assert name in PHONES, f"{name} is no phone with a password: {PHONES[0]}-{PHONES[-1]}"
    account = f"<sip:{name}@{asterisk.sip}>;auth_user={name};auth_pass={PHONE_PASSWORD};regint=600"
    phone = Phone(asterisk, name, asterisk.phone_address)
    async with _switched_on(phone, account, tone_hz=tone_hz, answers=answers):
        await asterisk.reaches(name)
        yield phone


@asynccontextmanager
async def outside(
    asterisk: Asterisk,
    number: str,
    *,
    tone_hz: int = 620,
    answers: bool = False,
    dialled: bool = False,
) -> AsyncIterator[Phone]:
    """Have somebody in the outside world, whose calls come in by the trunk from `number`.

    Args:
        asterisk: Whose trunk leads there.
        number: His number.
        tone_hz: What he says all the time.
        answers: He answers by himself, at once.
        dialled: Calls out reach him; one at a time can be at the other end of the trunk.
    """
    account = f"<sip:{number}@{asterisk.sip}>;regint=0"
    port = asterisk.trunk_port if dialled else 0
    phone = Phone(asterisk, number, asterisk.trunk_address, port)
    async with _switched_on(phone, account, tone_hz=tone_hz, answers=answers):
        yield phone


@asynccontextmanager
async def _switched_on(
    phone: Phone, account: str, *, tone_hz: int, answers: bool
) -> AsyncIterator[None]:
    try:
        await phone.start(account, tone_hz=tone_hz, answers=answers)
        yield
    finally:
        await phone.stop()

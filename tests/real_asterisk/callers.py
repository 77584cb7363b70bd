"""SIP parties that act by themselves (sipp): callers from outside, and desks that are called.

The scenarios are `sipp/*.xml`, where %word% stands for what a test chooses. A party that met what
its scenario does not expect ends with another exit code than 0.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from tests.real_asterisk.asterisk import DESKS, Asterisk
from tests.real_asterisk.programs import TIED, Program, ports

Words = dict[str, str | int]
"""What the %words% of a scenario stand for."""

_SCENARIOS = Path(__file__).parent / "sipp"
_FOR_EVER_MS = 3_600_000


class Party:
    """One sipp under way."""

    def __init__(self, program: Program, folder: Path) -> None:
        """Know its process, and the folder of its files."""
        self.program = program
        self._folder = folder

    async def ended(self, limit_s: float = 60.0) -> None:
        """Wait until it has ended, and check that all went as its scenario says."""
        try:
            code: int | str = await self.program.ended(limit_s)
        except TimeoutError:
            code = f"none after {limit_s} s"
        assert code == 0, f"sipp's exit code is {code}: {self.errors()}"

    def errors(self) -> str:
        """Give what it met and did not expect."""
        errors = self._folder / "errors"
        return errors.read_text("utf-8") if errors.exists() else self.program.said()

    def log(self) -> list[str]:
        """Give the lines that its scenario has logged: `answered 1555 DATE TIME EPOCH`."""
        told = self._folder / "told"
        return told.read_text("utf-8").splitlines() if told.exists() else []


@asynccontextmanager
async def party(
    asterisk: Asterisk,
    scenario: str,
    address: str,
    words: Words,
    *options: str,
    port: int = 0,
) -> AsyncIterator[Party]:
    """Run a scenario while the block runs.

    Args:
        asterisk: Whom it calls, or is called by.
        scenario: The name of a file in `sipp`.
        address: Where it lives.
        words: What each `%word%` of the scenario stands for.
        *options: More for sipp's command line.
        port: Its SIP port; 0: one that no test has used.
    """
    first = ports()
    with tempfile.TemporaryDirectory(prefix="sipp-") as name:
        folder = Path(name)
        text = (_SCENARIOS / f"{scenario}.xml").read_text("utf-8")
        for word, value in words.items():
            text = text.replace(f"%{word}%", str(value))
        (folder / "scenario.xml").write_text(text, "utf-8")
        program = Program(
            (
                *(*TIED, "sipp", asterisk.sip, "-sf", "scenario.xml", "-nostdin"),
                *("-i", address, "-p", str(port or first), "-mi", address),
                *("-mp", str(first + 10), "-trace_err", "-error_file", "errors"),
                *("-trace_logs", "-log_file", "told", *options),
            ),
            folder / "screen",
            folder,
        )
        try:
            yield Party(program, folder)
        finally:
            await program.stop()


@asynccontextmanager
async def caller(
    asterisk: Asterisk,
    number: str,
    ani: str,
    *,
    patience_ms: int = _FOR_EVER_MS,
    digits: str = "",
    digits_after_ms: int = 500,
    by_info: bool = False,
) -> AsyncIterator[Party]:
    """Have somebody outside call a number.

    Args:
        asterisk: Whose trunk the call comes in by.
        number: What is dialled.
        ani: Who calls.
        patience_ms: How long until the caller hangs up, from the answer or the first digit.
        digits: What is pressed `digits_after_ms` after the call is answered.
        digits_after_ms: See `digits`.
        by_info: The one digit goes by SIP INFO, not as RFC 4733 events.
    """
    assert not by_info or len(digits) == 1, "by SIP INFO one digit is sent"
    scenario = "caller-info" if by_info else "caller" if digits else "caller-silent"
    words: Words = {
        "dialled": number,
        "ani": ani,
        "digits": digits,
        "digits_after_ms": digits_after_ms,
        "patience_ms": patience_ms,
    }
    async with party(asterisk, scenario, asterisk.trunk_address, words, "-m", "1") as calling:
        yield calling


@asynccontextmanager
async def impatient(
    asterisk: Asterisk, number: str, ani: str, patience_ms: int
) -> AsyncIterator[Party]:
    """Have somebody outside call, and give up before the call is answered (CANCEL)."""
    words: Words = {"dialled": number, "ani": ani, "patience_ms": patience_ms}
    address = asterisk.trunk_address
    async with party(asterisk, "caller-gives-up", address, words, "-m", "1") as calling:
        yield calling


@asynccontextmanager
async def desks(
    asterisk: Asterisk, names: Iterable[str] = DESKS[:1], *, ring_ms: int = 200, talk_ms: int = 0
) -> AsyncIterator[Party]:
    """Have phones of `DESKS` that answer after `ring_ms` and hang up `talk_ms` after that.

    `talk_ms` 0: they never hang up. A caller who gives up while they ring is no failure.
    """
    words: Words = {"ring_ms": ring_ms, "talk_ms": talk_ms or _FOR_EVER_MS}
    async with _desks(asterisk, names, "desk", words) as staff:
        yield staff


@asynccontextmanager
async def refusing_desks(
    asterisk: Asterisk, names: Iterable[str] = DESKS[:1], *, refusal: str, ring_ms: int = 200
) -> AsyncIterator[Party]:
    """Have phones of `DESKS` that ring and then refuse: `486 Busy Here`, `603 Decline`."""
    words: Words = {"refusal": refusal, "ring_ms": ring_ms}
    async with _desks(asterisk, names, "desk-refuses", words) as staff:
        yield staff


@asynccontextmanager
async def transferring_desk(
    asterisk: Asterisk, name: str = DESKS[0], *, target: str, talk_ms: int, ring_ms: int = 200
) -> AsyncIterator[Party]:
    """Have a phone of `DESKS` that answers and after `talk_ms` transfers the caller blindly."""
    words: Words = {
        "target": f"sip:{target}@{asterisk.sip}",
        "talk_ms": talk_ms,
        "ring_ms": ring_ms,
    }
    async with _desks(asterisk, [name], "desk-transfers", words) as staff:
        yield staff


@asynccontextmanager
async def _desks(
    asterisk: Asterisk, names: Iterable[str], scenario: str, words: Words
) -> AsyncIterator[Party]:
    port = ports()
    async with party(asterisk, scenario, asterisk.phone_address, words, port=port) as staff:
        await register(asterisk, names, port)
        yield staff


async def register(asterisk: Asterisk, names: Iterable[str], port: int) -> None:
    """Register phones of `DESKS` as reached at a port of the phones' address."""
    loop = asyncio.get_running_loop()
    for name in names:
        assert name in DESKS, f"{name} is no phone without a password: {DESKS[0]}-{DESKS[-1]}"
        answers = _Answers(loop.create_future())
        transport, _ = await loop.create_datagram_endpoint(
            lambda answers=answers: answers,  # type: ignore[misc] # mypy cannot infer defaults
            local_addr=(asterisk.phone_address, 0),
            remote_addr=(asterisk.address, asterisk.sip_port),
        )
        host, own = transport.get_extra_info("sockname")
        lines = (
            f"REGISTER sip:{asterisk.sip} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{own};branch=z9hG4bK-{name}-{port}",
            f"From: <sip:{name}@{asterisk.sip}>;tag={name}",
            f"To: <sip:{name}@{asterisk.sip}>",
            f"Call-ID: {name}-{port}@{host}",
            "CSeq: 1 REGISTER",
            f"Contact: <sip:{name}@{host}:{port}>",
            "Expires: 7200",
            "Max-Forwards: 70",
            "Content-Length: 0",
        )
        transport.sendto("".join(f"{line}\r\n" for line in (*lines, "")).encode())
        try:
            async with asyncio.timeout(10):
                status = await answers.answer
        finally:
            transport.close()
        assert b" 200 " in status, f"{name} was not registered: {status!r}"


class _Answers(asyncio.DatagramProtocol):
    """Waits for the final answer to one request."""

    def __init__(self, answer: asyncio.Future[bytes]) -> None:
        self.answer = answer

    def datagram_received(self, data: bytes, addr: object) -> None:
        del addr
        line = data.partition(b"\r\n")[0]
        if b" 100 " not in line and not self.answer.done():
            self.answer.set_result(line)

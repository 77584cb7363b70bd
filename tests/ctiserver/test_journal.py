"""The journal: what is written is read again, and no damage goes unseen."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from ctiserver.core.journal import JournalError, read_journal
from scenarios.journal_replay import replay, verify
from switch_sim.config import PhoneAct
from tests.ctiserver.centre import Centre
from tests.repository import ROOT

Lines = list[bytes]


def written() -> Lines:
    """Write the journal of a small run: one call is answered, one gives up, one request refused."""
    lines: Lines = []
    centre = Centre(journal=lines.append)
    centre.phone("station:1001", PhoneAct.ANSWERS, 2_000)
    centre.log_on("anna")
    centre.call(talk_ms=30_000)
    centre.call("+491709", patience_ms=9_000)
    centre.ask("HoldCall", callToBeHeld={"callID": "c-0", "deviceID": "station:1001"})
    centre.wait(90_000)
    return lines


@pytest.fixture(scope="module")
def lines() -> Lines:
    return written()


@pytest.fixture
def save(tmp_path: Path) -> Callable[[Lines], Path]:
    """Give the function that saves lines as a journal file."""

    def saved(some: Lines) -> Path:
        path = tmp_path / "run.journal"
        path.write_bytes(b"".join(some))
        return path

    return saved


def test_a_journal_is_counted_and_hashed(lines: Lines, save: Callable[[Lines], Path]) -> None:
    figures = verify(save(lines))
    assert figures.records == len(lines) - 1
    assert figures.inputs + figures.wakings + figures.events == figures.records
    assert figures.inputs > 10
    assert figures.wakings > 0
    assert figures.events > 20
    assert figures.sha256 == hashlib.sha256(b"".join(lines)).hexdigest()
    assert figures.last_at is not None
    assert figures.first_at is not None
    assert figures.last_at > figures.first_at


def test_a_replay_in_a_fresh_engine_gives_the_same_bytes(
    lines: Lines, save: Callable[[Lines], Path]
) -> None:
    path = save(lines)
    verdict = replay(path)
    assert verdict.first_difference is None
    assert verdict.equal
    assert verdict.events == verify(path).events


def test_the_header_holds_the_configuration(lines: Lines) -> None:
    header, _ = read_journal(lines)
    assert header.config == Centre().world.plan.engine
    assert (header.title, header.seed) == ("test", 1)


def _flipped(line: bytes) -> bytes:
    middle = len(line) // 2
    return line[:middle] + bytes([line[middle] ^ 1]) + line[middle + 1 :]


@pytest.mark.parametrize(
    ("damage", "bad_line"),
    [
        pytest.param(lambda x: [*x[:-1], x[-1][:-9]], -1, id="torn tail"),
        pytest.param(lambda x: [*x[:-1], x[-1][:-1]], -1, id="the last newline is torn off"),
        pytest.param(lambda x: [*x[:5], _flipped(x[5]), *x[6:]], 6, id="flipped bit"),
        pytest.param(lambda x: [_flipped(x[0]), *x[1:]], 1, id="flipped bit in the header"),
        pytest.param(lambda x: [*x[:5], *x[6:]], 6, id="missing line"),
        pytest.param(lambda x: [*x[:6], x[5], *x[6:]], 7, id="doubled line"),
        pytest.param(lambda x: [*x[:5], x[6], x[5], *x[7:]], 6, id="swapped lines"),
        pytest.param(lambda x: x[1:], 1, id="the header is missing"),
        pytest.param(lambda _: [], 1, id="empty"),
        pytest.param(lambda _: [b"caller,agent\n", b"1,2\n"], 1, id="not a journal"),
    ],
)
def test_damage_is_found_and_named_with_its_line(
    damage: Callable[[Lines], Lines],
    bad_line: int,
    lines: Lines,
    save: Callable[[Lines], Path],
) -> None:
    path = save(damage(lines))
    expected = len(lines) if bad_line < 0 else bad_line
    with pytest.raises(JournalError, match=f"^line {expected}: ") as caught:
        verify(path)
    assert caught.value.line == expected
    with pytest.raises(JournalError):
        replay(path)


def test_another_format_is_refused(lines: Lines, save: Callable[[Lines], Path]) -> None:
    other: Lines = []
    _rewrite([lines[0].replace(b'"offhook_journal":1', b'"offhook_journal":9')], other)
    with pytest.raises(JournalError, match="line 1: format 9, this program reads 1"):
        verify(save(other))


def test_a_replay_names_the_first_event_that_differs(
    lines: Lines, save: Callable[[Lines], Path]
) -> None:
    other: Lines = []
    at = next(n for n, line in enumerate(lines) if b"AgentReady" in line)
    changed = lines[at].replace(b"AgentReady", b"AgentMerry")
    _rewrite([*lines[:at], changed, *lines[at + 1 :]], other)
    difference = replay(save(other)).first_difference
    assert difference is not None
    assert difference.line == at + 1
    assert difference.journal is not None
    assert difference.replay is not None
    assert "AgentMerry" in difference.journal
    assert "AgentReady" in difference.replay


def test_a_replay_misses_events_that_the_journal_lacks(
    lines: Lines, save: Callable[[Lines], Path]
) -> None:
    last = max(n for n, line in enumerate(lines) if b'"event":' not in line)
    assert last < len(lines) - 1, "the run ends with events"
    difference = replay(save(lines[: last + 1])).first_difference
    assert difference is not None
    assert (difference.line, difference.journal) == (last + 2, None)


def _rewrite(lines: Lines, to: Lines) -> None:
    """Write bodies again with checksums that fit, as somebody would who forges a journal."""
    crc = 0
    for line in lines:
        body = line.rpartition(b',"crc":"')[0] + b"}"
        crc = zlib.crc32(body, crc)
        to.append(b'%s,"crc":"%08x"}\n' % (body[:-1], crc))


_PRINT_HASH = """
import hashlib
from tests.ctiserver.test_journal import written
print(hashlib.sha256(b"".join(written())).hexdigest())
"""


def test_two_processes_with_different_hash_seeds_write_the_same_journal(lines: Lines) -> None:
    hashes = [hashlib.sha256(b"".join(lines)).hexdigest()]
    for seed in ("1", "4242"):
        done = subprocess.run(
            [sys.executable, "-c", _PRINT_HASH],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        hashes.append(done.stdout.strip())
    assert hashes == hashes[:1] * 3

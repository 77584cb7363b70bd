"""What a server has said before it was killed is so, in its next life (reliability §5)."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

from ctiserver.live.journal_reader import JournalReader
from ctiserver.live.recovery import recover
from scenarios.journal_replay import replay
from tests.repository import ROOT

LIVES = 3
WORDS = 60


def live_and_die(path: Path) -> tuple[int, int]:
    """Let a server say a few words, and kill it; gives the last event and the last answer."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.live.killed_server", str(path)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    with server:
        assert server.stdout is not None
        words = [server.stdout.readline() for _ in range(WORDS)]
        server.kill()
        words += server.stdout.readlines()
    told = [word.split() for word in words if word.endswith(b"\n")]
    events = [int(number) for kind, number in told if kind == b"event"]
    answers = [int(number) for kind, number in told if kind == b"answer"]
    assert events == list(range(events[0], events[-1] + 1)), "the server has told of a gap"
    return events[-1], answers[-1]


def test_nothing_that_a_killed_server_has_told_of_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "centre.journal"
    before = 0
    for _ in range(LIVES):
        last, answered = live_and_die(path)
        assert last > before
        with closing(JournalReader(path)) as reader:
            stored = [each.sequence for each in reader.events(0, 1_000_000)]
        assert stored == list(range(1, len(stored) + 1))
        assert stored[-1] >= max(last, answered)
        recovered = recover(path)
        assert recovered is not None
        assert recovered.owed == (), "a step is whole in the journal, or not there"
        assert recovered.engine.out.sequence == stored[-1]
        before = stored[-1]
    assert replay(path).equal

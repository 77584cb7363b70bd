"""The command line as a person meets it: words, exit codes, three lines for every fault."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.scenarios.test_scenario_file import FLOW, GOOD, written

_RUN = "import sys; from console.cli import main; sys.exit(main())"
_HEAVY = ("rich", "numpy", "simpy", "msgspec", "sqlmodel", "sqlalchemy", "csta", "scenarios")
_FAULT_LINES = 3


def command(*words: str) -> list[str]:
    """Give the command line of `offhook` with these words."""
    return [sys.executable, "-c", _RUN, *words]


def offhook(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `offhook` in a process of its own."""
    return subprocess.run(
        command(*words),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "OFFHOOK_DEBUG": "", **environment},
    )


def assert_fault(done: subprocess.CompletedProcess[str], code: int, where: str, write: str) -> None:
    """Expect an exit code and three lines on stderr: what, where, what to write."""
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == _FAULT_LINES, done.stderr
    assert lines[1].startswith("  where: ")
    assert where in lines[1]
    assert lines[2].startswith("  write: ")
    assert write in lines[2]


def test_alone_it_says_what_it_is_with_two_examples() -> None:
    done = offhook()
    assert (done.returncode, done.stderr) == (0, "")
    assert "offhook demo" in done.stdout
    assert "offhook sim run clinic" in done.stdout


def test_version() -> None:
    done = offhook("--version")
    assert (done.returncode, done.stdout) == (0, f"offhook {version('offhook')}\n")


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_help_lists_commands_and_exit_codes(word: str) -> None:
    done = offhook(word)
    assert done.returncode == 0
    for name in ("demo", "replay", "sim", "journal"):
        assert f"\n  {name} " in done.stdout
    for code in ("0", "1", "2", "3", "4", "5", "130"):
        assert f"\n    {code} " in done.stdout


@pytest.mark.parametrize("words", ["demo", "replay", "sim run", "journal verify", "journal replay"])
def test_every_help_has_an_example(words: str) -> None:
    done = offhook(*words.split(), "--help")
    assert done.returncode == 0
    assert f"\n    offhook {words}" in done.stdout.partition("Example")[2]


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("sim", "run", "--help")])
def test_help_and_version_import_nothing_heavy(words: tuple[str, ...]) -> None:
    code = (
        "import sys; from console.cli import main; main();"
        f"print(*sorted({{*{_HEAVY!r}}} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
    )
    assert done.stderr.split() == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("dmo",), "Did you mean 'demo'?"),
        (("sim",), "Missing command"),
        (("sim", "run"), "scenario"),
        (("sim", "run", "clinic", "--sed", "4"), "--seed"),
        (("sim", "run", "clinic", "--seed", "-1"), "--seed"),
        (("sim", "run", "clinic", "--replications", "0"), "--replications"),
        (("sim", "run", "clinic", "--replications", "2", "--journal", "x"), "one run"),
        (("replay", "--days", "someday"), "someday"),
        (("demo", "--speed", "fast"), "--speed"),
    ],
)
def test_wrong_usage_is_told_in_three_lines(words: tuple[str, ...], said: str) -> None:
    done = offhook(*words)
    assert_fault(done, 2, "offhook", "--help")
    assert said in done.stderr.splitlines()[0]


def test_a_fault_in_a_scenario(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD.replace("known: 80 %", "known: 180 %"))
    done = offhook("sim", "run", str(path))
    assert_fault(done, 3, f"{path}:22 at 'callers[1].known': known: 180 %", "known: 85 %")


def test_a_fault_in_a_flow(tmp_path: Path) -> None:
    path = written(tmp_path, flow=FLOW.replace("sound:press-1", "sund:press-1"))
    done = offhook("sim", "run", str(path))
    assert_fault(done, 3, f"{tmp_path / 'flow.yaml'}:6 at 'steps.choose.menu'", "sound:")


def test_a_fault_in_a_plan(tmp_path: Path) -> None:
    start, end = GOOD.index("plan:\n"), GOOD.index("numbers:")
    (tmp_path / "plan.yaml").write_text("queues:\n  desk: {ring: 20}\n", "utf-8")
    path = written(tmp_path, GOOD[:start] + "plan: plan.yaml\n" + GOOD[end:])
    done = offhook("sim", "run", str(path))
    where = f"{tmp_path / 'plan.yaml'}:2 at 'queues.desk.ring': desk: {{ring: 20}}"
    assert_fault(done, 3, where, "ring: 20 s")


def test_a_fault_in_a_trace(tmp_path: Path) -> None:
    path = tmp_path / "month.csv"
    path.write_text("day,arrival\n1999-01-03,soon\n", "utf-8")
    assert_fault(offhook("replay", str(path)), 3, f"{path}:1", "")


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"- a\n- b\n", b"a: [", gzip.compress(b"x")], ids=range(5)
)
def test_what_is_no_scenario_at_all(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    assert_fault(offhook("sim", "run", str(path)), 3, f"{path}:", "")


@pytest.mark.parametrize("words", [("sim", "run"), ("replay",)])
def test_a_file_that_is_not_there(words: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "nowhere.yaml"
    assert_fault(offhook(*words, str(path)), 3, str(path), "")


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = offhook("sim", "run", str(tmp_path / "nowhere.yaml"), OFFHOOK_DEBUG="1")
    assert done.returncode == 3
    assert "Traceback" in done.stderr


def test_a_run_prints_its_figures_on_stdout_and_nothing_else() -> None:
    done = offhook("sim", "run", "clinic", "--seed", "4", NO_COLOR="1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "seed 4" in done.stdout
    assert "SL9, T = 30 s: answered within T / offered" in done.stdout
    assert "\x1b" not in done.stdout


def test_replications_as_json_are_one_object_with_a_schema() -> None:
    done = offhook("sim", "run", "clinic", "--replications", "3", "--seed", "4", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["schema"] == "offhook.sim-report/1"
    assert (document["replications"], document["seeds"][0]) == (3, 4)
    assert document["total"]["offered"]["half_width"] > 0
    assert {level["variant"] for level in document["total"]["service_levels"]} >= {"SL1", "SL9"}


def test_a_journal_is_written_verified_and_replayed(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    assert offhook("sim", "run", "clinic", "--journal", str(path)).returncode == 0
    verified = offhook("journal", "verify", str(path))
    assert (verified.returncode, verified.stderr) == (0, "")
    for word in ("records", "inputs", "events", "SHA-256", "verdict   whole"):
        assert word in verified.stdout
    replayed = offhook("journal", "replay", str(path))
    assert replayed.returncode == 0
    assert "verdict   equal" in replayed.stdout


def test_a_damaged_journal_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    assert offhook("sim", "run", "clinic", "--journal", str(path)).returncode == 0
    lines = path.read_bytes().splitlines(keepends=True)
    del lines[100]
    path.write_bytes(b"".join(lines))
    for word in ("verify", "replay"):
        assert_fault(offhook("journal", word, str(path)), 1, f"{path}:101", "as it was written")


def test_a_journal_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "none.jsonl"
    assert_fault(offhook("journal", "verify", str(path)), 1, str(path), "that you may read")


def test_a_journal_that_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "no" / "such" / "folder"
    assert_fault(offhook("sim", "run", "clinic", "--journal", str(path)), 1, str(path), "")


def test_a_replay_that_misses_its_gate_exits_with_5_under_check_only() -> None:
    # One day is too little for the gate; the seed is one that misses it.
    words = ("replay", "--days", "2099-02-01", "--seed", "2", "--json")
    plain, checked = offhook(*words), offhook(*words, "--check")
    document = json.loads(plain.stdout)
    assert document["schema"] == "offhook.trace-replay/1"
    assert document["rows"] == document["calls"] + sum(document["dropped"].values())
    assert not document["passed"]
    assert (plain.returncode, checked.returncode) == (0, 5)
    assert json.loads(checked.stdout) == document


def test_the_demo_tells_the_story_of_its_calls() -> None:
    done = offhook("demo", "--headless", "--seconds", "3", "--speed", "100")
    assert (done.returncode, done.stderr) == (0, "")
    for words in ("answers after", "waits in", "gives up", "screen shows", "is over, talked for"):
        assert words in done.stdout
    assert "SL11 = answered within T / offered" in done.stdout
    assert "interactions are in the CRM" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is a signal of its own there")
def test_ctrl_c_ends_the_demo_with_its_table() -> None:
    with subprocess.Popen(
        command("demo", "--headless", "--seconds", "60"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if "call 1:" in line:
                break
        process.send_signal(signal.SIGINT)
        rest, said = process.stdout.read(), process.stderr.read()
    assert (process.returncode, said) == (130, "")
    assert "SL11 = answered within T / offered" in rest

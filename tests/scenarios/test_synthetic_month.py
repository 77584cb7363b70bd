"""The synthetic month is what its program makes, says that it is synthetic, and looks real."""

from __future__ import annotations

import gzip
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from scenarios import synthetic_month
from scenarios.synthetic_month import SHIPPED, main, make_month
from scenarios.trace import Dropped, Mended, read_trace
from scenarios.trace_figures import trace_figures
from tests.repository import ROOT


@pytest.fixture(scope="module")
def made() -> bytes:
    """Give the month as the program makes it."""
    return make_month()


def test_the_shipped_month_is_what_the_program_makes(made: bytes) -> None:
    assert gzip.decompress(SHIPPED.read_bytes()) == made


def test_the_file_is_small_and_does_not_tell_when_it_was_written() -> None:
    data = SHIPPED.read_bytes()
    assert len(data) < 400_000
    assert data[4:8] == bytes(4)  # the time of a gzip file (RFC 1952)


def test_the_program_writes_the_same_bytes_in_every_process(tmp_path: Path, made: bytes) -> None:
    path = tmp_path / "month.csv.gz"
    command = [sys.executable, "-m", "scenarios.synthetic_month", str(path)]
    subprocess.run(command, check=True, cwd=ROOT)
    assert path.read_bytes() == gzip.compress(made, compresslevel=9, mtime=0)


def test_the_program_says_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage: python -m scenarios.synthetic_month" in capsys.readouterr().err


def test_it_says_that_it_is_synthetic_and_lies_in_no_real_year(made: bytes) -> None:
    first, _, *rows = made.decode().splitlines()
    assert first.startswith("# Synthetic: made from published figures")
    assert "no record of a real caller" in str(synthetic_month.__doc__)
    assert {row[:8] for row in rows} == {"2099-02-"}
    assert date(2099, 2, 1).strftime("%A") == "Sunday"


def test_it_has_the_shape_and_the_faults_of_a_real_month() -> None:
    trace = read_trace(SHIPPED)
    assert 10_000 < len(trace.calls) < 15_000
    assert set(trace.dropped) == {Dropped.PHANTOM, Dropped.HUNG_UP_EARLY}
    assert set(trace.mended) == {
        Mended.NEGATIVE_IVR_TIME,
        Mended.NO_SERVICE_TIME,
        Mended.NO_AGENT_NAME,
        Mended.SERVICE_AFTER_HANG_UP,
    }


def test_its_figures_are_near_the_published_ones() -> None:
    figures = trace_figures(read_trace(SHIPPED))
    assert figures.waits.abandoned_share == pytest.approx(0.10, abs=0.02)
    assert figures.waits.wait_share == pytest.approx(0.5, abs=0.1)
    assert figures.service_by_type["PS"].mean_ms == pytest.approx(185_000, rel=0.1)
    assert figures.service_by_type["NW"].mean_ms == pytest.approx(107_000, rel=0.1)
    assert figures.log_service.skew == pytest.approx(0, abs=0.2)
    assert figures.days is not None
    busiest = max(range(24), key=figures.days.per_hour.__getitem__)
    assert 10 <= busiest <= 16
    assert sum(figures.days.per_hour[:7]) == 0

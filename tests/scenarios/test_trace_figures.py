"""The figures of real months are those of validation §1.4."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from scenarios.trace import read_trace
from scenarios.trace_figures import TraceFigures, trace_figures, wait_figures
from tests.scenarios.trace_files import HANG_UP, raw_file, raw_row, real_trace

COLUMNS = (
    *("offered", "served", "abandoned %", "wait > 0 %", "mean wait", "ASA", "wait of abandoners"),
    *("SL20 %", "SL60 %", "service", "SD", "median", "per day", "least", "most", "agents"),
)
JANUARY = (
    *(30_161, 27_060, 10.28, 55.3, 37.7, 35.0, 60.7),
    *(54.4, 71.1, 184.7, 224, 114, 1_489, 1_009, 2_111, 28),
)
FEBRUARY = (
    *(31_125, 27_162, 12.73, 57.9, 43.9, 40.8, 65.5),
    *(52.1, 67.3, 176.5, 214, 107, 1_526, 1_190, 1_949, 24),
)


def month(shared: Path, name: str) -> TraceFigures:
    """Figure a month of the real records."""
    return trace_figures(real_trace(shared, f"{name}_1999.txt.gz"))


@pytest.mark.parametrize(("name", "published"), [("january", JANUARY), ("february", FEBRUARY)])
def test_a_real_month_shows_every_figure_of_the_table(
    shared: Path, name: str, published: tuple[float, ...]
) -> None:
    figures = month(shared, name)
    waits, service, days = figures.waits, figures.service, figures.days
    assert days is not None
    found = (
        waits.offered,
        waits.served,
        round(100 * waits.abandoned_share, 2),
        round(100 * waits.wait_share, 1),
        round(waits.mean_wait_ms / 1000, 1),
        round(waits.mean_wait_of_served_ms / 1000, 1),
        round(waits.mean_wait_of_abandoned_ms / 1000, 1),
        round(100 * waits.served_within_20s_share, 1),
        round(100 * waits.served_within_60s_share, 1),
        round(service.mean_ms / 1000, 1),
        round(service.deviation_ms / 1000),
        round(service.median_ms / 1000),
        round(days.mean),
        days.least,
        days.most,
        figures.agents,
    )
    assert dict(zip(COLUMNS, found, strict=True)) == dict(zip(COLUMNS, published, strict=True))


def test_february_by_type_and_by_hour(shared: Path) -> None:
    figures = month(shared, "february")
    by_type = {
        name: (round(service.mean_ms / 1000), service.count)
        for name, service in figures.service_by_type.items()
    }
    assert by_type == {
        "PS": (185, 18_287),
        "NE": (275, 2_506),
        "NW": (107, 4_982),
        "IN": (267, 196),
        "PE": (228, 120),
        "TT": (103, 983),
    }
    per_hour = (41, 96, 110, 126, 115, 95, 121, 116, 114, 117, 95, 84, 67, 59, 62, 54, 41)
    assert figures.days is not None
    assert tuple(round(rows) for rows in figures.days.per_hour[7:]) == per_hour


def test_service_is_lognormal_and_callers_call_again(shared: Path) -> None:
    """The published logarithms are of three months, of which two are here."""
    for name in ("january", "february"):
        figures = month(shared, name)
        assert figures.log_service.mean == pytest.approx(4.791, abs=0.04)
        assert figures.log_service.deviation == pytest.approx(0.933, abs=0.02)
        assert figures.log_service.skew == pytest.approx(0.14, abs=0.1)
        assert figures.log_service.excess_kurtosis == pytest.approx(0.04, abs=0.2)
        assert figures.repeat_share == pytest.approx(0.26, abs=0.01)


def test_waits_by_hand() -> None:
    outcomes = [(0, True), (20_000, True), (20_001, True), (60_001, True), (9_000, False)]
    figures = wait_figures(outcomes)
    assert (figures.offered, figures.served) == (5, 4)
    assert figures.abandoned_share == pytest.approx(0.2)
    assert figures.wait_share == pytest.approx(0.8)
    assert figures.mean_wait_ms == pytest.approx(109_002 / 5)
    assert figures.mean_wait_of_served_ms == pytest.approx(100_002 / 4)
    assert figures.mean_wait_of_abandoned_ms == 9_000
    assert figures.served_within_20s_share == pytest.approx(0.4)
    assert figures.served_within_60s_share == pytest.approx(0.6)


def test_where_nobody_calls_all_figures_are_nought() -> None:
    assert set(msgspec.structs.astuple(wait_figures([]))) == {0}


def test_a_trace_without_services_on_a_saturday_has_figures(tmp_path: Path) -> None:
    figures = trace_figures(read_trace(raw_file(tmp_path, raw_row(**HANG_UP, date="990102"))))
    assert figures.days is None
    assert (figures.service.count, figures.service.mean_ms, figures.service_by_type) == (0, 0, {})
    assert (figures.log_service.mean, figures.log_service.excess_kurtosis) == (0, 0)
    assert (figures.agents, figures.waits.abandoned_share, figures.repeat_share) == (0, 1, 0)

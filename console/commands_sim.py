"""`offhook sim run`: a scenario's runs and their figures."""

from __future__ import annotations

import sys
from pathlib import Path

from console.faults import INTERRUPTED
from console.terminal import journal_file, out, progress_bar, write_json
from scenarios.meter import RunResult
from scenarios.report import report
from scenarios.report_tables import write_report
from scenarios.runner import replicate, replication_seeds, run_scenario
from scenarios.scenario import LIBRARY, Scenario, load_scenario


def run_sim(
    scenario: str, *, replications: int, seed: int, as_json: bool, journal_out: Path | None
) -> int:
    """Run a scenario and report; after Ctrl-C, report the runs that are complete."""
    loaded = load_scenario(_find(scenario))
    results: list[RunResult] = []
    try:
        with journal_file(journal_out) as journal, progress_bar(loaded.name) as show:
            if replications == 1:
                results.append(run_scenario(loaded, seed, journal))
            else:
                for result in replicate(loaded, replication_seeds(seed, replications)):
                    results.append(result)
                    show(len(results) / replications)
    except KeyboardInterrupt:
        sys.stderr.write(f"interrupted after {len(results)} of {replications} runs\n")
        _write(loaded, results, as_json=as_json)
        return INTERRUPTED
    _write(loaded, results, as_json=as_json)
    return 0


def _find(scenario: str) -> Path:
    """Find a scenario file, or one of the library by its name."""
    path = Path(scenario)
    shipped = LIBRARY / f"{scenario}.yaml"
    return shipped if not path.exists() and shipped.is_file() else path


def _write(scenario: Scenario, results: list[RunResult], *, as_json: bool) -> None:
    if not results:
        return
    summed_up = report(scenario, results)
    if as_json:
        write_json(summed_up)
    else:
        write_report(out(), summed_up)

"""Model M2 has no closed form: the distributor against the reference program in C of that model."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from math import sqrt
from pathlib import Path
from statistics import mean, variance

import pytest

from csta.instants import HOUR, SECOND
from scenarios.queue_model import Outcome, m2, run

HOURS = 4
OURS, THEIRS = 12, 200
"""Replications of each; theirs take no time."""

FIGURES: dict[str, Callable[[Outcome], float]] = {
    "sl": lambda outcome: outcome.service_level_share,
    "asa": lambda outcome: outcome.asa_ms / SECOND,
    "aband": lambda outcome: outcome.abandoned_share,
    "occ": lambda outcome: outcome.occupancy_share,
}
"""By the names that the program gives them."""


@pytest.fixture(scope="module")
def reference(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, float]]:
    """Build the program and run it; skip where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler (cc) to build the reference program, and there is none")
    source = shared / "bench" / "sim" / "m2.c"
    if not source.is_file():
        pytest.skip("needs ../shared/bench/sim/m2.c, and it is not there")
    program = tmp_path_factory.mktemp("reference") / "m2"
    subprocess.run([compiler, "-O2", "-o", program, source, "-lm"], check=True)
    figures = ["1", f"{HOURS}", "5001", f"{THEIRS}", "1"]
    ran = subprocess.run([program, *figures], check=True, stdout=subprocess.PIPE)
    return [json.loads(line) for line in ran.stdout.splitlines()]


@pytest.mark.slow
def test_m2_is_within_three_standard_errors_of_the_program_in_c(
    reference: list[dict[str, float]],
) -> None:
    assert len(reference) == THEIRS
    outcomes = [run(m2(), seed=seed, until=HOURS * HOUR) for seed in range(OURS)]
    errors = {}
    for name, figure in FIGURES.items():
        ours = [figure(outcome) for outcome in outcomes]
        theirs = [each[name] for each in reference]
        spread = sqrt(variance(ours) / len(ours) + variance(theirs) / len(theirs))
        errors[name] = (mean(ours) - mean(theirs)) / spread
    assert {name: error for name, error in errors.items() if abs(error) > 3} == {}

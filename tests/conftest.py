"""What all tests share: the facts beside the repository, and Hypothesis without a stop-watch."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.repository import ROOT

# No test is timed: a busy machine must not fail one. `make test` gives the same verdict each time
# it is run on the same tree; `make check-slow` searches on, with new examples each time.
settings.register_profile(
    "offhook", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.register_profile("search", settings.get_profile("offhook"), derandomize=False)
settings.load_profile(os.environ.get("OFFHOOK_HYPOTHESIS", "offhook"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what a run of all tests has left out, and how to run it."""
    config = terminalreporter.config
    all_of_them = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if all_of_them and "not real_asterisk" in config.getoption("markexpr"):
        terminalreporter.write_line(
            "left out: the tests against a real Asterisk; make test-asterisk runs them (as root)"
        )


@pytest.fixture(scope="session")
def shared() -> Path:
    """Give the folder of specifications and recordings, `../shared`; skip where there is none."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs the folder ../shared beside the repository, and it is not there")
    return folder

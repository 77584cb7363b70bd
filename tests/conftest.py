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


@pytest.fixture(scope="session")
def shared() -> Path:
    """Give the folder of specifications and recordings, `../shared`; skip where there is none."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs the folder ../shared beside the repository, and it is not there")
    return folder

"""An Asterisk without a call; the link to it is up."""

from __future__ import annotations

import pytest

from tests.ari.pretended import PretendedAsterisk


@pytest.fixture
def asterisk() -> PretendedAsterisk:
    """Give it, with nothing asked of it yet."""
    asterisk = PretendedAsterisk()
    asterisk.connect()
    asterisk.requests()
    return asterisk

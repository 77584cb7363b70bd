"""One agent: how he serves which queue."""

from __future__ import annotations

import pytest

from agents.agent import Agent, Profile
from agents.config import EVERY_QUEUE, Membership

SECOND_LINE = Membership(rank=2, weight=9, delay_ms=5_000, lots=3)


@pytest.mark.parametrize(
    ("queues", "found"),
    [
        (None, EVERY_QUEUE),
        ({}, None),
        ({"support": Membership()}, None),
        ({"sales": SECOND_LINE, "support": Membership()}, SECOND_LINE),
    ],
    ids=["no queues of his own", "none at all", "another one", "this one, in his own way"],
)
def test_an_agent_serves_his_own_queues_or_else_every_queue(
    queues: dict[str, Membership] | None, found: Membership | None
) -> None:
    agent = Agent("ann", "Ann", "station:1", {}, queues)
    assert agent.profile.membership("sales") == found


def test_who_is_paused_in_a_queue_is_still_one_of_its_agents() -> None:
    profile = Profile((), (("sales", SECOND_LINE),), paused=("sales",))
    assert profile.membership("sales") == SECOND_LINE

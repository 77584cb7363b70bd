"""The real gate before the real HTTP API: rights, masking and the trail, from end to end."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest

from csta.errors import CtiError
from ctiserver.core.event_filters import ALL_EVENTS
from ctiserver.core.principals import Principal, Role
from ctiserver.live.commands import CommandDesk
from ctiserver.live.event_reader import EventReader
from ctiserver.live.gate import Gate
from ctiserver.live.gatekeeper import Gatekeeper
from ctiserver.live.http_state import StateReader
from ctiserver.live.rate_limits import RateLimits
from tests.ctiserver.centre import START
from tests.live.host import WorldHost, decoded, message, principal, world_host


class Guarded:
    """A centre behind its gatekeeper."""

    def __init__(self, host: WorldHost) -> None:
        """Put it together."""
        self.host = host
        self.gate: Gate = Gatekeeper(host, RateLimits(), now=lambda: START)
        self.reader = EventReader(host.log, self.gate)
        self.commands = CommandDesk(host, self.gate, now=lambda: START, reader=self.reader)
        self.state = StateReader(host, self.gate)


@pytest.fixture
async def centre() -> AsyncIterator[Guarded]:
    async with world_host() as host:
        yield Guarded(host)


WALL = principal("key:wall", Role.WALLBOARD)
ADMIN = principal("user:ada", Role.ADMIN)
CRM = principal("key:crm", Role.INTEGRATION)


async def log_on(centre: Guarded, who: Principal = ADMIN) -> dict[str, object]:
    asked = message("SetAgentState", agentID="anna", requestedAgentState="loggedOn")
    return decoded(await centre.commands.carry_out(who, asked, None))


async def test_a_wallboard_can_ask_for_nothing_and_the_trail_has_it(centre: Guarded) -> None:
    refused = await log_on(centre, WALL)
    assert refused["ok"] is False
    told = (await centre.host.event("AuditCommand")).data
    assert (told.service, told.principal, told.outcome) == (
        "SetAgentState",
        "key:wall",
        "notExecuted",
    )
    page = await centre.reader.read(WALL, 0, 100, ALL_EVENTS)
    assert page.events == ()


async def test_numbers_are_masked_for_who_may_not_see_them(centre: Guarded) -> None:
    assert (await log_on(centre))["ok"]
    centre.host.call_in("+491701234567")
    await centre.host.event("Offered")
    for who, number in ((CRM, b"+491701234567"), (ADMIN, None)):
        answer = await centre.state.all(who, "calls")
        page = await centre.reader.read(who, 0, 100, ALL_EVENTS)
        envelopes = b"".join(envelope for _, envelope in page.events)
        assert b"number:" in answer.body
        assert b"number:" in envelopes
        if number is not None:
            assert number not in answer.body
            assert number not in envelopes
        else:
            assert b"+491701234567" in answer.body
            assert b"+491701234567" in envelopes


async def test_a_state_shows_what_its_reader_may_see(centre: Guarded) -> None:
    assert (await log_on(centre))["ok"]
    own = Principal(
        name="agent:bea", role=Role.AGENT, scopes=principal("x", Role.AGENT).scopes, agent_id="bea"
    )
    agents = msgspec.json.decode((await centre.state.all(own, "agents")).body)["agents"]
    assert [agent["id"] for agent in agents] == ["bea"]
    with pytest.raises(CtiError, match="anna"):
        await centre.state.one(own, "agents", "anna")

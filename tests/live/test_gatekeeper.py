"""The gate of a server at work: commands of many kinds of people on one live centre (§7.8)."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from csta.errors import ErrorValue, Outcome
from csta.instants import SECOND
from csta.system_events import AuditCommand
from ctiserver.core.engine import Engine
from ctiserver.core.inputs import EngineInput
from ctiserver.core.principals import Principal
from ctiserver.live.audit_trail import AuditTrail
from ctiserver.live.commands import CommandDesk
from ctiserver.live.gate import Gate
from ctiserver.live.gatekeeper import Gatekeeper
from ctiserver.live.rate_limits import Rate, RateLimits, Rates, limited
from tests.ctiserver.centre import CALLER, centre_plan
from tests.ctiserver.offices import ADMIN, ANNA_HERSELF, BEA_HERSELF, CRM
from tests.live.host import WorldHost, decoded, message, world_host


def _now() -> int:
    return time.time_ns() // 1_000_000


class Counter:
    """One live centre behind its gate, and what its engine was given."""

    def __init__(self, host: WorldHost, rates: Rates | None = None) -> None:
        """Open it."""
        self.host = host
        self.gate = Gatekeeper(host, RateLimits(rates), now=_now)
        self.desk = CommandDesk(host, self.gate, now=_now)

    async def ask(self, who: Principal, service: str, **params: Any) -> dict[str, Any]:
        """Ask as somebody, and read the answer."""
        return decoded(await self.desk.carry_out(who, message(service, **params), None))

    def trail(self) -> list[tuple[str, str, Outcome, ErrorValue | None]]:
        """Read the audit trail."""
        records = [logged.event.data for logged in self.host.log.recent(0)]
        return [
            (each.principal, each.service, each.outcome, each.error_value)
            for each in records
            if isinstance(each, AuditCommand)
        ]


@asynccontextmanager
async def _counter(rates: Rates | None = None) -> AsyncIterator[Counter]:
    plan = centre_plan()
    engine = msgspec.structs.replace(plan.engine, audits_requests=True)
    async with world_host(msgspec.structs.replace(plan, engine=engine)) as host:
        yield Counter(host, rates)


def _log_on(agent_id: str) -> dict[str, Any]:
    return {"agentID": agent_id, "requestedAgentState": "loggedOn"}


async def test_what_is_done_and_what_is_refused_stands_in_the_trail() -> None:
    async with _counter() as counter:
        gate: Gate = counter.gate
        assert (await counter.ask(ANNA_HERSELF, "SetAgentState", **_log_on("anna")))["ok"]
        refused = await counter.ask(CRM, "SetAgentState", **_log_on("bea"))
        assert refused["error"]["value"] == "forbidden"
        assert refused["error"]["status"] == 403
        assert counter.host.engine.directory.agent("bea").state.value == "agentNull"
        assert counter.trail() == [
            ("agent:anna", "SetAgentState", Outcome.EXECUTED, None),
            ("key:crm", "SetAgentState", Outcome.NOT_EXECUTED, ErrorValue.FORBIDDEN),
        ]
        for logged in counter.host.log.recent(0):
            is_audit = isinstance(logged.event.data, AuditCommand)
            assert gate.sees(ADMIN, logged)
            assert gate.sees(CRM, logged) is not is_audit
            assert not gate.sees(BEA_HERSELF, logged)


async def test_a_password_never_reaches_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[EngineInput] = []
    handle = Engine.handle

    def spy(engine: Engine, event: EngineInput, now: int) -> Any:  # noqa: ANN401 - as it is
        taken.append(event)
        return handle(engine, event, now)

    monkeypatch.setattr(Engine, "handle", spy)
    async with _counter() as counter:
        asked = _log_on("anna") | {"password": "correct horse"}
        refused = await counter.ask(ANNA_HERSELF, "SetAgentState", **asked)
        assert refused["error"]["value"] == "parameterNotSupported"
        assert b"correct horse" not in msgspec.json.encode(taken)
        assert len(counter.trail()) == 1


async def test_who_floods_the_server_is_refused_and_writes_one_line() -> None:
    async with _counter(Rates(commands=Rate(0.001, 5))) as counter:
        answers = [await counter.ask(ANNA_HERSELF, "GetCSTAFeatures") for _ in range(50)]
        refused = [each for each in answers if each.get("error", {}).get("value") == "rateLimited"]
        assert len(refused) == 46  # a fifth of the bucket is kept for what is more urgent
        assert refused[0]["error"]["retryable"]
        values = [value for *_, value in counter.trail()]
        assert values.count(ErrorValue.RATE_LIMITED) == 1
        assert (await counter.ask(BEA_HERSELF, "GetCSTAFeatures")).get("error", {}).get(
            "value"
        ) != "rateLimited"


async def test_after_a_minute_a_flood_is_told_of_again() -> None:
    async with _counter() as counter:
        now = _now()
        trail = AuditTrail(counter.host.submit, lambda: now)
        for _ in range(3):
            trail.refused("key:crm", "MakeCall", {}, limited("too many"))
        now += 60 * SECOND
        trail.refused("key:crm", "MakeCall", {}, limited("too many"))
        assert len(counter.trail()) == 2


async def test_a_token_that_has_expired_asks_for_nothing_more() -> None:
    async with _counter() as counter:
        expired = msgspec.structs.replace(ADMIN, expires_at=_now() - 1)
        refused = await counter.ask(expired, "RequestSystemStatus")
        assert refused["error"]["value"] == "unauthenticated"
        assert refused["error"]["status"] == 401


async def test_answers_show_numbers_to_who_may_see_them() -> None:
    async with _counter() as counter:
        counter.host.call_in()
        event = await counter.host.event("Queued")
        call = {"callID": event.data.call_id}
        whole = await counter.ask(ADMIN, "SnapshotCall", snapshotObject=call)
        hidden = await counter.ask(CRM, "SnapshotCall", snapshotObject=call)
        assert CALLER in str(whole)
        assert CALLER not in str(hidden)
        assert CALLER[-3:] in str(hidden)
        assert counter.gate.sees_object(CRM, "call", event.data.call_id)
        assert not counter.gate.sees_object(ANNA_HERSELF, "call", event.data.call_id)


async def test_the_gate_knows_the_parties_of_calls_that_were_there_before_it() -> None:
    async with _counter() as counter:
        counter.host.call_in()
        event = await counter.host.event("Queued")
        later = Gatekeeper(counter.host, RateLimits(), now=_now)
        assert "acd:sales" in later.history.parties(event.data.call_id, counter.host.log.last)

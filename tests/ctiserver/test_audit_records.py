"""The audit trail: what is in it, what never is, and that it is as durable as the act (§7.8)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from csta.errors import CtiError, ErrorCategory, ErrorValue, Outcome
from csta.services import SERVICES
from csta.system_events import AuditCommand
from ctiserver.core import audit_records
from ctiserver.core.inputs import Audited, EngineInput, Requested
from ctiserver.core.outbox import Reply
from ctiserver.core.wire import Published
from tests.ctiserver.offices import Offices


def _trail(offices: Offices) -> list[AuditCommand]:
    return [event.data for event in offices.log if isinstance(event.data, AuditCommand)]


def _handle(offices: Offices, event: EngineInput) -> list[Any]:
    return list(offices.engine.handle(event, offices.now))


def test_a_request_that_changes_something_is_told_of_in_its_own_step() -> None:
    offices = Offices(audits=True)
    params = {"agentID": "anna", "requestedAgentState": "loggedOn"}
    decisions = _handle(offices, Requested("r-1", "SetAgentState", params, "agent:anna"))
    told = [each for each in decisions if isinstance(each, Published)]
    (record,) = [each for each in told if isinstance(each.data, AuditCommand)]
    assert record.data == AuditCommand(
        link_id="sim1",
        service="SetAgentState",
        principal="agent:anna",
        params=params,
        outcome=Outcome.EXECUTED,
    )
    assert (record.correlation_id, record.principal) == ("r-1", "agent:anna")
    assert len(told) > 1
    assert any(isinstance(each, Reply) for each in decisions)


def test_a_refused_request_is_told_of_with_the_reason() -> None:
    offices = Offices(audits=True)
    offices.ask("HoldCall", callToBeHeld={"callID": "c-0", "deviceID": "station:1001"})
    (record,) = _trail(offices)
    assert (record.outcome, record.error_value) == (
        Outcome.NOT_EXECUTED,
        ErrorValue.INVALID_CALL_ID,
    )


def test_a_question_is_told_of_only_when_it_is_refused() -> None:
    offices = Offices(audits=True)
    offices.asked("GetAgentInformation", agentID="anna")
    assert _trail(offices) == []
    offices.ask("GetAgentInformation", agentID="nobody")
    assert [record.service for record in _trail(offices)] == ["GetAgentInformation"]


def test_nothing_is_told_where_the_trail_is_not_kept() -> None:
    offices = Offices()
    offices.set_agent("anna", "loggedOn")
    assert _trail(offices) == []


def test_what_never_reached_the_engine_is_told_of_and_causes_nothing_else() -> None:
    offices = Offices(audits=True)
    error = CtiError(ErrorCategory.CTI, ErrorValue.FORBIDDEN, "no")
    event = audit_records.outside("ClearCall", "key:wall", {"callToBeCleared": "c-1"}, error)
    again = msgspec.json.decode(msgspec.json.encode(event), type=EngineInput)
    assert isinstance(again, Audited)
    (told,) = _handle(offices, again)
    assert told.subject == audit_records.SUBJECT
    assert told.data == AuditCommand(
        link_id="sim1",
        service="ClearCall",
        principal="key:wall",
        params={"callToBeCleared": "c-1"},
        outcome=Outcome.NOT_EXECUTED,
        error_value=ErrorValue.FORBIDDEN,
    )


@pytest.mark.parametrize(
    ("params", "shown"),
    [
        ({"agentID": "anna", "password": "geheim"}, {"agentID": "anna", "password": "***"}),
        ({"authCode": "1"}, {"authCode": "***"}),
        ({"charactersToSend": "4111"}, {"charactersToSend": "***"}),
        (
            {"correlatorData": {"pin": 1, "a": [1, None]}},
            {"correlatorData": {"pin": "***", "a": [1, None]}},
        ),
        ({"token": ["x"]}, {"token": "***"}),
    ],
)
def test_no_secret_is_in_the_trail(params: dict[str, Any], shown: dict[str, Any]) -> None:
    assert audit_records.without_secrets(params) == shown


def test_a_record_is_small_whatever_is_asked() -> None:
    deep: Any = 1
    for _ in range(1_000):
        deep = {"a": deep}
    flood = {f"name{number}" * 50: ["x" * 10_000] * 100 for number in range(100)}
    for params in ({"a": deep}, {"a": "x" * 100_000}, flood):
        record = audit_records.without_secrets(params)
        assert len(msgspec.json.encode(record)) <= 4_096


def test_every_service_that_changes_nothing_is_a_query_and_no_other() -> None:
    assert set(SERVICES) >= audit_records.QUERIES
    assert {
        "SnapshotCall",
        "GetAgentState",
        "MonitorStart",
        "ReplayEvents",
    } <= audit_records.QUERIES
    acts = {
        name for name in SERVICES if name.startswith(("Set", "Make", "Clear", "Route", "Start"))
    }
    assert not acts & audit_records.QUERIES

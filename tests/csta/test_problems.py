"""Refusals: how they are written for a program and for a person (cti-api §7.7)."""

from __future__ import annotations

import msgspec
import pytest

from csta.errors import ConfigError, CtiError, Current, ErrorCategory, ErrorValue, Outcome
from csta.problems import PROBLEMS, RETRYABLE, problem_of
from csta.replies import AsOf

# The table of cti-api §7.7: status, whether to try again, values.
TABLE = [
    (400, False, "invalidParameterValue invalidDestination"),
    (404, False, "invalidDeviceID invalidCallID invalidConnectionID invalidMonitorCrossRefID"),
    (404, False, "objectNotKnown invalidAgentIdentifier"),
    (401, False, "invalidAgentPassword unauthenticated timeStampViolated securityInfoViolated"),
    (501, False, "serviceNotSupported"),
    (422, False, "parameterNotSupported requestIncompatibleWithObject idempotencyKeyReused"),
    (403, False, "securityViolation forbidden sequenceNumberViolated"),
    (504, False, "routeingTimerExpired linkTimeout"),
    (409, False, "invalidConnectionState invalidDeviceState noActiveCall noHeldCall"),
    (409, False, "noCallToAnswer noCallToClear connectedCallExists invalidAgentState"),
    (409, True, "requestInProgress"),
    (410, False, "epochChanged"),
    (413, False, "frameTooLarge"),
    (429, True, "objectMonitorLimitExceeded outstandingReqLimitExceeded trunkLimitExceeded"),
    (429, True, "performanceLimitExceeded rateLimited slowConsumer"),
    (503, True, "resourceBusy networkBusy deviceOutOfService resourceOutOfService linkDown"),
    (503, True, "networkOutOfService noMediaChannelsAvailable conferenceMemberLimitExceeded"),
]


def _rows() -> list[tuple[str, int, bool]]:
    return [(value, status, again) for status, again, values in TABLE for value in values.split()]


@pytest.mark.parametrize(("value", "status", "again"), _rows())
def test_a_value_has_its_status_and_says_whether_to_try_again(
    value: str,
    status: int,
    again: bool,  # noqa: FBT001 - a column of the table
) -> None:
    error = CtiError(ErrorCategory.OPERATION, ErrorValue(value), "because")
    problem = problem_of(error, "req-7", "sim1")
    assert (problem.status, problem.retryable) == (status, again)


def test_the_table_has_every_value_once() -> None:
    values = [value for value, _, _ in _rows()]
    assert sorted(values) == sorted(ErrorValue)
    assert set(PROBLEMS) == set(ErrorValue)
    assert set(ErrorValue) > RETRYABLE


def test_a_problem_on_the_wire_is_what_the_contract_shows() -> None:
    error = CtiError(
        ErrorCategory.STATE_INCOMPATIBILITY,
        ErrorValue.INVALID_CONNECTION_STATE,
        "c-1/station:1001 is connected",
        current=Current("connected", services_permitted=("HoldCall", "ClearConnection")),
    )
    assert msgspec.json.decode(msgspec.json.encode(problem_of(error, "req-7", "ast1"))) == {
        "type": "urn:cti:error:stateIncompatibility:invalidConnectionState",
        "title": "The connection is in another state",
        "status": 409,
        "category": "stateIncompatibility",
        "value": "invalidConnectionState",
        "detail": "c-1/station:1001 is connected",
        "outcome": "notExecuted",
        "retryable": False,
        "linkID": "ast1",
        "requestId": "req-7",
        "current": {
            "localConnectionInfo": "connected",
            "servicesPermitted": ["HoldCall", "ClearConnection"],
        },
    }


def test_a_refusal_says_that_nothing_was_done_unless_told_otherwise() -> None:
    refused = CtiError(ErrorCategory.OPERATION, ErrorValue.INVALID_CALL_ID, "no call c-1")
    assert refused.outcome is Outcome.NOT_EXECUTED
    assert str(refused) == "no call c-1"
    lost = CtiError(
        ErrorCategory.CTI, ErrorValue.LINK_TIMEOUT, "no answer", outcome=Outcome.UNKNOWN
    )
    assert problem_of(lost, None, "sim1").outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("value", [ErrorValue.PERFORMANCE_LIMIT_EXCEEDED, ErrorValue.RATE_LIMITED])
def test_too_many_requests_say_how_long_to_wait(value: ErrorValue) -> None:
    problem = problem_of(CtiError(ErrorCategory.CTI, value, "slower"), "req-1", None)
    assert problem.retry_after_ms == 1_000
    assert problem.link_id is None


def test_no_title_names_an_occurrence() -> None:
    assert all(title[0].isupper() and not title.endswith(".") for _, title in PROBLEMS.values())


def test_a_place_in_the_log_sorts_as_text() -> None:
    assert AsOf("e", f"{9:016}").sequence < AsOf("e", f"{10:016}").sequence


def test_a_fault_in_a_file_says_what_where_and_what_to_write() -> None:
    error = ConfigError("plan.yaml", 7, "queues.sales", "'wait' is missing", "wait: 20 s")
    assert str(error).splitlines() == [
        "'wait' is missing",
        "  where: plan.yaml:7 at 'queues.sales'",
        "  write: wait: 20 s",
    ]
    assert "at ''" not in str(ConfigError("plan.yaml", 1, "", "the file is empty", "something"))

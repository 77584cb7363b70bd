"""The CloudEvents envelope of each event, and how instants are written (cti-api §7.4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from csta.agent_events import AgentReady
from csta.instants import DAY, Instant
from ctiserver.core.wire import Published, encode, request_id_of, rfc3339

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Instant = 253_402_300_799_999
"""The end of the year 9999, the last that RFC 3339 can write."""

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
READY = AgentReady(link_id="sim1", agent_device="station:1001", agent_id="anna", since=5)


def published(**given: Any) -> Published:
    return Published(
        **{
            "sequence": 42,
            "entity_sequence": 3,
            "at": 1_795_302_600_123,
            "subject": "agent/anna",
            "partition_key": "anna",
            "data": READY,
            **given,
        }
    )


def envelope(event: Published) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.json.decode(encode(event, "01K3Z8QW", "/cti/acme/sim1"))
    return told


def test_an_envelope_says_what_the_specification_shows() -> None:
    told = envelope(published(correlation_id="req-7", causation=41, principal="agent:anna"))
    data = told.pop("data")
    assert told == {
        "specversion": "1.0",
        "id": "01K3Z8QW:0000000000000042",
        "source": "/cti/acme/sim1",
        "type": "csta.agent.AgentReady.v1",
        "subject": "agent/anna",
        "time": "2026-11-21T23:10:00.123000Z",
        "datacontenttype": "application/json",
        "dataschema": "urn:cti:schema:v1:AgentReady:1.0",
        "epoch": "01K3Z8QW",
        "sequence": "0000000000000042",
        "entityseq": 3,
        "partitionkey": "anna",
        "correlationid": "req-7",
        "causationid": "01K3Z8QW:0000000000000041",
        "principal": "agent:anna",
        "synthetic": False,
        "quality": "exact",
    }
    assert data == msgspec.to_builtins(READY)


@pytest.mark.parametrize(
    ("client_id", "trace", "principal"),
    [
        ("req-7", None, "agent:anna"),
        ("req-7", TRACE, "agent:anna"),
        ("req;7", None, "key:c;m"),
        ("req;7", TRACE, "key:c;m"),
    ],
)
def test_an_event_names_the_request_and_its_trace_and_nothing_of_ours(
    client_id: str, trace: str | None, principal: str
) -> None:
    request_id = request_id_of(client_id, "2a-1", trace, principal)
    told = envelope(published(correlation_id=request_id))
    assert (told["correlationid"], told.get("traceparent")) == (client_id, trace)
    assert "2a-1" not in str(told)


@pytest.mark.parametrize("synthetic", [False, True])
def test_synthetic_and_quality_are_always_said_and_unknown_causes_never(synthetic: bool) -> None:  # noqa: FBT001 - a parameter of the table
    told = envelope(published(synthetic=synthetic))
    assert (told["synthetic"], told["quality"]) == (synthetic, "exact")
    assert told.keys().isdisjoint({"correlationid", "causationid", "principal", "traceparent"})


def test_sequences_sort_as_text() -> None:
    ids = [envelope(published(sequence=number))["id"] for number in (1, 9, 10, 99_999, 10**15)]
    assert ids == sorted(ids)


@given(st.integers(0, _LAST))
@example(951_782_400_000)  # 2000-02-29: a leap year though it ends a century
@example(951_868_799_999)
@example(4_107_456_000_000)  # 2100-02-28, and no 29th follows
@example(4_107_542_400_000)
@example(_LAST)
def test_an_instant_is_written_as_the_standard_library_would(at: Instant) -> None:
    moment = _EPOCH + timedelta(milliseconds=at)
    assert rfc3339(at) == moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def test_every_day_of_eight_hundred_years_has_its_date() -> None:
    for day in range(0, 800 * 366, 13):
        moment = _EPOCH + timedelta(days=day)
        assert rfc3339(day * DAY)[:10] == moment.date().isoformat()

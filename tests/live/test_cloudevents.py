"""What others read of our events: the CloudEvents SDK, and a validator of JSON Schema (§7.4)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cloudevents.core.formats.json import JSONFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from csta.event_types import EVENTS, event_type
from ctiserver.core.wire import Published, encode
from ctiserver.live.api_schemas import json_schemas
from tests.csta.struct_strategies import structs

EPOCH, SOURCE = "01K3Z8QW0000000000000000AA", "/cti/offhook/sim1"
OWN = ("epoch", "sequence", "entityseq", "partitionkey", "synthetic", "quality")
NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
DOCUMENT = json_schemas()
"""One document with the schema of the envelope, and of the data of each type of event."""
PLACES = st.integers(1, 10**15)


def _published(event: type[msgspec.Struct]) -> st.SearchStrategy[Published]:
    """Make events as the log has them, with all that an envelope may have."""
    return st.builds(
        Published,
        sequence=PLACES,
        entity_sequence=st.integers(1, 2**31 - 1),  # what CloudEvents calls an Integer
        at=st.integers(0, 4_102_444_800_000),
        subject=st.builds("{}/{}".format, st.sampled_from(["call", "agent", "device"]), NAMES),
        partition_key=NAMES,
        data=structs(event),
        correlation_id=st.none() | NAMES,
        causation=st.none() | PLACES,
        principal=st.none() | NAMES,
        synthetic=st.booleans(),
        quality=st.sampled_from(["exact", "derived", "assumed"]),
    )


@pytest.mark.parametrize("event", EVENTS, ids=event_type)
@settings(max_examples=5)
@given(data=st.data())
def test_the_sdk_reads_an_event_as_it_was_written(
    event: type[msgspec.Struct], data: st.DataObject
) -> None:
    published = data.draw(_published(event))
    written = encode(published, EPOCH, SOURCE)
    read = from_http_event(
        HTTPMessage({"content-type": JSONFormat.CONTENT_TYPE}, written), JSONFormat()
    )
    assert read.get_specversion() == "1.0"
    assert read.get_id() == f"{EPOCH}:{published.sequence:016}"
    assert read.get_source() == SOURCE
    assert read.get_type() == event_type(event)
    assert read.get_subject() == published.subject
    assert read.get_time() == datetime.fromtimestamp(published.at / 1_000, UTC)
    assert read.get_datacontenttype() == "application/json"
    assert read.get_dataschema() == f"urn:cti:schema:v1:{event_type(event).split('.')[2]}:1.0"
    assert [read.get_extension(name) for name in OWN] == [
        EPOCH,
        f"{published.sequence:016}",
        published.entity_sequence,
        published.partition_key,
        published.synthetic,
        published.quality,
    ]
    assert read.get_extension("correlationid") == published.correlation_id
    assert read.get_extension("principal") == published.principal
    assert msgspec.convert(read.get_data(), event) == published.data


@pytest.mark.parametrize("event", EVENTS, ids=event_type)
@settings(max_examples=5)
@given(data=st.data())
def test_an_envelope_and_its_data_are_as_their_schemas_say(
    event: type[msgspec.Struct], data: st.DataObject
) -> None:
    written = msgspec.json.decode(encode(data.draw(_published(event)), EPOCH, SOURCE))
    ENVELOPE.validate(written)
    VALIDATOR_OF[written["type"]].validate(written["data"])


def _validator(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({**schema, "$defs": DOCUMENT["$defs"]})


ENVELOPE = _validator(DOCUMENT["envelope"])
VALIDATOR_OF = {name: _validator(schema) for name, schema in DOCUMENT["events"].items()}


def test_every_schema_is_one_that_validators_can_use() -> None:
    assert jsonschema_rs.meta.is_valid({key: DOCUMENT[key] for key in ("$schema", "$defs")})
    assert set(VALIDATOR_OF) == {event_type(event) for event in EVENTS}

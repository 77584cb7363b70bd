"""The documents of the API: made of the structs, fresh, valid, and never breaking a client."""

from __future__ import annotations

import copy
import json
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from ctiserver.live.api_changes import breaking_changes
from ctiserver.live.api_schemas import json_schemas
from ctiserver.live.async_api import async_api
from tests.repository import ROOT

FOLDER = ROOT / "docs" / "api"
REMEDY = "make it anew: offhook schema --write docs/api"


@pytest.mark.parametrize(
    ("name", "make"), [("schemas.json", json_schemas), ("asyncapi.json", async_api)]
)
def test_a_document_is_as_the_structs_are(name: str, make: Callable[[], dict[str, Any]]) -> None:
    assert json.loads((FOLDER / name).read_text("utf-8")) == make(), REMEDY


def test_a_validator_accepts_the_asyncapi_document() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the validator's own models
        from asyncapi3.models import AsyncAPI3  # noqa: PLC0415 - its import warns
    AsyncAPI3.model_validate(async_api())
    wrong = async_api()
    wrong["operations"]["tellSession"]["action"] = "shout"
    with pytest.raises(ValueError, match="tellSession"):
        AsyncAPI3.model_validate(wrong)


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = async_api()

    def references(part: object) -> list[str]:
        if isinstance(part, dict):
            own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
            return own + [found for value in part.values() for found in references(value)]
        return (
            [found for item in part for found in references(item)] if isinstance(part, list) else []
        )

    found = references(document)
    assert found
    for reference in found:
        place: Any = document
        for name in reference.removeprefix("#/").split("/"):
            assert name in place, reference
            place = place[name]


def test_nothing_breaks_clients_of_the_api_as_it_was_released() -> None:
    released = json.loads((FOLDER / "released-1.0.json").read_text("utf-8"))
    assert breaking_changes(released, json_schemas()) == []


def _drop_event(now: dict[str, Any]) -> None:
    del now["events"]["csta.callControl.Delivered.v1"]


def _drop_service(now: dict[str, Any]) -> None:
    del now["services"]["HoldCall"]


def _demand(now: dict[str, Any]) -> None:
    now["$defs"]["MakeCall"]["required"].append("authCode")


def _drop_word(now: dict[str, Any]) -> None:
    now["$defs"]["AutoOriginate"]["enum"].remove("prompt")


def _drop_member(now: dict[str, Any]) -> None:
    del now["$defs"]["Held"]["properties"]["holdingDevice"]


def _other_type(now: dict[str, Any]) -> None:
    now["$defs"]["Queued"]["properties"]["numberQueued"]["type"] = "string"


def _shorter(now: dict[str, Any]) -> None:
    now["$defs"]["MakeCall"]["properties"]["calledDirectoryNumber"]["maxLength"] = 10


def _sometimes(now: dict[str, Any]) -> None:
    now["$defs"]["Envelope"]["required"].remove("sequence")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_drop_event, "csta.callControl.Delivered.v1 is gone"),
        (_drop_service, "HoldCall is gone"),
        (_demand, "MakeCall.authCode is demanded now"),
        (_drop_word, "MakeCall.autoOriginate may no longer be 'prompt'"),
        (_drop_member, "csta.callControl.Held.v1.holdingDevice is gone"),
        (_other_type, "csta.callControl.Queued.v1.numberQueued was integer and is string"),
        (
            _shorter,
            "MakeCall.calledDirectoryNumber: maxLength 10 refuses what was allowed",
        ),
        (_sometimes, "envelope.sequence was always there and is not any more"),
    ],
)
def test_a_change_that_breaks_clients_is_told(
    change: Callable[[dict[str, Any]], None], sentence: str
) -> None:
    old = json_schemas()
    new = copy.deepcopy(old)
    change(new)
    assert sentence in breaking_changes(old, new)


def test_what_is_new_breaks_nobody() -> None:
    old = json_schemas()
    new = copy.deepcopy(old)
    new["events"]["csta.callControl.Sung.v1"] = {"type": "object"}
    new["$defs"]["Cause"]["enum"].append("sungTo")
    new["$defs"]["Held"]["properties"]["song"] = {"type": "string"}
    new["$defs"]["MakeCall"]["properties"]["song"] = {"type": "string", "default": ""}
    assert breaking_changes(old, new) == []

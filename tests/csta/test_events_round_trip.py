"""What goes over the wire comes back equal: every event, every service, every result."""

from __future__ import annotations

import importlib
import pickle
import pkgutil

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import csta
from csta.call_events import CallLinkageData, Delivered, Party
from csta.causes import Cause
from csta.customers import ScreenPopped
from csta.event_types import EVENT_BY_TYPE, EVENTS, EXTENSION_AREAS, event_type
from csta.ids import ConnectionId
from csta.monitor_services import MonitorObject, MonitorStart
from csta.problems import Problem
from csta.replies import RESULT_OF, AsOf, Result
from csta.service_request import CallObject, ServiceRequest
from csta.services import SERVER_REQUESTS, SERVICES, SERVICES_BY_CATEGORY
from csta.system_events import MonitorStopped
from csta.voice_events import DtmfDetected, Play
from tests.csta.struct_strategies import structs

_RESULTS: list[type[msgspec.Struct]] = [AsOf, Problem, *dict.fromkeys(RESULT_OF.values())]
_LINKAGE = CallLinkageData("c-1", "t-1")


def _all_structs() -> list[type[msgspec.Struct]]:
    """Find every struct of the package, whether or not a table names it."""
    found: dict[str, type[msgspec.Struct]] = {}
    for module in pkgutil.iter_modules(csta.__path__, "csta."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, msgspec.Struct):
                found[f"{value.__module__}.{value.__name__}"] = value
    return list(found.values())


def _is_leaf(cls: type) -> bool:
    return cls.__module__.startswith("csta.") and not cls.__subclasses__()


@pytest.mark.parametrize("event", EVENTS, ids=event_type)
@settings(max_examples=15)
@given(data=st.data())
def test_an_event_comes_back_equal(event: type[msgspec.Struct], data: st.DataObject) -> None:
    value = data.draw(structs(event))
    assert msgspec.json.decode(msgspec.json.encode(value), type=event) == value


@pytest.mark.parametrize("service", SERVICES)
@settings(max_examples=10)
@given(data=st.data())
def test_a_request_comes_back_equal(service: str, data: st.DataObject) -> None:
    value = data.draw(structs(SERVICES[service]))
    wire = msgspec.json.encode(value)
    assert msgspec.json.decode(wire, type=SERVICES[service]) == value
    assert msgspec.json.decode(wire)["service"] == service


@pytest.mark.parametrize("result", _RESULTS, ids=lambda cls: cls.__name__)
@settings(max_examples=10)
@given(data=st.data())
def test_a_result_comes_back_equal(result: type[msgspec.Struct], data: st.DataObject) -> None:
    value = data.draw(structs(result))
    assert msgspec.json.decode(msgspec.json.encode(value), type=result) == value


def test_what_events_leave_out_they_leave_out_after_a_snapshot_of_the_engine_too() -> None:
    # Defaults are left out by identity, and a pickle makes new objects of what is no singleton.
    members = [
        (f"{cls.__name__}.{field.name}", field.default)
        for cls in _all_structs()
        if not issubclass(cls, ServiceRequest) and cls.__struct_config__.omit_defaults
        for field in msgspec.structs.fields(cls)
    ]
    assert "CustomerCard.ticket" in dict(members)
    lost = [name for name, default in members if pickle.loads(pickle.dumps(default)) is not default]  # noqa: S301 - our own bytes
    assert lost == []


def test_every_event_class_has_a_type_of_its_own() -> None:
    published = {cls for cls in _all_structs() if hasattr(cls, "CATEGORY") and _is_leaf(cls)}
    assert published == set(EVENTS)
    assert len(EVENT_BY_TYPE) == len(EVENTS)
    assert all(EVENT_BY_TYPE[event_type(event)] is event for event in EVENTS)


@pytest.mark.parametrize(
    ("event", "name"),
    [
        (Delivered, "csta.callControl.Delivered.v1"),
        (EVENT_BY_TYPE["csta.callControl.Transferred.v1"], "csta.callControl.Transferred.v1"),
        (EVENT_BY_TYPE["csta.system.SystemStatus.v1"], "csta.system.SystemStatus.v1"),
        (MonitorStopped, "csta.system.MonitorStop.v1"),
        (EVENT_BY_TYPE["cti.acd.AgentOffered.v1"], "cti.acd.AgentOffered.v1"),
        (EVENT_BY_TYPE["cti.link.Resynchronised.v1"], "cti.link.Resynchronised.v1"),
        (EVENT_BY_TYPE["cti.audit.Command.v1"], "cti.audit.Command.v1"),
        (EVENT_BY_TYPE["cti.supervision.ModeChanged.v1"], "cti.supervision.ModeChanged.v1"),
        (EVENT_BY_TYPE["cti.recording.Paused.v1"], "cti.recording.Paused.v1"),
        (ScreenPopped, "cti.crm.ScreenPopped.v1"),
    ],
)
def test_these_types_are_the_contract(event: type, name: str) -> None:
    assert event_type(event) == name


def test_a_type_says_whether_ecma_has_the_event() -> None:
    for name in EVENT_BY_TYPE:
        root, area, _, version = name.split(".")
        assert root == ("cti" if area in EXTENSION_AREAS else "csta")
        assert version == "v1"


def test_a_class_that_is_no_event_has_no_type() -> None:
    with pytest.raises(KeyError):
        event_type(ConnectionId)


def test_an_event_on_the_wire_has_the_names_of_the_standard_and_no_empty_members() -> None:
    event = Delivered(
        link_id="sim1",
        cause=Cause.NEW_CALL,
        call_id="c-1",
        connection=ConnectionId("c-1", "station:1001"),
        calling_device=Party("number:+4930123456"),
        called_device=Party("station:1001"),
        last_redirection_device=Party(not_known=True),
        call_linkage_data=_LINKAGE,
        direction="inbound",
        alerting_device="station:1001",
    )
    assert msgspec.to_builtins(event) == {
        "linkID": "sim1",
        "cause": "newCall",
        "callID": "c-1",
        "connection": {"callID": "c-1", "deviceID": "station:1001"},
        "callingDevice": {"deviceIdentifier": "number:+4930123456"},
        "calledDevice": {"deviceIdentifier": "station:1001"},
        "lastRedirectionDevice": {"notKnown": True},
        "callLinkageData": {"globalCallLinkageID": "c-1", "threadLinkageID": "t-1"},
        "direction": "inbound",
        "alertingDevice": "station:1001",
    }


@pytest.mark.parametrize(
    ("event", "member"),
    [
        (Play(link_id="l", call_id="c", connection=ConnectionId("c", "voiceUnit:1"),
              call_linkage_data=_LINKAGE, message="sound:hello"), "connection"),
        (DtmfDetected(link_id="l", call_id="c", connection=ConnectionId("c", "voiceUnit:1"),
                      call_linkage_data=_LINKAGE, dtmf_char="5"), "overConnection"),
    ],
)  # fmt: skip
def test_a_voice_event_calls_its_subject_as_the_standard_does(
    event: msgspec.Struct, member: str
) -> None:
    assert msgspec.to_builtins(event)[member] == {"callID": "c", "deviceID": "voiceUnit:1"}


def test_every_request_class_is_a_service_of_one_category() -> None:
    listed = [request for requests in SERVICES_BY_CATEGORY.values() for request in requests]
    requests = {cls for cls in _all_structs() if issubclass(cls, ServiceRequest)}
    assert set(listed) == requests - {ServiceRequest}
    assert len(listed) == len(SERVICES) == 88
    assert {SERVICES[request.__name__] for request in listed} == set(listed)
    assert set(SERVICES) >= SERVER_REQUESTS


def test_every_service_has_a_result() -> None:
    assert set(RESULT_OF) == set(SERVICES)
    unused = {cls for cls in _all_structs() if issubclass(cls, Result)} - set(RESULT_OF.values())
    assert unused == set()


@pytest.mark.parametrize(
    ("service", "wire", "said"),
    [
        ("AnswerCall", b"{}", "required field `callToBeAnswered`"),
        ("AnswerCall", b'{"callToBeAnswered":{"callID":"c"}}', "required field `deviceID`"),
        ("GetMonitors", b'{"all":true}', "unknown field `all`"),
        ("GenerateDigits",
         b'{"connectionToSendDigits":{"callID":"c","deviceID":"d"},"charactersToSend":"12x"}',
         "regex"),
        ("SetAgentState", b'{"agentID":"a","requestedAgentState":"busy"}', "enum value 'busy'"),
        ("ReplayEvents", b'{"epoch":"e","after":"0","limit":1001}', "<= 1000"),
        ("MonitorStart", b'{"monitorObject":{}}', "needs one of"),
        ("MonitorStart", b'{"monitorObject":{"deviceObject":"d","agentObject":"a"}}', "one of"),
        ("MonitorStart", b'{"monitorObject":"some"}', "'some'"),
        ("PlayMessage",
         b'{"messageToBePlayed":"http://x","overConnection":{"callID":"c","deviceID":"d"}}',
         "regex"),
    ],
)  # fmt: skip
def test_a_wrong_request_is_refused(service: str, wire: bytes, said: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=said):
        msgspec.json.decode(wire, type=SERVICES[service])


@pytest.mark.parametrize(
    ("wire", "wanted"),
    [
        (b'"all"', "all"),
        (b'{"callObject":{"callID":"c-1"}}', MonitorObject(call_object=CallObject("c-1"))),
        (b'{"agentObject":"anna"}', MonitorObject(agent_object="anna")),
    ],
)
def test_a_monitor_is_started_on_one_object_or_on_all(
    wire: bytes, wanted: MonitorObject | str
) -> None:
    request = msgspec.json.decode(b'{"monitorObject":' + wire + b"}", type=MonitorStart)
    assert request.monitor_object == wanted

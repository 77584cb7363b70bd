"""What clients are told that they can ask for is what they can, and nothing is silently ignored."""

from __future__ import annotations

import ast

import msgspec
import pytest

from csta.errors import CtiError
from csta.event_types import EVENT_BY_TYPE
from csta.replies import RESULT_OF, Capabilities
from csta.services import SERVER_REQUESTS, SERVICES
from ctiserver.core.capabilities import CC_PROFILES, NEVER_TOLD, SESSION_SERVICES
from ctiserver.core.outbox import Reply
from ctiserver.core.switch_link import LinkCapabilities
from tests.ctiserver.centre import Centre, centre_plan
from tests.repository import files, relative, tree

TOLD_BY_TABLES = ("csta.agent.", "cti.callback.")
"""Families whose classes stand in one table: whoever tells of them names the table."""


def features(centre: Centre) -> Capabilities:
    answer = centre.asked("GetCSTAFeatures")
    assert isinstance(answer, Capabilities)
    return answer


def listed(centre: Centre) -> set[str]:
    return {name for names in features(centre).supported_services.values() for name in names}


def refusal(centre: Centre, service: str) -> str | None:
    """Ask for a service without its parameters; gives the error's value."""
    error = centre.ask(service).error
    assert error is None or isinstance(error, CtiError)
    return None if error is None else error.value


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_a_service_is_listed_and_served_or_neither(service: str) -> None:
    centre = Centre()
    supported = listed(centre)
    if service in SESSION_SERVICES:
        assert service in supported
    elif service in supported:
        assert refusal(centre, service) != "serviceNotSupported"
    else:
        assert refusal(centre, service) == "serviceNotSupported"


def test_what_the_server_asks_of_clients_is_not_listed() -> None:
    assert listed(Centre()).isdisjoint(SERVER_REQUESTS)


def centre_of(link: LinkCapabilities) -> Centre:
    """Give a centre whose link declares this of its switch."""
    plan = centre_plan()
    engine = msgspec.structs.replace(plan.engine, link=link)
    return Centre(msgspec.structs.replace(plan, engine=engine))


def test_what_the_link_cannot_do_is_refused_and_not_listed() -> None:
    link = LinkCapabilities(not_possible=("AlternateCall", "SingleStepConferenceCall"))
    centre = centre_of(link)
    answer = features(centre)
    assert listed(centre).isdisjoint(link.not_possible)
    assert "AlternateCall" not in answer.emulated
    assert "ccSupervision" not in answer.cc_profiles
    assert [refusal(centre, name) for name in link.not_possible] == ["serviceNotSupported"] * 2
    assert refusal(centre, "HoldCall") == "invalidParameterValue"


def test_every_profile_names_services_that_there_are() -> None:
    assert {name for needs in CC_PROFILES.values() for name in needs} <= set(SERVICES)
    answer = features(Centre())
    assert set(answer.cc_profiles) == set(CC_PROFILES)
    assert answer.profiles == {"basicTelephonyProfile": True, "routeingProfile": True}


def _named_outside_the_vocabulary() -> set[str]:
    """List the event classes that the engine and the server name: what they tell of is there."""
    named: set[str] = set()
    for path in files(".py"):
        if not relative(path).startswith(("ctiserver/", "acd/", "agents/")):
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ImportFrom) and "csta." in f"{node.module}":
                if str(node.module).endswith(("events", "customers")):
                    named |= {alias.name for alias in node.names}
            elif (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id.endswith("events")
            ):
                named.add(node.attr)
    return named


def test_the_events_that_are_listed_are_those_that_somebody_tells_of() -> None:
    named = _named_outside_the_vocabulary()
    silent = {
        name
        for name, event in EVENT_BY_TYPE.items()
        if event.__name__ not in named and not name.startswith(TOLD_BY_TABLES)
    }
    assert silent <= NEVER_TOLD
    answer = features(centre_of(LinkCapabilities(records=True)))
    told = {f"{area}.{name}" for area, names in answer.supported_events.items() for name in names}
    assert "supervision.Started" in told
    assert "voice.Recognized" not in told
    assert len(told) == len(EVENT_BY_TYPE) - len(NEVER_TOLD)
    assert set(EVENT_BY_TYPE) >= NEVER_TOLD


def test_devices_tell_what_they_are_and_what_can_be_asked_of_them() -> None:
    centre = Centre()
    devices = centre.asked("GetSwitchingFunctionDevices").devices
    assert devices == ("station:1001", "station:1002", "acd:sales", "group:ivr")
    supported = listed(centre)
    for service in ("GetLogicalDeviceInformation", "GetPhysicalDeviceInformation"):
        for device in devices:
            answer = centre.asked(service, device=device)
            assert answer.device_category == device.partition(":")[0]
            assert set(answer.supported_services) <= supported
        assert "MakeCall" in centre.asked(service, device="station:1001").supported_services
        assert centre.ask(service, device="station:9999").error.value == "invalidDeviceID"


def test_another_link_is_not_known() -> None:
    centre = Centre()
    status = centre.asked("RequestSystemStatus", linkID="sim1").system_status
    assert status == {"sim1": "normal"}
    for service in ("RequestSystemStatus", "GetCSTAFeatures", "GetSwitchingFunctionCaps"):
        assert centre.ask(service, linkID="ast7").error.value == "objectNotKnown"


def test_the_answer_is_of_the_class_that_the_service_promises() -> None:
    centre = Centre()
    for service in ("GetCSTAFeatures", "GetSwitchingFunctionCaps", "RequestSystemStatus"):
        reply = centre.ask(service)
        assert isinstance(reply, Reply)
        assert type(reply.result) is RESULT_OF[service]
        assert msgspec.convert(msgspec.to_builtins(reply.result), RESULT_OF[service])

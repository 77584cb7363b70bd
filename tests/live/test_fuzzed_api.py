"""The OpenAPI document against the server: requests made of it, by everybody (§7.2, §7.8).

schemathesis makes requests, good and bad ones, of what the document says; each is sent by every
role, by nobody, and by somebody with a key that does not count. What comes back must be what the
document says. In every second good request the names are those of things that are there: a call
under way, a phone, an agent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import httpx
import pytest
import requests
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import (
    CoveragePhaseConfig,
    ExamplesPhaseConfig,
    FuzzingPhaseConfig,
    GenerationConfig,
    PhasesConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
)
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import positive_data_acceptance
from schemathesis.specs.openapi.schemas import OpenApiSchema

from ctiserver.core.principals import Role
from ctiserver.live.http import ROOT
from ctiserver.live.http_events import WAIT_SECONDS_MAX
from ctiserver.live.open_api import open_api
from tests.live.staffed_server import StaffedServer, staffed_server


def _with_tokens_only() -> dict[str, Any]:
    """Give the document without passwords: wrong ones lock out whoever tries them, with 429."""
    document = open_api()
    del document["components"]["securitySchemes"]["agent"]
    for part in (document, document["paths"]["/metrics"]["get"]):
        part["security"] = [each for each in part["security"] if "agent" not in each]
    return document


DOCUMENT = _with_tokens_only()
STREAM = f"{ROOT}/events/stream"
FOR_EVERYBODY = {
    "/healthz",
    "/metrics",
    f"{ROOT}/openapi.json",
    f"{ROOT}/asyncapi.json",
    f"{ROOT}/schemas.json",
}
NOBODY, IMPOSTOR = "nobody", "impostor"
WRONG_KEY = f"ohk_{'a' * 8}_{'A' * 43}"

SESSION = requests.Session()
SESSION.trust_env = False

# A state may refuse a good request (409, 422, 400 for a destination), and 501 and 503 are answers
# of the API, which are looked at in `_check_refusal`; so these two checks are not ours.
Case: TypeAlias = schemathesis.Case[Any]
NOT_ASKED: list[Any] = [positive_data_acceptance, not_a_server_error]


def _schema(examples: int, *, every_edge: bool) -> OpenApiSchema:
    """Make what schemathesis makes requests of: so many for each operation."""
    generation = GenerationConfig(
        max_examples=examples, deterministic=not every_edge, with_security_parameters=False
    )
    phases = PhasesConfig(
        examples=ExamplesPhaseConfig(enabled=False),
        coverage=CoveragePhaseConfig(enabled=every_edge),
        fuzzing=FuzzingPhaseConfig(enabled=True),
    )
    project = ProjectConfig(generation=generation, phases=phases, request_timeout=20)
    return schemathesis.openapi.from_dict(
        DOCUMENT, config=SchemathesisConfig(projects=ProjectsConfig(default=project))
    )


A_FEW = _schema(3, every_edge=False)
MANY = _schema(20, every_edge=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StaffedServer]:
    with staffed_server(tmp_path_factory.mktemp("server")) as served:
        yield served


@pytest.fixture(scope="module")
def supported(server: StaffedServer) -> set[str]:
    """Name the services that the server says it has."""
    headers = {"Authorization": f"Bearer {server.keys[Role.ADMIN]}"}
    told = httpx.get(f"{server.url}{ROOT}/capabilities", headers=headers, trust_env=False).json()
    return {name for names in told["supportedServices"].values() for name in names}


@A_FEW.exclude(path=STREAM).parametrize()
def test_every_answer_is_what_the_document_says(
    case: Case, server: StaffedServer, supported: set[str]
) -> None:
    _send_as_everybody(case, server, supported)


@pytest.mark.slow
@MANY.exclude(path=STREAM).parametrize()
def test_every_answer_is_what_the_document_says_however_long_one_looks(
    case: Case, server: StaffedServer, supported: set[str]
) -> None:
    _send_as_everybody(case, server, supported)


def _send_as_everybody(case: Case, server: StaffedServer, supported: set[str]) -> None:
    """Send one request by everybody, and look at each answer."""
    key = server.do(server.talk())
    _wait_for_nothing(case)
    if _is_good(case) and len(repr((case.body, case.query, case.path_parameters))) % 2:
        _name_what_is_there(case, server, key.call_id)
    tokens: dict[str, str | None] = {NOBODY: None, IMPOSTOR: WRONG_KEY}
    tokens.update({str(role): key for role, key in server.keys.items()})
    for who, token in tokens.items():
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        response = case.call(base_url=server.url, session=SESSION, headers=headers)
        case.validate_response(response, headers=headers, excluded_checks=NOT_ASKED)
        _check_refusal(case, who, response, supported)


def _check_refusal(case: Case, who: str, response: Response, supported: set[str]) -> None:
    """Let nobody in without a key, and the server say that it cannot when it really cannot."""
    status, path = response.status_code, case.operation.path
    told = f"{who}: {case.method} {path}: {response.text[:300]}"
    if who in {NOBODY, IMPOSTOR} and path not in FOR_EVERYBODY:
        assert status == 401 or (status in {404, 405} and not _is_good(case)), told
    elif status == 501:
        assert path.rpartition("/")[2] not in supported, told
    else:
        assert status < 500 or (status == 503 and response.json()["retryable"]), told


def _is_good(case: Case) -> bool:
    meta = case.meta
    return meta is not None and meta.generation.mode is GenerationMode.POSITIVE


def _wait_for_nothing(case: Case) -> None:
    """Take the wait out of a long poll: a good value stays a good one."""
    wait = str(case.query.get("wait"))
    if wait.isdecimal() and int(wait) <= WAIT_SECONDS_MAX:
        case.query["wait"] = 0


def _name_what_is_there(case: Case, server: StaffedServer, call_id: str) -> None:
    """Put the names of things that are there in the place of names that lead nowhere."""
    log = server.centre.host.log
    names = {
        **dict.fromkeys(("device", "deviceID", "callingDevice", "snapshotObject"), "station:1001"),
        **dict.fromkeys(("newDestination", "transferredTo", "deviceToJoin"), "station:1002"),
        **dict.fromkeys(("calledDirectoryNumber", "consultedDevice"), "1002"),
        **dict.fromkeys(("queue", "targetDevice", "groupObject"), "acd:sales"),
        **dict.fromkeys(("agentID", "agentObject"), "anna"),
        "callID": call_id,
        "epoch": log.epoch,
        "after": "0",
        "link": server.centre.host.engine.config.link_id,
    }
    ids = {"calls": call_id, "agents": "anna", "devices": "station:1001", "queues": "acd:sales"}
    if isinstance(case.body, dict):
        needed = _needed(case.operation.path)
        case.body = {
            name: value for name, value in _with_names(case.body, names).items() if name in needed
        }
    plural = case.operation.path.removeprefix(ROOT).split("/")[1]
    if "id" in case.path_parameters:
        case.path_parameters["id"] = ids.get(plural, "sim1")
    if "after" in case.query:
        case.query["after"] = f"{log.epoch}:0"


def _needed(path: str) -> list[str]:
    """Give the parameters that a service cannot do without: some others are not supported here."""
    schema = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    found: list[str] = schema.get("required", [])
    return found


def _with_names(value: Any, names: dict[str, str]) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {
            name: names[name]
            if name in names and isinstance(inner, str)
            else _with_names(inner, names)
            for name, inner in value.items()
        }
    return [_with_names(inner, names) for inner in value] if isinstance(value, list) else value


@A_FEW.include(path=STREAM).parametrize()
def test_the_stream_begins_or_is_refused_as_the_document_says(
    case: Case, server: StaffedServer
) -> None:
    place = f"{server.centre.host.log.epoch}:0"
    for who, token in [*server.keys.items(), (NOBODY, WRONG_KEY)]:
        sent = case.as_transport_kwargs(base_url=server.url)
        with httpx.Client(
            headers={"Authorization": f"Bearer {token}"}, timeout=20, trust_env=False
        ) as client:
            for query in (sent.get("params") or {}, {"after": place}):
                with client.stream("GET", server.url + STREAM, params=query) as response:
                    if response.status_code == 200:
                        assert response.headers["content-type"].startswith("text/event-stream"), who
                        assert next(response.iter_bytes()).startswith(b": events after ")
                        continue
                    response.read()
                    assert (response.status_code == 401) == (who == NOBODY), response.text
                case.validate_response(response, excluded_checks=NOT_ASKED)

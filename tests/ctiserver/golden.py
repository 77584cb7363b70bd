"""Golden scenarios of cti-api §7.11: read from `tests/golden`, played, and told in its words.

An event is written `Name(device -> state; cause)`; with a second call, `Name(device in call2 …)`;
without a device, `Name(call1; cause)`; of an agent, `Name(agent; cause)`. Calls are numbered as
they appear, devices go by the names of `parties`. Nothing in a file depends on the link.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from acd.plan_file import read_plan
from csta.documents import Section, load_document
from csta.event_types import event_type
from csta.ids import DeviceId
from csta.instants import MINUTE, SECOND, Milliseconds
from ctiserver.core.wire import Published
from ivr.menu_file import load_flow
from switch_sim.config import PhoneAct, PhoneBehaviour
from tests.ctiserver.centre import Centre, centre_plan
from tests.repository import ROOT

FOLDER = ROOT / "tests" / "golden"
SCENARIOS = sorted(FOLDER.glob("S*.yaml"))

_CONNECTION = re.compile(r"(\S+) in (call[0-9]+)")


class Step(msgspec.Struct, frozen=True):
    """One act: it waits for the event `when`, then so long, and then is done."""

    when: str
    wait_ms: Milliseconds
    does: str
    """What a party does, or the service that is asked for."""
    who: str = ""
    keys: str = ""
    params: dict[str, Any] | None = None


class Expected(msgspec.Struct, frozen=True):
    """One event as the file has it; `by` is the service that caused it, the rest are fields."""

    text: str
    by: str | None
    fields: dict[str, Any]


class Golden(msgspec.Struct, frozen=True):
    """One scenario."""

    parties: dict[str, DeviceId]
    phones: dict[str, PhoneBehaviour]
    on_duty: tuple[str, ...]
    steps: tuple[Step, ...]
    events: tuple[Expected, ...]
    centre: Centre


def read_golden(path: Path) -> Golden:
    """Read a scenario, and build its centre: agents on duty, phones as they behave."""
    file = load_document(path)
    for key in ("scenario", "about"):
        file.text(key)
    plan = read_plan(file.section("centre"))
    flows = file.raw("flows") or {}
    numbers = file.raw("numbers") or {"+4930100": "acd:sales"}
    assert isinstance(flows, dict)
    assert isinstance(numbers, dict)
    centre = Centre(
        centre_plan(
            acd=plan.acd,
            agents=plan.agents,
            flows={name: load_flow(FOLDER / flow) for name, flow in flows.items()},
            numbers=numbers,
        )
    )
    parties = file.raw("parties")
    assert isinstance(parties, dict)
    golden = Golden(
        parties=parties,
        phones={
            name: PhoneBehaviour(
                entry.choice("act", PhoneAct), entry.duration_ms("after", default=0, least=0)
            )
            for name, entry in file.entries("phones")
        },
        on_duty=file.texts("on_duty") if file.has("on_duty") else (),
        steps=tuple(_read_step(entry) for entry in file.sections("steps")),
        events=tuple(_read_event(entry) for entry in _list(file, "events")),
        centre=centre,
    )
    file.done()
    return golden


def _list(file: Section, key: str) -> list[Any]:
    items = file.raw(key)
    assert isinstance(items, list)
    return items


def _read_step(entry: Section) -> Step:
    when = entry.text("when", default="")
    wait_ms = entry.duration_ms("wait", default=0, least=0)
    if entry.has("request"):
        params = entry.raw("params")
        assert isinstance(params, dict)
        step = Step(when, wait_ms, entry.text("request"), params=params)
    else:
        step = Step(
            when, wait_ms, entry.text("does"), entry.text("party"), entry.text("keys", default="")
        )
    entry.done()
    return step


def _read_event(item: object) -> Expected:
    if isinstance(item, str):
        return Expected(item, None, {})
    assert isinstance(item, dict)
    [(text, given)] = item.items()
    fields = dict(given)
    return Expected(text, fields.pop("by", None), fields)


class Player:
    """Plays a scenario at the simulated switch. Another link needs another `_act`, no more."""

    def __init__(self, golden: Golden) -> None:
        """Nothing happens before `play`."""
        self.golden = golden
        self.centre = golden.centre
        self.asked: dict[str, str] = {}
        """The service of each request, by its id."""
        self._legs: dict[str, str] = {}
        self._told = 0
        self._seen = 0

    def play(self) -> None:
        """Prepare the centre, let everything happen, and wait until nothing happens any more."""
        for name, behaviour in self.golden.phones.items():
            self.centre.pbx.dial_plan.phones[self.golden.parties[name]].behaviour = behaviour
        self.centre.log_on(*self.golden.on_duty)
        self._told = self._seen = len(self.centre.log)
        for step in self.golden.steps:
            if step.when:
                self._wait_for(step.when)
            self.centre.wait(step.wait_ms)
            self._act(step)
        self.centre.wait(MINUTE)

    def events(self) -> list[Published]:
        """Give what happened since the centre was ready."""
        return self.centre.log[self._told :]

    def words(self) -> Words:
        """Give the words in which the events of this play are told."""
        return Words(self.golden.parties, self.events())

    def _wait_for(self, text: str) -> None:
        for _ in range(10 * MINUTE // SECOND):
            words = self.words()
            for event in self.centre.log[self._seen :]:
                self._seen += 1
                if words.tell(event) == text:
                    return
            self.centre.wait(SECOND // 10)
        raise AssertionError(f"{text} never came")

    def _act(self, step: Step) -> None:
        pbx = self.centre.pbx
        if step.params is not None:
            params = self.words().resolve(step.params)
            request_id = self.centre.world.request(step.does, **params)
            self.asked[request_id] = step.does
            assert self.centre.replies[request_id].error is None, self.centre.replies[request_id]
            return
        device = self.golden.parties[step.who]
        match step.does:
            case "calls":
                number = device.partition(":")[2]
                self._legs[step.who] = self.centre.call(number, step.keys)
            case "presses":
                pbx.press(self._legs.get(step.who, device), step.keys)
            case "hangs up":
                pbx.hang_up(self._legs.get(step.who, device))
            case "picks up":
                pbx.answer(device)
            case "dials":
                pbx.dial_from(device, step.keys)
            case "holds":
                pbx.hold(device)
            case "takes back":
                pbx.retrieve(device)
            case _:
                raise AssertionError(f"nobody can do this: '{step.does}'")


class Words:
    """Names of calls and devices, in place of ids."""

    def __init__(self, parties: dict[str, DeviceId], events: Sequence[Published]) -> None:
        """Name the calls of these events in the order in which they appear."""
        self._device_of = parties
        self._names: dict[str, str] = {device: name for name, device in parties.items()}
        call_ids = dict.fromkeys(getattr(event.data, "call_id", None) for event in events)
        call_ids.pop(None, None)
        for number, call_id in enumerate(call_ids, start=1):
            self._names[str(call_id)] = f"call{number}"

    def tell(self, event: Published) -> str:
        """Write an event down."""
        data = event.data
        kind = type(data).__name__
        cause = f"; {data.cause.value}" if hasattr(data, "cause") else ""
        if hasattr(data, "agent_id"):
            return f"{kind}({data.agent_id}{cause})"
        if data.connection is None:
            return f"{kind}({self._names[data.call_id]}{cause})"
        subject = self.name(msgspec.to_builtins(data.connection)).removesuffix(" in call1")
        state = getattr(data, "local_connection_info", None)
        return f"{kind}({subject}{f' -> {state.value}' if state else ''}{cause})"

    def fields(self, event: Published) -> dict[str, Any]:
        """Give all fields of an event, with names for ids."""
        told: dict[str, Any] = self.name(msgspec.to_builtins(event.data))
        return told

    def name(self, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        """Put names for ids."""
        match value:
            case {"callID": call_id, "deviceID": device_id, **rest} if not rest:
                return f"{self.name(device_id)} in {self.name(call_id)}"
            case {"deviceIdentifier": device_id, **rest} if not rest:
                return self.name(device_id)
            case dict():
                return {key: self.name(member) for key, member in value.items()}
            case list() | tuple():
                return [self.name(member) for member in value]
            case str():
                return self._names.get(value, value)
        return value

    def resolve(self, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        """Put ids for names: `A in call1` is a connection, a party's name its device."""
        ids = {name: known for known, name in self._names.items()} | self._device_of
        match value:
            case dict():
                return {key: self.resolve(member) for key, member in value.items()}
            case str() if found := _CONNECTION.fullmatch(value):
                return {"callID": ids[found[2]], "deviceID": ids.get(found[1], found[1])}
            case str():
                return ids.get(value, value)
        return value


def category(event: Published) -> str:
    """Give an event's category: `callControl`, `agent`, `voice`, `acd` or `crm`."""
    return event_type(type(event.data)).split(".")[1]

"""Golden scenarios of cti-api §7.11: read from `tests/golden`, played, and told in its words.

An event is written `Name(device -> state; cause)`; with a second call, `Name(device in call2 …)`;
without a device, `Name(call1; cause)`; of an agent, `Name(agent; cause)`. Calls are numbered as
they appear, devices go by the names of `parties`. Nothing in a file depends on the link.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from difflib import ndiff
from pathlib import Path
from typing import Any

import msgspec

from acd.plan_file import read_plan
from csta.documents import Section, load_document
from csta.event_types import EVENTS, event_type
from csta.ids import DeviceId
from csta.instants import MINUTE, SECOND, Milliseconds
from csta.supervision_events import SupervisionEvent
from csta.system_events import LinkResynchronised, SystemStatus
from ctiserver.core.inputs import Requested
from ctiserver.core.outbox import RouteQuestion
from ctiserver.core.switch_link import SwitchLink
from ctiserver.core.wire import Published
from ivr.menu_file import load_flow
from scenarios.world import Plan
from switch_sim.config import OutsideParty, PhoneAct, PhoneBehaviour
from tests.ctiserver.centre import Centre, centre_plan
from tests.ctiserver.cut_link import CutLink
from tests.ctiserver.simulated_people import SimulatedPeople
from tests.repository import ROOT

FOLDER = ROOT / "tests" / "golden"
SCENARIOS = sorted(FOLDER.glob("S*.yaml"))

_CATEGORY_OF = {kind.__name__: event_type(kind).split(".")[1] for kind in EVENTS}
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
    session: str = ""
    """The session that asks for the service; a router has one."""


class Expected(msgspec.Struct, frozen=True):
    """One event as the file has it; `by` is the service that caused it, the rest are fields."""

    text: str
    by: str | None
    fields: dict[str, Any]


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario as its file has it; `plan` is its centre, those outside who are called too."""

    parties: dict[str, DeviceId]
    phones: dict[str, PhoneBehaviour]
    on_duty: tuple[str, ...]
    steps: tuple[Step, ...]
    events: tuple[Expected, ...]
    plan: Plan


class Golden(Script, frozen=True, kw_only=True):
    """One scenario, and its centre with the simulated switch in simulated time."""

    centre: Centre
    link: CutLink


def read_script(path: Path) -> Script:
    """Read a scenario; nothing is built."""
    file = load_document(path)
    for key in ("scenario", "about"):
        file.text(key)
    plan = read_plan(file.section("centre"))
    flows = file.raw("flows") or {}
    numbers = file.raw("numbers") or {"+4930100": "acd:sales"}
    assert isinstance(flows, dict)
    assert isinstance(numbers, dict)
    parties = file.raw("parties")
    assert isinstance(parties, dict)
    script = Script(
        parties=parties,
        phones={name: _read_phone(entry) for name, entry in file.entries("phones")},
        on_duty=file.texts("on_duty") if file.has("on_duty") else (),
        steps=tuple(_read_step(entry) for entry in file.sections("steps")),
        events=tuple(_read_event(entry) for entry in _list(file, "events")),
        plan=_with_people_outside(
            file,
            parties,
            centre_plan(
                acd=plan.acd,
                agents=plan.agents,
                flows={name: load_flow(FOLDER / flow) for name, flow in flows.items()},
                numbers=numbers,
            ),
        ),
    )
    file.done()
    return script


def read_golden(path: Path, link: Callable[[SwitchLink], CutLink] = CutLink) -> Golden:
    """Read a scenario, and build its centre: agents on duty, phones as they behave.

    `link` makes what the engine reaches the simulated switch through.
    """
    return build(read_script(path), link)


def build(script: Script, link: Callable[[SwitchLink], CutLink] = CutLink) -> Golden:
    """Build a scenario's centre, with the simulated switch behind `link`."""
    links: list[CutLink] = []

    def cut(pbx: SwitchLink) -> CutLink:
        links.append(link(pbx))
        return links[0]

    centre = Centre(script.plan, link=cut)
    return Golden(**msgspec.structs.asdict(script), centre=centre, link=links[0])


def _read_phone(entry: Section) -> PhoneBehaviour:
    after_ms = entry.duration_ms("after", default=0, least=0)
    return PhoneBehaviour(entry.choice("act", PhoneAct), after_ms)


def _with_people_outside(file: Section, parties: dict[str, DeviceId], plan: Plan) -> Plan:
    """Let those outside behave as the file says when they are called."""
    outside = tuple(
        OutsideParty(
            PhoneBehaviour(
                entry.choice("act", PhoneAct), entry.duration_ms("after", default=0, least=0)
            ),
            parties[name].partition(":")[2],
            machine_share=entry.share("machine", default=0.0),
        )
        for name, entry in (file.entries("outside") if file.has("outside") else ())
    )
    pbx = msgspec.structs.replace(plan.pbx, outside=(*plan.pbx.outside, *outside))
    return msgspec.structs.replace(plan, pbx=pbx)


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
        session = entry.text("session", default="")
        step = Step(when, wait_ms, entry.text("request"), params=params, session=session)
    elif entry.has("link"):
        step = Step(when, wait_ms, f"link {entry.choice('link', ('down', 'up'))}")
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
        self.questions: list[RouteQuestion] = []
        """What routers were asked and told."""
        self.centre.world.routers.append(self.questions.append)
        self._people = SimulatedPeople(self.centre.pbx, golden.parties)
        self._told = 0
        self._seen = 0

    def play(self) -> None:
        """Prepare the centre, let everything happen, and wait until nothing happens any more."""
        for name, behaviour in self.golden.phones.items():
            self._people.let_phone(name, behaviour)
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
        refs = dict.fromkeys(question.cross_ref_id for question in self.questions)
        dialogues = {f"dialogue{number}": ref for number, ref in enumerate(refs, start=1)}
        return Words(self.golden.parties | dialogues, self.events())

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
        if step.params is not None:
            self._ask(step)
        elif step.does == "link down":
            self.golden.link.go_down()
        elif step.does == "link up":
            self.golden.link.come_up()
        else:
            self._people.do(step.who, step.does, step.keys)

    def _ask(self, step: Step) -> None:
        params = self.words().resolve(step.params)
        if step.session:
            request_id = f"{step.session}-{len(self.asked)}"
            asked = Requested(request_id, step.does, params, step.session, step.session)
            self.centre.world.driver.submit(asked)
        else:
            request_id = self.centre.world.request(step.does, **params)
        self.asked[request_id] = step.does
        assert self.centre.replies[request_id].error is None, self.centre.replies[request_id]


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
        if isinstance(data, SystemStatus):
            return f"{kind}({data.system_status.value})"
        if isinstance(data, LinkResynchronised):
            return f"{kind}(+{data.added} -{data.removed} ~{data.corrected})"
        cause = f"; {data.cause.value}" if hasattr(data, "cause") else ""
        if isinstance(data, SupervisionEvent):
            who = f"{data.supervisor} on {data.target}; {data.mode.value}"
            whose = f"{self._names[data.call_id]}; {who}"
        elif hasattr(data, "agent_id"):
            whose = data.agent_id
        elif not hasattr(data, "call_id"):
            whose = self.name(event.subject.partition("/")[2])
        elif data.connection is None:
            whose = self._names[data.call_id]
        else:
            whose = self.name(msgspec.to_builtins(data.connection)).removesuffix(" in call1")
            state = getattr(data, "local_connection_info", None)
            whose += f" -> {state.value}" if state else ""
        return f"{kind}({whose}{cause})"

    def fields(self, event: Published) -> dict[str, Any]:
        """Give all fields of an event, with names for ids."""
        told: dict[str, Any] = self.name(msgspec.to_builtins(event.data))
        return told | {"synthetic": event.synthetic}

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


def in_order(
    events: Sequence[Published], expected: Sequence[Expected]
) -> tuple[list[Published], list[Expected]]:
    """Give what was told and what was expected, category by category.

    Each category keeps its own order; how they interleave is free. Those of which the scenario
    lists nothing are left out, but never call control.
    """
    listed = {"callControl", *map(_category_expected, expected)}
    told = [event for event in events if category(event) in listed]
    return sorted(told, key=category), sorted(expected, key=_category_expected)


def is_as_written(
    events: Sequence[Published], expected: Sequence[Expected], words: Words, asked: dict[str, str]
) -> None:
    """Hold events against a scenario; `asked` are the services of the requests, by their ids."""
    told, wanted = in_order(events, expected)
    texts, wanted_texts = [words.tell(event) for event in told], [event.text for event in wanted]
    assert texts == wanted_texts, "\n" + "\n".join(ndiff(wanted_texts, texts))
    for event, want in zip(told, wanted, strict=True):
        fields = words.fields(event)
        found = {key: fields.get(key) for key in want.fields}
        assert found == want.fields, f"{want.text}: {found}"
    causes = [asked.get(event.correlation_id or "") for event in told]
    other = [(want, by) for want, by in zip(wanted, causes, strict=True) if want.by != by]
    assert other == [], "these have other causes"


def _category_expected(expected: Expected) -> str:
    return _CATEGORY_OF[expected.text.partition("(")[0]]

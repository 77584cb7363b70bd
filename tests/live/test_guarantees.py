"""The guarantees of cti-api §7.13 that need more than one part; and where each is tested.

| | what | where |
|---|---|---|
| G1 | sequences without a gap | `event_laws.check` on every golden log and every machine's; on what each transport brings: `test_parity`; over restarts: `test_server_killed` |
| G2 | `n` without a gap | each client of sessions checks it: `session_stand`, `line_clients`, `event_streams` |
| G3 | legal steps only | `event_laws`: `test_golden`, `test_engine_machine`, `test_parity` |
| G4 | one CallCleared, the last | as G3 |
| G5 | `connections[]` is the fold | as G3 |
| G6 | snapshot and later events | `tests/ctiserver/test_snapshots` (a machine), `test_sessions` |
| G7 | resume loses and repeats nothing | `test_session_resume` (a machine), `test_resume`, `test_disconnects`; after every event of S2 to S9, by each stream: `test_parity` |
| G8 | what a command causes says so | `test_golden` and `test_parity` for each event of the scenarios; here for what people and commands do in any order |
| G9 | the same answer under the same key | `test_commands` (the desk, over a restart too); here over all transports |
| G10 | one list of events, whatever the link | here: the simulated switch in the engine's process, and behind a socket; `tests/conformance`: on every link, a real Asterisk too |
| G11 | duplicates and disorder change nothing | here for the golden scenarios; `test_link_machine` for losses |
| G12 | who does not read delays nobody | `test_sessions`, `test_resume`, `test_slow_client` |
| G13 | nothing beyond one's scope | `test_visibility`, against a second filter |
| G14 | every event fits its schema | `test_cloudevents`, `test_api_documents` |
"""  # noqa: E501 - a table

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csta.agent_events import AgentEvent
from csta.call_events import (
    CallCleared,
    CallInformation,
    ConnectionCleared,
    Established,
    Held,
    Retrieved,
)
from ctiserver.core.inputs import Requested
from ctiserver.core.picture import EVERYTHING
from ctiserver.core.snapshots import picture_of
from ctiserver.core.switch_link import AnyObservation, Digit, LinkDown, LinkUp
from ctiserver.core.wire import Published
from ctiserver.live import zmq_events
from switch_sim.config import PhoneAct
from switch_sim.faults import Fault, Faults, FaultyLink, Lie
from tests.ctiserver import event_laws
from tests.ctiserver.centre import ANNA, BEA, Centre
from tests.ctiserver.cut_link import CutLink
from tests.ctiserver.golden import SCENARIOS, Golden, Player, Step, read_golden
from tests.live.brokers import mosquitto
from tests.live.lined_switch import LinedSwitch
from tests.live.parity import play
from tests.live.ways import WAYS, opened, ways_of

scenario = pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)


# G8: what a command causes says so, and nothing else does.

COMPLETES: dict[str, tuple[type, ...]] = {
    "AnswerCall": (Established,),
    "AssociateData": (CallInformation,),
    "ClearCall": (ConnectionCleared, CallCleared),
    "ClearConnection": (ConnectionCleared, CallCleared),
    "HoldCall": (Held,),
    "RetrieveCall": (Retrieved,),
    "SetAgentState": (AgentEvent,),
}
"""With what each service completes (cti-api §7.6)."""
_AGENT_STATES = ("loggedOn", "ready", "notReady", "loggedOff", "workingAfterCall")
_PEOPLE = ("calls", "answers", "holds", "takes back", "hangs up", "gives up", "waits")


class Bustle:
    """A centre in which people and commands act in any order; two agents are ready."""

    def __init__(self) -> None:
        """Let phones ring until somebody answers."""
        self.centre = Centre()
        for agent in (ANNA, BEA):
            self.centre.phone(agent.device_id, PhoneAct.NO_ANSWER)
        self.centre.log_on("anna", "bea")
        self.callers: list[str] = []
        self.asked: dict[str, str] = {}

    def acts(self, what: str, which: int) -> list[Published]:
        """Let somebody do something, and give what comes of it at once."""
        before = len(self.centre.log)
        device = (ANNA, BEA)[which % 2].device_id
        if what in _PEOPLE:
            self._person(what, device, which)
        else:
            self._command(what, device, which)
        if what != "waits":
            self.centre.wait(0)
        return self.centre.log[before:]

    def _person(self, what: str, device: str, which: int) -> None:
        pbx = self.centre.pbx
        at_phone: dict[str, Callable[[str], object]] = {
            "answers": pbx.answer,
            "holds": pbx.hold,
            "takes back": pbx.retrieve,
            "hangs up": pbx.hang_up,
        }
        if what == "calls":
            self.callers.append(self.centre.call())
        elif what == "waits":
            self.centre.wait(1_000 * which)
        elif what == "gives up":
            if self.callers:
                pbx.hang_up(self.callers.pop(which % len(self.callers)))
        else:
            at_phone[what](device)

    def _command(self, service: str, device: str, which: int) -> None:
        calls = list(self.centre.engine.model.calls)
        key = {"callID": calls[which % len(calls)] if calls else "c-none", "deviceID": device}
        of_call: dict[str, dict[str, Any]] = {
            "AnswerCall": {"callToBeAnswered": key},
            "AssociateData": {"existingCall": key, "correlatorData": {"case": which}},
            "ClearCall": {"callToBeCleared": key},
            "ClearConnection": {"connectionToBeCleared": key},
            "HoldCall": {"callToBeHeld": key},
            "RetrieveCall": {"callToBeRetrieved": key},
        }
        state = _AGENT_STATES[which % len(_AGENT_STATES)]
        of_agent = {"agentID": ("anna", "bea")[which % 2], "requestedAgentState": state}
        asker = f"agent:{which % 2}"
        request_id = f"ask-{len(self.asked)} mark {asker}"
        self.asked[request_id] = asker
        self.centre.world.driver.submit(
            Requested(request_id, service, of_call.get(service, of_agent), asker)
        )


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([*_PEOPLE, "calls", "answers", *COMPLETES]), st.integers(0, 5)),
        max_size=25,
    )
)
def test_a_command_is_named_by_what_it_causes_and_by_nothing_else(
    acts: list[tuple[str, int]],
) -> None:
    """G8, for the events that complete a service; people's acts and time name nobody."""
    bustle = Bustle()
    for what, which in acts:
        told = bustle.acts(what, which)
        if what in _PEOPLE:
            assert not {event.correlation_id for event in told} & set(bustle.asked), (what, told)
            continue
        request_id = list(bustle.asked)[-1]
        for event in told:
            if bustle.centre.replies[request_id].error is not None:
                raise AssertionError(f"{what} was refused, and yet there is {event}")
            if isinstance(event.data, COMPLETES[what]):
                # Of two commands that race for one end, the first has caused it.
                assert event.correlation_id in bustle.asked, (what, event)
                assert event.principal == bustle.asked[str(event.correlation_id)]


# G9: the same answer under the same key, whoever carries the request.


async def test_a_request_is_carried_out_once_by_whatever_transport_it_comes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G9: the answer is byte for byte the stored one; nothing more happens."""
    monkeypatch.setattr(zmq_events, "HEARTBEAT_S", 0.01)
    for first in WAYS:
        centre = Centre()
        centre.phone(ANNA.device_id, PhoneAct.ANSWERS)
        async with mosquitto(_folder(tmp_path, first)) as broker, opened(centre, broker) as doors:
            streams = doors.streams()
            for stream in streams:
                await stream.open()
            ways = ways_of(doors, streams)
            params = {"callingDevice": ANNA.device_id, "calledDirectoryNumber": "1002"}
            stored = await ways[first].ask("MakeCall", params, "first", "key-1")
            assert "replayed" not in stored
            centre.wait(5_000)
            last = doors.host.log.last
            assert last > 1
            for name in (*WAYS, first):
                again = await ways[name].ask("MakeCall", params, f"again-by-{name}", "key-1")
                assert again.pop("replayed"), name
                assert json.dumps(again) == json.dumps(stored), name
            assert doors.host.log.last == last
            for stream in streams:
                await stream.close()


def _folder(inside: Path, name: str) -> Path:
    folder = inside / name
    folder.mkdir()
    return folder


# G10: one list of events, whatever the link.


@scenario
async def test_a_switch_behind_a_socket_makes_the_same_events_as_one_in_the_process(
    path: Path,
) -> None:
    """G10: the simulated switch in both ways; modulo `synthetic`, all fields of all events."""
    lined = (await play(path, "WebSocket", None, link=LinedSwitch)).player
    inside = Player(read_golden(path))
    inside.play()
    lined.is_as_written()
    assert _in_its_order(lined) == _in_its_order(inside)


def _in_its_order(player: Player) -> dict[str, list[dict[str, Any]]]:
    """Tell all fields of the events of each subject; how subjects interleave is free."""
    words = player.words()
    told: dict[str, list[dict[str, Any]]] = {}
    for event in player.events():
        fields = words.fields(event) | {"synthetic": None, "what": words.tell(event)}
        told.setdefault(event.subject, []).append(_without_ids(fields))
    return told


# G11: duplicates and disorder change nothing.

_OUT_OF_LINE = (Digit, LinkDown, LinkUp)
"""A second press of a key and a press that is told twice look alike: `Digit` has no number."""
_TOLD_TWICE = tuple(kind.__name__ for kind in get_args(AnyObservation) if kind not in _OUT_OF_LINE)
LIES = {
    "duplicates": (Fault(Lie.DUPLICATE, 0.5, kinds=_TOLD_TWICE),),
    "disorder": (Fault(Lie.REORDER, 0.5),),
    "both": (Fault(Lie.DUPLICATE, 0.5, kinds=_TOLD_TWICE), Fault(Lie.REORDER, 0.5)),
}
_OF_TIME = ("since", "callLinkageData", "longestWaitMs", "waitedMs")


class LyingSwitch(CutLink):
    """A link that lies about its switch within a tenth of a second."""

    def lie(self, golden: Golden, faults: tuple[Fault, ...], seed: int) -> None:
        """Begin to lie."""
        generator = np.random.default_rng(seed)
        lying = FaultyLink(self._pbx, golden.centre.world.env, Faults(faults), generator)
        lying.attach(self._tell)


class Watcher(Player):
    """Plays a scenario, and looks at the whole model whenever it has been quiet for a second."""

    def __init__(self, golden: Golden) -> None:
        """Nothing has been seen yet."""
        super().__init__(golden)
        self.seen: list[Any] = []

    def play(self) -> None:
        """Look at the end too."""
        super().play()
        self._look()

    def _act(self, step: Step) -> None:
        if step.wait_ms >= 1_000:
            self._look()
        super()._act(step)

    def _look(self) -> None:
        picture = msgspec.to_builtins(picture_of(self.centre.engine, EVERYTHING))
        picture["calls"] = list(picture["calls"].values())
        self.seen.append(_without_ids(self.words().name(picture)))


def _without_ids(told: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Leave out what is made of the instants of a run: times, and the ids of threads."""
    if isinstance(told, dict):
        return {key: _without_ids(each) for key, each in told.items() if key not in _OF_TIME}
    return [_without_ids(each) for each in told] if isinstance(told, list | tuple) else told


@scenario
@pytest.mark.parametrize("lies", LIES)
def test_a_link_that_tells_things_twice_and_out_of_order_changes_nothing(
    path: Path, lies: str
) -> None:
    """G11: neither the model, whenever it is quiet, nor which events there are."""
    truth = Watcher(read_golden(path))
    truth.play()
    for seed in range(5):
        golden = read_golden(path, LyingSwitch)
        assert isinstance(golden.link, LyingSwitch)
        golden.link.lie(golden, LIES[lies], seed)
        lied = Watcher(golden)
        lied.play()
        event_laws.check(lied.centre.log)
        assert lied.seen == truth.seen, f"seed {seed}"
        assert _counted(lied) == _counted(truth), f"seed {seed}"


def _counted(player: Player) -> Counter[str]:
    words = player.words()
    return Counter(words.tell(event) for event in player.events())

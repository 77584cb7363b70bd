"""Transfers by the key of a phone: as the services do them, but nobody has asked for a service."""

from __future__ import annotations

import pytest

from csta.causes import Cause
from ctiserver.core.inputs import Observed
from ctiserver.core.second_steps import ANSWER_MS
from ctiserver.core.switch_link import (
    AnyCommand,
    AnyObservation,
    Clear,
    Join,
    LegSeen,
    LegsJoined,
    LegUp,
    RefuseTransfer,
    SwitchLink,
    TransferAsked,
)
from switch_sim.config import PhoneAct
from tests.ctiserver import event_laws
from tests.ctiserver.centre import CALLER, OURS, Centre, centre_plan

A, B = "station:1001", "station:1002"
TRUNK = "trunk:pstn"
SECOND = "second-line"
KINDS = ("Transferred", "Queued", "Delivered", "Established", "ConnectionCleared", "CallCleared")


class Noting:
    """A link that notes what the switch is asked; a deaf one is asked in vain."""

    def __init__(self, link: SwitchLink) -> None:
        """Stand before a link."""
        self.link_id = link.link_id
        self.attach = link.attach
        self.commands: list[AnyCommand] = []
        self.deaf = False
        self._link = link

    def execute(self, command: AnyCommand) -> None:
        """Note a command, and hand it on."""
        self.commands.append(command)
        if not self.deaf:
            self._link.execute(command)


class Floor:
    """Anna talks with a caller, Bea's phone is free; what the switch is asked is noted."""

    def __init__(self) -> None:
        """Let the talk begin."""
        links: list[Noting] = []

        def noting(link: SwitchLink) -> Noting:
            links.append(Noting(link))
            return links[0]

        plan = centre_plan(numbers={OURS: "acd:sales", "77": "acd:sales"})
        self.centre = Centre(plan, link=noting)
        (self.link,) = links
        for phone in (A, B):
            self.centre.phone(phone, PhoneAct.ANSWERS)
        self.centre.log_on("anna")
        self.caller = self.centre.call()
        self.centre.wait(2_000)
        self.own = self.leg(A)
        self.link.commands.clear()
        self.before = len(self.centre.log)

    def leg(self, device: str) -> str:
        """Give the leg at a device."""
        legs: dict[str, str] = {leg["device"]: leg["leg"] for leg in self.centre.pbx.snapshot()}
        return legs[device]

    def story(self) -> list[str]:
        """Tell what has happened since."""
        return [
            f"{type(e.data).__name__} {e.data.cause}"
            for e in self.centre.log[self.before :]
            if type(e.data).__name__ in KINDS
        ]

    def observe(self, *told: AnyObservation) -> None:
        """Let the switch say something of a second line, which the phones of this one have not."""
        for what in told:
            self.centre.world.driver.submit(Observed(what))
        self.centre.wait(100)

    def consults_on_a_second_line(self) -> None:
        """Let Anna hold the caller by her phone's key, and talk to Bea on its other line."""
        self.centre.pbx.hold(A)
        seen = LegSeen(SECOND, device=A, ani="1001", dnis="1002")
        self.observe(seen, LegUp(SECOND))
        self.observe(LegsJoined(SECOND, legs=(SECOND, self.leg(B))))

    def refusals(self) -> list[AnyCommand]:
        """List what phones were refused."""
        return [each for each in self.link.commands if isinstance(each, RefuseTransfer)]

    def end(self) -> None:
        """Let everybody hang up: nothing is left, and all has been told in order."""
        self.centre.everybody_hangs_up()
        event_laws.check(self.centre.log)
        assert len(self.centre.engine.second_steps) == 0


@pytest.fixture
def floor() -> Floor:
    return Floor()


@pytest.mark.parametrize("on_hold", [False, True])
def test_a_phone_sends_its_caller_to_a_colleague(floor: Floor, *, on_hold: bool) -> None:
    if on_hold:
        floor.centre.pbx.hold(A)
    floor.centre.pbx.transfer(A, "1002")
    floor.centre.wait(1_000)
    assert floor.story() == [
        "Transferred singleStepTransfer",
        "Delivered singleStepTransfer",
        "Established singleStepTransfer",
    ]
    transferred = floor.centre.events("Transferred")[0]
    assert transferred.correlation_id is None
    assert transferred.data.transferring_device == A
    assert floor.centre.pbx.hears(floor.caller) == (B,)
    assert floor.refusals() == []
    assert floor.centre.engine.directory.agent("anna").state.value == "agentWorkingAfterCall"
    floor.end()


def test_a_phone_sends_its_caller_to_a_queue(floor: Floor) -> None:
    floor.centre.pbx.transfer(A, "77")
    floor.centre.wait(1_000)
    assert floor.story() == [
        "Transferred singleStepTransfer",
        "Delivered enteringDistribution",
        "Queued noAvailableAgents",
    ]
    floor.centre.log_on("bea")
    floor.centre.wait(1_000)
    assert floor.centre.pbx.hears(floor.caller) == (B,)
    floor.end()


def test_a_phone_sends_its_caller_outside(floor: Floor) -> None:
    floor.centre.pbx.transfer(A, "+4940777")
    floor.centre.wait(1_000)
    [transferred] = floor.centre.events("Transferred")
    assert transferred.data.transferred_to_device == "number:+4940777"
    floor.end()


@pytest.mark.parametrize(
    "number",
    [
        pytest.param("1001", id="to itself"),
        pytest.param(CALLER, id="to the caller"),
        pytest.param("acd:nobody", id="to a queue that there is not"),
        pytest.param("park:701", id="to a parking place"),
        pytest.param("", id="nowhere"),
    ],
)
def test_a_caller_who_can_not_go_there_stays(floor: Floor, number: str) -> None:
    floor.centre.pbx.transfer(A, number)
    floor.centre.wait(1_000)
    assert floor.story() == []
    assert floor.link.commands == [RefuseTransfer(floor.own)]
    assert floor.centre.pbx.hears(floor.caller) == (A,)
    floor.centre.pbx.transfer(A, "1002")
    floor.centre.wait(1_000)
    assert floor.centre.pbx.hears(floor.caller) == (B,)
    floor.end()


def test_a_call_that_nobody_has_answered_is_not_transferred(floor: Floor) -> None:
    floor.centre.phone(B, PhoneAct.NO_ANSWER)
    floor.centre.pbx.hang_up(floor.caller)
    floor.centre.wait(10_000)
    floor.centre.pbx.dial_from(A, "1002")
    own = floor.leg(A)
    floor.centre.pbx.transfer(A, "77")
    floor.centre.wait(1_000)
    assert floor.refusals() == [RefuseTransfer(own)]
    floor.end()


def test_one_who_consults_by_a_client_transfers_by_it_too(floor: Floor) -> None:
    call = {"callID": floor.centre.call_ids()[0], "deviceID": A}
    floor.centre.asked("ConsultationCall", existingCall=call, consultedDevice="1002")
    floor.centre.wait(1_000)
    floor.centre.pbx.transfer(A, "77")
    floor.centre.wait(1_000)
    assert floor.refusals() == [RefuseTransfer(floor.own)]
    floor.end()


def test_the_key_pressed_twice_transfers_once(floor: Floor) -> None:
    asked = TransferAsked(floor.own, number="1002")
    floor.observe(asked, asked)
    assert floor.story()[0] == "Transferred singleStepTransfer"
    assert floor.refusals() == []
    floor.end()


@pytest.mark.parametrize("from_second", [True, False])
def test_two_lines_of_a_phone_are_brought_together(floor: Floor, *, from_second: bool) -> None:
    floor.consults_on_a_second_line()
    floor.link.commands.clear()
    legs = (SECOND, floor.own) if from_second else (floor.own, SECOND)
    floor.observe(TransferAsked(legs[0], to=legs[1]))
    assert [each for each in floor.link.commands if isinstance(each, Join | Clear)] == [
        Join(floor.caller, legs=(floor.caller, floor.leg(B))),
        Clear(floor.own),
        Clear(SECOND),
    ]
    told = floor.story()
    assert told[told.index("Transferred transfer") :][:2] == [
        "Transferred transfer",
        "CallCleared transfer",
    ]
    [transferred] = floor.centre.events("Transferred")
    first, second = floor.centre.call_ids()
    assert transferred.data.primary_old_call.call_id == first
    assert transferred.data.secondary_old_call.call_id == second
    assert transferred.correlation_id is None
    assert floor.centre.pbx.hears(floor.caller) == (B,)
    floor.end()


@pytest.mark.parametrize(
    "to", [pytest.param("", id="no other line"), pytest.param("l-nobody", id="no such line")]
)
def test_a_line_that_can_not_be_brought_to_another_stays(floor: Floor, to: str) -> None:
    floor.observe(TransferAsked(floor.own, to=to or floor.own))
    assert floor.refusals() == [RefuseTransfer(floor.own)]
    floor.end()


def test_nobody_takes_the_call_of_another_phone(floor: Floor) -> None:
    floor.centre.log_on("bea")
    second = floor.centre.call("+49301")
    floor.centre.wait(1_000)
    floor.observe(TransferAsked(floor.own, to=floor.leg(B)))
    assert floor.refusals() == [RefuseTransfer(floor.own)]
    assert floor.centre.pbx.hears(second) == (B,)
    floor.end()


def test_a_switch_that_never_joins_them_has_the_phone_told(floor: Floor) -> None:
    floor.consults_on_a_second_line()
    floor.link.deaf = True
    floor.observe(TransferAsked(SECOND, to=floor.own))
    assert floor.refusals() == []
    floor.centre.wait(ANSWER_MS)
    assert floor.refusals() == [RefuseTransfer(SECOND)]
    [failure] = floor.centre.events("ServiceCompletionFailure")
    assert failure.data.cause is Cause.TIMEOUT

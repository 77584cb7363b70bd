"""Who has called a phone hears that it rings there, until it is answered or not."""

from __future__ import annotations

from ctiserver.core.switch_link import Dial, LegRinging, StopPlay
from tests.ctiserver.centre import ANNA, BEA
from tests.ctiserver.cut_link import CutCentre


class RingingCentre(CutCentre):
    """Anna calls Bea, whose phone rings until the test says more."""

    def heard_at(self, device: str) -> str:
        """Give the id of what is played at a device."""
        return str(self.legs()[self.leg_at(device)]["playing"])

    def anna_calls(self) -> None:
        """Let Anna call Bea by the service."""
        params = {"calledDirectoryNumber": "1002", "autoOriginate": "doNotPrompt"}
        self.asked("MakeCall", callingDevice=ANNA.device_id, **params)
        self.wait(1_000)

    def anna_consults(self) -> None:
        """Let Anna talk to a caller, and ask Bea meanwhile."""
        self.talk()
        here = {"callID": self.call_ids()[0], "deviceID": ANNA.device_id}
        self.asked("ConsultationCall", existingCall=here, consultedDevice="1002")
        self.wait(1_000)


def test_who_calls_a_phone_hears_it_ring_until_it_is_answered() -> None:
    centre = RingingCentre()
    centre.anna_calls()
    assert centre.heard_at(ANNA.device_id).endswith("/rings")
    assert centre.events("Play") == []
    centre.pbx.answer(BEA.device_id)
    centre.wait(1_000)
    assert centre.heard_at(ANNA.device_id) == ""
    assert len(centre.joined()) == 1
    centre.agree()


def test_who_consults_a_phone_that_rings_hears_it_until_it_is_refused() -> None:
    centre = RingingCentre()
    centre.anna_consults()
    assert centre.heard_at(ANNA.device_id).endswith("/rings")
    centre.pbx.hang_up(BEA.device_id)
    centre.wait(1_000)
    assert centre.heard_at(ANNA.device_id) == ""
    assert len(centre.legs()) == 2
    centre.agree()


def test_a_caller_of_a_queue_hears_what_the_queue_plays_and_no_more() -> None:
    centre = RingingCentre()
    centre.log_on("anna")
    centre.call()
    centre.wait(1_000)
    [caller] = [leg for leg, now in centre.legs().items() if not now["outgoing"]]
    assert "/wait/" in centre.legs()[caller]["playing"]


def test_nobody_hears_that_the_phone_rings_of_one_who_is_to_listen_in() -> None:
    centre = RingingCentre()
    centre.talk()
    here = {"callID": centre.call_ids()[0], "deviceID": ANNA.device_id}
    centre.asked("HoldCall", callToBeHeld=here)
    listen = {"deviceToJoin": BEA.device_id, "participationType": "silent"}
    centre.link.deaf = True  # this switch lets phones answer by themselves before they ring
    centre.asked("SingleStepConferenceCall", activeCall=here, **listen)
    dialled = centre.link.given[-1]
    assert isinstance(dialled, Dial)
    centre.link.tell(LegRinging(dialled.leg))
    centre.wait(1_000)
    assert not [each for each in centre.link.given if "rings" in getattr(each, "play_id", "")]


def test_it_is_heard_again_when_the_switch_has_lost_it() -> None:
    centre = RingingCentre()
    centre.anna_calls()
    leg = centre.leg_at(ANNA.device_id)
    heard = centre.heard_at(ANNA.device_id)
    centre.link.go_down()
    centre.pbx.execute(StopPlay(leg, play_id=heard))
    centre.link.come_up()
    assert centre.heard_at(ANNA.device_id) == heard
    centre.agree()

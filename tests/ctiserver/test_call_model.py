"""The call model: what a switch says twice, late or in the wrong order changes nothing."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csta.call_events import Party
from csta.causes import Cause
from csta.states import ConnectionState
from ctiserver.core.call_model import CallModel
from ctiserver.core.calls import Connection, Role
from ctiserver.core.outbox import Outbox
from ctiserver.core.switch_link import LegGone, LegSeen
from ctiserver.core.wire import Published

LEG = "leg-1"
B = "station:1002"


class Model:
    """A call model with one call, whose party B has been dialled."""

    def __init__(self) -> None:
        """Dial B."""
        self.out = Outbox()
        self.model = CallModel(self.out, "sim1", lambda _: None)
        self.call = self.model.begin("internal", Party("station:1001"), Party(B))
        leg = self.model.expect(LEG, B, Role.PARTY, Cause.NEW_CALL)
        self.connection: Connection = self.model.attach(self.call, B, leg)

    def say(self, what: str) -> None:
        """Let the switch say something of the leg."""
        match what:
            case "seen":
                self.model.leg_seen(LegSeen(LEG, device=B))
            case "ringing":
                self.model.leg_ringing(LEG)
            case "up":
                self.model.leg_up(LEG)
            case "gone":
                self.model.leg_gone(LegGone(LEG))
            case "held":
                self.model.leg_held(LEG)

    def told(self) -> list[str]:
        """Take the names of the events that were made."""
        return [type(d.data).__name__ for d in self.out.take() if isinstance(d, Published)]


def test_a_leg_that_rings_and_is_up_is_delivered_and_established() -> None:
    model = Model()
    for what in ("seen", "ringing", "up", "gone"):
        model.say(what)
    assert model.told() == ["Delivered", "Established", "ConnectionCleared"]


@pytest.mark.parametrize("order", list(permutations(("seen", "ringing", "up"))))
def test_in_whatever_order_it_is_told_the_party_is_connected_at_last(order: tuple[str]) -> None:
    model = Model()
    for what in order:
        model.say(what)
    assert model.connection.state is ConnectionState.CONNECTED
    assert model.told() == ["Delivered", "Established"]


def test_an_answer_without_ringing_makes_up_for_the_ringing() -> None:
    model = Model()
    model.say("up")
    assert model.told() == ["Delivered", "Established"]
    model.say("ringing")
    assert model.told() == []


@given(st.lists(st.sampled_from(["seen", "ringing", "up", "held"]), max_size=12))
def test_duplicates_make_no_events(said: list[str]) -> None:
    model = Model()
    for what in said:
        model.say(what)
    first = model.told()
    state = model.connection.state
    for what in said:
        if what != "held":
            model.say(what)
    assert model.told() == []
    assert model.connection.state is state
    assert len(first) == len(set(first))


@given(st.lists(st.sampled_from(["seen", "ringing", "up", "held", "gone"]), max_size=8))
def test_nothing_moves_a_leg_that_is_gone(said: list[str]) -> None:
    model = Model()
    model.say("up")
    model.say("gone")
    model.told()
    for what in said:
        model.say(what)
    assert model.told() == []
    assert model.connection.state is ConnectionState.NULL
    assert model.model.is_gone(LEG)


def test_a_leg_that_nobody_knows_is_no_news() -> None:
    model = Model()
    assert model.model.leg_ringing("leg-9") is None
    assert model.model.leg_up("leg-9") is None
    assert model.model.leg_held("leg-9") is None
    assert model.model.leg_gone(LegGone("leg-9")) is None
    assert model.told() == []
    assert not model.model.is_gone("leg-9")


@pytest.mark.parametrize(
    ("gone", "event", "state"),
    [
        (LegGone(LEG, cause=Cause.BUSY), "Failed", ConnectionState.FAIL),
        (LegGone(LEG, cause=Cause.CALL_NOT_ANSWERED), "Failed", ConnectionState.FAIL),
        (LegGone(LEG, cause=Cause.NORMAL_CLEARING), "ConnectionCleared", ConnectionState.NULL),
        (LegGone(LEG, cause=Cause.BUSY, far_end=False), "ConnectionCleared", ConnectionState.NULL),
    ],
)
def test_who_refuses_has_failed_and_who_was_released_is_cleared(
    gone: LegGone, event: str, state: ConnectionState
) -> None:
    model = Model()
    model.say("ringing")
    model.model.leg_gone(gone)
    assert model.told() == ["Delivered", event]
    assert model.connection.state is state


def test_a_failure_names_what_the_network_said() -> None:
    model = Model()
    model.model.leg_gone(LegGone(LEG, cause=Cause.BUSY, q850=17, sip_status=486))
    [failed] = [d.data for d in model.out.take() if isinstance(d, Published)]
    assert (failed.cause, failed.q850, failed.sip_status) == (Cause.BUSY, 17, 486)


def test_a_device_that_returns_to_a_call_has_a_new_instance() -> None:
    model = Model()
    model.say("up")
    model.say("gone")
    leg = model.model.expect("leg-2", B, Role.PARTY, Cause.NEW_CALL)
    again = model.model.attach(model.call, B, leg)
    model.model.leg_up("leg-2")
    assert (model.connection.instance, again.instance) == (1, 2)
    assert again.key == model.connection.key


def test_a_step_that_the_table_does_not_know_is_a_broken_invariant() -> None:
    model = Model()
    model.say("up")
    with pytest.raises(AssertionError, match="may not go from connected to alerting"):
        model.model.deliver(model.connection, Cause.NEW_CALL)

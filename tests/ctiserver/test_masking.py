"""What one reads of an event: numbers, sensitive data and the switch's own ids (cti-api §7.8)."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from csta.call_events import CallInformation, CallLinkageData, DigitsGenerated
from csta.customers import CustomerCard, Match, PastContact, ScreenPopped
from csta.event_types import EVENTS
from csta.ids import ConnectionId
from ctiserver.core.masking import WALKED, Envelopes, Masking, mask_devices, mask_number
from ctiserver.core.principals import Principal, Scope
from ctiserver.core.wire import Published, encode
from ctiserver.live.event_log import Logged
from tests.ctiserver.centre import CALLER
from tests.ctiserver.offices import ADMIN, ANNA_HERSELF, CRM, ROUTER, Offices

LINKAGE = CallLinkageData("c-1", "t-1")


def _logged(data: object, sequence: int = 1) -> Logged:
    event = Published(
        sequence=sequence,
        entity_sequence=1,
        at=0,
        subject="call/c-1",
        partition_key="t-1",
        data=data,
    )
    return Logged(event, encode(event, "epoch", "/cti"))


def _read(data: object, who: Principal) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(Envelopes().for_(_logged(data), who))["data"]
    return found


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+4930123456", "+49*****456"),  # the example of the specification
        ("+49301234567890", "+49*********890"),
        ("030123456", "******456"),
        ("1234567", "****567"),
        ("110", "***"),
        ("+49301", "******"),
        ("anonymous", "anonymous"),
        ("", ""),
    ],
)
def test_of_a_number_three_digits_stay(number: str, shown: str) -> None:
    assert mask_number(number) == shown


@given(st.from_regex(r"\+?[0-9]{1,20}", fullmatch=True))
def test_no_more_than_the_country_and_three_digits_can_be_read(number: str) -> None:
    shown = mask_number(number)
    assert len(shown) == len(number)
    assert sum(letter.isdigit() for letter in shown) <= 5
    assert not re.search(r"[0-9]{4}", shown)


def test_numbers_are_hidden_wherever_a_device_is_named() -> None:
    offices = Offices()
    offices.talk()
    envelopes = Envelopes()
    hidden = 0
    for event in offices.log:
        logged = Logged(event, encode(event, "epoch", "/cti"))
        assert envelopes.for_(logged, ANNA_HERSELF) is logged.envelope
        read = envelopes.for_(logged, CRM)
        assert CALLER[3:-3].encode() not in read
        assert msgspec.json.decode(read)["id"] == msgspec.json.decode(logged.envelope)["id"]
        hidden += CALLER.encode() in logged.envelope
    assert hidden > 5


def test_a_variant_is_written_once_and_only_the_latest_are_kept() -> None:
    data = DigitsGenerated(
        link_id="s",
        call_id="c-1",
        connection=ConnectionId("c-1", "number:+4930123456"),
        call_linkage_data=LINKAGE,
        digit_generated_list="123",
    )
    envelopes = Envelopes(kept_max=2)
    first = _logged(data)
    once = envelopes.for_(first, CRM)
    assert envelopes.for_(first, ROUTER) is once
    for sequence in (2, 3):
        envelopes.for_(_logged(data, sequence), CRM)
    again = envelopes.for_(first, CRM)
    assert again == once
    assert again is not once


@pytest.mark.parametrize("name", ["pin", "PIN", "card_number", "cardNumber", "CVV"])
def test_sensitive_data_are_left_out_and_the_rest_stays(name: str) -> None:
    said = {"reason": "order", "deep": [{name: "4111", "tier": "gold"}], name: "4111"}
    data = CallInformation(
        link_id="s",
        call_id="c-1",
        call_linkage_data=LINKAGE,
        correlator_data=said,
        changed=("correlatorData",),
    )
    assert _read(data, ANNA_HERSELF)["correlatorData"] == said
    assert _read(data, CRM)["correlatorData"] == {"reason": "order", "deep": [{"tier": "gold"}]}


def test_the_names_of_sensitive_data_can_be_chosen() -> None:
    masking = Masking(["policy number"])
    shown = masking.personal({"correlatorData": {"policyNumber": "7", "pin": "1"}})
    assert shown == {"correlatorData": {"pin": "1"}}


def test_a_screen_pop_shows_who_it_is_to_agents_only() -> None:
    customer = CustomerCard(
        "k-7", "Erika Muster", "gold", last_contacts=(PastContact(1, "voice", "done"),)
    )
    data = ScreenPopped(
        offer_id="o-1",
        call_id="c-1",
        agent_id="anna",
        device_id="station:1001",
        match=Match.ONE,
        number="+4930123456",
        dialled="+4930100",
        queue="acd:sales",
        waited_ms=1,
        customer=customer,
        collected={"pin": "1234", "reason": "2", "callBack": "+4930123456"},
    )
    assert _read(data, ANNA_HERSELF)["customer"]["name"] == "Erika Muster"
    read = _read(data, CRM)
    assert read["number"] == "+49*****456"
    assert read["customer"] == {"customerID": "k-7", "name": "***", "tier": "gold"}
    assert read["collected"] == {"reason": "2", "callBack": "+49*****456"}


def test_the_switchs_own_ids_need_their_own_right() -> None:
    data = CallInformation(
        link_id="s",
        call_id="c-1",
        call_linkage_data=LINKAGE,
        correlator_data={"privateData": {"native": {"ami": {"Uniqueid": "1"}}, "trunk": 3}},
        changed=(),
    )
    assert "native" in _read(data, ADMIN)["correlatorData"]["privateData"]
    assert _read(data, ANNA_HERSELF)["correlatorData"]["privateData"] == {"trunk": 3}
    assert Scope.NATIVE not in ANNA_HERSELF.scopes


def test_who_sees_neither_numbers_nor_native_ids_sees_neither() -> None:
    data = CallInformation(
        link_id="s",
        call_id="c-1",
        call_linkage_data=LINKAGE,
        correlator_data={"native": {"id": "1"}, "pin": "1", "callBack": "+4930123456", "n": 3},
        changed=(),
    )
    assert _read(data, CRM)["correlatorData"] == {"callBack": "+49*****456", "n": 3}


JSON_VALUES = st.recursive(
    st.sampled_from(["+4930123456", "030123456", "", "gold", "number:+4930123456", 3, 1.5, None]),
    lambda deeper: st.one_of(
        st.lists(deeper, max_size=3),
        st.dictionaries(
            st.sampled_from(["pin", "number", "customer", "userData", "collected", "a", "b"]),
            deeper,
            max_size=3,
        ),
    ),
    max_leaves=8,
)


@given(st.one_of(st.none(), st.dictionaries(st.text(max_size=3), JSON_VALUES, max_size=3)))
def test_to_look_where_something_is_hidden_is_as_good_as_to_look_everywhere(
    said: dict[str, Any] | None,
) -> None:
    data = CallInformation(
        link_id="s", call_id="c-1", call_linkage_data=LINKAGE, correlator_data=said, changed=()
    )
    logged = _logged(data)
    envelope = msgspec.json.decode(logged.envelope)
    envelope["data"] = Masking().personal(envelope["data"])
    assert Envelopes().for_(logged, CRM) == mask_devices(msgspec.json.encode(envelope))


def test_no_event_has_anything_to_hide_deeper_than_its_own_members() -> None:
    def may_hide(kind: inspect.Type) -> bool:
        match kind:
            case inspect.StructType():
                return any(
                    field.encode_name in WALKED or may_hide(field.type) for field in kind.fields
                )
            case inspect.UnionType():
                return any(may_hide(each) for each in kind.types)
            case inspect.VarTupleType() | inspect.ListType():
                return may_hide(kind.item_type)
        return isinstance(kind, inspect.AnyType | inspect.DictType | inspect.TupleType)

    deeper = []
    for event in inspect.multi_type_info(EVENTS):
        assert isinstance(event, inspect.StructType)
        fields = [field for field in event.fields if field.encode_name not in WALKED]
        deeper += [(event.cls.__name__, field.name) for field in fields if may_hide(field.type)]
    assert deeper == []


def test_answers_and_states_are_hidden_as_events_are() -> None:
    masking = Masking()
    answer = (
        b'{"items":[{"callingDevice":{"deviceIdentifier":"number:+4930123456"},"native":{"id":1}}]}'
    )
    assert masking.answer(ADMIN, answer) is answer
    assert masking.answer(ANNA_HERSELF, answer) == answer.replace(b',"native":{"id":1}', b"")
    assert msgspec.json.decode(masking.answer(CRM, answer)) == {
        "items": [{"callingDevice": {"deviceIdentifier": "number:+49*****456"}}]
    }


def test_numbers_in_sentences_are_hidden_too() -> None:
    said = b'{"detail":"number:+4930123456;2 is connected, number:anonymous is not"}'
    assert mask_devices(said) == (
        b'{"detail":"number:+49*****456;2 is connected, number:anonymous is not"}'
    )


def test_what_is_nested_without_end_is_cut() -> None:
    value: Any = "+4930123456"
    for _ in range(200):
        value = {"correlatorData": value}
    assert b"4930123456" not in msgspec.json.encode(Masking().personal(value))

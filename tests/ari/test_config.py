"""What Asterisk calls things, and what we do: numbers, trunks, phones, sounds."""

from __future__ import annotations

import msgspec
import pytest

from ctiserver.live.links.ari_config import AriConfig, AriTrunk, number_in, rewritten
from ctiserver.live.secret import Secret

PSTN = AriTrunk(
    "pstn",
    "PJSIP/carrier",
    "PJSIP/{number}@carrier",
    incoming={"00": "+", "0": "+49", "": "+"},
    outgoing={"+49": "0", "+": "00"},
)
CONFIG = AriConfig(
    url="http://127.0.0.1:8088/ari",
    user="offhook",
    password=Secret("hidden"),
    trunks=(PSTN, AriTrunk("gsm", "PJSIP/gsm", "PJSIP/{number}@gsm")),
    station_dial="PJSIP/phones/sip:{station}@127.0.0.3:5070",
    station_numbers={"0": "+49"},
    sounds={"sound:sales-1": "sound:queue-thankyou,sound:one-moment-please"},
    music={"queue": "jazz"},
)


@pytest.mark.parametrize(
    ("told", "number"),
    [
        ("03055510", "+493055510"),
        ("00493055510", "+493055510"),
        ("493055510", "+493055510"),
        ("+493055510", "+493055510"),
        ("anonymous", ""),
        ("Restricted", ""),
        ("", ""),
        ("alice", "alice"),
        ("sales2", "sales2"),
    ],
)
def test_a_number_that_comes_in_is_e164_by_the_longest_prefix(told: str, number: str) -> None:
    assert PSTN.number_in(told) == number


@pytest.mark.parametrize(
    ("number", "dialled"),
    [
        ("+493055510", "PJSIP/03055510@carrier"),
        ("+4315551", "PJSIP/004315551@carrier"),
        ("110", "PJSIP/110@carrier"),
    ],
)
def test_a_number_goes_out_as_the_trunk_wants_it(number: str, dialled: str) -> None:
    assert PSTN.endpoint_for(number) == dialled


def test_without_a_table_numbers_are_left_alone() -> None:
    assert number_in("03055510", {}) == "03055510"
    assert rewritten("+493055510", {}) == "+493055510"


def test_an_endpoint_is_a_trunk_only_if_it_is_named_so() -> None:
    assert CONFIG.trunk_of("PJSIP/carrier") is PSTN
    assert PSTN.device == "trunk:pstn"
    assert CONFIG.trunk_of("PJSIP/1001") is None


def test_phones_are_dialled_and_dial_as_the_operator_says() -> None:
    assert CONFIG.station_endpoint("1001") == "PJSIP/phones/sip:1001@127.0.0.3:5070"
    assert CONFIG.station_number("03055510") == "+493055510"
    assert CONFIG.station_number("1002") == "1002"


def test_sounds_and_music_that_are_not_named_have_a_meaning_too() -> None:
    assert CONFIG.media("sound:sales-1") == "sound:queue-thankyou,sound:one-moment-please"
    assert CONFIG.media("sound:hello-world") == "sound:hello-world"
    assert CONFIG.music_class("music:queue") == "jazz"
    assert CONFIG.music_class("music:hold") == "default"


def test_the_password_is_not_shown_and_not_written_anywhere() -> None:
    assert "hidden" not in repr(CONFIG)
    with pytest.raises(TypeError):
        msgspec.json.encode(CONFIG)

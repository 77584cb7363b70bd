"""Prompts: what is spoken, what is left out, and what is refused."""

from __future__ import annotations

import pytest

from csta.conditions import WordingError
from ivr.prompts import SCHEMES, compile_prompt, compile_template

VALUES: dict[str, object] = {
    "account": "0042",
    "rate": 2.5,
    "count": 3.0,
    "queue.card-loss.position": 7,
    "nothing": None,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sound:welcome", "sound:welcome"),
        ("digits:{account}", "digits:0042"),
        ("tts:Rate {rate}, number {queue.card-loss.position}.", "tts:Rate 2.5, number 7."),
        ("tts:{ count } of {count}", "tts:3 of 3"),
        ("tts:You are number {queue.sales.position}", None),
        ("tts:{nothing} at all", None),
    ],
)
def test_a_prompt_is_filled_in_or_left_out(text: str, expected: str | None) -> None:
    assert compile_prompt(text).fill(VALUES.__getitem__) == expected


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_may_begin_a_prompt(scheme: str) -> None:
    assert compile_prompt(f"{scheme}:x").names == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "welcome",
        "sound:",
        "sound: ",
        "http://x",
        "tts:{",
        "tts:}",
        "tts:{}",
        "tts:{a b}",
        "{a}",
    ],
)
def test_what_is_no_prompt_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(WordingError) as fault:
        compile_prompt(text)
    assert fault.value.remedy


def test_what_the_caller_keyed_in_is_not_filled_in_again() -> None:
    lookup = {"a": "{b}", "b": "secret"}.__getitem__
    assert compile_template("{a}").fill(lookup) == "{b}"

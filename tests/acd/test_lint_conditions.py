"""What a condition can come to: a table, and a law against values drawn at random."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.lint_conditions import Anything, Domain, Range, Value, Words, holds, outcomes

NUMBERS = st.integers(-2, 6)
SIGNS = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
ATOMS = st.one_of(
    st.builds("{} {} {}".format, st.sampled_from(["n", "s", "any.x"]), SIGNS, NUMBERS),
    st.builds("w {} '{}'".format, st.sampled_from(["==", "!="]), st.sampled_from("abc")),
    st.builds("n in [{}, {}]".format, NUMBERS, NUMBERS),
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("not ({})".format, inner),
        st.builds("({}) and ({})".format, inner, inner),
        st.builds("({}) or ({})".format, inner, inner),
    ),
    max_leaves=4,
)
VALUES = st.fixed_dictionaries(
    {
        "n": st.integers(0, 4),
        "s": st.floats(0, 9, allow_nan=False),
        "w": st.sampled_from("ab"),
        "any.x": st.none() | NUMBERS | st.booleans() | st.sampled_from(["a", "", "3"]),
    }
)
SMALL: dict[str, Domain] = {
    "n": Range(0, 4),
    "s": Range(0, whole=False),
    "w": Words(("a", "b")),
    "any.x": Anything(),
}

DOMAINS: dict[str, Domain] = {
    "n": Range(0, 40),
    "s": Range(0, whole=False),
    "w": Words(("open", "closed")),
    "any.x": Anything(),
}


@given(CONDITIONS, VALUES)
def test_nothing_is_ruled_out_that_happens(condition: str, values: dict[str, Value | None]) -> None:
    came = outcomes(condition, SMALL.get)
    assert came.can_hold if holds(condition, values) else came.can_fail


@pytest.mark.parametrize(
    ("condition", "can_hold", "can_fail"),
    [
        ("n < 0", False, True),
        ("n >= 0", True, False),
        ("n > 3 and n < 4", False, True),
        ("s > 3 and s < 4", True, True),
        ("n > 40", False, True),
        ("n == 40", True, True),
        ("not n >= 0", False, True),
        ("n in [41, 42]", False, True),
        ("n in [40, 42]", True, True),
        ("0 <= n <= 40", True, False),
        ("0 <= n < 40", True, True),
        ("w == 'open' or w == 'closed'", True, False),
        ("w == 'opne'", False, True),
        ("w != 'open' and w != 'closed'", False, True),
        ("any.x == 1 or any.x != 1", True, True),
        ("any.x == 'a' and any.x == 'b'", False, True),
        ("any.x", True, True),
        ("n", True, True),
        ("n > s", True, True),
        ("unheard_of > 5", True, True),
        ("true", True, False),
        ("false", False, True),
        ("", True, True),
        ("n is 5", True, True),
        ("'x' in any.x", True, True),
    ],
)
def test_what_a_condition_can_come_to(condition: str, *, can_hold: bool, can_fail: bool) -> None:
    came = outcomes(condition, DOMAINS.get)
    assert (came.can_hold, came.can_fail) == (can_hold, can_fail)

"""Numbers in all their spellings, and the choice among customers who share one."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.customers import Candidate, Customer
from crm_bridge.matching import check_region, choose, e164
from csta.customers import Match


@pytest.mark.parametrize(
    "number",
    [
        "+442079460018",
        "02079460018",
        "00442079460018",
        "442079460018",
        "+44 (0)20 7946 0018",
        "020 7946 0018",
        "+4402079460018",
        "tel:+44-20-7946-0018",
        "020 7946 0018 ext. 12",
    ],
)
def test_every_spelling_of_a_number_is_the_same_number(number: str) -> None:
    assert e164(number, "GB") == "+442079460018"


@pytest.mark.parametrize(
    "number",
    [
        "",
        "anonymous",
        "Restricted",
        "<unknown>",
        "0000000000",
        "+440000000000",
        "1001",
        "+",
        "+9991234567",
        "1" * 60,
        "☎",
        "*31#",
    ],
)
def test_withheld_internal_and_meaningless_numbers_are_none(number: str) -> None:
    assert e164(number, "GB") is None


def test_a_number_without_a_country_is_read_in_the_default_region() -> None:
    assert e164("(201) 555-0123", "US") == "+12015550123"
    assert e164("030 23125 123", "DE") == "+493023125123"


@given(st.text(max_size=40))
def test_whatever_comes_as_a_number_gives_a_number_or_none(text: str) -> None:
    number = e164(text, "GB")
    assert number is None or e164(number, "FR") == number


@pytest.mark.parametrize("region", ["", "UK", "gb", "XX"])
def test_a_region_without_a_numbering_plan_is_refused(region: str) -> None:
    with pytest.raises(ValueError, match=f"'{region}' has no numbering plan"):
        check_region(region)


def _candidates(*pairs: tuple[str, int | None]) -> list[Candidate]:
    return [Candidate(Customer(customer_id=key, name=key), at) for key, at in pairs]


@pytest.mark.parametrize(
    ("candidates", "match", "chosen"),
    [
        ([], Match.NONE, None),
        ([("C1", None)], Match.ONE, "C1"),
        ([("C1", 5), ("C2", 9)], Match.SEVERAL, "C2"),
        ([("C1", None), ("C2", 0)], Match.SEVERAL, "C2"),
        ([("C2", 5), ("C1", 5)], Match.SEVERAL, "C1"),
        ([("C2", None), ("C1", None)], Match.SEVERAL, "C1"),
    ],
)
def test_of_several_the_one_contacted_last_is_chosen_then_the_lowest_id(
    candidates: list[tuple[str, int | None]], match: Match, chosen: str | None
) -> None:
    found, customer = choose(_candidates(*candidates))
    assert (found, customer and customer.customer_id) == (match, chosen)


@given(
    st.lists(
        st.tuples(st.sampled_from("ABCDE"), st.none() | st.integers(0, 3)),
        unique_by=lambda pair: pair[0],
    ),
    st.randoms(use_true_random=False),
)
def test_the_choice_does_not_depend_on_the_order_of_the_candidates(
    pairs: list[tuple[str, int | None]],
    random: Random,
) -> None:
    shuffled = list(pairs)
    random.shuffle(shuffled)
    assert choose(_candidates(*pairs)) == choose(_candidates(*shuffled))

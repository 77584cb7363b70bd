"""Figures of queues: the vector of features §e.1, the identities, and the fold of events."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.stats import SERVICE_LEVELS, Contact, figures

THRESHOLD = 20_000


def contacts(
    count: int, waited_ms: int, *, answered: bool = False, abandoned: bool = False
) -> list[Contact]:
    return [
        Contact("acd:q", 0, waited_ms, answered=answered, abandoned=abandoned) for _ in range(count)
    ]


VECTOR = [
    *contacts(70, 20_000, answered=True),
    *contacts(15, 20_001, answered=True),
    *contacts(4, 4_000, abandoned=True),
    *contacts(6, 12_000, abandoned=True),
    *contacts(5, 31_000, abandoned=True),
    *contacts(8, 40_000),  # flow-outs
    *contacts(6, 10_000),  # call-backs accepted
]


@pytest.mark.parametrize(("variant", "percent"), [("SL1", 82.35), ("SL2", 80.00), ("SL9", 61.40)])
def test_the_same_contacts_have_the_service_levels_of_the_vector(
    variant: str, percent: float
) -> None:
    share = figures(VECTOR, THRESHOLD).service_level(variant)
    assert share == pytest.approx(percent / 100, abs=0.00005)


def test_abandoned_in_time_are_left_out_in_sl4() -> None:
    # 70 / (114 - 10): the vector's own SL4 counts events at the threshold, which contacts are not.
    assert figures(VECTOR, THRESHOLD).service_level("SL4") == pytest.approx(70 / 104)


def test_ciscos_worked_example() -> None:
    # 100 contacts: 70 answered and 10 abandoned in time, 20 answered late: 77.8 / 70 / 80 %.
    example = [
        *contacts(70, 5_000, answered=True),
        *contacts(10, 5_000, abandoned=True),
        *contacts(20, 30_000, answered=True),
    ]
    figure = figures(example, THRESHOLD)
    levels = [figure.service_level(variant) for variant in ("SL4", "SL9", "SL2")]
    assert levels == pytest.approx([0.778, 0.70, 0.80], abs=0.0005)


def test_nothing_offered_gives_no_share_rather_than_nought() -> None:
    empty = figures([], THRESHOLD)
    assert [empty.service_level(variant) for variant in SERVICE_LEVELS] == [None] * 4
    assert (empty.asa_ms, empty.abandoned_share, empty.mean_wait_ms) == (None, None, None)
    assert (empty.waited_share, empty.mean_abandon_ms, empty.mean_talk_ms) == (None, None, None)


drawn = st.lists(
    st.builds(
        lambda waited, end, talk: Contact(
            "acd:q", 0, waited, end == "answered", end == "abandoned", talk
        ),
        st.integers(0, 60_000),
        st.sampled_from(["answered", "abandoned", "other"]),
        st.integers(0, 60_000),
    )
)


@given(drawn)
def test_the_parts_are_the_whole(some: list[Contact]) -> None:
    whole = figures(some, THRESHOLD)
    assert whole.answered + whole.abandoned + whole.other == whole.offered == len(some)
    assert whole.answered_within <= whole.answered
    assert whole.abandoned_within <= whole.abandoned
    total = whole.wait_answered_ms + whole.wait_abandoned_ms + whole.wait_other_ms
    assert total == sum(contact.waited_ms or 0 for contact in some)
    for variant in SERVICE_LEVELS:
        share = whole.service_level(variant)
        assert share is None or 0 <= share <= 1
    if whole.offered > whole.abandoned_within:
        strict, lenient = whole.service_level("SL9"), whole.service_level("SL4")
        assert strict is not None
        assert lenient is not None
        assert strict <= lenient


@given(drawn, drawn)
def test_figures_of_two_intervals_add_up(first: list[Contact], second: list[Contact]) -> None:
    whole, a, b = (figures(some, THRESHOLD) for some in (first + second, first, second))
    for name in whole.__struct_fields__:
        if name != "threshold_ms":
            assert getattr(whole, name) == getattr(a, name) + getattr(b, name)

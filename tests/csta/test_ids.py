"""Identifiers: written, minted, taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csta.ids import (
    DEVICE_CATEGORIES,
    ConnectionId,
    Mint,
    category_of,
    device,
    local_part,
    number_device,
    ulid,
    wire_name,
)

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_AT = st.integers(0, 2**48 - 1)
_COUNT = st.integers(0, 2**80 - 1)


def _decode(text: str) -> tuple[int, int]:
    """Take a ULID apart into its instant and its counter, as the ULID specification has it."""
    value = 0
    for character in text:
        value = value * 32 + _ALPHABET.index(character)
    return divmod(value, 2**80)


@given(_AT, _COUNT)
def test_a_ulid_decodes_to_its_instant_and_counter(at: int, count: int) -> None:
    text = ulid(at, count)
    assert len(text) == 26
    assert _decode(text) == (at, count)


@given(st.tuples(_AT, _COUNT), st.tuples(_AT, _COUNT))
def test_ulids_sort_as_their_instants_and_counters_do(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    assert (ulid(*one) < ulid(*other)) == (one < other)


@pytest.mark.parametrize(
    ("at", "count", "text"),
    [
        (0, 0, "0" * 26),
        (0, 31, "0" * 25 + "Z"),
        (1_469_918_176_385, 0, "01ARYZ6S41" + "0" * 16),  # the specification's own example
        (2**48 - 1, 2**80 - 1, "7" + "Z" * 25),
    ],
)
def test_these_ulids_are_known(at: int, count: int, text: str) -> None:
    assert ulid(at, count) == text


@given(st.lists(st.tuples(st.sampled_from("cto"), _AT), max_size=50))
def test_a_minted_id_is_never_used_again(asked: list[tuple[str, int]]) -> None:
    mint = Mint()
    ids = [mint.next(prefix, at) for prefix, at in asked]
    assert len(set(ids)) == len(ids)
    assert [one.partition("-")[0] for one in ids] == [prefix for prefix, _ in asked]
    assert [_decode(one.partition("-")[2])[0] for one in ids] == [at for _, at in asked]


def test_ids_minted_at_one_instant_sort_in_the_order_of_minting() -> None:
    mint = Mint()
    ids = [mint.next("c", 1_700_000_000_000) for _ in range(2_000)]
    assert ids == sorted(ids)


def test_two_mints_give_the_same_ids_for_the_same_asking() -> None:
    one, other = Mint(), Mint()
    assert [one.next("c", at) for at in (5, 5, 9)] == [other.next("c", at) for at in (5, 5, 9)]


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("call_id", "callID"),
        ("link_id", "linkID"),
        ("monitor_cross_ref_ids", "monitorCrossRefIDs"),
        ("route_register_req_id", "routeRegisterReqID"),
        ("caller_id_provided", "callerIDProvided"),
        ("global_call_linkage_id", "globalCallLinkageID"),
        ("local_connection_info", "localConnectionInfo"),
        ("q850", "q850"),
        ("cause", "cause"),
        ("identity", "identity"),
        ("wait_ms", "waitMs"),
    ],
)
def test_a_field_name_becomes_the_standards_spelling(name: str, wire: str) -> None:
    assert wire_name(name) == wire


@pytest.mark.parametrize("category", DEVICE_CATEGORIES)
def test_a_device_id_comes_apart_as_it_was_put_together(category: str) -> None:
    identifier = device(category, "1001")
    assert identifier == f"{category}:1001"
    assert category_of(identifier) == category
    assert local_part(identifier) == "1001"


@pytest.mark.parametrize(
    ("identifier", "local"),
    [("station:1001;2", "1001"), ("number:+4930123456", "+4930123456"), ("acd:a.b-c", "a.b-c")],
)
def test_the_local_part_leaves_out_the_appearance(identifier: str, local: str) -> None:
    assert local_part(identifier) == local


def test_a_caller_without_a_number_is_anonymous() -> None:
    assert number_device("") == "number:anonymous"
    assert number_device("+4930123456") == "number:+4930123456"


def test_connections_sort_by_call_and_then_by_device() -> None:
    late, early = ConnectionId("c-1", "station:2"), ConnectionId("c-1", "station:1")
    assert sorted([ConnectionId("c-2", "a"), late, early]) == [
        early,
        late,
        ConnectionId("c-2", "a"),
    ]

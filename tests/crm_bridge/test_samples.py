"""The sample customers: the same each time, and with numbers that are nobody's."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from crm_bridge.matching import e164
from crm_bridge.samples import COUNT_MAX, sample_customers

_FICTION = re.compile(r"\+442079460\d{3}|\+1\d{3}55501\d\d")


def test_a_longer_list_begins_with_the_shorter_one() -> None:
    assert sample_customers(2_500)[:100] == sample_customers(100)


def test_the_first_ones_are_known() -> None:
    first, second = sample_customers(2)
    assert (first.customer_id, first.numbers) == ("C0000001", ("+442079460000",))
    assert (second.customer_id, second.numbers) == ("C0000002", ("+12015550100",))


def test_ids_and_own_numbers_are_unique_and_each_number_is_e164() -> None:
    customers = sample_customers(80_000)
    assert len({customer.customer_id for customer in customers}) == len(customers)
    own = [customer.numbers[0] for customer in customers]
    assert len(set(own)) == len(own)
    assert all(e164(number, "GB") == number for number in own[::97])
    assert all(_FICTION.fullmatch(number) for number in own[:72_100])


def test_more_customers_than_there_are_numbers_are_refused() -> None:
    assert COUNT_MAX > 1_000_000
    with pytest.raises(ValueError, match=f"for {COUNT_MAX} customers, not for {COUNT_MAX + 1}"):
        sample_customers(COUNT_MAX + 1)


def test_of_a_hundred_customers_the_tiers_have_their_shares() -> None:
    tiers = Counter(customer.tier for customer in sample_customers(1_000))
    assert tiers == {"vip": 10, "main": 40, "ordinary": 150, "small": 800}


def test_each_fiftieth_customer_shares_a_number_with_the_one_before() -> None:
    customers = sample_customers(50)
    assert customers[48].numbers[0] in customers[49].numbers
    assert all(len(customer.numbers) == 1 for customer in customers[:49])

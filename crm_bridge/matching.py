"""From a number as it came to a customer: the E.164 form, and the choice among several."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import phonenumbers

from crm_bridge.customers import Candidate, Customer
from csta.customers import Match


def check_region(region: str) -> None:
    """Refuse a region of which the numbering plans know nothing, as no number would ever match.

    Raises:
        ValueError: The region is no upper-case ISO 3166-1 code with a numbering plan.
    """
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f"'{region}' has no numbering plan; write a code such as GB or DE")


@lru_cache(maxsize=16_384)
def e164(number: str, default_region: str) -> str | None:
    """Write a number in E.164, or None for one that is withheld, garbage or internal.

    A number without a country code is read as one of the default region (ISO 3166-1). The length
    must be possible in its country; whether the number is in use is not asked, as numbering plans
    change faster than libraries.
    """
    try:
        parsed = phonenumbers.parse(number, default_region)
    except phonenumbers.NumberParseException:
        return None
    possible = phonenumbers.is_possible_number_with_reason(parsed)
    # Some switches send a row of zeros for a number that the caller withholds.
    if possible != phonenumbers.ValidationResult.IS_POSSIBLE or not parsed.national_number:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def choose(candidates: Sequence[Candidate]) -> tuple[Match, Customer | None]:
    """Choose the customer to show: the one contacted most recently, then the lowest id.

    Whether there were several is told beside, so that the agent can ask who is calling.
    """
    if not candidates:
        return Match.NONE, None
    match = Match.ONE if len(candidates) == 1 else Match.SEVERAL
    return match, min(candidates, key=_rank).customer


def _rank(candidate: Candidate) -> tuple[bool, int, str]:
    at = candidate.last_contact_at
    return at is None, -(at or 0), candidate.customer.customer_id

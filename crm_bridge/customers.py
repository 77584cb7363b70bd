"""A customer as the store keeps one, and a customer as the answer to a number."""

from __future__ import annotations

import msgspec

from csta.instants import Instant


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """One customer; `numbers` are in E.164, and another customer may have the same ones."""

    customer_id: str
    name: str
    tier: str = ""
    language: str = ""
    since: Instant | None = None
    notes: str = ""
    numbers: tuple[str, ...] = ()


class Candidate(msgspec.Struct, frozen=True):
    """A customer who has the number, and when the last finished contact with him began."""

    customer: Customer
    last_contact_at: Instant | None = None

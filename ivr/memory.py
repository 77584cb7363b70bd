"""What one walk knows: what the caller keyed in, what steps set, and who the customer is."""

from __future__ import annotations

from csta.conditions import Lookup
from csta.customers import Match
from ivr.config import SetStep, Value
from ivr.inputs import CustomerFound


class Memory:
    """Gives the value of every name of a flow; facts of the world are asked for at each use."""

    __slots__ = ("_customer", "_facts", "_variables", "collected", "priority", "skills", "visits")

    def __init__(self, facts: Lookup) -> None:
        """Start knowing nothing; `facts` raises KeyError for what is not known."""
        self.collected: dict[str, str] = {}
        self.visits: dict[str, int] = {}
        self.priority = 0
        self.skills: dict[str, int] = {}
        self._facts = facts
        self._variables: dict[str, Value] = {}
        self._customer: CustomerFound | None = None

    def lookup(self, name: str) -> object:
        """Give the value of a name.

        Raises:
            KeyError: it is not known, or not yet.
        """
        kind, dot, rest = name.partition(".")
        if not dot:
            return self._variables[name]
        if kind == "visits":
            return self.visits.get(rest, 0)
        if kind == "customer" and self._customer is not None:
            return self._of_customer(self._customer, rest)
        return self._facts(name)

    def keep(self, name: str, value: str, *, secret: bool) -> None:
        """Remember what the caller keyed in; a secret is for conditions only."""
        self._variables[name] = value
        if not secret:
            self.collected[name] = value

    def apply(self, step: SetStep) -> None:
        """Do what a set step says."""
        self._variables |= step.variables
        self.skills |= step.skills
        if step.priority is not None:
            self.priority = step.priority

    def meet(self, found: CustomerFound) -> None:
        """Remember who the customer is; a look-up that failed takes nothing away."""
        if found.match is not Match.UNKNOWN:
            self._customer = found

    def _of_customer(self, found: CustomerFound, name: str) -> object:
        card = found.card
        if name == "known":
            return card is not None
        known = card and {"tier": card.tier, "language": card.language, "agent": card.agent_id}
        value = known.get(name) if known else None
        if not value:
            raise KeyError(name)
        return value

"""Who hears whom: joining legs, putting one on hold, taking it back, listening in, leaving."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from csta.ids import LegId
from ctiserver.core.switch_link import (
    AnyObservation,
    LegHeld,
    LegRetrieved,
    LegsJoined,
    LegsParted,
    Listen,
)
from switch_sim.legs import Company, Leg
from switch_sim.sounds import HOLD_MUSIC

Tell = Callable[[AnyObservation], None]


def join(legs: Sequence[Leg], tell: Tell) -> None:
    """Let these hear one another and nobody else.

    A conversation of which only a part is moved is parted as a whole, and those who stay in it are
    told as joined anew when there are two or more of them.
    """
    moved: Company = {leg.id: leg for leg in legs}
    left_behind: Company = {}
    for leg in legs:
        former, leg.company, leg.held_from = leg.company, None, None
        if former is None or leg.id not in former:
            continue
        whole = tuple(former)
        for leg_id in moved:
            former.pop(leg_id, None)
        if former:
            left_behind |= former
            tell(LegsParted(leg.id, legs=_first(leg.id, whole)))
            if len(former) > 1:
                tell(LegsJoined(next(iter(former)), legs=tuple(former)))
    for leg in legs:
        leg.company = moved
        _stop_listening(leg)
    tell(LegsJoined(legs[0].id, legs=tuple(moved)))
    _company_changed((*left_behind.values(), *legs))


def hold(leg: Leg, tell: Tell) -> None:
    """Take a leg out of its conversation; one who stays alone hears music."""
    company, leg.company = leg.company, None
    leg.held_from = {} if company is None else company
    leg.held_from.pop(leg.id, None)
    tell(LegHeld(leg.id))
    _company_changed((*leg.held_from.values(), leg))
    if len(leg.held_from) == 1:
        for left in leg.held_from.values():
            left.party.hears(left, HOLD_MUSIC)


def retrieve(leg: Leg, tell: Tell) -> None:
    """Bring a leg that is on hold back to those whom it has left, if they are still there."""
    company, leg.held_from = leg.held_from, None
    if company:
        company[leg.id] = leg
        leg.company = company
    tell(LegRetrieved(leg.id))
    _company_changed(leg.company.values() if leg.company else ())


def listen(legs: Mapping[LegId, Leg], command: Listen, tell: Tell) -> None:
    """Let a leg listen to another one; it is in no conversation then."""
    leg, to = legs.get(command.leg), legs.get(command.to)
    if leg is None or to is None or leg is to or not leg.up or to.listens_to is not None:
        return
    company, leg.company, leg.held_from = leg.company, None, None
    for listener in (leg, *leg.listeners):
        _stop_listening(listener)
    leg.listens_to, leg.coaches = to, command.coach
    to.listeners = (*to.listeners, leg)
    if company:
        company.pop(leg.id, None)
        tell(LegsParted(leg.id, legs=(leg.id, *company)))
        if len(company) > 1:
            tell(LegsJoined(next(iter(company)), legs=tuple(company)))
        _company_changed((*company.values(), leg))


def voices(leg: Leg) -> list[Leg]:
    """List those whom the party of a leg hears, what is played to it left aside."""
    to = leg.listens_to
    if to is not None:
        return [to, *(other for other in voices(to) if other is not leg)]
    return [*leg.partners(), *(other for other in leg.listeners if other.coaches)]


def _stop_listening(leg: Leg) -> None:
    if leg.listens_to is not None:
        others = leg.listens_to.listeners
        leg.listens_to.listeners = tuple(other for other in others if other is not leg)
        leg.listens_to, leg.coaches = None, False


def leave(leg: Leg, *, hung_up: bool) -> None:
    """Take a leg that is gone out of its conversation; who listened to it hears nothing."""
    _stop_listening(leg)
    for other in leg.listeners:
        _stop_listening(other)
    company = leg.company if leg.company is not None else leg.held_from
    leg.company = leg.held_from = None
    if not company:
        return
    company.pop(leg.id, None)
    if hung_up:
        for left in company.values():
            left.party.partner_hung_up(left, leg)
    _company_changed(company.values())


def _first(leg_id: LegId, legs: tuple[LegId, ...]) -> tuple[LegId, ...]:
    return (leg_id, *(other for other in legs if other != leg_id))


def _company_changed(legs: Iterable[Leg]) -> None:
    for leg in list(legs):
        leg.party.company_changed(leg)

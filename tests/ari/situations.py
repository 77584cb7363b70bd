"""Situations in which tests begin: somebody has called, phones have answered, people talk."""

from __future__ import annotations

from ctiserver.core.switch_link import Answer, Dial, Join
from tests.ari.pretended import PretendedAsterisk


def answered(asterisk: PretendedAsterisk) -> str:
    """Let a call come in and be answered; gives its leg."""
    caller, _ = asterisk.call()
    asterisk.do(Answer(caller))
    return caller


def dialled(asterisk: PretendedAsterisk, leg: str, device: str = "station:1001") -> str:
    """Let a phone be dialled, and answer."""
    asterisk.do(Dial(leg, device=device))
    asterisk.phone_answers(leg)
    return leg


def talking(asterisk: PretendedAsterisk, *agents: str) -> tuple[str, ...]:
    """Let a caller talk with agents; gives their legs."""
    legs = (answered(asterisk), *(dialled(asterisk, agent) for agent in agents))
    asterisk.do(Join(legs[0], legs=legs))
    asterisk.requests()
    return legs


def bridged(asterisk: PretendedAsterisk) -> list[set[str]]:
    """List who is in a bridge with whom."""
    return [set(members) for members in asterisk.bridges.values()]

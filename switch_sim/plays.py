"""What the switch plays to its legs: one thing at a time, to its end or until it is stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from csta.ids import LegId
from ctiserver.core.switch_link import Play, PlayEnded, StopPlay
from switch_sim.legs import Exchange, Leg
from switch_sim.sounds import lasts_ms


def commands(
    exchange: Exchange, legs: Mapping[LegId, Leg], tell: Callable[[PlayEnded], None]
) -> dict[type, Callable[[Any], None]]:
    """Give the table of commands on these legs: type to function; a leg that is gone has none."""

    def play(command: Play) -> None:
        leg = legs.get(command.leg)
        if leg is None:
            return
        silence(leg)
        leg.play_id = command.play_id
        lasts = lasts_ms(command.uri, exchange.config)
        if lasts is not None:
            leg.play_timer = exchange.after(lasts, partial(end, leg))
        leg.party.hears(leg, command.uri)

    def stop(command: StopPlay) -> None:
        leg = legs.get(command.leg)
        if leg is not None and leg.play_id == command.play_id:
            silence(leg)

    def end(leg: Leg) -> None:
        assert leg.play_id is not None, f"leg {leg.id} has heard the end of nothing"
        tell(PlayEnded(leg.id, play_id=leg.play_id))
        silence(leg)

    return {Play: play, StopPlay: stop}


def silence(leg: Leg) -> None:
    """Let a leg hear nothing of the switch any more."""
    leg.play_id = None
    if leg.play_timer is not None:
        leg.play_timer.cancel()
        leg.play_timer = None

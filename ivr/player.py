"""Playing a list of prompts, one after the other."""

from __future__ import annotations

from csta.conditions import Lookup
from ivr.decisions import Decision, Play, StopPlay
from ivr.prompts import compile_template


class Player:
    """What one walk plays: at most one prompt at a time, each with an id of its own.

    A prompt is filled in when its turn comes. One with a value that is not known is left out:
    better nothing than "you are number".
    """

    __slots__ = ("_count", "_lookup", "_playing", "_rest", "_walk_id")

    def __init__(self, walk_id: str, lookup: Lookup) -> None:
        """Name plays `<walk_id>/<n>`, counted from 1."""
        self._walk_id = walk_id
        self._lookup = lookup
        self._count = 0
        self._playing: str | None = None
        self._rest: tuple[str, ...] = ()

    @property
    def playing(self) -> bool:
        """Tell whether a prompt is playing."""
        return self._playing is not None

    def start(self, prompts: tuple[str, ...], out: list[Decision]) -> bool:
        """Play these; False when there is nothing to play."""
        self._rest = prompts
        return self._play_next(out)

    def ended(self, play_id: str, out: list[Decision]) -> bool:
        """Go on with the next prompt; True when the last one of the list has ended."""
        return play_id == self._playing and not self._play_next(out)

    def stop(self, out: list[Decision]) -> None:
        """Play no more of the list."""
        if self._playing is not None:
            out.append(StopPlay(self._playing))
        self._playing = None

    def _play_next(self, out: list[Decision]) -> bool:
        self._playing = None
        while self._rest:
            text, self._rest = self._rest[0], self._rest[1:]
            uri = compile_template(text).fill(self._lookup)
            if uri is not None:
                self._count += 1
                self._playing = f"{self._walk_id}/{self._count}"
                out.append(Play(self._playing, uri))
                return True
        return False

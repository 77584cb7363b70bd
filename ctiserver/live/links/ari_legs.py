"""The legs of one Asterisk as its link knows them, and the way to ask it and to tell of them.

A leg is a channel in our Stasis application, or one that is dialled for it; a voice unit is a leg
without a channel. What must be known after this process was started anew is kept with the channel,
in one variable.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from csta.causes import Cause
from csta.ids import DeviceId, LegId
from ctiserver.core.switch_link import AnyObservation, LegGone
from ctiserver.live.links.ari_causes import Release
from ctiserver.live.links.ari_config import AriConfig
from ctiserver.live.links.ari_requests import Reply, Request, Send, path_of

if TYPE_CHECKING:
    from ctiserver.live.links.ari_talks import Talk

VARIABLE: Final = "OFFHOOK"
"""The channel variable in which `Kept` stands."""


class Kept(msgspec.Struct, omit_defaults=True):
    """What a channel's variable says of its leg."""

    device: DeviceId = ""
    ani: str = ""
    dnis: str = ""
    outgoing: bool = False
    held: bool = False
    held_by_phone: bool = False
    """It is on hold by its own key: it is still in its bridge, and comes back by itself."""
    play_id: str = ""
    playback: str = ""
    """The id of Asterisk's playback; `""` where music or ringing plays, which never ends."""
    ringing: bool = False
    """What plays, and never ends, is a ring tone and no music."""
    unit: LegId = ""
    """The voice unit that speaks on this leg, and its device."""
    unit_device: DeviceId = ""

    def encoded(self) -> str:
        """Write it as the variable's text."""
        return msgspec.json.encode(self).decode()


class AriLeg:
    """One leg."""

    __slots__ = (
        "answered",
        "clearing",
        "entered",
        "hold_music",
        "in_stasis",
        "kept",
        "leg_id",
        "listens",
        "placed",
        "playing",
        "release",
        "seen",
        "state",
        "talk",
        "transfers",
        "virtual",
    )

    def __init__(self, leg_id: LegId, kept: Kept, *, virtual: bool = False) -> None:
        """Begin; `virtual` is a voice unit, which has no channel."""
        self.leg_id = leg_id
        self.kept = kept
        self.virtual = virtual
        self.state: Literal["seen", "ringing", "up"] = "seen"
        self.seen = False
        """Whether it has been told that there is such a leg."""
        self.in_stasis = virtual
        self.answered = virtual
        self.talk: Talk | None = None
        self.placed = ""
        """The bridge to which it was last sent, and `entered`: the one in which it is."""
        self.entered = ""
        self.playing = ""
        """How what is played is played: `media`, `music`, `ringing`."""
        self.hold_music = False
        """Music that the link plays of its own to one who is left alone."""
        self.listens: tuple[LegId, bool, str] | None = None
        """Whom it listens to, whether it coaches, and the snoop channel by which it does."""
        self.clearing: Cause | None = None
        self.release: Release | None = None
        """Why it ends, as Asterisk has said already."""
        self.transfers: LegId = ""
        """The leg on which its phone waits to hear what becomes of a transfer, this or another."""

    @property
    def device(self) -> DeviceId:
        """The leg's own device."""
        return self.kept.device

    @property
    def ends(self) -> bool:
        """Tell whether it is about to be no more: it hangs up, or is released."""
        return self.release is not None or self.clearing is not None

    def path(self, *more: str) -> str:
        """Give the path of the leg's channel, or of something below it."""
        return path_of("channels", self.leg_id, *more)


class AriLegs:
    """All legs; what several parts of the link need."""

    def __init__(
        self, config: AriConfig, send: Send, observe: Callable[[AnyObservation], None]
    ) -> None:
        """Ask Asterisk by `send`, and tell `observe` of it."""
        self.config = config
        self.all: dict[LegId, AriLeg] = {}
        self._send = send
        self._observe = observe
        self._untold: deque[AnyObservation] = deque()
        self._telling = False
        self._serial = self._asked = 0
        self._unanswered: set[int] = set()
        """Requests on whose replies we wait."""
        self._unwritten: dict[LegId, AriLeg] = {}
        """Legs of whose channels the variable does not say what is so."""
        self.since = ""
        """When the connection began, by Asterisk's clock: a part of all ids that are given."""
        self.on_gone: list[Callable[[AriLeg], None]] = []
        """Who wants to know of a leg that is no more."""

    def mint(self, kind: str) -> str:
        """Give an id for something of ours in Asterisk, which takes none that it has had before."""
        self._serial += 1
        return f"{self.config.application}-{kind}-{self.since}-{self._serial}"

    def is_minted(self, name: str, kind: str) -> bool:
        """Tell whether an id is one of ours."""
        return name.startswith(f"{self.config.application}-{kind}-")

    # Asking.

    def ask(
        self,
        method: Literal["GET", "POST", "PUT", "DELETE"],
        path: str,
        query: dict[str, str] | None = None,
        then: Callable[[Reply], None] | None = None,
        body: dict[str, Any] | None = None,
    ) -> None:
        """Send a request; `then` gets the reply, and what it tells is told after it."""
        self._asked += 1
        number = self._asked
        self._unanswered.add(number)

        def on_reply(reply: Reply) -> None:
            self._unanswered.discard(number)
            if then is not None:
                then(reply)
            self.flush()

        self._send(Request(method, path, query or {}, body), on_reply)

    def keep(self, leg: AriLeg) -> None:
        """Write down, when there is time, what must be known of a leg after a restart."""
        if not leg.virtual:
            self._unwritten[leg.leg_id] = leg

    def keep_now(self, leg: AriLeg) -> None:
        """Write it down before anything else is asked."""
        self._unwritten.pop(leg.leg_id, None)
        query = {"variable": VARIABLE, "value": leg.kept.encoded()}
        self.ask("POST", leg.path("variable"), query)

    def begin_anew(self) -> None:
        """A connection begins: nothing is under way on it."""
        self._unanswered.clear()
        self._unwritten.clear()

    def _write(self) -> None:
        """Write down what has changed, if Asterisk has nothing else to do for us.

        What is over soon is so never written. While it plays it writes no variable: the request
        would hold up all others.
        """
        if self._unanswered:
            return
        for leg in list(self._unwritten.values()):
            if leg.leg_id not in self.all or leg.ends:
                del self._unwritten[leg.leg_id]
            elif leg.playing != "media":
                self.keep_now(leg)

    # Telling.

    def tell(self, what: AnyObservation) -> None:
        """Note what has been observed; `flush` tells it."""
        self._untold.append(what)

    def flush(self) -> None:
        """Tell what has been observed; what is observed meanwhile is told after it."""
        if self._telling:
            return
        self._telling = True
        try:
            while self._untold:
                self._observe(self._untold.popleft())
        finally:
            self._telling = False
        self._write()

    def gone(self, leg: AriLeg, release: Release) -> None:
        """A leg is no more; whoever has released it knows better why."""
        if self.all.pop(leg.leg_id, None) is None:
            return
        released = leg.clearing is not None
        self.tell(
            LegGone(
                leg.leg_id,
                cause=release.cause if leg.clearing is None else leg.clearing,
                far_end=not released,
                q850=release.q850,
                sip_status=release.sip_status,
            )
        )
        for wants_to_know in self.on_gone:
            wants_to_know(leg)

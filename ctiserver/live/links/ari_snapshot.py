"""All that there is in Asterisk, asked for when the link comes up, and made a `LinkUp` of.

Nothing is taken over from before, but for voice units that nobody talks to yet: what must be known
stands with the channels. Events that come meanwhile are kept, and applied afterwards; those from
before the first list are in the lists already.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import msgspec

from csta.ids import DeviceId, LegId, category_of
from ctiserver.core.switch_link import LegNow, LinkUp
from ctiserver.live.links import ari_snoops, ari_talks
from ctiserver.live.links.ari_bridges import Bridges
from ctiserver.live.links.ari_devices import Reachability, kept_of
from ctiserver.live.links.ari_legs import VARIABLE, AriLeg, AriLegs, Kept
from ctiserver.live.links.ari_recordings import Recordings
from ctiserver.live.links.ari_requests import Reply, path_of
from ctiserver.live.links.ari_snoops import Listening
from ctiserver.live.links.ari_talks import Talk
from ctiserver.live.links.ari_voice_units import VoiceUnits

_SNOOP: Final = "Snoop/"


class Whole(NamedTuple):
    """The parts of the link that a snapshot sets to what is so."""

    legs: AriLegs
    units: VoiceUnits
    bridges: Bridges
    listening: Listening
    recordings: Recordings
    phones: Reachability


class Snapshot:
    """One reading of everything."""

    def __init__(self, whole: Whole, done: Callable[[Snapshot, LinkUp], None]) -> None:
        """Read for these; `done` is told what has been found."""
        self._whole = whole
        self._done = done
        self._awaited = 0
        self._boot = ""
        self._lost: tuple[DeviceId, ...] | None = None
        self._ours: set[str] = set()
        self._bridges: list[dict[str, Any]] = []
        self._channels: list[dict[str, Any]] = []
        self._kept: dict[str, Kept] = {}
        self._needed = (self._read_bridges, self._read_application, self._read_channels)
        self._silent: set[LegId] = set()
        """Legs on which nothing plays any more, whatever their variable says."""
        self.buffered: list[dict[str, Any]] = []

    def begin(self) -> None:
        """Ask for the lists; what is to be asked of each channel follows."""
        self._whole.legs.begin_anew()
        config = self._whole.legs.config
        application = path_of("applications", config.application)
        technology = config.station_dial.partition("/")[0]
        subscription = {"eventSource": "deviceState:"}
        self._whole.legs.ask("POST", f"{application}/subscription", subscription)
        self._ask("asterisk/ping", self._read_clock)
        self._ask("asterisk/info", self._read_boot)
        self._ask("bridges", self._read_bridges)
        self._ask(path_of("endpoints", technology), self._read_endpoints)
        self._ask(application, self._read_application)
        self._ask("channels", self._read_channels)

    def later(self, event: dict[str, Any]) -> None:
        """Keep an event until all is read."""
        self.buffered.append(event)

    # Asking.

    def _ask(
        self, path: str, read: Callable[[Reply], None], query: dict[str, str] | None = None
    ) -> None:
        self._awaited += 1
        self._whole.legs.ask("GET", path, query, partial(self._replied, read))

    def _replied(self, read: Callable[[Reply], None], reply: Reply) -> None:
        """Read a reply; the last one ends it.

        A list that Asterisk does not give is not an empty one: then there is no end, and the link
        begins again.
        """
        if reply.status == 0 or (read in self._needed and not reply.is_ok):
            return
        read(reply)
        self._awaited -= 1
        if self._awaited == 0:
            self._finish()

    def _read_clock(self, reply: Reply) -> None:
        if reply.is_ok:
            told: str = reply.body["timestamp"].partition("+")[0]
            self._whole.legs.since = "".join(filter(str.isdecimal, told))

    def _read_boot(self, reply: Reply) -> None:
        if reply.is_ok:
            self._boot = reply.body["status"]["startup_time"]

    def _read_endpoints(self, reply: Reply) -> None:
        if reply.is_ok:
            self._lost = self._whole.phones.start(reply.body)

    def _read_bridges(self, reply: Reply) -> None:
        self.buffered.clear()
        self._bridges = reply.body

    def _read_application(self, reply: Reply) -> None:
        self._ours = set(reply.body["channel_ids"])

    def _read_channels(self, reply: Reply) -> None:
        """Ask for what is kept with each channel that is ours."""
        self._channels = sorted(
            (channel for channel in reply.body if channel["id"] in self._ours),
            key=lambda channel: (channel["creationtime"], channel["id"]),
        )
        for channel in self._channels:
            if not channel["name"].startswith(_SNOOP):
                path = path_of("channels", channel["id"], "variable")
                read = partial(self._read_variable, channel["id"])
                self._ask(path, read, {"variable": VARIABLE})

    def _read_variable(self, channel_id: str, reply: Reply) -> None:
        if not reply.is_ok:
            return
        try:
            kept = msgspec.json.decode(reply.body["value"], type=Kept)
        except msgspec.DecodeError:
            return
        self._kept[channel_id] = kept
        if kept.playback:
            path = path_of("playbacks", kept.playback)
            self._ask(path, partial(self._read_playback, channel_id))

    def _read_playback(self, channel_id: str, reply: Reply) -> None:
        if reply.status == HTTPStatus.NOT_FOUND:
            self._silent.add(channel_id)

    # Making legs of it.

    def _finish(self) -> None:
        legs = self._whole.legs
        former, legs.all = legs.all, {}
        self._whole.units.forget()
        self._whole.recordings.forget()
        self._whole.listening.at.clear()
        self._whole.bridges.forget()
        snoops = []
        for channel in self._channels:
            if channel["name"].startswith(_SNOOP):
                snoops.append(channel)
            else:
                self._begin(channel)
        self._idle_units(former)
        self._talk_in_bridges()
        self._talk_to_units()
        for snoop in snoops:
            self._adopt(snoop)
        self._drop_bridges()
        told = tuple(msgspec.to_builtins(self._now(leg)) for leg in legs.all.values())
        self._done(self, LinkUp(legs=told, lost=self._lost, boot=self._boot))

    def _begin(self, channel: dict[str, Any]) -> None:
        """Make a leg of a channel; one of no known kind is none."""
        name, arguments = channel["dialplan"]["app_name"], self._arguments(channel)
        in_stasis = name == "Stasis"
        kept = self._kept.get(channel["id"])
        if kept is None or not kept.device:
            if not in_stasis or not arguments:
                return
            fresh = kept_of(channel, arguments, self._whole.legs.config)
            if kept is not None:
                kept.device, kept.ani, kept.dnis = fresh.device, fresh.ani, fresh.dnis
            kept = kept or fresh
        station = category_of(kept.device) == "station"
        if kept.outgoing and station and in_stasis and channel["state"] == "Down":
            # Nobody knows whether it was dialled, and to dial twice ends it: the engine asks anew.
            self._whole.legs.ask("DELETE", path_of("channels", channel["id"]))
            return
        leg = self._whole.legs.all[channel["id"]] = AriLeg(channel["id"], kept)
        leg.seen, leg.in_stasis = True, in_stasis
        leg.answered = channel["state"] == "Up"
        picked_up = not kept.outgoing and station
        if in_stasis and (leg.answered or picked_up):
            leg.state = "up"
        elif channel["state"] == "Ringing":
            leg.state = "ringing"
        self._play_on(leg)

    def _play_on(self, leg: AriLeg) -> None:
        kept = leg.kept
        if leg.leg_id in self._silent:
            kept.play_id = kept.playback = ""
        if kept.play_id:
            endless = "ringing" if kept.ringing else "music"
            leg.playing = "media" if kept.playback else endless

    def _arguments(self, channel: dict[str, Any]) -> list[str]:
        """Give the arguments with which a channel has come to our application."""
        application, *arguments = channel["dialplan"]["app_data"].split(",")
        return arguments if application == self._whole.legs.config.application else []

    def _idle_units(self, former: dict[LegId, AriLeg]) -> None:
        """Keep the voice units that have been dialled, and are joined with nobody yet."""
        for leg in former.values():
            if leg.virtual and leg.talk is None:
                self._whole.units.begin(leg.leg_id, leg.device)

    def _talk_in_bridges(self) -> None:
        legs = self._whole.legs
        for bridge in self._bridges:
            self._whole.bridges.counted(bridge)
            members = [legs.all[name] for name in bridge["channels"] if name in legs.all]
            for leg in members:
                leg.placed = leg.entered = bridge["id"]
            if members and legs.is_minted(bridge["id"], ari_talks.KIND):
                for leg in members:
                    leg.kept.held = leg.kept.held_by_phone
                self._talk(Talk(bridge["id"]), members)
                if len(members) == 1:
                    members[0].hold_music = True  # perhaps: to stop what plays not does no harm

    def _talk_to_units(self) -> None:
        """Let each voice unit be a leg again that a caller's channel speaks of."""
        for leg in list(self._whole.legs.all.values()):
            if leg.kept.unit and leg.talk is None:
                unit = self._whole.units.begin(leg.kept.unit, leg.kept.unit_device)
                self._talk(Talk(), [leg, unit])

    @staticmethod
    def _talk(talk: Talk, members: list[AriLeg]) -> None:
        talk.members = {leg.leg_id: leg for leg in members}
        for leg in members:
            leg.talk = talk

    def _adopt(self, snoop: dict[str, Any]) -> None:
        """Take over a snoop channel, or release it when it serves nobody any more."""
        whole, arguments, name = self._whole, self._arguments(snoop), snoop["id"]
        adopted = False
        if whole.listening.is_listening(arguments):
            bridges = (each["id"] for each in self._bridges if name in each["channels"])
            adopted = whole.listening.adopt(name, arguments, next(bridges, ""))
        elif whole.recordings.is_recording(arguments):
            adopted = whole.recordings.adopt(name, arguments)
        if not adopted:
            whole.legs.ask("DELETE", path_of("channels", name))

    def _drop_bridges(self) -> None:
        """Let go of bridges of ours in which no leg is."""
        legs = self._whole.legs
        used = {leg.placed for leg in legs.all.values()}
        for bridge in self._bridges:
            ours = any(legs.is_minted(bridge["id"], kind.KIND) for kind in (ari_talks, ari_snoops))
            if ours and bridge["id"] not in used:
                legs.ask("DELETE", path_of("bridges", bridge["id"]))

    def _now(self, leg: AriLeg) -> LegNow:
        kept, talk = leg.kept, leg.talk
        return LegNow(
            leg=leg.leg_id,
            device=kept.device,
            ani=kept.ani,
            dnis=kept.dnis,
            state=leg.state,
            held=kept.held,
            joined=() if talk is None else tuple(one for one in talk.members if one != leg.leg_id),
            playing=kept.play_id,
            outgoing=kept.outgoing or leg.virtual,
            recordings=self._whole.recordings.of(leg.leg_id),
        )

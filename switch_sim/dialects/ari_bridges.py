"""Bridges: who hears whom, as the switch below is told it."""

from __future__ import annotations

from ctiserver.core.switch_link import Join, Listen
from switch_sim.dialects.ari_applications import AriApplication
from switch_sim.dialects.ari_events import (
    BridgeCreated,
    BridgeDestroyed,
    ChannelEnteredBridge,
    ChannelLeftBridge,
    Event,
)
from switch_sim.dialects.ari_sounds import Sounds
from switch_sim.dialects.ari_state import AriChannel, AriState
from switch_sim.dialects.ari_words import Bridge


class AriBridge:
    """One bridge, and who is in it, in the order in which they came."""

    def __init__(self, bridge_id: str, kind: str, name: str, created_at: str) -> None:
        """Begin empty; `kind` is `mixing` or `holding`."""
        self.id = bridge_id
        self.kind = kind
        self.name = name
        self.created_at = created_at
        self.channels: list[str] = []
        self.variables: dict[str, str] = {}

    def words(self) -> Bridge:
        """Say it as it is now."""
        mixes = "softmix" if len(self.channels) > 2 else "simple_bridge"  # noqa: PLR2004 - a pair
        return Bridge(
            id=self.id,
            technology="holding_bridge" if self.kind == "holding" else mixes,
            bridge_type=self.kind,
            bridge_class="stasis",
            creator="Stasis",
            name=self.name,
            channels=list(self.channels),
            creationtime=self.created_at,
            video_mode="talker",
        )


class Bridges:
    """All bridges of one switch."""

    def __init__(self, state: AriState) -> None:
        """Begin with none."""
        self._state = state
        self.all: dict[str, AriBridge] = {}
        self.sounds = Sounds(state, self._members)

    def create(self, bridge_id: str, kind: str, name: str) -> AriBridge:
        """Make a bridge."""
        bridge = AriBridge(bridge_id, kind, name, self._state.timestamp())
        self.all[bridge_id] = bridge
        if kind == "holding":
            self.sounds.set_music(f"bridge:{bridge_id}", "default")
        self._state.applications.tell_of_bridge(BridgeCreated(bridge=bridge.words()), bridge_id)
        return bridge

    def destroy(self, bridge: AriBridge) -> None:
        """Let all leave, and let the bridge be no more."""
        for channel_id in list(bridge.channels):
            self.leave(self._state.channels[channel_id])
        self.sounds.gone(f"bridge:{bridge.id}")
        del self.all[bridge.id]
        event = BridgeDestroyed(bridge=bridge.words())
        self._state.applications.tell_of_bridge(event, bridge.id)
        for application in self._state.applications:
            application.bridges.pop(bridge.id, None)

    def enter(self, bridge: AriBridge, channel: AriChannel) -> None:
        """Let a channel come in; it leaves the bridge in which it is, be it this one."""
        self.leave(channel)
        bridge.channels.append(channel.id)
        channel.bridge = bridge.id
        if (application := self._application_of(channel)) is not None:
            application.bridges[bridge.id] += 1
        self._arrange(bridge)
        self._tell(bridge, channel, ChannelEnteredBridge)

    def leave(self, channel: AriChannel, *, hangs_up: bool = False) -> None:
        """Let a channel leave its bridge, if it is in one.

        Of a bridge in which a channel has hung up the application hears on, as in Asterisk.
        """
        bridge = self.all.get(channel.bridge or "")
        if bridge is None:
            return
        bridge.channels.remove(channel.id)
        channel.bridge = None
        if not hangs_up:
            self._part(channel)
        self._arrange(bridge)
        self._tell(bridge, channel, ChannelLeftBridge)
        application = self._application_of(channel)
        if application is not None and not hangs_up:
            application.bridges[bridge.id] -= 1

    def _members(self, bridge_id: str) -> list[str]:
        bridge = self.all.get(bridge_id)
        return [] if bridge is None else bridge.channels

    def _application_of(self, channel: AriChannel) -> AriApplication | None:
        return self._state.applications.get(channel.application or "")

    def _part(self, channel: AriChannel) -> None:
        if channel.has_leg:
            self._state.pbx.execute(Join(channel.id, legs=(channel.id,)))
            self.sounds.joined(channel.id)

    def _arrange(self, bridge: AriBridge) -> None:
        """Tell the switch below who hears whom in a bridge now."""
        there = [self._state.channels[channel_id] for channel_id in bridge.channels]
        legs = tuple(channel.id for channel in there if channel.has_leg)
        snooping = [channel for channel in there if not channel.has_leg]
        if bridge.kind == "mixing" and len(legs) == 1 and snooping:
            to = snooping[0].snoops_on or ""
            self._state.pbx.execute(Listen(legs[0], to=to, coach=snooping[0].coaches))
        elif bridge.kind == "mixing" and legs:
            self._state.pbx.execute(Join(legs[0], legs=legs))
        for channel_id in legs:
            self.sounds.joined(channel_id)

    def _tell(
        self,
        bridge: AriBridge,
        channel: AriChannel,
        kind: type[ChannelEnteredBridge | ChannelLeftBridge],
    ) -> None:
        event: Event = kind(bridge=bridge.words(), channel=self._state.words(channel))
        self._state.applications.tell_of_bridge(event, bridge.id)

"""What all parts of the dialect share: its channels, who hears of them, the switch below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from csta.ids import DeviceId
from csta.instants import SECOND, Instant
from switch_sim.dialects.ari_applications import Applications
from switch_sim.dialects.ari_events import Event
from switch_sim.dialects.ari_words import CallerID, Channel, DialplanCEP
from switch_sim.switch import SimulatedPbx


class AriAccount(msgspec.Struct, frozen=True, kw_only=True):
    """How a dialect is reached, and which application its dialplan gives calls to."""

    user: str = "offhook"
    password: str = "offhook"  # noqa: S105 - of a simulated switch; whoever serves it sets another
    application: str = "offhook"
    asterisk_id: str = "00:00:5e:00:53:01"
    channel_variables: tuple[str, ...] = ()
    """The variables that each channel tells (`channelvars` of ari.conf)."""


class AriChannel:
    """One channel. One that snoops has no leg in the switch below."""

    def __init__(self, channel_id: str, endpoint: str, name: str, created_at: str) -> None:
        """Begin as `Down`."""
        self.id = channel_id
        self.endpoint = endpoint
        """`PJSIP/1001`."""
        self.name = name
        self.state = "Down"
        self.caller = CallerID(name="", number="")
        self.connected = CallerID(name="", number="")
        self.dialplan = DialplanCEP(context="", exten="", priority=1, app_name="", app_data="")
        self.created_at = created_at
        self.variables: dict[str, str] = {}
        self.application: str | None = None
        """The application in which it is, if it is in one."""
        self.joins_application: str | None = None
        """The application that a channel which is dialled comes into when it is answered."""
        self.arguments: list[str] = []
        self.bridge: str | None = None
        self.device: DeviceId = ""
        """What the switch below is to dial; "" of a channel that came in."""
        self.dialstring = ""
        """The endpoint that was dialled, without the technology."""
        self.transfers_to: str | None = None
        """Where its phone has asked for a transfer to."""
        self.snoops_on: str | None = None
        self.snoopers: list[str] = []
        """The channels that snoop on this one."""
        self.coaches = False
        self.is_recorded = False
        self.cleared_with: int | None = None
        """The cause that a hang-up gave."""

    @property
    def has_leg(self) -> bool:
        """Tell whether a party is at its end."""
        return self.snoops_on is None


class AriState:
    """The channels, and the ways to tell of them."""

    def __init__(self, pbx: SimulatedPbx, account: AriAccount) -> None:
        """Begin with no channels."""
        self.pbx = pbx
        self.account = account
        self.applications = Applications(account.asterisk_id, self.timestamp)
        self.channels: dict[str, AriChannel] = {}
        self.at_endpoint: dict[str, list[str]] = {}
        """The channels of each endpoint."""
        self.variables: dict[str, str] = {}
        self.started_at = self.timestamp()
        self._minted: Counter[str] = Counter()

    def timestamp(self) -> str:
        """Give the present instant as ARI writes it."""
        return written(self.pbx.now())

    def mint(self, kind: str) -> str:
        """Give an id to what was made without one."""
        self._minted[kind] += 1
        return f"{kind}-{self._minted[kind]}"

    def serial(self, kind: str) -> int:
        """Count the things of a kind, from nought."""
        self._minted[kind] += 1
        return self._minted[kind] - 1

    def channel(self, channel_id: str, endpoint: str) -> AriChannel:
        """Make a channel, whose name tells its endpoint."""
        name = f"{endpoint}-{self.serial('channel name'):08x}"
        channel = AriChannel(channel_id, endpoint, name, self.timestamp())
        self.channels[channel_id] = channel
        self.at_endpoint.setdefault(endpoint, []).append(channel_id)
        return channel

    def forget(self, channel: AriChannel) -> None:
        """Let a channel be no more."""
        del self.channels[channel.id]
        self.at_endpoint[channel.endpoint].remove(channel.id)
        if channel.snoops_on is not None:
            self.channels[channel.snoops_on].snoopers.remove(channel.id)

    def words(self, channel: AriChannel) -> Channel:
        """Say a channel as it is now."""
        told = self.account.channel_variables
        return Channel(
            id=channel.id,
            name=channel.name,
            state=channel.state,
            protocol_id="" if channel.snoops_on else f"{channel.id}@{self.pbx.link_id}",
            caller=channel.caller,
            connected=channel.connected,
            accountcode="",
            dialplan=msgspec.structs.replace(channel.dialplan),
            creationtime=channel.created_at,
            language="en",
            channelvars={name: channel.variables.get(name, "") for name in told} or None,
        )

    def tell(self, channel: AriChannel, event: Callable[[Channel], Event]) -> None:
        """Tell of a channel: `event` makes the event of what the channel is now."""
        self.applications.tell_of_channel(event(self.words(channel)), channel.id, channel.endpoint)


def written(instant: Instant) -> str:
    """Write an instant as ARI does: `2026-11-22T09:45:40.657+0000`."""
    seconds, milliseconds = divmod(instant, SECOND)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{milliseconds:03d}+0000"

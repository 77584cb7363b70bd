"""Asterisk as far as the exchange sees it: requests are answered, and events come, as from 22.10.

It holds the exchange to what the real one taught: nothing that Asterisk carries out only when it
has stopped playing is asked for while it plays, no bridge is destroyed with a channel in it, and
no bridge has an id that another has had.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

from ctiserver.core.switch_link import AnyCommand, AnyObservation, LinkUp
from ctiserver.live.links.ari_config import AriConfig, AriTrunk
from ctiserver.live.links.ari_exchange import AriExchange
from ctiserver.live.links.ari_requests import Reply, Request
from ctiserver.live.secret import Secret

CONFIG: Final = AriConfig(
    url="http://127.0.0.1:8088/ari",
    user="offhook",
    password=Secret("not used here"),
    trunks=(
        AriTrunk(
            "pstn",
            "PJSIP/carrier",
            "PJSIP/{number}@carrier",
            incoming={"": "+"},
            outgoing={"+": ""},
        ),
    ),
    voice_units={"ivr": 2},
    sounds={"sound:welcome": "sound:hello-world"},
    music={"calm": "jazz"},
)
_WAITS_FOR_SILENCE: Final = ("answer", "variable")
"""Below a channel; the same goes for `addChannel` of a bridge."""
_BOOT: Final = "2026-11-22T09:43:04.092+0000"

Replied: TypeAlias = tuple[int, Any]
"""Status and body."""


class Channel:
    """One channel."""

    def __init__(self, name: str, state: str, arguments: list[str], *, dialled: bool) -> None:
        """Begin with its name in Asterisk and the arguments of Stasis."""
        self.name = name
        self.state = state
        self.arguments = arguments
        self.dialled = dialled
        self.created = ""
        self.variables: dict[str, str] = {}
        self.bridge = ""
        self.playbacks: list[str] = []
        self.music = False
        self.muted = False


class PretendedAsterisk:
    """Asterisk, and the exchange that controls it; what it tells is in `told`."""

    def __init__(self) -> None:
        """Be up, with no channel."""
        self.channels: dict[str, Channel] = {}
        self.bridges: dict[str, list[str]] = {}
        self.asked: list[Request] = []
        self.told: list[AnyObservation] = []
        self.refused: dict[tuple[str, str], Reply] = {}
        """Replies to requests, by method and path, that are not those of every day."""
        self.endpoints: list[dict[str, Any]] = []
        self.boot = _BOOT
        self.meanwhile: list[dict[str, Any]] = []
        """Events that come between the list of channels and the next reply."""
        self._minute = 0
        self._coming: deque[Callable[[], None]] = deque()
        self._ids = 0
        self._used: set[str] = set()
        self.exchange = AriExchange(CONFIG, self._send, self.told.append)

    # What a test does.

    def connect(self) -> LinkUp:
        """Let the link come up; gives what it tells."""
        self._minute += 1
        self.exchange.connected()
        [up] = self.settle()
        assert isinstance(up, LinkUp), up
        return up

    def restart_link(self) -> LinkUp:
        """Let the process of the link begin anew: it remembers nothing."""
        self._coming.clear()
        self.exchange = AriExchange(CONFIG, self._send, self.told.append)
        return self.connect()

    def do(self, *commands: AnyCommand) -> list[AnyObservation]:
        """Give commands in one go; gives what is told then."""
        for command in commands:
            self.exchange.execute(command)
        return self.settle()

    def settle(self) -> list[AnyObservation]:
        """Let replies and events come until there are no more; gives what was told since."""
        while self._coming:
            self._coming.popleft()()
        told, self.told[:] = list(self.told), []
        return told

    def call(
        self, name: str = "PJSIP/carrier", *args: str, state: str = "Ring", **more: object
    ) -> tuple[str, list[AnyObservation]]:
        """Let a call come in; `more` stands in its event. Gives its channel and what is told."""
        self._ids += 1
        channel_id = f"1795340633.{self._ids}"
        arguments = list(args) or ["inbound", "4930100", "15551230001"]
        channel = Channel(f"{name}-{self._ids:08x}", state, arguments, dialled=False)
        self._begin(channel_id, channel)
        self._event("StasisStart", channel_id, **{"args": arguments, **more})
        return channel_id, self.settle()

    def phone_answers(self, leg: str) -> list[AnyObservation]:
        """Let one who is dialled answer."""
        self.channels[leg].state = "Up"
        self._event("ChannelStateChange", leg)
        self._event("Dial", leg, dialstatus="ANSWER")
        return self.settle()

    def hang_up(self, leg: str, **cause: int) -> list[AnyObservation]:
        """Let the party at a leg hang up, or refuse."""
        self._end(leg, cause)
        return self.settle()

    def hang_up_just_before(self, command: AnyCommand, leg: str) -> list[AnyObservation]:
        """Let a party hang up while a command is on its way, which knows nothing of that."""
        self._end(leg, {})
        return self.do(command)

    def press(self, leg: str, digit: str) -> list[AnyObservation]:
        """Let a party press a key."""
        self._event("ChannelDtmfReceived", leg, digit=digit, duration_ms=120)
        return self.settle()

    def event(self, kind: str, leg: str, **members: Any) -> list[AnyObservation]:
        """Let any event come."""
        self._event(kind, leg, **members)
        return self.settle()

    def finish_playing(self, leg: str, state: str = "done") -> list[AnyObservation]:
        """Let what plays to a leg end by itself."""
        self._finish(leg, self.channels[leg].playbacks[0], state)
        return self.settle()

    def requests(self, *paths: str) -> list[str]:
        """List the requests since the last time, those to these paths only, if any are given."""
        asked, self.asked[:] = list(self.asked), []
        texts = [f"{each.method} {each.path}" for each in asked]
        return [text for text in texts if not paths or any(path in text for path in paths)]

    # What Asterisk does.

    def _send(self, request: Request, then: Callable[[Reply], None] | None) -> None:
        self.asked.append(request)
        status, body = self._answer(request)

        def reply() -> None:
            if then is not None:
                then(Reply(status, body))

        self._coming.append(reply)
        if (request.method, request.path) == ("GET", "channels"):
            self._coming += [partial(self.exchange.hear, event) for event in self.meanwhile]

    def _answer(self, request: Request) -> Replied:
        refused = self.refused.pop((request.method, request.path), None)
        if refused is not None:
            return refused.status, refused.body
        parts = [unquote(part) for part in request.path.split("/")]
        handler = getattr(self, f"_{request.method.lower()}_{parts[0]}", None)
        assert handler is not None, f"Asterisk has no {request.method} {request.path}"
        answer: Replied = handler(parts[1:], request)
        return answer

    def _get_asterisk(self, parts: list[str], _request: Request) -> Replied:
        if parts == ["ping"]:
            return 200, {"timestamp": f"2026-11-22T10:{self._minute:02d}:01.241+0000"}
        return 200, {"status": {"startup_time": self.boot}}

    def _post_applications(self, _parts: list[str], request: Request) -> Replied:
        assert request.query == {"eventSource": "deviceState:"}
        return 200, {}

    def _get_applications(self, _parts: list[str], _request: Request) -> Replied:
        return 200, {"channel_ids": list(self.channels)}

    def _get_endpoints(self, _parts: list[str], _request: Request) -> Replied:
        return 200, self.endpoints

    def _get_bridges(self, _parts: list[str], _request: Request) -> Replied:
        return 200, [self._bridge(bridge) for bridge in self.bridges]

    def _get_channels(self, parts: list[str], request: Request) -> Replied:
        if not parts:
            return 200, [self._channel(name) for name in self.channels]
        value = self.channels[parts[0]].variables.get(request.query["variable"])
        return (404, {}) if value is None else (200, {"value": value})

    def _get_playbacks(self, parts: list[str], _request: Request) -> Replied:
        playing = any(parts[0] in channel.playbacks for channel in self.channels.values())
        return (200, {"id": parts[0]}) if playing else (404, {})

    def _post_channels(self, parts: list[str], request: Request) -> Replied:
        if parts == ["create"]:
            return self._create(request)
        channel = self.channels.get(parts[0])
        if channel is None:
            return 404, {"message": "Channel not found"}
        if parts[1] in _WAITS_FOR_SILENCE:
            assert not channel.playbacks, f"{parts[1]} of {parts[0]} holds all up while it plays"
        return self._on_channel(parts, channel, request.query)

    def _on_channel(self, parts: list[str], channel: Channel, query: dict[str, str]) -> Replied:
        leg = parts[0]
        match parts[1]:
            case "dial":
                channel.state = "Ringing"
                self._event("ChannelStateChange", leg)
                self._event("Dial", leg, dialstatus="RINGING")
            case "answer" if channel.state != "Up":
                channel.state = "Up"
                self._event("ChannelStateChange", leg)
            case "variable":
                channel.variables[query["variable"]] = query["value"]
            case "play":
                channel.playbacks.append(query["playbackId"])
                return 201, {}
            case "moh":
                channel.music = True
            case "snoop":
                return self._snoop(leg, parts[2], query)
            case "record":
                name = query["name"]
                self._later("RecordingStarted", recording={"name": name, "state": "recording"})
                return 201, {}
        return 204, None

    def _create(self, request: Request) -> Replied:
        query, body = request.query, request.body or {}
        leg = query["channelId"]
        if leg in self.channels:
            return 409, {"message": "Channel with given unique ID already exists"}
        self._ids += 1
        endpoint = query["endpoint"].partition("@")[0]
        arguments = query["appArgs"].split(",")
        channel = Channel(f"{endpoint}-{self._ids:08x}", "Down", arguments, dialled=True)
        channel.variables = dict(body["variables"])
        self._begin(leg, channel)
        self._event("StasisStart", leg, args=arguments)
        return 200, self._channel(leg)

    def _snoop(self, leg: str, snoop: str, query: dict[str, str]) -> Replied:
        self._ids += 1
        arguments = query["appArgs"].split(",")
        channel = Channel(f"Snoop/{leg}-{self._ids:08x}", "Up", arguments, dialled=False)
        self._begin(snoop, channel)
        self._event("StasisStart", snoop, args=arguments)
        return 200, {}

    def _delete_channels(self, parts: list[str], _request: Request) -> Replied:
        channel = self.channels.get(parts[0])
        if channel is None:
            return 404, {"message": "Channel not found"}
        if parts[1:] == ["moh"]:
            channel.music = False
        elif len(parts) == 1:
            self._end(parts[0], {"cause": 32, "soft": True})
        return 204, None

    def _delete_playbacks(self, parts: list[str], _request: Request) -> Replied:
        for leg, channel in self.channels.items():
            if parts[0] in channel.playbacks:
                self._finish(leg, parts[0], "done")
                return 204, None
        return 404, {"message": "Playback not found"}

    def _post_bridges(self, parts: list[str], request: Request) -> Replied:
        if not parts:
            bridge = request.query["bridgeId"]
            assert bridge not in self._used, f"there has been a bridge {bridge} before"
            self._used.add(bridge)
            self.bridges[bridge] = []
            return 200, {}
        if parts[0] not in self.bridges:
            return 404, {"message": "Bridge not found"}
        legs = request.query["channel"].split(",")
        if any(leg not in self.channels for leg in legs):
            return 400, {"message": "Channel not found"}
        for leg in legs:
            status = self._move(leg, *parts)
        return status, None

    def _delete_bridges(self, parts: list[str], _request: Request) -> Replied:
        assert not self.bridges[parts[0]], f"{self.bridges[parts[0]]} are thrown out of {parts[0]}"
        del self.bridges[parts[0]]
        return 204, None

    def _post_recordings(self, _parts: list[str], _request: Request) -> Replied:
        return 204, None

    _delete_recordings = _post_recordings

    # Steps of it.

    def _begin(self, name: str, channel: Channel) -> None:
        channel.created = f"{self._ids:08d}"
        self.channels[name] = channel

    def _move(self, leg: str, bridge: str, how: str) -> int:
        channel = self.channels[leg]
        if how == "removeChannel":
            if channel.bridge != bridge:
                return 422
            self._leave(leg)
            return 204
        assert not channel.playbacks, f"{leg} is sent to a bridge while it plays: that holds all up"
        self._leave(leg)
        channel.bridge = bridge
        self.bridges[bridge].append(leg)
        self._event("ChannelEnteredBridge", leg, bridge=self._bridge(bridge))
        return 204

    def _leave(self, leg: str) -> None:
        channel = self.channels[leg]
        if channel.bridge:
            self.bridges[channel.bridge].remove(leg)
            self._event("ChannelLeftBridge", leg, bridge=self._bridge(channel.bridge))
            channel.bridge = ""

    def _end(self, leg: str, cause: dict[str, Any]) -> None:
        channel = self.channels[leg]
        self._event("ChannelHangupRequest", leg, **cause)
        for playback in list(channel.playbacks):
            self._finish(leg, playback, "failed")
        self._leave(leg)
        self._event("StasisEnd", leg)
        if channel.dialled:
            self._event("ChannelDestroyed", leg, cause=cause.get("cause", 16), cause_txt="")
        del self.channels[leg]
        for name, other in list(self.channels.items()):
            if re.fullmatch(rf"Snoop/{re.escape(leg)}-\w+", other.name):
                self._leave(name)
                self._event("StasisEnd", name)
                del self.channels[name]

    def _finish(self, leg: str, playback: str, state: str) -> None:
        self.channels[leg].playbacks.remove(playback)
        told = {"id": playback, "state": state, "media_uri": "", "target_uri": f"channel:{leg}"}
        self._later("PlaybackFinished", playback=told)

    def _event(self, kind: str, leg: str, **members: Any) -> None:
        self._later(
            kind, **{"peer" if kind == "Dial" else "channel": self._channel(leg)}, **members
        )

    def _later(self, kind: str, **members: Any) -> None:
        event = {"type": kind, "application": CONFIG.application, **members}
        self._coming.append(partial(self.exchange.hear, event))

    def _bridge(self, bridge: str) -> dict[str, Any]:
        return {"id": bridge, "channels": list(self.bridges[bridge])}

    def _channel(self, leg: str) -> dict[str, Any]:
        channel = self.channels[leg]
        data = ",".join([CONFIG.application, *channel.arguments])
        return {
            "id": leg,
            "name": channel.name,
            "state": channel.state,
            "caller": {"name": "", "number": "15551230001"},
            "dialplan": {"exten": "4930100", "app_name": "Stasis", "app_data": data},
            "creationtime": channel.created,
        }

"""Services of voice (ECMA-269 §26): messages that clients play to those who talk, and user data.

What a caller hears in a flow or a queue is not theirs to play or to stop: there it is refused.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from csta.call_events import CallInformation
from csta.call_services import SendUserInformation
from csta.causes import Cause
from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.ids import LegId, Mint
from csta.instants import Agenda, Instant
from csta.replies import Result, VoiceResult
from csta.states import ConnectionState
from csta.voice_events import Play as PlayEvent
from csta.voice_events import Stop as StopEvent
from csta.voice_services import PlayMessage, Stop
from ctiserver.core.call_lookup import CallLookup, leg_of
from ctiserver.core.calls import Call, Connection
from ctiserver.core.switch_link import Play, StopPlay

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine

USER_DATA_BYTES_MAX = 128


class Playing(msgspec.Struct, frozen=True):
    """What is played to one leg because a client wants it."""

    connection: Connection
    play_id: str
    uri: str
    request_id: str | None
    until_digit: bool = False
    """Whether a key ends it."""


class VoiceRequests(CallLookup):
    """Messages: at most one for each leg, a new one ends the old one."""

    def __init__(self, engine: Engine) -> None:
        """Begin with nothing played."""
        super().__init__(engine)
        self.plays: dict[LegId, Playing] = {}
        """What is being played."""
        self._mint = Mint()
        self.deadlines: Agenda[LegId] = Agenda()
        """When a message has lasted as long as it may."""

    def services(self) -> dict[type, Callable[[Any, str], Any]]:
        """Give the table of services: request type to function."""
        return {
            PlayMessage: self._play_message,
            Stop: self._stop,
            SendUserInformation: self._send_user_information,
        }

    # What clients ask for.

    def _play_message(self, request: PlayMessage, request_id: str) -> VoiceResult:
        ends = request.termination
        if ends is not None and ends.speech_detected:
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.PARAMETER_NOT_SUPPORTED,
                "PlayMessage: the switch does not hear speech; leave 'speechDetected' out",
            )
        if ends is not None and ends.duration_exceeded and request.duration_ms is None:
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.INVALID_PARAMETER_VALUE,
                "PlayMessage: 'durationExceeded' needs a 'duration'",
            )
        connection = self.connection(request.over_connection, "PlayMessage")
        self.check_is_nowhere_waiting(connection)
        playing = self.play(
            connection,
            request.message_to_be_played,
            request_id,
            until_digit=ends is not None and ends.dtmf_digit_detected,
        )
        if request.duration_ms is not None:
            leg_id = leg_of(connection).leg_id
            self.deadlines.set(leg_id, self.engine.out.now + request.duration_ms)
        return VoiceResult(call_linkage_data=connection.call.linkage, resource=playing.play_id)

    def play(
        self,
        connection: Connection,
        uri: str,
        request_id: str | None,
        *,
        until_digit: bool = False,
    ) -> Playing:
        """Let the party of a connection hear a message, in the midst of its talk."""
        leg_id, out = leg_of(connection).leg_id, self.engine.out
        self._end(leg_id, Cause.SUSPEND)
        play_id = self._mint.next("p", out.now)
        playing = Playing(connection, play_id, uri, request_id, until_digit)
        self.plays[leg_id] = playing
        out.decide(Play(leg_id, play_id=play_id, uri=uri))
        self._publish(playing, PlayEvent, Cause.NORMAL)
        return playing

    def _stop(self, request: Stop, request_id: str) -> Result:
        key = request.connection
        call = self.call(key.call_id)
        connection = call.connections.get(key.device_id)
        leg = connection.leg if connection is not None else None
        playing = self.plays.get(leg.leg_id) if leg is not None else None
        if leg is None or playing is None or request.resource not in (None, playing.play_id):
            return Result(call_linkage_data=call.linkage, already_done=True)
        self._end(leg.leg_id, Cause.SUSPEND, request_id)
        return Result(call_linkage_data=call.linkage)

    def _send_user_information(self, request: SendUserInformation, request_id: str) -> Result:
        _check_user_data(request.user_data)
        connection = self.connection(request.existing_call, "SendUserInformation")
        call = connection.call
        for other in call.others(connection):
            self.engine.out.publish(
                f"call/{call.call_id}",
                call.thread_id,
                CallInformation(
                    link_id=self.engine.config.link_id,
                    call_id=call.call_id,
                    connection=other.key,
                    device=other.device_id,
                    call_linkage_data=call.linkage,
                    user_data=request.user_data,
                    changed=("userData",),
                ),
                request_id,
            )
        return Result(call_linkage_data=call.linkage)

    # What becomes of messages.

    def ended(self, leg_id: LegId, play_id: str) -> None:
        """A message has come to its end by itself."""
        playing = self.plays.get(leg_id)
        if playing is not None and playing.play_id == play_id:
            self._forget(leg_id)
            self._publish(playing, StopEvent, Cause.END_OF_MESSAGE_DETECTED)

    def digit(self, leg_id: LegId, _digit: str) -> None:
        """Somebody has pressed a key."""
        playing = self.plays.get(leg_id)
        if playing is not None and playing.until_digit:
            self._end(leg_id, Cause.DTMF_DIGIT_DETECTED)

    def joined(self, legs: Sequence[LegId]) -> None:
        """These hear one another from now on: what they heard before has ended."""
        if self.plays:
            for leg_id in legs:
                self._end(leg_id, Cause.SUSPEND)

    def wake(self, now: Instant) -> None:
        """End what has lasted as long as it may."""
        for leg_id in self.deadlines.due(now):
            self._end(leg_id, Cause.DURATION_EXCEEDED)

    def follow(self) -> None:
        """End what is played to somebody who is not in a talk any more."""
        for leg_id, playing in list(self.plays.items()):
            if not talks(playing.connection):
                gone = playing.connection.state is ConnectionState.NULL
                self._end(leg_id, Cause.NORMAL_CLEARING if gone else Cause.SUSPEND)

    def call_ends(self, call: Call) -> None:
        """A call is about to be over."""
        for leg_id, playing in list(self.plays.items()):
            if playing.connection.call is call:
                self._end(leg_id, Cause.NORMAL_CLEARING)

    def _end(self, leg_id: LegId, cause: Cause, request_id: str | None = None) -> None:
        playing = self.plays.get(leg_id)
        if playing is not None:
            self._forget(leg_id)
            self.engine.out.decide(StopPlay(leg_id, play_id=playing.play_id))
            self._publish(playing, StopEvent, cause, request_id)

    def _forget(self, leg_id: LegId) -> None:
        del self.plays[leg_id]
        self.deadlines.cancel(leg_id)

    def _publish(
        self, playing: Playing, event: type, cause: Cause, request_id: str | None = None
    ) -> None:
        call = playing.connection.call
        self.engine.out.publish(
            f"call/{call.call_id}",
            call.thread_id,
            event(
                link_id=self.engine.config.link_id,
                call_id=call.call_id,
                connection=playing.connection.key,
                cause=cause,
                call_linkage_data=call.linkage,
                resource=playing.play_id,
                message=playing.uri,
            ),
            request_id or playing.request_id,
        )


def talks(connection: Connection) -> bool:
    """Tell whether a party is in a talk, and its call in no queue or flow."""
    if connection.state is not ConnectionState.CONNECTED:
        return False
    return all(link.leg is not None for link in connection.call.connections.values())


def _check_user_data(user_data: str) -> None:
    try:
        size = len(binascii.a2b_base64(user_data, strict_mode=True))
    except (ValueError, binascii.Error) as error:
        raise CtiError(
            ErrorCategory.OPERATION,
            ErrorValue.INVALID_PARAMETER_VALUE,
            f"SendUserInformation: 'userData' is not base 64: {error}",
        ) from error
    if not 0 < size <= USER_DATA_BYTES_MAX:
        raise CtiError(
            ErrorCategory.OPERATION,
            ErrorValue.INVALID_PARAMETER_VALUE,
            f"SendUserInformation: 'userData' has {size} bytes: 1 to {USER_DATA_BYTES_MAX} go",
        )

"""Control of call recordings (ext, cti-api §7.6): what a recorder is to do, told as events.

The switch records nothing by itself here: a recorder follows `cti.recording.*`. While a flow asks
a caller for a secret the recording pauses, whatever its client wants, and it goes on by whichever
way the flow leaves the question (reliability §6.5).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from csta.errors import CtiError, Current, ErrorCategory, ErrorValue
from csta.ids import CallId, Mint
from csta.replies import RecordingResult, Result
from csta.states import ConnectionState
from csta.supervision_events import (
    RecordingEvent,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
    RecordingStopped,
)
from csta.voice_services import (
    PauseCallRecording,
    ResumeCallRecording,
    StartCallRecording,
    StopCallRecording,
)
from ctiserver.core.call_lookup import CallLookup
from ctiserver.core.calls import Call, Connection
from ctiserver.core.contacts import Contact
from ctiserver.core.voice_requests import talks

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine

ANNOUNCEMENT = "sound:call_is_recorded"


class Recording(msgspec.Struct):
    """One recording. It is paused by its client, by a flow that asks for a secret, or by both."""

    recording_id: str
    call: Call
    connection: Connection
    by_client: bool = False
    secure: bool = False

    @property
    def paused(self) -> bool:
        """Whether what is said now is left out."""
        return self.by_client or self.secure


class Recordings(CallLookup):
    """All recordings: at most one for each call, which ends with the call."""

    def __init__(self, engine: Engine) -> None:
        """Begin with none."""
        super().__init__(engine)
        self.by_call: dict[CallId, Recording] = {}
        """The recordings, those that are paused too."""
        self._mint = Mint()

    def services(self) -> dict[type, Callable[[Any, str], Any]]:
        """Give the table of services: request type to function."""
        return {
            StartCallRecording: self._start,
            PauseCallRecording: self._pause,
            ResumeCallRecording: self._resume,
            StopCallRecording: self._stop,
        }

    # What clients ask for.

    def _start(self, request: StartCallRecording, request_id: str) -> RecordingResult:
        call = self.call(request.call_id)
        present = self.by_call.get(call.call_id)
        if present is not None:
            raise _refusal(
                f"call {call.call_id} is being recorded already: {present.recording_id}",
                ("PauseCallRecording", "StopCallRecording"),
            )
        here = [each for each in call.parties() if each.state is ConnectionState.CONNECTED]
        if not here:
            raise _refusal(f"nobody is connected in call {call.call_id}", ())
        if request.announce and not all(map(talks, here)):
            raise _refusal(
                f"call {call.call_id} is in a queue or a flow: nothing can be announced there", ()
            )
        recording_id = self._mint.next("rec", self.engine.out.now)
        recording = self.by_call[call.call_id] = Recording(recording_id, call, here[0])
        self._tell(recording, RecordingStarted, request_id, mode=request.mode)
        if request.announce:
            for connection in here:
                self.engine.voice.play(connection, ANNOUNCEMENT, request_id)
        contact = self.engine.contacts.get(call.call_id)
        if contact is not None:
            self.look(contact)
        return RecordingResult(call_linkage_data=call.linkage, recording_id=recording_id)

    def _pause(self, request: PauseCallRecording, request_id: str) -> Result:
        recording = self._recording(request.call_id)
        already, paused = recording.by_client, recording.paused
        recording.by_client = True
        if not paused:
            self._tell(recording, RecordingPaused, request_id)
        return Result(call_linkage_data=recording.call.linkage, already_done=already or paused)

    def _resume(self, request: ResumeCallRecording, request_id: str) -> Result:
        recording = self._recording(request.call_id)
        if recording.secure:
            raise _refusal(
                f"the flow of call {request.call_id} asks for a secret: it is not recorded",
                ("PauseCallRecording", "StopCallRecording"),
            )
        already, recording.by_client = not recording.by_client, False
        if not already:
            self._tell(recording, RecordingResumed, request_id)
        return Result(call_linkage_data=recording.call.linkage, already_done=already)

    def _stop(self, request: StopCallRecording, request_id: str) -> Result:
        call = self.call(request.call_id)
        recording = self.by_call.pop(call.call_id, None)
        if recording is not None:
            self._tell(recording, RecordingStopped, request_id)
        return Result(call_linkage_data=call.linkage, already_done=recording is None)

    def _recording(self, call_id: CallId) -> Recording:
        call = self.call(call_id)
        recording = self.by_call.get(call.call_id)
        if recording is None:
            raise _refusal(f"call {call_id} is not being recorded", ("StartCallRecording",))
        return recording

    # What happens to calls.

    def look(self, contact: Contact) -> None:
        """A flow has gone on: it asks for a secret now, or does so no more."""
        recording = self.by_call.get(contact.call_id)
        if recording is None:
            return
        secure = contact.walk is not None and contact.walk.takes_secret
        if secure is recording.secure:
            return
        recording.secure = secure
        if not recording.by_client:
            if secure:
                self._tell(recording, RecordingPaused, secure=True)
            else:
                self._tell(recording, RecordingResumed)

    def call_ends(self, call: Call) -> None:
        """A call is about to be over, and its recording is complete."""
        recording = self.by_call.pop(call.call_id, None)
        if recording is not None:
            self._tell(recording, RecordingStopped)

    def _tell(
        self,
        recording: Recording,
        event: type[RecordingEvent],
        request_id: str | None = None,
        **more: Any,
    ) -> None:
        call = recording.call
        self.engine.out.publish(
            f"call/{call.call_id}",
            call.thread_id,
            event(
                link_id=self.engine.config.link_id,
                call_id=call.call_id,
                recording_id=recording.recording_id,
                connection=recording.connection.key,
                **more,
            ),
            request_id,
        )


def _refusal(sentence: str, permitted: tuple[str, ...]) -> CtiError:
    return CtiError(
        ErrorCategory.STATE_INCOMPATIBILITY,
        ErrorValue.INVALID_CONNECTION_STATE,
        sentence,
        current=Current(services_permitted=permitted),
    )

"""Control of call recordings (ext, cti-api §7.6): commands to a switch that records, and events.

Where the switch records nothing, a recorder follows `cti.recording.*`. While a flow asks a caller
for a secret the recording pauses, whatever its client wants, and it goes on by whichever way the
flow leaves the question (reliability §6.5).

A switch records a leg, with all that it says and hears: that of the first party who is connected.
When that party leaves the call, or is on hold in it, the recording goes on with the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from csta.errors import CtiError, Current, ErrorCategory, ErrorValue
from csta.ids import CallId, LegId, Mint
from csta.replies import RecordingResult, Result
from csta.states import ConnectionState
from csta.supervision_events import (
    RecordingEvent,
    RecordingFailed,
    RecordingMode,
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
from ctiserver.core.calls import Call, Connection, Role
from ctiserver.core.contacts import Contact
from ctiserver.core.switch_link import (
    AnyCommand,
    LegNow,
    PauseRecording,
    Record,
    RecordingEnded,
    ResumeRecording,
    StopRecording,
)
from ctiserver.core.voice_requests import talks

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine

ANNOUNCEMENT = "sound:call_is_recorded"


class Recording(msgspec.Struct):
    """One recording. It is paused by its client, by a flow that asks for a secret, or by both.

    `connection` is the one that is recorded, or was last: one with a leg.
    """

    recording_id: str
    call: Call
    connection: Connection
    mode: RecordingMode
    by_client: bool = False
    secure: bool = False

    @property
    def paused(self) -> bool:
        """Whether what is said now is left out."""
        return self.by_client or self.secure

    @property
    def leg_id(self) -> LegId:
        """The leg that is recorded, or was last."""
        assert self.connection.leg is not None, f"{self.connection.key} cannot be recorded"
        return self.connection.leg.leg_id

    def record(self) -> Record:
        """Give the command by which it begins, or goes on, at the present connection."""
        return Record(
            self.leg_id, recording_id=self.recording_id, mode=self.mode, paused=self.paused
        )

    def pause(self) -> PauseRecording | ResumeRecording:
        """Give the command by which the switch pauses it, or does so no more."""
        command = PauseRecording if self.paused else ResumeRecording
        return command(self.leg_id, recording_id=self.recording_id)


class Recordings(CallLookup):
    """All recordings: at most one for each call, which ends with the call."""

    def __init__(self, engine: Engine) -> None:
        """Begin with none."""
        super().__init__(engine)
        self.by_call: dict[CallId, Recording] = {}
        """The recordings, those that are paused too."""
        self._mint = Mint()
        self._by_switch = engine.config.link.records

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
        here = [each for each in call.parties() if each.state is ConnectionState.CONNECTED]
        self._check_start(request, call, here)
        recording_id = self._mint.next("rec", self.engine.out.now)
        recording = Recording(recording_id, call, here[0], request.mode)
        self.by_call[call.call_id] = recording
        self._tell(recording, RecordingStarted, request_id, mode=request.mode)
        contact = self.engine.contacts.get(call.call_id)
        if contact is not None:
            self._note_secret(recording, contact)
        self._command(recording.record())
        if request.announce:
            for connection in here:
                self.engine.voice.play(connection, ANNOUNCEMENT, request_id)
        return RecordingResult(call_linkage_data=call.linkage, recording_id=recording_id)

    def _check_start(
        self, request: StartCallRecording, call: Call, here: Sequence[Connection]
    ) -> None:
        """Refuse what cannot be recorded, or not so; `here` are those who are connected.

        Raises:
            CtiError: the switch, or the call's state, does not allow it.
        """
        modes = self.engine.config.link.recording_modes
        if self._by_switch and request.mode not in modes:
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.INVALID_PARAMETER_VALUE,
                f"StartCallRecording: this switch cannot record '{request.mode}', only: "
                + ", ".join(modes),
            )
        present = self.by_call.get(call.call_id)
        if present is not None:
            raise _refusal(
                f"call {call.call_id} is being recorded already: {present.recording_id}",
                ("PauseCallRecording", "StopCallRecording"),
            )
        if not here:
            raise _refusal(f"nobody is connected in call {call.call_id}", ())
        if request.announce and not all(map(talks, here)):
            raise _refusal(
                f"call {call.call_id} is in a queue or a flow: nothing can be announced there", ()
            )

    def _pause(self, request: PauseCallRecording, request_id: str) -> Result:
        recording = self._recording(request.call_id)
        already, paused = recording.by_client, recording.paused
        recording.by_client = True
        if not paused:
            self._command(recording.pause())
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
            self._command(recording.pause())
            self._tell(recording, RecordingResumed, request_id)
        return Result(call_linkage_data=recording.call.linkage, already_done=already)

    def _stop(self, request: StopCallRecording, request_id: str) -> Result:
        call = self.call(request.call_id)
        recording = self._end(call)
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
        if recording is not None and self._note_secret(recording, contact):
            self._command(recording.pause())

    def _note_secret(self, recording: Recording, contact: Contact) -> bool:
        """Note, and tell, whether a secret is asked for; True if that pauses or resumes."""
        secure = contact.walk is not None and contact.walk.takes_secret
        if secure is recording.secure:
            return False
        recording.secure = secure
        if recording.by_client:
            return False
        if secure:
            self._tell(recording, RecordingPaused, secure=True)
        else:
            self._tell(recording, RecordingResumed)
        return True

    def follow(self, changed: Iterable[CallId]) -> None:
        """Go on with another party where the one that was recorded is connected no more."""
        for call_id in changed:
            recording = self.by_call.get(call_id)
            if recording is None or recording.connection.state is ConnectionState.CONNECTED:
                continue
            heir = next(filter(_can_be_recorded, recording.call.parties()), None)
            if heir is not None:
                self._command(StopRecording(recording.leg_id, recording_id=recording.recording_id))
                recording.connection = heir
                self._command(recording.record())

    def call_ends(self, call: Call) -> None:
        """A call is about to be over, and its recording is complete."""
        recording = self._end(call)
        if recording is not None:
            self._tell(recording, RecordingStopped)

    def _end(self, call: Call) -> Recording | None:
        recording = self.by_call.pop(call.call_id, None)
        if recording is not None:
            self._command(StopRecording(recording.leg_id, recording_id=recording.recording_id))
        return recording

    # The switch that records.

    def ended(self, event: RecordingEnded) -> None:
        """The switch has ended a recording, or could not begin it."""
        leg = self.engine.model.legs.get(event.leg)
        for connection in leg.connections if leg is not None else ():
            recording = self.by_call.get(connection.call.call_id)
            if (
                recording is not None
                and recording.connection is connection
                and recording.recording_id == event.recording_id
            ):
                del self.by_call[connection.call.call_id]
                told = RecordingFailed if event.failed else RecordingStopped
                self._tell(recording, told, uri=event.uri)

    def ask_again(self, now: Mapping[LegId, LegNow]) -> None:
        """After a loss of the link, let the switch record what it is to record, and nothing else.

        Args:
            now: The legs of the switch, by their ids.
        """
        self.follow(list(self.by_call))
        wanted = {(each.leg_id, each.recording_id) for each in self.by_call.values()}
        for told in now.values():
            for recording_id in told.recordings or ():
                if (told.leg, recording_id) not in wanted:
                    self._once(StopRecording(told.leg, recording_id=recording_id))
        for recording in self.by_call.values():
            told_of = now.get(recording.leg_id)
            if told_of is None:
                continue
            known = told_of.recordings
            if known is None or recording.recording_id not in known:
                self._once(recording.record())
            if known is None or recording.recording_id in known:
                self._once(recording.pause())

    def _once(self, command: AnyCommand) -> None:
        """Give a command, unless this step has given it already."""
        if not self.engine.out.has(command):
            self._command(command)

    def _command(self, command: AnyCommand) -> None:
        """Give a command to a switch that records, for a leg that is there."""
        leg = self.engine.model.legs.get(command.leg)
        if self._by_switch and leg is not None and not leg.clearing:
            self.engine.out.decide(command)

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


def _can_be_recorded(connection: Connection) -> bool:
    leg = connection.leg
    here = leg is not None and leg.role is not Role.LISTENER and not leg.clearing
    return here and connection.state is ConnectionState.CONNECTED


def _refusal(sentence: str, permitted: tuple[str, ...]) -> CtiError:
    return CtiError(
        ErrorCategory.STATE_INCOMPATIBILITY,
        ErrorValue.INVALID_CONNECTION_STATE,
        sentence,
        current=Current(services_permitted=permitted),
    )

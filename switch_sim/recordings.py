"""Recording, as far as it goes without sound: what would be recorded is known, and told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from csta.ids import LegId
from ctiserver.core.switch_link import PauseRecording, Record, ResumeRecording, StopRecording
from switch_sim.legs import Leg


def commands(legs: Mapping[LegId, Leg]) -> dict[type, Callable[[Any], None]]:
    """Give the table of commands on these legs: type to function; a leg that is gone has none."""

    def record(command: Record) -> None:
        leg = legs.get(command.leg)
        if leg is not None:
            leg.recordings[command.recording_id] = None

    def stop(command: StopRecording) -> None:
        leg = legs.get(command.leg)
        if leg is not None:
            leg.recordings.pop(command.recording_id, None)

    def pause(_command: PauseRecording | ResumeRecording) -> None:
        """Do nothing: a paused recording is one, and there is no sound to leave out."""

    return {Record: record, StopRecording: stop, PauseRecording: pause, ResumeRecording: pause}

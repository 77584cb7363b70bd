"""What an agent hears after he has answered and before he hears the caller (features Q19).

The caller goes on hearing his music until then. If the agent hangs up before, the caller has not
been with anybody, and is brought back to his place.
"""

from __future__ import annotations

from csta.causes import Cause
from csta.ids import LegId
from csta.instants import Agenda, Instant
from csta.states import ConnectionState
from csta.voice_events import Play, Stop
from ctiserver.core import switch_link
from ctiserver.core.announcing import SAYING_MS_MAX
from ctiserver.core.calls import Leg
from ctiserver.core.contacts import Contact
from ctiserver.core.parties import Parties
from ctiserver.core.prompts import Prompts


class Whispering:
    """Speaks to agents who have answered, then bridges."""

    def __init__(self, parties: Parties, prompts: Prompts) -> None:
        """Bridge calls of these parties."""
        self._parties = parties
        self._prompts = prompts
        self._whispers: dict[LegId, tuple[Contact, Leg, str]] = {}
        self.deadlines: Agenda[LegId] = Agenda()
        """When a whisper is over, should the switch never say so."""

    def __len__(self) -> int:
        """Count the agents who are spoken to."""
        return len(self._whispers)

    def begin(self, contact: Contact, leg: Leg, uri: str) -> None:
        """Speak to the agent; the caller is bridged when it is over."""
        out = self._parties.out
        self._whispers[leg.leg_id] = (contact, leg, uri)
        self.deadlines.set(leg.leg_id, out.now + SAYING_MS_MAX)
        out.decide(switch_link.Play(leg=leg.leg_id, play_id=_play_id(leg), uri=uri))
        self._publish(contact, leg, Play, Cause.NORMAL, uri)

    def plays(self) -> list[switch_link.Play]:
        """List what agents are to hear now."""
        return [
            switch_link.Play(leg=leg_id, play_id=_play_id(leg), uri=uri)
            for leg_id, (_, leg, uri) in self._whispers.items()
        ]

    def ended(self, leg_id: LegId, play_id: str) -> None:
        """The prompt has come to its end."""
        whisper = self._whispers.get(leg_id)
        if whisper is not None and play_id == _play_id(whisper[1]):
            self._bridge(leg_id, Cause.END_OF_MESSAGE_DETECTED)

    def leg_gone(self, leg_id: LegId) -> None:
        """The agent's leg ends: his caller was not bridged, and has no talk behind him."""
        whisper = self._whispers.pop(leg_id, None)
        if whisper is not None:
            self.deadlines.cancel(leg_id)
            contact = whisper[0]
            contact.unbridged = contact.caller.state is ConnectionState.CONNECTED

    def wake(self, now: Instant) -> None:
        """Act on every deadline that has come."""
        for leg_id in self.deadlines.due(now):
            self._bridge(leg_id, Cause.TIMEOUT)

    def _bridge(self, leg_id: LegId, cause: Cause) -> None:
        contact, leg, uri = self._whispers.pop(leg_id)
        self.deadlines.cancel(leg_id)
        self._publish(contact, leg, Stop, cause, uri)
        contact.queued_at = None
        self._prompts.stop(contact)
        self._parties.join(contact.call)

    def _publish(self, contact: Contact, leg: Leg, event: type, cause: Cause, uri: str) -> None:
        call, connection = contact.call, leg.active
        if connection is not None and connection.call is call:
            self._parties.out.publish(
                f"call/{call.call_id}",
                call.thread_id,
                event(
                    link_id=self._parties.model.link_id,
                    call_id=call.call_id,
                    connection=connection.key,
                    cause=cause,
                    call_linkage_data=call.linkage,
                    message=uri,
                ),
            )


def _play_id(leg: Leg) -> str:
    return f"{leg.leg_id}/whisper"

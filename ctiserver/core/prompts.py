"""What a caller hears: one thing at a time, started and stopped here, told as voice events."""

from __future__ import annotations

from csta.causes import Cause
from csta.voice_events import DtmfDetected, Play, Stop
from ctiserver.core import switch_link
from ctiserver.core.contacts import Contact
from ctiserver.core.outbox import Outbox


class Prompts:
    """Plays to callers. What plays is owned by the contact: a new sound ends the old one."""

    def __init__(self, out: Outbox, link_id: str) -> None:
        """Speak through one link."""
        self.out = out
        self.link_id = link_id

    def play(self, contact: Contact, play_id: str, uri: str) -> None:
        """Let the caller hear a prompt, a tone or music."""
        self.stop(contact)
        contact.play_id, contact.play_uri = play_id, uri
        self.out.decide(switch_link.Play(leg=contact.caller_leg.leg_id, play_id=play_id, uri=uri))
        self._publish(contact, Play, Cause.NORMAL, message=uri)

    def play_while_waiting(self, contact: Contact, uri: str) -> None:
        """Let the caller hear this until somebody answers; what plays already, plays on."""
        if contact.play_id is None or contact.play_uri != uri:
            self.say(contact, uri)

    def say(self, contact: Contact, uri: str) -> None:
        """Let a waiting caller hear this now."""
        contact.plays += 1
        self.play(contact, f"{contact.call_id}/wait/{contact.plays}", uri)

    def stop(self, contact: Contact, cause: Cause = Cause.SUSPEND) -> None:
        """End what the caller hears."""
        if contact.play_id is not None:
            self.out.decide(
                switch_link.StopPlay(leg=contact.caller_leg.leg_id, play_id=contact.play_id)
            )
            self._end(contact, cause)

    def ended(self, contact: Contact, play_id: str) -> bool:
        """Note that a prompt came to its end by itself; False if it is not what plays."""
        if contact.play_id != play_id:
            return False
        self._end(contact, Cause.END_OF_MESSAGE_DETECTED)
        return True

    def digit(self, contact: Contact, digit: str, duration_ms: int) -> None:
        """Tell of a key that the caller pressed; keys of a secret are not told."""
        secret = contact.walk is not None and contact.walk.takes_secret
        self._publish(
            contact,
            DtmfDetected,
            Cause.DTMF_DIGIT_DETECTED,
            dtmf_char="*" if secret else digit,
            duration_ms=duration_ms,
        )

    def forget(self, contact: Contact) -> None:
        """The caller is gone, and hears nothing any more."""
        contact.play_id = None

    def _end(self, contact: Contact, cause: Cause) -> None:
        contact.play_id = None
        self._publish(contact, Stop, cause, message=contact.play_uri)

    def _publish(self, contact: Contact, event: type, cause: Cause, **extra: object) -> None:
        call = contact.call
        self.out.publish(
            f"call/{call.call_id}",
            call.thread_id,
            event(
                link_id=self.link_id,
                call_id=call.call_id,
                connection=contact.caller.key,
                cause=cause,
                call_linkage_data=call.linkage,
                **extra,
            ),
        )

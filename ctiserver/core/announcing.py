"""What a waiting caller hears beside the music: announcements, figures, questions (features Q).

All of it belongs to the wait: it ends at once when the call is offered to an agent, goes elsewhere
or ends (reliability C5). One thing is said at a time; between two of them the music plays.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from acd.decisions import Announces, Asks, MusicChanges
from acd.distributor import Distributor
from acd.inputs import CallerChose
from csta.acd_events import CallerAsked, CallerDecided, CallerInformed, TreatmentEvent
from csta.causes import Cause
from csta.ids import CallId, QueueName, device
from csta.instants import MINUTE, SECOND, Agenda, Instant, Milliseconds
from ctiserver.core.contacts import Contact, Saying, Treatment
from ctiserver.core.prompts import Prompts

SAYING_MS_MAX: Milliseconds = 2 * MINUTE
"""After this time a prompt counts as ended, whatever became of the switch's word of it."""

VOLUME_ROSE = "say:volume_rose"


class Announcing:
    """Speaks to callers who wait, and listens to the keys that they press then."""

    def __init__(self, acd: Distributor, prompts: Prompts) -> None:
        """Speak for one distributor."""
        self._acd = acd
        self._prompts = prompts
        self._out = prompts.out
        self._contacts: dict[CallId, Contact] = {}
        """Those who wait, or hear a last word."""
        self.deadlines: Agenda[tuple[str, CallId]] = Agenda()
        """When a prompt, or the time for a question, is over: ("said" or "asked", call)."""
        self.on_choice: Callable[[CallerChose], None]

    def enter(self, contact: Contact) -> None:
        """A call comes to the ACD: what is to be said is kept until it waits."""
        contact.treatment = Treatment()
        self._contacts[contact.call_id] = contact

    def waits(self, contact: Contact, queue: QueueName) -> None:
        """The call lines up: it hears what is to be said, or music; what is heard goes on."""
        treatment = _of(contact)
        treatment.waits = True
        own = treatment.own_music
        treatment.music = (
            own.music
            if own is not None and own.queue == queue
            else self._acd.queues[queue].config.music
        )
        if treatment.speaks is None:
            self._go_on(contact)

    def change_music(self, contact: Contact, change: MusicChanges) -> None:
        """The caller hears other music for as long as the call is in this queue (Q01)."""
        treatment = _of(contact)
        treatment.own_music, treatment.music = change, change.music
        if treatment.waits and treatment.speaks is None:
            self._go_on(contact)

    def announce(self, contact: Contact, said: Announces) -> None:
        """Say a prompt, the position and the wait, in this order.

        Real switches turn `say:` prompts into words of the caller's language.
        """
        event = CallerInformed(
            call_id=said.call_id,
            queue=device("acd", said.queue),
            prompt=said.prompt,
            position=said.position,
            position_more_than=said.position_more_than,
            wait_ms=said.wait_ms,
            wait_more_than=said.wait_more_than,
            volume_rose=said.volume_rose,
        )
        kind = (said.prompt or "", said.position is not None, said.wait_ms is not None)
        self._say(contact, Saying(_words(said), event, kind))

    def ask(self, contact: Contact, asks: Asks) -> None:
        """Ask a question; its keys count from the beginning of its prompt."""
        question = self._acd.config.questions[asks.question]
        queue = device("acd", asks.queue)
        event = CallerAsked(call_id=asks.call_id, queue=queue, question=asks.question)
        kind = (asks.question, False, False)
        self._say(contact, Saying((question.prompt,), event, kind, (asks.question, question)))

    def interrupt(self, contact: Contact) -> None:
        """The call is offered to an agent: nothing more is said, the music goes on."""
        treatment = _of(contact)
        treatment.waits = False
        self._hush(contact)
        if treatment.music and contact.play_id is None:
            self._prompts.play_while_waiting(contact, treatment.music)

    def leave(self, contact: Contact) -> None:
        """The wait is over, and with it all that belonged to it."""
        if contact.treatment is not None:
            self._hush(contact)
            contact.treatment = None
            del self._contacts[contact.call_id]

    def finish(self, contact: Contact, then: Callable[[], None]) -> None:
        """Say what is still to be said, then do this; the call is not the ACD's any more.

        Nothing is asked any more: there would be nobody to take the answer.
        """
        treatment = _of(contact)
        treatment.waits, treatment.then = False, then
        treatment.sayings = deque(said for said in treatment.sayings if said.question is None)
        self._close_question(contact)
        if treatment.speaks is None:
            self._go_on(contact)

    def play_ended(self, contact: Contact) -> None:
        """What was played has come to its end."""
        treatment = contact.treatment
        if treatment is None or treatment.speaks is None:
            return
        self.deadlines.cancel(("said", contact.call_id))
        if treatment.rest:
            self._play_next(contact)
            return
        question, treatment.speaks = treatment.speaks.question, None
        if question is not None and question is treatment.question:
            until = self._out.now + question[1].wait_ms
            self.deadlines.set(("asked", contact.call_id), until)
        self._go_on(contact)

    def digit(self, contact: Contact, digit: str) -> None:
        """The caller has pressed a key, which means something while a question is open (Q06)."""
        treatment = contact.treatment
        asked = treatment.question if treatment is not None else None
        if asked is not None and digit in asked[1].keys:
            if _of(contact).speaks is not None:
                self._stop_speaking(contact, Cause.DTMF_DIGIT_DETECTED)
            self._choose(contact, asked[0], digit)

    def wake(self, now: Instant) -> None:
        """Act on every deadline that has come."""
        for kind, call_id in self.deadlines.due(now):
            contact = self._contacts[call_id]
            asked = _of(contact).question
            if kind == "said":
                self._prompts.stop(contact, Cause.TIMEOUT)
                self.play_ended(contact)
            elif asked is not None:
                self._choose(contact, asked[0], "")

    def _choose(self, contact: Contact, name: str, key: str) -> None:
        treatment = _of(contact)
        self._close_question(contact)
        queue = device("acd", self._acd.calls[contact.call_id].queue.name)
        self._publish(
            contact, CallerDecided(call_id=contact.call_id, queue=queue, question=name, key=key)
        )
        self.on_choice(CallerChose(contact.call_id, key))
        if contact.treatment is treatment and treatment.waits and treatment.speaks is None:
            self._go_on(contact)

    def _say(self, contact: Contact, saying: Saying) -> None:
        """Say it after what is said now; the same thing does not stand there twice."""
        treatment = _of(contact)
        if any(kept.kind == saying.kind for kept in treatment.sayings):
            return
        treatment.sayings.append(saying)
        if treatment.waits and treatment.speaks is None:
            self._go_on(contact)

    def _go_on(self, contact: Contact) -> None:
        """Say what comes next; after the last of it do what was to be done then, or play music."""
        treatment = _of(contact)
        if treatment.sayings:
            saying = treatment.speaks = treatment.sayings.popleft()
            treatment.rest = deque(saying.uris)
            if saying.question is not None:
                self._close_question(contact)
                treatment.question = saying.question
            self._publish(contact, saying.event)
            self._play_next(contact)
        elif treatment.then is not None:
            treatment.then()
        elif treatment.waits:
            self._prompts.play_while_waiting(contact, treatment.music)

    def _play_next(self, contact: Contact) -> None:
        self._prompts.say(contact, _of(contact).rest.popleft())
        self.deadlines.set(("said", contact.call_id), self._out.now + SAYING_MS_MAX)

    def _hush(self, contact: Contact) -> None:
        treatment = _of(contact)
        treatment.sayings.clear()
        self._close_question(contact)
        if treatment.speaks is not None:
            self._stop_speaking(contact, Cause.SUSPEND)

    def _stop_speaking(self, contact: Contact, cause: Cause) -> None:
        self.deadlines.cancel(("said", contact.call_id))
        treatment = _of(contact)
        treatment.speaks = None
        treatment.rest.clear()
        self._prompts.stop(contact, cause)

    def _close_question(self, contact: Contact) -> None:
        _of(contact).question = None
        self.deadlines.cancel(("asked", contact.call_id))

    def _publish(self, contact: Contact, event: TreatmentEvent) -> None:
        call = contact.call
        self._out.publish(f"call/{call.call_id}", call.thread_id, event)


def _of(contact: Contact) -> Treatment:
    treatment = contact.treatment
    assert treatment is not None, f"call {contact.call_id} does not wait"
    return treatment


def _words(said: Announces) -> tuple[str, ...]:
    """Write what is said as prompts: `say:position?n=3`, `say:wait?seconds=120`."""
    words: list[str] = []
    if said.prompt is not None:
        words.append(said.prompt)
    if said.position is not None:
        more = "&more_than=1" if said.position_more_than else ""
        words.append(f"say:position?n={said.position}{more}")
    if said.wait_ms is not None:
        if said.volume_rose:
            words.append(VOLUME_ROSE)
        more = "&more_than=1" if said.wait_more_than else ""
        words.append(f"say:wait?seconds={said.wait_ms // SECOND}{more}")
    return tuple(words)

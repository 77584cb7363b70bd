"""The invariant monitor: the predicates of the property tests, at work while calls come in.

After each step it looks at what the step has changed, and every `audit_ms` at everything. A
violation is an event with evidence; whose it is, is quarantined, and the rest goes on. So is an
exception: it ends at the boundary of the one decision, deadline or input that it came of. It is
all part of the engine's step, by its instants and agendas alone: a replay does the same.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from acd.lines import Line
from acd.matching import Sought
from acd.queue import WaitingCall
from agents.agent import Agent
from csta.errors import CtiError, ErrorCategory, ErrorValue, Outcome
from csta.instants import SECOND, Agenda, Instant, Milliseconds
from csta.system_events import InvariantViolated
from ctiserver.core.audit import audit, ringing_faults
from ctiserver.core.config import OnViolation
from ctiserver.core.outbox import Reply
from ctiserver.core.quarantine import STRIKES_MAX, Quarantine
from ctiserver.core.queue_audit import agent_faults, choice_faults, waiting_faults
from ctiserver.core.sources import entity_of
from ctiserver.core.switch_link import LinkDown, LinkUp
from ctiserver.core.violations import Kind, Violation

if TYPE_CHECKING:
    from types import TracebackType

    from ctiserver.core.engine import Engine

LATE_MS_MAX: Milliseconds = SECOND
"""A deadline that is acted on later than this tells of a dispatcher that stood still (Q7)."""

_REMEMBERED = 8
_FRAMES = 6
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


class Monitor:
    """Watches one engine."""

    def __init__(self, engine: Engine) -> None:
        """Watch from the first step on."""
        self._engine = engine
        config = engine.config
        self._stops = config.on_violation is OnViolation.STOP
        self._audit_ms = config.audit_ms
        self._rests = config.audit_ms > 0
        """Whether the next step is to begin the round of audits again."""
        self._ledger = engine.queueing.ledger
        self._quarantine = Quarantine(engine)
        self._steps = 0
        self._heard_again = False
        self._audited_step = 0
        self._last: deque[tuple[int, object]] = deque(maxlen=_REMEMBERED)
        self._found: list[Violation] = []
        self._strikes: dict[tuple[Kind, str], int] = {}
        self._answering = False
        self.deadlines: Agenda[str] = Agenda()
        engine.acd.matching.on_choice = self._choice
        engine.queueing.on_fault = self.failed

    def begins(self, source: object) -> None:
        """A step begins: an input is taken in, or deadlines are acted on (None)."""
        self._steps += 1
        self._heard_again = bool(self._last) and _is_of_link(self._last[-1][1])
        self._last.append((self._steps, source))
        if self._rests:
            self._rests = False
            self.deadlines.set("audit", self._engine.out.now + self._audit_ms)

    def due_at(self, due: Instant | None) -> None:
        """Deadlines of the ACD are about to be acted on; the first was due at this instant.

        Lateness is the machine's fault and no broken law: a run that stops for those goes on.
        Right after the link was lost, or heard again, it is nobody's: time has stood still for a
        server that starts again.
        """
        if self._stops or self._heard_again:
            return
        if due is not None and self._engine.out.now - due > LATE_MS_MAX:
            late_ms = self._engine.out.now - due
            sentence = f"deadlines were not looked at for {late_ms} ms"
            self._found.append(Violation("Q7", Kind.ENGINE, "dispatcher", sentence, {"due": due}))

    def failed(self, source: object, error: Exception) -> None:
        """Something raised: what was decided before is carried out, whose it was is quarantined."""
        if self._stops:
            raise error
        engine = self._engine
        kind, entity_id = entity_of(engine, source)
        words = _ADDRESS.sub("", str(error))
        sentence = f"{type(error).__name__}: {words}"
        violation = Violation(
            "V3", kind, entity_id, sentence, {"raisedIn": _frames(error.__traceback__)}
        )
        if self._answering:
            self._tell(violation, "none")
            return
        self._found.append(violation)
        self._refuse()
        engine.queueing.perform_rest()

    def look(self) -> None:
        """The step is over: look at what it has changed, and answer what is wrong."""
        engine, ledger = self._engine, self._ledger
        if ledger.agents or ledger.calls:
            self._look_at_agents()
            self._look_at_calls()
        if not self._found:
            return
        found, self._found = self._found, []
        if self._stops:
            raise AssertionError("; ".join(map(_sentence, found)))
        self._answering = True
        answered: dict[tuple[Kind, str], None] = {}
        for violation in found:
            key = (violation.kind, violation.entity_id)
            if key not in answered:
                answered[key] = None
                self._strikes[key] = self._strikes.get(key, 0) + 1
                self._answer(violation, self._strikes[key])
        try:
            engine.follow()
        except Exception as error:  # noqa: BLE001 - as the engine does
            self.failed(None, error)
        self._answering = False
        ledger.agents.clear()
        ledger.calls.clear()

    def wake(self, now: Instant) -> None:
        """Look at everything, when it is time; again later if anything may have changed till then.

        An engine that rests, with nobody waiting, is not woken for it.
        """
        for _ in self.deadlines.due(now):
            self._engine.follow()  # what else was due may have ended calls: agents follow them
            found = list(audit(self._engine))
            self._found += found
            self._forgive(found)
            if self._steps > self._audited_step + 1 or self._engine.acd.calls:
                self.deadlines.set("audit", now + self._audit_ms)
            else:
                self._rests = True
            self._audited_step = self._steps

    def _look_at_agents(self) -> None:
        engine, ledger = self._engine, self._ledger
        for agent_id in ledger.agents:
            agent = engine.directory.agent(agent_id)
            own = agent.offer_id
            call = engine.acd.offers.call_of(own) if own is not None else None
            self._found += agent_faults(engine, agent, (own,) if call is not None and own else ())
        ledger.agents.clear()

    def _look_at_calls(self) -> None:
        engine, ledger = self._engine, self._ledger
        for call_id in ledger.calls:
            waiting = engine.acd.calls.get(call_id)
            if waiting is not None:
                self._found += waiting_faults(engine, waiting)
            contact = engine.contacts.get(call_id)
            if contact is not None and contact.ringing:
                self._found += ringing_faults(contact, waiting)
        ledger.calls.clear()

    def _choice(
        self, call: WaitingCall, agent: Agent, line: Line, now: Instant, sought: Sought
    ) -> None:
        self._found += choice_faults(self._engine.acd.floor, call, agent, line, now, sought)

    def _answer(self, violation: Violation, strike: int) -> None:
        """Quarantine whose violation it is, and tell; who does not get better is told of thrice."""
        if strike > STRIKES_MAX:
            return
        answer = "none"
        try:
            answer = self._quarantine.answer(violation, strike)
        except Exception as error:  # noqa: BLE001 - the answer may meet what it was to answer
            words = _ADDRESS.sub("", f"{type(error).__name__}: {error}")
            violation = msgspec.structs.replace(
                violation, evidence=violation.evidence | {"answerFailed": words}
            )
        self._tell(violation, answer)

    def _tell(self, violation: Violation, answer: str) -> None:
        engine = self._engine
        kind, entity_id = violation.kind.value, violation.entity_id
        subject = f"{kind}/{entity_id}" if violation.kind is not Kind.QUEUE else "system/acd"
        engine.out.publish(
            subject if violation.kind is not Kind.ENGINE else "system/engine",
            entity_id,
            InvariantViolated(
                link_id=engine.config.link_id,
                invariant=violation.invariant,
                entity_kind=kind,
                entity_id=entity_id,
                sentence=violation.sentence,
                answer=answer,
                evidence=violation.evidence
                | {"steps": [_step(number, source) for number, source in self._last]},
            ),
        )

    def _forgive(self, found: Sequence[Violation]) -> None:
        """Begin anew with whoever is well again; a call has its strikes for as long as it lives."""
        engine = self._engine
        ill = {(each.kind, each.entity_id) for each in found}
        for kind, entity_id in list(self._strikes):
            lives = kind is Kind.CALL and entity_id in engine.model.calls
            if (kind, entity_id) not in ill and not lives:
                del self._strikes[kind, entity_id]

    def _refuse(self) -> None:
        """Answer the request that has failed: nobody knows what has become of it."""
        out = self._engine.out
        if out.request_id is None:
            return
        error = CtiError(
            ErrorCategory.SYSTEM_RESOURCE_AVAILABILITY,
            ErrorValue.RESOURCE_OUT_OF_SERVICE,
            "the request met a fault of the engine; ask for the present state",
            outcome=Outcome.UNKNOWN,
        )
        out.decide(Reply(out.request_id, error=error))
        out.request_id = out.principal = None


def _is_of_link(source: object) -> bool:
    return isinstance(getattr(source, "what", None), LinkDown | LinkUp)


def _sentence(violation: Violation) -> str:
    return f"{violation.invariant}: {violation.sentence} {violation.evidence}"


def _step(number: int, source: object) -> dict[str, Any]:
    """Write one step: its number, among the journal's lines with `in` or `wake`, and its input."""
    if source is None:
        return {"step": number, "input": "wake"}
    what = getattr(source, "what", source)
    of = getattr(what, "leg", None) or getattr(what, "call_id", None)
    name = getattr(what, "service", type(what).__name__)
    return {"step": number, "input": name} | ({"of": of} if of else {})


def _frames(trace: TracebackType | None) -> list[str]:
    """Name the innermost functions of an exception, the innermost last."""
    names: list[str] = []
    while trace is not None:
        frame = trace.tb_frame
        names.append(f"{frame.f_globals.get('__name__')}.{frame.f_code.co_qualname}")
        trace = trace.tb_next
    return names[-_FRAMES:]

"""Services in two steps: the switch is asked first, and when it has done so they go on.

It is asked to hold or to join legs. If it never says that it has, the client is told so by
ServiceCompletionFailure.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from csta.call_events import ServiceCompletionFailure
from csta.causes import Cause
from csta.ids import LegId
from csta.instants import SECOND, Agenda, Instant, Milliseconds
from ctiserver.core.calls import Call, Connection
from ctiserver.core.outbox import Outbox

ANSWER_MS: Milliseconds = 5 * SECOND
"""How long a switch may take for what it was asked (cti-api §7.6, C4)."""


class SecondStep(msgspec.Struct, frozen=True):
    """What is still to do for a service. `legs` are those that must be joined; none for a hold."""

    service: str
    connection: Connection
    request_id: str | None
    go_on: Callable[[], None]
    legs: tuple[LegId, ...] = ()
    consultation: Call | None = None
    """The call that the service began, and of which nothing has been told yet."""
    on_failure: Callable[[], None] | None = None
    """Tells whoever has asked, when that is no client."""


class SecondSteps:
    """What waits for the switch: at most one step for each leg."""

    def __init__(self, out: Outbox, link_id: str, forget_call: Callable[[Call], None]) -> None:
        """Publish failures through `out`; `forget_call` undoes a call that was never told of."""
        self._out = out
        self._link_id = link_id
        self._forget_call = forget_call
        self._steps: dict[LegId, SecondStep] = {}
        self.deadlines: Agenda[LegId] = Agenda()

    def __len__(self) -> int:
        """Count what waits."""
        return len(self._steps)

    def wait(self, leg_id: LegId, step: SecondStep) -> None:
        """Let a step wait for what the switch says of a leg; an older one gives way."""
        self._drop(leg_id)
        self._steps[leg_id] = step
        self.deadlines.set(leg_id, self._out.now + ANSWER_MS)

    def waiting(self) -> list[tuple[LegId, SecondStep]]:
        """List what waits, and for which leg."""
        return list(self._steps.items())

    def consults(self, leg_id: LegId) -> bool:
        """Tell whether a consultation waits for this leg to be on hold."""
        step = self._steps.get(leg_id)
        return step is not None and step.consultation is not None

    def held(self, leg_id: LegId) -> None:
        """The leg is on hold."""
        step = self._steps.get(leg_id)
        if step is not None and not step.legs:
            self._take(leg_id)
            step.go_on()

    def joined(self, leg_id: LegId, legs: tuple[LegId, ...]) -> None:
        """These legs hear one another; an older conversation of the same leg counts for nothing."""
        step = self._steps.get(leg_id)
        if step is not None and step.legs and set(step.legs) == set(legs):
            self._take(leg_id)
            step.go_on()

    def leg_gone(self, leg_id: LegId) -> None:
        """A leg is gone: what waited for it will not go on, nor what a phone has asked of it."""
        for own, step in self.waiting():
            if own == leg_id or (step.on_failure is not None and leg_id in step.legs):
                self._drop(own)
                if step.on_failure is not None:
                    step.on_failure()

    def _drop(self, leg_id: LegId) -> None:
        """Forget what waits for the leg, if anything does."""
        step = self._steps.get(leg_id)
        if step is not None:
            self._take(leg_id)
            if step.consultation is not None:
                self._forget_call(step.consultation)

    def overdue(self, now: Instant) -> None:
        """Tell the clients of what the switch has never answered."""
        for leg_id in self.deadlines.due(now):
            step = self._steps[leg_id]
            call = step.connection.call
            self._out.publish(
                f"call/{call.call_id}",
                call.thread_id,
                ServiceCompletionFailure(
                    link_id=self._link_id,
                    call_id=call.call_id,
                    connection=step.connection.key,
                    cause=Cause.TIMEOUT,
                    call_linkage_data=call.linkage,
                    service=step.service,
                    primary_call=step.connection.key,
                ),
                step.request_id,
            )
            if step.on_failure is not None:
                step.on_failure()
            self._drop(leg_id)

    def _take(self, leg_id: LegId) -> None:
        del self._steps[leg_id]
        self.deadlines.cancel(leg_id)

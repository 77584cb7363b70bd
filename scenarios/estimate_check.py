"""How good the estimated wait is, on a recorded month that is replayed through the whole centre.

Each caller who has to wait gets an estimate when he begins to, made of nothing but the events
published until then; when his wait is over, the two are compared. Three other ways to estimate
stand beside ours: the formula without correction, the one best constant, which takes hindsight,
and what Asterisk's app_queue announces (features §e.5, EWT1).

`python -m scenarios.estimate_check [TRACE] [SEED]` prints the figures; without a trace, those of
the synthetic month.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from acd.estimates import ESTIMATE_SHARE, Estimate, EstimateAccuracy, Estimator, pinball
from csta.agent_events import AgentEvent
from csta.call_events import CallCleared, Established, Queued
from csta.ids import AgentId, CallId
from csta.instants import DAY, HOUR, SECOND, Instant, Milliseconds
from csta.states import AgentState
from ctiserver.core.wire import Published
from scenarios.synthetic_month import SHIPPED
from scenarios.trace import Trace, read_trace
from scenarios.trace_replay import replay_trace

COVERAGE_MIN = 0.78
COVERAGE_MAX = 0.82

_SERVING = (AgentState.READY, AgentState.BUSY, AgentState.WORKING_AFTER_CALL)
_OCCUPIED = (AgentState.BUSY, AgentState.WORKING_AFTER_CALL)
_ASTERISK_MARGIN_MS = 30 * SECOND


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """One wait that is over, and what was estimated of it when it began."""

    begun_at: Instant
    waited_ms: Milliseconds
    answered: bool
    ours: Estimate | None
    formula: Estimate | None
    asterisk_ms: Milliseconds


class EstimateFold:
    """Estimates from the published events of a centre with one queue; `waits` are those over."""

    def __init__(self, share: float = ESTIMATE_SHARE) -> None:
        """Start with nothing learned and nobody logged on."""
        self.waits: list[Wait] = []
        self._ours = Estimator(share)
        # It is not told of its estimates, so that its correction stays at 1.
        self._formula = Estimator(share)
        self._held_ms: Milliseconds | None = None
        self._waiting: dict[CallId, Wait] = {}
        self._states: dict[AgentId, AgentState] = {}
        self._serving = 0
        self._busy_since: dict[AgentId, Instant] = {}

    def take(self, event: object, at: Instant) -> None:
        """Take in the data of one published event."""
        if isinstance(event, AgentEvent):
            self._agent(event, at)
        elif isinstance(event, Queued):
            self._begins(event, at)
        elif isinstance(event, Established) and event.acd is not None:
            self._ends(event.call_id, at, answered=True)
        elif isinstance(event, CallCleared):
            self._ends(event.call_id, at, answered=False)

    def _agent(self, event: AgentEvent, at: Instant) -> None:
        agent_id = event.agent_id
        before, after = self._states.get(agent_id, AgentState.NULL), event.STATE
        self._states[agent_id] = after
        self._serving += (after in _SERVING) - (before in _SERVING)
        if after in _OCCUPIED:
            self._busy_since.setdefault(agent_id, at)
        elif before in _OCCUPIED:
            handle_ms = at - self._busy_since.pop(agent_id)
            self._ours.handled(handle_ms)
            self._formula.handled(handle_ms)

    def _begins(self, event: Queued, at: Instant) -> None:
        if event.call_id not in self._waiting:
            self._waiting[event.call_id] = Wait(
                begun_at=at,
                waited_ms=0,
                answered=False,
                ours=self._ours.estimate(event.calls_in_front, self._serving),
                formula=self._formula.estimate(event.calls_in_front, self._serving),
                asterisk_ms=(self._held_ms or 0) + _ASTERISK_MARGIN_MS,
            )

    def _ends(self, call_id: CallId, at: Instant, *, answered: bool) -> None:
        begun = self._waiting.pop(call_id, None)
        if begun is None:
            return
        waited_ms = at - begun.begun_at
        self.waits.append(msgspec.structs.replace(begun, waited_ms=waited_ms, answered=answered))
        if answered:
            self._ours.answered(waited_ms, *((begun.ours,) if begun.ours else ()))
            self._formula.answered(waited_ms)
            held_ms = self._held_ms
            self._held_ms = waited_ms if held_ms is None else (3 * held_ms + waited_ms) // 4
        else:
            self._ours.abandoned(waited_ms)
            self._formula.abandoned(waited_ms)


class Rival(msgspec.Struct, frozen=True):
    """A way to estimate: what it covered, how long it said, and the mean loss (less is better)."""

    name: str
    coverage: float
    mean_ms: float
    pinball_ms: float


class HourCoverage(msgspec.Struct, frozen=True):
    """The answered waits that began in an hour of the day."""

    hour: int
    waits: int
    coverage: float


class Abandoned(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of those who gave up, with or without an estimate.

    `coverage_least` and `coverage_most` are of all waits, as if none or all of those who gave up
    before the end of their estimate had been answered in time. `coverage_likely` (Kaplan-Meier)
    takes it that who gives up is like who has waited as large a part of his estimate.
    """

    waits: int
    late: int
    coverage_least: float
    coverage_likely: float
    coverage_most: float


class EstimateCheck(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict; waits without an estimate count as not covered in `coverage`."""

    share: float
    answered: int
    unknown: int
    coverage: float
    mae_ms: float
    bias_ms: float
    crps_ms: float
    rivals: tuple[Rival, ...]
    hours: tuple[HourCoverage, ...]
    abandoned: Abandoned

    @property
    def passed(self) -> bool:
        """Tell whether the share of the answered waits that was covered keeps the limits."""
        return COVERAGE_MIN <= self.coverage <= COVERAGE_MAX


def check_estimates(trace: Trace, seed: int) -> EstimateCheck:
    """Replay a trace and compare the waits with the estimates given when they began.

    Raises:
        ValueError: the trace has no call, or nobody waited and was answered.
    """
    fold = EstimateFold()

    def hear(events: Sequence[Published]) -> None:
        for event in events:
            fold.take(event.data, event.at)

    replay_trace(trace, seed, title="estimates", listener=hear)
    return compare(fold.waits)


def compare(waits: Sequence[Wait], share: float = ESTIMATE_SHARE) -> EstimateCheck:
    """Compare waits that are over with what was estimated of them.

    Raises:
        ValueError: nobody who had an estimate was answered.
    """
    accuracy = EstimateAccuracy()
    for wait in waits:
        (accuracy.answered if wait.answered else accuracy.abandoned)(wait.waited_ms, wait.ours)
    answered = [wait for wait in waits if wait.answered]
    coverage, mae_ms = accuracy.coverage, accuracy.mae_ms
    bias_ms, crps_ms = accuracy.bias_ms, accuracy.crps_ms
    if coverage is None or mae_ms is None or bias_ms is None or crps_ms is None:
        raise ValueError("no caller with an estimate was answered: there is nothing to compare")
    return EstimateCheck(
        share=share,
        answered=len(answered),
        unknown=sum(wait.ours is None for wait in answered),
        coverage=coverage,
        mae_ms=mae_ms,
        bias_ms=bias_ms,
        crps_ms=crps_ms,
        rivals=_rivals(answered, share),
        hours=_hours(answered),
        abandoned=_abandoned(waits, accuracy),
    )


def _rivals(answered: Sequence[Wait], share: float) -> tuple[Rival, ...]:
    """Measure every way on the same waits: those for which there was an estimate."""
    known = [(w, w.ours, w.formula) for w in answered if w.ours is not None and w.formula]
    lengths = sorted(wait.waited_ms for wait, _, _ in known)
    constant_ms = lengths[math.ceil(share * len(lengths)) - 1]
    told = {
        "ours": [ours.quantile_ms for _, ours, _ in known],
        "formula, not corrected": [formula.quantile_ms for _, _, formula in known],
        "best constant, by hindsight": [constant_ms] * len(known),
        "Asterisk (EWT1)": [wait.asterisk_ms for wait, _, _ in known],
    }
    return tuple(
        Rival(
            name,
            sum(w.waited_ms <= ms for (w, _, _), ms in zip(known, all_ms, strict=True))
            / len(known),
            sum(all_ms) / len(known),
            sum(
                pinball(share, ms, w.waited_ms) for (w, _, _), ms in zip(known, all_ms, strict=True)
            )
            / len(known),
        )
        for name, all_ms in told.items()
    )


def _hours(answered: Sequence[Wait]) -> tuple[HourCoverage, ...]:
    folds: dict[int, EstimateAccuracy] = {}
    for wait in answered:
        hour = wait.begun_at % DAY // HOUR
        folds.setdefault(hour, EstimateAccuracy()).answered(wait.waited_ms, wait.ours)
    return tuple(
        HourCoverage(hour, folds[hour].answered_count, folds[hour].coverage or 0.0)
        for hour in sorted(folds)
    )


def _abandoned(waits: Sequence[Wait], accuracy: EstimateAccuracy) -> Abandoned:
    known = sorted(
        (wait.waited_ms / wait.ours.quantile_ms, not wait.answered)
        for wait in waits
        if wait.ours is not None
    )
    beyond, left = 1.0, len(known)
    for part, gave_up in known:
        if part > 1:
            break
        if not gave_up:
            beyond *= 1 - 1 / left
        left -= 1
    in_time = sum(gave_up and part <= 1 for part, gave_up in known)
    return Abandoned(
        waits=accuracy.abandoned_count,
        late=accuracy.abandoned_late_count,
        coverage_least=accuracy.covered_count / len(waits),
        coverage_likely=1 - beyond,
        coverage_most=(accuracy.covered_count + in_time) / len(waits),
    )


def text_of(check: EstimateCheck) -> str:
    """Write a verdict down for people."""
    gone = check.abandoned
    limits = f"{COVERAGE_MIN:.0%} to {COVERAGE_MAX:.0%}"
    verdict = "met" if check.passed else "missed"
    of_all = f"{gone.coverage_least:.1%} to {gone.coverage_most:.1%}"
    rows = [
        f"answered waits {check.answered:,}, without an estimate {check.unknown}",
        f"covered {check.coverage:.2%}, wanted {check.share:.0%}; limits {limits}: {verdict}",
        f"mean: MAE {_s(check.mae_ms)}, bias {_s(check.bias_ms)}; CRPS {_s(check.crps_ms)}",
        f"abandoned waits {gone.waits:,}, longer than estimated already {gone.late:,}",
        f"covered of all waits: {of_all}, likely {gone.coverage_likely:.1%}",
        "",
        f"{'':28}{'covered':>10}{'mean told':>12}{'pinball':>10}",
        *(
            f"{r.name:28}{r.coverage:>10.2%}{_s(r.mean_ms):>12}{_s(r.pinball_ms):>10}"
            for r in check.rivals
        ),
        "",
        f"{'hour':>4}{'waits':>8}{'covered':>10}",
        *(f"{h.hour:>4}{h.waits:>8,}{h.coverage:>10.1%}" for h in check.hours),
    ]
    return "\n".join(rows)


def _s(value_ms: float) -> str:
    return f"{value_ms / SECOND:.1f} s"


def main(arguments: list[str]) -> int:
    """Check a trace, print the figures; 5 when the limits are missed."""
    path = Path(arguments[0]) if arguments else SHIPPED
    seed = int(arguments[1]) if len(arguments) > 1 else 1
    check = check_estimates(read_trace(path), seed)
    sys.stdout.write(text_of(check) + "\n")
    return 0 if check.passed else 5


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

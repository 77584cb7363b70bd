"""What explanations cost (R35): when they are off, when each choice is told of, and one by one.

`off` is how the centre runs: an explanation is worked out later, from the journal, and all that the
journal needs for it (inputs, offers with their attempts, configurations) is there anyway. `told`
has somebody listen to each choice and keep who was chosen. An explanation itself looks at all
agents, or at all calls: one in so many is measured, and what it would cost to have every offer
explained at once is reckoned from that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from acd.distributor import Distributor
from acd.explain import explain_choice
from acd.inputs import Enter, LogOn
from acd.lines import Line
from acd.matching import Sought
from acd.queue import WaitingCall
from agents.agent import Agent
from agents.directory import Directory
from bench.cases import Case
from bench.figures import Budget, Figure, Measured, Stopwatch, Table
from bench.tables import Rounds
from csta.instants import HOUR, SECOND, Instant
from scenarios import queue_model

_SIZES = {1: "", 10: ", 10 x agents"}
_SAMPLES = 60
_KEPT = Budget(least=0.8)

_Listener = Callable[[WaitingCall, Agent, Line, Instant, Sought], None]


def cases(*, quick: bool) -> list[Case]:
    """M1 in a small and a large centre."""
    longer = 1 if quick else 2
    return [
        Case(f"explain {scale}", "explain", {"scale": scale, "hours": hours * longer})
        for scale, hours in ((1, 0.8), (10, 0.2))
    ]


def table(rounds: Rounds) -> Table:
    """The rate without explanations, what is kept of it, and what one explanation costs."""
    figures = []
    for scale, words in _SIZES.items():
        ran, size = rounds[f"explain {scale}"], f"M1{words}"
        figures += [
            Figure(f"{size}: explanations off", "calls/s", _each(ran, lambda one: one["off"].rate)),
            Figure(
                f"{size}: each choice told of, rate kept",
                "x",
                _each(ran, lambda one: one["told"].rate / one["off"].rate),
                _KEPT,
            ),
            Figure(
                f"{size}: one offer explained", "us", _each(ran, lambda one: one["offer"].cost_us)
            ),
            Figure(
                f"{size}: one wait explained", "us", _each(ran, lambda one: one["wait"].cost_us)
            ),
            Figure(f"{size}: every offer explained at once, rate kept", "x", _each(ran, _naive)),
        ]
    return Table("Explanations: from the journal (off), told of, worked out", tuple(figures))


def measure(*, scale: int, hours: float, seed: int) -> dict[str, Measured]:
    """Run M1 with and without a listener, and explain some offers and waits."""
    until = round(hours * HOUR)
    told: list[object] = []
    watch = Stopwatch()
    return {
        "off": _calls(scale, seed, until, lambda _acd: None),
        "told": _calls(scale, seed, until, lambda _acd: _teller(told)),
        "offers": Measured(len(told), 1.0),
        "offer": _offers(scale, seed, until, max(1, len(told) // _SAMPLES), watch),
        "wait": _waits(scale),
    }


def _calls(
    scale: int, seed: int, until: Instant, listener: Callable[[Distributor], _Listener | None]
) -> Measured:
    watch = Stopwatch()
    with watch.running():
        run = queue_model._Run(  # noqa: SLF001 - its distributor is listened to
            queue_model.m1(scale), seed, until, until // 4, 20 * SECOND
        )
        run.acd.matching.on_choice = listener(run.acd)
        outcome = run.outcome()
    return Measured(outcome.arrived, watch.cpu_s)


def _teller(kept: list[object]) -> _Listener:
    def told(call: WaitingCall, agent: Agent, line: Line, now: Instant, sought: Sought) -> None:
        kept.append((now, call.call_id, agent.agent_id, line.queue.name, sought))

    return told


def _offers(scale: int, seed: int, until: Instant, one_in: int, watch: Stopwatch) -> Measured:
    """Explain one offer in so many."""
    counted = [0, 0]

    def sampling(acd: Distributor) -> _Listener:
        def sampled(
            call: WaitingCall, agent: Agent, line: Line, now: Instant, sought: Sought
        ) -> None:
            counted[0] += 1
            if counted[0] % one_in == 0:
                counted[1] += 1
                with watch.running():
                    explain_choice(acd.floor, call, agent, line, now, sought)

        return sampled

    _calls(scale, seed, until, sampling)
    return Measured(counted[1], watch.cpu_s)


def _waits(scale: int) -> Measured:
    """Explain why calls wait in a centre in which nobody is ready."""
    model = queue_model.m1(scale)
    acd = Distributor(model.acd, Directory(model.agents, "bench"))
    for agent in model.agents:
        acd.handle(LogOn(agent.agent_id), 0)
    for number in range(_SAMPLES):
        acd.handle(Enter(f"c{number}", model.mix.queues[0][0]), number)
    watch = Stopwatch()
    with watch.running():
        for call_id in acd.calls:
            acd.explain_wait(call_id, _SAMPLES)
    return Measured(_SAMPLES, watch.cpu_s)


def _naive(one: Mapping[str, Measured]) -> float:
    """Reckon what is left of the rate when every offer is explained at once."""
    added_s = one["offers"].count * one["offer"].cost_us / 1e6
    return one["off"].cpu_s / (one["off"].cpu_s + added_s)


def _each(
    ran: Sequence[Mapping[str, Measured]], figure: Callable[[Mapping[str, Measured]], float]
) -> tuple[float, ...]:
    return tuple(figure(one) for one in ran)

"""What the runs mean: which figures are made of them, and the budgets of the design beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from bench.cases import POLICIES
from bench.figures import Budget, Figure, Measured, Table

Rounds: TypeAlias = Mapping[str, Sequence[Mapping[str, Measured]]]
"""By run: what it gave in each round."""

_SIZES = {"1 1": "", "10 1": ", 10 x agents", "1 10": ", 10 x load"}
_KEPT = Budget(least=0.7)
_DECISION = Budget(least=200_000)
_STEPS = ("an agent becomes ready", "a call arrives, nobody is ready")


def full_fidelity_table(rounds: Rounds) -> Table:
    """Whole calls: the plain run has the budget, the journal's cost stands beside it."""
    figures = []
    for agents in (100, 1_000):
        plain, journal = f"full {agents} plain", f"full {agents} journal"
        figures += [
            _rate(f"{agents:,} agents", rounds[plain], Budget(least=3_000)),
            _rate(f"{agents:,} agents, journal to memory", rounds[journal]),
        ]
    return Table("Full fidelity: trunk, menu, queue, agent, wrap-up, interaction", tuple(figures))


def model_table(rounds: Rounds) -> Table:
    """Queues and agents alone: rates, what size and load cost, and memory."""
    figures = []
    for model in ("m1", "m2"):
        ours = {size: rounds[f"ours {model} {size}"] for size in _SIZES}
        figures += [_rate(f"{model.upper()}{words}", ours[size]) for size, words in _SIZES.items()]
        figures += [
            Figure(f"{model.upper()}{_SIZES[size]}: rate kept", "x", _shares(ours, size), _KEPT)
            for size in ("10 1", "1 10")
        ]
    figures += [
        _memory("M2, 10 x agents: memory", rounds["ours m2 10 1"], Budget(most=60)),
        _memory("the same, twice the hours", rounds["ours m2 longer"], Budget(most=60)),
    ]
    return Table("Queues and agents alone, calls as models M1 and M2 have them", tuple(figures))


def ratio_table(rounds: Rounds) -> Table:
    """Ours against the references, round by round."""
    figures = []
    for model in ("m1", "m2"):
        for size, words in _SIZES.items():
            for program, title in (("simpy", "SimPy"), ("py", "plain Python")):
                theirs = rounds.get(f"{program} {model} {size}")
                if theirs is not None:
                    values = _ratios(rounds[f"ours {model} {size}"], theirs)
                    budget = Budget(least=2) if (program, size) == ("simpy", "1 1") else None
                    name = f"{model.upper()}{words}: ours / {title}"
                    figures.append(Figure(name, "x", values, budget))
                    if size == "1 1":
                        figures.append(_rate(f"{model.upper()}: {title} itself", theirs))
    return Table("Against the references of the same run", tuple(figures))


def decision_table(rounds: Rounds) -> tuple[Table, ...]:
    """One routing decision: by depth in two centres, and the rates that have a budget."""
    tables = []
    for agents, skills in ((100, 4), (5_000, 40)):
        figures = []
        runs = {
            int(name.split()[2]): runs
            for name, runs in rounds.items()
            if name.startswith(f"routing {agents} ")
        }
        for step in _STEPS:
            figures += [
                _cost(f"{step}, {waiting:,} waiting", step, run) for waiting, run in runs.items()
            ]
        step = "a call arrives, a tenth is ready"
        figures.append(_cost(f"{step}, none waiting", step, next(iter(runs.values()))))
        title = f"One routing decision, {agents:,} agents, {skills} skills: the whole step"
        tables.append(Table(title, tuple(figures)))
    return (*tables, _policies(rounds), _choices(rounds))


def _policies(rounds: Rounds) -> Table:
    """The same decisions under other policies, in the large centre with the deepest queues."""
    arrival = "a call arrives, a tenth is ready"
    names = {"most_skilled": "routing 5000 10000"} | {name: f"policy {name}" for name in POLICIES}
    figures = []
    for step, words in ((_STEPS[0], f"{_STEPS[0]}, 10,000 waiting"), (arrival, arrival)):
        figures += [_cost(f"{words}: {policy}", step, rounds[run]) for policy, run in names.items()]
    return Table("The whole step by policy, 5,000 agents, 40 skills", tuple(figures))


def _choices(rounds: Rounds) -> Table:
    """Decisions per second with the deepest queues, and what the reference routers make."""
    choice, step = "the choice of the call alone", "an agent becomes ready"
    large = rounds["routing 5000 10000"]
    figures = [
        _rate("5,000 agents: the choice alone", large, _DECISION, choice),
        _rate("5,000 agents: the whole step", large, _DECISION, step),
    ]
    huge = rounds.get("routing 50000 10000")
    if huge is not None:
        values = _ratios(huge, large, choice)
        figures += [
            _rate("50,000 agents: the choice alone", huge, None, choice),
            Figure("the choice at 50,000 / at 5,000", "x", values, Budget(least=0.5)),
            Figure("the step at 50,000 / at 5,000", "x", _ratios(huge, large, step)),
        ]
    for run in rounds.get("routers", ()):
        figures += [
            Figure(f"reference {name.split()[1]}", "decisions/s", (routed.rate,))
            for name, routed in run.items()
            if name.startswith("d2 ")
        ]
        sql = run["d2 sql"].rate
        ratios = tuple(result[step].rate / sql for result in large)
        figures.append(
            Figure("ours, the whole step / the SQL router", "x", ratios, Budget(least=400))
        )
    return Table("An agent becomes ready, 40 skills, 10,000 calls wait", tuple(figures))


def timer_table(rounds: Rounds) -> Table:
    """Deadlines."""
    name = "add + cancel, 100,000 pending"
    values = tuple(run["pairs"].cost_us for run in rounds["timers"])
    return Table("Deadlines", (Figure(name, "us", values, Budget(most=2)),))


def _rate(
    name: str,
    runs: Sequence[Mapping[str, Measured]],
    budget: Budget | None = None,
    of: str = "calls",
) -> Figure:
    unit = "calls/s" if of == "calls" else "decisions/s"
    return Figure(name, unit, tuple(run[of].rate for run in runs), budget)


def _cost(name: str, step: str, runs: Sequence[Mapping[str, Measured]]) -> Figure:
    return Figure(name, "us", tuple(run[step].cost_us for run in runs))


def _memory(name: str, runs: Sequence[Mapping[str, Measured]], budget: Budget) -> Figure:
    return Figure(name, "MiB", tuple(run["calls"].peak_mib for run in runs), budget)


def _shares(ours: Mapping[str, Sequence[Mapping[str, Measured]]], size: str) -> tuple[float, ...]:
    return _ratios(ours[size], ours["1 1"])


def _ratios(
    above: Sequence[Mapping[str, Measured]],
    below: Sequence[Mapping[str, Measured]],
    of: str = "calls",
) -> tuple[float, ...]:
    return tuple(a[of].rate / b[of].rate for a, b in zip(above, below, strict=True))

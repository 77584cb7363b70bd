"""What a benchmark gives: measured runs, the figures made of them, and the tables that are read."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec


class Measured(msgspec.Struct, frozen=True):
    """So many things of one kind in so much processor time; memory is the peak of the process.

    `gauges` are what is no rate, by name: milliseconds, bytes.
    """

    count: int
    cpu_s: float
    peak_mib: float = 0.0
    gauges: dict[str, float] = {}

    @property
    def rate(self) -> float:
        """Things per second of processor time."""
        return self.count / self.cpu_s

    @property
    def cost_us(self) -> float:
        """Microseconds of processor time for each thing."""
        return 1e6 * self.cpu_s / self.count


class Budget(msgspec.Struct, frozen=True):
    """A bound that the median is held against: at least `least`, or at most `most`."""

    least: float | None = None
    most: float | None = None

    def __str__(self) -> str:
        """Write the bound as the tables show it."""
        return f">= {number(self.least)}" if self.least is not None else f"<= {number(self.most)}"

    def is_met(self, value: float) -> bool:
        """Tell whether the value keeps the bound."""
        return (self.least is None or value >= self.least) and (
            self.most is None or value <= self.most
        )


class Figure(msgspec.Struct, frozen=True):
    """One line of a table: what it is, its value in every round, and its budget if it has one."""

    name: str
    unit: str
    values: tuple[float, ...]
    budget: Budget | None = None

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return statistics.median(self.values)

    @property
    def verdict(self) -> str:
        """Say whether the median keeps the budget."""
        if self.budget is None:
            return ""
        return "met" if self.budget.is_met(self.median) else "not met"


class Table(msgspec.Struct, frozen=True):
    """Figures under one heading."""

    title: str
    figures: tuple[Figure, ...]


class Stopwatch:
    """Adds up the processor time of the stretches that are measured."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.cpu_s = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count what happens inside."""
        begun = time.process_time()
        yield
        self.cpu_s += time.process_time() - begun


def number(value: float | None) -> str:
    """Write a number so that it is read at a glance: three digits count."""
    if value is None:
        return "-"
    if abs(value) >= 100:  # noqa: PLR2004 - from here on a decimal says nothing
        return f"{value:,.0f}"
    return f"{value:.3g}"


def write(tables: Sequence[Table]) -> None:
    """Print the tables, one under the other, in Markdown that is read as plain text too."""
    for table in tables:
        print(f"\n{table.title}\n")
        _write_columns(
            ["figure", "unit", "median", "min", "max", "budget", ""],
            [
                [
                    figure.name,
                    figure.unit,
                    number(figure.median),
                    number(min(figure.values)),
                    number(max(figure.values)),
                    "" if figure.budget is None else str(figure.budget),
                    figure.verdict,
                ]
                for figure in table.figures
            ],
        )


def _write_columns(head: list[str], rows: list[list[str]]) -> None:
    widths = [max(len(line[i]) for line in [head, *rows]) for i in range(len(head))]
    for line in [head, ["-" * width for width in widths], *rows]:
        left = [text.ljust(width) for text, width in zip(line[:2], widths, strict=False)]
        right = [text.rjust(width) for text, width in zip(line[2:], widths[2:], strict=True)]
        print("| " + " | ".join(left + right) + " |")

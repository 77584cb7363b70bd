"""The table of docs/conformance.md: what each scenario comes to on each link.

A run compares what it finds with the table. With OFFHOOK_WRITE_TABLE=1 in the environment it
enters it instead; what is not run stays as it is.
"""

from __future__ import annotations

import os
from enum import StrEnum

from csta.documents import load_document
from tests.conformance.performance import Outcome
from tests.ctiserver.golden import FOLDER, SCENARIOS
from tests.repository import ROOT

PAGE = ROOT / "docs" / "conformance.md"
WRITES = "OFFHOOK_WRITE_TABLE"
"""The variable of the environment that lets a run write."""
RESUMED = "S14"
"""It is no file: in every run of another scenario clients are killed and resume."""
_ABOUT_RESUMED = "Every client is killed after each event of S2 to S9, and misses none."
_RESUMED_IN = tuple(
    p.stem for p in SCENARIOS if p.stem.split("-")[0] in {f"S{n}" for n in range(2, 10)}
)
_HEAD = "| scenario | what happens |"


class Link(StrEnum):
    """The columns: a switch, and the link by which the engine reaches it."""

    IN_PROCESS = "simulated PBX, in process"
    LINES = "simulated PBX, by its lines"
    DIALECT = "simulated PBX, by ARI"
    ASTERISK = "Asterisk 22, by ARI"


def scenarios() -> list[str]:
    """Name the scenarios in the order of the table."""
    return sorted((path.stem for path in SCENARIOS), key=_number)


def read() -> dict[tuple[str, Link], Outcome]:
    """Read the table.

    Raises:
        ValueError: a cell says what is no outcome.
    """
    cells: dict[tuple[str, Link], Outcome] = {}
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("| S"):
            name, _, *found = (cell.strip() for cell in line.strip("| ").split("|"))
            cells |= {(name, link): Outcome(cell) for link, cell in zip(Link, found, strict=True)}
    return cells


def hold(scenario: str, link: Link, outcome: Outcome) -> None:
    """Hold what a scenario has come to against the table, or enter it there.

    Raises:
        AssertionError: the table says something else.
    """
    cells = read()
    if os.environ.get(WRITES):
        _write(cells | {(scenario, link): outcome})
        return
    says = cells.get((scenario, link))
    assert says is outcome, (
        f"docs/conformance.md says of {scenario} on '{link}': {says}; now it comes to: {outcome}. "
        f"Is that right? {WRITES}=1 in the environment writes the table anew."
    )


def written(cells: dict[tuple[str, Link], Outcome]) -> str:
    """Write the table; S14 follows from the others."""
    rows = [f"{_HEAD} {' | '.join(Link)} |", "|---" * (2 + len(Link)) + "|"]
    for name in scenarios():
        about = load_document(FOLDER / f"{name}.yaml").text("about")
        found = [cells.get((name, link), Outcome.NOT_RUN) for link in Link]
        rows.append(f"| {name} | {about} | {' | '.join(found)} |")
    rows.append(f"| {RESUMED} | {_ABOUT_RESUMED} | {' | '.join(_resumed(cells))} |")
    return "\n".join(rows) + "\n"


def _resumed(cells: dict[tuple[str, Link], Outcome]) -> list[Outcome]:
    same = [all(cells.get((name, link)) is Outcome.SAME for name in _RESUMED_IN) for link in Link]
    return [Outcome.SAME if each else Outcome.NOT_RUN for each in same]


def _write(cells: dict[tuple[str, Link], Outcome]) -> None:
    before, _, rest = PAGE.read_text("utf-8").partition(_HEAD)
    after = rest.partition("\n\n")[2]
    PAGE.write_text(f"{before}{written(cells)}\n{after}", "utf-8")


def _number(name: str) -> tuple[int, str]:
    number, _, variant = name.removeprefix("S").partition("-")
    return int(number), variant

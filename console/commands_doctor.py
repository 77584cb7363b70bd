"""`offhook doctor`: is everything there that a server needs?"""

from __future__ import annotations

from pathlib import Path

from rich.table import Table

from console.checkup import look_at_everything
from console.faults import FAILED
from console.looks import Health
from console.terminal import out, write_json

SCHEMA = "offhook.doctor/1"
_MARKS = {Health.WELL: "ok", Health.WARNING: "warning", Health.ILL: "FAULT"}


def run_doctor(config: Path | None, *, as_json: bool) -> int:
    """Print how everything is, and what to do; 1 when something is ill."""
    looks = list(look_at_everything(config))
    ill = any(look.health is Health.ILL for look in looks)
    if as_json:
        write_json({"schema": SCHEMA, "well": not ill, "looks": looks})
        return FAILED if ill else 0
    table = Table(box=None, pad_edge=False, show_header=False)
    for look in looks:
        table.add_row(_MARKS[look.health], look.what, look.says)
        if look.mend:
            table.add_row("", "", f"do: {look.mend}")
    out().print(table)
    if config is None:
        out().print("\nA server's configuration is looked at with --config offhook.yaml.")
    return FAILED if ill else 0

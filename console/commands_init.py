"""`offhook init`: a folder with a server's configuration, commented, and its first key."""

from __future__ import annotations

import shutil
from pathlib import Path

from console.faults import FailedError
from console.terminal import out
from scenarios.scenario import LIBRARY

_TEMPLATE = Path(__file__).parent / "server_template.yaml"
_FILES = {
    "offhook.yaml": _TEMPLATE,
    "centre.yaml": LIBRARY / "front_desk.yaml",
    "plans/front_desk.yaml": LIBRARY / "plans" / "front_desk.yaml",
    "flows/main.yaml": LIBRARY / "flows" / "main.yaml",
}


def run_init(folder: Path) -> int:
    """Write the files of a server into a folder, and tell what to do next.

    Raises:
        FailedError: one of them is there already; nothing is written then.
    """
    there = [name for name in (*_FILES, "access.yaml") if (folder / name).exists()]
    if there:
        raise FailedError(
            f"{', '.join(there)}: there already", str(folder), "another folder: offhook init FOLDER"
        )
    for name, source in _FILES.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    out().print(
        f"Written into {folder}: {', '.join(_FILES)}.\n\n"
        "Next:\n"
        f"  offhook key add me --role admin --access {folder / 'access.yaml'}\n"
        f"  offhook doctor --config {folder / 'offhook.yaml'}\n"
        f"  offhook serve --config {folder / 'offhook.yaml'}"
    )
    return 0

"""`offhook schema`: the documents of the CTI API, and what a change of it would break."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from console.faults import FAILED, FailedError
from console.terminal import out, write_json
from ctiserver.live.api_changes import breaking_changes
from ctiserver.live.api_schemas import json_schemas
from ctiserver.live.async_api import async_api
from ctiserver.live.open_api import open_api

DOCUMENTS: dict[str, Callable[[], dict[str, Any]]] = {
    "asyncapi": async_api,
    "openapi": open_api,
    "schemas": json_schemas,
}


def run_schema(document: str) -> int:
    """Print one document as JSON."""
    write_json(DOCUMENTS[document]())
    return 0


def write_documents(folder: Path) -> int:
    """Write all documents into a folder: `asyncapi.json`, `openapi.json`, `schemas.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in DOCUMENTS.items():
        text = msgspec.json.format(msgspec.json.encode(make()), indent=1).decode()
        (folder / f"{name}.json").write_text(text + "\n", "utf-8")
    out().print(f"{', '.join(f'{name}.json' for name in DOCUMENTS)} written into {folder}")
    return 0


def run_diff(old: Path, new: Path | None) -> int:
    """Tell what a client of an older `schemas.json` would stumble over; 1 when there is anything.

    Raises:
        FailedError: one of the files is no such document.
    """
    found = breaking_changes(_read(old), json_schemas() if new is None else _read(new))
    for sentence in found:
        out().print(sentence)
    if found:
        return FAILED
    sys.stderr.write("nothing that would break a client\n")
    return 0


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text("utf-8"))
    except json.JSONDecodeError as fault:
        raise FailedError(f"this is no JSON: {fault}", str(path), "a schemas.json") from fault
    if not isinstance(document, dict) or "$defs" not in document or "services" not in document:
        raise FailedError("this is no document of the API", str(path), "a schemas.json")
    return document

"""The journal that a server goes on with: recovered, begun, or set aside and begun anew."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import structlog

from ctiserver.core.config import EngineConfig
from ctiserver.live import idempotency, mqtt_bridge, session_desk, webhooks
from ctiserver.live.folding import JournalDiffersError
from ctiserver.live.journal_reader import JournalReader
from ctiserver.live.journal_store import SqliteStore
from ctiserver.live.recovery import Recovered, begin, recover
from ctiserver.live.wall_clock import wall

_TABLES = (idempotency.TABLE, mqtt_bridge.TABLE, session_desk.TABLE, webhooks.TABLE)
_log = structlog.get_logger(__name__)

Rows = dict[str, dict[str, bytes]]


class OpenJournal:
    """A store that is ours to write to, the engine that it implies, and what parts have kept."""

    def __init__(self, folder: Path, config: EngineConfig, title: str) -> None:
        """Open `journal.db` of a folder.

        A journal of another version of this program, whose decisions this one would not take, or
        of another switch, is set aside under the name of its epoch: a new one begins, and clients
        are told so.

        Raises:
            StoreError: another server writes to it, or it cannot be made safe.
            JournalError: it is damaged.
        """
        self.path = folder / "journal.db"
        self.store = SqliteStore(self.path)
        found, why = _recover(self.path, config)
        if why:
            self.store.stop(0.0)
            aside = _set_aside(self.path)
            _log.warning("journal.set_aside", file=aside.name, why=why)
            self.store = SqliteStore(self.path)
        self.recovered: Recovered = found or begin(config, title, wall())
        self.rows: Rows = _rows(self.path) if found is not None else {}


def _recover(path: Path, config: EngineConfig) -> tuple[Recovered | None, str]:
    """Bring the engine back; gives it, and why it cannot be gone on with, if it cannot."""
    try:
        found = recover(path)
    except JournalDiffersError as fault:
        return None, str(fault)[:300]
    if found is None:
        return None, ""
    was = found.engine.config
    if (was.link_id, was.link) == (config.link_id, config.link):
        return found, ""
    return None, f"the switch was '{was.link_id}' and is '{config.link_id}', or can do other things"


def _rows(path: Path) -> Rows:
    with closing(JournalReader(path)) as reader:
        return {table: reader.kept(table) for table in _TABLES}


def _set_aside(path: Path) -> Path:
    """Rename a journal and what belongs to it; gives its new name."""
    with closing(JournalReader(path)) as reader:
        header = reader.header()
    epoch = header.epoch if header is not None else "unknown"
    aside = path.with_name(f"{path.stem}-{epoch}{path.suffix}")
    for part in sorted(path.parent.glob(f"{path.name}*")):
        if not part.name.endswith(".lock"):
            part.rename(part.with_name(aside.name + part.name.removeprefix(path.name)))
    return aside

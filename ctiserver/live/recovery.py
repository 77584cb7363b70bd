"""An engine brought back from its journal: the newest snapshot, and the records after it.

Nothing that is decided again is carried out: what the switch has not been told, it is told when it
says what it knows (`LinkUp`). A step whose events are not all in the journal is completed: they
were never published.
"""

from __future__ import annotations

import secrets
from contextlib import closing
from pathlib import Path

import msgspec

from csta.ids import ulid
from csta.instants import Instant
from ctiserver.core.config import EngineConfig
from ctiserver.core.engine import Engine
from ctiserver.core.inputs import Configured
from ctiserver.core.journal import Header, Place
from ctiserver.core.wire import Published
from ctiserver.live.engine_snapshot import folded
from ctiserver.live.journal_reader import JournalReader


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """An engine that is new, or as its journal has left it."""

    engine: Engine
    header: Header
    place: Place | None
    """Where the journal ends; None: it is empty, the header is yet to be written."""
    at: Instant
    """The last instant of the journal: time has stood still for the engine since then."""
    owed: tuple[Published, ...] = ()
    """Events of the last step that are yet to be written."""
    replayed: int = 0
    """The records that were gone through; those before them were in the snapshot."""

    @property
    def last(self) -> int:
        """The sequence of the last event that is in the journal."""
        return self.engine.out.sequence - len(self.owed)


def recover(journal: Path) -> Recovered | None:
    """Bring an engine back; None when the journal is empty.

    Raises:
        JournalError: the journal is damaged.
        JournalDiffersError: another program has written it; this one cannot go on with it.
    """
    with closing(JournalReader(journal)) as reader:
        header = reader.header()
        if header is None:
            return None
        folding = folded(journal, reader, header)
        replayed = folding.take(reader.lines(folding.place.n))
    return Recovered(
        engine=folding.engine,
        header=header,
        place=folding.place,
        at=folding.at,
        owed=tuple(folding.owed),
        replayed=replayed,
    )


def begin(config: EngineConfig, title: str, at: Instant) -> Recovered:
    """Make a new engine with a new epoch: a ULID of the wall clock's instant and of chance."""
    header = Header(
        epoch=ulid(at, secrets.randbits(80)),
        source=f"/cti/offhook/{config.link_id}",
        title=title,
        config=config,
    )
    return Recovered(engine=Engine(config), header=header, place=None, at=at)


def reconfiguration(engine: Engine, config: EngineConfig) -> Configured | None:
    """Tell what an engine must be told so that it has this configuration; None: it has it.

    What differs is newer, whatever version the file gives to its queues.
    """
    now = engine.config
    version = max(config.acd.version, now.acd.version)
    config = msgspec.structs.replace(
        config, acd=msgspec.structs.replace(config.acd, version=version)
    )
    if all(getattr(now, name) == getattr(config, name) for name in CHANGEABLE):
        return None
    version = max(config.acd.version, now.acd.version + 1)
    return Configured(
        request_id=f"configuration-{version}",
        acd=msgspec.structs.replace(config.acd, version=version),
        agents=config.agents,
        flows=config.flows,
        numbers=config.numbers,
        default_device=config.default_device,
        principal="server",
    )


CHANGEABLE = ("acd", "agents", "flows", "numbers", "default_device")
"""What `Configured` can change; all else is what the journal's header says until a new epoch."""

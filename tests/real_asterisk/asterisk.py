"""A real Asterisk on loopback addresses of its own, started and ended by a test.

Any number run side by side: each has a network 127.0.N.x, where .1 is Asterisk, .2 the outside
world behind its trunk, .3 the phones; and a folder in the chroot with its configuration and logs.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.real_asterisk.installation import need_asterisk
from tests.real_asterisk.programs import LIMIT_S, TIED, Program, free_network

PHONES = tuple(str(number) for number in range(1001, 1041))
"""Phones that register with a password."""
DESKS = tuple(str(number) for number in range(2001, 2201))
"""Phones that register without one; Asterisk's own queue, 8100, calls them."""
PHONE_PASSWORD = "phone-secret"  # noqa: S105 - of phones that exist in tests

_TEMPLATES = Path(__file__).parent / "conf"
_HOME = "/srv/offhook"
_AS_IT_COMES = (
    *("acl", "amd", "ccss", "cel", "features", "pjproject"),
    *("queuerules", "udptl", "websocket_client"),
)
"""Files that may be empty, and are missed where they are not there."""


class Asterisk:
    """One instance; `async with running()` starts and ends it."""

    user = "offhook"
    password = "ari-secret"  # noqa: S105 - of an Asterisk that lives as long as a test
    application = "offhook"
    sip_port = 5060
    ari_port = 8088
    trunk_port = 5060

    def __init__(self) -> None:
        """Choose its addresses and write its configuration."""
        self.root = need_asterisk()
        self._claim, number = free_network()
        self.address = f"127.0.{number}.1"
        self.trunk_address = f"127.0.{number}.2"
        """Whoever calls from here comes in by `PJSIP/trunk`; a call out goes to `trunk_port`."""
        self.phone_address = f"127.0.{number}.3"
        self.url = f"http://{self.address}:{self.ari_port}/ari"
        self._name = f"{_HOME}/{number}"
        self.conf = f"{self._name}/etc/asterisk.conf"
        """Its configuration as it sees it, in the chroot."""
        self.folder = self.root / self._name[1:]
        """Its files as we see them: etc, log, spool/recording."""
        self._program: Program | None = None
        self._write()

    def _write(self) -> None:
        modules = next(self.root.glob("usr/lib/**/asterisk/modules"))
        words = {
            "folder": self._name,
            "modules": f"/{modules.relative_to(self.root)}",
            "listen": self.address,
            "sip_port": self.sip_port,
            "ari_port": self.ari_port,
            "ari_user": self.user,
            "ari_password": self.password,
            "application": self.application,
            "trunk_address": self.trunk_address,
            "trunk_port": self.trunk_port,
            "phone_password": PHONE_PASSWORD,
        }
        shutil.rmtree(self.folder, ignore_errors=True)
        for part in ("etc", "lib/keys", "spool/recording", "run", "log"):
            (self.folder / part).mkdir(parents=True)
        for template in _TEMPLATES.iterdir():
            text = template.read_text("utf-8")
            for word, value in words.items():
                text = text.replace(f"%{word}%", str(value))
            (self.folder / "etc" / template.name).write_text(text, "utf-8")
        for name in _AS_IT_COMES:
            (self.folder / f"etc/{name}.conf").touch()
        phones = [
            f"[{name}](phone)\naors={name}\nauth={name}\ncallerid={name} <{name}>\n"
            f"[{name}](phone-aor)\n[{name}](phone-auth)\nusername={name}\n"
            for name in PHONES
        ] + [
            f"[{name}](phone)\naors={name}\ncallerid={name} <{name}>\n[{name}](phone-aor)\n"
            for name in DESKS
        ]
        (self.folder / "etc/pjsip_phones.conf").write_text("".join(phones))
        members = "".join(f"member => PJSIP/{name}\n" for name in DESKS)
        (self.folder / "etc/queue_members.conf").write_text(members)
        self._in_chroot("chown", "-R", "asterisk:asterisk", self._name)

    @property
    def sip(self) -> str:
        """Where it takes SIP: host:port."""
        return f"{self.address}:{self.sip_port}"

    @property
    def runs(self) -> bool:
        """Whether it has been started, and has not ended."""
        return self._program is not None and self._program.code is None

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._program is not None, "it does not run"
        return self._program.pid

    @property
    def log(self) -> str:
        """Its warnings and errors."""
        path = self.folder / "log/messages.log"
        return path.read_text("utf-8", errors="replace") if path.exists() else ""

    async def start(self) -> None:
        """Start it, and wait until it takes calls and ARI requests: about a second."""
        as_asterisk = ("--reuid", "asterisk", "--regid", "asterisk", "--init-groups")
        # setpriv inside the chroot: the kernel forgets the tie when a process changes its user.
        self._program = Program(
            (
                *("chroot", str(self.root), TIED[0], *as_asterisk, *TIED[1:]),
                *("/usr/sbin/asterisk", "-f", "-C", self.conf),
            ),
            self.folder / "log/console.log",
        )
        async with asyncio.timeout(LIMIT_S):
            while "fully booted" not in await self.cli("core waitfullybooted"):
                assert self._program.code is None, f"Asterisk ended: {self._said()}"
                await asyncio.sleep(0.05)
        endpoints = await self.ari("GET", "endpoints/PJSIP")
        assert len(endpoints) == 1 + len(PHONES) + len(DESKS), self._said()

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it: SIGKILL tells nobody, neither phones nor the application."""
        if self._program is not None:
            await self._program.stop(how)
            self._program = None

    async def kill(self) -> None:
        """End it as a crash does."""
        await self.stop(signal.SIGKILL)

    def remove(self) -> None:
        """Remove its files; it must have ended."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._claim.close()

    async def cli(self, command: str) -> str:
        """Give what Asterisk's console answers to a command."""
        process = await asyncio.create_subprocess_exec(
            *("chroot", str(self.root), "/usr/sbin/asterisk"),
            *("-C", self.conf, "-rx", command),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await process.communicate()
        return out.decode(errors="replace")

    async def ari(self, method: str, path: str, **query: str) -> Any:  # noqa: ANN401 - decoded JSON
        """Make one ARI request over HTTP, beside the link's, and give the decoded answer.

        Raises:
            httpx.HTTPStatusError: Asterisk refused.
        """
        async with httpx.AsyncClient(auth=(self.user, self.password)) as client:
            reply = await client.request(method, f"{self.url}/{path}", params=query)
        reply.raise_for_status()
        return reply.json() if reply.content else None

    async def channels(self) -> list[str]:
        """Give the names of the channels that exist, as `PJSIP/1001-00000002`."""
        return [channel["name"] for channel in await self.ari("GET", "channels")]

    async def reaches(self, phone: str) -> None:
        """Wait until a phone has registered."""
        async with asyncio.timeout(LIMIT_S):
            while (await self.ari("GET", f"endpoints/PJSIP/{phone}"))["state"] != "online":  # noqa: ASYNC110 - a state of another process
                await asyncio.sleep(0.05)

    async def quiet(self) -> None:
        """Wait until no channel exists."""
        async with asyncio.timeout(LIMIT_S):
            while await self.channels():  # noqa: ASYNC110 - a state of another process
                await asyncio.sleep(0.05)

    def _said(self) -> str:
        assert self._program is not None
        return f"{self._program.said()}\n{self.log[-3_000:]}"

    def _in_chroot(self, *command: str) -> None:
        subprocess.run(["chroot", str(self.root), *command], check=True)  # noqa: S607 - where the machine has it


@asynccontextmanager
async def running() -> AsyncIterator[Asterisk]:
    """Run an Asterisk while the block runs."""
    asterisk = Asterisk()
    try:
        await asterisk.start()
        yield asterisk
    finally:
        await asterisk.stop()
        asterisk.remove()

"""A real Mosquitto on a port of its own, with the configuration and the ACL that we ship."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path

import aiomqtt
import pytest

from ctiserver.live.mqtt_broker import Broker
from ctiserver.live.secret import Secret
from tests.live.host import LIMIT_S

USERS = ("offhook", "wallboard", "integration", "anna", "bea")
"""The users that the broker knows; each one's password is his name turned round."""

_SHIPPED = resources.files("ctiserver.live") / "mosquitto"


def _installed() -> str | None:
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def need_mosquitto() -> str:
    """Give where Mosquitto is; install it where that can be, or skip. In CI nothing is skipped."""
    found = _installed()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "-qq", "-y", "mosquitto"], check=False)  # noqa: S607 - where the machine has it
        found = _installed()
    if found is not None:
        return found
    words = "needs Mosquitto: apt-get install mosquitto"
    if os.environ.get("CI") == "true":
        pytest.fail(words)
    pytest.skip(words)


def password(user: str) -> str:
    """Give the password of a user."""
    return user[::-1]


class Mosquitto:
    """One broker, which can be killed and started again on its port."""

    def __init__(self, program: str, folder: Path) -> None:
        """Write its files."""
        self.folder = folder
        self.program = program
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._process: asyncio.subprocess.Process | None = None
        conf = (_SHIPPED / "mosquitto.conf").read_text("utf-8")
        listener = "listener 1883 127.0.0.1"
        assert listener in conf
        conf = conf.replace(listener, f"listener {self.port} 127.0.0.1")
        user = "user root\n" if os.geteuid() == 0 else ""
        (folder / "mosquitto.conf").write_text(f"{user}{conf}", "utf-8")
        (folder / "acl").write_text((_SHIPPED / "acl").read_text("utf-8"), "utf-8")
        passwords = folder / "passwd"
        passwords.write_text("".join(f"{user}:{password(user)}\n" for user in USERS), "utf-8")
        for private in (passwords, folder / "acl"):
            private.chmod(0o600)
        maker = shutil.which("mosquitto_passwd")
        assert maker, "mosquitto_passwd comes with mosquitto"
        subprocess.run([maker, "-U", str(passwords)], check=True, capture_output=True)

    @property
    def broker(self) -> Broker:
        """How the bridge is to talk to it."""
        return Broker(port=self.port, user="offhook", password=Secret(password("offhook")))

    def client(self, user: str, **more: object) -> aiomqtt.Client:
        """Make a client of MQTT 5."""
        return aiomqtt.Client(
            "127.0.0.1",
            self.port,
            username=user,
            password=password(user),
            protocol=aiomqtt.ProtocolVersion.V5,
            **more,  # type: ignore[arg-type] # what the library takes
        )

    async def start(self) -> None:
        """Start it, and wait until it takes connections."""
        self._process = await asyncio.create_subprocess_exec(
            self.program,
            "-c",
            "mosquitto.conf",
            cwd=self.folder,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(LIMIT_S):
            while True:
                assert self._process.returncode is None, "mosquitto has ended"
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except ConnectionError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    await writer.wait_closed()
                    return

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it: with SIGKILL, all that it has not written is lost."""
        if self._process is not None:
            self._process.send_signal(how)
            await self._process.wait()
            self._process = None


@asynccontextmanager
async def mosquitto(folder: Path) -> AsyncIterator[Mosquitto]:
    """Run Mosquitto while the block runs."""
    broker = Mosquitto(need_mosquitto(), folder)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()

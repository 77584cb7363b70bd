"""`python -m tests.real_asterisk`: an Asterisk to try things on, until Ctrl-C."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

from tests.real_asterisk.asterisk import DESKS, PHONE_PASSWORD, PHONES, running


async def _run() -> None:
    async with running() as asterisk:
        lines = (
            f"ARI       {asterisk.url}, user {asterisk.user}, password {asterisk.password}",
            f"SIP       {asterisk.sip}; 8000 echo, 8001 music, 8002 silence, 8100 queue of desks",
            f"trunk     whoever calls from {asterisk.trunk_address} without a password",
            f"phones    {PHONES[0]}-{PHONES[-1]}, password {PHONE_PASSWORD}",
            f"desks     {DESKS[0]}-{DESKS[-1]}, without a password",
            f"files     {asterisk.folder}",
            f"console   chroot {asterisk.root} asterisk -C {asterisk.conf} -rvvv",
        )
        sys.stdout.write("\n".join(lines) + "\nCtrl-C ends it.\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


with suppress(KeyboardInterrupt):
    asyncio.run(_run())

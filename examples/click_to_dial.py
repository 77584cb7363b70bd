"""Dial a number from somebody's phone, as a click in an address book does, and tell how it went.

    python examples/click_to_dial.py --token KEY --from station:1001 1002

The key's role is `agent` (for its own phone) or `admin`. The call is made once, even when the
connection is lost while it is being made: the library asks again under the same idempotency key.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from csta.call_services import AutoOriginate, MakeCall
from ctiserver.live.client import connect
from ctiserver.live.client_errors import NoAnswerError, RefusedError
from ctiserver.live.client_requests import Terms


async def dial(url: str, token: str, device: str, number: str) -> int:
    """Make the call, and wait until it is answered; gives the exit code."""
    asked = MakeCall(
        calling_device=device,
        called_directory_number=number,
        auto_originate=AutoOriginate.DO_NOT_PROMPT,
    )
    async with connect(url, token, name="click_to_dial") as client:
        try:
            made = await client.ask(asked, Terms(wait_for_completion=True))
        except RefusedError as refused:
            problem = refused.problem
            print(f"not answered: {problem.detail} (outcome: {problem.outcome})")
            return 1
        except NoAnswerError as unknown:
            print(f"nobody knows: {unknown}")
            return 2
        print(f"answered: {device} talks to {number} in call {made.calling_device.call_id}")
        return 0


def main() -> None:
    """Read the command line, and dial."""
    parser = argparse.ArgumentParser(description="Dial a number from somebody's phone.")
    parser.add_argument("--url", default="ws://127.0.0.1:8080")
    parser.add_argument("--token", required=True, help="a key: offhook key add NAME --role ROLE")
    parser.add_argument("--from", dest="device", required=True, help="the phone: station:1001")
    parser.add_argument("number")
    asked = parser.parse_args()
    sys.exit(asyncio.run(dial(asked.url, asked.token, asked.device, asked.number)))


if __name__ == "__main__":
    main()

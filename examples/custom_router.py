"""Say where calls go, by rules of one's own: here by the country that a caller's number is of.

    python examples/custom_router.py --token KEY --device routeing:main \
        --route +49=acd:sales --route +=acd:support

The key's role is `router`. Whoever does not answer within two seconds is not waited for: the
flow of the device, or the default device, takes the call then.
"""

from __future__ import annotations

import argparse
import asyncio

from csta.routeing_services import ReRoute, RouteEnd, RouteRequest, RouteUsed
from ctiserver.live.client import connect


def chosen(number: str, rules: dict[str, str]) -> str | None:
    """Give the target of the longest prefix that a number begins with."""
    fitting = [prefix for prefix in rules if number.startswith(prefix)]
    return rules[max(fitting, key=len)] if fitting else None


async def route(url: str, token: str, device: str, rules: dict[str, str], count: int) -> None:
    """Route calls, so many of them, or for ever when `count` is 0."""
    over = asyncio.Event()
    done = 0

    async def choose(asked: RouteRequest | ReRoute) -> str | None:
        if isinstance(asked, ReRoute):
            return None  # our target has failed: let the centre's own rules decide
        caller = asked.calling_device.device_identifier or ""
        target = chosen(caller.removeprefix("number:"), rules)
        print(f"{caller or 'somebody'} -> {target or 'the default way'}", flush=True)
        return target

    def told(how: RouteUsed | RouteEnd) -> None:
        nonlocal done
        if isinstance(how, RouteEnd):
            done += 1
            if done == count:
                over.set()

    async with connect(url, token, name="custom_router") as client:
        await client.route(device, choose, told)
        print(f"routeing for {device}", flush=True)
        await over.wait()


def main() -> None:
    """Read the command line, and route."""
    parser = argparse.ArgumentParser(description="Say where calls go.")
    parser.add_argument("--url", default="ws://127.0.0.1:8080")
    parser.add_argument("--token", required=True, help="a key: offhook key add NAME --role router")
    parser.add_argument("--device", default="routeing:main")
    parser.add_argument("--route", action="append", required=True, metavar="PREFIX=DEVICE")
    parser.add_argument("--count", type=int, default=0, help="end after so many calls")
    asked = parser.parse_args()
    rules = dict(each.split("=", 1) for each in asked.route)
    asyncio.run(route(asked.url, asked.token, asked.device, rules, asked.count))


if __name__ == "__main__":
    main()

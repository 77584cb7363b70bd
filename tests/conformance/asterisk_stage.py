"""The stage with a real Asterisk: baresip phones at its stations, and outside behind its trunk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from csta.ids import category_of, local_part
from csta.instants import SECOND
from ctiserver.live.links.ari import AriLink
from ctiserver.live.links.ari_capabilities import ARI_CAPABILITIES
from ctiserver.live.links.ari_config import AriConfig, AriTrunk
from ctiserver.live.secret import Secret
from switch_sim.config import PhoneAct, PhoneBehaviour
from tests.conformance.live_stage import LiveStage, Pace, declaring, live_stage
from tests.ctiserver.golden import Script
from tests.real_asterisk.asterisk import Asterisk
from tests.real_asterisk.callers import party
from tests.real_asterisk.phones import Phone, outside, registered

PACE = Pace(share=0.25, longest_ms=5 * SECOND // 4)
_A_DAY_S = 86_400.0
_RINGS = PhoneBehaviour(PhoneAct.NO_ANSWER, 0)


class PeopleAtPhones:
    """Everybody in a scenario, each with a phone of his own in his hand."""

    def __init__(self, script: Script, asterisk: Asterisk) -> None:
        """Nobody has a phone before `come`."""
        self._script = script
        self._asterisk = asterisk
        self._phones: dict[str, Phone] = {}
        """By device."""
        self._behaves: dict[str, PhoneBehaviour] = {}
        """By device; who does not behave in any way lets it ring."""

    async def come(self, stack: AsyncExitStack) -> None:
        """Switch on all the phones; people are at them until the stack is closed."""
        for station in self._script.plan.pbx.stations:
            phone = await stack.enter_async_context(registered(self._asterisk, station))
            self._phones[f"station:{station}"] = phone
        for name, device in self._script.parties.items():
            if category_of(device) == "number":
                await self._come_outside(name, device, stack)
        for device, phone in self._phones.items():
            answering = asyncio.create_task(self._answer(device, phone))
            stack.callback(answering.cancel)

    async def let_phone(self, who: str, behaviour: PhoneBehaviour) -> None:
        """Let a party's phone behave so when it is called."""
        self._behaves[self._script.parties[who]] = behaviour

    async def do(self, who: str, does: str, keys: str) -> None:
        """Let a party do something."""
        phone = self._phones[self._script.parties[who]]
        match does:
            case "calls" | "dials":
                await phone.dial(_digits(keys))
            case "presses":
                await phone.press(keys)
            case "hangs up":
                await phone.hang_up()
            case "picks up":
                await phone.accept()
            case "holds":
                await phone.hold()
            case "takes back":
                await phone.resume()
            case "transfers to":
                await phone.transfer(_digits(keys))
            case _:
                raise AssertionError(f"nobody can do this: '{does}'")

    async def _come_outside(self, name: str, device: str, stack: AsyncExitStack) -> None:
        """Let somebody outside have a phone; a line that is busy when it is called needs none."""
        number, asterisk = local_part(device), self._asterisk
        behaves = self._called_outside(number)
        if any(step.who == name and step.does == "calls" for step in self._script.steps):
            phone = outside(asterisk, _digits(number))
        elif behaves.act is PhoneAct.BUSY:
            at, port = asterisk.trunk_address, asterisk.trunk_port
            await stack.enter_async_context(party(asterisk, "line-busy", at, {}, port=port))
            return
        else:
            phone = outside(asterisk, _digits(number), dialled=True)
            self._behaves[device] = behaves
        self._phones[device] = await stack.enter_async_context(phone)

    def _called_outside(self, number: str) -> PhoneBehaviour:
        """Tell what somebody outside does when he is called."""
        outside_parties = self._script.plan.pbx.outside
        fitting = [each for each in outside_parties if number.startswith(each.prefix)]
        return max(fitting, key=lambda each: len(each.prefix)).behaviour if fitting else _RINGS

    async def _answer(self, device: str, phone: Phone) -> None:
        """Do with each call that comes what the party does."""
        while True:
            await phone.until("CALL_INCOMING", _A_DAY_S)
            behaviour = self._behaves.get(device, _RINGS)
            await asyncio.sleep(PACE.shortened(behaviour.after_ms) / SECOND)
            if behaviour.act is PhoneAct.ANSWERS:
                await phone.accept()
            elif behaviour.act in (PhoneAct.BUSY, PhoneAct.REJECTS):
                await phone.hang_up()


def _digits(number: str) -> str:
    return number.removeprefix("+")


def ari_config(asterisk: Asterisk, url: str) -> AriConfig:
    """Say how an Asterisk of the tests is driven; `url` is where it is reached."""
    return AriConfig(
        url=url,
        user=asterisk.user,
        password=Secret(asterisk.password),
        application=asterisk.application,
        trunks=(
            AriTrunk(
                "pstn",
                "PJSIP/trunk",
                "PJSIP/{number}@trunk",
                incoming={"": "+"},
                outgoing={"+": ""},
            ),
        ),
        voice_units={"ivr": 2},
        sounds={"sound:sales-1": "sound:queue-thankyou"},
    )


@asynccontextmanager
async def asterisk_stage(script: Script, asterisk: Asterisk) -> AsyncIterator[LiveStage]:
    """Have an engine on an Asterisk that runs, and people at its phones, while the block runs."""
    script = declaring(script, ARI_CAPABILITIES)
    link_id = script.plan.engine.link_id
    async with AsyncExitStack() as stack:
        people = PeopleAtPhones(script, asterisk)
        await people.come(stack)
        stage = await stack.enter_async_context(
            live_stage(
                script,
                lambda url: AriLink(ari_config(asterisk, url), link_id),
                asterisk.url,
                PACE.clock(),
                PACE,
            )
        )
        stage.people = people
        yield stage

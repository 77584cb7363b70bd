"""Stages on which the simulated switch is reached as one in a process of its own is: by sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import urlsplit

import msgspec
import simpy

from csta.instants import SECOND
from ctiserver.live.clock import AsyncioClock
from ctiserver.live.links.ari import AriLink
from ctiserver.live.links.ari_capabilities import ARI_CAPABILITIES
from ctiserver.live.links.ari_config import AriConfig, AriTrunk
from ctiserver.live.links.pbx import PbxLink
from ctiserver.live.secret import Secret
from switch_sim.config import OutsideParty, PbxConfig, PhoneBehaviour
from switch_sim.dialects.ari import serve_ari
from switch_sim.dialects.ari_state import AriAccount
from switch_sim.paced import Pacer
from switch_sim.served import ServedPbx
from switch_sim.switch import SimulatedPbx
from tests.conformance.live_stage import LiveStage, Pace, declaring, live_stage
from tests.ctiserver.centre import START
from tests.ctiserver.golden import Script
from tests.ctiserver.simulated_people import SimulatedPeople

_CALM = Pace(speed=3, share=0.5, longest_ms=7 * SECOND // 4)
"""Where the link is lost between a ring and an answer."""
_BRISK = Pace(speed=10, share=0.5, longest_ms=7 * SECOND // 4)


class PacedSwitch:
    """A simulated switch in real time, and everybody at its phones."""

    def __init__(self, script: Script) -> None:
        """Begin now; nothing is served yet."""
        self.pace = _CALM if any(step.does == "link down" for step in script.steps) else _BRISK
        self.clock: AsyncioClock = self.pace.clock()
        env = simpy.Environment(initial_time=START)
        self.pbx = SimulatedPbx(env, self._config(script))
        self.pacer = Pacer(env, self.clock)
        self._people = SimulatedPeople(self.pbx, script.parties, self.pacer.act)

    async def let_phone(self, who: str, behaviour: PhoneBehaviour) -> None:
        """Let a party's phone behave so when it is called."""
        self._people.let_phone(who, self._sooner(behaviour))

    async def do(self, who: str, does: str, keys: str) -> None:
        """Let a party do something."""
        self._people.do(who, does, keys)

    def _config(self, script: Script) -> PbxConfig:
        """Give the switch of a scenario, with people outside who do not take longer either."""
        outside: tuple[OutsideParty, ...] = tuple(
            msgspec.structs.replace(party, behaviour=self._sooner(party.behaviour))
            for party in script.plan.pbx.outside
        )
        return msgspec.structs.replace(script.plan.pbx, outside=outside)

    def _sooner(self, behaviour: PhoneBehaviour) -> PhoneBehaviour:
        """Let a phone not take longer than people here do."""
        after_ms = self.pace.shortened(behaviour.after_ms)
        return msgspec.structs.replace(behaviour, after_ms=after_ms)


@asynccontextmanager
async def lined_stage(script: Script) -> AsyncIterator[LiveStage]:
    """Have the simulated switch behind its own socket (`offhook pbx`) while the block runs."""
    link_id = script.plan.engine.link_id
    with _switch(script) as switch:
        served = ServedPbx(switch.pbx, switch.pacer, "run")
        url = f"tcp://{await served.start('127.0.0.1:0')}"
        try:
            async with live_stage(
                script,
                lambda way: PbxLink(urlsplit(way).netloc, link_id),
                url,
                switch.clock,
                switch.pace,
            ) as stage:
                stage.people = switch
                yield stage
        finally:
            await served.stop()


@asynccontextmanager
async def dialect_stage(script: Script) -> AsyncIterator[LiveStage]:
    """Have the simulated switch behind ARI, and the link of an Asterisk, while the block runs."""
    script = declaring(script, ARI_CAPABILITIES)
    link_id = script.plan.engine.link_id
    account = AriAccount()

    def link(way: str) -> AriLink:
        return AriLink(_ari_config(script, account, way), link_id)

    with _switch(script) as switch:
        async with (
            serve_ari(switch.pbx, switch.pacer, account=account) as url,
            live_stage(script, link, url, switch.clock, switch.pace) as stage,
        ):
            stage.people = switch
            yield stage


@contextmanager
def _switch(script: Script) -> Iterator[PacedSwitch]:
    """Let a switch live while the block runs; at the end no leg may be left."""
    switch = PacedSwitch(script)
    switch.pacer.start()
    try:
        yield switch
        assert switch.pbx.snapshot() == (), "left behind"
    finally:
        switch.pacer.stop()


def _ari_config(script: Script, account: AriAccount, url: str) -> AriConfig:
    return AriConfig(
        url=url,
        user=account.user,
        password=Secret(account.password),
        application=account.application,
        trunks=tuple(
            AriTrunk(group.name, f"PJSIP/{group.name}", f"PJSIP/{{number}}@{group.name}")
            for group in script.plan.pbx.trunk_groups
        ),
        voice_units={units.name: units.size for units in script.plan.pbx.voice_units},
    )

"""The switch of a server: the simulated one, in this process or in one of its own, or Asterisk."""

from __future__ import annotations

import secrets
from contextlib import AsyncExitStack
from typing import Protocol, TypeAlias

import msgspec
import simpy

from csta.instants import Instant
from ctiserver.core.switch_link import LinkUp, SwitchLink
from ctiserver.live.engine_host import DurableHost
from ctiserver.live.links.ari import AriLink
from ctiserver.live.links.ari_config import AriConfig
from ctiserver.live.links.pbx import PbxLink
from ctiserver.live.standing_clock import StandingClock
from scenarios.scenario import Scenario
from scenarios.served_people import simulate_callers, simulate_phones
from scenarios.server_file import ServerFile
from switch_sim.paced import Pacer
from switch_sim.switch import SimulatedPbx

_LINK_WAIT_S = 5.0
"""How long a server that starts waits for the switch; it goes on without it then."""


class OwnSwitch:
    """The simulated switch in this process: it shares the engine's clock, and ends with it."""

    def __init__(self, scenario: Scenario, clock: StandingClock, at: Instant) -> None:
        """Build it; nothing moves before `start`."""
        env = simpy.Environment(initial_time=at)
        self.pbx = SimulatedPbx(env, scenario.pbx)
        self.pacer = Pacer(env, clock)
        self.link: SwitchLink = self.pacer.link(self.pbx)
        self._scenario = scenario

    async def start(self, host: DurableHost, stack: AsyncExitStack) -> None:
        """Let the host hear it, and then let it move."""
        self.pacer.start()
        stack.callback(self.pacer.stop)
        boot = secrets.token_hex(8)  # its calls did not outlive the server
        await host.start(LinkUp(self.pbx.snapshot(), boot=boot))

    def let_people_in(self, host: DurableHost, server: ServerFile) -> None:
        """Let phones be answered, and callers call, if the server's file says so."""
        simulate = server.simulate
        if simulate.agents or simulate.callers:
            simulate_phones(host, self.pbx, self._scenario, simulate.seed)
        if simulate.callers:
            simulate_callers(self.pacer, self.pbx, self._scenario, simulate.seed)


class OtherLink(SwitchLink, Protocol):
    """A link to a switch that can be away."""

    @property
    def fault(self) -> str | None:
        """Say why it is not heard; None: it is."""

    async def stop(self) -> None:
        """Let go of the switch."""


class OtherSwitch:
    """A switch that is elsewhere, with people of its own: calls outlive this server."""

    def __init__(self, link: OtherLink) -> None:
        """Control it through a link."""
        self._link = link
        self.link: SwitchLink = link

    @property
    def fault(self) -> str | None:
        """Say why it is not heard; None: it is."""
        return self._link.fault

    async def start(self, host: DurableHost, stack: AsyncExitStack) -> None:
        """Let the host hear it, as soon as it answers."""
        stack.push_async_callback(self._link.stop)
        await host.start(wait_s=_LINK_WAIT_S)

    def let_people_in(self, _host: DurableHost, _server: ServerFile) -> None:
        """Let nobody in: the people are where the switch is."""


AnySwitch: TypeAlias = OwnSwitch | OtherSwitch


def switch_of(
    server: ServerFile, scenario: Scenario, link_id: str, clock: StandingClock, at: Instant
) -> AnySwitch:
    """Give the switch that a server's file names."""
    if server.link is None:
        return OwnSwitch(scenario, clock, at)
    if isinstance(server.link, AriConfig):
        units = {group.name: group.size for group in scenario.pbx.voice_units}
        config = msgspec.structs.replace(server.link, voice_units=units)
        return OtherSwitch(AriLink(config, link_id))
    return OtherSwitch(PbxLink(str(server.link), link_id))

"""The switch of a server: the simulated one, in this process or in one of its own."""

from __future__ import annotations

import secrets
from contextlib import AsyncExitStack

import simpy

from csta.instants import Instant
from ctiserver.core.switch_link import LinkUp, SwitchLink
from ctiserver.live.engine_host import DurableHost
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


class OtherSwitch:
    """A simulated switch in a process of its own (`offhook pbx`): calls outlive this server."""

    def __init__(self, address: str, link_id: str) -> None:
        """Know where it is."""
        self._link = PbxLink(address, link_id)
        self.link: SwitchLink = self._link

    @property
    def is_up(self) -> bool:
        """Tell whether it is heard."""
        return self._link.is_up

    async def start(self, host: DurableHost, stack: AsyncExitStack) -> None:
        """Let the host hear it, as soon as it answers."""
        stack.push_async_callback(self._link.stop)
        await host.start(wait_s=_LINK_WAIT_S)

    def let_people_in(self, _host: DurableHost, _server: ServerFile) -> None:
        """Let nobody in: the people are where the switch is."""


def switch_of(
    server: ServerFile, scenario: Scenario, clock: StandingClock, at: Instant
) -> OwnSwitch | OtherSwitch:
    """Give the switch that a server's file names."""
    if server.pbx is None:
        return OwnSwitch(scenario, clock, at)
    return OtherSwitch(str(server.pbx), scenario.engine.link_id)

"""What a golden scenario is played on: a centre with some switch under it, and its people.

A stage differs from another in its switch and link, in how time passes there and in how people are
made to act. What is asked of the engine, and what it tells, is the same everywhere.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from csta.errors import CtiError
from csta.instants import MINUTE, Milliseconds
from ctiserver.core.outbox import Reply, RouteQuestion
from ctiserver.core.wire import Published
from scenarios.world import World
from switch_sim.config import PhoneBehaviour
from tests.ctiserver.golden import Script
from tests.live.host import WorldHost


class StageHost(WorldHost):
    """The port to the engine of any world; its crew, who come back after a miss, ask beside it."""

    def __init__(self, world: World) -> None:
        """Listen to a world that has not started."""
        super().__init__(world)  # type: ignore[arg-type] # `act` is all that it may not have

    def _reply(self, reply: Reply) -> None:
        """Bring an answer to who has asked."""
        if reply.request_id in self._asked:
            super()._reply(reply)


class Stage(ABC):
    """A centre in which nothing has happened yet; a scenario is played on it once."""

    def __init__(self, script: Script, world: World) -> None:
        """Listen to the engine of a world."""
        self.script = script
        self.world = world
        self.host = StageHost(world)
        self.questions: list[RouteQuestion] = []
        """What routers were asked and told."""
        world.routers.append(self.questions.append)

    @property
    def not_possible(self) -> tuple[str, ...]:
        """Name the services that the link declares its switch cannot carry out."""
        return self.world.plan.engine.link.not_possible

    def log(self, after: int = 0) -> list[Published]:
        """Give the events that came after one, by its sequence."""
        return [logged.event for logged in self.host.log.recent(after)]

    async def ask(
        self, request_id: str, service: str, params: dict[str, Any], session: str = ""
    ) -> CtiError | None:
        """Ask the engine for a service; gives why it was refused, None when it was not.

        `session` names that of a router; it asks in its own name.
        """
        who = session or None
        answered = await self.host.ask(request_id, service, params, session or "test", who)
        return answered.error

    # What stages differ in.

    is_live = False
    """Whether time passes by itself."""
    patience_ms: Milliseconds = 10 * MINUTE
    """How long an event may be waited for, in the engine's time."""
    lingers_ms: Milliseconds = MINUTE
    """How long nothing more may be told when all is over, in the engine's time."""

    async def start(self) -> None:
        """Begin to listen to the switch, and wait until it is heard."""
        self.world.start()

    def shortened(self, duration_ms: Milliseconds) -> Milliseconds:
        """Give the time that people really take, where the file says so long.

        Who waits longer than another one does so here too.
        """
        return duration_ms

    @abstractmethod
    async def pass_time(self, duration_ms: Milliseconds) -> None:
        """Let so much of the engine's time pass."""

    @abstractmethod
    async def hear(self) -> None:
        """Let time pass until something is told, or for a little while."""

    @abstractmethod
    async def let_phone(self, who: str, behaviour: PhoneBehaviour) -> None:
        """Let a party's phone behave so when it is called."""

    @abstractmethod
    async def do(self, who: str, does: str, keys: str) -> None:
        """Let a party do something; `keys` are what is pressed or dialled."""

    @abstractmethod
    async def cut(self) -> None:
        """Cut the link; the engine knows of it then."""

    @abstractmethod
    async def mend(self) -> None:
        """Let the link be whole; it may take its time to come back."""

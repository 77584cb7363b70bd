"""Who carries out requests in a small centre, and what a test asks of it."""

from __future__ import annotations

from typing import Any

from csta.call_events import Delivered
from ctiserver.core.messages import RequestMessage
from ctiserver.live.commands import CommandDesk
from ctiserver.live.idempotency import KeptAnswers
from tests.ctiserver.centre import START
from tests.live.host import OpenGate, WorldHost, decoded, message, principal


class Desk:
    """A centre, its gate, its clock on the wall, and who carries out requests there."""

    def __init__(self, host: WorldHost) -> None:
        """Open it."""
        self.host = host
        self.gate = OpenGate()
        self.wall = START
        self.answers = KeptAnswers(host.keep)
        self.desk = self.make(self.answers)

    def make(self, answers: KeptAnswers) -> CommandDesk:
        return CommandDesk(self.host, self.gate, now=lambda: self.wall, answers=answers)

    async def ask(
        self, request: RequestMessage, name: str = "key:test", session: str | None = None
    ) -> dict[str, Any]:
        return decoded(await self.desk.carry_out(principal(name), request, session))

    async def granted(self, service: str, **params: Any) -> Any:  # noqa: ANN401 - a result
        answer = await self.ask(message(service, **params))
        assert answer["ok"], answer
        return answer["result"]

    async def ringing(self) -> dict[str, str]:
        """Let somebody call, and give the connection that rings at the first agent's phone."""
        self.host.call_in()
        rings = await self.host.event("Delivered")
        while rings.data.connection.device_id != "station:1001":
            rings = await self.host.event("Delivered", rings.sequence)
        assert isinstance(rings.data, Delivered)
        return {"callID": rings.data.call_id, "deviceID": "station:1001"}

    async def log_on(self, agent: str = "anna") -> None:
        for state in ("loggedOn", "ready"):
            await self.granted("SetAgentState", agentID=agent, requestedAgentState=state)


def call_out(number: str = "1002", **more: Any) -> RequestMessage:
    return message(
        "MakeCall",
        callingDevice="station:1001",
        calledDirectoryNumber=number,
        autoOriginate="doNotPrompt",
        **more,
    )

"""Plays a golden scenario on a stage, and holds what was told against the file."""

from __future__ import annotations

from enum import StrEnum

from csta.errors import ErrorValue
from csta.instants import Instant
from ctiserver.core.wire import Published
from tests.conformance.audience import Audience, audience
from tests.conformance.stage import Stage
from tests.ctiserver import event_laws
from tests.ctiserver.golden import Step, Words, in_order, is_as_written


class Outcome(StrEnum):
    """What a scenario comes to on a link, as the table of docs/conformance.md says it."""

    SAME = "same events"
    REFUSED = "refused, as declared"
    NOT_RUN = "not run"


class Performance:
    """One scenario, played once on one stage before an audience."""

    def __init__(self, stage: Stage, audience: Audience) -> None:
        """Nothing happens before `play`."""
        self.stage = stage
        self.audience = audience
        self.script = stage.script
        self.asked: dict[str, str] = {}
        """The service of each request, by its id."""
        self.refused: str | None = None
        """The service that was refused because the link declares that it is not possible."""
        self._told = self._seen = 0

    async def play(self) -> None:
        """Prepare the centre, and let everything happen; a refusal ends it.

        Raises:
            AssertionError: an event that is waited for never came, or a request was refused
                which should not be, or was not which should be.
        """
        await self.stage.start()
        await self.audience.catch_up()
        self.audience.begin_to_die()
        for name, behaviour in self.script.phones.items():
            await self.stage.let_phone(name, behaviour)
        for agent_id in self.script.on_duty:
            for state in ("loggedOn", "ready"):
                await self._ask("SetAgentState", agentID=agent_id, requestedAgentState=state)
        self.asked.clear()
        self._told = self._seen = self.stage.host.log.last
        for step in self.script.steps:
            await self._take(step)
            if self.refused is not None:
                break
        await self._come_to_rest()

    def outcome(self) -> Outcome:
        """Tell what it has come to.

        Raises:
            AssertionError: the events are not those of the file, or break a law.
        """
        event_laws.check(self.stage.log())
        if self.refused is not None:
            return Outcome.REFUSED
        is_as_written(self.events(), self.script.events, self.words(), self.asked)
        return Outcome.SAME

    def events(self) -> list[Published]:
        """Give what happened since the centre was ready."""
        return self.stage.log(self._told)

    def words(self) -> Words:
        """Give the words in which the events of this play are told."""
        refs = dict.fromkeys(question.cross_ref_id for question in self.stage.questions)
        dialogues = {f"dialogue{number}": ref for number, ref in enumerate(refs, start=1)}
        return Words(self.script.parties | dialogues, self.events())

    def told(self) -> str:
        """Write down what was told, for people who look for what is wrong."""
        words = self.words()
        return "\n".join(words.tell(event) for event in self.events())

    async def _take(self, step: Step) -> None:
        since = await self._wait_for(step.when) if step.when else self._now()
        await self._wait_until(since + self.stage.shortened(step.wait_ms))
        if step.params is not None:
            params = self.words().resolve(step.params)
            await self._ask(step.does, step.session, **params)
        elif step.does == "link down":
            await self.stage.cut()
        elif step.does == "link up":
            await self.stage.mend()
        else:
            await self.stage.do(step.who, step.does, step.keys)

    async def _ask(self, service: str, session: str = "", **params: object) -> None:
        request_id = f"{session or 'ask'}-{len(self.asked)}"
        self.asked[request_id] = service
        error = await self.stage.ask(request_id, service, params, session)
        if service in self.stage.not_possible:
            assert error is not None, f"{service} was carried out, though declared as not possible"
            assert error.value is ErrorValue.SERVICE_NOT_SUPPORTED, error
            self.refused = service
        else:
            assert error is None, f"{service}: {error}"

    async def _wait_for(self, text: str) -> Instant:
        """Wait for an event that was not waited for or passed over before; gives its instant."""
        until = self._now() + self.stage.patience_ms
        while self._now() < until:
            words = self.words()
            for event in self.stage.log(self._seen):
                self._seen = event.sequence
                if words.tell(event) == text:
                    return event.at
            await self._hear()
        raise AssertionError(f"{text} never came; told was:\n{self.told()}")

    async def _come_to_rest(self) -> None:
        """Wait until as much was told as is expected, and then a while for what should not be."""
        until = self._now() + self.stage.patience_ms
        while not self._is_over() and self._now() < until:
            await self._hear()
        await self.stage.pass_time(self.stage.lingers_ms)
        await self.audience.catch_up()

    async def _wait_until(self, at: Instant) -> None:
        if at > self._now():
            await self.stage.pass_time(at - self._now())

    async def _hear(self) -> None:
        await self.stage.hear()
        if not self.stage.is_live:
            await self.audience.catch_up()

    def _is_over(self) -> bool:
        told, expected = in_order(self.events(), self.script.events)
        return self.refused is not None or len(told) >= len(expected)

    def _now(self) -> Instant:
        return self.stage.world.clock.now()


async def come_to(stage: Stage) -> Outcome:
    """Play a stage's scenario while clients listen, and tell what it has come to.

    Raises:
        AssertionError: the events are not those of the file, or a client has missed some.
    """
    async with audience(stage.host) as clients:
        performance = Performance(stage, clients)
        await performance.play()
        assert clients.missed() == []
        assert all(stream.losses >= len(performance.events()) for stream in clients.streams)
    return performance.outcome()

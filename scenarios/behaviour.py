"""How the agents of a scenario behave: when they are there, and how they take calls."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
import numpy as np

from agents.config import AgentConfig
from agents.simulated import Shift
from csta.acd_events import AgentOffered
from csta.documents import Section
from csta.ids import AgentId, DeviceId
from csta.instants import DAY, HOUR, MINUTE, SECOND, Instant, Milliseconds
from ctiserver.core.wire import Published
from scenarios.distributions import Spec, read_distribution
from switch_sim.config import PhoneAct, PhoneBehaviour
from switch_sim.switch import SimulatedPbx
from switch_sim.variates import Uniform

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


class AgentBehaviour(msgspec.Struct, frozen=True):
    """How agents take calls; in queues with `auto_answer` they have no say."""

    answer_after: Spec = Uniform(2 * SECOND, 6 * SECOND)
    no_answer_share: float = 0.0
    """How many of the calls that are offered an agent lets ring."""
    back_after_miss_ms: Milliseconds = MINUTE


def read_behaviour(document: Section) -> AgentBehaviour:
    """Read the `behaviour:` section of a scenario; without one, everybody answers soon.

    Raises:
        ConfigError: with file, line, key and what to write.
    """
    usual = AgentBehaviour()
    section = document.optional_section("behaviour")
    if section is None:
        return usual
    behaviour = AgentBehaviour(
        answer_after=read_distribution(section, "answer_after", usual.answer_after),
        no_answer_share=section.share("no_answer", default=usual.no_answer_share),
        back_after_miss_ms=section.duration_ms(
            "back_after_miss", default=usual.back_after_miss_ms, least=SECOND
        ),
    )
    section.done()
    return behaviour


def read_shifts(
    document: Section, agents: Sequence[AgentConfig], starts_at: Instant, ends_at: Instant
) -> tuple[Shift, ...]:
    """Read the `shifts:` list of a scenario; without one, everybody is there all the time.

    A clock is the next one at or after the start of the scenario.

    Raises:
        ConfigError: a shift is wrong, names nobody, or an agent has two at once.
    """
    if not document.has("shifts"):
        return tuple(Shift(agent.agent_id, starts_at) for agent in agents)
    shifts: list[Shift] = []
    for entry in document.sections("shifts"):
        from_at = _next_clock(entry, "from", starts_at) if entry.has("from") else starts_at
        if from_at >= ends_at:
            problem = f"at {entry.text('from')} the scenario is over, or has not begun"
            raise entry.error("from", problem, f"from: {_clock(starts_at)}, when it begins")
        until_at = _next_clock(entry, "until", from_at + 1) if entry.has("until") else None
        for agent_id in _who(entry, agents):
            shift = Shift(agent_id, from_at, until_at)
            if any(_overlap(shift, other) for other in shifts):
                problem = f"agent '{agent_id}' has two shifts at once"
                raise entry.error("agents", problem, "shifts that follow one another")
            shifts.append(shift)
        entry.done()
    if not shifts:
        remedy = "shifts: [{agents: [A*], from: 08:00, until: 16:00}]"
        raise document.error("shifts", "nobody has a shift", remedy)
    return tuple(shifts)


def _who(entry: Section, agents: Sequence[AgentConfig]) -> list[AgentId]:
    found: dict[AgentId, None] = {}
    for word in entry.texts("agents"):
        meant = [
            agent.agent_id
            for agent in agents
            if agent.agent_id == word or (word[-1:] == "*" and agent.agent_id.startswith(word[:-1]))
        ]
        if not meant:
            first = agents[0].agent_id
            remedy = f"agents: [{first}], or [{first[:1]}*] for all that begin so"
            raise entry.error("agents", f"there is no agent '{word}'", remedy)
        found |= dict.fromkeys(meant)
    if not found:
        raise entry.error("agents", "whose shift is this?", f"agents: [{agents[0].agent_id}]")
    return list(found)


def _next_clock(entry: Section, key: str, earliest: Instant) -> Instant:
    text = entry.text(key)
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise entry.error(key, f"'{text}' is no clock", f"{key}: 08:30")
    in_day = int(match[1]) * HOUR + int(match[2]) * MINUTE
    return earliest + (in_day - earliest) % DAY


def _clock(at: Instant) -> str:
    return f"{at % DAY // HOUR:02}:{at % HOUR // MINUTE:02}"


def _overlap(one: Shift, other: Shift) -> bool:
    return (
        one.agent_id == other.agent_id
        and (other.until_at is None or one.from_at < other.until_at)
        and (one.until_at is None or other.from_at < one.until_at)
    )


class Phones:
    """Lets the phones of simulated agents behave: a listener of a world's events.

    What a phone does at its next call is drawn when the present one has been offered, so that the
    draws follow the order of the offers.
    """

    def __init__(
        self, pbx: SimulatedPbx, behaviour: AgentBehaviour, generator: np.random.Generator
    ) -> None:
        """Draw for the first call of each phone."""
        self._phones = pbx.dial_plan.phones
        self._behaviour = behaviour
        self._generator = generator
        for device_id in self._phones:
            self.draw(device_id)

    def __call__(self, events: Sequence[Published]) -> None:
        """Take in what has happened."""
        for event in events:
            if isinstance(event.data, AgentOffered):
                self.draw(event.data.device_id)

    def draw(self, device_id: DeviceId) -> None:
        """Draw what a phone does at its next call."""
        phone = self._phones.get(device_id)
        if phone is None:
            return
        after_ms = self._behaviour.answer_after.draw(self._generator)
        if self._generator.random() < self._behaviour.no_answer_share:
            phone.behaviour = PhoneBehaviour(PhoneAct.NO_ANSWER, 0)
        else:
            phone.behaviour = PhoneBehaviour(PhoneAct.ANSWERS, after_ms)

"""Time after calls: who is owed it, how long it lasts, and whether it may be ended before (A04)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from acd.config import QueueConfig
from acd.floor import Floor
from acd.inputs import CallKind
from acd.rules import AgentRules, WrapUpMode
from agents.agent import Agent
from csta.ids import AgentId
from csta.instants import Instant, Milliseconds
from csta.states import AgentState, BusyPhase

# Members that are read at every step: by name they are slow to find on Python 3.11.
_WORKING_AFTER_CALL: Final = AgentState.WORKING_AFTER_CALL
_NONE: Final = WrapUpMode.NONE
_TIMED: Final = WrapUpMode.TIMED
_OPTIONAL: Final = WrapUpMode.OPTIONAL
_MANDATORY: Final = WrapUpMode.MANDATORY
_FULL: Final = WrapUpMode.FULL

_IN_TALK = (BusyPhase.TALKING, BusyPhase.HOLD, BusyPhase.CONSULT)


class Work(msgspec.Struct):
    """One stretch of work after a call: until when, and what the agent may do about it."""

    until: Instant
    full: bool = False
    """Not shorter: who asks for another state gets it when the time is over."""
    extension_ms: Milliseconds = 0
    extensions_left: int = 0


class WrapUp:
    """Knows what follows each agent's present call, and the work that is under way.

    Work goes by the clock: a call that the agent makes meanwhile interrupts it and does not
    prolong it. What is left of it then comes after that call.
    """

    def __init__(self, floor: Floor) -> None:
        """Work on one floor."""
        self._floor = floor
        self._served: dict[AgentId, QueueConfig] = {}
        """For agents with a call of the ACD, the queue that it came from."""
        self._other: dict[AgentId, dict[CallKind, bool]] = {}
        """The other calls since the phone was picked up, and if anybody was spoken to."""
        self._work: dict[AgentId, Work] = {}

    def owe(self, agent: Agent, config: QueueConfig) -> None:
        """Note which queue's call the agent has answered."""
        self._served[agent.agent_id] = config

    def note(self, agent: Agent, kind: CallKind, phase: BusyPhase) -> None:
        """Note that the agent has a call which the ACD has not brought (A05)."""
        calls = self._other.setdefault(agent.agent_id, {})
        calls[kind] = calls.get(kind, False) or phase in _IN_TALK

    def allows_asking(self, agent: Agent) -> bool:
        """Tell whether who is busy may ask for work afterwards."""
        served = self._served.get(agent.agent_id)
        return served is None or served.wrap_up is not _NONE

    def holds(self, agent: Agent) -> bool:
        """Tell whether the agent is in work that he cannot end himself."""
        work = self._work.get(agent.agent_id)
        return work is not None and work.full and agent.state is _WORKING_AFTER_CALL

    def follows(self, agent: Agent, now: Instant) -> bool:
        """Tell, as the agent's phone is on hook again, whether work follows; it is then kept."""
        who = agent.agent_id
        served = self._served.pop(who, None)
        other = self._other.pop(who, None)
        left = self._work.pop(who, None)
        work = None
        if served is not None:
            asked = agent.pending is _WORKING_AFTER_CALL
            work = _after(served, asked, self._floor.config.work_ms_max, now)
            if work is None and agent.auto_work and served.wrap_up is not _NONE:
                most_ms = self._floor.config.work_ms_max
                most_ms = min(agent.auto_work_ms or most_ms, most_ms)
                work = _after(served, asked=True, work_ms_max=most_ms, now=now)
        elif other:
            wrap_up_ms = _after_others(other, self._floor.config.rules)
            work = Work(now + wrap_up_ms) if wrap_up_ms else None
        if left is not None and left.until > (now if work is None else work.until):
            work = left
        if work is None:
            return False
        self._work[who] = work
        return True

    def begin(self, agent: Agent, now: Instant) -> None:
        """Give the work its deadline; work that was asked for has the centre's limit."""
        work = self._work.get(agent.agent_id)
        if work is None:
            work = self._work[agent.agent_id] = Work(now + self._floor.config.work_ms_max)
        self._floor.agenda.set(("wrap", agent.agent_id), work.until)

    def extend(self, agent: Agent) -> bool:
        """Prolong the work once more (A06); False where that is not allowed."""
        work = self._work.get(agent.agent_id)
        if agent.state is not _WORKING_AFTER_CALL or not work:
            return False
        if not work.extensions_left:
            return False
        work.extensions_left -= 1
        work.until += work.extension_ms
        self._floor.agenda.set(("wrap", agent.agent_id), work.until)
        return True

    def forget(self, agent: Agent) -> None:
        """The agent rests or goes: what was left of his work is over, and his own calls are."""
        self._work.pop(agent.agent_id, None)
        self._other.pop(agent.agent_id, None)


def _after(
    served: QueueConfig,
    asked: bool,  # noqa: FBT001 - of `follows`
    work_ms_max: Milliseconds,
    now: Instant,
) -> Work | None:
    """Give the work that follows a call of this queue; with no time of its own, the limit."""
    mode = served.wrap_up
    wrap_up_ms = 0 if mode is _MANDATORY else served.wrap_up_ms
    if mode is _TIMED and not wrap_up_ms and not asked:
        return None
    if mode is _NONE or (mode is _OPTIONAL and not asked):
        return None
    return Work(
        now + (wrap_up_ms or work_ms_max),
        mode is _FULL,
        served.wrap_up_extension_ms,
        served.wrap_up_extensions_max,
    )


def _after_others(calls: Mapping[CallKind, bool], rules: AgentRules) -> Milliseconds:
    """Give how long the work lasts that follows calls of these kinds: the longest counts."""
    return max(
        getattr(rules, _RULES[kind, talked]) if (kind, talked) in _RULES else 0
        for kind, talked in calls.items()
    )


_RULES: Mapping[tuple[CallKind, bool], str] = MappingProxyType(
    {
        (CallKind.OUTBOUND, True): "wrap_up_after_outbound_ms",
        (CallKind.OUTBOUND, False): "wrap_up_after_failed_outbound_ms",
        (CallKind.INTERNAL, True): "wrap_up_after_internal_ms",
    }
)
"""Which rule gives the work after a call of a kind, by whether anybody was spoken to."""

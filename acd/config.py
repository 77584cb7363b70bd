"""What a queue is, and how the centre orders calls: values only, read by `plan_file`."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from acd.estimates import PromiseConfig
from acd.rules import AgentRules, CallbackRules, Question, Ring, WrapUpMode
from acd.steps import Step
from csta.calendars import Calendar
from csta.ids import QueueName
from csta.instants import Milliseconds


class ServiceOrder(StrEnum):
    """Which call is served first (DESIGN §5)."""

    STRICT = "strict"
    """Higher priority first, then who came first."""
    AGED = "aged"
    """Who came first, with `ageing_ms` of credit for each point of priority."""
    GREATEST_NEED = "greatest_need"
    """The queue that is latest against its own service objective; in a queue as `AGED` (R22)."""


class AgentChoice(StrEnum):
    """Which of the ready agents who can serve a call is offered it: `selection` has the table."""

    LONGEST_IDLE = "longest_idle"
    LEAST_OCCUPIED = "least_occupied"
    MOST_SKILLED = "most_skilled"
    LEAST_SKILLED = "least_skilled"
    ROUND_ROBIN = "round_robin"
    FEWEST_CALLS = "fewest_calls"
    LEAST_TALK_TIME = "least_talk_time"
    FIXED_ORDER = "fixed_order"
    RANDOM = "random"
    WEIGHTED_RANDOM = "weighted_random"


class IdleSince(StrEnum):
    """Which instant makes an agent the longest idle (R01)."""

    READY = "ready"
    """When he last became ready."""
    ACD_CALL = "acd_call"
    """When his last call from a queue ended; other calls and pauses do not count."""
    ANY_CALL = "any_call"
    """When his last call of any kind ended."""


class QueueConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One queue: whom it needs, how it rings, what it does with calls that wait too long.

    An agent serves it who has each of `skills` at its level or better and meets `requires`, a
    condition over skills and caller attributes (`english >= 3 or caller.language == "de"`).
    Queues of greater `weight` go first among the calls that an agent may take.
    """

    name: QueueName
    skills: dict[str, int]
    requires: str = ""
    priority: int = 0
    weight: int = 0
    agent_choice: AgentChoice = AgentChoice.LONGEST_IDLE
    idle_since: IdleSince = IdleSince.READY
    rank_wait_ms: Milliseconds = 0
    """How long a call waits for each further rank of agents (R09); 0: no longer than needed."""
    ring: Ring = Ring.ONE
    ring_ms: Milliseconds = 20_000
    ring_next_ms: Milliseconds = 5_000
    """With `Ring.PROGRESSIVE`: after how long one more phone rings."""
    wrap_up: WrapUpMode = WrapUpMode.TIMED
    wrap_up_ms: Milliseconds = 0
    wrap_up_extension_ms: Milliseconds = 0
    wrap_up_extensions_max: int = 0
    auto_answer: bool = False
    agent_announcement: str | None = None
    """What the agent hears before he is connected (Q19)."""
    waiting_max: int | None = None
    music: str = "music:default"
    service_level_ms: Milliseconds = 20_000
    service_level_share: float = 0.8
    estimate_share: float = 0.8
    """The quantile of the wait that callers are told."""
    promise: PromiseConfig = PromiseConfig()
    """How callers are told their wait (Q04)."""
    position_most: int | None = None
    """A worse position than this is told as "more than" it (Q03); None: each is told."""
    steps: tuple[Step, ...] = ()
    callbacks: CallbackRules | None = None
    channel: str = "voice"


class AcdConfig(msgspec.Struct, frozen=True, kw_only=True):
    """All queues, the service order, what a refusal costs, and what queues have in common."""

    queues: tuple[QueueConfig, ...]
    order: ServiceOrder = ServiceOrder.STRICT
    ageing_ms: Milliseconds = 60_000
    refusal_back_off_ms: Milliseconds = 30_000
    """How long a call is not offered again to an agent who rejected it (R26)."""
    work_ms_max: Milliseconds = 900_000
    """How long an agent may stay in work that was asked for, not owed to a call."""
    rules: AgentRules = AgentRules()
    recipes: dict[str, tuple[Step, ...]] = {}
    """Steps with a name, which a step's `recipe` adds to a call."""
    questions: dict[str, Question] = {}
    calendars: dict[str, Calendar] = {}
    starvation_ms: Milliseconds = 60_000
    """How long a call may be passed over by later ones before an alarm names the rule (R37)."""
    seed: int = 0
    """Of the random agent choices: the same seed draws the same agents."""
    version: int = 1
    """Grows with each configuration that takes effect while calls wait (R34)."""

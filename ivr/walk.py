"""One caller's walk through a flow: a core with three verbs (DESIGN §2).

At every instant the walk either waits for a prompt, a key or a look at the clock, or is over.
Whatever the flow says, it is over within `max_steps` nodes and `max_ms`: then the caller goes to
queue `on_limit`. A caller who hangs up ends it anywhere, with the path and the data kept.
"""

from __future__ import annotations

from functools import lru_cache

from csta.conditions import Lookup, compile_condition
from csta.instants import Instant, Milliseconds
from ivr.config import (
    CheckStep,
    CollectStep,
    Flow,
    HangUpStep,
    KeyRule,
    MenuStep,
    PromptStep,
    QueueStep,
    SetStep,
    Step,
    TransferStep,
    ways,
)
from ivr.decisions import (
    Collected,
    Decision,
    Ended,
    EndReason,
    EnterQueue,
    HangUp,
    TransferTo,
    Visited,
)
from ivr.digits import KEYS, Collector, Verdict
from ivr.inputs import Begun, CallerGone, CustomerFound, DigitPressed, PlayEnded, WalkInput
from ivr.memory import Memory
from ivr.player import Player
from ivr.prompts import compile_template

_AHEAD_MAX = 32


class Walk:
    """One caller in one flow; the flow must be one that `lint` finds nothing hard in.

    `facts` answers names of the outside world at the moment of use (`caller.number`,
    `queue.sales.waiting`); it raises KeyError for what is not known. What a `CustomerFound` told
    the walk comes before what `facts` says about `customer.*`.
    """

    def __init__(self, flow: Flow, facts: Lookup, walk_id: str) -> None:
        """Stand before the first node; `Begun` enters it. Plays are named `<walk_id>/<n>`."""
        self.done = False
        self._flow = flow
        self._memory = Memory(facts)
        self._player = Player(walk_id, self._memory.lookup)
        self._out: list[Decision] = []
        self._path: list[str] = []
        self._arrived = 0
        self._step: Step | None = None
        self._limit_at: Instant | None = None
        self._collector: Collector | None = None
        self._silences = 0
        self._mismatches = 0
        self._ahead = ""
        self._surplus: tuple[str, Instant] | None = None

    @property
    def path(self) -> tuple[str, ...]:
        """Give the nodes visited so far, in order; the last one is where the caller is."""
        return tuple(self._path)

    @property
    def collected(self) -> dict[str, str]:
        """Give what the caller has keyed in, without secrets."""
        return self._memory.collected

    @property
    def takes_secret(self) -> bool:
        """Tell whether a key pressed now may become part of a secret: show and publish it nowhere.

        True while a secret is collected, and where a key would be kept for one that comes next.
        """
        seen: dict[str, None] = {}
        to_see = [self._path[-1]] if self._path and not self.done else []
        while to_see:
            node = to_see.pop()
            step = self._flow.steps[node]
            if isinstance(step, CollectStep) and step.secret:
                return True
            if node in seen or (isinstance(step, MenuStep | CollectStep) and not self._ahead):
                continue
            seen[node] = None
            to_see += [way.node for way in ways(step)]
        return False

    def handle(self, event: WalkInput, now: Instant) -> list[Decision]:
        """Take in one input. Stale, foreign and late ones change nothing."""
        out = self._out = []
        if self.done:
            return out
        match event:
            case DigitPressed(digit=digit):
                if len(digit) == 1 and digit in KEYS:
                    self._press(digit, now)
            case PlayEnded(play_id=play_id):
                if self._player.ended(play_id, out):
                    self._heard(now)
            case Begun():
                if self._limit_at is None:
                    self._limit_at = now + self._flow.max_ms
                    self._go(self._flow.start, now)
            case CustomerFound():
                self._memory.meet(event)
            case CallerGone():
                self._end(EndReason.CALLER_GONE)
        return out

    def wake_at(self) -> Instant | None:
        """Tell the next instant that matters; None before the beginning and after the end."""
        if self.done or self._limit_at is None:
            return None
        entry_at = self._collector.wake_at() if self._collector else None
        return self._limit_at if entry_at is None else min(entry_at, self._limit_at)

    def wake(self, now: Instant) -> list[Decision]:
        """The instant has come; waking early is harmless."""
        out = self._out = []
        wake_at = self.wake_at()
        if wake_at is None or self._limit_at is None or now < wake_at:
            return out
        if now >= self._limit_at:
            self._leave_at_limit()
        elif self._collector is not None:
            self._judge(self._collector.wake(now), now)
        return out

    def _press(self, key: str, now: Instant) -> None:
        surplus, self._surplus = self._surplus, None
        if surplus is not None and key == surplus[0] and now <= surplus[1]:
            return
        step = self._step
        if isinstance(step, PromptStep) and step.barge_in:
            if len(self._ahead) < _AHEAD_MAX:
                self._ahead += key
            self._player.stop(self._out)
            self._go(step.next, now)
        elif isinstance(step, MenuStep | CollectStep) and self._collector is not None:
            if self._player.playing and not step.barge_in:
                return
            self._player.stop(self._out)
            self._judge(self._collector.press(key, now), now)

    def _heard(self, now: Instant) -> None:
        """Go on after the last prompt of a step."""
        if isinstance(self._step, PromptStep):
            self._go(self._step.next, now)
        elif isinstance(self._step, HangUpStep):
            self._hang_up()
        elif self._collector is not None:
            self._collector.listen(now)

    def _go(self, node: str, now: Instant) -> None:
        """Enter nodes until one waits for the caller, or the walk is over."""
        self._arrived = len(self._path)
        target: str | None = node
        while target is not None:
            if len(self._path) >= self._flow.max_steps:
                self._leave_at_limit()
                return
            self._path.append(target)
            self._memory.visits[target] = self._memory.visits.get(target, 0) + 1
            self._collector = None
            self._step = self._flow.steps[target]
            self._out.append(Visited(target))
            target = self._perform(self._step, now)

    def _perform(self, step: Step, now: Instant) -> str | None:
        """Do what a step says on arrival; give the next node, or None when it waits or ends."""
        match step:
            case PromptStep():
                return self._tell(step)
            case MenuStep() | CollectStep():
                return self._open(step, now)
            case CheckStep():
                return self._choose(step)
            case SetStep():
                self._memory.apply(step)
                return step.next
            case QueueStep():
                self._queue(step)
            case TransferStep():
                self._out.append(TransferTo(step.device))
                self._end(EndReason.TRANSFERRED)
            case HangUpStep():
                if not self._player.start(step.prompts, self._out):
                    self._hang_up()
        return None

    def _tell(self, step: PromptStep) -> str | None:
        """Play a prompt, unless keys pressed ahead pass it by; none passes it twice in one go."""
        if not step.barge_in:
            self._ahead = ""
        elif self._ahead and self._path[-1] not in self._path[self._arrived : -1]:
            return step.next
        return None if self._player.start(step.prompts, self._out) else step.next

    def _choose(self, step: CheckStep) -> str:
        for row in step.rows:
            holds = compile_condition(row.when).holds(self._memory.lookup)
            if holds is None:
                break
            if holds:
                return row.go
        return step.otherwise

    def _open(self, step: MenuStep | CollectStep, now: Instant) -> str | None:
        """Begin to take keys: first those pressed ahead; only without any the prompt is played."""
        self._silences = self._mismatches = 0
        collector = self._collector = Collector(_rule_of(step))
        if not step.barge_in:
            self._ahead = ""
        while self._ahead:
            key, self._ahead = self._ahead[0], self._ahead[1:]
            verdict = collector.press(key, now)
            if verdict is not None:
                return self._settle(verdict, now)
        if not collector.digits:
            self._ask(step.prompts, now)
        return None

    def _ask(self, prompts: tuple[str, ...], now: Instant) -> None:
        if not self._player.start(prompts, self._out) and self._collector is not None:
            self._collector.listen(now)

    def _judge(self, verdict: Verdict | None, now: Instant) -> None:
        node = self._settle(verdict, now) if verdict is not None else None
        if node is not None:
            self._go(node, now)

    def _settle(self, verdict: Verdict, now: Instant) -> str | None:
        """Give the node that an ended entry leads to, or None when the menu asks again."""
        step, collector = self._step, self._collector
        assert collector is not None, "an entry ends only where keys are taken"
        if isinstance(step, CollectStep):
            return self._settle_entry(step, collector.digits, verdict, now)
        assert isinstance(step, MenuStep), "keys are taken by menus and entries only"
        return self._settle_menu(step, collector.digits, now)

    def _settle_menu(self, step: MenuStep, key: str, now: Instant) -> str | None:
        if key in step.choices:
            return step.choices[key]
        self._ahead = ""
        if key:
            self._mismatches += 1
            retry, count = step.no_match, self._mismatches
        else:
            self._silences += 1
            retry, count = step.no_input, self._silences
        if count >= retry.limit:
            return retry.go
        self._collector = Collector(_rule_of(step))
        self._ask((*retry.prompts, *step.prompts), now)
        return None

    def _settle_entry(
        self, step: CollectStep, digits: str, verdict: Verdict, now: Instant
    ) -> str | None:
        if verdict is not Verdict.COMPLETE:
            self._ahead = ""
            return step.failed
        self._memory.keep(step.name, digits, secret=step.secret)
        self._out.append(Collected(step.name, digits, step.secret))
        if len(digits) == step.keys.most and step.keys.terminator:
            self._surplus = (step.keys.terminator, now + step.keys.digit_timeout_ms)
        return step.ok

    def _queue(self, step: QueueStep) -> None:
        memory = self._memory
        data = dict(memory.collected)
        for name, text in step.data.items():
            filled = compile_template(text).fill(memory.lookup)
            if filled is not None:
                data[name] = filled
        priority = memory.priority if step.priority is None else step.priority
        wanted = (compile_template(text).fill(memory.lookup) for text in step.preferred)
        self._out.append(
            EnterQueue(
                step.queue,
                priority,
                memory.skills | step.skills,
                data,
                tuple(dict.fromkeys(agent_id for agent_id in wanted if agent_id)),
                step.patience_ms,
            )
        )
        self._end(EndReason.QUEUED)

    def _leave_at_limit(self) -> None:
        memory = self._memory
        self._player.stop(self._out)
        queue = self._flow.on_limit
        data = dict(memory.collected)
        self._out.append(EnterQueue(queue, memory.priority, dict(memory.skills), data))
        self._end(EndReason.LIMIT)

    def _hang_up(self) -> None:
        self._out.append(HangUp())
        self._end(EndReason.HUNG_UP)

    def _end(self, reason: EndReason) -> None:
        self.done = True
        self._out.append(Ended(reason))


def _rule_of(step: MenuStep | CollectStep) -> KeyRule:
    """Give the rule of an entry; a menu's is one key, and `#` may be a choice."""
    if isinstance(step, CollectStep):
        return step.keys
    return _one_key(step.timeout_ms)


@lru_cache(maxsize=256)
def _one_key(timeout_ms: Milliseconds) -> KeyRule:
    return KeyRule(least=1, most=1, terminator="", first_timeout_ms=timeout_ms)

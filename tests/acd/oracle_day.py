"""What happens in the naive ACD: the events of a day, and what recipes do to calls that wait."""

from __future__ import annotations

from collections import Counter

from acd.config import QueueConfig
from acd.inputs import Apply, ChangeCall, Enter, Reconfigure, SetSkills
from acd.rules import RefusalRule, Ring
from acd.steps import Step
from csta.acd_events import RefusalReason
from tests.acd.oracle import FAR, Oracle, OracleAgent, OracleCall, holds

HOPS_MAX = 20
BACK_OFF_MIN = 1_000
PLACE = ("priority", "skills", "requires", "rank_max")


class OracleDay(Oracle):
    """The naive ACD at work: each method is one input, or one deadline."""

    # Calls.

    def enter(self, asked: Enter, now: int) -> None:
        self.serial += 1
        config = self.queues[asked.queue]
        came_at = now if asked.enqueued_at is None else asked.enqueued_at
        priority = config.priority + asked.priority
        call = OracleCall(asked, self.serial, came_at, priority, dict(asked.skills))
        self.calls[asked.call_id] = call
        self._place(call, asked.queue, now)
        if asked.preferred_ms and self._somebody_here(call):
            call.kept_until = now + asked.preferred_ms
        if not self._take_due(call, now) or self._seek_agent(call, now):
            return
        assert call.rules is not None
        limit = call.rules.waiting_max
        if limit is not None and self.waiting(call.queue) >= limit:
            self._drop(call, "turned away")
            return
        call.waits = True

    def leave(self, name: str, now: int) -> None:
        call = self.calls.get(name)
        if call is not None:
            del self.calls[name]
            self._free(call, now)

    def answer(self, name: str, agent: OracleAgent, now: int) -> None:
        call = self.calls.pop(name)
        queue, _ = call.rings.pop(agent.name)
        agent.state, agent.calls, agent.answered_at = "talking", agent.calls + 1, now
        agent.wrap_up = self.queues[queue].wrap_up_ms
        agent.misses.clear()
        last, pace = self.pace.get(queue, (None, 0))
        if last is not None:
            pace = (3 * pace + now - last) // 4 if pace else now - last
        self.pace[queue] = (now if self.waiting(queue) else None, pace)
        self._free(call, now)

    def refuse(self, name: str, agent: OracleAgent, reason: RefusalReason, now: int) -> None:
        call, rule = self.calls[name], self._rule(reason)
        del call.rings[agent.name]
        agent.misses[reason] += 1
        back_off = rule.back_off_ms
        if back_off is None:
            back_off = self.config.refusal_back_off_ms
        call.kept_from[agent.name] = now + max(back_off, BACK_OFF_MIN)
        pauses = rule.stays_ready and 0 < rule.pause_after <= agent.misses[reason]
        if pauses:
            agent.misses[reason] = 0
        stays = rule.stays_ready and not pauses
        if not stays:
            self._rest(agent, "away", now)
        if not call.rings:
            call.rings_all, call.one_more_at, call.waits = False, FAR, True
            self._rejoin(call, now)
        if stays:
            self._rest(agent, "ready", now)

    def change(self, event: ChangeCall, now: int) -> None:
        call = self.calls[event.call_id]
        call.waits = False
        call.priority = call.priority if event.priority is None else event.priority
        call.skills = call.skills if event.skills is None else event.skills
        if not call.rings:
            call.waits = not self._seek_agent(call, now)

    def pick(self, name: str, agent: OracleAgent, now: int) -> None:
        call = self.calls[name]
        self._offer(call, agent, call.queue, now)

    # Agents.

    def log_on(self, agent: OracleAgent, now: int) -> None:
        agent.state, agent.calls, agent.talked, agent.handled = "away", 0, 0, 0
        agent.misses.clear()
        agent.logged_on_at = agent.acd_call_ended_at = agent.any_call_ended_at = now
        agent.since = now

    def ask(self, agent: OracleAgent, state: str, now: int) -> None:
        self._rest(agent, state, now)
        if state == "off":
            wanted = [c for c in self.calls.values() if c.waits and c.kept_until < FAR]
            for call in sorted(wanted, key=self.call_key):
                if agent.name in call.asked.preferred and not self._somebody_here(call):
                    self.patience_is_over(call, now)

    def hang_up(self, agent: OracleAgent, now: int) -> None:
        agent.any_call_ended_at = agent.acd_call_ended_at = now
        agent.talked += now - agent.answered_at
        if agent.wrap_up:
            self._rest(agent, "work", now)
            agent.until, agent.wrap_up = now + agent.wrap_up, 0
        else:
            self._rest(agent, "ready", now)

    def set_skills(self, event: SetSkills, now: int) -> None:
        agent = self.agents[event.agent_id]
        agent.skills = agent.skills if event.skills is None else event.skills
        agent.queues = agent.queues if event.queues is None else event.queues
        self._seek_call(agent, now)

    def pause(self, agent: OracleAgent, queue: str, now: int, *, paused: bool) -> None:
        agent.paused = agent.paused | {queue} if paused else agent.paused - {queue}
        self._seek_call(agent, now)

    def reconfigure(self, event: Reconfigure, now: int) -> None:
        self.config = event.config
        self.queues = {queue.name: queue for queue in event.config.queues}
        for card in event.agents or ():
            agent = self.agents[card.agent_id]
            agent.skills, agent.queues = dict(card.skills), card.queues
        if event.apply is Apply.ALL_WAITING:
            for call in self.calls.values():
                self._adapt(call, self.queues[call.queue], now)
        waiting = [call for call in self.calls.values() if call.waits]
        waiting.sort(key=lambda c: (-self.queues[c.queue].weight, self.call_key(c)))
        for call in waiting:
            if call.waits:
                self.step_is_due(call, now)
            self._rejoin(call, now)

    @staticmethod
    def _adapt(call: OracleCall, rules: QueueConfig, now: int) -> None:
        assert call.rules is not None
        before = len(call.rules.steps)
        due = [one for one in call.due if one[1] > before]
        for number, step in enumerate(rules.steps):
            if step not in call.looked:
                known = [at for at, _, old in call.due if old == step]
                at = known[0] if known else max(call.entered_at + step.after_ms, now)
                due.append((at, number, step))
        call.rules, call.due = rules, due

    # Deadlines: each says if there was anything to do.

    def due(self, kind: str, names: list[str], now: int) -> None:
        """Act on one deadline of the distributor, if it is one here too."""
        call = self.calls.get(names[0])
        if kind == "wrap":
            agent = self.agents[names[0]]
            assert agent.until == now, f"{names} works until {agent.until}"
            self._rest(agent, "ready", now)
        elif call is None:
            return
        elif kind == "ring":
            agent = self.agents[names[1]]
            assert call.rings[agent.name][1] <= now, f"{names} rings until {call.rings}"
            self.refuse(names[0], agent, RefusalReason.NO_ANSWER, now)
        elif kind == "ring_next" and call.one_more_at <= now:
            self._ring_next(call, now)
        elif kind == "step":
            self.step_is_due(call, now)
        elif kind == "open":
            self._rejoin(call, now)
        elif kind == "prefer" and call.kept_until <= now:
            self.patience_is_over(call, now)
        elif kind == "back_off":
            self._seek_call(self.agents[names[1]], now)

    def overdue(self, now: int) -> list[str]:
        """Name what should have happened by now: nothing, when the distributor forgets nothing."""
        late = [a.name for a in self.agents.values() if a.state == "work" and a.until <= now]
        for call in self.calls.values():
            steps = [at for at, _, _ in call.due] if call.waits else []
            rings = [until for _, until in call.rings.values()]
            if min([*steps, *rings, call.one_more_at, call.kept_until], default=FAR) <= now:
                late.append(call.asked.call_id)
        return late

    def patience_is_over(self, call: OracleCall, now: int) -> None:
        call.kept_until = FAR
        if call.waits:
            call.waits = False
            call.waits = not self._seek_agent(call, now)

    def step_is_due(self, call: OracleCall, now: int) -> None:
        if call.rings:
            return
        while call.waits and (step := self._next_step(call, now)):
            self._look(call, step, now)
        if call.waits or call.asked.call_id not in self.calls:
            return
        if self._take_due(call, now):
            call.waits = not self._seek_agent(call, now)

    # Offers.

    def _seek_agent(self, call: OracleCall, now: int) -> bool:
        found = self.agent_for(call, now)
        if found is None:
            return False
        self._offer(call, *found, now)
        self._ring_more(call, self.queues[found[1]], now)
        return True

    def _seek_call(self, agent: OracleAgent, now: int) -> None:
        found = self.call_for(agent, now) if agent.state == "ready" else None
        if found is not None:
            call, queue = found
            joins = not call.waits
            self._offer(call, agent, queue, now)
            if not joins:
                self._ring_more(call, self.queues[queue], now)

    def _rejoin(self, call: OracleCall, now: int) -> None:
        """Let a waiting call find an agent; who comes before it for that agent goes first."""
        while call.waits and (found := self.agent_for(call, now)):
            best = self.call_for(found[0], now)
            assert best is not None
            self._seek_agent(best[0], now)

    def _offer(self, call: OracleCall, agent: OracleAgent, queue: str, now: int) -> None:
        assert agent.state == "ready"
        call.waits = False
        call.attempts += 1
        call.rings[agent.name] = (queue, now + self.queues[queue].ring_ms)
        self.last[queue] = agent.number
        agent.state, agent.since = "offered", now
        self.log.append((now, call.asked.call_id, agent.name, queue))

    def _ring_more(self, call: OracleCall, config: QueueConfig, now: int) -> None:
        if config.ring is Ring.PROGRESSIVE:
            call.one_more_at = now + config.ring_next_ms
        elif config.ring is Ring.ALL:
            while found := self.agent_for(call, now):
                self._offer(call, *found, now)
            call.rings_all = True

    def _ring_next(self, call: OracleCall, now: int) -> None:
        if found := self.agent_for(call, now):
            self._offer(call, *found, now)
        queue = next(iter(call.rings.values()))[0]
        call.one_more_at = now + self.queues[queue].ring_next_ms

    def _free(self, call: OracleCall, now: int) -> None:
        """Let those rest at whom a call rang that has gone."""
        for name in list(call.rings):
            self._rest(self.agents[name], "ready", now)

    def _rest(self, agent: OracleAgent, state: str, now: int) -> None:
        if agent.state in ("offered", "talking", "work"):
            agent.handled += now - agent.since
        agent.state, agent.since, agent.until = state, now, FAR
        if state == "ready":
            self.readied += 1
            agent.turn = self.readied
            self._seek_call(agent, now)

    # Recipes.

    def _place(self, call: OracleCall, queue: str, now: int) -> None:
        call.queue, call.rules, call.entered_at = queue, self.queues[queue], now
        call.step_skills, call.requires, call.rank_max = {}, None, FAR
        call.also, call.looked = [], []
        call.due = [(now + s.after_ms, number, s) for number, s in enumerate(call.rules.steps)]

    def _next_step(self, call: OracleCall, now: int) -> tuple[int, int, Step] | None:
        due = [one for one in call.due if one[0] <= now]
        return min(due, key=lambda one: one[:2]) if due else None

    def _take_due(self, call: OracleCall, now: int) -> bool:
        while call.asked.call_id in self.calls and (step := self._next_step(call, now)):
            self._look(call, step, now)
        return call.asked.call_id in self.calls

    def _look(self, call: OracleCall, due: tuple[int, int, Step], now: int) -> None:
        at, number, step = due
        call.due.remove(due)
        taken = not step.when or holds(step.when, self.facts(call, now))
        taken = taken and (bool(self._targets(call, step)) or not (step.split or step.overflow_to))
        if step.every_ms and (step.repeat or not taken):
            call.due.append((max(at + step.every_ms, now + 1), number, step))
        else:
            call.looked.append(step)
        if not taken:
            return
        if step.recipe is not None:
            assert call.rules is not None
            last = max([len(call.rules.steps), *(one[1] for one in call.due)]) + 1
            for place, added in enumerate(self.config.recipes[step.recipe]):
                call.due.append((now + added.after_ms, last + place, added))
        self._change_place(call, step)
        self._move(call, number, step, now)

    @staticmethod
    def _change_place(call: OracleCall, step: Step) -> None:
        moves = step.overflow_to or step.also or step.split
        if moves or step.priority_by or any(getattr(step, name) is not None for name in PLACE):
            call.waits = False
        call.priority += step.priority_by
        call.priority = call.priority if step.priority is None else step.priority
        call.step_skills = {**call.step_skills, **(step.skills or {})}
        call.requires = call.requires if step.requires is None else step.requires
        call.rank_max = call.rank_max if step.rank_max is None else step.rank_max

    def _move(self, call: OracleCall, number: int, step: Step, now: int) -> None:
        target = None
        if step.end is not None:
            self._drop(call, step.end)
        elif step.divert_to is not None:
            self._drop(call, step.divert_to)
        elif step.split:
            sent = self.shares.setdefault((call.queue, number), Counter())
            whole, now_sent = sum(step.split.values()), sent.total() + 1
            behind = {n: share * now_sent - whole * sent[n] for n, share in step.split.items()}
            target = max(self._targets(call, step), key=behind.__getitem__)
            sent[target] += 1
        elif step.overflow_to:
            target = self._targets(call, step)[0]
        elif step.also is not None and step.also not in (call.queue, *call.also):
            call.also.append(step.also)
        if target is not None and call.hops < HOPS_MAX:
            call.hops += 1
            self._place(call, target, now)

    def _targets(self, call: OracleCall, step: Step) -> list[str]:
        names = list(step.split or step.overflow_to)
        alone = len(names) == 1 or bool(step.split)
        return [n for n in names if (alone and not step.skip_empty) or self._is_open(call, n)]

    def _is_open(self, call: OracleCall, queue: str) -> bool:
        limit = self.queues[queue].waiting_max
        return (limit is None or self.waiting(queue) < limit) and any(
            self.serves(agent, queue) and self.level(agent, call, queue) is not None
            for agent in self.agents.values()
        )

    def _drop(self, call: OracleCall, why: str) -> None:
        call.waits = False
        del self.calls[call.asked.call_id]
        self.gone.append((call.asked.call_id, why))

    def _somebody_here(self, call: OracleCall) -> bool:
        return any(self.agents[name].state != "off" for name in call.asked.preferred)

    def _rule(self, reason: RefusalReason) -> RefusalRule:
        rule: RefusalRule = getattr(self.config.rules, reason.name.lower())
        return rule

"""Lines of waiting calls, and the ready agents who may serve each line, in the order of choice.

A line is made of the calls of one queue with one requirement: what an agent may do for one of
them he may do for all. Its lanes hold who is ready for it, one lane for each rank of agents.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from acd.queue import OrderKey, Queue, WaitingCall
from acd.requirements import Requirement
from acd.selection import STRATEGIES, Entry, lot_of
from agents.agent import Agent, Profile
from csta.ids import AgentId, CallId
from csta.instants import Instant, Milliseconds

_RANK_FIRST: Final = 1


class Lane:
    """Ready agents of one rank, in the order of the queue's agent choice."""

    __slots__ = ("entries", "rank")

    def __init__(self, rank: int) -> None:
        """Start empty."""
        self.rank = rank
        self.entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        """Take in a ready agent."""
        entries = self.entries
        if not entries or entries[-1] < entry:
            entries.append(entry)
        else:
            insort(entries, entry)

    def remove(self, entry: Entry) -> None:
        """Let a ready agent go, who must be here."""
        entries = self.entries
        if entries[0] is entry:
            del entries[0]
        else:
            del entries[bisect_left(entries, entry)]


Stands: TypeAlias = list[tuple[Lane, Entry]]
"""Where a ready agent stands, so that he can leave again."""


class Line:
    """The calls of one queue with one requirement, in a heap by their place in the order.

    An entry whose version is not the call's present one is stale and is dropped when it surfaces.
    `agent_id` names the one agent whom a line of calls that want him is kept for.
    """

    __slots__ = ("agent_id", "groups", "heap", "key", "lanes", "needs", "queue", "ringing")

    def __init__(self, queue: Queue, needs: Requirement, agent_id: AgentId | None = None) -> None:
        """Start with nobody waiting."""
        self.queue = queue
        self.needs = needs
        self.agent_id = agent_id
        self.heap: list[tuple[OrderKey, int, WaitingCall]] = []
        self.groups: list[ReadyGroup] = []
        self.lanes: list[Lane] = []
        self.ringing: dict[str, WaitingCall] = {}
        """Calls that ring already and may ring at one agent more."""

    def lane(self, rank: int) -> Lane:
        """Find or make the lane of a rank."""
        at = bisect_left(self.lanes, rank, key=_rank_of)
        if at == len(self.lanes) or self.lanes[at].rank != rank:
            self.lanes.insert(at, Lane(rank))
        return self.lanes[at]

    def push(self, call: WaitingCall) -> None:
        """Let the call wait here too."""
        heapq.heappush(self.heap, (call.key, call.version, call))

    def first_agent(self, call: WaitingCall, now: Instant, seed: int) -> Agent | None:
        """Find the ready agent to offer one of these calls to: the best of the first rank."""
        if self.queue.channel is not None:
            return self._least_loaded(call, self.queue.channel, now)
        for lane in self.lanes:
            entries = lane.entries
            if not entries:
                continue
            if lane.rank > _RANK_FIRST and not self.open_to(call, lane.rank, now):
                return None
            begin = STRATEGIES[self.queue.config.agent_choice].begin
            if begin is not None:
                if call.kept_from or self.queue.delays:
                    entries = [e for e in entries if may_take(call, e[4].agent_id, e[2], now)]
                if entries:
                    return entries[begin(entries, self.queue, lot_of(seed, call), now)][4]
                continue
            for entry in entries:
                plain = not entry[2] and not call.kept_from
                if plain or may_take(call, entry[4].agent_id, entry[2], now):
                    return entry[4]
        return None

    def _least_loaded(self, call: WaitingCall, channel: str, now: Instant) -> Agent | None:
        """Find who has room for one more contact of a channel that is not voice.

        Of the first rank it is who has the fewest; among equals the first in the lane's order.
        """
        for lane in self.lanes:
            free = [
                entry[4]
                for entry in lane.entries
                if may_take(call, entry[4].agent_id, entry[2], now)
                and entry[4].has_room(channel)
                and call.call_id not in entry[4].contacts
            ]
            if free and self.open_to(call, lane.rank, now):
                return min(free, key=lambda agent: agent.load(channel))
        return None

    def open_to(self, call: WaitingCall, rank: int, now: Instant) -> bool:
        """Tell whether a call has waited long enough for agents of this rank (R09)."""
        if call.rank_max is not None and rank > call.rank_max:
            return False
        return now - call.entered_at >= (rank - _RANK_FIRST) * self.queue.config.rank_wait_ms

    def first_call(self, agent: Agent, pair: Pair, now: Instant) -> WaitingCall | None:
        """Find the call that is served next among those that may be offered to the agent."""
        if self.queue.channel is not None and not agent.has_room(self.queue.channel):
            return None
        heap = self.heap
        passed: list[tuple[OrderKey, int, WaitingCall]] = []
        found = None
        while heap:
            _, version, call = heap[0]
            if version != call.version:
                heapq.heappop(heap)
                continue
            free = pair.plain and not call.kept_from and call.rank_max is None
            if free or (
                may_take(call, agent.agent_id, pair.delay_ms, now)
                and self.open_to(call, pair.rank, now)
            ):
                found = call
                break
            passed.append(heapq.heappop(heap))
        for entry in passed:
            heapq.heappush(heap, entry)
        return found

    def standing(self) -> Iterator[CallId]:
        """Name the calls that stand here, be they kept from being offered or not."""
        for _, version, call in self.heap:
            if version == call.version:
                yield call.call_id

    def oldest(self) -> Iterator[WaitingCall]:
        """Go through the calls that wait here, in no order."""
        for _, version, call in self.heap:
            if version == call.version:
                yield call


class CallbackLine(Line):
    """Calls back of one queue with one requirement; it is empty while their share is used up.

    So who becomes ready is given callers, and the calls back keep their places (Q07).
    """

    __slots__ = ("_held", "_room")

    def __init__(self, queue: Queue, needs: Requirement, room: Callable[[Queue], bool]) -> None:
        """Start with nobody waiting; `room` tells if one more agent may serve callbacks."""
        self._held: list[tuple[OrderKey, int, WaitingCall]] = []
        self._room = room
        super().__init__(queue, needs)

    @property
    def heap(self) -> list[tuple[OrderKey, int, WaitingCall]]:
        """The calls that may be offered now."""
        return self._held if self.is_open else []

    @heap.setter
    def heap(self, empty: list[tuple[OrderKey, int, WaitingCall]]) -> None:
        self._held = empty

    @property
    def is_open(self) -> bool:
        """Whether an agent may be offered one of these calls now."""
        return self._room(self.queue)

    def standing(self) -> Iterator[CallId]:
        """Name the calls that stand here, be they kept from being offered or not."""
        for _, version, call in self._held:
            if version == call.version:
                yield call.call_id

    def push(self, call: WaitingCall) -> None:
        """Let the call keep its place here."""
        heapq.heappush(self._held, (call.key, call.version, call))

    def first_agent(self, call: WaitingCall, now: Instant, seed: int) -> Agent | None:
        """Find the ready agent to offer one of these calls to, if there is room."""
        return super().first_agent(call, now, seed) if self.is_open else None


class Pair:
    """What one group of like agents is to one line: rank, weight, delay, level and lane."""

    __slots__ = ("delay_ms", "lane", "level", "line", "lots", "metric", "plain", "rank", "weight")

    def __init__(
        self, line: Line, level: int, rank: int, weight: int, delay_ms: Milliseconds, lots: int
    ) -> None:
        """Match a line with a group whose agents have this level in what it needs."""
        self.line = line
        self.level = level
        self.rank = rank
        self.weight = weight
        self.delay_ms = delay_ms
        self.lots = lots
        self.lane = line.lane(rank)
        self.metric = STRATEGIES[line.queue.config.agent_choice].metric
        self.plain = rank == _RANK_FIRST and not delay_ms
        """Whether the agents may serve each call of the line, however short it has waited."""

    def entry(self, agent: Agent) -> Entry:
        """Write an agent's place among the ready ones of the line."""
        metric = self.metric(agent, self.line.queue.config, self.level)
        return (metric, agent.ready_number, self.delay_ms, self.lots, agent)


class ReadyGroup:
    """The agents with one profile: who is here, who is ready and where they then stand."""

    __slots__ = ("members", "pairs", "profile", "ready", "tiers")

    def __init__(self, profile: Profile) -> None:
        """Start with nobody here."""
        self.profile = profile
        self.members: dict[AgentId, Agent] = {}
        self.ready: dict[AgentId, Stands] = {}
        self.pairs: list[Pair] = []
        self.tiers: list[list[Pair]] = []
        """The same pairs by weight, the greatest first: calls of a lower tier wait for those."""

    def add(self, pair: Pair) -> None:
        """Note a line that the agents may serve."""
        self.pairs.append(pair)
        weights = sorted({each.weight for each in self.pairs}, reverse=True)
        self.tiers = [[each for each in self.pairs if each.weight == w] for w in weights]


def may_take(call: WaitingCall, agent_id: AgentId, delay_ms: Milliseconds, now: Instant) -> bool:
    """Tell whether a call may be offered to this agent now: no refusal in force, delay over."""
    if delay_ms and now - call.entered_at < delay_ms:
        return False
    return not call.kept_from or call.kept_from.get(agent_id, now) <= now


def _rank_of(lane: Lane) -> int:
    return lane.rank

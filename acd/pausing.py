"""Offers pause while no phone can be rung: calls keep their places, agents their turns.

Everything else goes on: calls come and leave, recipes take their steps, agents change states.
"""

from __future__ import annotations

from acd.answers import Answers
from acd.decisions import OfferOff
from acd.desk import Desk
from acd.floor import Floor
from acd.inputs import PauseOffers, ResumeOffers, TakeBack
from acd.matching import Matching
from csta.instants import Instant
from csta.states import AgentState


class Pausing:
    """Pauses and resumes the offers of one floor."""

    def __init__(self, floor: Floor, matching: Matching, answers: Answers, desk: Desk) -> None:
        """Work on one floor."""
        self._floor = floor
        self._matching = matching
        self._answers = answers
        self._desk = desk

    def pause(self, _event: PauseOffers, _now: Instant) -> None:
        """Make no offers from now on; nobody misses one that is alive."""
        self._floor.paused = True

    def resume(self, _event: ResumeOffers, now: Instant) -> None:
        """Make offers again, in the order of service; what rings still may ring its whole time."""
        floor = self._floor
        floor.paused = False
        for call in floor.calls.values():
            for offer in call.offers:
                ring_ms = floor.queues[offer.queue].config.ring_ms
                floor.agenda.set(("ring", offer.offer_id), now + ring_ms)
        waiting = [call for call in floor.calls.values() if call.waits]
        waiting.sort(key=lambda call: (-call.queue.config.weight, call.key))
        for call in waiting:
            if call.waits:
                self._matching.rejoin(call, now)
        for agent in list(floor.directory):
            if agent.state is AgentState.READY:
                self._matching.seek_call(agent, now)

    def take_back(self, event: TakeBack, now: Instant) -> None:
        """End an offer that nobody has refused: the call is in its old place, the agent ready."""
        found = self._floor.offers.get(event.offer_id)
        if found is None:
            return
        offer, call = found
        agent = self._desk.end_offer(offer, call)
        self._floor.out.append(OfferOff(offer))
        self._answers.return_call(call, now)
        self._desk.after_offer(agent, call, AgentState.READY, now)

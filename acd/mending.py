"""What a violated invariant is answered with: derived state is built anew, one entity is set apart.

Calls with their queues, offers and deadlines of their own, and agents with their states, are the
truth; lines, lanes, places and the table of offers follow from them. That is why anything wrong
in these heals without knowing what went wrong (reliability §3, DESIGN §9.4).
"""

from __future__ import annotations

from acd.answers import Answers
from acd.callback_places import UNDER_WAY
from acd.decisions import OfferOff
from acd.desk import FORCED_PAUSE, QUARANTINED, Desk
from acd.floor import Floor
from acd.inputs import Mend, Quarantine, StandAgain
from acd.queue import WaitingCall
from agents.agent import Agent
from csta.causes import Cause
from csta.instants import Instant
from csta.states import AgentState


class Mending:
    """Mends one floor."""

    def __init__(self, floor: Floor, desk: Desk, answers: Answers) -> None:
        """Work on one floor."""
        self._floor = floor
        self._desk = desk
        self._answers = answers

    def mend(self, _event: Mend, now: Instant) -> None:
        """Build anew all that follows from calls, offers and the states of agents."""
        self._make_offers_agree(now)
        floor = self._floor
        floor.roster.rebuild([a for a in floor.directory if a.state is not AgentState.NULL])
        for queue in floor.queues.values():
            queue.clear()
        for callback in floor.callbacks.values():
            if callback.state in UNDER_WAY:
                callback.call.queue.callbacks_busy += 1
        for call in floor.calls.values():
            rings_on = any(call.call_id in line.ringing for line in call.places)
            call.version += 1
            floor.stand(call)
            if rings_on:
                for line in call.places:
                    line.ringing[call.call_id] = call
            if call.waits:
                floor.line_up(call)
            self._give_deadlines(call, now)

    def stand_again(self, event: StandAgain, now: Instant) -> None:
        """Take a call from whoever is offered it, and let it stand anew in its old place."""
        self.mend(Mend(), now)
        call = self._floor.calls.get(event.call_id)
        if call is None:
            return
        self._floor.unwait(call)
        freed = [self._withdraw(offer_id) for offer_id in [o.offer_id for o in call.offers]]
        self._answers.return_call(call, now)
        for agent in freed:
            self._desk.after_offer(agent, call, AgentState.READY, now)

    def quarantine(self, event: Quarantine, now: Instant) -> None:
        """Offer an agent nothing more, from now on and until a supervisor makes him ready.

        What he is offered goes back to its place. Whom he talks with he goes on talking with.
        """
        self.mend(Mend(), now)
        agent = self._floor.directory.agent(event.agent_id)
        if agent.state is AgentState.NULL:
            return
        agent.quarantined = True
        kept = [call for call in self._floor.calls.values() if _is_offered(call, agent)]
        for call in kept:
            for offer in [each for each in call.offers if each.agent_id == agent.agent_id]:
                self._withdraw(offer.offer_id)
        if not event.on_phone:
            self._desk.go(
                agent, AgentState.NOT_READY, now, Cause.FORCED_PAUSE, QUARANTINED, FORCED_PAUSE
            )
        for call in kept:
            self._answers.return_call(call, now)

    def _withdraw(self, offer_id: str) -> Agent:
        found = self._floor.offers.get(offer_id)
        assert found is not None, f"offer {offer_id} is not alive"
        self._floor.out.append(OfferOff(found[0]))
        return self._desk.end_offer(*found)

    def _make_offers_agree(self, now: Instant) -> None:
        """Let agents and deadlines know the offers that calls have, and no others."""
        floor = self._floor
        for agent in floor.directory:
            agent.offer_id = None
        floor.offers.rebuild(floor.calls.values())
        for call in floor.calls.values():
            for offer in call.offers:
                queue = floor.queues[offer.queue]
                agent = floor.directory.agent(offer.agent_id)
                if queue.channel is None:
                    agent.offer_id = offer.offer_id
                else:
                    agent.contacts[call.call_id] = queue.channel
                if ("ring", offer.offer_id) not in floor.agenda:
                    floor.agenda.set(("ring", offer.offer_id), max(now, offer.deadline_at))

    def _give_deadlines(self, call: WaitingCall, now: Instant) -> None:
        floor = self._floor
        if call.due and ("step", call.call_id) not in floor.agenda:
            floor.agenda.set(("step", call.call_id), max(now, call.due[0][0]))
        if call.preferred_until is not None and ("prefer", call.call_id) not in floor.agenda:
            floor.agenda.set(("prefer", call.call_id), max(now, call.preferred_until))
        if call.waits:
            floor.open_later(call, now)
        for agent_id, until in call.kept_from.items():
            if ("back_off", call.call_id, agent_id) not in floor.agenda:
                floor.agenda.set(("back_off", call.call_id, agent_id), max(now, until))


def _is_offered(call: WaitingCall, agent: Agent) -> bool:
    return any(offer.agent_id == agent.agent_id for offer in call.offers)

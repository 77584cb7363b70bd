"""A second filter of events, written from the words of cti-api §7.8 alone (G13).

It reads the JSON that clients get, and keeps its own notes of who was in which call; nothing of the
first filter is used.
"""

from __future__ import annotations

from typing import Any

SEES_ALL = {"integration", "admin"}
OFFERS = ("AgentOffered", "OfferRefused", "OfferWithdrawn", "ScreenPopped")


class SecondFilter:
    """Goes through a log from its beginning, and says who sees what."""

    def __init__(self, skills: dict[str, str], desks: dict[str, str]) -> None:
        """Know the queue of each agent, and the desk of each."""
        self.queue_of_agent = skills
        self.desk_of_agent = desks
        self.in_call: dict[str, set[str]] = {}
        self.ever_in_call: dict[str, set[str]] = {}
        self.queues_of_call: dict[str, set[str]] = {}
        self.agents_of_call: dict[str, set[str]] = {}
        self.over: set[str] = set()

    def readers(self, envelope: dict[str, Any], people: dict[str, dict[str, Any]]) -> set[str]:
        """Name those who see an event; each is {role, agent, teams}."""
        _, area, name, _ = envelope["type"].split(".")
        data = envelope["data"]
        before = set(self.in_call.get(data.get("callID", ""), set()))
        self._note(data)
        return {
            who
            for who, is_ in people.items()
            if self._sees(is_, area, name, data, before, envelope)
        }

    def _note(self, data: dict[str, Any]) -> None:
        if "calledDevice" not in data or "direction" not in data:
            return  # no event of call control: these have the connections, none when left out
        call, listed = data["callID"], data.get("connections", [])
        self.in_call[call] = {each["deviceID"] for each in listed}
        self.ever_in_call.setdefault(call, set()).update(self.in_call[call])
        agents = {each["agentID"] for each in listed if "agentID" in each}
        self.agents_of_call.setdefault(call, set()).update(agents)
        queues = {each for each in self.in_call[call] if each.startswith("acd:")}
        if "acd" in data:
            queues.add(data["acd"]["group"])
        self.queues_of_call.setdefault(call, set()).update(queues)
        if not listed:
            self.over.add(call)

    def _sees(  # noqa: PLR0911 - one rule of the text after the other
        self,
        who: dict[str, Any],
        area: str,
        name: str,
        data: dict[str, Any],
        before: set[str],
        envelope: dict[str, Any],
    ) -> bool:
        role: str = who["role"]
        if area == "audit":
            return role == "admin"
        if envelope["subject"].startswith("supervision/"):
            return role == "supervisor" and self._of_team(who, data, before)
        if area == "system" and name == "SystemStatus":
            return True
        if role in SEES_ALL:
            return True
        if name == "QueueStatus":
            return self._figures(who, data["device"])
        if role == "supervisor" and self._of_team(who, data, before):
            return True
        return role in {"agent", "supervisor"} and self._own(who, data, before)

    def _figures(self, who: dict[str, Any], queue: str) -> bool:
        if who["role"] == "wallboard":
            return True
        if who["role"] == "supervisor":
            return queue in who["teams"]
        is_agent: bool = who["role"] == "agent"
        return is_agent and self.queue_of_agent[who["agent"]] == queue

    def _own(self, who: dict[str, Any], data: dict[str, Any], before: set[str]) -> bool:
        agent = who.get("agent")
        if agent is None:
            return False
        if data.get("agentID") == agent:
            return True
        desk = self.desk_of_agent[agent]
        if desk in {data.get("deviceID"), data.get("agentDevice"), data.get("device")}:
            return True
        return self._part_of(desk, data, before)

    def _part_of(self, desk: str, data: dict[str, Any], before: set[str]) -> bool:
        """Tell whether a desk was in the call, or in what has just happened to it."""
        call = data.get("callID")
        if call is None:
            return False
        if call in self.over and ("direction" not in data or "outcome" in data):
            return desk in self.ever_in_call[call]  # whose it was, when nobody has it any more
        subject = data.get("connection") or data.get("overConnection") or {}
        return (
            desk == subject.get("deviceID")
            or desk in self.in_call.get(call, set())
            or ("durations" not in data and "transferringDevice" in data and desk in before)
            or desk == data.get("transferredToDevice")
        )

    def _of_team(self, who: dict[str, Any], data: dict[str, Any], before: set[str]) -> bool:
        teams = who["teams"]
        team = {agent for agent, queue in self.queue_of_agent.items() if queue in teams}
        desks = {self.desk_of_agent[agent] for agent in team}
        named = {data.get("agentID"), data.get("target"), data.get("supervisor")}
        if named & team or data.get("queue") in teams:
            return True
        if {data.get("agentDevice"), data.get("device"), data.get("deviceID")} & (desks | teams):
            return True
        call = data.get("callID")
        return call is not None and (
            bool(self.queues_of_call.get(call, set()) & teams)
            or bool(self.agents_of_call.get(call, set()) & team)
            or any(self._part_of(desk, data, before) for desk in desks | teams)
        )

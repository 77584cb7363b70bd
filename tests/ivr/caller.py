"""A caller in virtual time: does what a script says, and writes down what the walk decides."""

from __future__ import annotations

from collections.abc import Mapping

from csta.customers import CustomerCard, Match
from csta.instants import Instant
from ivr import (
    Begun,
    CallerGone,
    Collected,
    CustomerFound,
    Decision,
    DigitPressed,
    Ended,
    EnterQueue,
    Flow,
    HangUp,
    Play,
    PlayEnded,
    StopPlay,
    TransferTo,
    Visited,
    Walk,
    WalkInput,
)

EXITS = (EnterQueue, TransferTo, HangUp)


class Caller:
    """One walk and its caller, who acts by the words of a script.

    `begin`; `heard` (the prompt that plays has ended); `silence` (nothing until the walk's next
    deadline); `gone`; `+3s` (time passes); `known:gold` or `stranger` (a look-up comes back);
    anything else is keys, pressed one after the other.
    """

    def __init__(self, flow: Flow, facts: Mapping[str, object] | None = None) -> None:
        """Dial in, with these facts of the world."""
        self.facts = dict(facts or {})
        self.walk = Walk(flow, self.facts.__getitem__, "w")
        self.now: Instant = 1_000_000
        self.playing: str | None = None
        self.decisions: list[Decision] = []

    def do(self, script: str) -> list[str]:
        """Do one word after the other; give what was decided, in words."""
        start = len(self.decisions)
        for word in script.split():
            self.act(word)
        return [tell(decision) for decision in self.decisions[start:]]

    def act(self, word: str) -> None:
        """Do one word of a script."""
        match word:
            case "begin":
                self.take(Begun())
            case "heard":
                assert self.playing is not None, "the script hears a prompt that does not play"
                play_id, self.playing = self.playing, None
                self.take(PlayEnded(play_id))
            case "silence":
                wake_at = self.walk.wake_at()
                assert wake_at is not None, "the script waits for a walk that waits for nothing"
                self.now = wake_at
                self.wake()
            case "gone":
                self.take(CallerGone())
            case "stranger":
                self.take(CustomerFound(None, Match.NONE))
            case _ if word.startswith("known:"):
                tier = word.removeprefix("known:")
                card = CustomerCard(customer_id="7", name="Ada", tier=tier)
                self.take(CustomerFound(card, Match.ONE))
            case _ if word.startswith("+"):
                self.now += int(float(word[1:-1]) * 1_000)
                self.wake()
            case _:
                for key in word:
                    self.take(DigitPressed(key))

    def take(self, event: WalkInput) -> None:
        """Hand one input to the walk."""
        self._note(self.walk.handle(event, self.now))

    def wake(self) -> None:
        """Wake the walk at this instant."""
        self._note(self.walk.wake(self.now))

    def _note(self, decisions: list[Decision]) -> None:
        self.decisions += decisions
        for decision in decisions:
            if isinstance(decision, Play):
                self.playing = decision.play_id
            elif isinstance(decision, StopPlay):
                assert decision.play_id == self.playing, "a prompt is stopped that does not play"
                self.playing = None


def tell(decision: Decision) -> str:
    """Write a decision in a few words; ids of plays are left out."""
    match decision:
        case Visited():
            words = f"at {decision.node}"
        case Play():
            words = f"play {decision.uri}"
        case StopPlay():
            words = "stop"
        case Collected():
            shown = "(secret)" if decision.secret else decision.value
            words = f"collected {decision.name} {shown}"
        case EnterQueue():
            rest = [f" priority {decision.priority}"] if decision.priority else []
            rest += [f" skill {name} {level}" for name, level in decision.skills.items()]
            rest += [f" {name}={value}" for name, value in decision.data.items()]
            words = f"queue {decision.queue}{''.join(rest)}"
        case TransferTo():
            words = f"transfer {decision.device}"
        case HangUp():
            words = "hang up"
        case Ended():
            words = f"ended {decision.reason}"
    return words

"""One request, as its handler sees it, and how it is answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from switch_sim.dialects.ari_switch import AriSwitch

NO_CONTENT = 204


class Refused(Exception):  # noqa: N818 - a refusal is no fault
    """A request that cannot be done; `status` is HTTP's, the words go to the client."""

    def __init__(self, status: int, message: str, member: str = "message") -> None:
        """Refuse; `member` is the name under which the words are sent."""
        super().__init__(message)
        self.status = status
        self.body = {member: message}


class Reply(msgspec.Struct, frozen=True):
    """What a request is answered with; no body is none at all."""

    status: int
    body: Any = None


class Ask:
    """One request, as its handler sees it."""

    def __init__(self, switch: AriSwitch, values: dict[str, str], body: dict[str, Any]) -> None:
        """Hold the values of the parameters, by name, and the members of the body."""
        self.switch = switch
        self._values = values
        self.body = body
        self.afterwards: Callable[[], None] | None = None
        """What is done when the request has been answered."""

    def text(self, name: str, default: str = "") -> str:
        """Give a parameter as a text."""
        value = self._values.get(name, self.body.get(name))
        if isinstance(value, list):
            return ",".join(map(str, value))
        return default if value is None else str(value)

    def texts(self, name: str) -> list[str]:
        """Give a parameter that is a list."""
        return [part for part in self.text(name).split(",") if part]

    def number(self, name: str, default: int) -> int:
        """Give a parameter that is a whole number.

        Raises:
            Refused: it is none.
        """
        text = self.text(name)
        try:
            return int(text) if text else default
        except ValueError:
            raise Refused(400, f"Parameter {name} is no whole number") from None

    def variables(self) -> dict[str, str]:
        """Give the variables in the body: all of it, or its member `variables`."""
        given = self.body.get("variables", {})
        if not isinstance(given, dict):
            raise Refused(400, "Parameter variables is no object")
        return {str(name): str(value) for name, value in given.items()}


class Later:
    """An answer that comes when something else is over."""

    def __init__(self) -> None:
        """Begin without an answer, and with nobody who waits for it."""
        self._reply: Reply | None = None
        self._waits: Callable[[Reply], None] | None = None

    def answer(self, reply: Reply) -> None:
        """Give the answer."""
        self._reply = reply
        if self._waits is not None:
            self._waits(reply)

    def then(self, waits: Callable[[Reply], None]) -> None:
        """Hand the answer over, now or when it is there."""
        self._waits = waits
        if self._reply is not None:
            waits(self._reply)


Handler: TypeAlias = Callable[[Ask], "Reply | Later | msgspec.Struct | list[Any] | None"]

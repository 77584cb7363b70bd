"""A text that must not be seen in logs, errors and listings."""

from __future__ import annotations


class Secret:
    """Holds a secret; shown, it is `***`, and only `reveal` gives it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Keep a text."""
        self._text = text

    def reveal(self) -> str:
        """Give the secret itself."""
        return self._text

    def __repr__(self) -> str:
        """Show that there is one."""
        return "***"

    __str__ = __repr__

    def __reduce__(self) -> str | tuple[object, ...]:
        """Refuse to be written anywhere."""
        raise TypeError("a secret is not pickled")

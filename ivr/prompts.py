"""Prompts: `sound:welcome`, `tts:You are number {queue.sales.position}`, `digits:{account}`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import msgspec

from csta.conditions import Lookup, WordingError

SCHEMES: Final = ("sound", "file", "tts", "tone", "digits")
EXAMPLE: Final = "sound:welcome"

_PLACE = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_][\w-]*(?:\.[\w-]+)*", re.ASCII)


class Template(msgspec.Struct, frozen=True):
    """A text with places to fill: literal parts, and the names between them."""

    parts: tuple[str, ...]
    names: tuple[str, ...]

    def fill(self, lookup: Lookup) -> str | None:
        """Write the text with the values of this moment; None when one of them is not known."""
        if not self.names:
            return self.parts[0]
        written = [self.parts[0]]
        for name, part in zip(self.names, self.parts[1:], strict=True):
            try:
                value = lookup(name)
            except KeyError:
                return None
            if value is None:
                return None
            written += (_spell(value), part)
        return "".join(written)


@lru_cache(maxsize=4096)
def compile_template(text: str) -> Template:
    """Compile a text with `{name}` in it; the same text is compiled once.

    Raises:
        WordingError: a brace is not closed, or holds no name.
    """
    pieces = _PLACE.split(text)
    parts, names = tuple(pieces[::2]), tuple(piece.strip() for piece in pieces[1::2])
    if any("{" in part or "}" in part for part in parts):
        raise WordingError(f"a brace of '{text}' has no partner", "{name}, with both braces")
    for name in names:
        if not _NAME.fullmatch(name):
            problem = f"'{{{name}}}' holds no name"
            raise WordingError(problem, "a name in braces: {account} or {queue.sales.position}")
    return Template(parts, names)


def compile_prompt(text: str) -> Template:
    """Compile a prompt: a template that begins with one of `SCHEMES`.

    Raises:
        WordingError: as `compile_template`, or there is no scheme, or nothing behind it.
    """
    scheme, _, rest = text.partition(":")
    if scheme not in SCHEMES or not rest.strip():
        kinds = ", ".join(f"{kind}:" for kind in SCHEMES)
        problem = f"'{text}' is no prompt: it needs {kinds} and something to play"
        raise WordingError(problem, f"{EXAMPLE} or tts:Good morning")
    return compile_template(text)


def _spell(value: object) -> str:
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)

"""The small language of conditions: `customer.tier == "gold" and queue.sales.waiting < 5`.

Words: and, or, not, in, true, false; signs: == != < <= > >=; numbers, texts in quotes, names with
dots, lists in brackets behind `in`. A name with a dash is written `queue['card-loss'].waiting`.
Nothing can be called and nothing computed, so a condition always ends at once.

Logic has three values (Kleene): a name whose value is not known makes the condition unknown,
unless the rest settles it (`unknown or true` is true).
"""

from __future__ import annotations

import ast
import operator
import re
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeAlias

Lookup: TypeAlias = Callable[[str], object]
"""Gives the value of a name; KeyError when it is not known."""

_Term: TypeAlias = Callable[[Lookup], object]
"""Gives a value; None stands for an unknown one."""

LENGTH_MAX: Final = 500
EXAMPLE: Final = 'customer.tier == "gold" and queue.sales.waiting < 5'

_DIGITS = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_COMPARISONS: dict[type[ast.cmpop], Callable[[object, object], object]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,  # type: ignore[dict-item]  # TypeError means unknown, see _compared
    ast.LtE: operator.le,  # type: ignore[dict-item]  # as above
    ast.Gt: operator.gt,  # type: ignore[dict-item]  # as above
    ast.GtE: operator.ge,  # type: ignore[dict-item]  # as above
}


class WordingError(ValueError):
    """A condition or a prompt cannot be read: what is wrong, and what to write."""

    def __init__(self, problem: str, remedy: str) -> None:
        """Say both in words for the person who wrote it."""
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


class Condition:
    """One condition, compiled: the names that it uses, in order, and whether it holds."""

    __slots__ = ("_term", "names", "source")

    def __init__(self, source: str, term: _Term, names: tuple[str, ...]) -> None:
        """Keep the text and its compiled form; use `compile_condition`."""
        self.source = source
        self.names = names
        self._term = term

    def holds(self, lookup: Lookup) -> bool | None:
        """Tell whether it holds now; None when that is unknown."""
        return _truth(self._term(lookup))


@lru_cache(maxsize=4096)
def compile_condition(source: str) -> Condition:
    """Compile a condition; the same text is compiled once.

    Raises:
        WordingError: it is no condition of this language.
    """
    if len(source) > LENGTH_MAX:
        problem = f"the condition is longer than {LENGTH_MAX} characters"
        raise WordingError(problem, "two checks, or two rows of one check")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tree = ast.parse(source.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError, Warning):
        problem = f"'{source}' is no condition"
        remedy = f"and, or, not, in, == != < <= > >=, texts in quotes: {EXAMPLE}"
        raise WordingError(problem, remedy) from None
    names: dict[str, None] = {}
    term = _term(tree.body, names)
    return Condition(source, term, tuple(names))


def _term(node: ast.expr, names: dict[str, None]) -> _Term:
    match node:
        case ast.BoolOp(op=ast.And(), values=values):
            return _all_of([_term(value, names) for value in values])
        case ast.BoolOp(values=values):
            return _any_of([_term(value, names) for value in values])
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _not(_term(operand, names))
        case ast.Compare():
            return _comparison(node, names)
        case ast.Name() | ast.Attribute() | ast.Subscript() if not _is_truth(node):
            return _name(_dotted(node), names)
    return _constant(_literal(node))


def _is_truth(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("true", "false")


def _comparison(node: ast.Compare, names: dict[str, None]) -> _Term:
    links: list[_Term] = []
    left = _term(node.left, names)
    for sign, operand in zip(node.ops, node.comparators, strict=True):
        if isinstance(sign, ast.In | ast.NotIn):
            link = _membership(left, operand, names)
            links.append(_not(link) if isinstance(sign, ast.NotIn) else link)
            continue
        compare = _COMPARISONS.get(type(sign))
        if compare is None:
            raise WordingError("'is' does not compare here", f"== or !=: {EXAMPLE}")
        right = _term(operand, names)
        links.append(_compared(left, compare, right))
        left = right
    return links[0] if len(links) == 1 else _all_of(links)


def _membership(left: _Term, operand: ast.expr, names: dict[str, None]) -> _Term:
    """Tell whether a value is in a list of literals, or a text in another text."""
    if isinstance(operand, ast.Tuple | ast.List):
        wanted = [_literal(element) for element in operand.elts]
        return _any_of([_compared(left, operator.eq, _constant(value)) for value in wanted])
    if isinstance(operand, ast.Constant):
        problem = f"'in {ast.unparse(operand)}' has no list behind 'in'"
        raise WordingError(problem, 'customer.tier in ["gold", "silver"]')
    right = _term(operand, names)

    def contains(lookup: Lookup) -> object:
        part, whole = left(lookup), right(lookup)
        return part in whole if isinstance(part, str) and isinstance(whole, str) else None

    return contains


def _literal(node: ast.expr) -> object:
    match node:
        case ast.Constant(value=str() | int() | float() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
        case ast.Name(id=word) if _is_truth(node):
            return word == "true"
    problem = f"'{ast.unparse(node)}' can not stand in a condition: nothing is called or computed"
    raise WordingError(problem, f"names, numbers and texts in quotes: {EXAMPLE}")


def _dotted(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{_dotted(value)}.{name}"
        case ast.Subscript(value=value, slice=ast.Constant(value=str() as name)):
            return f"{_dotted(value)}.{name}"
    problem = f"'{ast.unparse(node)}' is no name"
    raise WordingError(problem, "words with dots: queue.sales.waiting, queue['card-loss'].waiting")


def _constant(value: object) -> _Term:
    return lambda _lookup: value


def _name(name: str, names: dict[str, None]) -> _Term:
    names[name] = None

    def value(lookup: Lookup) -> object:
        try:
            return lookup(name)
        except KeyError:
            return None

    return value


def _not(term: _Term) -> _Term:
    def inverted(lookup: Lookup) -> object:
        truth = _truth(term(lookup))
        return None if truth is None else not truth

    return inverted


def _all_of(terms: list[_Term]) -> _Term:
    return _until(terms, decisive=False)


def _any_of(terms: list[_Term]) -> _Term:
    return _until(terms, decisive=True)


def _until(terms: list[_Term], *, decisive: bool) -> _Term:
    """Judge terms until one has the decisive truth; unknown ones leave the rest to decide."""

    def judged(lookup: Lookup) -> object:
        result: bool | None = not decisive
        for term in terms:
            truth = _truth(term(lookup))
            if truth is decisive:
                return decisive
            if truth is None:
                result = None
        return result

    return judged


def _compared(left: _Term, compare: Callable[[object, object], object], right: _Term) -> _Term:
    def compared(lookup: Lookup) -> object:
        one, other = left(lookup), right(lookup)
        if one is None or other is None:
            return None
        try:
            return compare(_like(one, other), _like(other, one))
        except TypeError:
            return None

    return compared


def _like(value: object, other: object) -> object:
    """Read a text of digits as a number where it is compared with a number."""
    if isinstance(value, str) and type(other) in (int, float) and _DIGITS.fullmatch(value):
        return float(value) if "." in value else int(value)
    return value


def _truth(value: object) -> bool | None:
    return None if value is None else bool(value)

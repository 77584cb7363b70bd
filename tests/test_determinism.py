"""A run must be replayable: pure packages never let a set decide an order."""

from __future__ import annotations

import ast

import pytest

from tests.repository import PURE_PACKAGES, modules, relative, tree

_SETS = {"set", "frozenset", "AbstractSet", "MutableSet"}
_SET_METHODS = {"union", "intersection", "difference", "symmetric_difference", "copy"}
_SET_OPERATORS = ast.BitOr | ast.BitAnd | ast.Sub | ast.BitXor
_KEEP_ORDER = {"list", "tuple", "iter", "enumerate", "map", "filter", "zip", "reversed", "join"}
_FORGET_ORDER = {"sorted", "set", "frozenset", "any", "all", "sum", "len", "min", "max"}


def _name(node: ast.expr) -> str:
    """Give the last word of a name or attribute: `self._ready` is `_ready`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


class _OrderFinder:
    """Finds the places of one module where the order of a set shows.

    It goes by names: what is annotated as a set or is given a set anywhere in the module is one.
    """

    def __init__(self, module: ast.Module) -> None:
        self._nodes = list(ast.walk(module))
        self._set_names: set[str] = set()
        for node in self._nodes:
            self._learn(node)

    def lines(self) -> list[int]:
        """Give the line numbers, in order."""
        harmless: set[ast.expr] = set()
        for node in self._nodes:
            if isinstance(node, ast.Call) and _name(node.func) in _FORGET_ORDER:
                harmless |= {arg for arg in node.args if isinstance(arg, ast.GeneratorExp)}
        return sorted({i.lineno for i in self._iterated(harmless) if self._is_set(i)})

    def _learn(self, node: ast.AST) -> None:
        if isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            whole = node.annotation
            outer = whole.value if isinstance(whole, ast.Subscript) else whole
            if _name(outer) in _SETS:
                self._set_names.add(node.arg if isinstance(node, ast.arg) else _name(node.target))
        elif isinstance(node, ast.Assign) and self._is_set(node.value):
            self._set_names |= {_name(target) for target in node.targets} - {""}

    def _is_set(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Set | ast.SetComp):
            return True
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Attribute) and function.attr in _SET_METHODS:
                return self._is_set(function.value)
            return isinstance(function, ast.Name) and function.id in _SETS
        if isinstance(node, ast.BinOp) and isinstance(node.op, _SET_OPERATORS):
            return self._is_set(node.left) or self._is_set(node.right)
        return _name(node) in self._set_names

    def _iterated(self, harmless: set[ast.expr]) -> list[ast.expr]:
        """Give every expression that is walked through in its own order."""
        found: list[ast.expr] = []
        for node in self._nodes:
            if isinstance(node, ast.For | ast.AsyncFor):
                found.append(node.iter)
            elif isinstance(node, ast.ListComp | ast.DictComp | ast.GeneratorExp):
                found += [] if node in harmless else [part.iter for part in node.generators]
            elif isinstance(node, ast.Starred | ast.YieldFrom):
                found.append(node.value)
            elif isinstance(node, ast.Call) and _name(node.func) in _KEEP_ORDER:
                found += node.args
            elif isinstance(node, ast.Call) and _name(node.func) == "pop" and not node.args:
                found.append(node.func.value if isinstance(node.func, ast.Attribute) else node.func)
        return found


@pytest.mark.parametrize("package", PURE_PACKAGES)
def test_no_order_comes_from_a_set(package: str) -> None:
    assert [
        f"{relative(path)}:{line}"
        for path in modules(package).values()
        for line in _OrderFinder(tree(path)).lines()
    ] == []


@pytest.mark.parametrize(
    "code",
    [
        "for x in {1, 2}: pass",
        "for x in set(y): pass",
        "z = [x for x in frozenset(y)]",
        "z = {x: 1 for x in {a for a in y}}",
        "z = ','.join(set(y))",
        "z = next(iter({1, 2} | y))",
        "ready: set[str] = f()\nfor x in ready: pass",
        "def f(ready: frozenset[str]) -> list[str]: return list(ready)",
        "ready = set()\nfor x in ready.difference(y): pass",
        "class C:\n def f(self): self.ready = {1}\n def g(self): return (*self.ready,)",
        "ready = {1}\nx = ready.pop()",
    ],
)
def test_an_order_that_comes_from_a_set_is_found(code: str) -> None:
    assert _OrderFinder(ast.parse(code)).lines()


@pytest.mark.parametrize(
    "code",
    [
        "for x in sorted({1, 2}): pass",
        "z = {x for x in {1, 2}}",
        "z = any(x > 1 for x in {1, 2})",
        "z = [x for x in y if x in {1, 2}]",
        "ready: dict[str, int] = {}\nfor x in ready: pass",
        "ready = []\nx = ready.pop()",
    ],
)
def test_what_does_not_depend_on_the_order_of_a_set_is_let_through(code: str) -> None:
    assert not _OrderFinder(ast.parse(code)).lines()

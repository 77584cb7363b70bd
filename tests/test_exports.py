"""What the pure packages offer: every name exists, is their own, and says what it is.

That `__all__` is in order is ruff's rule RUF022, and stands in `make lint`.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator

import pytest

from tests.repository import modules, tree

PACKAGES = ("acd", "agents", "csta", "ivr")

pytestmark = pytest.mark.parametrize("package", PACKAGES)


def _exports(package: str) -> list[str]:
    names: list[str] = importlib.import_module(package).__all__
    return names


def _defined(node: ast.stmt) -> Iterator[str]:
    """Give the names that one statement at the top of a module defines."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    yield from (target.id for target in targets if isinstance(target, ast.Name))


def _definitions(package: str) -> dict[str, list[tuple[str, ast.stmt]]]:
    """Give, for each name, the modules of the package that define it, and where."""
    found: dict[str, list[tuple[str, ast.stmt]]] = {}
    for module, path in modules(package).items():
        for node in tree(path).body if module != package else []:
            for name in _defined(node):
                found.setdefault(name, []).append((module, node))
    return found


def test_every_exported_name_exists_once(package: str) -> None:
    exports = _exports(package)
    assert exports, f"{package} offers nothing"
    assert len(exports) == len(set(exports))
    assert [n for n in exports if not hasattr(importlib.import_module(package), n)] == []


def test_every_exported_name_is_defined_in_its_package(package: str) -> None:
    definitions = _definitions(package)
    assert [name for name in _exports(package) if name not in definitions] == []


def test_every_exported_class_and_function_has_a_docstring_of_its_own(package: str) -> None:
    # Constants and aliases say what they are by their name and the comment beside them.
    definitions = _definitions(package)
    assert [
        f"{module}.{name}"
        for name in _exports(package)
        for module, node in definitions.get(name, [])
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not ast.get_docstring(node)
    ] == []

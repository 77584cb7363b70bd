"""What keeps the repository readable: sizes, names, and nothing left lying about."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.repository import PACKAGES, ROOT, files, modules, relative, tree

_FILE_LINES_MAX = 399
_FUNCTION_LINES_MAX = 49
_SAYS_NOTHING = re.compile(r"(?i)(^|_)(utils?|helpers?|commons?|misc|bases?|managers?)(_|$)")
_CLASS_SAYS_NOTHING = re.compile(r"(Utils?|Helpers?|Manager|Base)$")
# The brackets and braces keep these patterns from finding themselves.
_UNFINISHED = re.compile(r"\b(TO[D]O|FIX[M]E|X{3}|NotImplemented[E]rror)\b")
_MACHINE_PATH = re.compile(r"(?<![\w.~$}-])/(work|home|root|Users)/")
_WITH_EXPORTS = {"acd", "agents", "csta", "ivr"}


def _places(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    """Give `file:line: text` of each line in which the pattern is found; binary files have none."""
    found = []
    for path in paths:
        try:
            lines = path.read_text("utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        found += [
            f"{relative(path)}:{number}: {line.strip()}"
            for number, line in enumerate(lines, start=1)
            if pattern.search(line)
        ]
    return found


def test_no_file_is_long() -> None:
    lengths = {relative(p): len(p.read_text("utf-8").splitlines()) for p in files(".py")}
    assert {name: n for name, n in lengths.items() if n > _FILE_LINES_MAX} == {}


def test_no_function_is_long() -> None:
    long = [
        f"{relative(path)}:{node.lineno}: {node.name} has {length} lines"
        for path in files(".py")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > _FUNCTION_LINES_MAX
    ]
    assert long == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    parts = {part for path in files(".py") for part in Path(relative(path)).with_suffix("").parts}
    assert sorted(p for p in parts - {"__init__"} if _SAYS_NOTHING.search(p)) == []


def test_no_class_has_a_name_that_says_nothing() -> None:
    assert [
        f"{relative(path)}:{node.lineno}: {node.name}"
        for path in files(".py")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef) and _CLASS_SAYS_NOTHING.search(node.name)
    ] == []


def test_nothing_is_left_unfinished() -> None:
    assert _places(_UNFINISHED, list(files(".py"))) == []


def test_no_file_names_a_place_of_one_machine() -> None:
    assert _places(_MACHINE_PATH, list(files())) == []


def test_the_lock_names_no_index_and_hashes_everything() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert not re.search(r"://|^\s*-{1,2}(?!hash)[a-z]", lock, re.MULTILINE)
    pins = re.split(r"\n(?=\S)", lock.strip())
    assert [pin.splitlines()[0] for pin in pins if "--hash=sha256:" not in pin] == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (_MACHINE_PATH, "open('/" + "root/x')"),
        (_UNFINISHED, "# TO" + "DO: later"),
        (_SAYS_NOTHING, "string_utils"),
        (_SAYS_NOTHING, "helper"),
        (_CLASS_SAYS_NOTHING, "CallManager"),
    ],
)
def test_these_rules_catch_what_they_are_for(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)


@pytest.mark.parametrize("package", [*PACKAGES, "tests"])
def test_a_package_file_says_what_the_package_is_for_and_holds_nothing_else(package: str) -> None:
    inits = [path for path in modules(package).values() if path.name == "__init__.py"]
    assert inits, f"{package} is no package"
    for path in inits:
        docstring = ast.get_docstring(tree(path))
        assert docstring, f"{relative(path)} has no docstring"
        rest = tree(path).body[1:]
        if package in _WITH_EXPORTS and path.parent.name == package:
            rest = [node for node in rest if not _is_import(node) and not _is_exports(node)]
        held = [ast.unparse(node) for node in rest]
        assert held == [], f"{relative(path)} holds more than a docstring"


def _is_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def _is_exports(node: ast.stmt) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)

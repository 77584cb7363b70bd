"""The table of features: every row that is promised is there, and names tests that exist."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path

import pytest

from tests.repository import ROOT

PAGE = ROOT / "docs" / "acd-features.md"
FEATURES = ROOT.parent / "shared" / "spec" / "features.md"

_ROW = re.compile(r"^\| ([RQOA]\d\d|c\.3-\d+|RG-\d\d) \|(.*)\|$", re.MULTILINE)
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
_PROMISED = re.compile(r"^\| ([RQOA]\d\d) \|.*\| (P0|P0-X) \|$", re.MULTILINE)


def _rows() -> dict[str, str]:
    return dict(_ROW.findall(PAGE.read_text("utf-8")))


@lru_cache(maxsize=256)
def _tests_of(path: str) -> frozenset[str]:
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    nodes = ast.walk(ast.parse(file.read_text("utf-8")))
    return frozenset(
        node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def test_every_row_that_is_promised_stands_in_the_table() -> None:
    if not FEATURES.is_file():
        pytest.skip("../shared/spec/features.md is not here")
    promised = {row for row, _ in _PROMISED.findall(FEATURES.read_text("utf-8"))}
    assert len(promised) > 60
    assert promised - set(_rows()) == set()


@pytest.mark.parametrize(("row", "text"), sorted(_rows().items()))
def test_a_row_names_tests_that_exist_or_says_that_it_is_open(row: str, text: str) -> None:
    named = _TEST.findall(text)
    missing = [f"{path}::{name}" for path, name in named if name not in _tests_of(path)]
    assert missing == []
    assert named or "open:" in text, f"{row} names no test"


def test_no_row_stands_twice() -> None:
    rows = [row for row, _ in _ROW.findall(Path(PAGE).read_text("utf-8"))]
    assert sorted(set(rows)) == sorted(rows)

"""The repository as its own tests read it: files, packages, syntax trees, import contracts."""

from __future__ import annotations

import ast
import os
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

_LINTER = PROJECT["tool"]["importlinter"]
_PURE = next(contract for contract in _LINTER["contracts"] if contract["id"] == "pure")

PACKAGES: list[str] = _LINTER["root_packages"]
PURE_PACKAGES: list[str] = _PURE["source_modules"]
FORBIDDEN: list[str] = _PURE["forbidden_modules"]


def relative(path: Path) -> str:
    """Give the path below the root, with forward slashes."""
    return path.relative_to(ROOT).as_posix()


def files(suffix: str = "") -> Iterator[Path]:
    """Walk the files of the repository that git does not ignore, in order of path."""
    lines = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    ignored = [".git", *(line.strip("/") for line in lines if line and not line.startswith("#"))]

    def kept(names: list[str]) -> list[str]:
        return sorted(n for n in names if not any(fnmatch(n, pattern) for pattern in ignored))

    for folder, folders, names in os.walk(ROOT):
        folders[:] = kept(folders)
        yield from (Path(folder, name) for name in kept(names) if name.endswith(suffix))


def modules(package: str) -> dict[str, Path]:
    """Give every module of a package by its dotted name, the package itself included."""
    top = ROOT.joinpath(*package.split("."))
    paths = [path for path in files(".py") if path.is_relative_to(top)]
    return {relative(path)[:-3].replace("/", ".").removesuffix(".__init__"): path for path in paths}


@cache
def tree(path: Path) -> ast.Module:
    """Parse a Python file."""
    return ast.parse(path.read_text("utf-8"), str(path))

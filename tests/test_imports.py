"""Who may import whom: the contracts of pyproject.toml, and what importing really loads."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path

import pytest

from tests.repository import FORBIDDEN, PURE_PACKAGES, ROOT, modules, relative, tree

# What the pure packages may use; the standard library that these load is not ours to answer for.
_ALLOWED_LIBRARIES = ("msgspec", "ruamel.yaml")


@cache
def _loaded_by(*names: str) -> frozenset[str]:
    """Import the named modules in a process of their own; give what stands in `sys.modules`."""
    code = (
        "import importlib, json, sys\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    command = [sys.executable, "-c", code, *names]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return frozenset(json.loads(done.stdout))


def _imported(path: Path) -> set[str]:
    """Give the top names of what a file imports, at any depth of the file."""
    names = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names


def test_the_import_contracts_are_kept() -> None:
    command = [str(Path(sysconfig.get_path("scripts"), "lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("package", PURE_PACKAGES)
def test_importing_a_pure_package_loads_nothing_that_touches_the_world(package: str) -> None:
    brought = _loaded_by(*modules(package)) - _loaded_by(*_ALLOWED_LIBRARIES)
    assert sorted(brought.intersection(FORBIDDEN)) == []


@pytest.mark.parametrize("package", PURE_PACKAGES)
def test_a_pure_package_imports_nothing_that_touches_the_world(package: str) -> None:
    # An import by name would pass under the linter, so importlib is refused as well.
    refused = {*FORBIDDEN, "importlib"}
    found = {relative(path): _imported(path) & refused for path in modules(package).values()}
    assert {name: sorted(names) for name, names in found.items() if names} == {}


@pytest.mark.parametrize("package", ["acd", "agents", "csta", "ivr"])
def test_importing_a_package_reaches_every_module_of_it(package: str) -> None:
    assert sorted(set(modules(package)) - _loaded_by(package)) == []


def test_reading_the_pure_half_of_the_server_does_not_load_the_live_half() -> None:
    assert not any(name.startswith("ctiserver.live") for name in _loaded_by("ctiserver.core"))

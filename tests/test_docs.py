"""What the docs say is so: links, files, commands, and examples that the real readers take."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from acd.plan_file import read_plan
from console.cli import app
from csta.calendar_file import read_calendars
from csta.documents import read_document
from csta.errors import ConfigError
from ctiserver.live.zones import PackagedZones
from ivr.menu_file import read_flow_text
from scenarios.asterisk_section import read_asterisk
from scenarios.scenario import LIBRARY, read_scenario_text
from scenarios.server_file import read_server_file
from tests.repository import ROOT, relative

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]

_LINK = re.compile(r"\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_FILE = re.compile(r"[\w.-]+(?:/[\w.-]+)+\.(?:py|md|yaml|gz)|[\w-]+\.(?:md|toml|lock)")


def _without_fences(text: str) -> str:
    return _FENCE.sub("", text)


def _anchor(heading: str) -> str:
    """Write a heading as the hosts of repositories write its anchor."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _links() -> list[tuple[Path, str]]:
    return [
        (page, target)
        for page in PAGES
        for target in _LINK.findall(_without_fences(page.read_text("utf-8")))
        if "://" not in target
    ]


def _leads_somewhere(page: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    file = (page.parent / name).resolve() if name else page
    if not file.exists():
        return False
    headings = _HEADING.findall(_without_fences(file.read_text("utf-8"))) if anchor else []
    return not anchor or anchor in map(_anchor, headings)


def test_every_link_leads_somewhere() -> None:
    links = _links()
    assert links, "the docs have no links"
    lost = [f"{relative(page)}: {to}" for page, to in links if not _leads_somewhere(page, to)]
    assert lost == []


def test_every_file_that_is_named_is_there() -> None:
    named = {
        (relative(page), code)
        for page in PAGES
        for code in _CODE.findall(_without_fences(page.read_text("utf-8")))
        if _FILE.fullmatch(code)
    }
    assert len(named) > len(PAGES)
    folders = {page: (ROOT / page).parent for page, _ in named}
    assert (
        sorted(
            f"{page}: {name}"
            for page, name in named
            if not (ROOT / name).exists() and not (folders[page] / name).exists()
        )
        == []
    )


def test_the_map_of_the_readme_has_every_package() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "ctiserver"}
    mapped = set(re.findall(r"^\| `([\w.]+)` \|", readme, re.MULTILINE))
    assert mapped == folders | {"ctiserver.core", "ctiserver.live"}


def test_every_page_can_be_reached_from_the_readme() -> None:
    linked = {target for page, target in _links() if page == ROOT / "README.md"}
    pages = {relative(page) for page in PAGES} - {"README.md", "docs/state-machines.md"}
    assert pages - linked == set()


def _commands() -> list[str]:
    """List the command lines that the docs show, each once, without comments."""
    found: dict[str, None] = {}
    for page in PAGES:
        text = page.read_text("utf-8")
        shown = [
            line for kind, body in _FENCE.findall(text) if kind == "sh" for line in body.split("\n")
        ]
        shown += _CODE.findall(_without_fences(text))
        found |= {line.partition("#")[0].strip(): None for line in shown if line[:8] == "offhook "}
    return list(found)


@pytest.mark.parametrize("line", _commands())
def test_every_command_that_is_shown_exists(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    # With --help a command is not run, but its name and its options are read.
    assert app([*shlex.split(line)[1:], "--help"], standalone_mode=False) == 0
    assert "Usage: " in capsys.readouterr().out


def test_every_target_of_make_that_is_shown_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    shown = {
        target
        for page in PAGES
        for target in re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text("utf-8"), re.MULTILINE)
    }
    assert {"demo", "test"} <= shown
    assert shown - targets == set()


def test_the_sample_of_the_readme_is_what_the_demo_prints() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    sample = next(body for kind, body in _FENCE.findall(readme) if kind == "text").splitlines()
    command = "import sys; from console.cli import main; sys.exit(main())"
    demo = [sys.executable, "-c", command, "demo", "--headless", "--seconds", "0.5"]
    said = subprocess.run(demo, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[:3] == sample[:3]
    story = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}  call [0-9]+: \S.*")
    assert [line for line in sample[3:] if not story.fullmatch(line)] == []


def _read_plan_text(text: str, name: str) -> None:
    section = read_document(text, name)
    read_plan(section, read_calendars(section, PackagedZones()))
    section.done()


def _read_scenario_text(text: str, name: str) -> None:
    read_scenario_text(text, str(LIBRARY / name))


def _read_server_text(text: str, name: str) -> object:
    return read_server_file(read_document(text, name), LIBRARY / name)


def _read_calendars_text(text: str, name: str) -> object:
    section = read_document(text, name)
    calendars = read_calendars(section, PackagedZones())
    section.done()
    return calendars


def _read_asterisk_text(text: str, name: str) -> object:
    document = read_document(text, name)
    with TemporaryDirectory() as folder:
        (Path(folder) / "asterisk.password").write_text("secret")
        asterisk = read_asterisk(document.section("asterisk"), Path(folder))
    document.done()
    return asterisk


READERS: dict[str, Callable[[str, str], object]] = {
    "asterisk": _read_asterisk_text,
    "calendars": _read_calendars_text,
    "flow": read_flow_text,
    "plan": _read_plan_text,
    "scenario": _read_scenario_text,
    "server": _read_server_text,
}


def _examples() -> list[tuple[str, str, str]]:
    """List the YAML examples: kind (its first line, a comment), text, and where it stands."""
    return [
        (body.partition("\n")[0].removeprefix("# "), body, f"{relative(page)}.yaml")
        for page in PAGES
        for kind, body in _FENCE.findall(page.read_text("utf-8"))
        if kind == "yaml"
    ]


def test_there_are_examples_of_each_kind() -> None:
    assert {kind for kind, _, _ in _examples()} == set(READERS)


@pytest.mark.parametrize(("kind", "text", "name"), _examples())
def test_every_example_is_taken_by_its_reader(kind: str, text: str, name: str) -> None:
    READERS[kind](text, Path(name).name)


@pytest.mark.parametrize(("kind", "text", "name"), _examples())
def test_a_key_that_nobody_knows_is_refused(kind: str, text: str, name: str) -> None:
    with pytest.raises(ConfigError, match="'nonsense' is not known here"):
        READERS[kind](f"{text}nonsense: 1\n", Path(name).name)


# Where a page lists all keys, what the reader asks for must be in it.
_KEYS = re.compile(
    r"(?:text|integer|number|share|flag|duration_ms|choice|texts|integers_by_name|section|has"
    r"|optional_section|sections|entries|raw)\(\s*\"(\w+)\"|(?:read_distribution|_prompts|_retry"
    r"|_starts_at|_next_clock|_file|_name|_prefixes|_texts)\(\w+, \"(\w+)\""
)


@pytest.mark.parametrize(
    ("page", "readers"),
    [
        ("flows", ["ivr/menu_file.py"]),
        ("plans", ["acd/plan_file.py", "acd/rule_file.py", "agents/config.py"]),
        ("recipes", ["acd/step_file.py"]),
        ("calendars", ["csta/calendar_file.py"]),
        ("server", ["scenarios/server_file.py"]),
        ("asterisk", ["scenarios/asterisk_section.py"]),
        (
            "scenarios",
            ["scenarios/scenario.py", "scenarios/caller_stream.py", "scenarios/behaviour.py"],
        ),
    ],
)
def test_every_key_that_is_read_is_described(page: str, readers: list[str]) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text("utf-8")
    described = {word for code in _CODE.findall(_without_fences(text)) for word in code.split(".")}
    source = "".join((ROOT / reader).read_text("utf-8") for reader in readers)
    keys = {one or other for one, other in _KEYS.findall(source)}
    assert len(keys) > 5
    assert sorted(keys - described) == []

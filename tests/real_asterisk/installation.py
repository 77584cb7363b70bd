"""What the tests of this package need on the machine: Asterisk 22 in a chroot, sipp, baresip.

Debian's stable suite has no Asterisk: it is installed from a newer suite of the mirror that this
machine's own apt uses, into a folder of its own, and the machine stays as it is.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

CHROOT = Path(os.environ.get("OFFHOOK_ASTERISK_ROOT", "/opt/asterisk-root"))
"""Where Asterisk is installed, or will be."""
_SUITES = ("forky", "sid")
_ASTERISK = (
    "asterisk",
    "asterisk-modules",
    "asterisk-core-sounds-en-gsm",
    "asterisk-core-sounds-en-wav",
    "asterisk-moh-opsound-wav",
)
_PROGRAMS = {"mmdebstrap": "mmdebstrap", "sipp": "sip-tester", "baresip": "baresip-core"}
_DONE = ".complete"


def need_asterisk() -> Path:
    """Give the chroot with Asterisk in it; make it where that can be, or skip (in CI: fail)."""
    if os.geteuid() != 0:
        _without("needs root: Asterisk runs in a chroot, and sipp sends digits by a raw socket")
    if not all(map(shutil.which, _PROGRAMS)):
        if not shutil.which("apt-get"):
            _without(f"needs {', '.join(_PROGRAMS)}, and there is no apt-get to install them")
        _install_programs()
    if not (CHROOT / _DONE).exists():
        install_asterisk()
    return CHROOT


def _without(words: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(words)
    pytest.skip(words)


def _run(*command: str) -> str:
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"{' '.join(command)}:\n{error.stderr[-2_000:]}") from error
    return done.stdout


def _install_programs() -> None:
    install = (
        *("apt-get", "-o", "DPkg::Lock::Timeout=300", "install", "-qq", "-y"),
        *("--no-install-recommends", *_PROGRAMS.values()),
    )
    try:
        _run(*install)
    except RuntimeError:
        _run("apt-get", "update", "-qq")
        _run(*install)


def _mirror() -> str:
    """Give the address from which this machine's apt gets its own suite."""
    release = Path("/etc/os-release").read_text("utf-8")
    found = re.search(r"^VERSION_CODENAME=(\S+)$", release, re.MULTILINE)
    assert found, "this is no Debian: /etc/os-release has no VERSION_CODENAME"
    sites = _run(
        *("apt-get", "indextargets", "--format", "$(SITE)"),
        *("Created-By: Packages", f"Codename: {found[1]}", "Component: main"),
    ).split()
    assert sites, f"apt knows no mirror of {found[1]}: run apt-get update"
    return sites[0]


def install_asterisk() -> None:
    """Make the chroot, in a minute or two; the next one who asks waits for the first.

    Raises:
        RuntimeError: No suite of the mirror gave an Asterisk; it says why.
    """
    CHROOT.parent.mkdir(parents=True, exist_ok=True)
    with Path(f"{CHROOT}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (CHROOT / _DONE).exists():
            return
        fresh = Path(f"{CHROOT}.new")
        failures = []
        for suite in _SUITES:
            shutil.rmtree(fresh, ignore_errors=True)
            try:
                _bootstrap(suite, fresh)
            except RuntimeError as error:
                failures.append(str(error))
                continue
            (fresh / _DONE).write_text(f"{suite}\n")
            shutil.rmtree(CHROOT, ignore_errors=True)
            fresh.rename(CHROOT)
            return
    raise RuntimeError("\n".join(failures))


def _bootstrap(suite: str, folder: Path) -> None:
    mirror = _mirror()
    # This machine's way to its mirror, a proxy for instance, is the way of the chroot too.
    setting = re.compile(r"^(Acquire::(?:https?|ftp|Retries|Check-)\S*) (.*);$", re.MULTILINE)
    ways = setting.findall(_run("apt-config", "dump"))
    options = [f"--aptopt={name} {value}" for name, value in ways]
    _run(
        *("mmdebstrap", "--quiet", "--variant=apt", *options),
        '--aptopt=APT::Install-Recommends "false"',
        *(f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("doc", "locale", "man")),
        f"--include={','.join(_ASTERISK)}",
        *(suite, str(folder), f"deb {mirror} {suite} main"),
    )

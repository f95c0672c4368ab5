"""Installing system packages where that may be done unasked: as root on Debian and its kin."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from netcafe_face.i18n import _
from netcafe_face.startup.console import say

_LOCK_TIMEOUT_S = 300


def is_debian() -> bool:
    """Tell whether packages come from apt here."""
    return Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None


def may_install() -> bool:
    """Tell whether this process is root on Debian or its kin."""
    return sys.platform != "win32" and is_debian() and os.geteuid() == 0


def install_packages(packages: Sequence[str]) -> bool:
    """Install packages with apt-get after saying so; print all it said and return False when that fails."""
    say(_("Installing with apt-get: {packages}").format(packages=" ".join(packages)))
    install = ["install", "-y", "--no-install-recommends", *packages]
    # An index from the day the image was made often names files that are gone: fetch it anew and try again.
    if _apt_get(install) is None:
        return True
    output = _apt_get(["update"]) or ""
    failed = _apt_get(install)
    if failed is None:
        return True
    say(output + failed)
    return False


def _apt_get(arguments: Sequence[str]) -> str | None:
    """Run apt-get and return its output when it failed, else None."""
    finished = subprocess.run(
        ["apt-get", "-q", "-o", f"DPkg::Lock::Timeout={_LOCK_TIMEOUT_S}", *arguments],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    return finished.stdout if finished.returncode else None

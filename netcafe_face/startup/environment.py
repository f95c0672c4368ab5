"""The environment to run in: the current one where it has the packages, else a `.venv` beside main.py."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from netcafe_face.domain.errors import EnsurepipMissing, PackagesNotInstalled
from netcafe_face.i18n import _
from netcafe_face.startup.console import say, show
from netcafe_face.startup.requirements import (
    Requirement,
    installed_versions,
    missing_requirements,
    read_requirements,
)

UNFINISHED = "netcafe-unfinished"
"""A file in an environment that is there while it is being made: left over, it tells of an interruption."""

LOCK = "netcafe-set-up.lock"


def ensure_environment(requirements: Path, notes: Mapping[str, str] = MappingProxyType({})) -> Path | None:
    """Return None when this interpreter has the packages, else the interpreter to carry on with.

    An environment is made, repaired or brought up to date first where needed, saying so; of several starts
    at once one does it and the others wait.

    Args:
        requirements: the file of pins.
        notes: what to say, translated, before a package of this canonical name is installed.

    Raises:
        PackagesNotInstalled: it could not be made.
        EnsurepipMissing: this Python cannot make one.
    """
    wanted = read_requirements(requirements)
    here = Path(sys.prefix)
    if not (here / UNFINISHED).exists() and not missing_requirements(wanted, installed_versions(sys.path)):
        return None
    folders = environment_folders(requirements.parent)
    for folder in folders:
        if folder != here and is_ready(folder, wanted):
            return interpreter(folder)
    refused: list[str] = []
    for folder in folders:
        try:
            return _set_up(folder, requirements, wanted, notes)
        except OSError as error:
            refused.append(f"{folder}: {error.strerror or error}")
    raise PackagesNotInstalled(
        reason="; ".join(refused),
        remedy=_("Make one of these folders writable, or copy the program to a folder of yours."),
    )


def environment_folders(root: Path) -> tuple[Path, ...]:
    """Return where the environment may lie: beside main.py, or in the user's data if that is read-only."""
    import hashlib  # here and below: what a start seldom needs is not loaded at every start

    mark = hashlib.sha256(os.fsencode(root)).hexdigest()[:12]
    if sys.platform == "win32":
        data = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        data = Path.home() / "Library" / "Application Support"
    else:
        data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return root / ".venv", data / "netcafe-face" / f"venv-{mark}"


def interpreter(folder: Path) -> Path:
    """Return the Python of an environment."""
    if sys.platform == "win32":
        windowless = Path(sys.executable).stem.lower() == "pythonw"
        return folder / "Scripts" / ("pythonw.exe" if windowless else "python.exe")
    return folder / "bin" / "python"


def is_ready(folder: Path, wanted: Sequence[Requirement]) -> bool:
    """Tell whether an environment was finished, has a Python that may be run, and has the packages."""
    # Unlike Path.exists, these say no instead of failing where another user's Python may not be looked at.
    unfinished, usable = os.path.exists(folder / UNFINISHED), os.access(interpreter(folder), os.X_OK)  # noqa: PTH110
    return usable and not unfinished and not _lacking(folder, wanted)


def _lacking(folder: Path, wanted: Sequence[Requirement]) -> tuple[Requirement, ...]:
    return missing_requirements(wanted, installed_versions([_site_packages(folder)]))


def _site_packages(folder: Path) -> Path:
    if sys.platform == "win32":
        return folder / "Lib" / "site-packages"
    try:
        told = re.search(
            r"(?m)^version\s*=\s*(\d+\.\d+)", (folder / "pyvenv.cfg").read_text(encoding="utf-8")
        )
    except OSError:
        told = None
    return folder / "lib" / f"python{told[1] if told else ''}" / "site-packages"


def _set_up(
    folder: Path, requirements: Path, wanted: Sequence[Requirement], notes: Mapping[str, str]
) -> Path:
    from netcafe_face.startup.installer import install
    from netcafe_face.startup.lock import exclusive

    folder.mkdir(parents=True, exist_ok=True)
    with exclusive(folder / LOCK, _say_waiting):
        if is_ready(folder, wanted) and folder != Path(sys.prefix):
            return interpreter(folder)
        unfinished = folder / UNFINISHED
        if unfinished.exists():
            say(_("The last set-up was interrupted: starting it afresh."))
        if unfinished.exists() or not _has_pip(folder):
            _create(folder)
        lacking = _lacking(folder, wanted)
        say(_("Installing {count} packages into {folder} …").format(count=len(lacking), folder=folder))
        for entry in lacking:
            if entry.key in notes:
                say(notes[entry.key])
        try:
            # Stopped while it only fetches, an environment is what it was, and still serves other starts.
            install(_console_interpreter(folder), requirements, len(lacking), unfinished.touch)
        except PackagesNotInstalled:
            unfinished.unlink(missing_ok=True)  # pip ended by itself and took back what it had begun
            raise
        if lacking := _lacking(folder, wanted):
            names = ", ".join(entry.name for entry in lacking)
            raise PackagesNotInstalled(
                reason=_("pip did not install {names}").format(names=names),
                remedy=_("Delete the folder {folder}, then start again.").format(folder=folder),
            )
        unfinished.unlink(missing_ok=True)
        say(_("Everything is installed."))
        return interpreter(folder)


def _say_waiting() -> None:
    say(_("Another start is installing the packages: waiting for it to finish …"))


def _has_pip(folder: Path) -> bool:
    """Tell whether an environment is whole, for the Python that runs it now, and has pip."""
    if folder == Path(sys.prefix):
        return importlib.util.find_spec("pip") is not None
    return interpreter(folder).exists() and (_site_packages(folder) / "pip").is_dir()


def _console_interpreter(folder: Path) -> Path:
    python = interpreter(folder)
    return python.with_name("python.exe") if python.name == "pythonw.exe" else python


def _create(folder: Path) -> None:
    """Make an empty environment in a folder, instead of what is there."""
    import shutil
    import subprocess

    _require_ensurepip()
    say(_("Making a Python environment in {folder} …").format(folder=folder))
    show("  …")
    (folder / UNFINISHED).touch()
    for entry in folder.iterdir():
        if entry.name in (LOCK, UNFINISHED):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    base = str(getattr(sys, "_base_executable", "") or sys.executable)
    made = subprocess.run(
        [base, "-m", "venv", str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    show("")
    if made.returncode:
        say(made.stdout)
        raise PackagesNotInstalled(
            reason=_("no Python environment can be made, see above"),
            remedy=_("Correct what is named there, then start again."),
        )
    (folder / UNFINISHED).unlink()


def _require_ensurepip() -> None:
    if _can_make_environments():
        return
    from netcafe_face.startup import apt

    if not apt.is_debian():
        raise PackagesNotInstalled(
            reason=_("this Python was built without “venv” and “ensurepip”"),
            remedy=_("Install them, or use the Python from python.org, then start again."),
        )
    package = venv_package()
    if apt.may_install():
        say(_("This Python cannot make virtual environments yet."))
        apt.install_packages([package])
        importlib.invalidate_caches()
    if not _can_make_environments():
        raise EnsurepipMissing(package=package)


def _can_make_environments() -> bool:
    return all(importlib.util.find_spec(name) is not None for name in ("venv", "ensurepip"))


def venv_package() -> str:
    """Return the Debian package that this Python lacks: `python3-venv` if it is the system's own."""
    base = Path(getattr(sys, "_base_executable", "") or sys.executable)
    if base.resolve() == Path("/usr/bin/python3").resolve():
        return "python3-venv"
    return f"python3.{sys.version_info.minor}-venv"

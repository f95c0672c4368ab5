"""From `python3 main.py …` to the command line: packages, display, libraries."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from netcafe_face import i18n
from netcafe_face.config.qt_environment import Display, choose_platform
from netcafe_face.domain.errors import NetcafeError, PackagesNotInstalled
from netcafe_face.i18n import _
from netcafe_face.startup.console import say
from netcafe_face.startup.environment import ensure_environment
from netcafe_face.startup.libraries import ensure_libraries, needed_libraries

ROOT = Path(__file__).resolve().parents[2]
"""The folder of main.py."""

_RESTARTS = "NETCAFE_FACE_RESTARTS"
_MOST_RESTARTS = 2
_OPTIONS_WITH_VALUE = ("--data", "--lang")
_SHOWS_WINDOW = ("", "demo", "test")
_FOR_TRAINING = "requirements-train.txt"


def prepare(argv: Sequence[str]) -> int | None:
    """Make ready whatever a command needs, and return None when it can run here and now, else an exit status.

    That status is of the command itself where it ran in another environment, or of `test`, which runs here.

    Args:
        argv: the arguments after main.py; none opens the window.
    """
    try:
        i18n.set_language(_language(argv))
        return _prepare(list(argv))
    except NetcafeError as error:
        say(error.explain(_))
        return error.exit_code
    except KeyboardInterrupt:
        say(_("Stopped."))
        return 130


def run_tests(arguments: Sequence[str]) -> int:
    """Run pytest in the folder of main.py, with the packages for developers, and return its exit status."""
    return prepare(["test", *arguments]) or 0


def split_command(argv: Sequence[str]) -> tuple[str, list[str]]:
    """Return the command among the arguments and what comes after it.

    The command is "" for the window and "--help" where only help or the version is asked for.
    """
    skip = False
    found: tuple[str, list[str]] = ("", [])
    for position, argument in enumerate(argv):
        if argument in ("--help", "--version", "-h"):
            return "--help", []
        if found[0]:
            continue
        if skip:
            skip = False
        elif argument in _OPTIONS_WITH_VALUE:
            skip = True
        elif not argument.startswith("-"):
            found = argument, list(argv[position + 1 :])
    return found


def requirements_for(command: str, rest: Sequence[str]) -> str:
    """Return the requirement file that a command needs; the later ones include the earlier."""
    if (command == "train" and rest) or (command == "test" and "--trainer" in rest):
        return _FOR_TRAINING
    return "requirements-dev.txt" if command == "test" else "requirements.txt"


def _prepare(argv: list[str]) -> int | None:
    command, rest = split_command(argv)
    python = ensure_environment(ROOT / requirements_for(command, rest), _notes())
    if python is not None:
        return _restart(python, argv)
    os.environ.pop(_RESTARTS, None)
    if command in ("doctor", "--help"):
        return None  # the doctor looks for itself, and tells instead of refusing
    if command == "train":
        ensure_libraries(needed_libraries(None))
        return None
    display = choose_platform()
    if display is Display.NONE and command in _SHOWS_WINDOW:
        say(_("No display was found: windows are drawn off screen (QT_QPA_PLATFORM=offscreen)."))
    ensure_libraries(needed_libraries(display))
    if command == "test":
        os.chdir(ROOT)
        return _replace_process([sys.executable, "-m", "pytest", *rest])
    return None


def _notes() -> dict[str, str]:
    if not sys.platform.startswith("linux"):
        return {}
    text = _(
        "PyTorch is among them: up to 3 GB to fetch and 6 GB on disk, because PyPI's build for Linux brings "
        "CUDA. The build without it takes 0.2 GB and 0.8 GB; the README says how to get it. Ctrl-C stops."
    )
    return {"torch": text}


def _restart(python: Path, argv: Sequence[str]) -> int:
    restarts = int(os.environ.get(_RESTARTS, "0"))
    if restarts >= _MOST_RESTARTS:
        raise PackagesNotInstalled(
            reason=_("the environment of {python} does not hold what was installed into it").format(
                python=python
            ),
            remedy=_("Delete the folder {folder}, then start again.").format(folder=python.parents[1]),
        )
    os.environ[_RESTARTS] = str(restarts + 1)
    return _replace_process([str(python), str(ROOT / "main.py"), *argv])


def _replace_process(command: list[str]) -> int:
    """Go on as another command; on Windows, where that would return to the prompt at once, wait for it."""
    if sys.platform != "win32":
        sys.stdout.flush()
        os.execv(command[0], command)
    import subprocess

    with subprocess.Popen(command) as child:
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:  # the child was told as well
                continue


def _language(argv: Sequence[str]) -> str:
    wanted = ""
    for position, argument in enumerate(argv):
        if argument == "--lang" and position + 1 < len(argv):
            wanted = argv[position + 1]
        elif argument.startswith("--lang="):
            wanted = argument.partition("=")[2]
    return wanted if wanted in i18n.LANGUAGES else ""

"""Checks of the computer: Python, packages, libraries, Qt, the networks' runtime, cameras."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from netcafe_face.config.qt_environment import PLATFORM_VARIABLE, Display, choose_platform
from netcafe_face.doctor.finding import Finding, State, guarded
from netcafe_face.domain.errors import N_
from netcafe_face.i18n import _
from netcafe_face.startup.launch import ROOT
from netcafe_face.startup.libraries import Library, install_command, missing_libraries, needed_libraries
from netcafe_face.startup.requirements import (
    Requirement,
    installed_versions,
    missing_requirements,
    read_requirements,
)

if TYPE_CHECKING:
    from netcafe_face.camera.webcams import WebcamInfo

OLDEST, NEWEST = (3, 11), (3, 14)
"""Versions of Python that the pinned packages have wheels for."""

_REINSTALL = N_("Delete the folder .venv beside main.py, then start again.")
_QT_TIMEOUT_S = 30
_OPEN_QT = (
    "from PyQt6.QtWidgets import QApplication; from PyQt6.QtCore import qVersion\n"
    "app = QApplication([]); print(app.platformName(), qVersion())"
)


def check_system() -> Iterator[Finding]:
    """Yield the findings about this computer."""
    environ = dict(os.environ)
    display = choose_platform(environ)
    libraries = missing_libraries(needed_libraries(display))
    repair = install_command(libraries) if libraries else _(_REINSTALL)
    yield check_python((sys.version_info.major, sys.version_info.minor), sys.maxsize > 2**32)
    yield from guarded(_("Packages"), lambda: [_check_packages()])
    yield check_libraries(libraries)
    yield check_qt(display, environ, repair)
    yield from guarded(_("Networks"), _check_networks, repair)
    yield from guarded(_("Cameras"), _check_cameras, repair)


def check_python(version: tuple[int, int], is_64_bit: bool) -> Finding:
    """Judge a version of Python."""
    name, text = "Python", f"{version[0]}.{version[1]} ({sys.executable})"
    advice = _("Install 64-bit Python 3.13 from https://www.python.org/downloads/.")
    if version < OLDEST or not is_64_bit:
        return Finding(
            name, State.FAIL, text if is_64_bit else _("{version}, 32 bits").format(version=text), advice
        )
    if version > NEWEST:
        return Finding(
            name, State.WARN, _("{version} is newer than what was tested").format(version=text), advice
        )
    return Finding(name, State.OK, text)


def check_packages(wanted: Sequence[Requirement], installed: Mapping[str, str]) -> Finding:
    """Compare what is installed with the pins: a missing package fails, another version warns."""
    name = _("Packages")
    lacking = missing_requirements(wanted, installed)
    if not lacking:
        return Finding(name, State.OK, _("all {count} in the pinned versions").format(count=len(wanted)))
    absent = [entry.name for entry in lacking if entry.key not in installed]
    if absent:
        return Finding(name, State.FAIL, _("missing: {names}").format(names=", ".join(absent)), _(_REINSTALL))
    others = ", ".join(f"{entry.name} {installed[entry.key]} ≠ {entry.version}" for entry in lacking)
    return Finding(
        name, State.WARN, _("other versions than tested: {names}").format(names=others), _(_REINSTALL)
    )


def check_libraries(missing: Sequence[Library]) -> Finding:
    """Judge what the loader does not find."""
    name = _("System libraries")
    if not missing:
        return Finding(name, State.OK, _("all there"))
    names = ", ".join(entry.soname for entry in missing)
    return Finding(name, State.FAIL, _("missing: {names}").format(names=names), install_command(missing))


def check_qt(display: Display, environ: Mapping[str, str], remedy: str) -> Finding:
    """Open Qt in a child process, which it would end if its platform did not work, and judge the display."""
    name = _("Window system")
    try:
        tried = subprocess.run(
            [sys.executable, "-c", _OPEN_QT],
            env=dict(environ),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_QT_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Finding(name, State.FAIL, _("Qt does not answer"), remedy)
    if tried.returncode:
        lines = tried.stderr.strip().splitlines() or [str(tried.returncode)]
        words = next((line for line in lines if line.startswith("qt.")), lines[-1])
        return Finding(name, State.FAIL, _("Qt cannot open a window: {words}").format(words=words), remedy)
    platform, version = tried.stdout.split()
    detail = _("Qt {version}, platform “{platform}”").format(version=version, platform=platform)
    if display is Display.NONE:
        advice = _("No display was found, so windows are drawn off screen: start from a desktop to see them.")
        return Finding(name, State.WARN, detail, advice)
    if display is Display.CHOSEN:
        detail += f" ({PLATFORM_VARIABLE})"
    return Finding(name, State.OK, detail)


def check_webcams(webcams: Sequence[WebcamInfo]) -> Finding:
    """Judge the webcams found."""
    name = _("Cameras")
    if webcams:
        return Finding(name, State.OK, ", ".join(f"{webcam.name} ({webcam.index})" for webcam in webcams))
    advice = _("Plug one in, or use a network camera or a video file.")
    return Finding(name, State.WARN, _("no webcam found"), advice)


def _check_packages() -> Finding:
    wanted = read_requirements(Path(ROOT) / "requirements.txt")
    return check_packages(wanted, installed_versions(sys.path))


def _check_networks() -> Iterator[Finding]:
    import onnxruntime

    from netcafe_face.vision.runtime import available_providers

    detail = _("ONNX Runtime {version} runs on: {providers}")
    offered = ", ".join(available_providers())
    yield Finding(_("Networks"), State.OK, detail.format(version=onnxruntime.__version__, providers=offered))


def _check_cameras() -> Iterator[Finding]:
    import cv2  # noqa: F401 - the drivers are asked through it, on a thread that could not tell of its absence

    from netcafe_face.camera.webcams import list_webcams

    yield check_webcams(list_webcams())

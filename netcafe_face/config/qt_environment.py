"""The environment variables that Qt reads: choosing its platform, and undoing what OpenCV does to them."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import MutableMapping
from enum import Enum
from pathlib import Path

PLATFORM_VARIABLE = "QT_QPA_PLATFORM"
_OPENCV_VARIABLES = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")
_CONNECT_TIMEOUT_S = 2.0


class Display(Enum):
    """Where windows go."""

    NATIVE = "native"
    X11 = "x11"
    WAYLAND = "wayland"
    NONE = "none"
    CHOSEN = "chosen"


def choose_platform(environ: MutableMapping[str, str] = os.environ, system: str = sys.platform) -> Display:
    """Set QT_QPA_PLATFORM to offscreen where Linux has no display that answers, and return what was found.

    A platform that a person chose stays (`CHOSEN`); Windows and macOS always have one (`NATIVE`).
    """
    if environ.get(PLATFORM_VARIABLE):
        return Display.CHOSEN
    if not system.startswith("linux"):
        return Display.NATIVE
    wayland = _wayland_answers(environ)
    x11 = _x11_answers(environ.get("DISPLAY", ""))
    if x11:
        return Display.X11
    environ[PLATFORM_VARIABLE] = "wayland" if wayland else "offscreen"
    return Display.WAYLAND if wayland else Display.NONE


def forget_opencv_plugins(environ: MutableMapping[str, str] = os.environ) -> None:
    """Remove the Qt variables that importing cv2 set: they lead PyQt6 to OpenCV's own, older Qt plugins.

    Call it after the import of cv2 and before the QApplication is made. What a person set stays.
    """
    for name in _OPENCV_VARIABLES:
        if "cv2" in Path(environ.get(name, "")).parts:
            del environ[name]


def _wayland_answers(environ: MutableMapping[str, str]) -> bool:
    name = environ.get("WAYLAND_DISPLAY", "")
    return bool(name) and _connects(str(Path(environ.get("XDG_RUNTIME_DIR", "/run")) / name))


def _x11_answers(display: str) -> bool:
    """Tell whether an X server listens at a DISPLAY such as `:0`, `unix/:1.0` or `host:10.0`."""
    parts = re.fullmatch(r"(?P<host>[^:]*|\[.*\]):(?P<number>\d+)(\.\d+)?", display)
    if parts is None:
        return bool(display) and _connects(display.split(":")[0])
    import socket

    host, number = parts["host"].strip("[]"), int(parts["number"])
    if host and not host.startswith("unix") and not host.startswith("/"):
        try:
            socket.create_connection((host, 6000 + number), _CONNECT_TIMEOUT_S).close()
        except OSError:
            return False
        return True
    path = f"/tmp/.X11-unix/X{number}"
    return _connects("\0" + path) or _connects(path)


def _connects(address: str) -> bool:
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_CONNECT_TIMEOUT_S)
        try:
            probe.connect(address)
        except (OSError, ValueError):
            return False
    return True

"""The libraries of a Linux system that the wheels of PyQt6 and OpenCV expect to find.

The lists are what `objdump -p` names in the shared objects of PyQt6-Qt6 6.11 (QtWidgets, QtNetwork, QtSvg and
the xcb, wayland and offscreen platforms) and opencv-python 5.0, without what those wheels carry themselves.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from netcafe_face.config.qt_environment import Display
from netcafe_face.domain.errors import SystemLibrariesMissing
from netcafe_face.i18n import _
from netcafe_face.startup.console import say

_LOADER_CACHE = Path("/etc/ld.so.cache")


@dataclass(frozen=True)
class Library:
    """A shared library and the package that has it in each family of systems."""

    soname: str
    debian: str
    fedora: str
    arch: str


OPENCV = (
    Library("libGL.so.1", "libgl1", "libglvnd-glx", "libglvnd"),
    Library("libxcb.so.1", "libxcb1", "libxcb", "libxcb"),
    Library("libglib-2.0.so.0", "libglib2.0-0", "glib2", "glib2"),
    Library("libgthread-2.0.so.0", "libglib2.0-0", "glib2", "glib2"),
    Library("libz.so.1", "zlib1g", "zlib", "zlib"),
    Library("libstdc++.so.6", "libstdc++6", "libstdc++", "gcc-libs"),
)
"""Needed to read and shrink pictures, where there is no window at all."""

BASE = (
    *OPENCV,
    Library("libEGL.so.1", "libegl1", "libglvnd-egl", "libglvnd"),
    Library("libX11.so.6", "libx11-6", "libX11", "libx11"),
    Library("libxkbcommon.so.0", "libxkbcommon0", "libxkbcommon", "libxkbcommon"),
    Library("libfontconfig.so.1", "libfontconfig1", "fontconfig", "fontconfig"),
    Library("libfreetype.so.6", "libfreetype6", "freetype", "freetype2"),
    Library("libdbus-1.so.3", "libdbus-1-3", "dbus-libs", "dbus"),
    Library("libgssapi_krb5.so.2", "libgssapi-krb5-2", "krb5-libs", "krb5"),
    Library("libzstd.so.1", "libzstd1", "libzstd", "zstd"),
    Library("libbrotlidec.so.1", "libbrotli1", "libbrotli", "brotli"),
)
"""Needed for windows that are drawn off screen, and with them for most commands."""

X11 = (
    Library("libX11-xcb.so.1", "libx11-xcb1", "libX11-xcb", "libx11"),
    Library("libxcb-cursor.so.0", "libxcb-cursor0", "xcb-util-cursor", "xcb-util-cursor"),
    Library("libxcb-icccm.so.4", "libxcb-icccm4", "xcb-util-wm", "xcb-util-wm"),
    Library("libxcb-image.so.0", "libxcb-image0", "xcb-util-image", "xcb-util-image"),
    Library("libxcb-keysyms.so.1", "libxcb-keysyms1", "xcb-util-keysyms", "xcb-util-keysyms"),
    Library("libxcb-render-util.so.0", "libxcb-render-util0", "xcb-util-renderutil", "xcb-util-renderutil"),
    Library("libxcb-util.so.1", "libxcb-util1", "xcb-util", "xcb-util"),
    Library("libxcb-randr.so.0", "libxcb-randr0", "libxcb", "libxcb"),
    Library("libxcb-render.so.0", "libxcb-render0", "libxcb", "libxcb"),
    Library("libxcb-shape.so.0", "libxcb-shape0", "libxcb", "libxcb"),
    Library("libxcb-shm.so.0", "libxcb-shm0", "libxcb", "libxcb"),
    Library("libxcb-sync.so.1", "libxcb-sync1", "libxcb", "libxcb"),
    Library("libxcb-xfixes.so.0", "libxcb-xfixes0", "libxcb", "libxcb"),
    Library("libxcb-xkb.so.1", "libxcb-xkb1", "libxcb", "libxcb"),
    Library("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", "libxkbcommon-x11", "libxkbcommon-x11"),
)
"""Needed besides for windows on an X display."""

WAYLAND = (
    Library("libwayland-client.so.0", "libwayland-client0", "libwayland-client", "wayland"),
    Library("libwayland-cursor.so.0", "libwayland-cursor0", "libwayland-cursor", "wayland"),
)
"""Needed besides for windows on a Wayland display."""


def needed_libraries(display: Display | None, system: str = sys.platform) -> tuple[Library, ...]:
    """Return what a display needs, or a command that never shows a window (None): nothing outside Linux."""
    if not system.startswith("linux"):
        return ()
    if display is None:
        return OPENCV
    return BASE + {Display.X11: X11, Display.WAYLAND: WAYLAND}.get(display, ())


def missing_libraries(needed: Iterable[Library]) -> tuple[Library, ...]:
    """Return those that the loader does not find.

    The loader's own cache answers within a millisecond; only what it lacks is truly loaded, to be sure.
    """
    try:
        cache = _LOADER_CACHE.read_bytes()
    except OSError:
        cache = b""
    return tuple(
        entry for entry in needed if entry.soname.encode() + b"\0" not in cache and not _loads(entry.soname)
    )


def install_command(missing: Sequence[Library], os_release: str | None = None) -> str:
    """Return the line that installs the libraries on this system.

    Args:
        missing: what to install.
        os_release: the text of /etc/os-release, read here when None.
    """
    kin = _kin(_os_release() if os_release is None else os_release)
    if kin & {"fedora", "rhel", "centos"}:
        return "sudo dnf install " + _joined(entry.fedora for entry in missing)
    if kin & {"arch", "manjaro"}:
        return "sudo pacman -S " + _joined(entry.arch for entry in missing)
    if kin & {"debian", "ubuntu"}:
        return "sudo apt-get install " + _joined(entry.debian for entry in missing)
    names = _joined(entry.soname for entry in missing)
    return _("install with your system's package manager what provides {names}").format(names=names)


def ensure_libraries(needed: Sequence[Library]) -> None:
    """Install what is missing of the needed, as root on Debian and its kin after saying so.

    Raises:
        SystemLibrariesMissing: something is missing and was not installed; it names the exact command.
    """
    missing = missing_libraries(needed)
    if not missing:
        return
    from netcafe_face.startup import apt

    if apt.may_install():
        names = ", ".join(entry.soname for entry in missing)
        say(_("System libraries are missing: {names}.").format(names=names))
        apt.install_packages(_joined(entry.debian for entry in missing).split())
        missing = missing_libraries(needed)
    if missing:
        raise SystemLibrariesMissing(
            libraries=", ".join(entry.soname for entry in missing), command=install_command(missing)
        )


def _loads(soname: str) -> bool:
    import ctypes

    try:
        ctypes.CDLL(soname)
    except OSError:
        return False
    return True


def _joined(names: Iterable[str]) -> str:
    return " ".join(sorted(set(names)))


def _os_release() -> str:
    try:
        return Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return ""


def _kin(os_release: str) -> set[str]:
    values: list[str] = []
    for line in os_release.splitlines():
        key, _separator, value = line.partition("=")
        if key in ("ID", "ID_LIKE"):
            values.extend(value.strip().strip("\"'").lower().split())
    return set(values)

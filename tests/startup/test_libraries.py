from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

from netcafe_face.config.qt_environment import Display
from netcafe_face.domain.errors import SystemLibrariesMissing
from netcafe_face.startup import apt
from netcafe_face.startup.libraries import (
    BASE,
    OPENCV,
    WAYLAND,
    X11,
    Library,
    ensure_libraries,
    install_command,
    missing_libraries,
    needed_libraries,
)

linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="these libraries are Linux's")
ABSENT = Library("libnetcafe-none.so.9", "libnetcafe-none9", "netcafe-none", "netcafe-none-arch")
DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n'
OF_LIBC = {f"lib{name}.so" for name in ("c", "m", "dl", "rt", "pthread", "resolv", "gcc_s")} | {
    "ld-linux-x86-64.so"
}


def needed_by(path: Path) -> set[str]:
    """Read the DT_NEEDED names of a 64-bit little-endian ELF file."""
    data = path.read_bytes()
    (sections_at,) = struct.unpack_from("<Q", data, 0x28)
    size, count = struct.unpack_from("<HH", data, 0x3A)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, sections_at + n * size) for n in range(count)]
    names: set[str] = set()
    for _name, kind, _flags, _address, offset, length, link, *_rest in sections:
        if kind != 6:  # SHT_DYNAMIC
            continue
        strings = sections[link][4]
        for at in range(offset, offset + length, 16):
            tag, value = struct.unpack_from("<QQ", data, at)
            if tag == 1:  # DT_NEEDED
                end = data.index(b"\0", strings + value)
                names.add(data[strings + value : end].decode())
    return names


def asked_of_the_system(start: Path, beside: Path) -> set[str]:
    """Follow a shared object through what the wheel carries itself, to what it expects of the system."""
    todo, seen, asked = [start], set(), set()
    while todo:
        path = todo.pop()
        seen.add(path)
        for name in needed_by(path):
            carried = beside / name
            if not carried.exists():
                asked.add(name)
            elif carried not in seen:
                todo.append(carried)
    return {name for name in asked if name.split(".so")[0] + ".so" not in OF_LIBC}


@linux_only
def test_the_lists_hold_all_that_the_wheels_expect_of_the_system() -> None:
    import PyQt6

    qt = Path(PyQt6.__path__[0])
    libraries, platforms = qt / "Qt6" / "lib", qt / "Qt6" / "plugins" / "platforms"
    site = qt.parent

    def asked(paths: list[Path], beside: Path) -> set[str]:
        return set().union(*(asked_of_the_system(path, beside) for path in paths))

    modules = [next(qt.glob(f"Qt{name}.*so")) for name in ("Core", "Gui", "Widgets", "Network", "Svg")]
    base = asked([*modules, platforms / "libqoffscreen.so"], libraries)
    opencv = asked(list((site / "cv2").glob("cv2*.so")), site / "opencv_python.libs")
    assert opencv == {entry.soname for entry in OPENCV}
    base |= opencv
    names = {entry.soname for entry in BASE}
    assert base == names
    assert asked([platforms / "libqxcb.so"], libraries) <= names | {entry.soname for entry in X11}
    assert asked([platforms / "libqwayland.so"], libraries) <= names | {entry.soname for entry in WAYLAND}


def test_nothing_is_needed_outside_linux_and_less_without_a_display() -> None:
    assert needed_libraries(Display.NATIVE, "win32") == ()
    assert needed_libraries(None, "win32") == ()
    assert needed_libraries(None, "linux") == OPENCV
    assert needed_libraries(Display.NONE, "linux") == BASE
    assert set(needed_libraries(Display.X11, "linux")) > set(BASE)
    assert set(needed_libraries(Display.WAYLAND, "linux")) > set(BASE)


@linux_only
def test_only_what_the_loader_cannot_find_is_missing() -> None:
    libc = Library("libc.so.6", "libc6", "glibc", "glibc")
    assert missing_libraries([libc, ABSENT]) == (ABSENT,)


@pytest.mark.parametrize(
    ("os_release", "command"),
    [
        (DEBIAN, "sudo apt-get install libegl1 libgl1 libxcb-cursor0"),
        ('ID=linuxmint\nID_LIKE="ubuntu debian"', "sudo apt-get install libegl1 libgl1 libxcb-cursor0"),
        ("ID=fedora", "sudo dnf install libglvnd-egl libglvnd-glx xcb-util-cursor"),
        (
            'ID="rocky"\nID_LIKE="rhel centos fedora"',
            "sudo dnf install libglvnd-egl libglvnd-glx xcb-util-cursor",
        ),
        ("ID=arch", "sudo pacman -S libglvnd xcb-util-cursor"),
    ],
)
def test_the_exact_package_line_is_named(os_release: str, command: str) -> None:
    wanted = ("libGL.so.1", "libEGL.so.1", "libxcb-cursor.so.0")
    missing = [entry for entry in BASE + X11 if entry.soname in wanted]
    assert install_command(missing, os_release) == command


def test_on_an_unknown_system_the_libraries_themselves_are_named() -> None:
    assert "libGL.so.1" in install_command(BASE[:1], "ID=gentoo")


def fake_apt_get(folder: Path, exit_status: int, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put an `apt-get` first on the PATH that notes how it was called."""
    calls = folder / "calls"
    script = folder / "apt-get"
    script.write_text(f'#!/bin/sh\necho "$@" >> "{calls}"\necho "E: it does not work"\nexit {exit_status}\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    calls.touch()
    return calls


@linux_only
def test_what_could_not_be_installed_is_said_with_the_line_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = fake_apt_get(tmp_path, 100, monkeypatch)
    with pytest.raises(SystemLibrariesMissing) as missing:
        ensure_libraries([ABSENT])
    assert ABSENT.soname in str(missing.value)
    assert install_command([ABSENT]) in str(missing.value)
    made = [line.split("Timeout=300 ")[1] for line in calls.read_text().splitlines()]
    if apt.may_install():
        install = "install -y --no-install-recommends libnetcafe-none9"
        assert made == [install, "update", install]
        said = capsys.readouterr().err
        assert "Installing with apt-get: libnetcafe-none9" in said
        assert "E: it does not work" in said
    else:
        assert made == [], "nothing is installed without the right to"


@linux_only
def test_with_everything_there_nothing_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = fake_apt_get(tmp_path, 0, monkeypatch)
    ensure_libraries([Library("libc.so.6", "libc6", "glibc", "glibc")])
    assert calls.read_text() == ""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from netcafe_face.config.qt_environment import Display, choose_platform, forget_opencv_plugins

linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X and Wayland are Linux's")


def test_a_chosen_platform_is_kept() -> None:
    environ = {"QT_QPA_PLATFORM": "vnc"}
    assert choose_platform(environ, "linux") is Display.CHOSEN
    assert environ == {"QT_QPA_PLATFORM": "vnc"}


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_windows_and_macos_always_have_a_display(system: str) -> None:
    environ: dict[str, str] = {}
    assert choose_platform(environ, system) is Display.NATIVE
    assert environ == {}


@linux_only
@pytest.mark.parametrize("display", ["", ":9876", "127.0.0.1:59000.0", "nonsense", "/no/such/socket:0"])
def test_without_a_display_that_answers_windows_are_drawn_off_screen(display: str) -> None:
    environ = {"DISPLAY": display} if display else {}
    assert choose_platform(environ, "linux") is Display.NONE
    assert environ["QT_QPA_PLATFORM"] == "offscreen"


@linux_only
def test_an_x_server_that_answers_is_used() -> None:
    number = 41000 + os.getpid() % 20000
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0/tmp/.X11-unix/X{number}")
        server.listen()
        environ = {"DISPLAY": f":{number}.0"}
        assert choose_platform(environ, "linux") is Display.X11
    assert "QT_QPA_PLATFORM" not in environ


@linux_only
def test_an_x_server_on_another_computer_is_used() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if port < 6000:
            pytest.skip("the system gave a port under 6000")
        assert choose_platform({"DISPLAY": f"127.0.0.1:{port - 6000}.0"}, "linux") is Display.X11


@linux_only
def test_wayland_alone_is_a_display_too(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "wayland-0"))
        server.listen()
        environ = {"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": str(tmp_path)}
        assert choose_platform(environ, "linux") is Display.WAYLAND
    assert environ["QT_QPA_PLATFORM"] == "wayland"


def test_a_persons_own_plugin_folder_is_kept() -> None:
    environ = {"QT_QPA_PLATFORM_PLUGIN_PATH": "/opt/qt/plugins"}
    forget_opencv_plugins(environ)
    assert environ == {"QT_QPA_PLATFORM_PLUGIN_PATH": "/opt/qt/plugins"}


@linux_only
def test_a_window_opens_after_opencv_was_imported() -> None:
    code = (
        "import os, cv2\n"
        "assert 'cv2' in os.environ['QT_QPA_PLATFORM_PLUGIN_PATH'], 'the helper can go'\n"
        "from netcafe_face.config.qt_environment import forget_opencv_plugins\n"
        "forget_opencv_plugins()\n"
        "from PyQt6.QtWidgets import QApplication, QLabel\n"
        "app = QApplication([]); label = QLabel('x'); label.show(); print(app.platformName())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout.split() == ["offscreen"], ended.stderr

"""A second start on the same data folder brings the first window to the front."""

from __future__ import annotations

import subprocess
import sys

from pytestqt.qtbot import QtBot

from netcafe_face.gui.instance import FrontServer, ask_to_front

ASK = (
    "import sys; from netcafe_face.gui.instance import ask_to_front; sys.exit(not ask_to_front(sys.argv[1]))"
)


def test_another_process_is_heard(qtbot: QtBot) -> None:
    server, asked = FrontServer("netcafe-face-test-heard"), []
    server.asked.connect(lambda: asked.append(1))
    assert server.listening
    child = subprocess.Popen([sys.executable, "-c", ASK, "netcafe-face-test-heard"])
    qtbot.waitUntil(lambda: bool(asked), timeout=20_000)
    assert child.wait(20) == 0
    server.close()


def test_nobody_there_is_told() -> None:
    assert not ask_to_front("netcafe-face-test-nobody", timeout_ms=200)


def test_a_name_left_behind_by_a_dead_process_is_taken_over(qtbot: QtBot) -> None:
    first = FrontServer("netcafe-face-test-again")
    second = FrontServer("netcafe-face-test-again")
    assert second.listening
    second.close()
    first.close()

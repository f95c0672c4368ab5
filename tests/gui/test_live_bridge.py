"""What the camera's threads hand over never piles up in front of the window."""

from __future__ import annotations

import threading
from typing import Any

from pytestqt.qtbot import QtBot

from netcafe_face.gui.live_bridge import LiveBridge


def test_only_the_newest_of_a_thousand_results_is_delivered(qtbot: QtBot) -> None:
    bridge, seen = LiveBridge(), []
    bridge.result.connect(lambda result: seen.append((result, threading.get_ident())))

    def flood() -> None:
        for number in range(1000):
            bridge.put_result(number)  # type: ignore[arg-type]

    # The window is busy here: it takes no event until the flood is over.
    thread = threading.Thread(target=flood)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: bool(seen))
    qtbot.wait(50)
    assert seen == [(999, threading.get_ident())]


def test_frames_results_and_states_do_not_push_each_other_out(qtbot: QtBot) -> None:
    bridge, seen = LiveBridge(), []
    for kind in ("frame", "result", "state"):
        getattr(bridge, kind).connect(lambda value, kind=kind: seen.append((kind, value)))

    def put() -> None:
        values: Any = (1, 2, 3)
        bridge.put_frame(values[0])
        bridge.put_result(values[1])
        bridge.put_state(values[2])

    thread = threading.Thread(target=put)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: len(seen) == 3)
    assert sorted(seen) == [("frame", 1), ("result", 2), ("state", 3)]


def test_a_closed_bridge_delivers_nothing_that_was_under_way(qtbot: QtBot) -> None:
    bridge, seen = LiveBridge(), []
    bridge.result.connect(seen.append)
    thread = threading.Thread(target=lambda: bridge.put_result(1))  # type: ignore[arg-type]
    thread.start()
    thread.join()
    bridge.close()
    bridge.put_result(2)  # type: ignore[arg-type]
    qtbot.wait(50)
    assert seen == []

"""The sample café shown by itself: pictures of the window on the way, and an end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QObject, QTimer

from netcafe_face.domain.errors import N_, OutputError
from netcafe_face.gui.main_window import MainWindow
from netcafe_face.gui.pages.live import LivePage

LIVE_PICTURES_S = (8.0, 16.0, 27.0)
_LONGEST_S = 300.0
_TICK_MS = 200


class DemoDirector(QObject):
    """Follow the live page of the sample café until its clip has ended.

    Args:
        window: shows the sample café.
        pictures: folder for screenshots, or None for none.
        ended: called once, when the clip has ended.
        leave: close the window after that.
    """

    def __init__(
        self, window: MainWindow, pictures: Path | None, ended: Callable[[], None], leave: bool
    ) -> None:
        super().__init__(window)
        self.saved: list[Path] = []
        self._window = window
        self._pictures = pictures
        self._ended = ended
        self._leave = leave
        self._waiting_s = list(LIVE_PICTURES_S)
        self._passed_s = 0.0
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tick)
        self._timer.start(_TICK_MS)

    def _tick(self) -> None:
        live = self._window.page("live")
        self._passed_s += _TICK_MS / 1000
        if not isinstance(live, LivePage):
            raise TypeError("the page called live is not the live page")
        position_s = live.position_s
        if self._waiting_s and position_s is not None and position_s >= self._waiting_s[0]:
            self._grab(f"live-{self._waiting_s.pop(0):02.0f}s")
        if live.has_ended or self._passed_s > _LONGEST_S:
            self._timer.stop()
            self._ended()
            self._show_pages()

    def _show_pages(self) -> None:
        """Take a picture of the pages that have something to show, each after it had time to load."""
        if self._pictures is None:
            return
        pages = ["log", "customers", "verify", "identify", "settings", "about"]

        def next_page(shown: str = "") -> None:
            if shown:
                self._grab(shown)
            if pages:
                key = pages.pop(0)
                self._window.show_page(key)
                QTimer.singleShot(700, lambda: next_page(key))
            elif self._leave:
                self._window.close()

        next_page()

    def _grab(self, name: str) -> None:
        if self._pictures is None:
            return
        path = self._pictures / f"{name}.png"
        if not self._window.grab().save(str(path)):
            raise OutputError(path=path, reason=N_("the picture could not be saved"))
        self.saved.append(path)

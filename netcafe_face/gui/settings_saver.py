"""Saves changed settings one after another, off the GUI thread, and never loses one."""

from __future__ import annotations

import threading
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.work import Job


class SettingsSaver(QObject):
    """Gathers changes while a save is under way, so that writes never overtake each other.

    Signals:
        saved: everything asked for so far is on disk.
        failed: (NetcafeError) it could not be written.
    """

    saved = pyqtSignal()
    failed = pyqtSignal(object)

    def __init__(self, context: GuiContext, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._lock = threading.Lock()
        self._changes: dict[str, Any] = {}
        self._written: dict[str, Any] = {}
        self._busy = False

    def change(self, **changes: Any) -> None:
        """Save the settings that are another value than asked for so far; the others stay as they are."""
        with self._lock:
            saved = self._context.cafe.settings
            asked = self._written | self._changes
            self._changes |= {
                name: value
                for name, value in changes.items()
                if asked.get(name, getattr(saved, name)) != value
            }
            if self._busy or not self._changes:
                return
            self._busy = True
        job = self._context.workers.start(self._write, None, self.failed.emit, owner=self, must_finish=True)
        job.done.connect(self._saved)

    def _write(self, _job: Job) -> None:
        """Write what was gathered until nothing is left, on a worker thread."""
        failure: Exception | None = None
        while changes := self._take():
            try:
                self._context.cafe.change_settings(**changes)
            except Exception as error:  # noqa: BLE001 - raised once the rest is written
                failure = error
        if failure is not None:
            raise failure

    def _take(self) -> dict[str, Any]:
        with self._lock:
            self._written, self._changes = self._changes, {}
            self._busy = bool(self._written)
            return self._written

    def _saved(self, _nothing: object) -> None:
        if not self._busy:
            self.saved.emit()

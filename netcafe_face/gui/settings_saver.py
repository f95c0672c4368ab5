"""Saves changed settings one after another, off the GUI thread, and never loses one."""

from __future__ import annotations

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
        self._changes: dict[str, Any] = {}
        self._written: dict[str, Any] = {}
        self._busy = False

    def change(self, **changes: Any) -> None:
        """Save the settings that are another value than asked for so far; the others stay as they are."""
        asked = self._written | self._changes
        saved = self._context.cafe.settings
        new = {
            name: value for name, value in changes.items() if asked.get(name, getattr(saved, name)) != value
        }
        self._changes |= new
        if self._changes and not self._busy:
            self._write()

    def _write(self) -> None:
        self._written, self._changes = self._changes, {}
        cafe, changes = self._context.cafe, self._written
        self._busy = True

        def work(_job: Job) -> None:
            cafe.change_settings(**changes)

        job = self._context.workers.start(work, None, self.failed.emit, owner=self)
        job.done.connect(self._saved)
        job.finished.connect(self._go_on)

    def _saved(self, _nothing: object) -> None:
        if not self._changes:
            self.saved.emit()

    def _go_on(self) -> None:
        self._busy = False
        self._written = {}
        if self._changes:
            self._write()

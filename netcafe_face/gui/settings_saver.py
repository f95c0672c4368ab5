"""Saves changed settings one after another, off the GUI thread, and never loses one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from netcafe_face.domain.errors import NetcafeError
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
        self._busy = False

    def change(self, **changes: Any) -> None:
        """Save some settings; the others stay as they are when it is written."""
        self._changes |= changes
        if not self._busy:
            self._write()

    def _write(self) -> None:
        changes, self._changes = self._changes, {}
        cafe = self._context.cafe
        self._busy = True

        def work(_job: Job) -> None:
            cafe.save_settings(replace(cafe.settings, **changes))

        self._context.workers.start(work, self._done, self._refused, owner=self)

    def _done(self, _nothing: object) -> None:
        self._busy = False
        if self._changes:
            self._write()
        else:
            self.saved.emit()

    def _refused(self, error: NetcafeError) -> None:
        self._busy = False
        self.failed.emit(error)

"""Hearing on the GUI thread that the gallery changed, here or in another process."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, pyqtSignal

if TYPE_CHECKING:
    from netcafe_face.gallery.service import Gallery


class GalleryWatch(QObject):
    """Emits `changed` on the GUI thread; many changes in a row give one signal."""

    changed = pyqtSignal()
    _heard = pyqtSignal()

    def __init__(self, gallery: Gallery) -> None:
        super().__init__()
        self._waiting = threading.Event()
        self._heard.connect(self._pass_on)
        self._unsubscribe = gallery.subscribe(self._on_change)

    def close(self) -> None:
        """Stop listening."""
        self._unsubscribe()

    def _on_change(self) -> None:
        if not self._waiting.is_set():
            self._waiting.set()
            self._heard.emit()

    def _pass_on(self) -> None:
        self._waiting.clear()
        self.changed.emit()

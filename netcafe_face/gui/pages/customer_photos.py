"""Loads the photos of the customers that are on screen, off the GUI thread."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PyQt6.QtCore import QObject, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QImage

from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.models.customers import CustomerModel
from netcafe_face.gui.work import Job

PHOTOS_AT_ONCE = 24
_HEIGHT_PX = 192


class CustomerPhotos(QObject):
    """Answers what a `CustomerModel` asks for.

    Signals:
        loaded: (code, QImage or None) a photo arrived.
    """

    loaded = pyqtSignal(str, object)

    def __init__(self, context: GuiContext, model: CustomerModel) -> None:
        super().__init__(model)
        self._context, self._model = context, model
        self._wanted: list[str] = []
        model.photo_wanted.connect(self._want)

    def _want(self, code: str) -> None:
        if not self._wanted:
            QTimer.singleShot(0, self._load)
        self._wanted.append(code)

    def _load(self) -> None:
        codes, self._wanted = self._wanted, []
        # The newest are the ones on screen after fast scrolling.
        for start in range(len(codes), 0, -PHOTOS_AT_ONCE):
            batch = codes[max(0, start - PHOTOS_AT_ONCE) : start]
            self._context.workers.start(
                partial(self._read, batch), self._show, lambda _error: None, owner=self
            )

    def _read(self, codes: Sequence[str], job: Job) -> list[tuple[str, QImage | None]]:
        found = []
        for code in codes:
            job.check()
            found.append((code, self._read_one(code)))
        return found

    def _read_one(self, code: str) -> QImage | None:
        data = self._context.cafe.gallery.photo(code)
        image = QImage.fromData(data) if data else QImage()
        if image.isNull():
            return None
        return image.scaledToHeight(_HEIGHT_PX, Qt.TransformationMode.SmoothTransformation)

    def _show(self, photos: Sequence[tuple[str, QImage | None]]) -> None:
        for code, image in photos:
            self._model.set_photo(code, image)
            self.loaded.emit(code, image)

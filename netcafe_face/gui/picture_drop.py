"""A drop zone that shows the picture that was dropped on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QRectF, QSizeF, Qt
from PyQt6.QtGui import QImage, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QLabel

from netcafe_face.gui.drop_zone import DropZone
from netcafe_face.gui.theme import font, theme
from netcafe_face.gui.tokens import SIZE_SMALL


class PictureDrop(DropZone):
    """A `DropZone` whose picture can be replaced by dropping another or pressing it."""

    def __init__(self, accepts: Callable[[Path], bool]) -> None:
        super().__init__(accepts, "picture")
        self._image = QImage()
        self._caption = ""
        self.setMinimumHeight(130)

    @property
    def has_picture(self) -> bool:
        """Return whether a picture is shown."""
        return not self._image.isNull()

    def show_picture(self, image: QImage | None, caption: str = "") -> None:
        """Show a picture with its name, or the invitation to drop one."""
        self._image = image or QImage()
        self._caption = caption
        for child in self.findChildren(QLabel):
            # An empty hint has hidden itself; only what has something to say comes back.
            child.setVisible(self._image.isNull() and bool(child.text() or not child.pixmap().isNull()))
        if caption:
            self.setAccessibleDescription(caption)
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw the picture as large as fits, its name below."""
        if self._image.isNull():
            super().paintEvent(event)
            return
        colours = theme()
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        painter.setPen(QPen(colours.colour("focus" if self.hasFocus() else "border"), 2))
        painter.setBrush(colours.colour("surface"))
        frame = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.drawRoundedRect(frame, 10, 10)
        room = frame.adjusted(10, 10, -10, -32)
        size = QSizeF(self._image.size()).scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRectF(room.topLeft(), size)
        place.moveCenter(room.center())
        painter.drawImage(place, self._image)
        painter.setFont(font(SIZE_SMALL))
        painter.setPen(colours.colour("text_muted"))
        below = QRectF(frame.left() + 10, frame.bottom() - 27, frame.width() - 20, 22)
        text = painter.fontMetrics().elidedText(
            self._caption, Qt.TextElideMode.ElideMiddle, int(below.width())
        )
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, text)
        painter.end()

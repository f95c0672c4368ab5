"""A presence as shape, word and colour."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from netcafe_face.domain.people import Presence
from netcafe_face.exports.words import presence_text
from netcafe_face.gui.icons import paint_icon
from netcafe_face.gui.theme import theme

PRESENCE_ICONS = {
    Presence.KNOWN: "state-known",
    Presence.BANNED: "state-banned",
    Presence.UNDECIDED: "state-undecided",
    Presence.STRANGER: "state-stranger",
}
"""A different shape for each presence, so that colour is never the only sign."""


class StateChip(QWidget):
    """A presence as shape, word and colour."""

    def __init__(self, presence: Presence = Presence.STRANGER) -> None:
        super().__init__()
        self._presence, self._words = presence, ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_presence(presence)

    def set_presence(self, presence: Presence, text: str = "") -> None:
        """Show a presence; `text` replaces its usual word."""
        self._presence, self._words = presence, text
        self.setAccessibleName(self.text)
        self.updateGeometry()
        self.update()

    @property
    def text(self) -> str:
        """Return the word on it."""
        return self._words or presence_text(self._presence)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the room that the word needs."""
        return QSize(self.fontMetrics().horizontalAdvance(self.text) + 36, self.fontMetrics().height() + 6)

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Measure anew when the font changes."""
        super().changeEvent(event)
        self.updateGeometry()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw it."""
        palette = theme().palette
        colour = theme().presence(self._presence)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(palette.presence_soft(self._presence)))
        box = QRectF(self.rect())
        painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
        side = 16.0
        place = QRectF(7, (box.height() - side) / 2, side, side)
        paint_icon(painter, PRESENCE_ICONS[self._presence], place, colour.name())
        painter.setPen(colour)
        painter.drawText(box.adjusted(27, 0, -6, 0), Qt.AlignmentFlag.AlignVCenter, self.text)
        painter.end()

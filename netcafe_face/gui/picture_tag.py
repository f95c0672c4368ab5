"""The lines beside a face in a picture, and how they are drawn."""

from __future__ import annotations

from PyQt6.QtCore import QRectF, QSizeF, Qt
from PyQt6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPen,
)

from netcafe_face.domain.results import Label
from netcafe_face.exports.words import presence_text
from netcafe_face.gui.icons import paint_icon
from netcafe_face.gui.state_chip import PRESENCE_ICONS
from netcafe_face.gui.theme import font
from netcafe_face.gui.tokens import DARK, SIZE_BODY, SIZE_SMALL
from netcafe_face.i18n import _

WIDEST_NAME_PX = 340.0
COMPACT_BELOW_PX = 560.0
"""Width of the view under which the texts beside faces take one line; the state is then shape and colour."""


def label_texts(label: Label) -> tuple[str, str]:
    """Return the two lines beside a face: who, and in what state with which similarity."""
    state = presence_text(label.presence)
    similarity = "" if label.similarity is None else f"{label.similarity:.2f}"
    if not label.text:
        return state, _("similarity {value}").format(value=similarity) if similarity else ""
    return label.text, f"{state} · {similarity}" if similarity else state


class PictureTag:
    """The two lines beside one face, and how they are drawn."""

    def __init__(self, label: Label, view_width: float) -> None:
        self._presence = label.presence
        texts: tuple[str, ...] = label_texts(label)
        self._fonts = (font(SIZE_BODY, QFont.Weight.DemiBold), font(SIZE_SMALL))
        compact = view_width < COMPACT_BELOW_PX
        width_px = min(WIDEST_NAME_PX, view_width / 3)
        if compact:
            similarity = "" if label.similarity is None else f" · {label.similarity:.2f}"
            texts = (texts[0] + similarity,)
            self._fonts = (font(SIZE_SMALL, QFont.Weight.DemiBold), font(SIZE_SMALL))
        metrics = [QFontMetricsF(each) for each in self._fonts]
        self._lines = [
            each.elidedText(text, Qt.TextElideMode.ElideMiddle, width_px)
            for each, text in zip(metrics, texts, strict=False)
            if text
        ]
        self._heights = [each.height() for each in metrics]
        widths = [each.horizontalAdvance(text) for each, text in zip(metrics, self._lines, strict=False)]
        self.size = QSizeF(max(widths) + 40, sum(self._heights[: len(self._lines)]) + 8)

    def paint(self, painter: QPainter, place: QRectF) -> None:
        """Draw it; the colours are the dark theme's, because a picture lies beneath in both themes."""
        colour = DARK.presence(self._presence)
        painter.setPen(QPen(QColor(colour), 1))
        painter.setBrush(QColor(13, 17, 23, 225))
        painter.drawRoundedRect(place, 6, 6)
        icon_place = QRectF(place.x() + 7, place.center().y() - 9, 18, 18)
        paint_icon(painter, PRESENCE_ICONS[self._presence], icon_place, colour)
        top = place.y() + 4
        for line, (text, height) in enumerate(zip(self._lines, self._heights, strict=False)):
            painter.setFont(self._fonts[line])
            painter.setPen(QColor(DARK.text if line == 0 else DARK.text_muted))
            painter.drawText(
                QRectF(place.x() + 32, top, place.width() - 36, height), Qt.AlignmentFlag.AlignVCenter, text
            )
            top += height

"""Draws a row of the Identify page: thumbnail, file name, and who was found."""

from __future__ import annotations

from PyQt6.QtCore import QModelIndex, QRect, QRectF, QSize, QSizeF, Qt
from PyQt6.QtGui import QImage, QPainter, QPen
from PyQt6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from netcafe_face.gui.icons import paint_icon
from netcafe_face.gui.models.answers import ANSWER_ROLE, THUMBNAIL_ROLE, FileAnswer
from netcafe_face.gui.state_chip import PRESENCE_ICONS
from netcafe_face.gui.theme import font, theme
from netcafe_face.gui.tokens import SIZE_BODY, SIZE_SMALL

THUMBNAIL_PX = 52
_ROW_PX = 68


class AnswerDelegate(QStyledItemDelegate):
    """Paints the rows of an `AnswerModel`."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # noqa: N802 - Qt's name
        """Return the height of a row."""
        return QSize(200, _ROW_PX)

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Draw a row."""
        answer = index.data(ANSWER_ROLE)
        if painter is None or not isinstance(answer, FileAnswer):
            return
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        rect = option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, theme().colour("accent_soft"))
        painter.setPen(theme().colour("border"))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        self._paint_thumbnail(painter, rect, index.data(THUMBNAIL_ROLE), answer)
        self._paint_words(painter, rect, answer)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(theme().colour("focus"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(rect.adjusted(1, 1, -1, -1))
        painter.restore()

    def _paint_thumbnail(
        self, painter: QPainter, rect: QRect, image: QImage | None, answer: FileAnswer
    ) -> None:
        top = rect.y() + (rect.height() - THUMBNAIL_PX) / 2
        box = QRectF(rect.x() + 8, top, THUMBNAIL_PX, THUMBNAIL_PX)
        painter.fillRect(box, theme().colour("sunken"))
        if image is not None:
            size = QSizeF(image.size()).scaled(box.size(), Qt.AspectRatioMode.KeepAspectRatio)
            place = QRectF(box.topLeft(), size)
            place.moveCenter(box.center())
            painter.drawImage(place, image)
        else:
            name, role = ("warning", "undecided") if answer.error else ("picture", "text_muted")
            paint_icon(painter, name, box.adjusted(14, 14, -14, -14), theme().colour(role).name())

    def _paint_words(self, painter: QPainter, rect: QRect, answer: FileAnswer) -> None:
        left = rect.x() + THUMBNAIL_PX + 18
        width = rect.right() - left - 8
        painter.setFont(font(SIZE_BODY, 600))
        painter.setPen(theme().colour("text"))
        name = painter.fontMetrics().elidedText(answer.path.name, Qt.TextElideMode.ElideMiddle, width)
        painter.drawText(QRectF(left, rect.y() + 10, width, 22), Qt.AlignmentFlag.AlignVCenter, name)
        top = rect.y() + 36
        for presence in answer.presences:
            place = QRectF(left, top + 2, 16, 16)
            paint_icon(painter, PRESENCE_ICONS[presence], place, theme().presence(presence).name())
            left, width = left + 20, width - 20
        painter.setFont(font(SIZE_SMALL))
        painter.setPen(theme().colour("undecided" if answer.error else "text_muted"))
        words = painter.fontMetrics().elidedText(answer.words(), Qt.TextElideMode.ElideRight, width)
        painter.drawText(QRectF(left, top, width, 20), Qt.AlignmentFlag.AlignVCenter, words)

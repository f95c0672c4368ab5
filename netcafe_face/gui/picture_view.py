"""The live picture with boxes, names and states drawn at the widget's own resolution."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PyQt6.QtWidgets import QApplication, QSizePolicy, QWidget

from netcafe_face.domain.faces import Image
from netcafe_face.domain.people import Presence
from netcafe_face.domain.results import FrameResult, SeenFace
from netcafe_face.gui.images import to_qimage
from netcafe_face.gui.label_layout import leader, place_labels
from netcafe_face.gui.picture_tag import PictureTag, label_texts
from netcafe_face.gui.theme import theme
from netcafe_face.gui.tokens import DARK

MAX_ZOOM = 12.0

_PEN_STYLES = {
    Presence.KNOWN: Qt.PenStyle.SolidLine,
    Presence.BANNED: Qt.PenStyle.SolidLine,
    Presence.UNDECIDED: Qt.PenStyle.DashLine,
    Presence.STRANGER: Qt.PenStyle.DotLine,
}


class PictureView(QWidget):
    """Shows the newest frame. Wheel or +/− zooms, dragging pans, double click or 0 shows all of it again.

    Signals:
        face_chosen: (SeenFace) a face was clicked, or chosen with the arrow keys and Enter.
        name_painted: the first name of a customer was drawn.
    """

    face_chosen = pyqtSignal(object)
    name_painted = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.result: FrameResult | None = None
        self._image = QImage()
        self._zoom, self._pan = 1.0, QPointF()
        self._pressed: QPointF | None = None
        self._pan_from: QPointF | None = None
        self._hovered = self._selected = -1
        self._dimmed = self._named = self._by_keyboard = False
        self.setMinimumSize(240, 160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a comfortable size."""
        return QSize(720, 440)

    @property
    def faces(self) -> tuple[SeenFace, ...]:
        """Return the faces of the frame that is shown."""
        return self.result.faces if self.result is not None else ()

    @property
    def zoom(self) -> float:
        """Return how much larger than fitting the picture is."""
        return self._zoom

    def set_result(self, result: FrameResult | None) -> None:
        """Show a frame, or nothing."""
        chosen = self._track_at(self._selected)
        self.result = result
        self._image = QImage() if result is None else to_qimage(result.frame_bgr)
        tracks = [seen.label.track_id for seen in self.faces]
        self._selected = tracks.index(chosen) if chosen and chosen in tracks else -1
        self._hovered = -1
        self.setAccessibleDescription(", ".join(label_texts(seen.label)[0] for seen in self.faces))
        self.update()

    def set_frame(self, frame_bgr: Image) -> None:
        """Show a frame that was not searched for faces yet."""
        self.result = None
        self._image = to_qimage(frame_bgr)
        self._hovered = -1
        self.update()

    def set_dimmed(self, dimmed: bool) -> None:
        """Darken the picture, because it is no longer live."""
        self._dimmed = dimmed
        self.update()

    def show_all(self) -> None:
        """Fit the whole picture again."""
        self._zoom, self._pan = 1.0, QPointF()
        self.update()

    def zoom_by(self, factor: float, around: QPointF | None = None) -> None:
        """Zoom, keeping the point `around` of the widget where it is."""
        fixed = around or QRectF(self.rect()).center()
        before = self._picture_rect()
        zoom = min(MAX_ZOOM, max(1.0, self._zoom * factor))
        if before.isEmpty() or zoom == self._zoom:
            return
        part = QPointF((fixed.x() - before.x()) / before.width(), (fixed.y() - before.y()) / before.height())
        self._zoom = zoom
        after = self._picture_rect()
        now = QPointF(after.x() + part.x() * after.width(), after.y() + part.y() * after.height())
        self._pan += fixed - now
        self._keep_in_view()

    def face_rect(self, index: int) -> QRectF:
        """Return where face `index` is drawn, in this widget's coordinates."""
        x, y, w, h = (float(value) for value in self.faces[index].face.detection.box)
        picture = self._picture_rect()
        scale = picture.width() / max(1, self._image.width())
        return QRectF(picture.x() + x * scale, picture.y() + y * scale, w * scale, h * scale)

    def _track_at(self, index: int) -> int:
        return self.faces[index].label.track_id if 0 <= index < len(self.faces) else 0

    def _picture_rect(self) -> QRectF:
        if self._image.isNull():
            return QRectF()
        size = QSizeF(self._image.size()).scaled(QSizeF(self.size()), Qt.AspectRatioMode.KeepAspectRatio)
        rect = QRectF(QPointF(), size * self._zoom)
        rect.moveCenter(QRectF(self.rect()).center() + self._pan)
        return rect

    def _keep_in_view(self) -> None:
        rect = self._picture_rect()
        spare_x = max(0.0, (rect.width() - self.width()) / 2)
        spare_y = max(0.0, (rect.height() - self.height()) / 2)
        self._pan = QPointF(
            min(spare_x, max(-spare_x, self._pan.x())), min(spare_y, max(-spare_y, self._pan.y()))
        )
        self.update()

    def _face_at(self, point: QPointF) -> int:
        hits = [index for index in range(len(self.faces)) if self.face_rect(index).contains(point)]
        return min(hits, key=lambda index: self.face_rect(index).width(), default=-1)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw the frame, then everything about the faces as vectors."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(self.rect(), theme().colour("picture"))
        if not self._image.isNull():
            painter.drawImage(self._picture_rect(), self._image)
            if self._dimmed:
                painter.fillRect(self._picture_rect(), QColor(0, 0, 0, 150))
            else:
                self._paint_faces(painter)
        if self.hasFocus() and self._by_keyboard:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme().colour("focus"), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def _paint_faces(self, painter: QPainter) -> None:
        bounds = QRectF(self.rect()).adjusted(4, 4, -4, -4)
        shown = [
            (index, rect)
            for index in range(len(self.faces))
            if (rect := self.face_rect(index)).intersects(bounds)
        ]
        for index, rect in shown:
            self._paint_box(painter, rect, index)
        tags = [PictureTag(self.faces[index].label, bounds.width()) for index, _rect in shown]
        places = place_labels([rect for _index, rect in shown], [tag.size for tag in tags], bounds)
        for (index, rect), place in zip(shown, places, strict=True):
            if (line := leader(place, rect)) is not None:
                for colour, width in (
                    ("#000000", 4.0),
                    (DARK.presence(self.faces[index].label.presence), 2.0),
                ):
                    painter.setPen(QPen(QColor(colour), width))
                    painter.drawLine(line)
        for tag, place in zip(tags, places, strict=True):
            tag.paint(painter, place)
        if not self._named and any(seen.label.presence is Presence.KNOWN for seen in self.faces):
            self._named = True
            self.name_painted.emit()

    def _paint_box(self, painter: QPainter, rect: QRectF, index: int) -> None:
        presence = self.faces[index].label.presence
        lit = index in (self._hovered, self._selected)
        width = 4.0 if lit or presence is Presence.BANNED else 2.5
        painter.setBrush(QColor(255, 255, 255, 28) if lit else Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(0, 0, 0, 150), width + 2.0))
        painter.drawRoundedRect(rect, 6, 6)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(DARK.presence(presence)), width, _PEN_STYLES[presence]))
        painter.drawRoundedRect(rect, 6, 6)

    def wheelEvent(self, event: QWheelEvent | None) -> None:  # noqa: N802 - Qt's name
        """Zoom around the pointer."""
        if event is not None:
            self.zoom_by(1.2 ** (event.angleDelta().y() / 120), event.position())
            event.accept()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Begin a click or a drag."""
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            self._pressed, self._pan_from = event.position(), QPointF(self._pan)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Pan while dragging, else light up the face under the pointer."""
        if event is None:
            return
        if self._pressed is not None and self._pan_from is not None:
            self._pan = self._pan_from + event.position() - self._pressed
            self._keep_in_view()
            return
        hovered = self._face_at(event.position())
        if hovered != self._hovered:
            self._hovered = hovered
            self.setCursor(Qt.CursorShape.PointingHandCursor if hovered >= 0 else Qt.CursorShape.ArrowCursor)
            self.setToolTip("\n".join(label_texts(self.faces[hovered].label)) if hovered >= 0 else "")
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """End a drag, or choose the face that was clicked."""
        pressed, self._pressed = self._pressed, None
        if event is None or pressed is None:
            return
        if (event.position() - pressed).manhattanLength() < QApplication.startDragDistance():
            self._choose(self._face_at(event.position()))

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Show the whole picture again."""
        self.show_all()

    def focusInEvent(self, event: QFocusEvent | None) -> None:  # noqa: N802 - Qt's name
        """Show the frame of the focus to those who came by keyboard; it would only cover the picture."""
        super().focusInEvent(event)
        by_keyboard = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self._by_keyboard = event is not None and event.reason() in by_keyboard
        self.update()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Zoom, and walk through the faces."""
        if event is None:
            return
        key = event.key()
        self._by_keyboard = True
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_by(1.25)
        elif key == Qt.Key.Key_Minus:
            self.zoom_by(0.8)
        elif key == Qt.Key.Key_0:
            self.show_all()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and self.faces:
            step = 1 if key == Qt.Key.Key_Right else -1
            self._selected = (self._selected + step) % len(self.faces) if self._selected >= 0 else 0
            self.update()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(self._selected)
        else:
            super().keyPressEvent(event)

    def _choose(self, index: int) -> None:
        if 0 <= index < len(self.faces):
            self._selected = index
            self.update()
            self.face_chosen.emit(self.faces[index])

"""Pictures for the screen."""

from __future__ import annotations

import numpy as np
from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QImage, QPainter, QPainterPath, QPixmap

from netcafe_face.domain.faces import Detection, Image
from netcafe_face.gui.icons import paint_icon
from netcafe_face.gui.theme import theme


def to_qimage(image_bgr: Image) -> QImage:
    """Copy a BGR uint8 (h, w, 3) picture into a QImage of its own."""
    rows = np.ascontiguousarray(image_bgr)
    height, width = rows.shape[:2]
    view = QImage(rows.tobytes(), width, height, width * 3, QImage.Format.Format_BGR888)
    return view.convertToFormat(QImage.Format.Format_RGB32)


def portrait(frame_bgr: Image, detection: Detection, around: float = 0.35) -> Image:
    """Cut a square around a face out of a frame, BGR uint8; `around` is the part added on every side."""
    height, width = frame_bgr.shape[:2]
    x, y, w, h = (float(value) for value in detection.box)
    side = min(max(w, h) * (1 + 2 * around), width, height)
    left = int(min(max(x + w / 2 - side / 2, 0), width - side))
    top = int(min(max(y + h / 2 - side / 2, 0), height - side))
    size = max(1, int(side))
    return frame_bgr[top : top + size, left : left + size]


def avatar(image: QImage | None, side_px: int, scale: float = 1.0) -> QPixmap:
    """Return a round picture of `side_px` (device-independent), or a drawn person where there is none."""
    pixmap = QPixmap(QSize(side_px, side_px) * scale)
    pixmap.setDevicePixelRatio(scale)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    paint_avatar(painter, image, QRectF(0, 0, side_px, side_px))
    painter.end()
    return pixmap


def paint_avatar(painter: QPainter, image: QImage | None, rect: QRectF) -> None:
    """Draw a round picture, or a drawn person where there is none."""
    painter.save()
    path = QPainterPath()
    path.addEllipse(rect)
    painter.setClipPath(path)
    if image is None or image.isNull():
        painter.fillRect(rect, QColor(theme().palette.stranger_soft))
        inset = rect.width() * 0.18
        place = rect.adjusted(inset, inset, -inset, -inset)
        paint_icon(painter, "person", place, theme().palette.text_muted)
    else:
        side = min(image.width(), image.height())
        source = QRectF((image.width() - side) / 2, (image.height() - side) / 2, side, side)
        painter.drawImage(rect, image, source)
    painter.restore()

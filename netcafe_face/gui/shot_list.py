"""The pictures of an enrolment, each with its verdict and a way to take it out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtGui import QPixmap
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from netcafe_face.gui import tokens
from netcafe_face.gui.icons import icon
from netcafe_face.gui.images import to_qimage
from netcafe_face.gui.shots import verdict_text
from netcafe_face.gui.widgets import ToolButton, label
from netcafe_face.i18n import _

if TYPE_CHECKING:
    from netcafe_face.pipeline.enrolment import JudgedPicture

THUMB_PX = 52


class ShotRow(QWidget):
    """One picture: thumbnail, name, verdict in colour, shape and words."""

    removed = pyqtSignal()

    def __init__(self, shot: JudgedPicture) -> None:
        super().__init__()
        self.shot = shot
        picture, mark = QLabel(), QLabel()
        side = QSize(THUMB_PX, THUMB_PX)
        picture.setPixmap(_thumbnail(shot, side))
        picture.setFixedSize(side)
        picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        mark.setPixmap(
            icon("check" if shot.good else "error", "known" if shot.good else "banned").pixmap(20, 20)
        )
        self._name, self.verdict = label("strong"), label("" if shot.good else "error", wrap=True)
        self._remove = ToolButton("close")
        self._remove.clicked.connect(self.removed)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._name)
        words.addWidget(self.verdict)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 2, 0, 2)
        row.setSpacing(tokens.SPACE_S)
        row.addWidget(picture)
        row.addLayout(words, 1)
        row.addWidget(mark)
        row.addWidget(self._remove)
        self.retranslate()

    def retranslate(self) -> None:
        """Set the texts anew."""
        name = self.shot.name or _("From the live picture")
        self._name.setText(self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, 220))
        self._name.setToolTip(name)
        self.verdict.setText(verdict_text(self.shot))
        self._remove.set_text(_("Take out {name}").format(name=name))


class ShotList(QWidget):
    """All the pictures; `changed` is emitted when one comes or goes."""

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[ShotRow] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)

    @property
    def shots(self) -> list[JudgedPicture]:
        """Return the pictures, good or not."""
        return [row.shot for row in self.rows]

    def add(self, shots: Sequence[JudgedPicture]) -> None:
        """Append pictures."""
        for shot in shots:
            row = ShotRow(shot)
            row.removed.connect(lambda gone=row: self._remove(gone))
            self.rows.append(row)
            self._layout.addWidget(row)
        self.changed.emit()

    def retranslate(self) -> None:
        """Set the texts anew."""
        for row in self.rows:
            row.retranslate()

    def _remove(self, row: ShotRow) -> None:
        self.rows.remove(row)
        row.hide()
        row.deleteLater()
        self.changed.emit()


def _thumbnail(shot: JudgedPicture, side: QSize) -> QPixmap:
    if shot.portrait_bgr is None:
        return icon("picture", "border_strong").pixmap(side * 0.6)
    image = to_qimage(shot.portrait_bgr)
    pixmap = QPixmap.fromImage(
        image.scaled(side * 2, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
    )
    pixmap.setDevicePixelRatio(2.0)
    return pixmap

"""Icons drawn from the SVG files in assets/icons, sharp at any scale and in the theme's colour."""

from __future__ import annotations

from functools import lru_cache

from PyQt6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPixmap
from PyQt6.QtSvg import QSvgRenderer

from netcafe_face.gui.theme import ASSETS, theme


@lru_cache(maxsize=256)
def _renderer(name: str, colour: str) -> QSvgRenderer:
    text = (ASSETS / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    knocked_out = "#11151B" if QColor(colour).lightnessF() > 0.5 else "#FFFFFF"
    text = text.replace("currentColor", colour).replace("knockedOut", knocked_out)
    return QSvgRenderer(QByteArray(text.encode()))


def paint_icon(painter: QPainter, name: str, rect: QRectF, colour: str) -> None:
    """Draw the icon `name` into `rect` in a colour given as #RRGGBB."""
    _renderer(name, colour).render(painter, rect)


class _Engine(QIconEngine):
    """Paints an SVG in the palette's colour of the moment, so that a theme change needs no new icon."""

    def __init__(self, name: str, role: str, active_role: str) -> None:
        super().__init__()
        self._name, self._role, self._active_role = name, role, active_role

    def paint(self, painter: QPainter | None, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        if painter is None:
            return
        role = self._active_role if state == QIcon.State.On else self._role
        if mode == QIcon.Mode.Disabled:
            role = "border_strong"
        paint_icon(painter, self._name, QRectF(rect), theme().colour(role).name())

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _Engine(self._name, self._role, self._active_role)


def icon(name: str, role: str = "text", active_role: str | None = None) -> QIcon:
    """Return an icon in a palette role's colour; `active_role` is used while its button is checked."""
    return QIcon(_Engine(name, role, active_role or role))

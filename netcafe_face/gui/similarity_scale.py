"""A small drawing that shows where a similarity lies between “different” and “same”."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from netcafe_face.domain.matching import DecisionRule
from netcafe_face.domain.people import Presence
from netcafe_face.gui.theme import font, theme
from netcafe_face.gui.tokens import SIZE_SMALL
from netcafe_face.i18n import _

LOWEST, HIGHEST = -0.2, 1.0
_BAR_TOP, _BAR_HEIGHT = 26.0, 14.0


class SimilarityScale(QWidget):
    """Draws the zones different, undecided and same, the two thresholds, and the similarity as a pointer."""

    def __init__(self) -> None:
        super().__init__()
        self._rule: DecisionRule | None = None
        self._similarity: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the room it needs."""
        return QSize(420, 84)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the least room it needs."""
        return QSize(260, 84)

    def show_value(self, similarity: float, rule: DecisionRule) -> None:
        """Show a similarity against a rule."""
        self._similarity, self._rule = similarity, rule
        self.setAccessibleName(
            _("Similarity {similarity:.2f}; undecided from {doubt:.2f}, same person from {same:.2f}").format(
                similarity=similarity, doubt=rule.doubt_from, same=rule.threshold
            )
        )
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw it."""
        rule, similarity = self._rule, self._similarity
        if rule is None or similarity is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(font(SIZE_SMALL))
        zones = (
            (LOWEST, rule.doubt_from, Presence.STRANGER, _("different")),
            (rule.doubt_from, rule.threshold, Presence.UNDECIDED, _("undecided")),
            (rule.threshold, HIGHEST, Presence.KNOWN, _("same")),
        )
        for low, high, presence in (zone[:3] for zone in zones):
            self._paint_zone(
                painter, QRectF(self._x(low), _BAR_TOP, self._x(high) - self._x(low), _BAR_HEIGHT), presence
            )
        self._paint_zone_words(painter, zones)
        self._paint_thresholds(painter, rule)
        self._paint_pointer(painter, similarity)
        painter.end()

    def _x(self, value: float) -> float:
        inside = min(HIGHEST, max(LOWEST, value))
        return 8.0 + (inside - LOWEST) / (HIGHEST - LOWEST) * (self.width() - 16.0)

    def _paint_zone(self, painter: QPainter, rect: QRectF, presence: Presence) -> None:
        painter.setPen(QPen(theme().presence(presence), 1))
        painter.setBrush(QColor(theme().palette.presence_soft(presence)))
        painter.drawRect(rect)

    def _paint_zone_words(
        self, painter: QPainter, zones: Sequence[tuple[float, float, Presence, str]]
    ) -> None:
        """Write each word under its zone; the outer ones give way to the middle one, whose zone is narrow."""
        metrics = QFontMetricsF(painter.font())
        centres = [(self._x(low) + self._x(high)) / 2 for low, high, _presence, _word in zones]
        widths = [metrics.horizontalAdvance(word) + 12 for _low, _high, _presence, word in zones]
        centres[0] = min(centres[0], centres[1] - (widths[0] + widths[1]) / 2)
        centres[2] = max(centres[2], centres[1] + (widths[1] + widths[2]) / 2)
        for centre, (_low, _high, _presence, word) in zip(centres, zones, strict=True):
            self._paint_word(painter, centre, _BAR_TOP + _BAR_HEIGHT + 24, word)

    def _paint_thresholds(self, painter: QPainter, rule: DecisionRule) -> None:
        values = [rule.threshold] if rule.doubt_from == rule.threshold else [rule.doubt_from, rule.threshold]
        for value, side in zip(values, (-1, 1) if len(values) == 2 else (0,), strict=True):
            text = f"{value:.2f}"
            shift = side * QFontMetricsF(painter.font()).horizontalAdvance(text) * 0.5
            self._paint_word(painter, self._x(value) + shift, _BAR_TOP + _BAR_HEIGHT + 4, text)

    def _paint_word(self, painter: QPainter, centre: float, top: float, text: str) -> None:
        metrics = QFontMetricsF(painter.font())
        width = metrics.horizontalAdvance(text) + 2
        left = min(self.width() - width, max(0.0, centre - width / 2))
        painter.setPen(theme().colour("text_muted"))
        painter.drawText(QRectF(left, top, width, metrics.height()), Qt.AlignmentFlag.AlignCenter, text)

    def _paint_pointer(self, painter: QPainter, similarity: float) -> None:
        x = self._x(similarity)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().colour("text"))
        tip = QPointF(x, _BAR_TOP + _BAR_HEIGHT - 1)
        painter.drawPolygon(QPolygonF([QPointF(x - 7, _BAR_TOP - 8), QPointF(x + 7, _BAR_TOP - 8), tip]))
        painter.setPen(theme().colour("text"))
        painter.setFont(font(SIZE_SMALL, 600))
        metrics = QFontMetricsF(painter.font())
        text = f"{similarity:.3f}"
        width = metrics.horizontalAdvance(text) + 2
        left = min(self.width() - width, max(0.0, x - width / 2))
        painter.drawText(QRectF(left, 0, width, metrics.height()), Qt.AlignmentFlag.AlignCenter, text)

"""A person and a seat, as the panel beside the live picture shows them."""

from __future__ import annotations

from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from netcafe_face.domain.people import Presence, Seat
from netcafe_face.exports.words import presence_text
from netcafe_face.gui import tokens
from netcafe_face.gui.icons import paint_icon
from netcafe_face.gui.images import avatar
from netcafe_face.gui.state_chip import PRESENCE_ICONS, StateChip
from netcafe_face.gui.theme import font, theme
from netcafe_face.gui.who_is_here import Person
from netcafe_face.gui.widgets import label
from netcafe_face.i18n import _

AVATAR_PX = 38
TILE_PX = 44


def lasting(seconds: float) -> str:
    """Return a duration in short: 40 s, 7 min, 2 h 5 min."""
    whole = max(0, int(seconds))
    if whole < 60:
        return _("{count} s").format(count=whole)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return _("{hours} h {minutes} min").format(hours=hours, minutes=minutes)
    return _("{count} min").format(count=minutes)


class PersonRow(QWidget):
    """One person: picture, name, state, since when."""

    def __init__(self) -> None:
        super().__init__()
        self._avatar, self.name, self._since = QLabel(), label("strong", wrap=True), label("small", wrap=True)
        self.chip = StateChip()
        self._shown_quality = -2.0
        self._avatar.setFixedSize(AVATAR_PX, AVATAR_PX)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(self.name)
        under = QHBoxLayout()
        under.setSpacing(tokens.SPACE_S)
        under.addWidget(self.chip)
        under.addWidget(self._since, 1)
        words.addLayout(under)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 2, 0, 2)
        row.setSpacing(tokens.SPACE_S)
        row.addWidget(self._avatar)
        row.addLayout(words, 1)

    def show_person(self, person: Person, now_s: float) -> None:
        """Show someone; only what changed is set."""
        shown = person.label
        # Who has no name is named by the state, once.
        self.name.setText(shown.text)
        self.name.setVisible(bool(shown.text))
        self.chip.set_presence(shown.presence)
        since = lasting(now_s - person.since_s)
        self._since.setText(f"{person.seat} · {since}" if person.seat else since)
        if person.quality != self._shown_quality:
            self._shown_quality = person.quality
            self._avatar.setPixmap(avatar(person.image, AVATAR_PX, self.devicePixelRatioF()))


class SeatTile(QWidget):
    """One seat: its name, and who sits there as shape, colour and words."""

    def __init__(self, seat: Seat) -> None:
        super().__init__()
        self.seat = seat
        self._presence: Presence | None = None
        self._text = ""
        self.setMinimumHeight(TILE_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def text(self) -> str:
        """Return what is written under the seat's name."""
        return self._text

    def show_person(self, person: Person | None) -> None:
        """Show who sits there, or that nobody does."""
        presence = person.label.presence if person is not None else None
        text = _("free") if person is None else person.label.text or presence_text(person.label.presence)
        if (presence, text) != (self._presence, self._text):
            self._presence, self._text = presence, text
            self.setAccessibleName(f"{self.seat.name}: {text}")
            self.setToolTip(f"{self.seat.name}: {text}")
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a comfortable size."""
        return QSize(120, TILE_PX)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw it."""
        palette, presence = theme().palette, self._presence
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        colour = palette.presence(presence) if presence else palette.border_strong
        painter.setBrush(QColor(palette.presence_soft(presence) if presence else palette.surface))
        style = Qt.PenStyle.SolidLine if presence else Qt.PenStyle.DashLine
        painter.setPen(QPen(QColor(colour), 1.2, style))
        painter.drawRoundedRect(box, tokens.RADIUS_M, tokens.RADIUS_M)
        name_font = font(tokens.SIZE_SMALL, 600)
        painter.setFont(name_font)
        painter.setPen(QColor(palette.text))
        top = QRectF(box.x() + 10, box.y() + 3, box.width() - 20, 18)
        painter.drawText(top, Qt.AlignmentFlag.AlignVCenter, self.seat.name)
        if presence:
            paint_icon(
                painter, PRESENCE_ICONS[presence], QRectF(box.right() - 23, box.y() + 4, 16, 16), colour
            )
        painter.setFont(font(tokens.SIZE_SMALL))
        painter.setPen(QColor(colour if presence else palette.text_muted))
        under = QRectF(box.x() + 10, box.y() + 20, box.width() - 16, 18)
        shown = painter.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, int(under.width()))
        painter.drawText(under, Qt.AlignmentFlag.AlignVCenter, shown)
        painter.end()

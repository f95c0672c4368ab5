"""Beside the live picture: who is here, the seats, the rates, and the threshold in force."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from netcafe_face.domain.matching import DecisionRule
from netcafe_face.domain.people import Presence, Seat
from netcafe_face.exports.words import presence_text
from netcafe_face.gui import tokens
from netcafe_face.gui.dialogs import scrolled
from netcafe_face.gui.icons import paint_icon
from netcafe_face.gui.images import avatar
from netcafe_face.gui.theme import font, theme
from netcafe_face.gui.who_is_here import Person, WhoIsHere
from netcafe_face.gui.widgets import PRESENCE_ICONS, StateChip, card, label
from netcafe_face.i18n import _, ngettext

PANEL_WIDTH_PX = 292
AVATAR_PX = 40
SEATS_ACROSS = 2


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
        row.setContentsMargins(0, 3, 0, 3)
        row.setSpacing(tokens.SPACE_S)
        row.addWidget(self._avatar, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)

    def show_person(self, person: Person, now_s: float) -> None:
        """Show someone; only what changed is set."""
        shown = person.label
        self.name.setText(shown.text or presence_text(shown.presence))
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
        self.setMinimumHeight(50)
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
        return QSize(120, 50)

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
        top = QRectF(box.x() + 10, box.y() + 5, box.width() - 20, 18)
        painter.drawText(top, Qt.AlignmentFlag.AlignVCenter, self.seat.name)
        if presence:
            paint_icon(
                painter, PRESENCE_ICONS[presence], QRectF(box.right() - 25, box.y() + 6, 16, 16), colour
            )
        painter.setFont(font(tokens.SIZE_SMALL))
        painter.setPen(QColor(colour if presence else palette.text_muted))
        under = QRectF(box.x() + 10, box.y() + 24, box.width() - 16, 18)
        shown = painter.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, int(under.width()))
        painter.drawText(under, Qt.AlignmentFlag.AlignVCenter, shown)
        painter.end()


class LivePanel(QWidget):
    """The column at the right of the Live page."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(PANEL_WIDTH_PX)
        self.rows: list[PersonRow] = []
        self.tiles: list[SeatTile] = []
        self._rule: DecisionRule | None = None
        self._figures: tuple[float, float, int] | None = None
        self._heads = [label("section") for _n in range(4)]
        self._nobody, self._threshold = label("muted", wrap=True), label("figure")
        self._explanation, self._rates = label("small", wrap=True), label(wrap=True)
        inner = QWidget()
        inner.setObjectName("scrolled")
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(tokens.SPACE_M)
        here, self._people = card(2)
        self._people.addWidget(self._heads[0])
        self._people.addWidget(self._nobody)
        self._seat_card, seats = card()
        seats.addWidget(self._heads[1])
        self._grid = QGridLayout()
        self._grid.setSpacing(tokens.SPACE_S)
        seats.addLayout(self._grid)
        self._seat_card.hide()
        column.addWidget(self._seat_card)
        column.addWidget(here)
        column.addWidget(self._small_card(self._heads[2], self._threshold, self._explanation))
        column.addWidget(self._small_card(self._heads[3], self._rates))
        column.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scrolled(inner))
        self.retranslate()

    @staticmethod
    def _small_card(*widgets: QWidget) -> QFrame:
        frame, inside = card(2)
        for widget in widgets:
            inside.addWidget(widget)
        return frame

    def set_seats(self, seats: Sequence[Seat]) -> None:
        """Show these seats, all free."""
        for tile in self.tiles:
            self._grid.removeWidget(tile)
            tile.deleteLater()
        self.tiles = [SeatTile(seat) for seat in seats]
        for number, tile in enumerate(self.tiles):
            self._grid.addWidget(tile, number // SEATS_ACROSS, number % SEATS_ACROSS)
            tile.show_person(None)
        self._seat_card.setVisible(bool(self.tiles))

    def show_people(self, who: WhoIsHere, now_s: float) -> None:
        """Show who is here and where they sit."""
        people = who.people()
        while len(self.rows) > len(people):
            row = self.rows.pop()
            self._people.removeWidget(row)
            row.hide()
            row.deleteLater()
        while len(self.rows) < len(people):
            self.rows.append(PersonRow())
            self._people.addWidget(self.rows[-1])
        for row, person in zip(self.rows, people, strict=True):
            row.show_person(person, now_s)
        self._nobody.setVisible(not people)
        for tile in self.tiles:
            tile.show_person(who.at_seat(tile.seat))

    def show_rule(self, rule: DecisionRule | None) -> None:
        """Explain the threshold in force."""
        if rule != self._rule:
            self._rule = rule
            self._explain()

    def show_rates(self, capture_fps: float, recognition_fps: float, dropped: int) -> None:
        """Show how fast it goes."""
        self._figures = (capture_fps, recognition_fps, dropped)
        self._show_rates()

    def retranslate(self) -> None:
        """Set every text anew."""
        titles = (_("Here now"), _("Seats"), _("Threshold"), _("Speed"))
        for head, text in zip(self._heads, titles, strict=True):
            head.setText(text)
        self._nobody.setText(_("Nobody is in the picture."))
        self._explain()
        self._show_rates()
        for tile in self.tiles:
            tile.show_person(None)

    def _explain(self) -> None:
        rule = self._rule
        if rule is None or not rule.templates:
            self._threshold.setText("–")
            self._explanation.setText(_("It depends on how many faces are enrolled; nobody is yet."))
            return
        self._threshold.setText(f"{rule.threshold:.2f}")
        faces = ngettext("{count} stored face", "{count} stored faces", rule.templates)
        parts = [
            _(
                "A face is named from this similarity on, if it leads the next customer by {margin}. "
                "From {doubt} on it is undecided, below that a stranger."
            ).format(margin=f"{rule.margin:.2f}", doubt=f"{rule.doubt_from:.2f}"),
            _("With {faces}, a stranger gets a name in about 1 of {looks} looks.").format(
                faces=faces.format(count=rule.templates), looks=f"{_looks(rule):,}"
            ),
        ]
        if rule.extrapolated:
            parts.append(_("This is an estimate: the model pack was not measured that far."))
        self._explanation.setText(" ".join(parts))

    def _show_rates(self) -> None:
        if self._figures is None:
            self._rates.setText("–")
            return
        capture_fps, recognition_fps, dropped = self._figures
        lines = (
            _("Camera: {rate} frames a second").format(rate=f"{capture_fps:.1f}"),
            _("Recognition: {rate} frames a second").format(rate=f"{recognition_fps:.1f}"),
            _("Not looked at: {count} frames").format(count=dropped),
        )
        self._rates.setText("\n".join(lines))


def _looks(rule: DecisionRule) -> int:
    """Return how many looks at strangers give one wrong name, to two digits."""
    chance = 1.0 - (1.0 - rule.far) ** max(1, rule.templates)
    looks = 1.0 / max(chance, 1e-9)
    digits = 10 ** max(0, len(str(int(looks))) - 2)
    return int(round(looks / digits) * digits)

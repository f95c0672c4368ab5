"""Beside the live picture: who is here, the seats, the rates, and the threshold in force."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from netcafe_face.domain.matching import DecisionRule
from netcafe_face.domain.people import Seat
from netcafe_face.gui import tokens
from netcafe_face.gui.dialogs import scrolled
from netcafe_face.gui.live_rows import PersonRow, SeatTile
from netcafe_face.gui.who_is_here import WhoIsHere
from netcafe_face.gui.widgets import card, label
from netcafe_face.i18n import _, grouped, ngettext

WIDE_PX, NARROW_PX = 292, 236
SEATS_ACROSS = 2


class LivePanel(QWidget):
    """The column at the right of the Live page; threshold and rates stay in view below what scrolls."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(WIDE_PX)
        self.rows: list[PersonRow] = []
        self.tiles: list[SeatTile] = []
        self._rule: DecisionRule | None = None
        self._rates: tuple[float, float, int] | None = None
        self._here_head, self._seats_head = label("section"), label("section")
        self._threshold_head, self._threshold = label("section"), label("section")
        self._nobody, self._explanation = label("muted", wrap=True), label("small", wrap=True)
        self._figures = [label("strong") for _n in range(3)]
        self._captions = [label("small") for _n in range(3)]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(tokens.SPACE_S)
        layout.addWidget(scrolled(self._people_part()), 1)
        layout.addWidget(self._threshold_card())
        layout.addWidget(self._rates_card())
        self.retranslate()

    def _people_part(self) -> QWidget:
        inner = QWidget()
        inner.setObjectName("scrolled")
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(tokens.SPACE_S)
        here, self._people = card(2)
        self._people.addWidget(self._here_head)
        self._people.addWidget(self._nobody)
        self._seat_card, seats = card(tokens.SPACE_XS)
        seats.addWidget(self._seats_head)
        self._grid = QGridLayout()
        self._grid.setSpacing(tokens.SPACE_XS)
        seats.addLayout(self._grid)
        self._seat_card.hide()
        column.addWidget(self._seat_card)
        column.addWidget(here)
        column.addStretch(1)
        return inner

    def _threshold_card(self) -> QFrame:
        frame, inside = card(2)
        head = QHBoxLayout()
        head.addWidget(self._threshold_head, 1)
        head.addWidget(self._threshold)
        inside.addLayout(head)
        inside.addWidget(self._explanation)
        return frame

    def _rates_card(self) -> QFrame:
        frame, inside = card(0)
        row = QGridLayout()
        row.setSpacing(0)
        for column, (figure, caption) in enumerate(zip(self._figures, self._captions, strict=True)):
            row.addWidget(figure, 0, column)
            row.addWidget(caption, 1, column)
            row.setColumnStretch(column, 1)
        inside.addLayout(row)
        return frame

    def set_narrow(self, narrow: bool) -> None:
        """Take less room, or the usual."""
        self.setFixedWidth(NARROW_PX if narrow else WIDE_PX)

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
        self._rates = (capture_fps, recognition_fps, dropped)
        self._show_rates()

    def retranslate(self) -> None:
        """Set every text anew."""
        self._here_head.setText(_("Here now"))
        self._seats_head.setText(_("Seats"))
        self._threshold_head.setText(_("Threshold"))
        self._nobody.setText(_("Nobody is in the picture."))
        for caption, text in zip(
            self._captions, (_("Camera"), _("Recognition"), _("Not looked at")), strict=True
        ):
            caption.setText(text)
        self._explain()
        self._show_rates()
        for tile in self.tiles:
            tile.show_person(None)

    def _explain(self) -> None:
        rule = self._rule
        if rule is None or not rule.templates:
            self._threshold.setText("–")
            nobody = _("It depends on how many faces are enrolled; nobody is yet.")
            some = _("It depends on how many faces are enrolled; the more, the stricter.")
            self._explanation.setText(nobody if rule is not None else some)
            self._explanation.setToolTip("")
            return
        self._threshold.setText(f"{rule.threshold:.2f}")
        short = [
            _("Named from {threshold}, undecided from {doubt}.").format(
                threshold=f"{rule.threshold:.2f}", doubt=f"{rule.doubt_from:.2f}"
            ),
            _("A stranger is named in about 1 of {looks} looks.").format(looks=grouped(_looks(rule))),
        ]
        self._explanation.setText(" ".join(short))
        self._explanation.setToolTip(_whole_explanation(rule))

    def _show_rates(self) -> None:
        if self._rates is None:
            for figure in self._figures:
                figure.setText("–")
            return
        capture_fps, recognition_fps, dropped = self._rates
        tips = (
            _("Camera: {rate} frames a second").format(rate=f"{capture_fps:.1f}"),
            _("Recognition: {rate} frames a second").format(rate=f"{recognition_fps:.1f}"),
            _("Not looked at: {count} frames").format(count=dropped),
        )
        texts = (
            _("{rate}/s").format(rate=f"{capture_fps:.1f}"),
            _("{rate}/s").format(rate=f"{recognition_fps:.1f}"),
            str(dropped),
        )
        for figure, caption, text, tip in zip(self._figures, self._captions, texts, tips, strict=True):
            figure.setText(text)
            figure.setAccessibleName(tip)
            figure.setToolTip(tip)
            caption.setToolTip(tip)


def _whole_explanation(rule: DecisionRule) -> str:
    faces = ngettext("{count} stored face", "{count} stored faces", rule.templates)
    parts = [
        _(
            "A face is named from this similarity on, if it leads the next customer by {margin}. "
            "From {doubt} on it is undecided, below that a stranger."
        ).format(margin=f"{rule.margin:.2f}", doubt=f"{rule.doubt_from:.2f}"),
        _("With {faces}, a stranger gets a name in about 1 of {looks} looks.").format(
            faces=faces.format(count=rule.templates), looks=grouped(_looks(rule))
        ),
    ]
    if rule.extrapolated:
        parts.append(_("This is an estimate: the model pack was not measured that far."))
    return "\n".join(parts)


def _looks(rule: DecisionRule) -> int:
    """Return how many looks at strangers give one wrong name, to two digits."""
    chance = 1.0 - (1.0 - rule.far) ** max(1, rule.templates)
    looks = 1.0 / max(chance, 1e-9)
    digits = 10 ** max(0, len(str(int(looks))) - 2)
    return int(round(looks / digits) * digits)

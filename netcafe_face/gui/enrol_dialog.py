"""Enrolling a customer: who it is, the pictures, the consent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QFileDialog, QFrame, QGridLayout, QLabel, QWidget

from netcafe_face.domain.errors import NetcafeError
from netcafe_face.domain.people import Consent, Customer, Purpose
from netcafe_face.gui import tokens
from netcafe_face.gui.consent_form import ConsentForm
from netcafe_face.gui.consent_text import consent_version
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.dialogs import Dialog
from netcafe_face.gui.drop_zone import DropZone
from netcafe_face.gui.likeness import Likeness
from netcafe_face.gui.message_bar import MessageBar, Tone
from netcafe_face.gui.operator import operator_name
from netcafe_face.gui.person_form import PersonForm
from netcafe_face.gui.shot_list import ShotList
from netcafe_face.gui.shots import PICTURE_SUFFIXES, LiveFace, judge_files, judge_live, next_code
from netcafe_face.gui.widgets import Button, card, label
from netcafe_face.i18n import _, ngettext

TWO_COLUMNS_PX = 900


@dataclass(frozen=True)
class EnrolStart:
    """What an enrolment begins with.

    Attributes:
        customer: the customer who gets more pictures; None for a new one.
        face: a face of the live picture to begin with.
        another: gives the face of the same person in the newest live picture; None when nothing is live.
    """

    customer: Customer | None = None
    face: LiveFace | None = None
    another: Callable[[], LiveFace | None] | None = None


class EnrolDialog(Dialog):
    """Save is possible once there is a name, a code, a good picture and the consent; until then it says why.

    Signals:
        enrolled: (Customer) it was stored.
    """

    enrolled = pyqtSignal(object)

    def __init__(self, context: GuiContext, start: EnrolStart, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self._start = context, start
        self._customer: Customer | None = None
        self._busy = 0
        self._code_suggested = ""
        self.person, self.consent, self.shots = PersonForm(), ConsentForm(), ShotList()
        self.message, self.likeness = MessageBar(), Likeness(context)
        self.who = label(wrap=True)
        self.who.hide()
        self.zone = DropZone(lambda path: path.suffix.lower() in PICTURE_SUFFIXES, "picture")
        self.live_button = Button(icon_name="live")
        self._heads = [label("section") for _n in range(3)]
        self._lay_out()
        self._connect()
        self.retranslate()
        self.fit_to_screen(1080, 560 if start.customer is not None else 720)
        self._begin()

    def _lay_out(self) -> None:
        self._grid = QGridLayout()
        self._grid.setSpacing(tokens.SPACE_M)
        self._cards = (
            self._card(self._heads[0], self.who, self.person),
            self._card(self._heads[1], self.zone, self.live_button, self.shots),
            self._card(self._heads[2], self.consent),
        )
        self.zone.setMinimumHeight(132)
        self.inside.addWidget(self.message)
        self.inside.addWidget(self.likeness)
        self.inside.addLayout(self._grid, 1)
        self._place()
        self.live_button.setVisible(self._start.another is not None)

    def _place(self) -> None:
        """Put the cards into two columns, or into one where there is little room."""
        who, pictures, agreed = self._cards
        for each in self._cards:
            self._grid.removeWidget(each)
        wide = self.width() >= TWO_COLUMNS_PX
        self._grid.addWidget(who, 0, 0)
        if wide:
            self._grid.addWidget(agreed, 1, 0)
            self._grid.addWidget(pictures, 0, 1, 2, 1)
        else:
            self._grid.addWidget(pictures, 1, 0)
            self._grid.addWidget(agreed, 2, 0)
        self._grid.setColumnStretch(0, 1)
        self._grid.setColumnStretch(1, 1 if wide else 0)
        self._grid.setRowStretch(1, 1)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Choose between one column and two."""
        super().resizeEvent(event)
        self._place()

    @staticmethod
    def _card(head: QLabel, *widgets: QWidget) -> QFrame:
        frame, inside = card()
        inside.addWidget(head)
        for widget in widgets:
            inside.addWidget(widget)
        inside.addStretch(1)
        return frame

    def _connect(self) -> None:
        self.person.changed.connect(self._check)
        self.consent.changed.connect(self._check)
        self.likeness.changed.connect(self._check)
        self.likeness.taken.connect(self._use_customer)
        self.likeness.failed.connect(self._fail)
        self.shots.changed.connect(self._shots_changed)
        self.zone.dropped.connect(self.add_files)
        self.zone.refused.connect(self._refuse)
        self.zone.pressed.connect(self._browse)
        self.live_button.clicked.connect(self._take_another)
        self.main_button.clicked.connect(self._save)

    def _begin(self) -> None:
        if self._start.customer is not None:
            self._use_customer(self._start.customer)
            self.zone.setFocus()
        else:
            self._run(lambda _job: self._context.cafe.gallery.customers(), self._suggest_code)
        if self._start.face is not None:
            self._add_live(self._start.face)
        self._check()
        if self._start.customer is None:
            self.person.name.setFocus()

    def retranslate(self) -> None:
        """Set every text anew."""
        super().retranslate()
        adding = self._customer is not None
        self.setWindowTitle(_("Add pictures") if adding else _("Enrol a customer"))
        self.main_button.setText(_("&Save"))
        for head, text in zip(self._heads, (_("Who is it?"), _("Pictures"), _("Consent")), strict=True):
            head.setText(text)
        self.zone.set_texts(
            _("Drop pictures here, or press to choose"),
            _("One person in each. Two or three different pictures work best."),
        )
        self.live_button.setText(_("Take another from the &live picture"))
        for part in (self.person, self.consent, self.shots, self.message, self.likeness):
            part.retranslate()
        self._check()

    def add_files(self, paths: Sequence[Path]) -> None:
        """Read pictures off the GUI thread and show each with its verdict."""
        cafe = self._context.cafe
        self._run(lambda job: judge_files(cafe, list(paths), job), self.shots.add)

    def _refuse(self, paths: Sequence[Path]) -> None:
        names = ", ".join(path.name for path in paths)
        self.message.show_text(Tone.WARNING, lambda: _("Not a picture: {names}").format(names=names))

    def _browse(self) -> None:
        endings = " ".join(f"*{suffix}" for suffix in PICTURE_SUFFIXES)
        chosen, _kind = QFileDialog.getOpenFileNames(
            self, _("Choose pictures"), "", _("Pictures") + f" ({endings})"
        )
        if chosen:
            self.add_files([Path(path) for path in chosen])

    def _take_another(self) -> None:
        face = self._start.another() if self._start.another is not None else None
        if face is None:
            self.message.show_text(
                Tone.WARNING,
                lambda: _("The face is not in the live picture now. Ask the customer to look up."),
            )
        else:
            self.message.hide()
            self._add_live(face)

    def _add_live(self, live: LiveFace) -> None:
        cafe = self._context.cafe
        self._run(lambda _job: judge_live(cafe, live), self.shots.add)

    def _run(
        self, function: Callable[..., object], done: Callable[..., object], must_finish: bool = False
    ) -> None:
        self._busy += 1
        job = self._context.workers.start(function, done, self._fail, owner=self, must_finish=must_finish)
        job.finished.connect(self._ended)
        self._check()

    def _ended(self) -> None:
        self._busy -= 1
        self._check()

    def _fail(self, error: NetcafeError) -> None:
        self.message.show_error(error)

    def _suggest_code(self, customers: Sequence[Customer]) -> None:
        if not self.person.code.text():
            self._code_suggested = next_code(customer.code for customer in customers)
            self.person.code.setText(self._code_suggested)

    def _use_customer(self, customer: Customer) -> None:
        self._customer = customer
        self.person.hide()
        self.who.setText(f"{customer.name} ({customer.code})")
        self.who.show()
        self.retranslate()
        self._run(lambda _job: self._context.cafe.gallery.consents(customer.code), self._show_consents)

    def _show_consents(self, consents: Sequence[Consent]) -> None:
        in_force = [
            each for each in consents if each.withdrawn_at is None and Purpose.RECOGNITION in each.purposes
        ]
        self.consent.set_earlier(max(in_force, key=lambda each: each.given_at, default=None))

    def _shots_changed(self) -> None:
        self.likeness.look(self.shots.shots, self._customer)
        self._check()

    def missing(self) -> list[str]:
        """Return what is still needed before it can be saved."""
        needed = [] if self._customer is not None else self.person.missing()
        if not any(shot.good for shot in self.shots.shots):
            needed.append(_("at least one good picture"))
        if self.likeness.undecided:
            needed.append(_("your decision about the likeness"))
        return needed + self.consent.missing()

    def _check(self) -> None:
        needed, busy = self.missing(), self._busy > 0 or self.likeness.looking
        self.main_button.setEnabled(not needed and not busy)
        if busy:
            self.status.setText(_("Looking…"))
        elif needed:
            self.status.setText(_("Still needed: {things}.").format(things=", ".join(needed)))
        else:
            good = sum(shot.good for shot in self.shots.shots)
            self.status.setText(
                ngettext("{count} picture will be stored.", "{count} pictures will be stored.", good).format(
                    count=good
                )
            )

    def _save(self) -> None:
        from netcafe_face.pipeline.enrolment import EnrolmentRequest

        cafe, pictures = self._context.cafe, self.shots.shots
        request = EnrolmentRequest(
            customer=self._customer or self.person.customer(),
            purposes=self.consent.purposes,
            how_given=self.consent.how_given,
            operator=operator_name(cafe),
            text_version=consent_version(),
            allow_lookalike=self.likeness.somebody_else,
        )
        self._run(lambda _job: cafe.enrolment().enrol(request, pictures), self._saved, must_finish=True)

    def _saved(self, customer: Customer) -> None:
        self.enrolled.emit(customer)
        self.accept()

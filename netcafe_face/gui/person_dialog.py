"""Correcting what is recorded about a customer."""

from __future__ import annotations

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QWidget

from netcafe_face.domain.people import Customer
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.dialogs import Dialog
from netcafe_face.gui.message_bar import MessageBar
from netcafe_face.gui.person_form import PersonForm
from netcafe_face.i18n import _


class PersonDialog(Dialog):
    """Edits a customer; `saved` carries the result."""

    saved = pyqtSignal(object)

    def __init__(self, context: GuiContext, customer: Customer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self._customer = context, customer
        self.person, self.message = PersonForm(), MessageBar()
        self.inside.addWidget(self.message)
        self.inside.addWidget(self.person)
        self.inside.addStretch(1)
        self.person.fill(customer)
        self.person.changed.connect(self._check)
        self.main_button.clicked.connect(self._save)
        self.retranslate()
        self.fit_to_contents(520)
        self.person.name.setFocus()

    def retranslate(self) -> None:
        """Set every text anew."""
        super().retranslate()
        self.setWindowTitle(_("Edit customer"))
        self.main_button.setText(_("&Save"))
        self.person.retranslate()
        self.message.retranslate()
        self._check()

    def _check(self) -> None:
        needed = self.person.missing()
        self.main_button.setEnabled(not needed)
        self.status.setText(_("Still needed: {things}.").format(things=", ".join(needed)) if needed else "")

    def _save(self) -> None:
        before, after = self._customer, self.person.customer()
        names = ("name", "code", "birth_date", "phone", "note")
        changes = {
            name: getattr(after, name) for name in names if getattr(after, name) != getattr(before, name)
        }
        if not changes:
            self.accept()
            return
        self.main_button.setEnabled(False)
        gallery = self._context.cafe.gallery
        job = self._context.workers.start(
            lambda _job: gallery.update_customer(before.code, **changes),
            self._done,
            self.message.show_error,
            owner=self,
            must_finish=True,
        )
        job.finished.connect(self._check)

    def _done(self, customer: Customer) -> None:
        self.saved.emit(customer)
        self.accept()

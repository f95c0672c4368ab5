"""The fields of a customer: name, code, birth date, phone, note."""

from __future__ import annotations

from datetime import date, datetime

from PyQt6.QtCore import QRegularExpression, pyqtSignal
from PyQt6.QtGui import QRegularExpressionValidator
from PyQt6.QtWidgets import QGridLayout, QLineEdit, QWidget

from netcafe_face.domain.people import Customer
from netcafe_face.gui import tokens
from netcafe_face.gui.dates import DAY_FORMAT, day_text
from netcafe_face.gui.widgets import label, restyle
from netcafe_face.i18n import _


def parse_birth_date(text: str, today: date) -> date | None:
    """Read DD/MM/YYYY; "" gives None.

    Raises:
        ValueError: it is no date, or not one on which a customer can be born.
    """
    if not text.strip():
        return None
    found = datetime.strptime(text.strip(), DAY_FORMAT).date()  # noqa: DTZ007 - a date has no zone
    if found.year < 1900 or found > today:
        raise ValueError("out of range")
    return found


class PersonForm(QWidget):
    """Asks who it is. `changed` is emitted at every keystroke."""

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.name, self.code, self.birth, self.phone, self.note = (QLineEdit() for _n in range(5))
        self._fields = (self.name, self.code, self.birth, self.phone, self.note)
        self._labels = [label("strong") for _field in self._fields]
        self.name.setMaxLength(120)
        self.code.setMaxLength(40)
        self.phone.setMaxLength(40)
        self.note.setMaxLength(500)
        self.birth.setValidator(QRegularExpressionValidator(QRegularExpression(r"[0-9/]{0,10}"), self))
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(tokens.SPACE_M)
        layout.setVerticalSpacing(2)
        places = ((0, 0, 1, 2), (2, 0, 1, 1), (2, 1, 1, 1), (4, 0, 1, 1), (4, 1, 1, 1))
        for field, words, (row, column, _rows, span) in zip(self._fields, self._labels, places, strict=True):
            words.setBuddy(field)
            if row:
                words.setContentsMargins(0, tokens.SPACE_XS, 0, 0)
            layout.addWidget(words, row, column, 1, span)
            layout.addWidget(field, row + 1, column, 1, span)
            field.textChanged.connect(self._check)

    def retranslate(self) -> None:
        """Set every text anew."""
        texts = (
            _("&Name"),
            _("C&ode"),
            _("&Birth date (optional)"),
            _("&Phone (optional)"),
            _("No&te (optional)"),
        )
        for field, words, text in zip(self._fields, self._labels, texts, strict=True):
            words.setText(text)
            field.setAccessibleName(text.replace("&", ""))
        self.birth.setPlaceholderText(_("DD/MM/YYYY"))

    def fill(self, customer: Customer) -> None:
        """Show a customer."""
        self.name.setText(customer.name)
        self.code.setText(customer.code)
        self.birth.setText(day_text(customer.birth_date) if customer.birth_date else "")
        self.phone.setText(customer.phone)
        self.note.setText(customer.note)

    def missing(self) -> list[str]:
        """Return what is still needed, a few words each."""
        needed = []
        if not self.name.text().strip():
            needed.append(_("a name"))
        if not self.code.text().strip():
            needed.append(_("a code"))
        if not self._birth_is_right():
            needed.append(_("a birth date like 31/12/2000"))
        return needed

    def customer(self) -> Customer:
        """Return the fields as a customer not stored yet; call it when nothing is missing."""
        return Customer(
            code=self.code.text().strip(),
            name=" ".join(self.name.text().split()),
            birth_date=parse_birth_date(self.birth.text(), date.today()),  # noqa: DTZ011 - the café's day
            phone=self.phone.text().strip(),
            note=self.note.text().strip(),
        )

    def _birth_is_right(self) -> bool:
        try:
            parse_birth_date(self.birth.text(), date.today())  # noqa: DTZ011 - the café's day
        except ValueError:
            return False
        return True

    def _check(self) -> None:
        restyle(self.birth, "invalid", not self._birth_is_right())
        self.changed.emit()

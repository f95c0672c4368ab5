"""Everything about one customer, beside the table."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtGui import QImage
from PyQt6.QtWidgets import QLabel, QVBoxLayout, QWidget

from netcafe_face.domain.people import Consent, Customer, CustomerStatus
from netcafe_face.gui import tokens
from netcafe_face.gui.consent_form import earlier_text
from netcafe_face.gui.dates import day_text
from netcafe_face.gui.dialogs import scrolled
from netcafe_face.gui.images import avatar
from netcafe_face.gui.models.customers import STATUS_PRESENCE, status_text
from netcafe_face.gui.state_chip import StateChip
from netcafe_face.gui.theme import theme
from netcafe_face.gui.widgets import Button, card, label
from netcafe_face.i18n import _, ngettext

PHOTO_PX = 84


class CustomerCard(QWidget):
    """Shows one customer with the actions on it; `asked` carries the action's name.

    Actions: "edit", "pictures", "ban", "unban", "withdraw", "delete".
    """

    asked = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        self.customer: Customer | None = None
        self._photo_image: QImage | None = None
        self._consents: Sequence[Consent] = ()
        self._photo, self._name, self._code = QLabel(), label("section", wrap=True), label("muted")
        self._chip = StateChip()
        self._facts, self._consent_text = label(wrap=True), label("small", wrap=True)
        self.buttons = {
            "edit": Button(icon_name="edit"),
            "pictures": Button(icon_name="picture"),
            "ban": Button(icon_name="ban"),
            "unban": Button(icon_name="unban"),
            "withdraw": Button(icon_name="close"),
            "delete": Button(icon_name="delete"),
        }
        self._lay_out()
        theme().changed.connect(self._show_photo)

    def _lay_out(self) -> None:
        frame, inside = card(tokens.SPACE_XS)
        middle = Qt.AlignmentFlag.AlignHCenter
        for widget in (self._photo, self._name, self._code):
            widget.setAlignment(middle)
            inside.addWidget(widget)
        inside.addWidget(self._chip, 0, middle)
        inside.addWidget(self._facts)
        inside.addWidget(self._consent_text)
        inside.addStretch(1)
        self._facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        for action, button in self.buttons.items():
            inside.addWidget(button)
            button.clicked.connect(lambda _checked, name=action: self.asked.emit(name))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scrolled(frame))

    def show_customer(self, customer: Customer, photo: QImage | None) -> None:
        """Show a customer; the consents follow with `show_consents`."""
        self.customer, self._photo_image, self._consents = customer, photo, ()
        self.retranslate()

    def show_consents(self, consents: Sequence[Consent]) -> None:
        """Show what was agreed to."""
        self._consents = consents
        self.retranslate()

    def show_photo(self, photo: QImage | None) -> None:
        """Show the photo, once it is there."""
        self._photo_image = photo
        self._show_photo()

    def retranslate(self) -> None:
        """Set every text anew."""
        texts = {
            "edit": _("&Edit…"),
            "pictures": _("Add &pictures…"),
            "ban": _("&Ban…"),
            "unban": _("Lift the &ban…"),
            "withdraw": _("&Withdraw consent…"),
            "delete": _("&Delete…"),
        }
        for action, button in self.buttons.items():
            button.setText(texts[action])
        if self.customer is not None:
            self._show(self.customer)

    def _show(self, customer: Customer) -> None:
        self._show_photo()
        self._name.setText(customer.name)
        self._code.setText(customer.code)
        self._chip.set_presence(STATUS_PRESENCE[customer.status], status_text(customer.status))
        banned = customer.status is CustomerStatus.BANNED
        self.buttons["ban"].setVisible(not banned)
        self.buttons["unban"].setVisible(banned)
        self._facts.setText("\n".join(self._fact_lines(customer)))
        in_force = [each for each in self._consents if each.withdrawn_at is None]
        self.buttons["withdraw"].setVisible(bool(in_force))
        newest = max(in_force, key=lambda each: each.given_at, default=None)
        self._consent_text.setText(earlier_text(newest) if newest else _("No consent is in force."))

    def _fact_lines(self, customer: Customer) -> list[str]:
        lines = []
        if customer.ban_reason:
            lines.append(_("Banned: {reason}").format(reason=customer.ban_reason))
        faces = ngettext("{count} face stored", "{count} faces stored", customer.templates)
        lines.append(faces.format(count=customer.templates))
        if customer.birth_date is not None:
            lines.append(_("Born {day}").format(day=day_text(customer.birth_date)))
        if customer.phone:
            lines.append(_("Phone {number}").format(number=customer.phone))
        if customer.note:
            lines.append(customer.note)
        return lines

    def _show_photo(self) -> None:
        self._photo.setPixmap(avatar(self._photo_image, PHOTO_PX, self.devicePixelRatioF()))
        self._photo.setMinimumSize(QSize(PHOTO_PX, PHOTO_PX))

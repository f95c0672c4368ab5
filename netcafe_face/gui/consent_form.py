"""The consent: its text, one unticked box per purpose, and how it was given."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from netcafe_face.domain.people import Consent, Purpose
from netcafe_face.gui import tokens
from netcafe_face.gui.consent_text import consent_text, purpose_text, purpose_word, ways_given
from netcafe_face.gui.dates import local_day
from netcafe_face.gui.widgets import label
from netcafe_face.i18n import _


class _BoxText(QLabel):
    """The text of a box, which unlike the box's own text wraps; a click on it is a click on the box."""

    def __init__(self, box: QCheckBox) -> None:
        super().__init__()
        self._box = box
        self.setWordWrap(True)
        self.setMinimumWidth(40)
        self.setContentsMargins(0, 4, 0, 2)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Press the box."""
        self._box.click()


class ConsentForm(QWidget):
    """Asks what the customer agrees to. Nothing is ticked beforehand."""

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._earlier: Consent | None = None
        self._text, self._earlier_text = label(wrap=True), label(wrap=True)
        self.boxes = {purpose: QCheckBox() for purpose in Purpose}
        self._words = {purpose: _BoxText(box) for purpose, box in self.boxes.items()}
        self._way_label, self.way = label("strong"), QComboBox()
        self.way.setEditable(True)
        self._way_label.setBuddy(self.way)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(tokens.SPACE_XS)
        layout.addWidget(self._earlier_text)
        layout.addWidget(self._text)
        for purpose, box in self.boxes.items():
            row = QHBoxLayout()
            row.setSpacing(tokens.SPACE_XS)
            row.addWidget(box, 0, Qt.AlignmentFlag.AlignTop)
            row.addWidget(self._words[purpose], 1)
            layout.addLayout(row)
            box.toggled.connect(self._check)
        layout.addSpacing(tokens.SPACE_XS)
        layout.addWidget(self._way_label)
        layout.addWidget(self.way)
        self.way.currentTextChanged.connect(self._check)
        self._earlier_text.hide()
        self._check()

    @property
    def purposes(self) -> frozenset[Purpose]:
        """Return what was agreed to here; empty where the earlier consent goes on."""
        if self._earlier is not None:
            return frozenset()
        return frozenset(purpose for purpose, box in self.boxes.items() if box.isChecked())

    @property
    def how_given(self) -> str:
        """Return how it was given."""
        return self.way.currentText().strip()

    def set_earlier(self, consent: Consent | None) -> None:
        """Go on with a consent recorded earlier, or ask for a new one."""
        self._earlier = consent
        asked = (self._text, self._way_label, self.way, *self.boxes.values(), *self._words.values())
        for widget in asked:
            widget.setVisible(consent is None)
        self._earlier_text.setVisible(consent is not None)
        self.retranslate()
        self._check()

    def missing(self) -> list[str]:
        """Return what is still needed, a few words each."""
        if self._earlier is not None:
            return []
        needed = []
        if not self.boxes[Purpose.RECOGNITION].isChecked():
            needed.append(_("the customer's consent to recognition"))
        if not self.how_given:
            needed.append(_("how the consent was given"))
        return needed

    def retranslate(self) -> None:
        """Set every text anew, keeping what was chosen."""
        self._text.setText(consent_text())
        for purpose, box in self.boxes.items():
            box.setAccessibleName(purpose_text(purpose))
            self._words[purpose].setText(purpose_text(purpose))
        self._way_label.setText(_("&How was it given?"))
        typed, chosen = self.way.currentText(), self.way.currentIndex()
        self.way.blockSignals(True)
        self.way.clear()
        self.way.addItems(ways_given())
        self.way.setCurrentIndex(chosen)
        if chosen < 0:
            self.way.setEditText(typed)
        self.way.blockSignals(False)
        if (line := self.way.lineEdit()) is not None:
            line.setPlaceholderText(_("Choose or type"))
        self.way.setAccessibleName(_("How was the consent given?"))
        if self._earlier is not None:
            self._earlier_text.setText(earlier_text(self._earlier))

    def _check(self) -> None:
        agreed = self.boxes[Purpose.RECOGNITION].isChecked()
        for purpose, box in self.boxes.items():
            if purpose is not Purpose.RECOGNITION:
                # Pictures are kept for recognition only, so without it there is nothing to agree to.
                box.setEnabled(agreed)
                self._words[purpose].setEnabled(agreed)
                if not agreed:
                    box.setChecked(False)
        self.changed.emit()


def earlier_text(consent: Consent) -> str:
    """Return what was agreed to, when and how."""
    words = ", ".join(purpose_word(purpose) for purpose in Purpose if purpose in consent.purposes)
    day = local_day(consent.given_at)
    return _("Consent of {day}: {purposes} ({how}).").format(day=day, purposes=words, how=consent.how_given)

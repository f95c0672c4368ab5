"""Choosing the model pack, with the facts of its card."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from netcafe_face.gui import tokens
from netcafe_face.gui.pack_words import accuracy_words, licence_words
from netcafe_face.gui.widgets import label
from netcafe_face.i18n import _
from netcafe_face.vision.card import PackCard
from netcafe_face.vision.packs import PackLibrary

SHIPPED_PACKS = Path(str(resources.files("netcafe_face"))).parent / "models"


def installed_cards(shipped: Path, user: Path) -> list[PackCard]:
    """Return the cards of the packs that can be chosen, by name; slow."""
    entries = PackLibrary(shipped, user).entries()
    return [entry.card for entry in entries if entry.card is not None and not entry.hidden]


class PackChoice(QWidget):
    """A list of packs and, below it, what the chosen one's card says.

    Signals:
        chosen: (name) a person chose another pack.
    """

    chosen = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        self._missing = ""
        self.list = QComboBox()
        self.list.setFixedWidth(280)
        self.facts = label("muted", wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(tokens.SPACE_XS)
        layout.addWidget(self.list, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.facts)
        self.list.activated.connect(self._choose)

    @property
    def chosen_name(self) -> str:
        """Return the name of the chosen pack, or ""."""
        card = self.list.currentData()
        return card.name if isinstance(card, PackCard) else ""

    def show_packs(self, cards: list[PackCard], current: str) -> None:
        """Fill the list and choose one by its name."""
        self.list.clear()
        for card in cards:
            self.list.addItem(f"{card.name} {card.version}", card)
        names = [card.name for card in cards]
        self._missing = "" if current in names else current
        self.list.setCurrentIndex(names.index(current) if current in names else -1)
        self.retranslate()

    def retranslate(self) -> None:
        """Set every text anew."""
        self.list.setAccessibleName(_("Model pack"))
        card = self.list.currentData()
        if not isinstance(card, PackCard):
            missing = _("The model pack “{name}” of the settings cannot be used. Choose another one here.")
            self.facts.setText(missing.format(name=self._missing) if self._missing else "")
            return
        lines = [licence_words(card), accuracy_words(card.thresholds)]
        self.facts.setText("\n".join(lines))

    def _choose(self, _index: int) -> None:
        self.retranslate()
        card = self.list.currentData()
        if isinstance(card, PackCard):
            self.chosen.emit(card.name)

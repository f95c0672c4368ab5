"""Before the window: the model pack of the settings cannot be used, so another one is chosen."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QWidget

from netcafe_face.domain.errors import ModelError
from netcafe_face.gui.context import Cafe
from netcafe_face.gui.dialogs import Dialog
from netcafe_face.gui.pack_choice import SHIPPED_PACKS, PackChoice, installed_cards
from netcafe_face.gui.widgets import label
from netcafe_face.i18n import _


class PackRescue(Dialog):
    """Says what is wrong with the pack of the settings and offers those that are installed."""

    def __init__(self, cafe: Cafe, error: ModelError, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._error = error
        self._title, self._words = label("section", wrap=True), label(wrap=True)
        self._hint, self.pack = label("muted", wrap=True), PackChoice()
        cards = installed_cards(SHIPPED_PACKS, cafe.paths.packs)
        self.pack.show_packs(cards, cards[0].name if cards else "")
        for widget in (self._title, self._words, self.pack, self._hint):
            self.inside.addWidget(widget)
        self.inside.addStretch(1)
        self.main_button.setEnabled(bool(cards))
        self.main_button.clicked.connect(self.accept)
        self.retranslate()
        self.fit_to_contents(560)
        self.pack.list.setFocus()

    def retranslate(self) -> None:
        """Set every text anew."""
        super().retranslate()
        self.setWindowTitle("Netcafe Face")
        self._title.setText(_("The model pack cannot be used"))
        self._words.setText(self._error.explain(_))
        self._hint.setText(
            _(
                "Customers whose face pictures were kept can be learned by another pack in the settings; "
                "the others are enrolled again at the counter. Nothing is deleted."
            )
        )
        self.main_button.setText(_("&Use this pack"))
        self.cancel_button.setText(_("Close the program"))
        self.pack.retranslate()


def choose_usable_pack(cafe: Cafe, error: ModelError) -> bool:
    """Ask which installed pack to use instead, use it, and return whether one was chosen.

    Raises:
        NetcafeError: the chosen pack cannot be used or saved either.
    """
    from netcafe_face.gui.application import make_application
    from netcafe_face.gui.language import use_language
    from netcafe_face.gui.theme import theme

    application = make_application([])
    if application.platformName() in ("offscreen", "minimal"):
        return False
    theme().choose(cafe.settings.theme)
    use_language(cafe.settings.language)
    dialog = PackRescue(cafe, error)
    # What was chosen is read after it has closed.
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    if not dialog.exec() or not dialog.pack.chosen_name:
        return False
    cafe.change_settings(pack=dialog.pack.chosen_name)
    return True

"""Settings: language, look, model pack, recognition, operator and data folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PyQt6.QtCore import Qt, QUrl
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from netcafe_face.config.settings import RANGES
from netcafe_face.gui import tokens
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.language import use_language
from netcafe_face.gui.message_bar import Tone
from netcafe_face.gui.pack_choice import SHIPPED_PACKS, PackChoice, installed_cards
from netcafe_face.gui.pack_move import PackMove
from netcafe_face.gui.page import Page
from netcafe_face.gui.settings_saver import SettingsSaver
from netcafe_face.gui.settings_words import change_words, provider_text, setting_hints, setting_names
from netcafe_face.gui.theme import theme
from netcafe_face.gui.widgets import Button, card, label
from netcafe_face.gui.work import Job
from netcafe_face.i18n import LANGUAGES, _
from netcafe_face.vision.card import PackCard
from netcafe_face.vision.runtime import available_providers

FIELD_PX = 280
RUNS_NETWORKS = ("pack", "provider", "threads")

if TYPE_CHECKING:
    from netcafe_face.gallery.templates import PackChange

Facts = tuple[list[PackCard], list[str]]


class SettingsPage(Page):
    """Every change is saved and used at once; what a running camera does not follow is said."""

    key = "settings"
    icon_name = "settings"

    def __init__(self, context: GuiContext) -> None:
        super().__init__(context)
        self._saver = SettingsSaver(context, self)
        self._at_start = {name: getattr(context.cafe.settings, name) for name in RUNS_NETWORKS}
        self._cards: list[PackCard] = []
        self.language, self.theme, self.provider = QComboBox(), QComboBox(), QComboBox()
        self.threads, self.min_face, self.operator = QSpinBox(), QSpinBox(), QLineEdit()
        self.pack, self.open_folder, self.folder = PackChoice(), Button(icon_name="folder"), label(wrap=True)
        self.move_pack = PackMove(context, self.message)
        self._titles = [label("section") for _section in range(4)]
        self._names: dict[str, QLabel] = {}
        self._hints: dict[str, QLabel] = {}
        self._lay_out()
        self._fill()
        self._connect()
        self.retranslate()

    def title(self) -> str:
        """Return the page's name."""
        return _("Settings")

    def explanation(self) -> str:
        """Return what the page is for."""
        return _("Changes are saved at once.")

    def retranslate(self) -> None:
        """Set every text anew."""
        super().retranslate()
        titles = (_("Look"), _("Recognition"), _("Enrolment"), _("Data"))
        for widget, text in zip(self._titles, titles, strict=True):
            widget.setText(text)
        for key, text in setting_names().items():
            self._names[key].setText(text)
            if (field := self._names[key].buddy()) is not None:
                field.setAccessibleName(text)
        for key, text in setting_hints().items():
            self._hints[key].setText(text)
            self._hints[key].setVisible(bool(text))
        self.language.setItemText(0, _("As the system"))
        for index, text in enumerate((_("As the system"), _("Light"), _("Dark"))):
            self.theme.setItemText(index, text)
        self.threads.setSpecialValueText(_("Automatic"))
        self.min_face.setSuffix(_(" px"))
        self.operator.setPlaceholderText(_("Your name"))
        self.open_folder.setText(_("Open folder"))
        self.pack.retranslate()
        self.move_pack.retranslate()

    def on_shown(self) -> None:
        """Find the installed packs and the providers of this computer."""
        cafe = self.context.cafe

        def work(_job: Job) -> Facts:
            cards = installed_cards(SHIPPED_PACKS, cafe.paths.packs)
            return cards, available_providers()

        workers, key = self.context.workers, "settings-facts"
        workers.start(work, self._found, self.message.show_error, owner=self, key=key)
        self.move_pack.offer()
        self.language.setFocus()

    def on_hidden(self) -> None:
        """Take what was typed but not confirmed."""
        self._save_operator()

    def shut_down(self) -> None:
        """Take what was typed but not confirmed."""
        self._save_operator()

    def _found(self, facts: Facts) -> None:
        self._cards, providers = facts
        settings = self.context.cafe.settings
        self.pack.show_packs(self._cards, settings.pack)
        self.provider.clear()
        for key in dict.fromkeys([*providers, settings.provider]):
            self.provider.addItem(provider_text(key), key)
        self.provider.setCurrentIndex(self.provider.findData(settings.provider))

    def _fill(self) -> None:
        settings = self.context.cafe.settings
        for code, name in {"": "", **LANGUAGES}.items():
            self.language.addItem(name, code)
        self.language.setCurrentIndex(self.language.findData(settings.language))
        for choice in ("system", "light", "dark"):
            self.theme.addItem("", choice)
        self.theme.setCurrentIndex(self.theme.findData(settings.theme))
        for box in (self.threads, self.min_face):
            box.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.threads.setRange(*RANGES["threads"])
        self.threads.setValue(settings.threads)
        self.min_face.setRange(*RANGES["min_face_px"])
        self.min_face.setValue(settings.min_face_px)
        self.operator.setText(settings.operator)
        self.operator.setMaxLength(80)
        self.folder.setText(str(self.context.cafe.paths.root))
        self.folder.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def _connect(self) -> None:
        self.language.activated.connect(self._choose_language)
        self.theme.activated.connect(self._choose_theme)
        self.provider.activated.connect(
            lambda _index: self._saver.change(provider=self.provider.currentData())
        )
        self.pack.chosen.connect(lambda name: self._saver.change(pack=name))
        self.threads.editingFinished.connect(lambda: self._saver.change(threads=self.threads.value()))
        self.min_face.editingFinished.connect(lambda: self._saver.change(min_face_px=self.min_face.value()))
        self.operator.editingFinished.connect(self._save_operator)
        self.open_folder.clicked.connect(self._open_folder)
        self._saver.failed.connect(self.message.show_error)
        self._saver.saved.connect(self._tell_change)

    def _choose_language(self, _index: int) -> None:
        code = self.language.currentData()
        use_language(code)
        self._saver.change(language=code)

    def _choose_theme(self, _index: int) -> None:
        choice = self.theme.currentData()
        theme().choose(choice)
        self._saver.change(theme=choice)

    def _save_operator(self) -> None:
        self._saver.change(operator=self.operator.text().strip())

    def _tell_change(self) -> None:
        settings = self.context.cafe.settings
        changed = [name for name, value in self._at_start.items() if getattr(settings, name) != value]
        if "pack" not in changed:
            self.move_pack.stop()
        if not changed:
            self.message.hide()
            return
        gallery = self.context.cafe.gallery
        pack_ids = [card.pack_id for card in self._cards if card.name == settings.pack and "pack" in changed]

        def work(_job: Job) -> PackChange | None:
            return gallery.pack_change(pack_ids[0]) if pack_ids else None

        def done(change: PackChange | None) -> None:
            if change is not None and change.reembeddable:
                self.move_pack.run()
            else:
                self.message.show_text(Tone.INFO, lambda: change_words(change))

        self.context.workers.start(work, done, self.message.show_error, owner=self, key="settings-change")

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.context.cafe.paths.root)))

    def _lay_out(self) -> None:
        sections: tuple[Mapping[str, QWidget], ...] = (
            {"language": self.language, "theme": self.theme},
            {"pack": self.pack, "provider": self.provider, "threads": self.threads},
            {"min_face": self.min_face, "operator": self.operator},
            {"folder": self.folder},
        )
        inside = QWidget()
        inside.setObjectName("scrolled")
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, tokens.SPACE_S, 0)
        column.setSpacing(tokens.SPACE_M)
        for title, fields in zip(self._titles, sections, strict=True):
            frame, words = card(tokens.SPACE_M)
            words.addWidget(title)
            words.addLayout(self._form(fields))
            column.addWidget(frame)
        column.addStretch(1)
        self.body.addWidget(self.move_pack)
        scroll = QScrollArea()
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidgetResizable(True)
        scroll.setWidget(inside)
        self.body.addWidget(scroll, 1)

    def _form(self, fields: Mapping[str, QWidget]) -> QGridLayout:
        form = QGridLayout()
        form.setHorizontalSpacing(tokens.SPACE_L)
        form.setVerticalSpacing(tokens.SPACE_M)
        form.setColumnMinimumWidth(0, 180)
        form.setColumnStretch(1, 1)
        top = Qt.AlignmentFlag.AlignTop
        for row, (key, widget) in enumerate(fields.items()):
            name, hint = label(), label("small", wrap=True)
            name.setBuddy(widget)
            name.setContentsMargins(0, 7, 0, 0)
            self._names[key], self._hints[key] = name, hint
            column = QVBoxLayout()
            column.setSpacing(2)
            if isinstance(widget, QComboBox | QSpinBox | QLineEdit):
                widget.setFixedWidth(FIELD_PX)
                column.addWidget(widget, 0, Qt.AlignmentFlag.AlignLeft)
            else:
                column.addWidget(widget)
            if key == "folder":
                widget.setContentsMargins(0, 7, 0, 0)
                column.addWidget(self.open_folder, 0, Qt.AlignmentFlag.AlignLeft)
            column.addWidget(hint)
            form.addWidget(name, row, 0, top)
            form.addLayout(column, row, 1)
        return form

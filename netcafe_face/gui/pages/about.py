"""About: version, model pack and its honest accuracy, third parties and licences."""

from __future__ import annotations

import platform
from importlib import metadata, resources
from pathlib import Path

from PyQt6.QtCore import Qt, QUrl
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import QApplication, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from netcafe_face import __version__
from netcafe_face.gui import tokens
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.icons import icon
from netcafe_face.gui.pack_words import accuracy_words, licence_words
from netcafe_face.gui.page import Page
from netcafe_face.gui.widgets import Button, card, label
from netcafe_face.gui.work import Job
from netcafe_face.i18n import _
from netcafe_face.vision.card import PackCard
from netcafe_face.vision.sentences import in_language, one_by_one

LICENCE_FILE = Path(str(resources.files("netcafe_face"))).parent / "LICENSE"
THIRD_PARTIES = (
    "PyQt6",
    "PyQt6-Qt6",
    "opencv-python",
    "onnxruntime",
    "numpy",
    "insightface",
    "scikit-image",
    "sqlite-utils",
    "click",
    "platformdirs",
    "filelock",
    "tomli_w",
    "pillow",
    "cv2-enumerate-cameras",
)

_STATED_ELSEWHERE = {"insightface": "MIT"}
"""Licences that a package states in its README only (insightface: its code; not its models)."""


def third_parties() -> list[tuple[str, str, str]]:
    """Return name, version and licence of every package that is installed and used; slow."""
    found = []
    for name in THIRD_PARTIES:
        try:
            facts = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue
        found.append((facts["Name"], facts["Version"], _licence(facts)))
    return found


def _licence(facts: metadata.PackageMetadata) -> str:
    if "License-Expression" in facts:
        return facts["License-Expression"]
    classified = [
        value.rsplit(" :: ", 1)[-1]
        for value in facts.get_all("Classifier") or []
        if value.startswith("License :: ") and value != "License :: OSI Approved"
    ]
    if classified:
        return ", ".join(classified)
    # Some packages put the whole licence text there; its first line is its name.
    lines = (facts.get_all("License") or [""])[0].strip().splitlines()
    return lines[0][:60] if lines else _STATED_ELSEWHERE.get(facts["Name"], "?")


class AboutPage(Page):
    """Says what this program is made of."""

    key = "about"
    icon_name = "about"

    def __init__(self, context: GuiContext) -> None:
        super().__init__(context)
        self._card: PackCard | None = None
        self._parties: list[tuple[str, str, str]] = []
        self._program, self._terms = label("section"), label(wrap=True)
        self._pack_title, self._loading = label("section"), label("muted")
        self._facts = QGridLayout()
        self.training_button, self._training = Button(), label(wrap=True)
        self._font, self._parties_title = label("muted", wrap=True), label("section")
        self._grid = QGridLayout()
        self.licence_button, self.copy_button = Button(icon_name="log"), Button(icon_name="copy")
        self._lay_out()
        self.licence_button.clicked.connect(self._open_licence)
        self.copy_button.clicked.connect(self.copy)
        self.training_button.setCheckable(True)
        self.training_button.toggled.connect(self.retranslate)
        self.retranslate()

    def title(self) -> str:
        """Return the page's name."""
        return _("About")

    def explanation(self) -> str:
        """Return what the page is for."""
        return _("What this program is, how well it recognises, and whose work it stands on.")

    def retranslate(self) -> None:
        """Set every text anew."""
        super().retranslate()
        self._program.setText(f"Netcafe Face {__version__}")
        self._terms.setText(
            _(
                "Free software under the GNU General Public License, version 3. It comes with no warranty. "
                "Faces are sensitive data: enrol only people who agreed, and delete them when they ask."
            )
        )
        self._pack_title.setText(_("Model pack in use"))
        self._loading.setText(_("Loading…"))
        self._loading.setVisible(self._card is None)
        self._show_facts()
        self._show_training()
        self._parties_title.setText(_("Third parties"))
        self._font.setText(_("Font: Be Vietnam Pro, SIL Open Font License 1.1."))
        self._scroll.setAccessibleName(self.title())
        self.licence_button.setText(_("Read the licence"))
        self.copy_button.setText(_("Copy"))

    def on_shown(self) -> None:
        """Read the card and the packages' facts, off the GUI thread."""
        self._scroll.setFocus()
        cafe = self.context.cafe

        def work(_job: Job) -> tuple[PackCard, list[tuple[str, str, str]]]:
            return cafe.pack.card, third_parties()

        self.context.workers.start(work, self._loaded, self.message.show_error, owner=self, key="about")

    def copy(self) -> None:
        """Copy everything on the page as text."""
        lines = [
            f"Netcafe Face {__version__}",
            f"Python {platform.python_version()}, {platform.platform()}",
            *(f"{name}: {text}" for name, text in self._pack_facts()),
            *((self._training.text(),) if self._card else ()),
            *(f"{name} {version} ({licence})" for name, version, licence in self._parties),
        ]
        if (clipboard := QApplication.clipboard()) is not None:
            clipboard.setText("\n".join(lines))
        self.copy_button.setText(_("Copied"))

    def _loaded(self, found: tuple[PackCard, list[tuple[str, str, str]]]) -> None:
        self._card, self._parties = found
        _empty(self._grid)
        for row, facts in enumerate(self._parties):
            for column, text in enumerate(facts):
                cell = label("" if column == 0 else "muted", wrap=column == 2)
                cell.setText(text)
                self._grid.addWidget(cell, row, column)
        self._grid.setColumnStretch(2, 1)
        self.retranslate()

    def _show_facts(self) -> None:
        """Say what the card says."""
        _empty(self._facts)
        for row, (name, text) in enumerate(self._pack_facts()):
            for column, (role, words) in enumerate((("muted", name), ("", text))):
                cell = label(role, wrap=column == 1)
                cell.setText(words)
                cell.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                self._facts.addWidget(cell, row, column, Qt.AlignmentFlag.AlignTop)

    def _show_training(self) -> None:
        """Say how the pack was trained, where that is asked for: it is long, and for few."""
        shown = self.training_button.isChecked()
        self.training_button.setVisible(self._card is not None)
        self.training_button.setText(_("Hide how it was trained") if shown else _("How it was trained"))
        self._training.setText(_listed(one_by_one(self._card.trained_on, _)) if self._card else "")
        self._training.setVisible(shown and self._card is not None)

    def _pack_facts(self) -> list[tuple[str, str]]:
        found = self._card
        if found is None:
            return []
        return [
            (_("Model pack"), f"{found.name} {found.version}  ({found.pack_id})"),
            (_("Licence"), licence_words(found)),
            (_("Accuracy"), accuracy_words(found.thresholds)),
            (_("Weak at"), _listed([in_language(text, _) for text in found.weaknesses])),
        ]

    def _open_licence(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(LICENCE_FILE)))

    def _lay_out(self) -> None:
        self.header.add_action(self.licence_button)
        self.header.add_action(self.copy_button)
        inside = QWidget()
        inside.setObjectName("scrolled")
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, tokens.SPACE_S, 0)
        column.setSpacing(tokens.SPACE_M)
        sign = QLabel()
        sign.setPixmap(icon("brand", "accent").pixmap(40, 40))
        program, words = card()
        head = QHBoxLayout()
        head.addWidget(sign)
        head.addWidget(self._program, 1)
        words.addLayout(head)
        words.addWidget(self._terms)
        pack, words = card()
        words.addWidget(self._pack_title)
        words.addWidget(self._loading)
        self._facts.setHorizontalSpacing(tokens.SPACE_XL)
        self._facts.setColumnStretch(1, 1)
        words.addLayout(self._facts)
        words.addWidget(self.training_button, 0, Qt.AlignmentFlag.AlignLeft)
        words.addWidget(self._training)
        parties, words = card()
        words.addWidget(self._parties_title)
        self._grid.setHorizontalSpacing(tokens.SPACE_XL)
        words.addLayout(self._grid)
        words.addWidget(self._font)
        for frame in (program, pack, parties):
            column.addWidget(frame)
        column.addStretch(1)
        for text in inside.findChildren(QLabel):
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        scroll = self._scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(inside)
        self.body.addWidget(scroll, 1)


def _listed(texts: list[str]) -> str:
    return "\n".join(f"•  {text}" for text in texts)


def _empty(grid: QGridLayout) -> None:
    while (item := grid.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()

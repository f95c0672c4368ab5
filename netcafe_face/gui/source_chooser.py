"""Choosing what to look at: a webcam, a network address, a video, a folder of pictures, or the sample."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QEvent, pyqtSignal
from PyQt6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLineEdit, QWidget

from netcafe_face.config.credentials import without_credentials
from netcafe_face.gui import tokens
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.icons import icon
from netcafe_face.gui.widgets import Button
from netcafe_face.i18n import _

if TYPE_CHECKING:
    from netcafe_face.camera.sources import SourceSpec
    from netcafe_face.camera.webcams import WebcamInfo


class Choice(Enum):
    """The kinds of source as they are offered; the values are those of the settings."""

    SAMPLE = "sample"
    WEBCAM = "webcam"
    ADDRESS = "rtsp"
    VIDEO = "video"
    IMAGES = "images"


_ICONS = {
    Choice.SAMPLE: "seat",
    Choice.WEBCAM: "live",
    Choice.ADDRESS: "reconnect",
    Choice.VIDEO: "play",
    Choice.IMAGES: "folder",
}


class SourceChooser(QWidget):
    """A list of sources, and beside it what the chosen one still needs.

    Signals:
        confirmed: Enter was pressed in the address field.
    """

    confirmed = pyqtSignal()

    def __init__(self, context: GuiContext) -> None:
        super().__init__()
        self._context = context
        self._webcams: Sequence[WebcamInfo] = ()
        self._listed = False
        self._typed = ""
        self.sources, self.address = QComboBox(), QLineEdit()
        self.browse_button, self.refresh_button = Button(icon_name="folder"), Button(icon_name="refresh")
        self.sources.setMinimumContentsLength(12)
        self.sources.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(tokens.SPACE_S)
        row.addWidget(self.sources, 3)
        row.addWidget(self.address, 4)
        row.addWidget(self.browse_button)
        row.addWidget(self.refresh_button)
        self.sources.currentIndexChanged.connect(self._chosen)
        self.address.returnPressed.connect(self.confirmed)
        self.browse_button.clicked.connect(self._browse)
        self.refresh_button.clicked.connect(self.list_webcams)
        self.retranslate()
        self._restore()

    @property
    def choice(self) -> Choice:
        """Return which kind of source is chosen."""
        return Choice(self.sources.currentData()[0])

    def retranslate(self) -> None:
        """Set every text anew, keeping what is chosen."""
        self._fill()
        self.sources.setAccessibleName(_("Source"))
        self.sources.setToolTip(_("What to look at"))
        self.browse_button.setText(_("&Browse…"))
        self.refresh_button.setToolTip(_("Look for webcams again"))
        self.refresh_button.setAccessibleName(_("Look for webcams again"))
        self._chosen()

    def list_webcams(self) -> None:
        """Look for webcams off the GUI thread."""
        self.refresh_button.setEnabled(False)
        job = self._context.workers.start(
            lambda _job: self._context.cafe.list_webcams(),
            self._show_webcams,
            lambda _error: None,
            owner=self,
            key="webcams",
        )
        job.finished.connect(lambda: self.refresh_button.setEnabled(True))

    def list_webcams_once(self) -> None:
        """Look for webcams unless that was done before."""
        if not self._listed:
            self._listed = True
            self.list_webcams()

    def spec(self) -> SourceSpec:
        """Return the chosen source.

        Raises:
            ValueRefused: the address is missing or cannot be one.
        """
        from dataclasses import replace

        from netcafe_face.camera.sources import SourceKind, SourceSpec, parse_source

        _choice, value = self.sources.currentData()
        if self.choice is Choice.SAMPLE:
            return self._context.cafe.sample_source()
        if self.choice is Choice.WEBCAM:
            return SourceSpec(SourceKind.WEBCAM, str(value), self.sources.currentText())
        found = parse_source(self._typed or self.address.text())
        if self.choice is Choice.VIDEO:
            return replace(found, kind=SourceKind.VIDEO)
        return replace(found, kind=SourceKind.IMAGES) if self.choice is Choice.IMAGES else found

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Show the address without its password while the source runs: the screen stands on a counter."""
        super().changeEvent(event)
        if event is None or event.type() != QEvent.Type.EnabledChange:
            return
        if self.isEnabled():
            self.address.setText(self._typed or self.address.text())
            self._typed = ""
        elif not self._typed:
            self._typed = self.address.text()
            self.address.setText(without_credentials(self._typed))

    def remember(self, spec: SourceSpec) -> None:
        """Keep the choice for the next start; passwords are removed before anything is written."""
        cafe = self._context.cafe
        kind, address, name = spec.kind.value, spec.address, spec.name
        self._context.workers.start(
            lambda _job: cafe.change_settings(source_kind=kind, source_address=address, source_name=name),
            failed=lambda _error: None,
            key="remember source",
            must_finish=True,
        )

    def _restore(self) -> None:
        settings = self._context.cafe.settings
        if self._context.cafe.is_sample or not settings.source_kind:
            return
        for index in range(self.sources.count()):
            if self.sources.itemData(index)[0] == settings.source_kind:
                self.sources.setCurrentIndex(index)
        if self.choice is not Choice.WEBCAM:
            self.address.setText(settings.source_address)

    def _fill(self) -> None:
        chosen = self.sources.currentData()
        self.sources.blockSignals(True)
        self.sources.clear()
        if self._context.cafe.is_sample:
            self._add(Choice.SAMPLE, _("Sample café"))
        for webcam in self._webcams:
            self._add(Choice.WEBCAM, webcam.name, webcam.index)
        if not self._webcams:
            self._add(Choice.WEBCAM, _("First webcam"), 0)
        self._add(Choice.ADDRESS, _("Network camera (RTSP or HTTP)"))
        self._add(Choice.VIDEO, _("Video file"))
        self._add(Choice.IMAGES, _("Folder of pictures"))
        if not self._context.cafe.is_sample:
            self._add(Choice.SAMPLE, _("Sample café"))
        found = [index for index in range(self.sources.count()) if self.sources.itemData(index) == chosen]
        self.sources.setCurrentIndex(found[0] if found else 0)
        self.sources.blockSignals(False)

    def _add(self, choice: Choice, text: str, value: int = 0) -> None:
        self.sources.addItem(icon(_ICONS[choice], "text_muted"), text, (choice.value, value))

    def _show_webcams(self, webcams: Sequence[WebcamInfo]) -> None:
        self._webcams = webcams
        self._fill()
        self._chosen()

    def _chosen(self) -> None:
        choice = self.choice
        on_disk = choice in (Choice.VIDEO, Choice.IMAGES)
        self.address.setVisible(on_disk or choice is Choice.ADDRESS)
        self.browse_button.setVisible(on_disk)
        self.refresh_button.setVisible(choice is Choice.WEBCAM)
        hints = {
            Choice.ADDRESS: _("rtsp://user:password@192.168.1.20:554/stream"),
            Choice.VIDEO: _("Path of a video"),
            Choice.IMAGES: _("Path of a folder"),
        }
        self.address.setPlaceholderText(hints.get(choice, ""))
        self.address.setAccessibleName(_("Address or path of the source"))

    def _browse(self) -> None:
        start = str(Path(self.address.text()).parent) if self.address.text() else ""
        if self.choice is Choice.IMAGES:
            chosen = QFileDialog.getExistingDirectory(self, _("Choose a folder of pictures"), start)
        else:
            videos = _("Videos") + " (*.mp4 *.avi *.mkv *.mov *.webm *.m4v *.mpg *.mpeg *.wmv)"
            chosen, _kind = QFileDialog.getOpenFileName(
                self, _("Choose a video"), start, f"{videos};;{_('All files')} (*)"
            )
        if chosen:
            self.address.setText(chosen)

"""Exporting the session log in the background: progress, a way to stop, and where the file went."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PyQt6.QtCore import QUrl, pyqtSignal
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import QFileDialog, QHBoxLayout, QProgressBar, QWidget

from netcafe_face.domain.errors import NetcafeError
from netcafe_face.domain.people import VisitFilter
from netcafe_face.exports.service import ExportOptions, export_visits
from netcafe_face.exports.visit_pages import all_visits
from netcafe_face.exports.writers import FORMATS
from netcafe_face.gui import tokens
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.message_bar import MessageBar, Tone
from netcafe_face.gui.widgets import Button, label
from netcafe_face.gui.work import Job
from netcafe_face.i18n import _, ngettext


class LogExport(QWidget):
    """Asks where to, exports, and tells the outcome in the page's message bar.

    Signals:
        running: an export began (True) or ended (False).
    """

    running = pyqtSignal(bool)

    def __init__(self, context: GuiContext, message: MessageBar) -> None:
        super().__init__()
        self._context, self._message = context, message
        self._job: Job | None = None
        self._path = Path()
        self._words, self.bar, self.stop = label("muted"), QProgressBar(), Button(icon_name="stop")
        self.stop.clicked.connect(self.cancel)
        message.acted.connect(self._open_folder)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(tokens.SPACE_S)
        row.addWidget(self._words)
        row.addWidget(self.bar, 1)
        row.addWidget(self.stop)
        self.hide()
        self.retranslate()

    def retranslate(self) -> None:
        """Set every text anew."""
        self._words.setText(_("Exporting…"))
        self.stop.setText(_("Stop"))

    def ask_and_run(self, wanted: VisitFilter, total: int) -> None:
        """Ask for the file, then export the visits of a filter; `total` is for the progress bar."""
        name = f"visits-{datetime.now().astimezone():%Y%m%d-%H%M%S}.csv"
        kinds = ";;".join(f"{form.title} (*{form.suffix})" for form in FORMATS.values())
        start = self._context.cafe.paths.exports / name
        chosen, kind = QFileDialog.getSaveFileName(self, _("Export the session log"), str(start), kinds)
        if not chosen:
            return
        path = Path(chosen)
        if path.suffix.lower().removeprefix(".") not in FORMATS:
            suffix = next((f.suffix for f in FORMATS.values() if kind.startswith(f"{f.title} ")), ".csv")
            path = path.with_name(path.name + suffix)
        self.run(path, wanted, total)

    def run(self, path: Path, wanted: VisitFilter, total: int) -> None:
        """Export the visits of a filter to a file."""
        gallery = self._context.cafe.gallery

        def work(job: Job) -> int:
            options = ExportOptions(
                progress=lambda rows: job.report(rows, max(rows, total)), cancelled=lambda: job.cancelled
            )
            return export_visits(all_visits(gallery, wanted), path, options)

        self._path = path
        self.bar.setRange(0, max(1, total))
        self.bar.setValue(0)
        self._message.hide()
        self.show()
        self._job = self._context.workers.start(work, self._done, self._failed, owner=self, key="log-export")
        self._job.progress.connect(self._progress)
        self._job.finished.connect(self._finished)
        self.running.emit(True)

    def cancel(self) -> None:
        """Stop the export; the file that was there before stays."""
        if self._job is not None:
            self._job.cancel()
            self._message.show_text(Tone.INFO, lambda: _("The export was stopped. No file was changed."))

    def _progress(self, rows: int, total: int, _text: str) -> None:
        self.bar.setMaximum(max(1, total))
        self.bar.setValue(rows)

    def _done(self, rows: int) -> None:
        path = self._path

        def words() -> str:
            text = ngettext(
                "{count} visit was exported to {path}", "{count} visits were exported to {path}", rows
            )
            return text.format(count=rows, path=path)

        self._message.show_text(Tone.GOOD, words, lambda: _("Open folder"))

    def _failed(self, error: NetcafeError) -> None:
        self._message.show_error(error)

    def _finished(self) -> None:
        self._job = None
        self.hide()
        self.running.emit(False)

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._path.parent)))

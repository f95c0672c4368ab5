"""The session log: who was where and when, searched, sorted, copied and exported."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QAction, QKeySequence
from PyQt6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QStackedWidget, QTableView

from netcafe_face.domain.people import Presence, Visit
from netcafe_face.exports.cells import guard
from netcafe_face.exports.visit_pages import visit_pages
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.gallery_watch import GalleryWatch
from netcafe_face.gui.models.visits import (
    SORT_KEYS,
    VisitColumn,
    VisitModel,
    cell_text,
    duration_text,
    headings,
)
from netcafe_face.gui.page import Page
from netcafe_face.gui.pages.log_export import LogExport
from netcafe_face.gui.pages.log_filter import LogFilter
from netcafe_face.gui.widgets import Button, EmptyState, Kind, label
from netcafe_face.gui.work import Job
from netcafe_face.i18n import _, ngettext

PAGE_ROWS = 300
REFRESH_MS = 600
COUNT_PAUSE_RATIO = 15
_WIDTHS = {
    VisitColumn.STARTED: 164,
    VisitColumn.PRESENCE: 120,
    VisitColumn.SEAT: 92,
    VisitColumn.ENDED: 164,
    VisitColumn.DURATION: 96,
    VisitColumn.SIMILARITY: 88,
    VisitColumn.NOTE: 130,
}


@dataclass(frozen=True)
class Totals:
    """What all visits of a filter add up to."""

    visits: int = 0
    customers: int = 0
    strangers: int = 0
    seconds: float = 0.0


class LogPage(Page):
    """Shows the visits of a filter, newest first unless sorted otherwise, and follows the gallery."""

    key = "log"
    icon_name = "log"

    def __init__(self, context: GuiContext) -> None:
        super().__init__(context)
        self._sort, self._descending = VisitColumn.STARTED, True
        self._stale = True
        self.totals = Totals()
        self.model = VisitModel(self)
        self.filter, self.table, self.sum = LogFilter(), QTableView(), label("muted")
        self.empty, self.stack = EmptyState("log"), QStackedWidget()
        self.export_button = Button(Kind.PRIMARY, "export")
        self.export = LogExport(context, self.message)
        self._copy = QAction(self)
        self._later, self._recount = QTimer(self), QTimer(self)
        self._count_pause_ms = 0
        self._watch = GalleryWatch(context.cafe.gallery)
        self._lay_out()
        self._connect()
        self.retranslate()

    def title(self) -> str:
        """Return the page's name."""
        return _("Session log")

    def explanation(self) -> str:
        """Return what the page is for."""
        return _("Every visit that was recognised: who, where, since when and for how long.")

    def retranslate(self) -> None:
        """Set every text anew."""
        super().retranslate()
        self.filter.retranslate()
        self.export.retranslate()
        self.model.retranslate()
        self.export_button.setText(_("Export …"))
        self._copy.setText(_("Copy rows"))
        self.table.setAccessibleName(_("Visits"))
        self._show_totals()

    def on_shown(self) -> None:
        """Load what changed while the page was not shown."""
        if self._stale:
            self.reload()

    def shut_down(self) -> None:
        """Let go of the gallery."""
        self._watch.close()
        self._later.stop()
        self._recount.stop()

    def reload(self) -> None:
        """Load the visits of the filter anew, keeping as many rows as there are."""
        self._stale = False
        gallery, wanted = self.context.cafe.gallery, self.filter.wanted()
        sort, descending = self._sort, self._descending
        rows = max(PAGE_ROWS, self.model.rowCount())

        def work(job: Job) -> tuple[list[Visit], bool]:
            if sort is VisitColumn.STARTED and descending:
                page = next(visit_pages(gallery, wanted, rows), [])
                return page, len(page) >= rows
            every: list[Visit] = []
            for page in visit_pages(gallery, wanted):
                job.check()
                every += page
            every.sort(key=SORT_KEYS[sort], reverse=descending)
            return every, False

        self.context.workers.start(work, self._loaded, self.message.show_error, owner=self, key="log-rows")
        if not self._recount.isActive():
            self._recount.start(self._count_pause_ms)

    def _lay_out(self) -> None:
        self.header.add_action(self.export_button)
        self.stack.addWidget(self.table)
        self.stack.addWidget(self.empty)
        self.body.addWidget(self.filter)
        self.body.addWidget(self.stack, 1)
        self.body.addWidget(self.export)
        self.body.addWidget(self.sum)
        table = self.table
        table.setModel(self.model)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setAlternatingRowColors(True)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        if (rows := table.verticalHeader()) is not None:
            rows.hide()
            rows.setDefaultSectionSize(36)
        if (columns := table.horizontalHeader()) is not None:
            columns.setSectionsClickable(True)
            columns.setSortIndicatorShown(True)
            columns.setSortIndicator(VisitColumn.STARTED, Qt.SortOrder.DescendingOrder)
            columns.setHighlightSections(False)
            for column, width in _WIDTHS.items():
                columns.resizeSection(column, width)
            columns.setSectionResizeMode(VisitColumn.WHO, QHeaderView.ResizeMode.Stretch)
            columns.sortIndicatorChanged.connect(self._sort_by)

    def _connect(self) -> None:
        self.filter.changed.connect(self._filter_changed)
        self.model.more_wanted.connect(self._load_more)
        self.export_button.clicked.connect(self._export)
        self.export.running.connect(self.export_button.setDisabled)
        self.empty.acted.connect(self._leave_empty)
        self._copy.setShortcut(QKeySequence.StandardKey.Copy)
        self._copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self._copy.triggered.connect(self.copy_rows)
        self.table.addAction(self._copy)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self._recount.setSingleShot(True)
        self._recount.timeout.connect(self._count)
        self._later.setSingleShot(True)
        self._later.setInterval(REFRESH_MS)
        self._later.timeout.connect(self._refresh)
        self._watch.changed.connect(self._note_change)

    def copy_rows(self) -> None:
        """Copy the selected rows with their headings, as a spreadsheet takes them."""
        selection, clipboard = self.table.selectionModel(), QApplication.clipboard()
        if selection is None or clipboard is None or not selection.hasSelection():
            return
        rows = sorted(index.row() for index in selection.selectedRows())
        lines = [headings()] + [
            [guard(cell_text(self.model.visits[row], column)) for column in VisitColumn] for row in rows
        ]
        clipboard.setText("\n".join("\t".join(" ".join(cell.split()) for cell in line) for line in lines))

    def _filter_changed(self) -> None:
        self.model.show_visits([], more=False)
        self._recount.stop()
        self._count_pause_ms = 0
        self.reload()

    def _sort_by(self, column: int, order: Qt.SortOrder) -> None:
        self._sort, self._descending = VisitColumn(column), order is Qt.SortOrder.DescendingOrder
        self.reload()

    def _note_change(self) -> None:
        self._stale = True
        if self.isVisible() and not self._later.isActive():
            self._later.start()

    def _refresh(self) -> None:
        if self.isVisible():
            self.reload()

    def _loaded(self, loaded: tuple[list[Visit], bool]) -> None:
        visits, more = loaded
        self.model.show_visits(visits, more)
        self.stack.setCurrentWidget(self.table if visits else self.empty)
        self._show_totals()

    def _load_more(self) -> None:
        gallery, wanted, held = (
            self.context.cafe.gallery,
            self.filter.wanted(),
            list(self.model.visits[-PAGE_ROWS:]),
        )

        def work(_job: Job) -> tuple[list[Visit], bool]:
            page = next(visit_pages(gallery, wanted, PAGE_ROWS, held), [])
            return page, bool(page)

        def done(loaded: tuple[list[Visit], bool]) -> None:
            self.model.append(*loaded)

        self.context.workers.start(work, done, self.message.show_error, owner=self, key="log-rows")

    def _count(self) -> None:
        gallery, wanted = self.context.cafe.gallery, self.filter.wanted()

        def pages(job: Job) -> Iterator[Visit]:
            for page in visit_pages(gallery, wanted):
                job.check()
                yield from page

        def work(job: Job) -> tuple[Totals, float]:
            began_s = time.monotonic()
            return add_up(pages(job)), time.monotonic() - began_s

        self.context.workers.start(work, self._counted, self.message.show_error, owner=self, key="log-totals")

    def _counted(self, found: tuple[Totals, float]) -> None:
        self.totals, took_s = found
        # A long log may change every second: counting it takes a small part of the time only.
        self._count_pause_ms = round(1000 * COUNT_PAUSE_RATIO * took_s)
        self._show_totals()

    def _show_totals(self) -> None:
        totals = self.totals
        visits = ngettext("{count} visit", "{count} visits", totals.visits).format(count=totals.visits)
        customers = ngettext("{count} customer", "{count} customers", totals.customers)
        strangers = ngettext("{count} stranger", "{count} strangers", totals.strangers)
        parts = [
            visits,
            customers.format(count=totals.customers),
            strangers.format(count=totals.strangers),
            _("{duration} in all").format(duration=duration_text(totals.seconds)),
        ]
        self.sum.setText("  ·  ".join(parts))
        self.export_button.setEnabled(totals.visits > 0 and self.export.isHidden())
        if self.filter.is_narrow:
            hint = _("Choose other days or states, or search for something else.")
            self.empty.set_texts(_("No visit fits"), hint, _("Show all visits"))
        else:
            hint = _("A visit is written down as soon as somebody is seen on the Live page.")
            self.empty.set_texts(_("No visits yet"), hint, _("Go to Live"))

    def _leave_empty(self) -> None:
        if self.filter.is_narrow:
            self.filter.clear()
        else:
            self.navigate.emit("live", None)

    def _export(self) -> None:
        self.export.ask_and_run(self.filter.wanted(), self.totals.visits)


def add_up(visits: Iterable[Visit]) -> Totals:
    """Count visits, the customers and strangers among them, and the time they add up to."""
    count, strangers, seconds = 0, 0, 0.0
    customers: set[int | str] = set()
    for visit in visits:
        count += 1
        seconds += visit.duration_s
        if visit.presence is Presence.STRANGER:
            strangers += 1
        elif visit.customer_id is not None or visit.customer_code:
            customers.add(visit.customer_id if visit.customer_id is not None else visit.customer_code)
    return Totals(count, len(customers), strangers, seconds)

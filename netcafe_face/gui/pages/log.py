"""The session log: who was where and when, searched, sorted, copied and exported."""

from __future__ import annotations

import time
from collections.abc import Iterator

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QKeySequence, QShortcut
from PyQt6.QtWidgets import QStackedWidget

from netcafe_face.domain.people import Visit
from netcafe_face.exports.visit_pages import visit_pages
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.empty_state import EmptyState
from netcafe_face.gui.gallery_watch import GalleryWatch
from netcafe_face.gui.models.visits import (
    SORT_KEYS,
    VisitColumn,
    VisitModel,
    duration_text,
)
from netcafe_face.gui.page import Page
from netcafe_face.gui.pages.log_export import LogExport
from netcafe_face.gui.pages.log_filter import LogFilter
from netcafe_face.gui.pages.log_table import LogTable
from netcafe_face.gui.pages.log_totals import Totals, add_up
from netcafe_face.gui.widgets import Button, Kind, label
from netcafe_face.gui.work import Job
from netcafe_face.i18n import _, ngettext

PAGE_ROWS = 300
REFRESH_MS = 600
COUNT_PAUSE_RATIO = 15


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
        self.filter, self.table, self.sum = LogFilter(), LogTable(self.model), label("muted")
        self.empty, self.stack = EmptyState("log"), QStackedWidget()
        self.export_button = Button(Kind.PRIMARY, "export")
        self.export = LogExport(context, self.message)
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
        self.export_button.setText(_("Export…"))
        self.table.retranslate()
        self._show_totals()

    def on_shown(self) -> None:
        """Load what changed while the page was not shown."""
        self.filter.text.setFocus()
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
        if (columns := self.table.horizontalHeader()) is not None:
            columns.sortIndicatorChanged.connect(self._sort_by)

    def _connect(self) -> None:
        self.filter.changed.connect(self._filter_changed)
        self.model.more_wanted.connect(self._load_more)
        self.export_button.clicked.connect(self._export)
        self.export.running.connect(self.export_button.setDisabled)
        self.empty.acted.connect(self._leave_empty)
        self._recount.setSingleShot(True)
        self._recount.timeout.connect(self._count)
        self._later.setSingleShot(True)
        self._later.setInterval(REFRESH_MS)
        self._later.timeout.connect(self._refresh)
        self._watch.changed.connect(self._note_change)
        find = QShortcut(QKeySequence.StandardKey.Find, self, self.filter.text.setFocus)
        find.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)

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
        if visits:
            self.table.fit_columns_once()
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
            hint = _(
                "A visit is written down as soon as somebody is seen on the Live page: "
                "of each camera the one person most in view."
            )
            self.empty.set_texts(_("No visits yet"), hint, _("Go to Live"))

    def _leave_empty(self) -> None:
        if self.filter.is_narrow:
            self.filter.clear()
        else:
            self.navigate.emit("live", None)

    def _export(self) -> None:
        self.export.ask_and_run(self.filter.wanted(), self.totals.visits)

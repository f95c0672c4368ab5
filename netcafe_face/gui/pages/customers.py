"""Customers: who is enrolled, and everything that can be done about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PyQt6.QtCore import QItemSelectionModel, QSize, Qt, QTimer
from PyQt6.QtGui import QGuiApplication, QImage, QKeySequence, QResizeEvent, QShortcut
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QStackedLayout,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from netcafe_face.domain.people import Consent, Customer, CustomerStatus
from netcafe_face.gui import tokens
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.customer_actions import CustomerActions
from netcafe_face.gui.customer_card import CustomerCard
from netcafe_face.gui.gallery_watch import GalleryWatch
from netcafe_face.gui.icons import icon
from netcafe_face.gui.models.customers import AVATAR_PX, Column, CustomerModel, status_text
from netcafe_face.gui.page import Page
from netcafe_face.gui.widgets import Button, EmptyState, Kind, Tone, label
from netcafe_face.gui.work import Job
from netcafe_face.i18n import _, ngettext

CARD_WIDTH_PX = 284
ROOMY_TABLE_PX = 620
PHOTOS_AT_ONCE = 24


class CustomersPage(Page):
    """A searchable, sortable table and a card about the chosen customer."""

    key = "customers"
    icon_name = "customers"

    def __init__(self, context: GuiContext) -> None:
        super().__init__(context)
        self.model, self.table = CustomerModel(), QTableView()
        self.search, self.status = QLineEdit(), QComboBox()
        self.card = CustomerCard()
        self.count = label("small")
        self.add_button, self.live_button = Button(Kind.PRIMARY, "enrol"), Button(icon_name="live")
        self.empty, self.nothing_found = EmptyState("customers", "enrol"), EmptyState("search")
        self._actions = CustomerActions(context, self)
        self._wanted_photos: list[str] = []
        self._chosen = ""
        self._stale = True
        self._lay_out()
        self._set_up_table()
        self._connect()
        self._watch = GalleryWatch(context.cafe.gallery)
        self._watch.changed.connect(self._gallery_changed)
        self.retranslate()

    def _lay_out(self) -> None:
        self.header.add_action(self.live_button)
        self.header.add_action(self.add_button)
        self.search.setClearButtonEnabled(True)
        self.search.setMinimumWidth(150)
        self.status.setMaximumWidth(190)
        self.search.addAction(icon("search", "text_muted"), QLineEdit.ActionPosition.LeadingPosition)
        bar = QHBoxLayout()
        bar.setSpacing(tokens.SPACE_S)
        bar.addWidget(self.search, 1)
        bar.addWidget(self.status)
        bar.addWidget(self.count)
        table_side = QWidget()
        left = QVBoxLayout(table_side)
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(tokens.SPACE_S)
        left.addLayout(bar)
        under = QWidget()
        self._under_bar = QStackedLayout(under)
        self._under_bar.addWidget(self.table)
        self._under_bar.addWidget(self.nothing_found)
        left.addWidget(under, 1)
        self.card.setFixedWidth(CARD_WIDTH_PX)
        full = QWidget()
        row = QHBoxLayout(full)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(tokens.SPACE_M)
        row.addWidget(table_side, 1)
        row.addWidget(self.card)
        whole = QWidget()
        self._whole = QStackedLayout(whole)
        self._whole.addWidget(full)
        self._whole.addWidget(self.empty)
        self.body.addWidget(whole, 1)
        self.card.hide()

    def _set_up_table(self) -> None:
        self.table.setModel(self.model)
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(Column.NAME, Qt.SortOrder.AscendingOrder)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.setTabKeyNavigation(False)
        self.table.setIconSize(QSize(AVATAR_PX, AVATAR_PX))
        self.table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        if (rows := self.table.verticalHeader()) is not None:
            rows.hide()
            rows.setDefaultSectionSize(AVATAR_PX + 10)
        if (columns := self.table.horizontalHeader()) is not None:
            columns.setHighlightSections(False)
            columns.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
            columns.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)
            columns.setSectionResizeMode(Column.PHOTO, QHeaderView.ResizeMode.Fixed)
            columns.setMinimumSectionSize(AVATAR_PX + 18)
        for column, width in ((Column.PHOTO, AVATAR_PX + 20), (Column.CODE, 96), (Column.STATUS, 128)):
            self.table.setColumnWidth(column, width)
        self.table.setColumnWidth(Column.TEMPLATES, 92)
        self.table.setColumnWidth(Column.ADDED, 108)

    def _connect(self) -> None:
        self.search.textChanged.connect(self._search_changed)
        self.status.currentIndexChanged.connect(self._status_changed)
        self.model.photo_wanted.connect(self._want_photo)
        self.model.modelReset.connect(self._rearranged)
        if (selection := self.table.selectionModel()) is not None:
            selection.selectionChanged.connect(self._selection_changed)
        self.table.doubleClicked.connect(lambda _index: self._act("edit"))
        self.card.asked.connect(self._act)
        self.add_button.clicked.connect(self._actions.enrol)
        self.empty.acted.connect(self._actions.enrol)
        self.live_button.clicked.connect(lambda: self.navigate.emit("live", "enrol"))
        self._actions.changed.connect(self._changed)
        self.message.acted.connect(lambda: self.navigate.emit("live", None))
        widget_only = Qt.ShortcutContext.WidgetWithChildrenShortcut
        QShortcut(QKeySequence.StandardKey.Copy, self.table, self.copy_selection, context=widget_only)
        QShortcut(
            QKeySequence.StandardKey.Delete, self.table, lambda: self._act("delete"), context=widget_only
        )
        QShortcut(QKeySequence("Return"), self.table, lambda: self._act("edit"), context=widget_only)
        QShortcut(QKeySequence.StandardKey.Find, self, self.search.setFocus, context=widget_only)
        QShortcut(QKeySequence.StandardKey.New, self, self._actions.enrol, context=widget_only)

    def title(self) -> str:
        """Return the page's name."""
        return _("Customers")

    def explanation(self) -> str:
        """Return what the page is for."""
        return _("The people who agreed to be recognised. Find, correct, ban or delete them here.")

    def retranslate(self) -> None:
        """Set every text anew."""
        super().retranslate()
        self.add_button.setText(_("&Enrol a customer"))
        self.live_button.setText(_("From the &live picture"))
        self.search.setPlaceholderText(_("Search name, code, phone (accents do not matter)"))
        self.search.setAccessibleName(_("Search customers"))
        self.table.setAccessibleName(_("Customers"))
        chosen = self.status.currentIndex()
        self.status.blockSignals(True)
        self.status.clear()
        self.status.addItem(_("All"), None)
        for status in CustomerStatus:
            self.status.addItem(status_text(status), status)
        self.status.setCurrentIndex(max(0, chosen))
        self.status.blockSignals(False)
        self.status.setAccessibleName(_("Show only this status"))
        self.empty.set_texts(
            _("Nobody is enrolled yet"),
            _("Enrol the first customer with a picture or two, or from the camera. They must agree first."),
            _("Enrol a customer"),
        )
        self.nothing_found.set_texts(_("Nobody found"), _("Try fewer letters, or another status."))
        self.model.retranslate()
        self.card.retranslate()
        self._show_count()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Leave the room to the names when there is little."""
        super().resizeEvent(event)
        self._fit_columns()

    def _fit_columns(self) -> None:
        shown = self.card.width() + tokens.SPACE_M if not self.card.isHidden() else 0
        roomy = self.width() - 2 * tokens.SPACE_XL - shown >= ROOMY_TABLE_PX
        for column in (Column.TEMPLATES, Column.ADDED):
            self.table.setColumnHidden(column, not roomy)

    def on_shown(self) -> None:
        """Load the customers if they changed since."""
        if self._stale:
            self.reload()

    def shut_down(self) -> None:
        """Stop listening to the gallery."""
        self._watch.close()

    def receive(self, payload: object) -> None:
        """Show the customer of a code."""
        if isinstance(payload, str) and payload:
            self._chosen = payload
            self.search.clear()
            self.status.setCurrentIndex(0)
            self.reload()

    def reload(self) -> None:
        """Read the customers anew, off the GUI thread."""
        self._stale = False
        self.context.workers.start(
            lambda _job: self.context.cafe.gallery.customers(),
            self._show_customers,
            self.message.show_error,
            owner=self,
            key="customers",
        )

    def selected(self) -> list[Customer]:
        """Return the chosen customers from top to bottom."""
        selection = self.table.selectionModel()
        rows = sorted(index.row() for index in selection.selectedRows()) if selection is not None else []
        return [self.model.customer(row) for row in rows]

    def copy_selection(self) -> None:
        """Put the chosen rows on the clipboard, tab-separated with a heading."""
        selection = self.table.selectionModel()
        clipboard = QGuiApplication.clipboard()
        if selection is None or clipboard is None or not selection.hasSelection():
            return
        clipboard.setText(self.model.as_text(sorted(index.row() for index in selection.selectedRows())))

    def _gallery_changed(self) -> None:
        if self.isVisible():
            self.reload()
        else:
            self._stale = True

    def _show_customers(self, customers: Sequence[Customer]) -> None:
        self.model.set_customers(customers)
        self.table.setColumnWidth(
            Column.CODE, min(170, max(96, self.table.sizeHintForColumn(Column.CODE) + 12))
        )
        self._whole.setCurrentIndex(0 if customers else 1)

    def _search_changed(self, text: str) -> None:
        self.model.search(text)

    def _status_changed(self) -> None:
        self.model.filter_status(self.status.currentData())

    def _rearranged(self) -> None:
        """Keep the chosen customer chosen after a search, a sort or a change."""
        self._under_bar.setCurrentIndex(0 if self.model.rowCount() or not self.model.total else 1)
        self._show_count()
        row = self.model.row_of(self._chosen) if self._chosen else -1
        selection = self.table.selectionModel()
        if row < 0 or selection is None:
            self._show_card(False)
            return
        flags = QItemSelectionModel.SelectionFlag
        selection.setCurrentIndex(self.model.index(row, Column.NAME), flags.ClearAndSelect | flags.Rows)

    def _show_count(self) -> None:
        shown, total = self.model.rowCount(), self.model.total
        text = ngettext("{total} customer", "{total} customers", total)
        if shown != total:
            text = _("{shown} of {total}")
        self.count.setText(text.format(shown=shown, total=total))

    def _selection_changed(self) -> None:
        chosen = self.selected()
        if len(chosen) != 1:
            self._show_card(False)
            return
        customer = chosen[0]
        self._chosen = customer.code
        self.card.show_customer(customer, self.model.photo(customer.code))
        self._show_card(True)
        self.context.workers.start(
            lambda _job: self.context.cafe.gallery.consents(customer.code),
            lambda consents: self._show_consents(customer.code, consents),
            lambda _error: None,
            owner=self,
            key="consents",
        )

    def _show_card(self, shown: bool) -> None:
        self.card.setVisible(shown)
        self._fit_columns()

    def _show_consents(self, code: str, consents: Sequence[Consent]) -> None:
        if self.card.customer is not None and self.card.customer.code == code:
            self.card.show_consents(consents)

    def _act(self, action: str) -> None:
        chosen = self.selected()
        if len(chosen) == 1:
            self._actions.ask(action, chosen[0])

    def _changed(self, tone: Tone, text: Callable[[], str], leads_to_live: bool) -> None:
        self.message.show_text(tone, text, (lambda: _("Open the live picture")) if leads_to_live else str)
        self.reload()

    def _want_photo(self, code: str) -> None:
        if not self._wanted_photos:
            QTimer.singleShot(0, self._load_photos)
        self._wanted_photos.append(code)

    def _load_photos(self) -> None:
        codes, self._wanted_photos = self._wanted_photos, []
        # The newest are the ones on screen after fast scrolling.
        for start in range(len(codes), 0, -PHOTOS_AT_ONCE):
            batch = codes[max(0, start - PHOTOS_AT_ONCE) : start]
            self.context.workers.start(
                partial(self._read_photos, batch),
                self._show_photos,
                lambda _error: None,
                owner=self,
            )

    def _read_photos(self, codes: Sequence[str], job: Job) -> list[tuple[str, QImage | None]]:
        found = []
        for code in codes:
            job.check()
            found.append((code, self._read_photo(code)))
        return found

    def _read_photo(self, code: str) -> QImage | None:
        data = self.context.cafe.gallery.photo(code)
        image = QImage.fromData(data) if data else QImage()
        return (
            None if image.isNull() else image.scaledToHeight(192, Qt.TransformationMode.SmoothTransformation)
        )

    def _show_photos(self, photos: Sequence[tuple[str, QImage | None]]) -> None:
        for code, image in photos:
            self.model.set_photo(code, image)
            if self.card.customer is not None and self.card.customer.code == code:
                self.card.show_photo(image)

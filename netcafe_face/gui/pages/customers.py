"""Customers: who is enrolled, and everything that can be done about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QItemSelectionModel, Qt
from PyQt6.QtGui import QImage, QKeySequence, QResizeEvent, QShortcut
from PyQt6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from netcafe_face.domain.people import Consent, Customer, CustomerStatus
from netcafe_face.gui import tokens
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.customer_actions import CustomerActions
from netcafe_face.gui.customer_card import CustomerCard
from netcafe_face.gui.empty_state import EmptyState
from netcafe_face.gui.gallery_watch import GalleryWatch
from netcafe_face.gui.icons import icon
from netcafe_face.gui.message_bar import Tone
from netcafe_face.gui.models.customers import Column, CustomerModel, status_text
from netcafe_face.gui.page import Page
from netcafe_face.gui.pages.customer_photos import CustomerPhotos
from netcafe_face.gui.pages.customer_table import CustomerTable
from netcafe_face.gui.widgets import Button, Kind, label
from netcafe_face.i18n import _, ngettext

CARD_WIDTH_PX = 284


class CustomersPage(Page):
    """A searchable, sortable table and a card about the chosen customer."""

    key = "customers"
    icon_name = "customers"

    def __init__(self, context: GuiContext) -> None:
        super().__init__(context)
        self.model = CustomerModel()
        self.table = CustomerTable(self.model)
        self._photos = CustomerPhotos(context, self.model)
        self.search, self.status = QLineEdit(), QComboBox()
        self.card = CustomerCard()
        self.count = label("small")
        self.add_button, self.live_button = Button(Kind.PRIMARY, "enrol"), Button(icon_name="live")
        self.empty, self.nothing_found = EmptyState("customers", "enrol"), EmptyState("search")
        self._actions = CustomerActions(context, self)
        self._chosen = ""
        self._stale = True
        self._lay_out()
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

    def _connect(self) -> None:
        self.search.textChanged.connect(self._search_changed)
        self.status.currentIndexChanged.connect(self._status_changed)
        self._photos.loaded.connect(self._show_photo)
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
        self._leave_room()

    def _leave_room(self) -> None:
        shown = self.card.width() + tokens.SPACE_M if not self.card.isHidden() else 0
        self.table.leave_room_for_names(self.width() - 2 * tokens.SPACE_XL - shown)

    def on_shown(self) -> None:
        """Load the customers if they changed since."""
        self.search.setFocus()
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

    def _gallery_changed(self) -> None:
        if self.isVisible():
            self.reload()
        else:
            self._stale = True

    def _show_customers(self, customers: Sequence[Customer]) -> None:
        self.model.set_customers(customers)
        self.table.fit_columns()
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
        chosen = self.table.selected()
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
        self._leave_room()

    def _show_consents(self, code: str, consents: Sequence[Consent]) -> None:
        if self.card.customer is not None and self.card.customer.code == code:
            self.card.show_consents(consents)

    def _act(self, action: str) -> None:
        chosen = self.table.selected()
        if len(chosen) == 1:
            self._actions.ask(action, chosen[0])

    def _changed(self, tone: Tone, text: Callable[[], str], leads_to_live: bool) -> None:
        self.message.show_text(tone, text, (lambda: _("Open the live picture")) if leads_to_live else str)
        self.reload()

    def _show_photo(self, code: str, image: QImage | None) -> None:
        if self.card.customer is not None and self.card.customer.code == code:
            self.card.show_photo(image)

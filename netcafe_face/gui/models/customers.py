"""The customers as a table: searched, filtered and sorted in memory."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QImage, QPixmap

from netcafe_face.domain.people import Customer, CustomerStatus, Presence
from netcafe_face.gui.dates import local_day
from netcafe_face.gui.fold import fold
from netcafe_face.gui.icons import icon
from netcafe_face.gui.images import avatar
from netcafe_face.gui.theme import theme
from netcafe_face.i18n import _

AVATAR_PX, MARK_PX = 34, 16


class Column(IntEnum):
    """The columns from left to right."""

    PHOTO = 0
    CODE = 1
    NAME = 2
    STATUS = 3
    TEMPLATES = 4
    ADDED = 5


def status_text(status: CustomerStatus) -> str:
    """Return the word for a status."""
    return {
        CustomerStatus.ACTIVE: _("Active"),
        CustomerStatus.BANNED: _("Banned"),
        CustomerStatus.WITHDRAWN: _("Consent withdrawn"),
    }[status]


STATUS_PRESENCE = {
    CustomerStatus.ACTIVE: Presence.KNOWN,
    CustomerStatus.BANNED: Presence.BANNED,
    CustomerStatus.WITHDRAWN: Presence.STRANGER,
}
"""The presence whose shape and colour stand for a status."""

_STATUS_ICONS = {
    CustomerStatus.ACTIVE: ("state-known", "known"),
    CustomerStatus.BANNED: ("state-banned", "banned"),
    CustomerStatus.WITHDRAWN: ("state-stranger", "stranger"),
}


@dataclass(frozen=True)
class _Row:
    customer: Customer
    folded_name: str
    haystack: str


_SORT_KEYS: dict[Column, Callable[[_Row], Any]] = {
    Column.PHOTO: lambda row: (not row.customer.has_photo, row.folded_name),
    Column.CODE: lambda row: row.customer.code,
    Column.NAME: operator.attrgetter("folded_name"),
    Column.STATUS: lambda row: (row.customer.status.value, row.folded_name),
    Column.TEMPLATES: lambda row: (row.customer.templates, row.folded_name),
    Column.ADDED: lambda row: (row.customer.created_at is not None, row.customer.created_at),
}


class CustomerModel(QAbstractTableModel):
    """All customers, of which those that fit the search are rows.

    Searching and sorting are done here on plain lists, with one key per customer: a QSortFilterProxyModel
    would call back into Python for every comparison, which is felt from a few thousand customers on.

    Signals:
        photo_wanted: (code) the photo of a visible customer is needed; answer with `set_photo`.
    """

    photo_wanted = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        self._all: list[_Row] = []
        self._rows: list[_Row] = []
        self._photos: dict[str, QImage | None] = {}
        self._words: tuple[str, ...] = ()
        self._status: CustomerStatus | None = None
        self._sorted_by, self._descending = Column.NAME, False

    @property
    def total(self) -> int:
        """Return how many customers there are, whatever is searched for."""
        return len(self._all)

    def set_customers(self, customers: Sequence[Customer]) -> None:
        """Show these customers."""
        self._all = [
            _Row(each, fold(each.name), fold(f"{each.name}\n{each.code}\n{each.phone}\n{each.note}"))
            for each in customers
        ]
        # A photo may have been replaced or erased since; what is on screen is asked for again.
        self._photos.clear()
        self._arrange()

    def search(self, text: str) -> None:
        """Keep the customers in whose name, code, phone or note every word occurs, with any diacritics."""
        self._words = tuple(fold(text).split())
        self._arrange()

    def filter_status(self, status: CustomerStatus | None) -> None:
        """Keep the customers of a status, or all."""
        self._status = status
        self._arrange()

    def customer(self, row: int) -> Customer:
        """Return the customer of a row."""
        return self._rows[row].customer

    def row_of(self, code: str) -> int:
        """Return the row of a customer, or -1 where it is not shown."""
        return next((row for row, each in enumerate(self._rows) if each.customer.code == code), -1)

    def set_photo(self, code: str, image: QImage | None) -> None:
        """Keep a photo that was asked for; None where there is none."""
        self._photos[code] = image
        if (row := self.row_of(code)) >= 0:
            index = self.index(row, Column.PHOTO)
            self.dataChanged.emit(index, index, [Qt.ItemDataRole.DecorationRole])

    def photo(self, code: str) -> QImage | None:
        """Return a photo that was loaded already, or None."""
        return self._photos.get(code)

    def as_text(self, rows: Sequence[int]) -> str:
        """Return rows as tab-separated lines under a heading, for the clipboard."""
        columns = [column for column in Column if column is not Column.PHOTO]
        lines = ["\t".join(self._heading(column) for column in columns)]
        lines += ["\t".join(self._text(self.customer(row), column) for column in columns) for row in rows]
        return "\n".join(lines)

    def retranslate(self) -> None:
        """Tell the view that every text may have changed."""
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(Column) - 1)
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, len(Column) - 1))

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's
        """Return how many customers are shown."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's
        """Return the number of columns."""
        return 0 if parent.isValid() else len(Column)

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return the headings."""
        if orientation is Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return self._heading(Column(section))
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what is shown in a cell."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        customer, column = self._rows[index.row()].customer, Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(customer, column)
        if role == Qt.ItemDataRole.DecorationRole:
            return self._decoration(customer, column)
        if role == Qt.ItemDataRole.ForegroundRole and column is Column.STATUS:
            return QColor(theme().presence(STATUS_PRESENCE[customer.status]))
        if role == Qt.ItemDataRole.ToolTipRole:
            return customer.ban_reason if column is Column.STATUS else self._text(customer, column)
        if role == Qt.ItemDataRole.AccessibleTextRole and column is Column.PHOTO:
            return _("Photo") if customer.has_photo else _("No photo")
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column."""
        self._sorted_by, self._descending = Column(column), order == Qt.SortOrder.DescendingOrder
        self._arrange()

    def _arrange(self) -> None:
        self.beginResetModel()
        rows = [
            row
            for row in self._all
            if (self._status is None or row.customer.status is self._status)
            and all(word in row.haystack for word in self._words)
        ]
        rows.sort(key=_SORT_KEYS[self._sorted_by], reverse=self._descending)
        self._rows = rows
        self.endResetModel()

    def _heading(self, column: Column) -> str:
        return {
            Column.PHOTO: "",
            Column.CODE: _("Code"),
            Column.NAME: _("Name"),
            Column.STATUS: _("Status"),
            Column.TEMPLATES: _("Faces"),
            Column.ADDED: _("Added on"),
        }[column]

    def _text(self, customer: Customer, column: Column) -> str:
        if column is Column.STATUS:
            return status_text(customer.status)
        if column is Column.TEMPLATES:
            return str(customer.templates)
        if column is Column.ADDED:
            added = customer.created_at
            return local_day(added) if added else ""
        return {Column.CODE: customer.code, Column.NAME: customer.name}.get(column, "")

    def _decoration(self, customer: Customer, column: Column) -> Any:
        if column is Column.STATUS:
            return _mark(*_STATUS_ICONS[customer.status])
        if column is not Column.PHOTO:
            return None
        if customer.has_photo and customer.code not in self._photos:
            self._photos[customer.code] = None
            self.photo_wanted.emit(customer.code)
        return avatar(self._photos.get(customer.code), AVATAR_PX, 2.0)


def _mark(name: str, role: str) -> QPixmap:
    return icon(name, role).pixmap(QSize(MARK_PX, MARK_PX), 2.0)

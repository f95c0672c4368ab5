"""The customers' table: how it looks, how wide its columns are, and copying its rows."""

from __future__ import annotations

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QFontMetrics, QGuiApplication, QKeySequence, QShortcut
from PyQt6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from netcafe_face.domain.people import Customer, CustomerStatus
from netcafe_face.gui.models.customers import AVATAR_PX, Column, CustomerModel, status_text

_CODE_PX = (96, 170)
_MARK_AND_GAPS_PX = 56
_NEEDED_PX = {Column.TEMPLATES: 620, Column.ADDED: 620, Column.CODE: 560}
"""Width of the table under which a column is left out."""


class CustomerTable(QTableView):
    """Rows of customers; Ctrl+C copies the chosen ones."""

    def __init__(self, model: CustomerModel) -> None:
        super().__init__()
        self._model = model
        self.setModel(model)
        self.setSortingEnabled(True)
        self.sortByColumn(Column.NAME, Qt.SortOrder.AscendingOrder)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setIconSize(QSize(AVATAR_PX, AVATAR_PX))
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        if (rows := self.verticalHeader()) is not None:
            rows.hide()
            rows.setDefaultSectionSize(AVATAR_PX + 10)
        if (columns := self.horizontalHeader()) is not None:
            columns.setHighlightSections(False)
            columns.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
            columns.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)
            columns.setSectionResizeMode(Column.PHOTO, QHeaderView.ResizeMode.Fixed)
            columns.setMinimumSectionSize(AVATAR_PX + 18)
        self.setColumnWidth(Column.PHOTO, AVATAR_PX + 20)
        self.setColumnWidth(Column.TEMPLATES, 88)
        self.setColumnWidth(Column.ADDED, 116)
        QShortcut(
            QKeySequence.StandardKey.Copy,
            self,
            self.copy_selection,
            context=Qt.ShortcutContext.WidgetWithChildrenShortcut,
        )

    def fit_columns(self) -> None:
        """Make codes and statuses as wide as their texts."""
        least, most = _CODE_PX
        self.setColumnWidth(Column.CODE, min(most, max(least, self.sizeHintForColumn(Column.CODE) + 12)))
        metrics = QFontMetrics(self.font())
        widest = max(metrics.horizontalAdvance(status_text(status)) for status in CustomerStatus)
        self.setColumnWidth(Column.STATUS, widest + _MARK_AND_GAPS_PX)

    def leave_room_for_names(self, room_px: int) -> None:
        """Go without the least needed columns where `room_px` is too little for all."""
        for column, needed_px in _NEEDED_PX.items():
            self.setColumnHidden(column, room_px < needed_px)

    def selected(self) -> list[Customer]:
        """Return the chosen customers from top to bottom."""
        return [self._model.customer(row) for row in self._chosen_rows()]

    def copy_selection(self) -> None:
        """Put the chosen rows on the clipboard, tab-separated with a heading."""
        rows, clipboard = self._chosen_rows(), QGuiApplication.clipboard()
        if rows and clipboard is not None:
            clipboard.setText(self._model.as_text(rows))

    def _chosen_rows(self) -> list[int]:
        selection = self.selectionModel()
        return sorted(index.row() for index in selection.selectedRows()) if selection is not None else []

"""The session log's table: how it looks, how wide its columns are, and copying its rows."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction, QKeySequence, QResizeEvent
from PyQt6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QTableView

from netcafe_face.exports.cells import guard
from netcafe_face.gui import tokens
from netcafe_face.gui.models.visits import VisitColumn, VisitModel, cell_text, headings
from netcafe_face.i18n import _

_WIDTHS = {
    VisitColumn.STARTED: (120, 184),
    VisitColumn.PRESENCE: (90, 132),
    VisitColumn.SEAT: (64, 104),
    VisitColumn.ENDED: (84, 184),
    VisitColumn.DURATION: (80, 116),
    VisitColumn.SIMILARITY: (76, 92),
    VisitColumn.NOTE: (64, 112),
}
"""Least and greatest width in pixels; between them the texts decide. The name takes the rest."""

_LEAST_NAME_PX, _ROOMY_NAME_PX = 190, 300
_LET_GO = (VisitColumn.NOTE, VisitColumn.SIMILARITY, VisitColumn.ENDED, VisitColumn.DURATION)
"""What a narrow table goes without, in this order, so that names can be read."""


class LogTable(QTableView):
    """Rows of visits; Ctrl+C copies the chosen ones."""

    def __init__(self, model: VisitModel) -> None:
        super().__init__()
        self._model, self._fitted = model, False
        self._wanted_px: dict[VisitColumn, int] = {}
        self.copy_action = QAction(self)
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        if (rows := self.verticalHeader()) is not None:
            rows.hide()
            rows.setDefaultSectionSize(36)
        if (columns := self.horizontalHeader()) is not None:
            columns.setSectionsClickable(True)
            columns.setSortIndicatorShown(True)
            columns.setSortIndicator(VisitColumn.STARTED, Qt.SortOrder.DescendingOrder)
            columns.setHighlightSections(False)
            columns.setMinimumSectionSize(48)
            # Columns fit what is in view; one odd row far below must not take the room of the names.
            columns.setResizeContentsPrecision(0)
            for column, (least, _most) in _WIDTHS.items():
                columns.resizeSection(column, least)
            columns.setSectionResizeMode(VisitColumn.WHO, QHeaderView.ResizeMode.Stretch)
        self.copy_action.setShortcut(QKeySequence.StandardKey.Copy)
        self.copy_action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.copy_action.triggered.connect(self.copy_rows)
        self.addAction(self.copy_action)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def retranslate(self) -> None:
        """Set every text anew."""
        self.copy_action.setText(_("Copy rows"))
        self.setAccessibleName(_("Visits"))
        self._fitted = False

    def fit_columns_once(self) -> None:
        """Make the columns as wide as what is in view, once: later it is up to who uses it."""
        if self._fitted:
            return
        self._fitted = True
        columns, view = self.horizontalHeader(), self.viewport()
        if columns is None or view is None:
            return
        wanted = {
            column: max(columns.sectionSizeHint(column), self.sizeHintForColumn(column) + tokens.SPACE_S)
            for column in _WIDTHS
        }
        widths = {column: min(most, max(least, wanted[column])) for column, (least, most) in _WIDTHS.items()}
        spare = view.width() - sum(widths.values()) - _ROOMY_NAME_PX
        for column in (VisitColumn.SEAT, VisitColumn.NOTE):
            more = max(0, min(spare, wanted[column] - widths[column]))
            widths[column] += more
            spare -= more
        for column, width in widths.items():
            self.setColumnWidth(column, width)
        self._leave_room_for_names()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Go without the least needed columns when there is little room."""
        super().resizeEvent(event)
        self._leave_room_for_names()

    def _leave_room_for_names(self) -> None:
        columns, view = self.horizontalHeader(), self.viewport()
        if columns is None or view is None:
            return
        # A hidden column has no width; what it had counts as wanted.
        self._wanted_px |= {each: size for each in _WIDTHS if (size := columns.sectionSize(each))}
        room = view.width() - sum(self._wanted_px.values())
        for column in _LET_GO:
            short = room < _LEAST_NAME_PX
            room += self._wanted_px.get(column, 0) if short else 0
            self.setColumnHidden(column, short)

    def copy_rows(self) -> None:
        """Copy the selected rows with their headings, as a spreadsheet takes them."""
        selection, clipboard = self.selectionModel(), QApplication.clipboard()
        if selection is None or clipboard is None or not selection.hasSelection():
            return
        rows = sorted(index.row() for index in selection.selectedRows())
        lines = [headings()] + [
            [guard(cell_text(self._model.visits[row], column)) for column in VisitColumn] for row in rows
        ]
        clipboard.setText("\n".join("\t".join(" ".join(cell.split()) for cell in line) for line in lines))

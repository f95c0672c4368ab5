"""The session log as a table model: rows arrive in pages, and new ones slip in without a jump."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, pyqtSignal

from netcafe_face.domain.people import Presence, Visit
from netcafe_face.exports.words import presence_text, visit_note, visit_who
from netcafe_face.gui.dates import time_text
from netcafe_face.gui.icons import icon
from netcafe_face.gui.state_chip import PRESENCE_ICONS
from netcafe_face.i18n import _

NOWHERE = QModelIndex()
VISIT_ROLE = Qt.ItemDataRole.UserRole


class VisitColumn(IntEnum):
    """The columns of the session log, in their order."""

    STARTED = 0
    WHO = 1
    PRESENCE = 2
    SEAT = 3
    ENDED = 4
    DURATION = 5
    SIMILARITY = 6
    NOTE = 7


SORT_KEYS: dict[VisitColumn, Callable[[Visit], Any]] = {
    VisitColumn.STARTED: lambda v: v.started_at,
    VisitColumn.WHO: lambda v: (v.label.casefold(), v.customer_code),
    VisitColumn.PRESENCE: lambda v: list(Presence).index(v.presence),
    VisitColumn.SEAT: lambda v: (v.seat.casefold(), v.source.casefold()),
    VisitColumn.ENDED: lambda v: v.ended_at or datetime.max.replace(tzinfo=v.started_at.tzinfo),
    VisitColumn.DURATION: lambda v: v.duration_s,
    VisitColumn.SIMILARITY: lambda v: v.similarity,
    VisitColumn.NOTE: lambda v: v.note.casefold(),
}
"""By what each column sorts."""


def headings() -> list[str]:
    """Return the heading of every column."""
    return [
        _("Began"),
        _("Who"),
        _("State"),
        _("Seat"),
        _("Ended"),
        _("Duration"),
        _("Similarity"),
        _("Note"),
    ]


def duration_text(seconds: float) -> str:
    """Write a duration as hours and minutes, or as seconds below a minute."""
    if seconds < 60:
        return _("{seconds} s").format(seconds=round(seconds))
    minutes = int(seconds // 60)
    if minutes < 60:
        return _("{minutes} min").format(minutes=minutes)
    return _("{hours} h {minutes:02d} min").format(hours=minutes // 60, minutes=minutes % 60)


def cell_text(visit: Visit, column: VisitColumn) -> str:
    """Return what a cell says."""
    if column is VisitColumn.STARTED:
        return time_text(visit.started_at)
    if column is VisitColumn.ENDED:
        return time_text(visit.ended_at, visit.started_at) if visit.ended_at else _("present")
    if column is VisitColumn.WHO:
        code = f" ({visit.customer_code})" if visit.customer_code else ""
        return f"{visit_who(visit)}{code}"
    if column is VisitColumn.PRESENCE:
        return presence_text(visit.presence)
    if column is VisitColumn.SEAT:
        return visit.seat
    if column is VisitColumn.DURATION:
        return duration_text(visit.duration_s)
    if column is VisitColumn.SIMILARITY:
        return f"{visit.similarity:.2f}"
    return visit_note(visit)


class VisitModel(QAbstractTableModel):
    """Holds the visits loaded so far.

    Signals:
        more_wanted: the view has been scrolled to the last loaded row and there are more.
    """

    more_wanted = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._visits: list[Visit] = []
        self._more = False

    @property
    def visits(self) -> Sequence[Visit]:
        """Return the visits loaded so far."""
        return self._visits

    def show_visits(self, visits: Sequence[Visit], more: bool) -> None:
        """Show these visits; rows that were shown before keep their place, selection and scroll."""
        self._more = more
        lead = self._rows_put_before(visits)
        if lead is None:
            self.beginResetModel()
            self._visits = list(visits)
            self.endResetModel()
            return
        if lead:
            self.beginInsertRows(NOWHERE, 0, lead - 1)
            self._visits[:0] = visits[:lead]
            self.endInsertRows()
        for row, visit in enumerate(visits[: len(self._visits)]):
            if self._visits[row] != visit:
                self._visits[row] = visit
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(VisitColumn) - 1))
        if len(visits) < len(self._visits):
            self.beginRemoveRows(NOWHERE, len(visits), len(self._visits) - 1)
            del self._visits[len(visits) :]
            self.endRemoveRows()
        else:
            self._extend(visits[len(self._visits) :])

    def append(self, visits: Sequence[Visit], more: bool) -> None:
        """Add the next page."""
        self._more = more
        self._extend(visits)

    def retranslate(self) -> None:
        """Let the view read every text anew."""
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(VisitColumn) - 1)
        if self._visits:
            last = self.index(len(self._visits) - 1, len(VisitColumn) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def rowCount(self, parent: QModelIndex = NOWHERE) -> int:  # noqa: N802 - Qt's name
        """Return the number of rows loaded."""
        return 0 if parent.isValid() else len(self._visits)

    def columnCount(self, parent: QModelIndex = NOWHERE) -> int:  # noqa: N802 - Qt's name
        """Return the number of columns."""
        return 0 if parent.isValid() else len(VisitColumn)

    def canFetchMore(self, parent: QModelIndex) -> bool:  # noqa: N802 - Qt's name
        """Return whether there are rows that are not loaded yet."""
        return self._more and not parent.isValid()

    def fetchMore(self, parent: QModelIndex) -> None:  # noqa: N802 - Qt's name
        """Ask for the next page, once."""
        if self._more:
            self._more = False
            self.more_wanted.emit()

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return a column's heading."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return headings()[section]
        return _alignment(VisitColumn(section)) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        if not index.isValid() or index.row() >= len(self._visits):
            return None
        visit, column = self._visits[index.row()], VisitColumn(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return cell_text(visit, column)
        if role == Qt.ItemDataRole.DecorationRole and column is VisitColumn.PRESENCE:
            return icon(PRESENCE_ICONS[visit.presence], visit.presence.value)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(visit, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        return visit if role == VISIT_ROLE else None

    def _tip(self, visit: Visit, column: VisitColumn) -> str | None:
        if column in (VisitColumn.STARTED, VisitColumn.ENDED):
            moment = visit.started_at if column is VisitColumn.STARTED else visit.last_seen_at
            return f"{time_text(moment)} {moment.astimezone():%Z}"
        if column is VisitColumn.SEAT:
            return visit.source
        if column is VisitColumn.SIMILARITY:
            return _("Best similarity {similarity:.3f}; {threshold:.3f} was needed to be named.").format(
                similarity=visit.similarity, threshold=visit.threshold
            )
        return cell_text(visit, column) if column in (VisitColumn.WHO, VisitColumn.NOTE) else None

    def _rows_put_before(self, visits: Sequence[Visit]) -> int | None:
        """Return how many new rows come before the rows shown now, or None if the rest differs."""
        ids, old = [visit.id for visit in visits], [visit.id for visit in self._visits]
        if not ids or not old or old[0] not in ids:
            return None
        lead = ids.index(old[0])
        both = min(len(ids) - lead, len(old))
        return lead if ids[lead : lead + both] == old[:both] else None

    def _extend(self, visits: Sequence[Visit]) -> None:
        if visits:
            first = len(self._visits)
            self.beginInsertRows(NOWHERE, first, first + len(visits) - 1)
            self._visits.extend(visits)
            self.endInsertRows()


def _alignment(column: VisitColumn) -> Qt.AlignmentFlag:
    right = column in (VisitColumn.DURATION, VisitColumn.SIMILARITY)
    side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter

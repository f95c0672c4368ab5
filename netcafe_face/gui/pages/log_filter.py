"""The row of fields above the session log: what, who, when."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from enum import Enum

from PyQt6.QtCore import QDate, QTimer, pyqtSignal
from PyQt6.QtWidgets import QComboBox, QDateEdit, QHBoxLayout, QLineEdit, QWidget

from netcafe_face.domain.people import Presence, VisitFilter
from netcafe_face.exports.words import presence_text
from netcafe_face.gui import tokens
from netcafe_face.gui.icons import icon
from netcafe_face.gui.state_chip import PRESENCE_ICONS
from netcafe_face.gui.widgets import label
from netcafe_face.i18n import _

TYPING_PAUSE_MS = 250


class Period(Enum):
    """Which days to show."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    WEEK = "week"
    MONTH = "month"
    ALL = "all"
    CHOSEN = "chosen"


def _period_text(period: Period) -> str:
    return {
        Period.TODAY: _("Today"),
        Period.YESTERDAY: _("Yesterday"),
        Period.WEEK: _("Last 7 days"),
        Period.MONTH: _("Last 30 days"),
        Period.ALL: _("All days"),
        Period.CHOSEN: _("From – to…"),
    }[period]


class LogFilter(QWidget):
    """Lets a person choose which visits to see; `changed` says that the choice is another."""

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.text = QLineEdit()
        self.text.setClearButtonEnabled(True)
        self.text.addAction(icon("search", "text_muted"), QLineEdit.ActionPosition.LeadingPosition)
        self.text.setMinimumWidth(180)
        self.presence = QComboBox()
        self.presence.addItem("", None)
        for presence in Presence:
            self.presence.addItem(icon(PRESENCE_ICONS[presence], presence.value), "", presence)
        self.period = QComboBox()
        for period in Period:
            self.period.addItem("", period)
        self.first_day, self.last_day = QDateEdit(QDate.currentDate()), QDateEdit(QDate.currentDate())
        self._dash = label("muted")
        self._dash.setText("–")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(tokens.SPACE_S)
        for widget in (self.text, self.presence, self.period, self.first_day, self._dash, self.last_day):
            row.addWidget(widget, 1 if widget is self.text else 0)
        row.addStretch(1)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(TYPING_PAUSE_MS)
        self._connect()
        self._show_days()

    def wanted(self) -> VisitFilter:
        """Return the choice as a filter, days taken on the café's clock."""
        first, last = self._days()
        presence = self.presence.currentData()
        return VisitFilter(
            since=_midnight(first) if first else None,
            until=_midnight(last + timedelta(days=1)) if last else None,
            text=self.text.text().strip(),
            presences=frozenset({presence}) if presence else frozenset(),
        )

    @property
    def is_narrow(self) -> bool:
        """Return whether anything is left out."""
        return self.wanted() != VisitFilter()

    def clear(self) -> None:
        """Show everything again."""
        self.text.clear()
        self.presence.setCurrentIndex(0)
        self.period.setCurrentIndex(self.period.findData(Period.ALL))

    def retranslate(self) -> None:
        """Set every text anew."""
        self.text.setPlaceholderText(_("Name, code, seat or note"))
        self.text.setAccessibleName(_("Search the session log"))
        self.presence.setItemText(0, _("All states"))
        self.presence.setAccessibleName(_("State"))
        for index, presence in enumerate(Presence, start=1):
            self.presence.setItemText(index, presence_text(presence))
        self.period.setAccessibleName(_("Days"))
        for index, period in enumerate(Period):
            self.period.setItemText(index, _period_text(period))
        for field, name in ((self.first_day, _("First day")), (self.last_day, _("Last day"))):
            field.setAccessibleName(name)
            field.setToolTip(name)
            field.setDisplayFormat("dd/MM/yyyy")

    def _connect(self) -> None:
        for field in (self.first_day, self.last_day):
            field.setCalendarPopup(True)
            field.dateChanged.connect(self.changed)
        self.presence.currentIndexChanged.connect(self.changed)
        self.period.setCurrentIndex(self.period.findData(Period.ALL))
        self.period.currentIndexChanged.connect(self._show_days)
        self.period.currentIndexChanged.connect(self.changed)
        # A query for every letter would only delay the one that counts.
        self.text.textChanged.connect(self._pause.start)
        self._pause.timeout.connect(self.changed)

    def _show_days(self) -> None:
        chosen = self.period.currentData() is Period.CHOSEN
        for widget in (self.first_day, self._dash, self.last_day):
            widget.setVisible(chosen)

    def _days(self) -> tuple[date | None, date | None]:
        today = date.today()  # noqa: DTZ011 - the café's own day
        period = self.period.currentData()
        if period is Period.CHOSEN:
            chosen = sorted((self.first_day.date().toPyDate(), self.last_day.date().toPyDate()))
            return chosen[0], chosen[1]
        back = {Period.TODAY: 0, Period.YESTERDAY: 1, Period.WEEK: 6, Period.MONTH: 29}.get(period)
        if back is None:
            return None, None
        first = today - timedelta(days=back)
        return first, first if period is Period.YESTERDAY else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time()).astimezone()

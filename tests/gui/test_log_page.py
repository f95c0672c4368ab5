"""The session log page: find, sort, copy and export visits while more of them happen."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QEvent, Qt, QUrl
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from netcafe_face import i18n
from netcafe_face.domain.people import Presence, Visit
from netcafe_face.exports.readers import read_visits_csv
from netcafe_face.exports.visit_pages import all_visits, visit_pages
from netcafe_face.gallery.service import Gallery
from netcafe_face.gui.context import GuiContext
from netcafe_face.gui.models.visits import VisitColumn, duration_text
from netcafe_face.gui.pages.log import PAGE_ROWS, LogPage
from netcafe_face.gui.pages.log_filter import Period

NOW = datetime.now(UTC).replace(microsecond=0)


def visit(number: int, **changes: Any) -> Visit:
    plain = Visit(
        source="Camera 1",
        seat=f"A{number % 24 + 1:02d}",
        presence=Presence.STRANGER,
        label=f"Stranger {number}",
        started_at=NOW - timedelta(minutes=10 * number),
        last_seen_at=NOW - timedelta(minutes=10 * number - 5),
        ended_at=NOW - timedelta(minutes=10 * number - 5),
        similarity=0.3,
        threshold=0.6,
    )
    return dataclasses.replace(plain, **changes)


KNOWN = visit(
    2,
    presence=Presence.KNOWN,
    label="Nguyễn Thị Minh Khai",
    customer_code="KH-7",
    similarity=0.71,
    note="=đổi máy",
)


@pytest.fixture
def page(context: GuiContext, qtbot: QtBot) -> Iterator[LogPage]:
    made = LogPage(context)
    qtbot.addWidget(made)
    made.resize(1200, 600)
    yield made
    made.shut_down()


def show(page: LogPage, qtbot: QtBot) -> None:
    page.show()
    page.on_shown()
    settle(page, qtbot)


def settle(page: LogPage, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not page.context.workers.busy and not page._recount.isActive(), timeout=20_000)


def names(page: LogPage) -> list[str]:
    return [str(page.model.index(row, VisitColumn.WHO).data()) for row in range(page.model.rowCount())]


def test_an_empty_log_says_how_it_fills_and_leads_there(page: LogPage, qtbot: QtBot) -> None:
    show(page, qtbot)
    assert page.empty.isVisible()
    assert not page.export_button.isEnabled()
    with qtbot.waitSignal(page.navigate) as asked:
        qtbot.mouseClick(page.empty.button, Qt.MouseButton.LeftButton)
    assert asked.args == ["live", None]


def test_visits_are_listed_newest_first_with_their_totals(page: LogPage, qtbot: QtBot) -> None:
    page.context.cafe.gallery.save_visits([visit(3), KNOWN, visit(1)])
    show(page, qtbot)
    assert names(page) == ["Stranger 1", "Nguyễn Thị Minh Khai (KH-7)", "Stranger 3"]
    assert page.table.isVisible()
    assert page.sum.text().split("  ·  ") == ["3 visits", "1 customer", "2 strangers", "15 min in all"]


def test_typing_a_name_without_its_accents_finds_it(page: LogPage, qtbot: QtBot) -> None:
    page.context.cafe.gallery.save_visits([visit(1), KNOWN, visit(3)])
    show(page, qtbot)
    qtbot.keyClicks(page.filter.text, "minh")
    qtbot.waitUntil(lambda: names(page) == ["Nguyễn Thị Minh Khai (KH-7)"])
    qtbot.waitUntil(lambda: page.sum.text().startswith("1 visit "))


def test_a_filter_that_leaves_nothing_offers_to_show_all_again(page: LogPage, qtbot: QtBot) -> None:
    page.context.cafe.gallery.save_visits([visit(1)])
    show(page, qtbot)
    page.filter.presence.setCurrentIndex(page.filter.presence.findData(Presence.BANNED))
    qtbot.waitUntil(page.empty.isVisible)
    qtbot.mouseClick(page.empty.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: names(page) == ["Stranger 1"])


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        (Period.TODAY, {"0"}),
        (Period.YESTERDAY, {"1"}),
        (Period.WEEK, {"0", "1", "5"}),
        (Period.MONTH, {"0", "1", "5", "20"}),
        (Period.ALL, {"0", "1", "5", "20", "90"}),
    ],
)
def test_days_are_the_cafes_own_days(page: LogPage, qtbot: QtBot, period: Period, expected: set[str]) -> None:
    noon = datetime.now().astimezone().replace(hour=12, minute=0)
    for days in (0, 1, 5, 20, 90):
        at = noon - timedelta(days=days)
        page.context.cafe.gallery.save_visit(
            visit(1, label=str(days), started_at=at, last_seen_at=at, ended_at=at)
        )
    show(page, qtbot)
    page.filter.period.setCurrentIndex(page.filter.period.findData(period))
    settle(page, qtbot)
    assert set(names(page)) == expected


def test_a_range_of_days_can_be_chosen_in_either_order(page: LogPage, qtbot: QtBot) -> None:
    page.context.cafe.gallery.save_visits([visit(1)])
    show(page, qtbot)
    page.filter.period.setCurrentIndex(page.filter.period.findData(Period.CHOSEN))
    assert page.filter.first_day.isVisible()
    page.filter.first_day.setDate(page.filter.last_day.date().addDays(3))
    settle(page, qtbot)
    wanted = page.filter.wanted()
    assert wanted.since is not None
    assert wanted.until is not None
    assert wanted.until - wanted.since == timedelta(days=4)


def test_rows_come_page_by_page_as_the_table_is_scrolled(page: LogPage, qtbot: QtBot) -> None:
    count = 2 * PAGE_ROWS + 50
    page.context.cafe.gallery.save_visits([visit(number) for number in range(count)])
    show(page, qtbot)
    assert page.model.rowCount() == PAGE_ROWS
    assert page.sum.text().startswith(f"{count} visits")
    while page.model.rowCount() < count:
        page.table.scrollToBottom()
        qtbot.wait(20)
    assert len({item.id for item in page.model.visits}) == count


def test_visits_that_began_at_the_same_instant_are_each_given_once(page: LogPage, qtbot: QtBot) -> None:
    gallery: Gallery = page.context.cafe.gallery
    same = [visit(1, label=str(number)) for number in range(25)]
    gallery.save_visits([visit(0), *same, visit(2), visit(3)])
    from netcafe_face.domain.people import VisitFilter

    pages = list(visit_pages(gallery, VisitFilter(), page_rows=4))
    ids = [item.id for group in pages for item in group]
    assert len(ids) == len(set(ids)) == 28
    assert [item.id for item in all_visits(gallery, VisitFilter())] == [item.id for item in gallery.visits()]


def test_a_click_on_a_heading_sorts_all_visits(page: LogPage, qtbot: QtBot) -> None:
    page.context.cafe.gallery.save_visits([visit(1), KNOWN, visit(3)])
    show(page, qtbot)
    header = page.table.horizontalHeader()
    assert header is not None
    for column in VisitColumn:
        for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
            header.setSortIndicator(column, order)
            settle(page, qtbot)
            assert sorted(names(page)) == ["Nguyễn Thị Minh Khai (KH-7)", "Stranger 1", "Stranger 3"]
    header.setSortIndicator(VisitColumn.SIMILARITY, Qt.SortOrder.DescendingOrder)
    settle(page, qtbot)
    assert names(page)[0] == "Nguyễn Thị Minh Khai (KH-7)"


def test_a_new_visit_appears_by_itself_and_keeps_the_chosen_row(page: LogPage, qtbot: QtBot) -> None:
    gallery = page.context.cafe.gallery
    gallery.save_visits([visit(2), visit(3)])
    show(page, qtbot)
    page.table.selectRow(1)
    gallery.save_visit(visit(1, ended_at=None))
    qtbot.waitUntil(lambda: names(page) == ["Stranger 1", "Stranger 2", "Stranger 3"], timeout=10_000)
    selection = page.table.selectionModel()
    assert selection is not None
    assert [index.row() for index in selection.selectedRows()] == [2]
    assert page.model.index(0, VisitColumn.ENDED).data() == "present"


def test_a_visit_that_goes_on_is_updated_in_place(page: LogPage, qtbot: QtBot) -> None:
    gallery = page.context.cafe.gallery
    stored = gallery.save_visit(visit(6, ended_at=None))
    show(page, qtbot)
    gallery.save_visit(dataclasses.replace(stored, last_seen_at=stored.started_at + timedelta(hours=1)))
    qtbot.waitUntil(lambda: page.model.index(0, VisitColumn.DURATION).data() == "1 h 00 min", timeout=10_000)


def test_a_hidden_page_catches_up_when_it_is_shown(page: LogPage, qtbot: QtBot) -> None:
    show(page, qtbot)
    page.hide()
    page.context.cafe.gallery.save_visit(visit(1))
    qtbot.waitUntil(lambda: page._stale)
    assert page.model.rowCount() == 0
    show(page, qtbot)
    assert names(page) == ["Stranger 1"]


def test_copied_rows_hold_no_formulas(page: LogPage, qtbot: QtBot) -> None:
    page.context.cafe.gallery.save_visits([KNOWN])
    show(page, qtbot)
    page.table.selectAll()
    page.table.copy_action.trigger()
    clipboard = QApplication.clipboard()
    assert clipboard is not None
    heading, row = clipboard.text().split("\n")
    assert heading.startswith("Began\tWho")
    assert row.endswith("0.71\t'=đổi máy")
    page.table.clearSelection()
    clipboard.setText("before")
    page.table.copy_rows()
    assert clipboard.text() == "before"


def test_the_filtered_visits_are_exported_and_the_folder_opened(
    page: LogPage, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.context.cafe.gallery.save_visits([visit(1), KNOWN])
    show(page, qtbot)
    page.filter.presence.setCurrentIndex(page.filter.presence.findData(Presence.KNOWN))
    settle(page, qtbot)
    chosen = tmp_path / "nhật ký"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(chosen), "CSV (*.csv)"))
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    qtbot.mouseClick(page.export_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "exported" in page.message.text)
    (found,) = read_visits_csv(tmp_path / "nhật ký.csv")
    assert found.label == "Nguyễn Thị Minh Khai"
    assert not page.export.isVisible()
    qtbot.mouseClick(page.message.button, Qt.MouseButton.LeftButton)
    assert opened == [QUrl.fromLocalFile(str(tmp_path))]


def test_an_export_can_be_stopped_and_leaves_the_old_file(
    page: LogPage, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = page.context.cafe.gallery
    gallery.save_visits([visit(number) for number in range(3000)])
    show(page, qtbot)
    path = tmp_path / "log.csv"
    path.write_text("the old one")
    go_on = threading.Event()
    visits = gallery.visits

    def slow(wanted: Any = None) -> list[Visit]:
        go_on.wait(10)
        return visits(wanted)

    monkeypatch.setattr(gallery, "visits", slow)
    page.export.run(path, page.filter.wanted(), 3000)
    assert page.export.isVisible()
    assert not page.export_button.isEnabled()
    qtbot.mouseClick(page.export.stop, Qt.MouseButton.LeftButton)
    go_on.set()
    qtbot.waitUntil(lambda: not page.export.isVisible())
    assert path.read_text() == "the old one"
    assert "stopped" in page.message.text


def test_an_export_that_cannot_be_written_says_why(
    page: LogPage, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.context.cafe.gallery.save_visits([visit(1)])
    show(page, qtbot)
    place = tmp_path / "nowhere" / "log.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(place), "CSV (*.csv)"))
    qtbot.mouseClick(page.export_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "cannot be written" in page.message.text)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    page.message.hide()
    qtbot.mouseClick(page.export_button, Qt.MouseButton.LeftButton)
    settle(page, qtbot)
    assert not page.message.isVisible()


def test_tool_tips_say_what_does_not_fit(page: LogPage, qtbot: QtBot) -> None:
    page.context.cafe.gallery.save_visits([KNOWN])
    show(page, qtbot)
    tips = [page.model.index(0, column).data(Qt.ItemDataRole.ToolTipRole) for column in VisitColumn]
    assert tips[VisitColumn.SEAT] == "Camera 1"
    assert "0.600" in tips[VisitColumn.SIMILARITY]
    assert tips[VisitColumn.NOTE] == "=đổi máy"
    assert tips[VisitColumn.PRESENCE] is None
    assert "UTC" in tips[VisitColumn.STARTED] or ":" in tips[VisitColumn.STARTED]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (7260, "2 h 01 min")]
)
def test_durations_are_short(qapp: QApplication, seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_the_page_follows_the_language(page: LogPage, qtbot: QtBot) -> None:
    show(page, qtbot)
    i18n.set_language("vi")
    page.retranslate()
    QApplication.sendEvent(page, QEvent(QEvent.Type.LanguageChange))
    assert page.title() == i18n._("Session log")


def test_a_narrow_table_goes_without_notes_so_that_names_can_be_read(page: LogPage, qtbot: QtBot) -> None:
    page.context.cafe.gallery.save_visits([visit(number) for number in range(3)])
    show(page, qtbot)
    page.resize(1600, 600)
    qtbot.waitUntil(lambda: not page.table.isColumnHidden(VisitColumn.NOTE))
    page.resize(660, 600)
    qtbot.waitUntil(lambda: page.table.isColumnHidden(VisitColumn.NOTE))
    assert page.table.columnWidth(VisitColumn.WHO) >= 150
    page.resize(1600, 600)
    qtbot.waitUntil(lambda: not page.table.isColumnHidden(VisitColumn.NOTE))


def test_ctrl_f_goes_to_the_search(page: LogPage, qtbot: QtBot) -> None:
    page.context.cafe.gallery.save_visits([visit(1)])
    show(page, qtbot)
    page.activateWindow()
    qtbot.waitUntil(page.isActiveWindow)
    page.table.setFocus()
    qtbot.keyClick(page.table, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert page.filter.text.hasFocus()

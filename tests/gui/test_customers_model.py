"""The table of customers: searched, filtered, sorted and copied."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QImage
from pytestqt.modeltest import ModelTester

from netcafe_face.domain.people import Customer, CustomerStatus
from netcafe_face.gui.models.customers import Column, CustomerModel

PEOPLE = (
    Customer("KH-0003", "Nguyễn Văn Đạt", phone="0903 111", id=1, templates=2, has_photo=True),
    Customer("KH-0001", "Ánh Hồng", id=2, created_at=datetime(2025, 5, 1, tzinfo=UTC)),
    Customer("KH-0002", "Trần <b>Bình</b>", id=3, status=CustomerStatus.BANNED, ban_reason="fight"),
)


@pytest.fixture
def model(qapp: Any) -> CustomerModel:
    made = CustomerModel()
    made.set_customers(PEOPLE)
    return made


def codes(model: CustomerModel) -> list[str]:
    return [model.customer(row).code for row in range(model.rowCount())]


def test_the_model_keeps_qts_rules(model: CustomerModel, qtmodeltester: ModelTester) -> None:
    qtmodeltester.check(model)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("nguyen", ["KH-0003"]),
        ("DAT van", ["KH-0003"]),
        ("kh-0002", ["KH-0002"]),
        ("0903", ["KH-0003"]),
        ("hồng", ["KH-0001"]),
        ("zz", []),
        ("%", []),
        ("' OR 1=1", []),
    ],
)
def test_search_ignores_case_diacritics_and_word_order(
    model: CustomerModel, typed: str, found: list[str]
) -> None:
    model.search(typed)
    assert codes(model) == found


def test_names_sort_the_vietnamese_way_not_by_code_point(model: CustomerModel) -> None:
    model.sort(Column.NAME)
    assert codes(model) == ["KH-0001", "KH-0003", "KH-0002"]
    model.sort(Column.NAME, Qt.SortOrder.DescendingOrder)
    assert codes(model) == ["KH-0002", "KH-0003", "KH-0001"]


@pytest.mark.parametrize("column", list(Column))
def test_every_column_sorts_even_with_gaps(model: CustomerModel, column: Column) -> None:
    model.sort(column)
    assert sorted(codes(model)) == ["KH-0001", "KH-0002", "KH-0003"]


def test_one_status_can_be_picked_out(model: CustomerModel) -> None:
    model.filter_status(CustomerStatus.BANNED)
    assert codes(model) == ["KH-0002"]
    model.filter_status(None)
    assert model.rowCount() == model.total == 3


def test_a_photo_is_asked_for_once_and_only_where_there_is_one(model: CustomerModel) -> None:
    asked: list[str] = []
    model.photo_wanted.connect(asked.append)
    for _time in range(2):
        for row in range(3):
            model.data(model.index(row, Column.PHOTO), Qt.ItemDataRole.DecorationRole)
    assert asked == ["KH-0003"]
    picture = QImage(8, 8, QImage.Format.Format_RGB32)
    model.set_photo("KH-0003", picture)
    assert model.photo("KH-0003") == picture


def test_rows_are_copied_as_a_table(model: CustomerModel) -> None:
    model.sort(Column.CODE)
    lines = model.as_text([0, 1]).split("\n")
    assert lines[0] == "Code\tName\tStatus\tFaces\tAdded on"
    assert lines[2].startswith("KH-0002\tTrần <b>Bình</b>\tBanned\t0")


def test_a_status_is_shown_with_a_shape_and_its_reason(model: CustomerModel) -> None:
    index = model.index(model.row_of("KH-0002"), Column.STATUS)
    assert not model.data(index, Qt.ItemDataRole.DecorationRole).isNull()
    assert model.data(index, Qt.ItemDataRole.ToolTipRole) == "fight"
    assert model.row_of("KH-9") == -1

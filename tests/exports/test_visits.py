"""What is exported reads back as it was, and a failed export harms nothing."""

from __future__ import annotations

import csv
import dataclasses
import json
import resource
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netcafe_face.domain.errors import Cancelled, OutputError, ValueRefused
from netcafe_face.domain.people import Customer, CustomerStatus, Presence, Visit
from netcafe_face.exports.cells import guard, unguard
from netcafe_face.exports.readers import ExportUnreadable, read_visits_csv, read_visits_json
from netcafe_face.exports.service import ExportOptions, export_customers, export_visits
from netcafe_face.exports.tables import CUSTOMERS, VISITS

DOCS = Path(__file__).resolve().parents[2] / "docs"
START = datetime(2026, 11, 22, 6, 45, 0, 123456, tzinfo=UTC)


def visit(number: int = 1, **changes: object) -> Visit:
    plain = Visit(
        source="Cổng chính",
        seat="A01",
        presence=Presence.KNOWN,
        label="Nguyễn Thị Minh Khai",
        started_at=START,
        last_seen_at=START + timedelta(minutes=42),
        customer_id=7,
        customer_code="KH-007",
        ended_at=START + timedelta(minutes=43),
        similarity=0.6180339887498949,
        margin=0.21,
        threshold=0.58,
        pack_id="netcafe-mini@0",
        id=number,
    )
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


texts = st.text(
    alphabet=st.one_of(st.sampled_from("'=+-@\t\r\n,;\"＝ Ễ"), st.characters(exclude_categories=("Cs",))),
    max_size=12,
)
times = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
numbers = st.floats(-1, 2)
visits = st.builds(
    Visit,
    source=texts,
    seat=texts,
    presence=st.sampled_from(Presence),
    label=texts,
    started_at=times,
    last_seen_at=times,
    customer_id=st.none() | st.integers(1, 2**60),
    customer_code=texts,
    ended_at=st.none() | times,
    similarity=numbers,
    margin=numbers,
    threshold=numbers,
    pack_id=texts,
    sample=st.booleans(),
    note=texts,
    id=st.integers(0, 2**60),
)
many_examples = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


@many_examples
@given(st.lists(visits, max_size=4))
def test_visits_of_any_content_come_back_from_csv_exactly(tmp_path: Path, wanted: list[Visit]) -> None:
    export_visits(wanted, tmp_path / "log.csv")
    assert list(read_visits_csv(tmp_path / "log.csv")) == wanted


@many_examples
@given(st.lists(visits, max_size=4))
def test_visits_of_any_content_come_back_from_json_exactly(tmp_path: Path, wanted: list[Visit]) -> None:
    export_visits(wanted, tmp_path / "log.json")
    assert read_visits_json(tmp_path / "log.json") == wanted


@given(texts)
def test_guarding_a_cell_can_always_be_undone(text: str) -> None:
    assert unguard(guard(text)) == text


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "'=", "''@", "＝"])
def test_a_name_that_looks_like_a_formula_is_harmless_in_a_spreadsheet(tmp_path: Path, start: str) -> None:
    export_visits([visit(label=f"{start}cmd|' /C calc'!A0")], tmp_path / "log.csv")
    with (tmp_path / "log.csv").open(encoding="utf-8-sig", newline="") as stream:
        row = next(csv.DictReader(stream))
    assert row["label"].startswith("'")
    assert next(read_visits_csv(tmp_path / "log.csv")).label.startswith(start)


def test_spreadsheets_see_a_byte_order_mark_and_ordinary_names_unchanged(tmp_path: Path) -> None:
    export_visits([visit(similarity=-0.25)], tmp_path / "log.csv")
    data = (tmp_path / "log.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfid,started_at,")
    assert "Nguyễn Thị Minh Khai".encode() in data
    assert b",-0.25," in data


def test_times_are_written_in_utc_and_as_on_the_cafes_clock(tmp_path: Path) -> None:
    saigon = datetime(2026, 11, 22, 23, 30, tzinfo=timezone(timedelta(hours=7)))
    options = ExportOptions(zone=ZoneInfo("Asia/Ho_Chi_Minh"))
    export_visits(
        [visit(started_at=saigon, last_seen_at=saigon, ended_at=None)], tmp_path / "log.csv", options
    )
    with (tmp_path / "log.csv").open(encoding="utf-8-sig", newline="") as stream:
        row = next(csv.DictReader(stream))
    assert row["started_at"] == "2026-11-22T16:30:00Z"
    assert row["started_local"] == "2026-11-22 23:30:00"
    assert row["ended_at"] == row["ended_local"] == ""


def test_a_similarity_that_is_not_a_number_leaves_valid_json(tmp_path: Path) -> None:
    export_visits([visit(similarity=float("nan"))], tmp_path / "log.json")
    rows = json.loads((tmp_path / "log.json").read_text(encoding="utf-8"))["rows"]
    assert rows[0]["similarity"] is None
    again = read_visits_json(tmp_path / "log.json")[0].similarity
    assert again != again


def test_stopping_an_export_keeps_the_old_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("the old one")
    seen: list[int] = []
    options = ExportOptions(progress=seen.append, cancelled=lambda: len(seen) >= 3)
    with pytest.raises(Cancelled):
        export_visits((visit(n) for n in range(5000)), path, options)
    assert path.read_text() == "the old one"
    assert list(tmp_path.iterdir()) == [path]
    assert seen == [0, 200, 400]


def test_a_full_disk_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("the old one")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(OutputError) as caught:
            export_visits((visit(n) for n in range(5000)), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "unchanged" in str(caught.value)
    assert path.read_text() == "the old one"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("place", ["missing/log.csv", "folder.csv"])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(OutputError) as caught:
        export_visits([visit()], tmp_path / place)
    assert str(tmp_path / place) in str(caught.value)


def test_an_error_while_the_visits_are_read_keeps_the_old_file(tmp_path: Path) -> None:
    def failing() -> Iterator[Visit]:
        yield visit()
        raise KeyError("the database went away")

    path = tmp_path / "log.json"
    path.write_text("the old one")
    with pytest.raises(KeyError):
        export_visits(failing(), path)
    assert path.read_text() == "the old one"


def test_an_export_replaces_the_file_a_link_points_to_and_keeps_the_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    link.symlink_to(real)
    export_visits([visit()], link)
    assert link.is_symlink()
    assert list(read_visits_csv(real)) == [visit()]


def test_an_unknown_format_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ValueRefused) as caught:
        export_visits([visit()], tmp_path / "log.docx")
    assert "csv, json" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_format_can_be_chosen_against_the_files_name(tmp_path: Path) -> None:
    assert export_visits([visit()], tmp_path / "log.txt", ExportOptions(format="CSV")) == 1
    assert list(read_visits_csv(tmp_path / "log.txt")) == [visit()]


@pytest.mark.parametrize("suffix", ["csv", "json"])
def test_a_long_log_is_streamed_and_never_held_in_memory(tmp_path: Path, suffix: str) -> None:
    export_visits([visit()], tmp_path / f"warm.{suffix}")
    tracemalloc.start()
    count = export_visits((visit(n) for n in range(20_000)), tmp_path / f"log.{suffix}")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 2_000_000 < (tmp_path / f"log.{suffix}").stat().st_size


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "code,name\n1,2\n",
        "{header}\n1,2,3\n",
        "{header}\n{row}".replace("{row}", "x," * 18 + "x"),
        '{header}\n"unfinished',
    ],
)
def test_a_damaged_csv_is_refused_with_its_line(tmp_path: Path, damage: str) -> None:
    header = ",".join(column.name for column in VISITS.columns)
    (tmp_path / "log.csv").write_text(damage.replace("{header}", header), encoding="utf-8")
    with pytest.raises(ExportUnreadable, match="line"):
        list(read_visits_csv(tmp_path / "log.csv"))


@pytest.mark.parametrize(
    ("column", "value"),
    [("started_at", "2026-11-22T06:45:00"), ("presence", "ghost"), ("sample", "perhaps"), ("id", "")],
)
def test_a_csv_with_a_senseless_cell_is_refused(tmp_path: Path, column: str, value: str) -> None:
    export_visits([visit()], tmp_path / "log.csv")
    with (tmp_path / "log.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with (tmp_path / "bad.csv").open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerow({**rows[0], column: value})
    with pytest.raises(ExportUnreadable):
        list(read_visits_csv(tmp_path / "bad.csv"))


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"rows": []}', '{"format": "netcafe-face", "version": 1, "table": "visits", "rows": [5]}'],
)
def test_json_that_is_not_an_export_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "log.json").write_text(text)
    with pytest.raises(ExportUnreadable):
        read_visits_json(tmp_path / "log.json")


@pytest.mark.parametrize(("column", "value"), [("label", 5), ("id", "x"), ("started_at", 5)])
def test_json_with_a_senseless_value_is_refused(tmp_path: Path, column: str, value: object) -> None:
    export_visits([visit()], tmp_path / "log.json")
    document = json.loads((tmp_path / "log.json").read_text(encoding="utf-8"))
    document["rows"][0][column] = value
    (tmp_path / "log.json").write_text(json.dumps(document))
    with pytest.raises(ExportUnreadable):
        read_visits_json(tmp_path / "log.json")


def test_a_missing_export_is_an_error_for_a_person(tmp_path: Path) -> None:
    with pytest.raises(ExportUnreadable, match="No such file"):
        list(read_visits_csv(tmp_path / "nowhere.csv"))


def test_customers_are_exported_without_faces(tmp_path: Path) -> None:
    people = [
        Customer(
            "KH-1",
            "=Nguyễn",
            date(2001, 2, 3),
            "+84 90",
            "",
            CustomerStatus.BANNED,
            "trộm",
            1,
            START,
            3,
            True,
        ),
        Customer("KH-2", "Trần"),
    ]
    assert export_customers(people, tmp_path / "people.csv") == 2
    with (tmp_path / "people.csv").open(encoding="utf-8-sig", newline="") as stream:
        first, second = csv.DictReader(stream)
    assert first["phone"] == "'+84 90"
    assert (first["birth_date"], first["status"], first["has_photo"]) == ("2001-02-03", "banned", "true")
    assert second["created_at"] == second["birth_date"] == ""


def test_every_column_is_documented() -> None:
    text = (DOCS / "export-columns.md").read_text(encoding="utf-8")
    for table in (VISITS, CUSTOMERS):
        for column in table.columns:
            assert f"| `{column.name}` | {column.meaning} |" in text

"""`visits` and `export`: the session log on the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from netcafe_face.app import build
from netcafe_face.domain.people import Presence, Visit
from netcafe_face.exports.readers import read_visits_csv
from tests.cli.counter import Counter

NOON = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)


def keep_log(counter: Counter) -> None:
    cafe = build(counter.data)
    for number, presence in enumerate((Presence.KNOWN, Presence.STRANGER, Presence.BANNED)):
        begun = NOON + timedelta(days=number)
        label = "#3" if presence is Presence.STRANGER else f"=Khách {number}"
        cafe.gallery.save_visit(
            Visit(
                "Cam 1", f"A0{number}", presence, label, begun, begun, ended_at=begun + timedelta(minutes=30)
            )
        )
    cafe.close()


def test_visits_are_listed_newest_first_and_filtered(counter: Counter) -> None:
    keep_log(counter)
    assert [visit["seat"] for visit in counter.json("visits", "list")] == ["A02", "A01", "A00"]
    assert [visit["seat"] for visit in counter.json("visits", "list", "--state", "stranger")] == ["A01"]
    assert [visit["seat"] for visit in counter.json("visits", "list", "--seat", "A00")] == ["A00"]
    assert len(counter.json("visits", "list", "--from", "2026-11-21", "--to", "2026-11-21")) == 1
    assert "Stranger 3" in counter.ok("visits", "list")


def test_the_list_says_when_there_is_more(counter: Counter) -> None:
    keep_log(counter)
    counter.ok("visits", "list", "--limit", "2")
    assert "more" in counter.err


def test_a_time_that_is_none_is_refused(counter: Counter) -> None:
    status, _ = counter.run("visits", "list", "--from", "yesterday")
    assert status == 4
    assert "yesterday" in counter.err


def test_an_exported_log_reads_back_to_the_same_visits(counter: Counter) -> None:
    keep_log(counter)
    file = counter.pictures / "nhật ký.csv"
    assert counter.json("export", file) == {"file": str(file), "rows": 3}
    assert "'=Khách 0" in file.read_text("utf-8-sig")
    back = list(read_visits_csv(file))
    assert [visit.label for visit in back] == ["=Khách 2", "#3", "=Khách 0"]


def test_customers_are_exported_without_their_faces(counter: Counter) -> None:
    counter.enrol(0, "KH-1", "Ánh")
    file = counter.pictures / "customers.json"
    counter.ok("export", file, "--what", "customers")
    text = file.read_text("utf-8")
    assert "Ánh" in text
    assert "embedding" not in text


def test_an_unknown_kind_of_file_or_a_missing_folder_is_told(counter: Counter) -> None:
    assert counter.run("export", counter.pictures / "log.docx")[0] == 4
    status, _ = counter.run("export", counter.pictures / "no" / "log.csv")
    assert status == 8
    assert "cannot be written" in counter.err


@pytest.mark.parametrize("option", [("--from", "2027-01-01"), ("--seat", "A01"), ("--state", "stranger")])
def test_customers_are_not_chosen_by_what_visits_have(counter: Counter, option: tuple[str, str]) -> None:
    target = counter.data.parent / "customers.csv"
    assert counter.run("export", target, "--what", "customers", *option)[0] == 2
    assert "choose visits" in counter.err
    assert not target.exists()

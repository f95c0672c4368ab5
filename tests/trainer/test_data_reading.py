"""Sets of pictures are read from folders and tars; what is wrong with them is said, and nothing escapes."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from netcafe_face.trainer.data import entries
from netcafe_face.trainer.data.reading import (
    Picture,
    ReadingReport,
    count_pictures,
    folded_name,
    pictures,
)
from netcafe_face.trainer.errors import DataUnusable
from netcafe_face.vision.images import encode_png

DOT_PNG = encode_png(np.zeros((2, 2, 3), np.uint8))


def write_set(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(DOT_PNG + os.fsencode(name))
    return root


def write_tar(path: Path, *names: str, members: tuple[tarfile.TarInfo, ...] = ()) -> Path:
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(bytes(member.size)))
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(DOT_PNG) + len(name.encode())
            tar.addfile(member, io.BytesIO(DOT_PNG + name.encode()))
    return path


def special(name: str, kind: bytes, size: int = 0) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.size, member.linkname = kind, size, "/etc/passwd"
    return member


def read(path: Path, **options: bool) -> tuple[list[Picture], ReadingReport]:
    report = ReadingReport()
    return list(pictures(path, report=report, **options)), report


def shown(found: list[Picture]) -> list[tuple[str, str]]:
    return [(picture.name, picture.source) for picture in found]


TWO_PEOPLE = ("Bình/2.png", "An_Lê/An_Lê_0001.webp", "Bình/1.jpg")
IN_ORDER = [("An_Lê", "An_Lê/An_Lê_0001.webp"), ("Bình", "Bình/1.jpg"), ("Bình", "Bình/2.png")]


def test_a_folder_with_a_folder_for_each_person_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    found, report = read(write_set(tmp_path, *TWO_PEOPLE))
    assert shown(found) == IN_ORDER
    assert found[1].data == DOT_PNG + "Bình/1.jpg".encode()
    assert (report.identities, dict(report.counts)) == (2, {"An_Lê": 1, "Bình": 2})


def test_a_tar_reads_like_the_folder_it_was_made_of(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set", *TWO_PEOPLE)
    tar = write_tar(tmp_path / "set.tar", *TWO_PEOPLE)
    assert read(tar)[0] == read(folder)[0]
    assert count_pictures(tar) == count_pictures(folder) == 3


def test_a_gzipped_tar_gives_the_same_pictures_in_the_order_they_are_packed(tmp_path: Path) -> None:
    found, _ = read(write_tar(tmp_path / "set.tar.gz", *TWO_PEOPLE))
    assert shown(found) == [IN_ORDER[2], IN_ORDER[0], IN_ORDER[1]]
    assert sorted(p.data for p in found) == sorted(DOT_PNG + name.encode() for name in TWO_PEOPLE)


def test_the_folder_around_everything_in_a_tar_is_no_person(tmp_path: Path) -> None:
    found, report = read(
        write_tar(
            tmp_path / "lfw.tar",
            "./lfw/A/1.png",
            "./lfw/B/1.png",
            members=(special("lfw", tarfile.DIRTYPE), special("lfw/Empty", tarfile.DIRTYPE)),
        )
    )
    assert shown(found) == [("A", "A/1.png"), ("B", "B/1.png")]
    assert report.empty == ["Empty"]


def test_a_flat_folder_has_pictures_without_names(tmp_path: Path) -> None:
    found, report = read(write_set(tmp_path, "b.png", "a.JPG"))
    assert shown(found) == [("", "a.JPG"), ("", "b.png")]
    assert report.identities == 0
    assert "2 of them without an identity" in report.lines()[0]


def test_folders_are_no_people_where_that_is_said(tmp_path: Path) -> None:
    found, report = read(write_set(tmp_path, "day 1/a.png", "day 2/b.png"), identities=False)
    assert shown(found) == [("", "day 1/a.png"), ("", "day 2/b.png")]
    assert report.empty == []


def test_recordings_lie_in_folders_below_the_person(tmp_path: Path) -> None:
    found, _ = read(write_set(tmp_path, "An/first/1.png", "An/second/1.png", "Bo/1.png"))
    assert [picture.name for picture in found] == ["An", "An", "Bo"]


def test_files_that_are_no_pictures_are_passed_over_and_counted(tmp_path: Path) -> None:
    found, report = read(write_set(tmp_path, "A/1.png", "A/notes.txt", "A/.hidden.png", "consent.json"))
    assert len(found) == 1
    assert report.ignored == 3
    assert "3 files are no pictures" in "\n".join(report.lines())


def test_a_name_is_the_same_name_however_its_letters_are_composed(tmp_path: Path) -> None:
    apart = unicodedata.normalize("NFD", "Ánh")
    found, _ = read(write_tar(tmp_path / "a.tar", f"{apart}/1.png", "B/1.png"))
    assert [picture.name for picture in found] == [unicodedata.normalize("NFC", "Ánh"), "B"]


@pytest.mark.parametrize("other", ["ann lee", "Ann  Lee", "ANN_LEE", "Ann_Lee_"])
def test_two_folders_that_seem_to_be_one_person_stop_the_training(tmp_path: Path, other: str) -> None:
    _, report = read(write_set(tmp_path, "Ann_Lee/1.png", f"{other}/1.png"))
    assert report.same_names == [tuple(sorted(("Ann_Lee", other)))]
    with pytest.raises(DataUnusable, match="seem to be one person"):
        report.refuse_unusable(tmp_path)


def test_names_that_differ_by_more_are_two_people() -> None:
    assert folded_name("Ann Lee") != folded_name("Ann Le")
    assert folded_name("Ánh") != folded_name("Anh")


def test_a_person_without_pictures_is_reported_and_left_out(tmp_path: Path) -> None:
    (tmp_path / "Nobody").mkdir()
    found, report = read(write_set(tmp_path, "A/1.png", "B/1.png", "C/readme.txt"))
    assert {picture.name for picture in found} == {"A", "B"}
    assert report.as_json()["empty_identities"] == ["C", "Nobody"]
    report.refuse_unusable(tmp_path)


def test_a_person_all_of_whose_pictures_are_broken_is_left_out(tmp_path: Path) -> None:
    found, report = read(write_set(tmp_path, "A/1.png", "B/1.png", "C/1.png", "C/2.png"))
    for picture in found[:1] + found[2:3]:
        report.add_broken(picture, "it is damaged")
    assert report.identities == 2
    assert report.as_json()["empty_identities"] == ["A"]
    assert report.as_json()["broken"] == [
        {"source": "A/1.png", "reason": "it is damaged"},
        {"source": "C/1.png", "reason": "it is damaged"},
    ]
    assert "2 pictures left out: A/1.png: it is damaged; C/1.png" in report.lines()[-1]


def test_one_person_is_too_few_to_train_on(tmp_path: Path) -> None:
    _, report = read(write_set(tmp_path, "A/1.png", "A/2.png"))
    with pytest.raises(DataUnusable, match="1 identities"):
        report.refuse_unusable(tmp_path)
    report.refuse_unusable(tmp_path, least_identities=1)


@pytest.mark.parametrize("what", ["missing", "empty", "text", "pipe"])
def test_what_holds_no_pictures_says_so(tmp_path: Path, what: str) -> None:
    place = tmp_path / what
    if what == "empty":
        place.mkdir()
    if what == "text":
        place.write_text("hello" * 500)
    if what == "pipe":
        os.mkfifo(place)
    with pytest.raises(DataUnusable):
        read(place)


def test_a_pipe_or_a_link_among_the_pictures_is_left_out(tmp_path: Path) -> None:
    root = write_set(tmp_path / "set", "A/1.png")
    outside = write_set(tmp_path / "other", "B/1.png")
    os.mkfifo(root / "A" / "2.png")
    (root / "B").symlink_to(outside / "B", target_is_directory=True)
    (root / "A" / "3.png").symlink_to(tmp_path / "nothing")
    (root / "A" / "4.png").symlink_to(outside / "B" / "1.png")
    found, report = read(root)
    assert [picture.source for picture in found] == ["A/1.png", "A/4.png"]
    assert sorted(source for source, _ in report.broken) == ["A/2.png", "A/3.png", "B"]


def test_a_name_of_strange_bytes_can_be_printed(tmp_path: Path) -> None:
    write_set(tmp_path, os.fsdecode(b"\xe9t\xe9") + "/1.png")
    found, _ = read(tmp_path)
    assert found[0].data.startswith(DOT_PNG)
    assert found[0].source.encode("utf-8").isascii()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_a_link_or_device_in_a_tar_is_never_followed(tmp_path: Path, kind: bytes) -> None:
    tar = write_tar(tmp_path / "a.tar", "A/1.png", members=(special("A/0.png", kind),))
    found, report = read(tar)
    assert [picture.source for picture in found] == ["A/1.png"]
    assert report.broken == [("A/0.png", entries.NOT_A_FILE)]


@pytest.mark.parametrize("name", ["/etc/x.png", "../x.png", "A/../../x.png"])
def test_a_name_that_leads_out_of_a_tar_is_left_out(tmp_path: Path, name: str) -> None:
    found, report = read(write_tar(tmp_path / "a.tar", "A/1.png", name))
    assert [picture.source for picture in found] == ["A/1.png"]
    assert report.broken == [(name, entries.ODD_NAME)]


def test_reading_a_tar_unpacks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tar = write_tar(tmp_path / "a.tar.gz", *TWO_PEOPLE)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "here"))
    read(tar)
    assert list((tmp_path / "here").iterdir()) == []


def test_a_file_too_large_for_a_picture_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "LIMIT_BYTES", 1000)
    huge = special("A/0.png", tarfile.REGTYPE, size=1001)
    for place in (
        write_tar(tmp_path / "a.tar", "A/1.png", members=(huge,)),
        write_set(tmp_path / "set", "A/1.png"),
    ):
        if place.is_dir():
            (place / "A" / "0.png").write_bytes(bytes(1001))
        found, report = read(place)
        assert [picture.source for picture in found] == ["A/1.png"]
        assert report.broken == [("A/0.png", entries.TOO_LARGE)]


def test_a_header_that_asks_for_gigabytes_is_refused_instead_of_obeyed(tmp_path: Path) -> None:
    # A long-name header of 8 GB: a naive reader takes all of it into memory.
    header = special("x", tarfile.GNUTYPE_LONGNAME, size=8 * 2**30).tobuf()
    with gzip.open(tmp_path / "bomb.tar.gz", "wb") as file:
        file.write(header + bytes(2**20))
    (tmp_path / "bomb.tar").write_bytes(header + bytes(2**20))
    for name in ("bomb.tar.gz", "bomb.tar"):
        with pytest.raises(DataUnusable):
            read(tmp_path / name)


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz"])
def test_a_tar_cut_short_is_damaged_and_not_merely_smaller(tmp_path: Path, name: str) -> None:
    tar = write_tar(tmp_path / name, *(f"A{i}/{os.urandom(40).hex()}.png" for i in range(40)))
    data = tar.read_bytes()
    tar.write_bytes(data[: len(data) // 2 + 100])
    with pytest.raises(DataUnusable, match="damaged or incomplete"):
        read(tar)


def test_a_tar_with_a_damaged_header_in_the_middle_is_damaged(tmp_path: Path) -> None:
    tar = write_tar(tmp_path / "a.tar", "A/1.png", "B/1.png", "C/1.png")
    data = bytearray(tar.read_bytes())
    data[1024:1100] = b"\xff" * 76
    tar.write_bytes(data)
    with pytest.raises(DataUnusable, match="damaged or incomplete"):
        read(tar)


def test_of_a_member_packed_twice_the_later_one_counts(tmp_path: Path) -> None:
    tar = write_tar(tmp_path / "a.tar", "A/1.png", members=(special("A/1.png", tarfile.REGTYPE, 5),))
    found, _ = read(tar)
    assert [picture.data for picture in found] == [DOT_PNG + b"A/1.png"]

"""Opening a gallery: new, old, newer, broken, forbidden, and by two processes at once."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlite_utils import Database, Migrations

from netcafe_face.domain.errors import (
    DiskFull,
    GalleryBusy,
    GalleryDamaged,
    GalleryTooNew,
    GalleryUnavailable,
)
from netcafe_face.gallery import database as database_module
from netcafe_face.gallery.database import FILE_NAME
from netcafe_face.gallery.schema import SCHEMA_VERSION, m001_foundation, migrations
from netcafe_face.gallery.service import Gallery
from netcafe_face.gallery.store import Store
from tests.gallery.kit import PACK, best, consent, person, template

ROOT = Path(__file__).resolve().parents[2]


def test_a_new_folder_gets_an_empty_sound_gallery(tmp_path: Path) -> None:
    with Gallery.open(tmp_path / "a" / "b", PACK) as gallery:
        assert gallery.customers() == []
        assert gallery.integrity() == []
        assert gallery.path == tmp_path / "a" / "b" / FILE_NAME
        stats = gallery.stats()
    assert (stats.customers, stats.templates, stats.visits) == (0, 0, 0)
    assert stats.size_bytes > 0


def test_a_closed_gallery_leaves_one_file(tmp_path: Path) -> None:
    with Gallery.open(tmp_path, PACK) as gallery:
        gallery.add_customer(person())
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_what_was_stored_is_there_after_a_restart(tmp_path: Path) -> None:
    with Gallery.open(tmp_path, PACK) as gallery:
        enrolled = gallery.enrol(person(), consent(), [template(1)])
    with Gallery.open(tmp_path, PACK) as gallery:
        assert gallery.customers() == [enrolled]
        assert best(gallery, 1) == enrolled.id


def test_the_connection_is_set_for_safety(store: Store) -> None:
    for pragma, expected in (
        ("foreign_keys", 1),
        ("secure_delete", 1),
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("user_version", SCHEMA_VERSION),
    ):
        assert store.db.value(f"PRAGMA {pragma}") == expected


def test_every_migration_has_its_number() -> None:
    db = Database(memory=True)
    migrations.apply(db)
    assert len(migrations.applied(db)) == SCHEMA_VERSION


@pytest.mark.parametrize("content", [b"this is not a database, it is a letter" * 50, os.urandom(8192)])
def test_a_file_that_is_no_database_is_reported_and_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(GalleryDamaged) as damaged:
        Gallery.open(tmp_path, PACK)
    assert "backups" in damaged.value.explain()
    assert (tmp_path / FILE_NAME).read_bytes() == content


def test_an_empty_file_becomes_a_gallery(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).touch()
    with Gallery.open(tmp_path, PACK) as gallery:
        assert gallery.customers() == []


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as other:
        other.execute("CREATE TABLE songs (name TEXT)")
    before = (tmp_path / FILE_NAME).read_bytes()
    with pytest.raises(GalleryDamaged):
        Gallery.open(tmp_path, PACK)
    assert (tmp_path / FILE_NAME).read_bytes() == before


def test_a_truncated_database_is_reported(tmp_path: Path) -> None:
    with Gallery.open(tmp_path, PACK) as gallery:
        for number in range(200):
            gallery.add_customer(person(f"C{number}"))
    path = tmp_path / FILE_NAME
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(GalleryDamaged):
        Gallery.open(tmp_path, PACK)


def test_a_damaged_page_is_found_by_the_integrity_check(tmp_path: Path) -> None:
    with Gallery.open(tmp_path, PACK) as gallery:
        for number in range(200):
            gallery.add_customer(person(f"C{number}"))
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as other:
        other.execute("PRAGMA writable_schema = ON")
        root = "SELECT rootpage FROM sqlite_schema WHERE name = 'customers'"
        other.execute(
            f"UPDATE sqlite_schema SET rootpage = ({root}) WHERE name = 'sqlite_autoindex_customers_1'"
        )
    with Gallery.open(tmp_path, PACK) as gallery:
        assert gallery.integrity() != []


def test_rows_that_refer_to_nothing_are_found(tmp_path: Path) -> None:
    with Gallery.open(tmp_path, PACK) as gallery:
        gallery.enrol(person(), consent(), [template(1)])
        with closing(sqlite3.connect(gallery.path, isolation_level=None)) as other:
            other.execute("PRAGMA foreign_keys = OFF")
            other.execute("UPDATE consent_purposes SET consent_id = 99")
        assert gallery.integrity() == ["row None of consent_purposes refers to a missing row of consents"]


def test_a_newer_programs_gallery_is_not_touched(tmp_path: Path) -> None:
    Gallery.open(tmp_path, PACK).close()
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as newer:
        newer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    before = (tmp_path / FILE_NAME).read_bytes()
    with pytest.raises(GalleryTooNew):
        Gallery.open(tmp_path, PACK)
    assert (tmp_path / FILE_NAME).read_bytes() == before


@pytest.fixture
def next_version(monkeypatch: pytest.MonkeyPatch) -> Migrations:
    """Give the program one more migration, as the next version will have."""
    following = Migrations("netcafe_face")
    following(name="m001_foundation")(m001_foundation)

    @following()
    def m002_labels(db: Database) -> None:
        db.execute("ALTER TABLE customers ADD COLUMN label TEXT NOT NULL DEFAULT ''")
        db.execute("PRAGMA user_version = 2")

    monkeypatch.setattr(database_module, "migrations", following)
    monkeypatch.setattr(database_module, "SCHEMA_VERSION", 2)
    return following


def test_a_migration_keeps_a_copy_of_what_was_there(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    with Gallery.open(tmp_path, PACK) as gallery:
        gallery.enrol(person(), consent(), [template(1)])
    request.getfixturevalue("next_version")
    with Gallery.open(tmp_path, PACK) as gallery:
        assert gallery.customer("A01").templates == 1
        (copy,) = (tmp_path / "backups").iterdir()
        assert copy.name.endswith("before-m002_labels.db")
        with closing(sqlite3.connect(copy)) as kept:
            assert kept.execute("PRAGMA user_version").fetchone() == (1,)
            assert kept.execute("SELECT code FROM customers").fetchall() == [("A01",)]
        gallery.delete("A01")
        with closing(sqlite3.connect(copy)) as kept:
            assert kept.execute("SELECT count(*) FROM templates").fetchone() == (0,)
    with Gallery.open(tmp_path, PACK):
        assert len(list((tmp_path / "backups").iterdir())) == 1


def test_a_new_gallery_needs_no_backup(tmp_path: Path, next_version: Migrations) -> None:
    Gallery.open(tmp_path, PACK).close()
    assert not (tmp_path / "backups").exists()


def test_a_failed_migration_changes_nothing(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    Gallery.open(tmp_path, PACK).close()
    following: Migrations = request.getfixturevalue("next_version")

    @following()
    def m003_broken(db: Database) -> None:
        db.execute("CREATE TABLE half (id INTEGER)")
        db.execute("this is not SQL")

    with pytest.raises(GalleryUnavailable):
        Gallery.open(tmp_path, PACK)
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as kept:
        assert kept.execute("PRAGMA user_version").fetchone() == (1,)
        assert kept.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'half'").fetchone() == (0,)


def test_a_file_in_the_folders_place_is_reported(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("I am a file")
    with pytest.raises(GalleryUnavailable):
        Gallery.open(tmp_path / "data", PACK)


def test_a_folder_in_the_databases_place_is_reported(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(GalleryUnavailable):
        Gallery.open(tmp_path, PACK)


def test_a_database_that_another_program_keeps_locked_is_reported_as_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_MS", 50)
    with Gallery.open(tmp_path, PACK) as gallery:
        gallery.add_customer(person())
        with closing(sqlite3.connect(gallery.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(GalleryBusy):
                gallery.add_customer(person("B02"))
            other.execute("ROLLBACK")
        gallery.add_customer(person("B02"))


@pytest.fixture
def powerless() -> Iterator[None]:
    """Give up the superuser's right to write everywhere, for as long as the test runs."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no such permissions there")
@pytest.mark.parametrize("there_already", [True, False])
def test_a_folder_that_may_not_be_written_to_is_reported(
    tmp_path: Path, there_already: bool, request: pytest.FixtureRequest
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    if there_already:
        Gallery.open(folder, PACK).close()
        (folder / FILE_NAME).chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
    for parent in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        parent.chmod(parent.stat().st_mode | stat.S_IXOTH | stat.S_IROTH)
    request.getfixturevalue("powerless")
    with pytest.raises(GalleryUnavailable):
        Gallery.open(folder, PACK)


def test_several_processes_may_open_a_new_gallery_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from netcafe_face.gallery.service import Gallery\n"
        "from netcafe_face.domain.people import Customer\n"
        "with Gallery.open(Path(sys.argv[1]), 'p') as gallery:\n"
        "    gallery.add_customer(Customer(sys.argv[2], 'x'))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, tmp_path, f"C{number}"], cwd=ROOT)
        for number in range(5)
    ]
    assert [process.wait(60) for process in started] == [0] * 5
    with Gallery.open(tmp_path, PACK) as gallery:
        assert len(gallery.customers()) == 5
        assert gallery.integrity() == []


class TestAFullDisk:
    """Nothing that was stored is lost, and the message says that the disk is full."""

    def test_the_change_that_does_not_fit_is_refused_and_the_rest_is_kept(self, store: Store) -> None:
        pages = store.db.value("PRAGMA page_count")
        store.db.execute(f"PRAGMA max_page_count = {pages + 20}")
        stored = _until_full(
            lambda number: store.enrol(person(f"C{number}"), consent(), [template(number)], None)
        )
        assert len(store.customers.search("", None)) == stored > 0
        assert store.faults() == []
        store.db.execute("PRAGMA max_page_count = 1000000")
        store.add_customer(person("NEXT"), None)

    @pytest.mark.skipif(sys.platform != "linux", reason="needs a file system of its own size")
    def test_a_really_full_file_system(self, tmp_path: Path) -> None:
        mount = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", tmp_path], capture_output=True, check=False
        )
        if mount.returncode != 0:
            pytest.skip("no right to mount a file system here")
        try:
            with Gallery.open(tmp_path, PACK) as gallery:
                stored = _until_full(
                    lambda number: gallery.enrol(
                        person(f"C{number}"), consent(), [template(number, dimension=512)]
                    )
                )
                assert len(gallery.customers()) == gallery.snapshot.templates == stored > 0
                assert gallery.integrity() == []
            with pytest.raises(DiskFull):
                Gallery.open(_filled(tmp_path) / "another", PACK)
        finally:
            subprocess.run(["umount", tmp_path], check=True)


def _until_full(store_one: Callable[[int], object]) -> int:
    """Store one after the other until the disk is full; return how many were stored."""
    for number in range(1000):
        try:
            store_one(number)
        except DiskFull:
            return number
    raise AssertionError("the disk never filled up")


def _filled(folder: Path) -> Path:
    with (folder / "ballast").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(1024))
    return folder


def test_two_unlike_disk_errors_are_told_apart(tmp_path: Path) -> None:
    from netcafe_face.gallery.faults import translated

    with pytest.raises(DiskFull), translated(tmp_path / "x"):
        raise OSError(28, "No space left on device")
    with pytest.raises(GalleryUnavailable), translated(tmp_path / "missing" / "x"):
        raise _with_code(sqlite3.SQLITE_IOERR)
    with pytest.raises(GalleryUnavailable), translated(tmp_path / "x"):
        raise _with_code(sqlite3.SQLITE_IOERR_READ)
    with pytest.raises(sqlite3.ProgrammingError), translated(tmp_path / "x"):
        raise sqlite3.ProgrammingError("wrong number of bindings")


def _with_code(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    return error

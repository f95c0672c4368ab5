"""What is deleted is gone from the database, its -wal, its -shm and the backups."""

from __future__ import annotations

import random
import sqlite3
import string
from contextlib import closing
from pathlib import Path

import pytest

from netcafe_face.domain.errors import DiskFull
from netcafe_face.domain.people import Customer
from netcafe_face.gallery import store as store_module
from netcafe_face.gallery.backup import KEPT, back_up, backups, erase_from_backups
from netcafe_face.gallery.engine import ERASE_AGAIN_S
from netcafe_face.gallery.service import Gallery
from netcafe_face.gallery.store import Store
from tests.gallery.kit import EVERYTHING, PACK, bytes_on_disk, consent, eventually, person, template, visit

CROP = random.Random(1).randbytes(9000)
PHOTO = random.Random(2).randbytes(30_000)
AN = Customer("SECRETCODE", "Nguyễn Tuyệt Mật", phone="0912 777 888", note="walks with a red umbrella")


def traces() -> dict[str, bytes]:
    return {
        "code": b"SECRETCODE",
        "key": b"secretcode",
        "name": "Nguyễn Tuyệt Mật".encode(),
        "phone": b"0912 777 888",
        "note": b"red umbrella",
        "embedding": template(1, dimension=128).embedding.tobytes()[:64],
        "second embedding": template(2, dimension=128).embedding.tobytes()[64:128],
        "crop": CROP[4000:4100],
        "photo": PHOTO[-100:],
        "ban": b"threw a keyboard",
        "correction": "was Nguyễn Tuyệt Mật".encode(),
    }


def found_on_disk(folder: Path) -> set[str]:
    on_disk = bytes_on_disk(folder)
    return {what for what, trace in traces().items() if trace in on_disk}


def enrol_an(gallery: Gallery) -> None:
    for number in range(40):
        other = person(f"C{number}", f"Other {number}")
        gallery.enrol(other, consent(), [template(100 + number, dimension=128)])
    templates = [template(1, CROP, dimension=128), template(2, dimension=128)]
    an = gallery.enrol(AN, consent(EVERYTHING), templates, PHOTO)
    gallery.ban(AN.code, "threw a keyboard", "Lan")
    kept = gallery.save_visit(visit(an))
    gallery._engine.write(
        lambda store: store.db.execute(
            "INSERT INTO visit_corrections (visit_id, corrected_at, operator_id, field, before) "
            "VALUES (?, '', 1, 'label', 'was Nguyễn Tuyệt Mật')",
            kept.id,
        )
    )
    gallery.save_visit(visit(an, label=AN.name + " again"))


def test_nothing_of_a_deleted_customer_is_left_on_disk(tmp_path: Path) -> None:
    with Gallery.open(tmp_path, PACK) as gallery:
        enrol_an(gallery)
        assert found_on_disk(tmp_path) == set(traces())
        gallery.delete(AN.code)
        assert found_on_disk(tmp_path) == set()
        assert gallery.integrity() == []
        assert len(gallery.visits()) == 2
        assert len(gallery.customers()) == 40
    assert found_on_disk(tmp_path) == set()


def test_nothing_of_a_deleted_customer_is_left_in_backups(tmp_path: Path) -> None:
    with Gallery.open(tmp_path, PACK) as gallery:
        enrol_an(gallery)
        copy = back_up(gallery.path, tmp_path / "backups", "test")
        assert found_on_disk(tmp_path / "backups") == set(traces())
        gallery.delete(AN.code)
        assert found_on_disk(tmp_path) == set()
        with closing(sqlite3.connect(copy)) as kept:
            assert kept.execute("SELECT count(*) FROM customers").fetchone() == (40,)
            assert kept.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_withdrawal_takes_the_face_from_disk_and_backups_and_leaves_the_record(tmp_path: Path) -> None:
    with Gallery.open(tmp_path, PACK) as gallery:
        enrol_an(gallery)
        back_up(gallery.path, tmp_path / "backups", "test")
        gallery.withdraw_consent(AN.code)
        faces = {"embedding", "second embedding", "crop", "photo"}
        assert found_on_disk(tmp_path) == set(traces()) - faces
        assert gallery.customer(AN.code).name == AN.name


def test_a_backup_that_cannot_be_rewritten_is_dropped(tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "gallery-1-broken.db").write_bytes(b"SECRETCODE is in no database")
    (folder / "gallery-2-half.part").write_bytes(b"SECRETCODE")
    with closing(sqlite3.connect(folder / "gallery-3-old.db")) as old:
        old.execute("CREATE TABLE people (name TEXT)")
    with Gallery.open(tmp_path, PACK) as gallery:
        gallery.enrol(AN, consent(), [template(1, dimension=128)])
        gallery.delete(AN.code)
    assert list(folder.iterdir()) == []


def test_no_erasure_touches_no_backup(tmp_path: Path) -> None:
    (tmp_path / "gallery-1-broken.db").write_bytes(b"kept")
    erase_from_backups(tmp_path, [])
    assert len(backups(tmp_path)) == 1


def test_only_the_newest_backups_are_kept(tmp_path: Path, store: Store) -> None:
    made = [back_up(store.db.path, tmp_path / "copies", f"n{number}") for number in range(KEPT + 2)]
    assert backups(tmp_path / "copies") == made[-KEPT:]


def test_a_failed_backup_leaves_no_half_file(tmp_path: Path) -> None:
    (tmp_path / "source.db").write_bytes(b"this is not a database at all" * 100)
    with pytest.raises(sqlite3.DatabaseError):
        back_up(tmp_path / "source.db", tmp_path / "copies", "test")
    assert list((tmp_path / "copies").iterdir()) == []


def test_an_erasure_interrupted_by_a_crash_is_finished_at_the_next_start(tmp_path: Path) -> None:
    with Gallery.open(tmp_path, PACK) as gallery:
        enrol_an(gallery)
        back_up(gallery.path, tmp_path / "backups", "test")
    crashed = Store(tmp_path)
    crashed.delete(AN.code)  # and no more: the files are not gone through
    crashed.close()
    assert found_on_disk(tmp_path / "backups") == set(traces())
    with Gallery.open(tmp_path, PACK):
        assert eventually(lambda: found_on_disk(tmp_path) == set())


def test_an_erasure_waits_for_another_process_that_is_reading(tmp_path: Path) -> None:
    with Gallery.open(tmp_path, PACK) as gallery:
        enrol_an(gallery)
        with closing(sqlite3.connect(gallery.path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM customers").fetchone()
            gallery.delete(AN.code)
            assert gallery.snapshot.templates == 40
            assert "name" in found_on_disk(tmp_path)
            reader.execute("COMMIT")
        assert eventually(lambda: found_on_disk(tmp_path) == set(), 10 * ERASE_AGAIN_S)


def test_a_large_gallery_is_rewritten_in_the_background(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "QUICK_BYTES", 0)
    with Gallery.open(tmp_path, PACK) as gallery:
        enrol_an(gallery)
        gallery.delete(AN.code)
        assert eventually(
            lambda: (
                gallery._engine.read(lambda store: store.db.value("SELECT count(*) FROM erasures_due")) == 0
            )
        )
    assert found_on_disk(tmp_path) == set()


def test_an_erasure_that_fails_on_disk_is_tried_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("netcafe_face.gallery.engine.ERASE_AGAIN_AFTER_ERROR_S", 0.1)
    with Gallery.open(tmp_path, PACK) as gallery:
        enrol_an(gallery)
        with monkeypatch.context() as patch:
            patch.setattr("netcafe_face.gallery.database.GalleryDatabase.rewrite", _disk_full)
            gallery.delete(AN.code)
            assert eventually(lambda: "will try again" in caplog.text)
        assert gallery.snapshot.templates == 40
        assert eventually(lambda: found_on_disk(tmp_path) == set())
    assert "SECRETCODE" not in caplog.text


def _disk_full(database: object) -> None:
    raise DiskFull(path="gallery.db")


@pytest.mark.parametrize("seed", [1, 2])
def test_rearranged_pages_keep_no_stale_copies(tmp_path: Path, seed: int) -> None:
    """SQLite leaves copies of small rows in pages it rearranges; only rewriting the file removes those."""
    rng = random.Random(seed)
    store = Store(tmp_path)
    store.db.execute("PRAGMA synchronous = OFF")
    there: dict[str, set[str]] = {}
    gone: set[str] = set()
    for _ in range(300):
        code, name = _word(rng, 12), _word(rng, rng.randint(10, 100))
        added = store.add_customer(Customer(code, name, note=_word(rng, rng.choice([5, 600, 1900]))), None)
        store.save_visits([visit(added)] * rng.randint(0, 3))
        there[code] = {code, code.casefold(), name}
        for other in rng.sample(sorted(there), min(3, len(there))):
            new_name = _word(rng, rng.randint(10, 100))
            store.update_customer(other, {"name": new_name, "note": _word(rng, rng.choice([5, 600, 1900]))})
            there[other].add(new_name)
        if rng.random() < 0.45:
            deleted = rng.choice(sorted(there))
            store.delete(deleted)
            gone |= there.pop(deleted)
    assert store.finish_erasures(patient=True)
    on_disk = bytes_on_disk(tmp_path)
    assert not [text for text in gone if text.encode() in on_disk]
    assert gone
    store.close()


def _word(rng: random.Random, length: int) -> str:
    return "".join(rng.choices(string.ascii_letters, k=length))

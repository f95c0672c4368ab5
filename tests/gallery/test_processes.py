"""Several processes and threads use one gallery; a killed one loses nothing that it had stored."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from netcafe_face.domain.errors import CustomerNotFound
from netcafe_face.domain.people import CustomerStatus
from netcafe_face.gallery.service import Gallery
from tests.gallery.kit import PACK, best, consent, eventually, person, template, visit

ROOT = Path(__file__).resolve().parents[2]
SECOND = """
import sys
from pathlib import Path
from netcafe_face.gallery.service import Gallery
from tests.gallery.kit import PACK, consent, person, template
with Gallery.open(Path(sys.argv[1]), PACK) as gallery:
    {action}
"""
WRITER = """
import sys
from pathlib import Path
from netcafe_face.gallery.store import Store
from tests.gallery.kit import EVERYTHING, consent, person, template
store, prefix, number = Store(Path(sys.argv[1])), sys.argv[2], 0
print("ready", flush=True)
while True:
    code = f"{prefix}-{number}"
    store.enrol(person(code, "N"), consent(EVERYTHING), [template(number, b"c" * 3000)], b"p" * 9000)
    print("added", code, flush=True)
    if number % 7 == 3:
        store.delete(code)
        print("deleted", code, flush=True)
        store.finish_erasures(patient=True)
    number += 1
"""


def elsewhere(folder: Path, action: str) -> None:
    """Do something to the gallery from another process."""
    code = SECOND.format(action=action)
    subprocess.run([sys.executable, "-c", code, folder], cwd=ROOT, check=True, timeout=60)


def test_who_is_enrolled_by_another_process_is_recognised_within_a_second(tmp_path: Path) -> None:
    with Gallery.open(tmp_path, PACK) as gallery:
        heard = threading.Event()
        gallery.subscribe(heard.set)
        gallery.enrol(person(), consent(), [template(1)])
        elsewhere(tmp_path, "gallery.enrol(person('B02', 'Bình'), consent(), [template(2), template(3)])")
        returned = time.monotonic()
        assert eventually(lambda: best(gallery, 3) is not None)
        waited_s = time.monotonic() - returned
        assert best(gallery, 1) == gallery.customer("A01").id
        assert heard.wait(5)
    print(f"the other process's customer was there {waited_s:.2f} s after it ended")


def test_what_another_process_changes_is_followed(tmp_path: Path) -> None:
    with Gallery.open(tmp_path, PACK) as gallery:
        an = gallery.enrol(person(), consent(), [template(1)])
        binh = gallery.enrol(person("B02", "Bình"), consent(), [template(2)])
        gallery.enrol(person("C03", "Chi"), consent(), [template(3)])
        held = gallery.snapshot
        elsewhere(
            tmp_path,
            "gallery.delete('A01'); gallery.ban('B02', 'noise', 'Lan'); gallery.withdraw_consent('C03')",
        )
        assert eventually(lambda: gallery.snapshot.templates == 1)
        assert gallery.snapshot.people[binh.id].status is CustomerStatus.BANNED
        assert an.id not in gallery.snapshot.people
        assert [found.customer_id for found in held.search(template(1).embedding[None])[0]] == [binh.id]


def test_changes_that_do_not_concern_faces_leave_the_index_alone(tmp_path: Path) -> None:
    with Gallery.open(tmp_path, PACK) as gallery:
        gallery.enrol(person(), consent(), [template(1)])
        before = gallery.snapshot
        heard = threading.Event()
        gallery.subscribe(heard.set)
        with closing(sqlite3.connect(gallery.path)) as other, other:
            other.execute("UPDATE customers SET note = 'likes tea'")
        assert heard.wait(10)
        assert gallery.customer("A01").note == "likes tea"
        assert gallery.snapshot is before


def test_a_file_put_back_from_a_backup_is_read_anew(tmp_path: Path) -> None:
    with Gallery.open(tmp_path, PACK) as gallery:
        for number in range(3):
            gallery.enrol(person(f"C{number}"), consent(), [template(number)])
        with closing(sqlite3.connect(gallery.path, isolation_level=None)) as other:
            other.execute("PRAGMA foreign_keys = ON")
            other.execute("DELETE FROM customers WHERE code = 'C2'")
            other.execute("UPDATE gallery_state SET revision = 2")
        assert eventually(lambda: gallery.snapshot.templates == 2)


def test_both_processes_may_write(tmp_path: Path) -> None:
    action = "[gallery.add_customer(person(f'X{n}')) for n in range(40)]"
    with Gallery.open(tmp_path, PACK) as gallery:
        other = threading.Thread(target=elsewhere, args=(tmp_path, action))
        other.start()
        for number in range(40):
            gallery.enrol(person(f"W{number}"), consent(), [template(number)])
        other.join()
        assert len(gallery.customers()) == 80
        assert gallery.integrity() == []


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_a_process_killed_at_any_moment_loses_nothing_it_had_stored(tmp_path: Path) -> None:
    moments = random.Random(20260302)
    expected: set[str] = set()
    for attempt in range(8):
        command = [sys.executable, "-c", WRITER, str(tmp_path), f"R{attempt}"]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            time.sleep(moments.uniform(0.02, 0.5))
            writer.kill()
            reported = [
                line.split() for line in writer.stdout.read().splitlines(keepends=True) if line[-1:] == "\n"
            ]
        for verb, code in reported:
            (expected.add if verb == "added" else expected.discard)(code)
        with Gallery.open(tmp_path, PACK) as gallery:
            there = {customer.code for customer in gallery.customers()}
            assert gallery.integrity() == []
            assert gallery.snapshot.templates == len(there)
        last = {code for _, code in reported[-1:]}
        # The last change may have been stored a moment before it could be reported.
        unreported = {f"R{attempt}-{int(code.split('-')[1]) + 1}" for code in last} | {f"R{attempt}-0"}
        assert expected - last <= there <= expected | unreported | last
        expected = there
    assert expected


def test_many_threads_share_one_gallery(gallery: Gallery) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(5):
                code = f"T{number}-{turn}"
                added = gallery.enrol(person(code), consent(), [template(number * 100 + turn)])
                gallery.save_visit(visit(added))
                assert best(gallery, number * 100 + turn) == added.id
                gallery.customers("nguyen")
                if turn % 2:
                    gallery.delete(code)
                    assert best(gallery, number * 100 + turn) is None
        except BaseException as error:  # noqa: BLE001 - shown by the test
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert gallery.snapshot.templates == len(gallery.customers()) == 18
    with pytest.raises(CustomerNotFound):
        gallery.customer("T0-1")


def test_a_program_that_ends_without_closing_neither_hangs_nor_loses_anything(
    tmp_path: Path,
) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from netcafe_face.domain.people import Customer\n"
        "from netcafe_face.gallery.service import Gallery\n"
        "gallery = Gallery.open(Path(sys.argv[1]), 'p')\n"
        "gallery.add_customer(Customer('A01', 'An'))\n"
        "raise RuntimeError('unforeseen')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, timeout=60, check=False
    )
    assert b"unforeseen" in done.stderr
    with Gallery.open(tmp_path, "p") as gallery:
        assert gallery.customer("A01").name == "An"
        assert gallery.integrity() == []

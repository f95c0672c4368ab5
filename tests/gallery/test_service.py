"""The gallery's thread: news, order, errors and the end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from netcafe_face.domain.errors import GalleryBusy, GalleryDamaged, GalleryUnavailable, ValueRefused
from netcafe_face.gallery.service import Gallery
from netcafe_face.gallery.store import Store
from netcafe_face.gallery.worker import Hooks, JobQueueClosed, JobQueueFull, Worker
from tests.gallery.kit import PACK, best, consent, eventually, person, template, visit


def test_listeners_hear_of_every_change_on_the_gallerys_thread(gallery: Gallery) -> None:
    heard: list[tuple[str, int]] = []
    changed = threading.Semaphore(0)

    def listen() -> None:
        heard.append((threading.current_thread().name, gallery.snapshot.templates))
        changed.release()

    unsubscribe = gallery.subscribe(listen)
    gallery.enrol(person(), consent(), [template(1)])
    assert changed.acquire(timeout=10)
    gallery.save_visit(visit())
    assert changed.acquire(timeout=10)
    assert heard == [("gallery", 1), ("gallery", 1)]
    unsubscribe()
    unsubscribe()
    gallery.delete("A01")
    gallery.customers()
    assert len(heard) == 2


def test_reading_is_no_news(gallery: Gallery) -> None:
    gallery.customers()
    heard = threading.Event()
    gallery.subscribe(heard.set)
    gallery.customers()
    gallery.visits()
    assert not heard.wait(0.5)


def test_a_listener_that_fails_does_not_silence_the_others(
    gallery: Gallery, caplog: pytest.LogCaptureFixture
) -> None:
    heard = threading.Event()
    gallery.subscribe(lambda: 1 // 0)
    gallery.subscribe(heard.set)
    gallery.add_customer(person("A01", "Trần Bí Mật"))
    assert heard.wait(10)
    assert eventually(lambda: "ZeroDivisionError" in caplog.text)
    assert "Bí Mật" not in caplog.text


def test_a_listener_may_ask_the_gallery(gallery: Gallery) -> None:
    answers: list[int] = []
    done = threading.Event()

    def listen() -> None:
        answers.append(len(gallery.customers()))
        done.set()

    gallery.subscribe(listen)
    gallery.add_customer(person())
    assert done.wait(10)
    assert answers[0] == 1


def test_an_error_reaches_the_caller_and_the_gallery_goes_on(gallery: Gallery) -> None:
    with pytest.raises(ValueRefused):
        gallery.add_customer(person(""))
    gallery.add_customer(person())
    with pytest.raises(TypeError):
        gallery.update_customer("A01", shoe_size=43)  # type: ignore[call-arg]
    assert len(gallery.customers()) == 1


def test_a_closed_gallery_says_so(tmp_path: Path) -> None:
    gallery = Gallery.open(tmp_path, PACK)
    gallery.enrol(person(), consent(), [template(1)])
    gallery.close()
    gallery.close()
    with pytest.raises(GalleryUnavailable):
        gallery.customers()
    assert best(gallery, 1) is not None
    assert "gallery" not in [thread.name for thread in threading.enumerate()]


def test_closing_from_a_listener_ends_the_thread(tmp_path: Path) -> None:
    gallery = Gallery.open(tmp_path, PACK)
    gallery.subscribe(gallery.close)
    gallery.add_customer(person())
    assert eventually(lambda: "gallery" not in [thread.name for thread in threading.enumerate()])
    with pytest.raises(GalleryUnavailable):
        gallery.customers()


@pytest.mark.parametrize("poll_s", [0.3, 0.0])
def test_a_gallery_that_cannot_be_opened_leaves_no_thread(
    tmp_path: Path, poll_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netcafe_face.gallery.engine.POLL_S", poll_s)
    (tmp_path / "gallery.db").write_bytes(b"x" * 5000)
    with pytest.raises(GalleryDamaged):
        Gallery.open(tmp_path, PACK)
    assert "gallery" not in [thread.name for thread in threading.enumerate()]


def test_nobody_is_recognised_while_the_index_cannot_follow(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gallery.enrol(person(), consent(), [template(1)])
    gallery.enrol(person("B02", "Bình"), consent(), [template(2)])
    held = gallery.snapshot
    with monkeypatch.context() as patch:
        patch.setattr(Store, "index_changes", _unreadable)
        gallery.delete("A01")
        assert gallery.snapshot.templates == 0
        assert held.search(template(2).embedding[None]) == [()]
    assert eventually(lambda: best(gallery, 2) is not None)
    assert best(gallery, 1) is None
    assert "nobody is recognised" in caplog.text


def _unreadable(store: Store, pack_id: str, since: int) -> None:
    raise GalleryUnavailable(path="gallery.db", reason="disk I/O error")


def test_a_look_out_that_fails_is_reported_once_and_goes_on(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failures = []

    def fail(database: object) -> int:
        failures.append(database)
        raise GalleryUnavailable(path="gallery.db", reason="disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr("netcafe_face.gallery.database.GalleryDatabase.data_version", fail)
        assert eventually(lambda: len(failures) >= 3)
    assert caplog.text.count("cannot look for changes") == 1
    gallery.add_customer(person())
    assert len(gallery.customers()) == 1


def test_the_index_is_tidied_when_there_is_nothing_else_to_do(gallery: Gallery) -> None:
    for number in range(30):
        gallery.enrol(person(f"C{number}"), consent(), [template(number)])
    for number in range(20):
        gallery.delete(f"C{number}")
    # On a busy machine it is tidied between the deletions too; then one removed row in eight may stay.
    assert eventually(lambda: gallery.snapshot._length - 10 <= gallery.snapshot._length / 8)
    assert best(gallery, 25) is not None
    assert gallery.snapshot.templates == 10


class TestTheWorker:
    """A bounded queue in front of one thread."""

    @staticmethod
    def worker(
        idle: Callable[[], None] = lambda: None, capacity: int = 1, patience_s: float = 0.05
    ) -> Worker:
        return Worker("test worker", Hooks(lambda: None, idle, 0.01), capacity, patience_s)

    def test_a_caller_does_not_wait_for_ever_for_a_place_in_the_queue(self) -> None:
        worker, go, begun = self.worker(), threading.Event(), threading.Event()

        def hold() -> bool:
            begun.set()
            return go.wait(10)

        callers = [threading.Thread(target=worker.call, args=(hold,)) for _ in range(2)]
        callers[0].start()
        assert begun.wait(10)
        callers[1].start()
        assert eventually(lambda: worker._jobs.full())
        with pytest.raises(JobQueueFull):
            worker.call(lambda: None)
        go.set()
        for caller in callers:
            caller.join()
        worker.stop(lambda: None)

    def test_what_is_queued_before_the_end_is_done(self) -> None:
        worker = self.worker(capacity=8)
        done: list[str] = []
        worker.call(lambda: done.append("job"))
        worker.stop(lambda: done.append("last"))
        worker.stop(lambda: done.append("again"))
        assert done == ["job", "last"]
        with pytest.raises(JobQueueClosed):
            worker.call(lambda: None)

    def test_an_idle_hook_that_fails_does_not_end_the_thread(self, caplog: pytest.LogCaptureFixture) -> None:
        worker = self.worker(idle=lambda: [][0])  # type: ignore[func-returns-value]
        assert eventually(lambda: "IndexError" in caplog.text)
        assert worker.call(lambda: 7) == 7
        worker.stop(lambda: None)

    def test_a_gallery_that_cannot_keep_up_says_it_is_busy(
        self, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(job: object) -> None:
            raise JobQueueFull

        monkeypatch.setattr(gallery._engine._worker, "call", full)
        with pytest.raises(GalleryBusy):
            gallery.customers()

"""A download continues, gives up in time, and never hands out anything but the file itself."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections import namedtuple
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from netcafe_face.domain.errors import (
    Cancelled,
    DownloadFailed,
    DownloadStalled,
    NetcafeError,
    NoRoomForPack,
    WrongFile,
)
from netcafe_face.vision.catalogue import KnownFile
from netcafe_face.vision.download import Patience, fetch, leaves_encryption
from netcafe_face.vision.watch import CancelToken, Watch
from tests.vision.serving import (
    Served,
    WebServer,
    announced,
    chunked,
    cut_off,
    drip,
    partial,
    stall,
    status,
    unannounced,
    web_server,
    well,
)

DATA = hashlib.shake_256(b"a network").digest(600_000)
OTHER = hashlib.shake_256(b"another network").digest(600_000)
SHA = hashlib.sha256(DATA).hexdigest()
QUICK = Patience(
    connect_s=2, read_s=0.3, stall_s=0.3, stall_bytes=1000, attempts=2, first_wait_s=0.0, longest_wait_s=0.01
)


@pytest.fixture
def server() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


@pytest.fixture
def served(server: WebServer) -> Served:
    server.pages["/net.onnx"] = Served(DATA)
    return server.pages["/net.onnx"]


@pytest.fixture
def known(server: WebServer) -> KnownFile:
    return KnownFile("net.onnx", server.url("/net.onnx"), len(DATA), len(DATA), SHA)


@pytest.fixture
def unknown(server: WebServer) -> KnownFile:
    return KnownFile("net.onnx", server.url("/net.onnx"), 1_000_000)


def get(file: KnownFile, folder: Path, watch: Watch | None = None, patience: Patience = QUICK) -> str:
    return fetch(file, folder / "net.onnx", watch or Watch(), patience, by_hand=f"{file.name} ← {file.url}")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def failure(kind: type[NetcafeError], file: KnownFile, folder: Path) -> NetcafeError:
    with pytest.raises(kind) as caught:
        get(file, folder)
    assert "net.onnx" not in names(folder)
    return caught.value


def test_a_file_arrives_whole_and_alone(known: KnownFile, served: Served, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int | None]] = []
    assert get(known, tmp_path, Watch(progress=lambda *now: seen.append(now))) == SHA
    assert (tmp_path / "net.onnx").read_bytes() == DATA
    assert names(tmp_path) == ["net.onnx"]
    assert seen[-1] == ("net.onnx", len(DATA), len(DATA))
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)
    assert served.requests[0]["Accept-Encoding"] == "identity"


def test_a_cut_download_is_continued_not_begun_again(
    known: KnownFile, served: Served, tmp_path: Path
) -> None:
    served.faults = [cut_off(200_000), cut_off(100_000)]
    get(known, tmp_path)
    assert (tmp_path / "net.onnx").read_bytes() == DATA
    assert [request.get("Range") for request in served.requests] == [None, "bytes=200000-", "bytes=300000-"]
    assert served.requests[1]["If-Range"] == '"v1"'


def test_many_cuts_are_survived_as_long_as_it_gets_further(
    known: KnownFile, served: Served, tmp_path: Path
) -> None:
    served.faults = [cut_off(60_000)] * 8
    get(known, tmp_path)
    assert len(served.requests) == 9


def test_the_next_run_continues_what_an_earlier_one_left(
    known: KnownFile, served: Served, tmp_path: Path
) -> None:
    served.faults = [cut_off(250_000), status(404)]
    failure(DownloadFailed, known, tmp_path)
    assert names(tmp_path) == ["net.onnx.part", "net.onnx.part.json"]
    get(known, tmp_path)
    assert served.requests[-1]["Range"] == "bytes=250000-"
    assert names(tmp_path) == ["net.onnx"]


def test_a_file_that_changed_meanwhile_is_fetched_from_its_beginning(
    unknown: KnownFile, served: Served, tmp_path: Path
) -> None:
    served.faults = [cut_off(250_000), status(404)]
    failure(DownloadFailed, unknown, tmp_path)
    served.data, served.etag = OTHER, '"v2"'
    assert get(unknown, tmp_path) == hashlib.sha256(OTHER).hexdigest()
    assert served.requests[-1]["If-Range"] == '"v1"'


def test_a_last_modified_date_vouches_where_there_is_no_strong_etag(
    unknown: KnownFile, served: Served, tmp_path: Path
) -> None:
    served.etag, served.last_modified = 'W/"v1"', "Mon, 02 Feb 2026 10:00:00 GMT"
    served.faults = [cut_off(250_000)]
    get(unknown, tmp_path)
    assert served.requests[1]["If-Range"] == "Mon, 02 Feb 2026 10:00:00 GMT"


def test_a_mixture_of_two_files_is_noticed_and_fetched_again(
    known: KnownFile, served: Served, tmp_path: Path
) -> None:
    """Without a validator the server cannot tell that the beginning was another file's: the hash can."""
    served.etag, served.data, served.faults = "", OTHER, [cut_off(250_000), status(404)]
    failure(DownloadFailed, known, tmp_path)
    served.data = DATA
    assert get(known, tmp_path) == SHA
    assert served.requests[-1].get("Range") is None


def test_a_server_without_ranges_sends_all_of_it_again(
    known: KnownFile, served: Served, tmp_path: Path
) -> None:
    served.ranges, served.faults = False, [cut_off(250_000)]
    get(known, tmp_path)
    assert (tmp_path / "net.onnx").read_bytes() == DATA


def test_a_server_without_ranges_that_always_breaks_off_is_given_up(
    known: KnownFile, served: Served, tmp_path: Path
) -> None:
    served.ranges, served.faults = False, [cut_off(250_000)] * 9
    error = failure(DownloadFailed, known, tmp_path)
    assert len(served.requests) == 3
    assert "broke off" in str(error)


@pytest.mark.parametrize(
    "answer",
    [
        partial("bytes 0-99/600000", DATA[:100]),
        partial("bytes 200000-599999/700000", DATA[200_000:]),
        partial("nonsense", DATA[200_000:]),
    ],
)
def test_an_answer_with_another_range_than_asked_is_not_used(
    known: KnownFile, served: Served, tmp_path: Path, answer: object
) -> None:
    served.faults = [cut_off(200_000), answer, well]  # type: ignore[list-item]
    get(known, tmp_path)
    assert (tmp_path / "net.onnx").read_bytes() == DATA
    assert served.requests[2].get("Range") is None


def test_a_range_without_a_total_is_accepted(known: KnownFile, served: Served, tmp_path: Path) -> None:
    served.faults = [cut_off(200_000), partial("bytes 200000-599999/*", DATA[200_000:])]
    get(known, tmp_path)
    assert len(served.requests) == 2


def test_a_range_that_the_server_does_not_have_starts_anew(
    known: KnownFile, served: Served, tmp_path: Path
) -> None:
    served.faults = [cut_off(200_000), status(416)]
    get(known, tmp_path)
    assert [request.get("Range") for request in served.requests] == [None, "bytes=200000-", None]


def test_a_server_that_stalls_is_tried_again_and_continued(
    known: KnownFile, served: Served, tmp_path: Path
) -> None:
    served.faults = [stall(100_000)]
    get(known, tmp_path)
    assert served.requests[1]["Range"] == "bytes=100000-"


@pytest.mark.parametrize("fault", [stall(0), drip])
def test_a_server_that_only_stalls_is_given_up(
    known: KnownFile, served: Served, tmp_path: Path, fault: object
) -> None:
    served.faults = [fault] * 20  # type: ignore[list-item]
    error = failure(DownloadStalled, known, tmp_path)
    assert "standstill" in str(error)
    assert f"net.onnx ← {known.url}" in str(error)
    assert "models import" in str(error)


def test_a_server_that_never_answers_is_given_up(known: KnownFile, served: Served, tmp_path: Path) -> None:
    served.faults = [lambda handler, _: handler.server.over.wait() and None] * 9
    failure(DownloadStalled, known, tmp_path)


@pytest.mark.parametrize("code", [401, 403, 404, 410])
def test_a_refusal_is_not_tried_again(known: KnownFile, served: Served, tmp_path: Path, code: int) -> None:
    served.faults = [status(code)]
    assert str(code) in str(failure(DownloadFailed, known, tmp_path))
    assert len(served.requests) == 1
    assert names(tmp_path) == []


def test_a_server_in_trouble_is_tried_again(known: KnownFile, served: Served, tmp_path: Path) -> None:
    served.faults = [status(503, Retry_After="1")]
    get(known, tmp_path)
    assert len(served.requests) == 2


def test_a_server_in_trouble_for_good_is_given_up(known: KnownFile, served: Served, tmp_path: Path) -> None:
    served.faults = [status(500)] * 9
    assert "500" in str(failure(DownloadFailed, known, tmp_path))
    assert len(served.requests) == 2


def test_no_server_at_all_names_the_files_to_fetch_elsewhere(tmp_path: Path) -> None:
    with web_server() as gone:
        url = gone.url("/net.onnx")
    error = failure(DownloadFailed, KnownFile("net.onnx", url, 10, 10, SHA), tmp_path)
    assert f"net.onnx ← {url}" in str(error)
    assert error.exit_code == 5


def test_a_wrong_file_of_the_right_size_is_refused_and_deleted(
    known: KnownFile, served: Served, tmp_path: Path
) -> None:
    served.data = OTHER
    error = failure(WrongFile, known, tmp_path)
    assert SHA in str(error)
    assert hashlib.sha256(OTHER).hexdigest() in str(error)
    assert names(tmp_path) == []


def test_a_login_page_instead_of_the_file_is_refused_at_once(
    known: KnownFile, served: Served, tmp_path: Path
) -> None:
    page = b"<html>Please log in to the hotel's network</html>"
    served.faults = [announced(len(page), page)]
    assert "instead of 600000" in str(failure(DownloadFailed, known, tmp_path))
    assert names(tmp_path) == []


def test_a_server_may_not_announce_more_than_any_such_file_has(
    unknown: KnownFile, served: Served, tmp_path: Path
) -> None:
    served.faults = [announced(5_000_000, DATA)]
    assert "5000000" in str(failure(DownloadFailed, unknown, tmp_path))
    assert names(tmp_path) == []


@pytest.mark.parametrize("answer", [unannounced(DATA * 2), chunked(DATA * 2, whole=True)])
def test_a_server_may_not_send_more_than_there_should_be(
    known: KnownFile, unknown: KnownFile, served: Served, tmp_path: Path, answer: object
) -> None:
    for file in (known, unknown):
        served.faults = [answer]  # type: ignore[list-item]
        assert "sends more" in str(failure(DownloadFailed, file, tmp_path))
        assert names(tmp_path) == []


def test_a_server_that_announces_too_little_is_refused(
    known: KnownFile, served: Served, tmp_path: Path
) -> None:
    served.faults = [announced(1000, DATA)]
    failure(DownloadFailed, known, tmp_path)


def test_a_file_of_unannounced_length_is_taken_as_it_comes(
    unknown: KnownFile, served: Served, tmp_path: Path
) -> None:
    served.faults = [chunked(DATA, whole=True)]
    assert get(unknown, tmp_path) == SHA
    served.faults = [unannounced(OTHER)]
    assert get(unknown, tmp_path) == hashlib.sha256(OTHER).hexdigest()


def test_a_known_file_that_ends_early_without_a_word_is_continued(
    known: KnownFile, served: Served, tmp_path: Path
) -> None:
    served.faults = [unannounced(DATA[:5000])]
    assert get(known, tmp_path) == SHA
    assert served.requests[1]["Range"] == "bytes=5000-"


def test_a_server_without_encryption_where_it_is_expected_is_refused(
    known: KnownFile, served: Served, tmp_path: Path
) -> None:
    file = replace(known, url=known.url.replace("http://", "https://"))
    assert "no secure connection" in str(failure(DownloadFailed, file, tmp_path))


def test_a_redirect_may_not_leave_the_encryption() -> None:
    assert leaves_encryption(["https://a/x", "http://b/x", "https://c/x"])
    assert not leaves_encryption(["https://a/x", "https://b/x"])
    assert not leaves_encryption(["http://a/x", "https://b/x"])


def test_a_proxy_that_does_not_answer_is_named(
    known: KnownFile, served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with web_server() as gone:
        monkeypatch.setenv("http_proxy", gone.url(""))
    monkeypatch.delenv("no_proxy", raising=False)
    assert "proxy" in str(failure(DownloadFailed, known, tmp_path))


def test_a_chunked_answer_that_breaks_off_is_not_taken_for_whole(
    unknown: KnownFile, served: Served, tmp_path: Path
) -> None:
    served.faults = [chunked(DATA[:1000], whole=False)]
    assert get(unknown, tmp_path) == SHA
    assert served.requests[1]["Range"] == "bytes=1000-"


def test_a_compressed_answer_is_refused(known: KnownFile, served: Served, tmp_path: Path) -> None:
    served.faults = [announced(len(DATA), DATA, Content_Encoding="gzip")]
    assert "unknown form" in str(failure(DownloadFailed, known, tmp_path))


def test_a_redirect_is_followed(server: WebServer, served: Served, tmp_path: Path) -> None:
    server.pages["/latest"] = Served(b"", faults=[status(302, Location="/net.onnx")] * 2)
    served.faults = [cut_off(100_000)]
    file = KnownFile("net.onnx", server.url("/latest"), len(DATA), len(DATA), SHA)
    assert get(file, tmp_path) == SHA
    assert served.requests[1]["Range"] == "bytes=100000-"


@pytest.mark.parametrize("place", ["/loop", "file:///etc/hostname", "http://"])
def test_a_redirect_that_leads_astray_is_refused(server: WebServer, tmp_path: Path, place: str) -> None:
    server.pages["/loop"] = Served(b"", faults=[status(302, Location=place)] * 30)
    failure(DownloadFailed, KnownFile("net.onnx", server.url("/loop"), 10), tmp_path)
    assert names(tmp_path) == []


def test_a_disk_without_room_is_noticed_before_anything_arrives(
    known: KnownFile, served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9 - 5_000_000, 5_000_000))
    assert "5 MB free" in str(failure(NoRoomForPack, known, tmp_path))
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "note",
    [
        "",
        "[]",
        json.dumps({"url": "http://elsewhere/net.onnx"}),
        json.dumps({"total": "many"}),
        json.dumps({"validator": 5}),
    ],
)
def test_a_part_whose_note_does_not_fit_is_thrown_away(
    known: KnownFile, served: Served, tmp_path: Path, note: str
) -> None:
    origin = {"url": known.url, "sha256": known.sha256, "size": known.size, "total": None, "validator": ""}
    if note.startswith("{"):
        note = json.dumps(origin | json.loads(note))
    (tmp_path / "net.onnx.part").write_bytes(OTHER[:1000])
    (tmp_path / "net.onnx.part.json").write_text(note)
    get(known, tmp_path)
    assert served.requests[0].get("Range") is None


def test_a_part_longer_than_the_file_is_thrown_away(known: KnownFile, served: Served, tmp_path: Path) -> None:
    served.faults = [cut_off(1000), status(404)]
    failure(DownloadFailed, known, tmp_path)
    (tmp_path / "net.onnx.part").write_bytes(DATA + b"more")
    get(known, tmp_path)
    assert served.requests[-1].get("Range") is None


def test_a_part_that_is_whole_already_is_only_checked(
    known: KnownFile, served: Served, tmp_path: Path
) -> None:
    served.faults = [cut_off(1000), status(404)]
    failure(DownloadFailed, known, tmp_path)
    (tmp_path / "net.onnx.part").write_bytes(DATA)
    get(known, tmp_path)
    assert len(served.requests) == 2


@pytest.mark.parametrize("fault", [stall(1000), stall(0)])
def test_cancelling_does_not_wait_for_the_server(
    known: KnownFile, served: Served, tmp_path: Path, fault: object
) -> None:
    """The server would keep it waiting for two minutes; the test's own limit would strike first."""
    served.faults = [fault]  # type: ignore[list-item]
    cancel, arrived = CancelToken(), threading.Event()
    raised: list[BaseException] = []

    def work() -> None:
        try:
            watch = Watch(progress=lambda *_: arrived.set(), cancel=cancel)
            get(known, tmp_path, watch, Patience(read_s=120, stall_s=120))
        except Cancelled as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    arrived.wait(1)
    cancel.cancel()
    thread.join(10)
    assert not thread.is_alive()
    assert len(raised) == 1
    assert "net.onnx" not in names(tmp_path)


def test_what_was_cancelled_is_continued_later(known: KnownFile, served: Served, tmp_path: Path) -> None:
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        get(known, tmp_path, Watch(progress=lambda *_: cancel.cancel(), cancel=cancel))
    with pytest.raises(Cancelled):
        get(known, tmp_path, Watch(cancel=cancel))
    get(known, tmp_path)
    assert served.requests[-1]["Range"].startswith("bytes=")


def test_cancelling_ends_the_wait_between_two_attempts(
    known: KnownFile, served: Served, tmp_path: Path
) -> None:
    served.faults = [status(503)] * 9
    cancel = CancelToken()
    timer = threading.Timer(0.3, cancel.cancel)
    timer.start()
    with pytest.raises(Cancelled):
        get(known, tmp_path, Watch(cancel=cancel), Patience(first_wait_s=600, longest_wait_s=600))
    timer.join()

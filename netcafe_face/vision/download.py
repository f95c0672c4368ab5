"""Fetch one file: it continues where it stopped, gives up in time, and is only ever handed out whole.

`requests` rather than urllib: separate limits for connecting and reading, certificates that come with it (a
python.org Python on macOS has none), and a socket that another thread can shut to cancel.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from netcafe_face import __version__
from netcafe_face.domain.errors import DownloadFailed, DownloadStalled, NoRoomForPack, WrongFile
from netcafe_face.vision.catalogue import KnownFile
from netcafe_face.vision.packs import sha256_of
from netcafe_face.vision.partial import PartialFile
from netcafe_face.vision.watch import Watch

if TYPE_CHECKING:
    import requests

log = logging.getLogger(__name__)

_CHUNK_BYTES = 256 * 1024
_SPARE_BYTES = 64 * 1024 * 1024
_TRY_AGAIN_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Patience:
    """How long to wait for a server, and how often to try again.

    Attributes:
        connect_s: for a connection.
        read_s: for the next bytes, once connected.
        stall_s: for at least `stall_bytes` more to arrive; catches a server that sends drop by drop.
        attempts: in a row that get less than `stall_bytes` further.
        first_wait_s: before the second attempt; doubled each time.
        longest_wait_s: at most, whatever a server asks for.
    """

    connect_s: float = 10.0
    read_s: float = 20.0
    stall_s: float = 30.0
    stall_bytes: int = 16 * 1024
    attempts: int = 5
    first_wait_s: float = 1.0
    longest_wait_s: float = 30.0


class _TryAgainError(Exception):
    """An attempt failed in a way that may pass."""

    def __init__(self, error: DownloadFailed, wait_s: float = 0.0) -> None:
        super().__init__()
        self.error = error
        self.wait_s = wait_s


def fetch(file: KnownFile, target: Path, watch: Watch, patience: Patience, by_hand: str = "") -> str:
    """Download a file to `target` and return its SHA-256.

    What arrives is kept in `target`.part with a note of where it came from, and continued by the next call;
    `target` appears only when the file is whole and, where that is known, of the right size and SHA-256.

    Raises:
        DownloadFailed: the server cannot be reached, refuses, or keeps breaking off.
        DownloadStalled: it stopped sending.
        WrongFile: what arrived is another file; it is deleted.
        NoRoomForPack: the disk has no room for it.
        Cancelled: a person asked to stop.
        OSError: the folder cannot be written.
    """
    return _Download(file, target, watch, patience, by_hand).run()


class _Download:
    def __init__(self, file: KnownFile, target: Path, watch: Watch, patience: Patience, by_hand: str) -> None:
        self._file = file
        self._target = target
        self._watch = watch
        self._patience = patience
        self._by_hand = by_hand
        self._part = PartialFile(target, file)
        self._resumed = self._part.length > 0

    def run(self) -> str:
        import requests

        with requests.Session() as session:
            session.max_redirects = 5
            session.headers["User-Agent"] = f"netcafe-face/{__version__}"
            session.headers["Accept-Encoding"] = "identity"
            self._pull_until_whole(session)
            actual = sha256_of(self._part.path)
            if self._file.sha256 and actual != self._file.sha256 and self._resumed:
                log.warning("%s was continued from the beginning of another file; once more", self._file.name)
                self._part.discard()
                self._pull_until_whole(session)
                actual = sha256_of(self._part.path)
        if self._file.sha256 and actual != self._file.sha256:
            self._part.discard()
            raise WrongFile(
                name=self._file.name, expected=self._file.sha256, actual=actual, files=self._by_hand
            )
        self._part.publish()
        return actual

    def _pull_until_whole(self, session: requests.Session) -> None:
        """Try until the file is whole; attempts that get clearly further than before do not count."""
        failures, furthest = 0, self._part.length
        while not self._part.is_whole:
            try:
                self._pull(session)
            except _TryAgainError as again:
                failures += 1
                if self._part.length >= furthest + self._patience.stall_bytes:
                    failures, furthest = 0, self._part.length
                log.info("download of %s: %s", self._file.name, again.error.details["reason"])
                if failures >= self._patience.attempts:
                    raise again.error from again
                wait_s = max(again.wait_s, self._patience.first_wait_s * 2 ** max(failures - 1, 0))
                self._watch.cancel.wait(min(wait_s, self._patience.longest_wait_s))

    def _pull(self, session: requests.Session) -> None:
        """Make one request and take what it gives."""
        import requests
        import urllib3

        self._watch.cancel.check()
        try:
            with session.get(
                self._file.url,
                headers=self._part.range_headers(),
                stream=True,
                timeout=(self._patience.connect_s, self._patience.read_s),
            ) as response:
                self._begin(response)
                with self._watch.cancel.interrupting(lambda: _shut(response)):
                    self._take(response)
        except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
            self._watch.cancel.check()
            raise _TryAgainError(self._stalled("no answer in time")) from error
        except (
            requests.TooManyRedirects,
            requests.exceptions.InvalidURL,
            requests.exceptions.InvalidSchema,
        ) as error:
            raise self._failed("the server leads astray") from error
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            self._watch.cancel.check()
            raise _TryAgainError(self._failed(_plain(error))) from error

    def _begin(self, response: requests.Response) -> None:
        """Check a response's head and make ready for its body."""
        if leaves_encryption([hop.url for hop in (*response.history, response)]):
            raise self._failed("the server leads to an address that is not encrypted")
        status = response.status_code
        if status == 416:
            self._part.discard()
            raise _TryAgainError(self._failed("the server cannot continue the download"))
        if status in _TRY_AGAIN_STATUS:
            raise _TryAgainError(
                self._failed(f"the server answers {status}"),
                _retry_after_s(response.headers.get("Retry-After", "")),
            )
        if status not in (200, 206):
            raise self._failed(f"the server answers {status}")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise self._failed("the server sends the file in an unknown form")
        if status == 206 and not self._part.continues(response.headers.get("Content-Range", "")):
            self._part.discard()
            raise _TryAgainError(self._failed("the server continues with another part of the file"))
        if status == 200:
            self._part.discard()
        self._announce(response)

    def _announce(self, response: requests.Response) -> None:
        """Check the size that the server announces against what is known and the room there is."""
        announced = response.headers.get("Content-Length", "")
        total = self._part.length + int(announced) if announced.isdigit() else self._file.size
        expected = self._file.size or self._part.total
        if total is not None:
            if expected is not None and total != expected:
                self._part.discard()
                raise self._failed(f"the server offers {total} bytes instead of {expected}")
            if total > self._file.limit_bytes:
                self._part.discard()
                raise self._failed(f"the server offers {total} bytes, more than any such file has")
        check_room(self._target.parent, (total or self._file.limit_bytes) - self._part.length)
        self._resumed = self._resumed or self._part.length > 0
        headers = response.headers
        self._part.begin(total, headers.get("ETag", ""), headers.get("Last-Modified", ""))

    def _take(self, response: requests.Response) -> None:
        """Write a response's body to the part file."""
        ceiling = self._part.total or self._file.limit_bytes
        window_began, window_bytes = time.monotonic(), 0
        with self._part.appending() as out:
            while True:
                self._watch.cancel.check()
                chunk = response.raw.read1(_CHUNK_BYTES, decode_content=False)
                self._watch.cancel.check()
                if not chunk:
                    break
                if self._part.length + len(chunk) > ceiling:
                    out.close()
                    self._part.discard()
                    raise self._failed(f"the server sends more than the {ceiling} bytes there should be")
                out.write(chunk)
                self._part.length += len(chunk)
                self._watch.progress(self._file.name, self._part.length, self._part.total)
                window_bytes += len(chunk)
                if window_bytes >= self._patience.stall_bytes:
                    window_began, window_bytes = time.monotonic(), 0
                elif time.monotonic() - window_began > self._patience.stall_s:
                    raise _TryAgainError(
                        self._stalled(f"{window_bytes} bytes in {self._patience.stall_s:g} s")
                    )
        if self._part.total is None:
            self._part.ended()
        elif self._part.length < self._part.total:
            raise _TryAgainError(self._failed(f"it broke off after {self._part.length} bytes"))

    def _failed(self, reason: str) -> DownloadFailed:
        return DownloadFailed(name=self._file.name, url=self._file.url, reason=reason, files=self._by_hand)

    def _stalled(self, reason: str) -> DownloadStalled:
        return DownloadStalled(name=self._file.name, url=self._file.url, reason=reason, files=self._by_hand)


def leaves_encryption(urls: Sequence[str]) -> bool:
    """Return whether a chain of redirects begins encrypted and does not stay so."""
    encrypted = [urlsplit(url).scheme == "https" for url in urls]
    return encrypted[0] and not all(encrypted)


def check_room(folder: Path, wanted_bytes: int) -> None:
    """Check that a folder's disk has room for so many bytes and some to spare.

    Raises:
        NoRoomForPack: it has not.
    """
    free, needed = shutil.disk_usage(folder).free, wanted_bytes + _SPARE_BYTES
    if free < needed:
        raise NoRoomForPack(path=folder, needed_mb=-(-needed // 1_000_000), free_mb=free // 1_000_000)


def _shut(response: requests.Response) -> None:
    try:
        response.raw.shutdown()
    except (OSError, RuntimeError, ValueError):
        log.debug("the connection was already closed", exc_info=True)


def _retry_after_s(value: str) -> float:
    return float(value) if value.isdigit() else 0.0


def _plain(error: Exception) -> str:
    """Say a network error in a few words, without the address (it may hold credentials)."""
    import requests

    if isinstance(error, requests.exceptions.SSLError):
        return "no secure connection can be made; its certificate may not be trusted"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy refuses"
    if isinstance(error, requests.ConnectionError):
        return "no connection to the server"
    return "the connection broke off"

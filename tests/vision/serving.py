"""A web server on this machine that serves one file in every wrong way, and the right ones."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """What an address serves.

    Attributes:
        ranges: continue where a client asks to.
        faults: what goes wrong at each request in turn; afterwards all goes well.
    """

    data: bytes
    etag: str = '"v1"'
    last_modified: str = ""
    ranges: bool = True
    faults: list[Callable[[Handler, Served], None]] = field(default_factory=list)
    requests: list[dict[str, str]] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: WebServer

    def do_GET(self) -> None:
        self.close_connection = True
        served = self.server.pages.get(self.path)
        if served is None:
            self.send_error(404)
            return
        served.requests.append(dict(self.headers))
        fault = served.faults.pop(0) if served.faults else well
        fault(self, served)

    def head(self, status: int, length: int | None, **headers: str) -> None:
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            if value:
                self.send_header(name.replace("_", "-"), value)
        self.send_header("Connection", "close")
        self.end_headers()

    def wanted_start(self, served: Served) -> int:
        """Return where the client asks to continue, if this is still the same file."""
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = self.headers.get("If-Range") in (None, served.etag, served.last_modified)
        return int(match[1]) if match and same and served.ranges else 0

    def begin(self, served: Served) -> bytes:
        """Send the head of a well-behaved answer and return its body."""
        start, total = self.wanted_start(served), len(served.data)
        version = {"ETag": served.etag, "Last_Modified": served.last_modified}
        if start:
            self.head(206, total - start, Content_Range=f"bytes {start}-{total - 1}/{total}", **version)
        else:
            self.head(200, total, **version)
        return served.data[start:]

    def log_message(self, *args: object) -> None:
        pass


class WebServer(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages: dict[str, Served] = {}
        self.over = threading.Event()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up."""


@contextmanager
def web_server() -> Iterator[WebServer]:
    server = WebServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def well(handler: Handler, served: Served) -> None:
    handler.wfile.write(handler.begin(served))


def status(code: int, **headers: str) -> Callable[[Handler, Served], None]:
    def answer(handler: Handler, served: Served) -> None:
        handler.head(code, 0, **headers)

    return answer


def cut_off(after: int) -> Callable[[Handler, Served], None]:
    """Announce the whole file and hang up after some bytes."""

    def answer(handler: Handler, served: Served) -> None:
        handler.wfile.write(handler.begin(served)[:after])

    return answer


def stall(after: int) -> Callable[[Handler, Served], None]:
    """Send some bytes and then nothing, with the line open."""

    def answer(handler: Handler, served: Served) -> None:
        handler.wfile.write(handler.begin(served)[:after])
        handler.wfile.flush()
        handler.server.over.wait()

    return answer


def drip(handler: Handler, served: Served) -> None:
    """Send a byte at a time, for ever."""
    for byte in handler.begin(served):
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        if handler.server.over.wait(0.02):
            return


def unannounced(data: bytes) -> Callable[[Handler, Served], None]:
    """Send bytes without saying how many."""

    def answer(handler: Handler, served: Served) -> None:
        handler.head(200, None, ETag=served.etag)
        handler.wfile.write(data)

    return answer


def announced(length: int, data: bytes, **headers: str) -> Callable[[Handler, Served], None]:
    """Say one length and send something else."""

    def answer(handler: Handler, served: Served) -> None:
        handler.head(200, length, **headers)
        handler.wfile.write(data)

    return answer


def partial(content_range: str, data: bytes) -> Callable[[Handler, Served], None]:
    """Answer 206 with any Content-Range."""

    def answer(handler: Handler, served: Served) -> None:
        handler.head(206, len(data), Content_Range=content_range, ETag=served.etag)
        handler.wfile.write(data)

    return answer


def chunked(data: bytes, whole: bool) -> Callable[[Handler, Served], None]:
    """Send in chunks, and stop in the middle unless it is to be whole."""

    def answer(handler: Handler, served: Served) -> None:
        handler.head(200, None, Transfer_Encoding="chunked", ETag=served.etag)
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        if whole:
            handler.wfile.write(b"0\r\n\r\n")

    return answer

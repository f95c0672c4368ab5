"""A camera on the local network that misbehaves on demand: motion JPEG over HTTP on 127.0.0.1."""

from __future__ import annotations

import contextlib
import http.server
import socket
import struct
import threading
from collections.abc import Iterator

import cv2
import numpy as np


def jpeg(number: int, size: tuple[int, int] = (320, 240), noise: bool = True) -> bytes:
    """Return a picture that says its number, with a sensor's noise, so that no two are alike."""
    image = np.full((size[1], size[0], 3), 60, np.uint8)
    if noise:
        image += np.random.default_rng(number).integers(0, 20, image.shape, dtype=np.uint8)
    cv2.putText(image, str(number), (40, 120), cv2.FONT_HERSHEY_SIMPLEX, 2.0, (255, 255, 255), 3)
    return cv2.imencode(".jpg", image)[1].tobytes()


class MjpegServer:
    """Serves frames as `mode` says, which may be changed while it runs.

    Modes: fine, silent (accepts and never answers), missing (404), stall, reset and garbage (after 5 frames),
    resize (640×480 after 5 frames), frozen (the same picture for ever).
    """

    def __init__(self, mode: str = "fine") -> None:
        self.mode = mode
        self.connections = 0
        self._leaving = threading.Event()
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                server.connections += 1
                with contextlib.suppress(OSError):
                    server.serve(self)

        class Listener(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                pass

        self._http = Listener(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://staff:s3cret@127.0.0.1:{self._http.server_port}/live"

    def close(self) -> None:
        self._leaving.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def serve(self, request: http.server.BaseHTTPRequestHandler) -> None:
        if self.mode == "silent":
            self._leaving.wait()
        if self.mode == "missing":
            request.send_error(404)
            return
        request.send_response(200)
        request.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        request.end_headers()
        for number, content in self._frames():
            if number == 5 and self.mode == "stall":
                self._leaving.wait()
            if number == 5 and self.mode == "reset":
                no_goodbye = struct.pack("ii", 1, 0)
                request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_goodbye)
                request.connection.close()
                return
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(content)}\r\n\r\n"
            request.wfile.write(head.encode() + content + b"\r\n")
            if self._leaving.wait(0.03):
                return

    def _frames(self) -> Iterator[tuple[int, bytes]]:
        number = 0
        while True:
            late = number >= 5
            if self.mode == "frozen":
                yield number, jpeg(0, noise=False)
            elif late and self.mode == "garbage":
                yield number, np.random.default_rng(number).bytes(4000)
            elif late and self.mode == "resize":
                yield number, jpeg(number, (640, 480))
            else:
                yield number, jpeg(number)
            number += 1

"""Hearing that a second start was tried on the same data folder."""

from __future__ import annotations

from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtNetwork import QLocalServer, QLocalSocket


class FrontServer(QObject):
    """Listens under a name; `asked` is emitted when another process asks for this window.

    Args:
        name: the name derived from the data folder.
    """

    asked = pyqtSignal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._greet)
        # The lock of the data folder is ours, so a socket file of this name was left by a process that died.
        QLocalServer.removeServer(name)
        self.listening = self._server.listen(name)

    def close(self) -> None:
        """Stop listening."""
        self._server.close()

    def _greet(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.disconnected.connect(socket.deleteLater)
            socket.disconnectFromServer()
            self.asked.emit()


def ask_to_front(name: str, timeout_ms: int = 1000) -> bool:
    """Ask the process that listens under `name` to show its window; return whether one did hear."""
    socket = QLocalSocket()
    socket.connectToServer(name)
    heard = socket.waitForConnected(timeout_ms)
    socket.abort()
    return heard

"""The program's own log: what went wrong, with tracebacks, and never a face, a name or a password."""

from __future__ import annotations

import logging
import sys
import threading
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from netcafe_face.config.credentials import without_credentials
from netcafe_face.domain.errors import FolderUnusable

LOG_NAME = "netcafe-face.log"
MAX_BYTES = 2_000_000
KEPT_FILES = 5

_log = logging.getLogger("netcafe_face")


class _Redacting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return without_credentials(super().format(record))


class _PatientHandler(RotatingFileHandler):
    def doRollover(self) -> None:  # noqa: N802 - the library's name
        # On Windows the file cannot be renamed while a command beside the window has it open: try next time.
        try:
            super().doRollover()
        except PermissionError:
            self.stream = self._open()


def start_logging(folder: Path, level: int = logging.INFO) -> Path:
    """Send every record, warning and uncaught exception to a rotating file, and return its path.

    Nothing more is printed than before; addresses lose their user names and passwords. Calling it again
    moves the log.

    Raises:
        FolderUnusable: the file cannot be opened.
    """
    path = folder / LOG_NAME
    try:
        handler = _PatientHandler(path, maxBytes=MAX_BYTES, backupCount=KEPT_FILES, encoding="utf-8")
    except OSError as error:
        raise FolderUnusable(path=folder, reason=error.strerror or error) from error
    form = "%(asctime)s %(levelname)s %(process)d %(threadName)s %(name)s: %(message)s"
    handler.setFormatter(_Redacting(form))
    root = logging.getLogger()
    for old in [entry for entry in root.handlers if isinstance(entry, _PatientHandler)]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(True)
    threading.excepthook = _log_thread_exception
    sys.excepthook = _log_exception
    return path


def stop_logging() -> None:
    """Close the log file and undo `start_logging`."""
    root = logging.getLogger()
    for handler in [entry for entry in root.handlers if isinstance(entry, _PatientHandler)]:
        root.removeHandler(handler)
        handler.close()
    logging.captureWarnings(False)
    threading.excepthook = threading.__excepthook__
    sys.excepthook = sys.__excepthook__


def _log_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        _log.critical("uncaught exception", exc_info=(kind, error, trace))
    sys.__excepthook__(kind, error, trace)


def _log_thread_exception(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
        _log.critical("uncaught exception", exc_info=(args.exc_type, args.exc_value, args.exc_traceback))

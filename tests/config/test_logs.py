from __future__ import annotations

import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from netcafe_face.config import logs
from netcafe_face.domain.errors import FolderUnusable


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    path = logs.start_logging(tmp_path)
    yield path
    logs.stop_logging()


def test_a_traceback_is_kept_and_the_password_in_it_is_not(log: Path) -> None:
    try:
        raise OSError("cannot open rtsp://admin:s3cret@10.0.0.5/ch1")
    except OSError:
        logging.getLogger("netcafe_face.camera").exception("camera %s", "rtsp://a:b4r@10.0.0.5/ch1")
    text = log.read_text(encoding="utf-8")
    assert "Traceback" in text
    assert "rtsp://10.0.0.5/ch1" in text
    assert "s3cret" not in text
    assert "b4r" not in text


def test_a_warning_of_a_library_goes_to_the_log(log: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("old call", FutureWarning, stacklevel=1)
    assert "FutureWarning: old call" in log.read_text(encoding="utf-8")


def test_the_death_of_a_thread_is_logged(log: Path) -> None:
    def die() -> None:
        raise RuntimeError("thread fell over")

    thread = threading.Thread(target=die)
    thread.start()
    thread.join()
    assert "RuntimeError: thread fell over" in log.read_text(encoding="utf-8")


def test_the_log_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_BYTES", 1000)
    logs.start_logging(tmp_path)
    for number in range(200):
        logging.getLogger("netcafe_face").info("line %d", number)
    logs.stop_logging()
    files = list(tmp_path.iterdir())
    assert len(files) == logs.KEPT_FILES + 1
    assert all(file.stat().st_size <= 1000 for file in files)
    assert "line 199" in (tmp_path / logs.LOG_NAME).read_text(encoding="utf-8")


def test_a_second_start_moves_the_log_and_doubles_nothing(tmp_path: Path) -> None:
    first, second = tmp_path / "one", tmp_path / "two"
    first.mkdir()
    second.mkdir()
    logs.start_logging(first)
    path = logs.start_logging(second)
    logging.getLogger("netcafe_face").info("once")
    logs.stop_logging()
    assert path.read_text(encoding="utf-8").count("once") == 1
    assert "once" not in (first / logs.LOG_NAME).read_text(encoding="utf-8")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FolderUnusable, match="gone"):
        logs.start_logging(tmp_path / "gone")


def test_nothing_but_a_crash_reaches_the_console(tmp_path: Path) -> None:
    code = (
        "import logging, sys; from pathlib import Path; from netcafe_face.config.logs import start_logging\n"
        "start_logging(Path(sys.argv[1])); logging.getLogger('netcafe_face').error('a quiet one')\n"
        "raise RuntimeError('a crash')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "a quiet one" not in ended.stdout + ended.stderr
    assert "RuntimeError: a crash" in ended.stderr
    text = (tmp_path / logs.LOG_NAME).read_text(encoding="utf-8")
    assert "a quiet one" in text
    assert "RuntimeError: a crash" in text

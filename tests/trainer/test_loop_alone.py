"""Two processes never train in one folder: they would write over each other's checkpoints and curve."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from netcafe_face.trainer.detector.training import train as train_detector
from netcafe_face.trainer.errors import RunUnusable
from netcafe_face.trainer.loop import alone
from netcafe_face.trainer.loop.alone import alone_in
from netcafe_face.trainer.loop.training import train
from tests.trainer.detector_kit import random_store, short_config
from tests.trainer.kit import finished, start
from tests.trainer.test_loop_training import plan, tiny

_HOLD = """
import sys
import time
from pathlib import Path
from netcafe_face.trainer.loop.alone import alone_in

with alone_in(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alone, "PATIENCE_S", 0.2)


def test_a_second_run_in_a_folder_is_refused_and_writes_over_nothing(tmp_path: Path) -> None:
    train(plan(tmp_path, tiny(steps=2)))
    before = written(tmp_path)
    with alone_in(tmp_path), pytest.raises(RunUnusable, match="another process is training in it"):
        train(plan(tmp_path, tiny(steps=4)))
    assert written(tmp_path) == before
    assert train(plan(tmp_path, tiny(steps=4))).step == 4, "free again"


def written(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in ("last.pt", "best.pt", "curve.csv", "run.json")]


def test_a_folder_in_which_another_run_began_meanwhile_is_refused(tmp_path: Path) -> None:
    later = plan(tmp_path, tiny(steps=2, seed=8))
    train(plan(tmp_path, tiny(steps=2)))
    before = written(tmp_path)
    with pytest.raises(RunUnusable, match="another run"):
        train(later)
    assert written(tmp_path) == before


def test_a_second_detector_in_a_folder_is_refused(tmp_path: Path) -> None:
    with alone_in(tmp_path), pytest.raises(RunUnusable, match="another process"):
        train_detector(random_store(), short_config(), tmp_path)
    assert not (tmp_path / "last.pt").exists()


def test_a_killed_process_leaves_its_folder_free(tmp_path: Path) -> None:
    process = start([sys.executable, "-c", _HOLD, str(tmp_path)])
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(RunUnusable, match="another process"), alone_in(tmp_path):
            pass
        process.send_signal(signal.SIGKILL)
    finally:
        finished(process)
    with alone_in(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    with pytest.raises(RunUnusable, match="file"), alone_in(tmp_path / "file"):
        pass

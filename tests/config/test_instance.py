from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from netcafe_face.config.instance import InstanceLock, server_name
from netcafe_face.config.paths import Paths
from netcafe_face.domain.errors import AlreadyRunning, FolderUnusable

HOLD = """
import sys, time
from pathlib import Path
from netcafe_face.config.instance import InstanceLock
from netcafe_face.config.paths import Paths
lock = InstanceLock(Paths(Path(sys.argv[1])))
lock.acquire()
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "café").create()


def holder(paths: Paths) -> subprocess.Popen[str]:
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(paths.root)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def end(child: subprocess.Popen[str]) -> None:
    child.kill()  # SIGKILL: the process gets no chance to tidy up
    child.communicate()


def test_a_second_window_on_the_same_data_is_told_so(paths: Paths) -> None:
    child = holder(paths)
    try:
        with pytest.raises(AlreadyRunning, match="café"):
            InstanceLock(paths).acquire()
    finally:
        end(child)


def test_a_window_that_was_killed_does_not_stand_in_the_way(paths: Paths) -> None:
    end(holder(paths))
    with InstanceLock(paths):
        pass


def test_another_data_folder_is_another_café(paths: Paths, tmp_path: Path) -> None:
    with InstanceLock(paths), InstanceLock(Paths(tmp_path / "other").create()):
        pass


def test_closing_the_window_lets_the_next_one_open(paths: Paths) -> None:
    with InstanceLock(paths), pytest.raises(AlreadyRunning):
        InstanceLock(paths).acquire()
    with InstanceLock(paths):
        pass


def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "café").write_text("")
    with pytest.raises(FolderUnusable, match="café"):
        InstanceLock(Paths(tmp_path / "café")).acquire()


def test_the_socket_name_is_the_folders_own_and_fits_every_system(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = server_name(paths)
    monkeypatch.chdir(tmp_path)
    assert server_name(Paths(tmp_path / "x" / ".." / "café")) == name
    assert server_name(Paths(Path("café"))) == name
    assert server_name(Paths(tmp_path / "other")) != name
    assert name.isascii()
    assert len(name) <= 32
    assert not set(name) & set('/\\:*?"<>| ')


@pytest.mark.skipif(os.name != "posix", reason="links need no rights on POSIX only")
def test_a_link_to_the_folder_is_the_same_café(paths: Paths, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(paths.root)
    assert server_name(Paths(tmp_path / "link")) == server_name(paths)

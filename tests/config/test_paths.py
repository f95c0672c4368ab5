from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from netcafe_face.config.paths import DATA_VARIABLE, Paths, data_paths
from netcafe_face.domain.errors import FolderUnusable

posix_only = pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")


def test_a_folder_given_by_hand_wins_over_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "environment"))
    assert data_paths(tmp_path / "hand").root == tmp_path / "hand"
    assert data_paths().root == tmp_path / "environment"


def test_without_a_choice_it_is_the_users_own_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (DATA_VARIABLE, "XDG_DATA_HOME"):
        monkeypatch.delenv(variable, raising=False)
    root = data_paths().root
    assert root.name == "netcafe-face"
    assert root.is_relative_to(Path.home())


def test_a_relative_folder_and_a_tilde_become_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert data_paths(Path("café")).root == tmp_path / "café"
    assert data_paths(Path("~/café")).root == Path.home() / "café"


def test_every_folder_is_made_and_making_them_again_changes_nothing(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "deep" / "café").create()
    (paths.exports / "monday.csv").write_text("kept")
    paths.create()
    for folder in (paths.database, paths.backups, paths.packs, paths.logs, paths.exports):
        assert folder.is_dir()
    assert (paths.exports / "monday.csv").read_text() == "kept"
    assert paths.backups.parent == paths.database, "errors say the backups lie beside the database"


@posix_only
def test_nobody_else_can_look_into_the_data_folder(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "café").create()
    for folder in (paths.root, paths.database, paths.packs, paths.logs, paths.exports):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@posix_only
def test_a_folder_that_was_there_keeps_its_permissions_but_what_is_in_it_is_private(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    paths = Paths(tmp_path).create()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert stat.S_IMODE(paths.database.stat().st_mode) == 0o700


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "café").write_text("not a folder")
    with pytest.raises(FolderUnusable, match="café"):
        Paths(tmp_path / "café").create()

from __future__ import annotations

import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from netcafe_face.config.settings import Settings, load_settings, save_settings, update_settings
from netcafe_face.domain.errors import OutputError, SettingsInvalid


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def test_without_a_file_the_defaults_are_in_force_and_none_is_made(file: Path) -> None:
    assert load_settings(file) == Settings()
    assert not file.exists()


def test_what_was_saved_is_read_back(file: Path) -> None:
    settings = Settings(
        language="vi",
        theme="dark",
        source_kind="video",
        source_address=r"C:\phim\sáng thứ hai.mp4",
        source_name='Quầy "1"',
        threads=3,
        operator="Nguyễn Thị Hoà\nca sáng",
        window_geometry="AdnQywADAAA=",
    )
    save_settings(file, settings)
    assert load_settings(file) == settings


def test_a_key_of_a_newer_version_survives_saving(file: Path) -> None:
    file.write_text('theme = "dark"\nfuture = [1, 2]\n[alerts]\nsound = true\n')
    update_settings(file, theme="light")
    text = file.read_text()
    assert "future" in text
    assert "sound = true" in text
    assert load_settings(file).theme == "light"


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("threads = true", "threads"),
        ('threads = "4"', "threads"),
        ("threads = -1", "threads"),
        ("min_face_px = 2.5", "min_face_px"),
        ("pack = 7", "pack"),
        ('theme = "pink"', "theme"),
        ('language = "klingon"', "language"),
        ('provider = "tpu"', "provider"),
    ],
)
def test_a_wrong_value_is_refused_by_name_and_the_file_left_alone(file: Path, line: str, named: str) -> None:
    file.write_text(line)
    with pytest.raises(SettingsInvalid) as refused:
        load_settings(file)
    assert f"“{named}”" in str(refused.value)
    assert str(file) in str(refused.value)
    assert file.read_text() == line


@pytest.mark.parametrize("content", [b"theme = ", b"\xff\xfe\x00", b'theme = "dark"\ntheme = "light"\n'])
def test_a_broken_file_is_never_overwritten(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(SettingsInvalid):
        update_settings(file, theme="dark")
    with pytest.raises(SettingsInvalid):
        save_settings(file, Settings())
    assert file.read_bytes() == content


def test_a_file_saved_by_notepad_with_a_byte_order_mark_is_read(file: Path) -> None:
    file.write_bytes(b'\xef\xbb\xbftheme = "dark"\r\n')
    assert load_settings(file).theme == "dark"


def test_a_wrong_value_is_not_written_either(file: Path) -> None:
    with pytest.raises(SettingsInvalid, match="theme"):
        save_settings(file, replace(Settings(), theme="pink"))
    assert not file.exists()


def test_the_password_of_a_camera_never_reaches_the_disk(file: Path) -> None:
    address = "rtsp://admin:s3cret@10.0.0.5:554/ch1"
    save_settings(file, Settings(source_kind="rtsp", source_address=address))
    assert b"s3cret" not in file.read_bytes()
    assert load_settings(file).source_address == "rtsp://10.0.0.5:554/ch1"


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_the_settings_are_private(file: Path) -> None:
    save_settings(file, Settings())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_folder_that_vanished_is_reported_and_leaves_no_scratch_file(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"settings\.toml"):
        save_settings(tmp_path / "gone" / "settings.toml", Settings())
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file_and_no_scratch_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_settings(file, Settings(theme="dark"))
    before = file.read_bytes()

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        save_settings(file, Settings(theme="light"))
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == ["settings.toml"]


def test_two_processes_changing_different_settings_lose_nothing(file: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from netcafe_face.config.settings import update_settings\n"
        "for n in range(25): update_settings(Path(sys.argv[1]), **{sys.argv[2]: n + 20})"
    )
    keys = ("threads", "min_face_px")
    children = [subprocess.Popen([sys.executable, "-c", code, str(file), key]) for key in keys]
    assert [child.wait(60) for child in children] == [0, 0]
    assert (load_settings(file).threads, load_settings(file).min_face_px) == (44, 44)

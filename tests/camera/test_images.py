"""Folders of pictures are shown in the order a person expects, whatever happens to them meanwhile."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from netcafe_face.camera.images import ImageFolder
from netcafe_face.domain.errors import ImageUnreadable, NoPictures


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in (10, 2, 1):
        cv2.imwrite(str(tmp_path / f"Photo {number}.png"), np.full((20, 30, 3), number * 10, np.uint8))
    (tmp_path / "notes.txt").write_text("not a picture")
    (tmp_path / ".hidden.png").write_bytes(b"")
    (tmp_path / "deeper").mkdir()
    return tmp_path


def shades(source: ImageFolder, most: int = 20) -> list[int]:
    seen = []
    while len(seen) < most and (frame := source.read()) is not None:
        seen.append(int(frame.image_bgr[0, 0, 0]))
    return seen


def test_pictures_come_in_natural_order_with_their_times(folder: Path) -> None:
    source = ImageFolder(folder, seconds_each=1.5)
    source.open()

    frames = [source.read() for _ in range(3)]

    assert [int(frame.image_bgr[0, 0, 0]) for frame in frames if frame] == [10, 20, 100]
    assert [frame.position_s for frame in frames if frame] == [0.0, 1.5, 3.0]
    assert source.read() is None
    assert source.name == folder.name


def test_a_looping_folder_starts_again(folder: Path) -> None:
    source = ImageFolder(folder, loop=True)
    source.open()

    assert shades(source, 7) == [10, 20, 100, 10, 20, 100, 10]


def test_a_single_picture_is_a_source_too(folder: Path) -> None:
    source = ImageFolder(folder / "Photo 2.png")
    source.open()

    assert shades(source) == [20]


def test_pictures_that_vanish_or_break_midway_are_passed_over(folder: Path) -> None:
    source = ImageFolder(folder)
    source.open()
    (folder / "Photo 1.png").unlink()
    (folder / "Photo 2.png").write_bytes(b"")

    assert shades(source) == [100]


def test_a_folder_whose_pictures_are_all_broken_is_refused(folder: Path) -> None:
    for picture in folder.glob("*.png"):
        picture.write_bytes(b"\x89PNG broken")
    source = ImageFolder(folder, loop=True)
    source.open()

    with pytest.raises(NoPictures):
        source.read()


def test_a_looping_folder_that_is_emptied_is_refused_in_its_next_round(folder: Path) -> None:
    source = ImageFolder(folder, loop=True)
    source.open()
    assert shades(source, 3) == [10, 20, 100]
    for picture in folder.glob("*.png"):
        picture.unlink()

    with pytest.raises(NoPictures):
        source.read()


def test_a_folder_without_pictures_and_a_missing_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NoPictures):
        ImageFolder(tmp_path).open()
    with pytest.raises(ImageUnreadable):
        ImageFolder(tmp_path / "gone").open()


def test_grey_transparent_and_deep_pictures_become_bgr(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((8, 8), 77, np.uint8))
    cv2.imwrite(str(tmp_path / "b.png"), np.full((8, 8, 4), 88, np.uint8))
    cv2.imwrite(str(tmp_path / "c.png"), np.full((8, 8, 3), 99 * 257, np.uint16))
    source = ImageFolder(tmp_path)
    source.open()

    frames = [source.read() for _ in range(3)]

    assert {frame.image_bgr.shape for frame in frames if frame} == {(8, 8, 3)}
    assert [int(frame.image_bgr[0, 0, 0]) for frame in frames if frame] == [77, 88, 99]


def test_a_closed_folder_gives_nothing(folder: Path) -> None:
    source = ImageFolder(folder)
    source.open()
    source.close()

    assert source.read() is None


def test_a_pipe_or_a_broken_link_with_a_pictures_name_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "Photo 3.png")
    (folder / "Photo 4.png").symlink_to(folder / "absent.png")
    source = ImageFolder(folder)
    source.open()

    assert shades(source) == [10, 20, 100]

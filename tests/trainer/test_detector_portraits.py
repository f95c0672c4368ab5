"""Portraits made harder: heads turned, bowed and half covered, and all else left as it was."""

from __future__ import annotations

import numpy as np

from netcafe_face.domain.faces import Image
from netcafe_face.trainer.detector.finder import Finder
from netcafe_face.trainer.detector.portraits import covered, moved, posed
from tests.trainer.detector_kit import TEACHER, people

CUT = slice(100, 350), slice(60, 310)


def spot(row: int, column: int) -> Image:
    """Return a black portrait with a white spot."""
    portrait = np.zeros((200, 200, 3), dtype=np.uint8)
    portrait[row - 3 : row + 4, column - 3 : column + 4] = 255
    return portrait


def place(portrait: Image) -> tuple[float, float]:
    """Return row and column of what is white."""
    rows, columns = np.nonzero(portrait[..., 0] > 127)
    return float(rows.mean()), float(columns.mean())


def test_the_middle_of_a_head_moves_by_the_part_asked_for() -> None:
    row, column = place(moved(spot(100, 100), 0.25, 0.0))
    assert abs(row - 100) < 1
    assert abs(column - (100 + 0.25 * 0.3 * 200)) < 2
    row, column = place(moved(spot(100, 100), 0.0, 0.25))
    assert abs(row - (100 + 0.25 * 0.38 * 200)) < 2
    assert abs(column - 100) < 1


def test_what_lies_beyond_the_head_stays_where_it_is() -> None:
    portrait = people()[CUT]
    changed = np.abs(moved(portrait, 0.45, 0.45).astype(int) - portrait).max(axis=2) > 0
    assert changed.any()
    height, width = changed.shape
    rows, columns = np.nonzero(changed)
    assert (np.abs(columns - (width - 1) / 2) <= 0.3 * width + 1).all()
    assert (np.abs(rows - (height - 1) / 2) <= 0.38 * height + 1).all()


def test_nothing_folds_over_itself() -> None:
    ramp = np.broadcast_to(np.arange(200, dtype=np.uint8)[None, :, None], (200, 200, 3)).copy()
    assert (np.diff(moved(ramp, 0.45, 0.0)[..., 0].astype(int), axis=1) >= 0).all()
    down = ramp.transpose(1, 0, 2).copy()
    assert (np.diff(moved(down, 0.0, 0.45)[..., 0].astype(int), axis=0) >= 0).all()


def test_poses_differ_repeat_themselves_and_are_mostly_still_faces() -> None:
    photo = people()
    rows = Finder(TEACHER).find(photo)
    x, y, width, height = (int(value) for value in rows[0, :4])
    side = round(max(width, height) / 0.42)
    left, top = x + width // 2 - side // 2, y + height // 2 - side // 2
    padded = np.pad(photo, ((side, side), (side, side), (0, 0)), mode="edge")
    portrait = padded[top + side : top + 2 * side, left + side : left + 2 * side].copy()
    finder, found, kinds = Finder(TEACHER), 0, set()
    for seed in range(24):
        one = posed(portrait, np.random.default_rng(seed))
        assert np.array_equal(one, posed(portrait, np.random.default_rng(seed)))
        kinds.add(one.tobytes())
        seen = finder.find(one)
        found += len(seen) > 0 and float(seen[0, 14]) > 0.5
    assert 8 <= len(kinds) < 24, "some are left as they are"
    assert found >= 20


def test_a_few_faces_are_covered_with_a_colour_or_with_another_picture() -> None:
    portrait, other = np.full((80, 80, 3), 7, dtype=np.uint8), people()[CUT]
    plain = textured = untouched = 0
    for seed in range(200):
        one = covered(portrait, other, np.random.default_rng(seed))
        assert one.shape == portrait.shape
        assert one.dtype == np.uint8
        changed = one[(one != 7).any(axis=2)]
        kinds = len(np.unique(changed, axis=0))
        untouched += not kinds
        plain += kinds == 1
        textured += kinds > 10
        assert len(changed) < 0.75 * 80 * 80, "never the whole picture"
    assert untouched > 100
    assert min(plain, textured) > 5

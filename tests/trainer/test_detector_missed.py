"""What a detector gets wrong is found in the photos, and shown more often than the rest."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from netcafe_face.domain.faces import FloatArray, Image
from netcafe_face.trainer.cli.detector import detector
from netcafe_face.trainer.detector.export import export_detector
from netcafe_face.trainer.detector.finder import Finder
from netcafe_face.trainer.detector.matching import sizes_px
from netcafe_face.trainer.detector.missed import spots_of
from netcafe_face.trainer.detector.network import DetectorNet
from netcafe_face.trainer.detector.photos import Photos, Spot
from netcafe_face.trainer.detector.scenes import SceneMaker
from netcafe_face.trainer.errors import DataUnusable, TeacherUnusable
from tests.trainer.detector_kit import TEACHER, folder_of, people

SHIPPED = TEACHER.parent


class Blind:
    """Sees nobody."""

    def find(self, image_bgr: Image) -> FloatArray:
        """Return no boxes."""
        return np.empty((0, 15), np.float32)


def shift(spot: Spot, rows: FloatArray) -> float:
    """Return how far a spot's middle lies from that of the nearest box, as part of the box's size."""
    away = np.abs(rows[:, :2] + rows[:, 2:4] / 2 - np.array(spot.middle)).max(axis=1)
    return float((away / sizes_px(rows)).min())


class Boxed:
    """Sees one large and one small face, at the same places in a picture of any size."""

    places = np.array([[0.1, 0.2, 0.2, 0.3], [0.7, 0.6, 0.05, 0.05]])

    def find(self, image_bgr: Image) -> FloatArray:
        """Return their boxes."""
        height, width = image_bgr.shape[:2]
        rows = np.zeros((2, 15), np.float32)
        rows[:, :4] = self.places * [width, height, width, height]
        rows[:, 14] = 0.9
        return rows


def test_a_spot_lies_where_it_was_seen_in_either_size() -> None:
    photos = Photos([np.zeros((427, 641, 3), dtype=np.uint8)], [])
    missed = spots_of(photos, Boxed(), Blind(), lambda *_: None)
    claimed = spots_of(photos, Blind(), Boxed(), lambda *_: None)
    large, small = (0.2 * 641, 0.35 * 427), (0.725 * 641, 0.625 * 427)
    assert np.allclose([spot.middle for spot in missed], [large, small, large], atol=1), (
        "in half the size the small face is too small to be missed"
    )
    assert np.allclose([spot.middle for spot in claimed], [large, small, large, small], atol=1)
    wide, narrow = np.sqrt(0.06 * 641 * 427), np.sqrt(0.0025 * 641 * 427)
    assert np.allclose([spot.size_px for spot in claimed], [wide, narrow, wide, narrow], atol=1)


@pytest.mark.parametrize("shape", [(1, 40, 3), (40, 1, 3), (1, 1, 3)])
def test_a_photo_one_pixel_wide_is_looked_at_like_any_other(shape: tuple[int, ...]) -> None:
    sees = Finder(TEACHER)
    assert spots_of(Photos([], [[np.zeros(shape, np.uint8)]]), sees, sees, lambda *_: None) == []


@pytest.mark.parametrize("blind", ["detector", "teacher"])
def test_missed_faces_and_wrong_claims_are_found_at_their_places(blind: str) -> None:
    photo, sees = people(), Finder(TEACHER)
    faces = sees.find(photo)
    faces = faces[faces[:, 14] >= 0.7]
    looked: list[tuple[int, int]] = []
    networks = (Blind(), sees) if blind == "teacher" else (sees, Blind())
    spots = spots_of(Photos([photo], [[photo]]), *networks, lambda *count: looked.append(count))
    assert looked == [(1, 2), (2, 2)]
    assert len(spots) >= 2 * len(faces) > 0, "both photos have them all"
    assert all(spot.photo_bgr is photo for spot in spots)
    nearest = [shift(spot, faces) for spot in spots]
    assert sum(away < 0.2 for away in nearest) >= 2 * len(faces)


def test_what_is_found_is_no_spot() -> None:
    sees = Finder(TEACHER)
    assert spots_of(Photos([people()], []), sees, sees, lambda *_: None) == []


def test_nobody_anywhere_is_no_spot() -> None:
    assert spots_of(Photos([], [[people()]]), Blind(), Blind(), lambda *_: None) == []


@pytest.mark.parametrize(("portraits", "rooms"), [(1, 0), (1, 1), (0, 1)])
def test_scenes_show_the_spots(portraits: int, rooms: int) -> None:
    dark = np.full((120, 120, 3), 20, dtype=np.uint8)
    white = np.full((120, 120, 3), 250, dtype=np.uint8)
    spot = Spot(white, (60.0, 60.0), 40.0)

    def bright(spots: list[Spot]) -> float:
        maker = SceneMaker(Photos(portraits * [dark], rooms * [[dark]], spots), 96, 3)
        return float(np.mean([maker.scene(number).teacher_bgr > 215 for number in range(40)]))

    assert bright([]) < 0.02
    assert bright([spot]) > 0.05


def test_without_spots_no_number_is_drawn_for_them() -> None:
    maker = SceneMaker(Photos([people()[100:350, 60:310]], []), 96, 3)
    tile = maker._tile(np.random.default_rng(5), 48, 48)
    assert np.array_equal(tile, maker._portrait(np.random.default_rng(5), 48, 48))


def test_a_small_face_is_not_enlarged_to_a_blur() -> None:
    photo = np.zeros((500, 500, 3), dtype=np.uint8)
    photo[245:255, 245:255] = 255
    maker = SceneMaker(Photos([photo], [], [Spot(photo, (250.0, 250.0), 10.0)]), 256, 1)
    rng = np.random.default_rng(0)
    shown = [maker._spot(rng, 256, 256) for _ in range(8)]
    assert all((tile.max(axis=2) > 128).sum() < 2.5 * 20**2 for tile in shown)


@pytest.fixture
def fit(tmp_path: Path) -> list[str]:
    """The command for a run of one step."""
    rooms = folder_of(tmp_path / "rooms", [f"{number}.png" for number in range(12)], people())
    places = ["fit", "--teacher", str(TEACHER), "--rooms", str(rooms), "--out", str(tmp_path / "run")]
    return [*places, "--scenes", "2", "--side", "64", "--batch", "2", "--steps", "1", "--decay-steps", "0"]


def test_the_command_takes_the_detector_and_a_store_belongs_to_it(tmp_path: Path, fit: list[str]) -> None:
    export_detector(DetectorNet().eval(), tmp_path / "untrained.onnx")
    missed = ["--missed-by", str(tmp_path / "untrained.onnx")]
    told = CliRunner().invoke(detector, [*fit, *missed], catch_exceptions=False)
    assert told.exit_code == 0, told.output
    record = json.loads((tmp_path / "run/scenes/scenes.json").read_text(encoding="utf-8"))
    assert f"{record['spots']} places are shown more often" in told.output
    assert record["spots"] > 0
    assert record["key"]["missed_by"]
    with pytest.raises(DataUnusable, match="other"):
        CliRunner().invoke(detector, fit, catch_exceptions=False)


@pytest.mark.parametrize(("kind", "why"), [("embedder", "twelve outputs"), ("nothing", "cannot load")])
def test_what_is_no_detector_is_refused_before_the_long_work(
    tmp_path: Path, fit: list[str], kind: str, why: str
) -> None:
    file = SHIPPED / "embedder.onnx"
    if kind == "nothing":
        (file := tmp_path / "empty.onnx").write_bytes(b"")
    with pytest.raises(TeacherUnusable, match=why):
        CliRunner().invoke(detector, [*fit, "--missed-by", str(file)], catch_exceptions=False)
    assert not (tmp_path / "run").exists()


def test_a_folder_is_no_detector(tmp_path: Path, fit: list[str]) -> None:
    told = CliRunner().invoke(detector, [*fit, "--missed-by", str(tmp_path)])
    assert told.exit_code == 2
    assert "is a directory" in told.output

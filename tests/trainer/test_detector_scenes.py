"""Scenes: the same for the same seed, made of what may be trained on, and answered once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from netcafe_face.trainer.data.split import is_held_out
from netcafe_face.trainer.detector import scenes
from netcafe_face.trainer.detector.degrade import degrade
from netcafe_face.trainer.detector.layout import OUTPUTS, cell_count
from netcafe_face.trainer.detector.photos import Photos, load_photos, photo_names
from netcafe_face.trainer.detector.scenes import SceneMaker
from netcafe_face.trainer.detector.store import build_store, existing_store, key_of, open_store
from netcafe_face.trainer.detector.teacher import DenseTeacher
from netcafe_face.trainer.errors import DataUnusable, OptionsRefused, TeacherUnusable
from tests.files_kit import write_video
from tests.trainer.detector_kit import TEACHER, folder_of, people

NAMES = [f"photo {number}.png" for number in range(12)]


def held_out(name: str) -> bool:
    return int(hashlib.sha256(f"netcafe-dev-{name}".encode()).hexdigest(), 16) % 5 == 0


def marked_photos(folder: Path) -> Path:
    """Write photos that are white where they are held out and black where they are not."""
    for name in NAMES:
        shade = 255 if held_out(name) else 0
        folder_of(folder, [name], np.full((80, 80, 3), shade, dtype=np.uint8))
    return folder


def test_held_out_photos_and_people_are_never_part_of_a_scene(tmp_path: Path) -> None:
    assert any(map(held_out, NAMES))
    rooms = marked_photos(tmp_path / "rooms")
    persons = ["Anna", "Ben", "Cy", "Dee", "Edgar", "Flo", "Gus", "Hal"]
    assert any(map(is_held_out, persons))
    for name in persons:
        shade = 255 if is_held_out(name) else 0
        folder_of(tmp_path / "people" / name, ["1.png"], np.full((80, 80, 3), shade, dtype=np.uint8))
    photos = load_photos([tmp_path / "people"], [rooms])
    assert len(photos.portraits) == sum(not is_held_out(name) for name in persons)
    assert sum(map(len, photos.rooms)) == sum(not held_out(name) for name in NAMES)
    assert all(photo.max() == 0 for photo in [*photos.portraits, *photos.rooms[0]])


def test_photos_are_named_without_being_decoded(tmp_path: Path) -> None:
    rooms = marked_photos(tmp_path)
    assert photo_names([], [rooms]) == sorted(name for name in NAMES if not held_out(name))


def test_a_photo_that_is_held_out_under_another_name_is_no_part_of_a_scene(tmp_path: Path) -> None:
    rooms = folder_of(tmp_path / "rooms", NAMES, people())
    halls = folder_of(tmp_path / "halls", NAMES, people()[:200])
    kept = next(name for name in NAMES if held_out(name))
    trained = sorted(name for name in NAMES if not held_out(name))
    before = photo_names([], [rooms, halls])
    (rooms / trained[0]).write_bytes((rooms / kept).read_bytes())
    (halls / trained[1]).write_bytes((rooms / kept).read_bytes())
    photos, names = load_photos([], [rooms, halls]), photo_names([], [rooms, halls])
    assert photos.twins == 2
    assert names == [*trained[1:], trained[0], *trained[2:]]
    assert [len(of_place) for of_place in photos.rooms] == [len(trained) - 1] * 2
    key = key_of(names, 1, 64, 1)
    assert key != key_of(before, 1, 64, 1), "scenes of other photos are another store"
    store = build_store(tmp_path / "store", photos, DenseTeacher(TEACHER), key, lambda _: None)
    assert store.record["equal_to_held_out"] == 2


def test_a_video_beside_photos_is_taken_whole(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4", [np.zeros((48, 64, 3), dtype=np.uint8)] * 14)
    rooms = marked_photos(tmp_path / "rooms")
    photos = load_photos([], [video, rooms])
    assert [len(of_place) for of_place in photos.rooms] == [12, sum(not held_out(name) for name in NAMES)]
    assert photo_names([], [video, rooms])[:2] == ["v.mp4#0", "v.mp4#1"]


def test_an_unreadable_photo_is_named_and_left_out(tmp_path: Path) -> None:
    rooms = marked_photos(tmp_path)
    good = next(name for name in NAMES if not held_out(name))
    (rooms / good).write_bytes(b"no picture")
    photos = load_photos([], [rooms])
    assert [source for source, _reason in photos.broken] == [good]


def test_a_place_without_a_usable_photo_is_refused(tmp_path: Path) -> None:
    name = next(name for name in NAMES if held_out(name))
    with pytest.raises(DataUnusable):
        load_photos([], [folder_of(tmp_path, [name], people())])


def test_a_scene_depends_on_seed_and_number_only() -> None:
    photo = people()
    photos = Photos([photo[100:350, 60:310]], [[photo]])
    maker, again = SceneMaker(photos, 96, 3), SceneMaker(photos, 96, 3)
    later = again.scene(7)
    for number in (0, 3, 7):
        one = maker.scene(number)
        assert np.array_equal(one.student_bgr, SceneMaker(photos, 96, 3).scene(number).student_bgr)
        assert one.student_bgr.shape == one.teacher_bgr.shape == (96, 96, 3)
    assert np.array_equal(later.student_bgr, maker.scene(7).student_bgr)
    assert not np.array_equal(maker.scene(0).student_bgr, SceneMaker(photos, 96, 4).scene(0).student_bgr)


def test_most_scenes_are_shown_alike_to_teacher_and_student_and_some_are_cleaner() -> None:
    photo = people()
    maker = SceneMaker(Photos([photo], [[photo]]), 64, 0)
    same = [np.array_equal(each.student_bgr, each.teacher_bgr) for each in map(maker.scene, range(40))]
    assert 20 <= sum(same) < 40


def test_degrading_moves_nothing_out_of_range_and_repeats_itself() -> None:
    photo = people()[:64, :96]
    for seed in range(20):
        one = degrade(photo, np.random.default_rng(seed))
        assert one.shape == photo.shape
        assert one.dtype == np.uint8
        assert np.array_equal(one, degrade(photo, np.random.default_rng(seed)))


def test_a_side_that_the_grids_do_not_fit_is_refused() -> None:
    with pytest.raises(OptionsRefused):
        SceneMaker(Photos([people()]), 100, 0)


def test_answers_are_kept_with_the_scenes_and_made_once(tmp_path: Path) -> None:
    photos = Photos([people()[80:330, 50:300]], [[people()]])
    key = key_of(["a", "b"], 5, 64, 1)
    told: list[int] = []
    assert existing_store(tmp_path / "s", key) is None
    store = build_store(tmp_path / "s", photos, DenseTeacher(TEACHER), key, told.append)
    assert (len(store), store.scenes_bgr.shape[1:], told[-1]) == (5, (64, 64, 3), 5)
    assert store.answers.shape == (5, cell_count(64), 15)
    again = existing_store(tmp_path / "s", key)
    assert again is not None
    assert np.array_equal(again.answers, store.answers)
    for other in (key_of(["a", "c"], 5, 64, 1), replace(key, recipe=key.recipe - 1)):
        with pytest.raises(DataUnusable):
            existing_store(tmp_path / "s", other)


def test_a_store_that_says_nothing_of_its_recipe_is_of_the_first_one(tmp_path: Path) -> None:
    photos, key = Photos([people()], [[people()]]), key_of(["a"], 2, 64, 1)
    record = build_store(tmp_path, photos, DenseTeacher(TEACHER), key, lambda _: None).record
    del record["key"]["recipe"]
    (tmp_path / "scenes.json").write_text(json.dumps(record))
    with pytest.raises(DataUnusable):
        existing_store(tmp_path, key)
    assert existing_store(tmp_path, replace(key, recipe=1)) is not None


def test_portraits_in_scenes_are_posed_and_covered(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = people()
    maker = SceneMaker(Photos([photo[100:350, 60:310]], []), 96, 3)
    as_they_are = [maker.scene(number).teacher_bgr for number in range(6)]
    for name in ("posed", "covered"):
        with monkeypatch.context() as patched:
            patched.setattr(scenes, name, lambda portrait, *_others: portrait)
            without = [maker.scene(number).teacher_bgr for number in range(6)]
        assert any(not np.array_equal(*pair) for pair in zip(as_they_are, without, strict=True)), name


def test_fewer_scenes_are_the_first_of_more(tmp_path: Path) -> None:
    photos = Photos([people()], [[people()]])
    teacher = DenseTeacher(TEACHER)
    few = build_store(tmp_path / "few", photos, teacher, key_of([], 3, 64, 1), lambda _: None)
    many = build_store(tmp_path / "many", photos, teacher, key_of([], 19, 64, 1), lambda _: None)
    assert np.array_equal(few.scenes_bgr, many.scenes_bgr[:3])


def test_an_unfinished_store_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(DataUnusable):
        open_store(tmp_path)


def test_the_teacher_answers_as_its_file_does() -> None:
    from netcafe_face.trainer.detector.export import onnx_answers

    picture = people()[100:196, 60:188]
    answers = DenseTeacher(TEACHER).answers(picture[None])[0]
    raw = onnx_answers(TEACHER.read_bytes(), picture)
    assert set(raw) == set(OUTPUTS)
    own = np.sqrt(raw["cls_8"][0] * raw["obj_8"][0])
    assert answers[: len(own), :1] == pytest.approx(own, abs=1e-5)
    assert answers[-12:, 5:] == pytest.approx(raw["kps_32"][0], abs=1e-5)


def test_what_is_no_detector_is_no_teacher(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(b"nothing")
    with pytest.raises(TeacherUnusable):
        DenseTeacher(tmp_path / "x.onnx")
    with pytest.raises(TeacherUnusable):
        DenseTeacher(TEACHER.with_name("embedder.onnx"))

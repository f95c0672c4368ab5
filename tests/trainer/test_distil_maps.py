"""A teacher's maps are kept in eight bits, in order, and asked for once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from netcafe_face.trainer.distil import maps as module
from netcafe_face.trainer.distil.answers import Question
from netcafe_face.trainer.distil.maps import ask_maps
from netcafe_face.trainer.distil.teacher import Teacher
from netcafe_face.trainer.errors import RunUnusable, TeacherUnusable
from tests.trainer.kit import MAPS, real_crops, write_staged_teacher


@pytest.fixture
def teacher(tmp_path: Path) -> Teacher:
    return Teacher(write_staged_teacher(tmp_path / "teacher.onnx"), "arcface", MAPS)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PART", 3)


def test_maps_are_the_teachers_own_each_channel_brought_to_the_same_size(
    tmp_path: Path, teacher: Teacher
) -> None:
    crops = real_crops()
    store = ask_maps(teacher, Question(crops, 8, "real"), tmp_path, threads=2)
    order = np.array([7, 0, 3])
    shapes = [(64, 28, 28), (128, 14, 14), (128, 14, 14), (128, 7, 7)]
    for number, shape in enumerate(shapes):
        kept = store.rows(number, order)
        assert kept.shape == (3, *shape)
        truth = np.stack([teacher.maps_of(crop)[number] for crop in crops])
        spread = truth.std((0, 2, 3), keepdims=True)
        scaled = (truth - truth.mean((0, 2, 3), keepdims=True)) / spread
        seen = np.abs(scaled[order]) < 127 / 32
        assert np.abs(kept - scaled[order])[seen].max() < 1 / 63
        assert np.abs(kept).max() <= 127 / 32


def test_a_teacher_with_open_maps_gives_the_same_embedding(tmp_path: Path, teacher: Teacher) -> None:
    crops = real_crops()
    assert np.array_equal(Teacher(teacher.path, "arcface").embed(crops), teacher.embed(crops))


def test_what_was_asked_once_is_not_asked_again(
    tmp_path: Path, teacher: Teacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ask_maps(teacher, Question(real_crops(), 8, "real"), tmp_path, 1)
    asked = []
    original = Teacher.maps_of
    monkeypatch.setattr(Teacher, "maps_of", lambda self, crop: asked.append(1) or original(self, crop))
    again = ask_maps(teacher, Question(real_crops(), 8, "real"), tmp_path, 1)
    assert len(asked) == 1, "for the number of channels"
    every = np.arange(8)
    assert all(np.array_equal(first.rows(n, every), again.rows(n, every)) for n in range(4))


def test_a_file_that_is_not_there_any_more_is_asked_for_again(tmp_path: Path, teacher: Teacher) -> None:
    first = ask_maps(teacher, Question(real_crops(), 8, "real"), tmp_path, 1)
    before = first.rows(2, np.arange(8))
    next(tmp_path.rglob("2-00000003.npy")).unlink()
    again = ask_maps(teacher, Question(real_crops(), 8, "real"), tmp_path, 1)
    assert np.array_equal(again.rows(2, np.arange(8)), before)


def test_a_tensor_the_teacher_does_not_have_is_refused(tmp_path: Path, teacher: Teacher) -> None:
    with pytest.raises(TeacherUnusable):
        Teacher(teacher.path, "arcface", ("nowhere",))


def test_a_damaged_file_is_named(tmp_path: Path, teacher: Teacher) -> None:
    ask_maps(teacher, Question(real_crops(), 8, "real"), tmp_path, 1)
    next(tmp_path.rglob("1-00000000.npy")).write_bytes(b"no array")
    with pytest.raises(RunUnusable, match="maps-real"):
        ask_maps(teacher, Question(real_crops(), 8, "real"), tmp_path, 1)

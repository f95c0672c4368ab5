from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest

from netcafe_face.trainer.distil.teacher import TEACHER_INPUTS, Teacher
from netcafe_face.trainer.errors import OptionsRefused, TeacherUnusable
from netcafe_face.vision.alignment import ARCFACE_TEMPLATE
from tests.trainer.kit import real_crops, write_teacher


def literal(path: Path, blob: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    answer = session.run(None, {"input": blob.transpose(2, 0, 1)[None].astype(np.float32)})[0][0]
    return np.asarray(answer / np.linalg.norm(answer))


def test_an_arcface_network_is_fed_rgb_minus_127_5_over_127_5(tmp_path: Path) -> None:
    path = write_teacher(tmp_path / "teacher.onnx")
    crop = real_crops()[0]
    wanted = literal(path, (crop[:, :, ::-1].astype(np.float64) - 127.5) / 127.5)
    assert np.allclose(Teacher(path, "arcface").embed_one(crop), wanted, atol=1e-5)


def test_a_torchvision_network_is_fed_rgb_scaled_as_imagenet(tmp_path: Path) -> None:
    path = write_teacher(tmp_path / "teacher.onnx")
    crop = real_crops()[1]
    scaled = (crop[:, :, ::-1] / 255.0 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
    assert np.allclose(Teacher(path, "imagenet").embed_one(crop), literal(path, scaled), atol=1e-5)


def test_the_retail_network_is_fed_bgr_as_it_is_with_its_own_landmarks(tmp_path: Path) -> None:
    path = write_teacher(tmp_path / "teacher.onnx", side=128)
    move = TEACHER_INPUTS["retail-0095"].transform()
    assert move is not None
    moved = np.asarray(cv2.warpAffine(real_crops()[2], move, (128, 128), borderMode=cv2.BORDER_REPLICATE))
    assert np.allclose(
        Teacher(path, "retail-0095").embed_one(real_crops()[2]), literal(path, moved), atol=1e-5
    )


def test_a_teachers_own_crop_has_the_eyes_where_it_wants_them() -> None:
    wanted = TEACHER_INPUTS["retail-0095"]
    move = wanted.transform()
    assert move is not None
    assert wanted.landmarks is not None
    moved = ARCFACE_TEMPLATE @ move[:, :2].T + move[:, 2]
    assert np.abs(moved - np.array(wanted.landmarks)).max() < 4, "a similarity fits five points nearly"
    assert TEACHER_INPUTS["arcface"].transform() is None


def test_answers_are_unit_rows_one_for_each_crop(tmp_path: Path) -> None:
    teacher = Teacher(write_teacher(tmp_path / "teacher.onnx", dim=24), "arcface")
    answers = teacher.embed(real_crops())
    assert answers.shape == (8, 24)
    assert answers.dtype == np.float32
    assert np.allclose(np.linalg.norm(answers, axis=1), 1, atol=1e-6)
    assert teacher.dim == 24
    assert teacher.embed(real_crops()[:0]).shape == (0, 24)


def test_the_very_same_file_is_known_by_its_sum(tmp_path: Path) -> None:
    one, other = (Teacher(write_teacher(tmp_path / f"{n}.onnx", seed=n), "arcface") for n in (0, 1))
    again = Teacher(write_teacher(tmp_path / "again.onnx", seed=0), "arcface")
    assert one.sha256 == again.sha256 != other.sha256


def test_an_input_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionsRefused, match="arcface, imagenet, retail-0095"):
        Teacher(write_teacher(tmp_path / "teacher.onnx"), "vgg")


def test_a_teacher_given_an_input_of_another_size_is_refused(tmp_path: Path) -> None:
    path = write_teacher(tmp_path / "teacher.onnx", side=128)
    with pytest.raises(TeacherUnusable, match=r"teacher\.onnx"):
        Teacher(path, "arcface")


@pytest.mark.parametrize("data", [None, b"", b"no network"])
def test_a_file_that_is_no_network_is_refused(tmp_path: Path, data: bytes | None) -> None:
    path = tmp_path / "teacher.onnx"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(TeacherUnusable, match="Check the file"):
        Teacher(path, "arcface")


@pytest.mark.parametrize("scale", [0.0, float("nan"), float("inf")])
def test_a_teacher_that_answers_nothing_is_refused(tmp_path: Path, scale: float) -> None:
    with np.errstate(invalid="ignore"):
        path = write_teacher(tmp_path / "teacher.onnx", scale=scale)
    with pytest.raises(TeacherUnusable, match="zero or not finite"):
        Teacher(path, "arcface")

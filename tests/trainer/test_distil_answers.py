from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from netcafe_face.domain.faces import Image
from netcafe_face.trainer.data.mixing import MixedFaces
from netcafe_face.trainer.distil import answers as module
from netcafe_face.trainer.distil.answers import Question, ask, mark_of
from netcafe_face.trainer.distil.teacher import Teacher
from netcafe_face.trainer.errors import RunUnusable, TeacherUnusable
from tests.trainer.kit import nameless, people, real_crops, write_teacher


class Counted:
    """Crops that count how often they are looked at, and can end the asking."""

    def __init__(self, crops_bgr: np.ndarray, fails_at: int | None = None) -> None:
        self.crops_bgr = crops_bgr
        self.fails_at = fails_at
        self.asked: list[int] = []

    def __getitem__(self, number: int) -> Image:
        if number == self.fails_at:
            raise TeacherUnusable(path="teacher", reason="the plug was pulled")
        self.asked.append(number)
        return np.asarray(self.crops_bgr[number % len(self.crops_bgr)])


@pytest.fixture
def teacher(tmp_path: Path) -> Teacher:
    return Teacher(write_teacher(tmp_path / "teacher.onnx"), "arcface")


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PART", 4)


def test_answers_are_the_teachers_in_half_precision_and_in_order(tmp_path: Path, teacher: Teacher) -> None:
    crops = real_crops()
    answers = ask(teacher, Question(crops, 8, "real"), tmp_path, threads=2)
    assert answers.dtype == np.float32
    assert np.array_equal(answers, teacher.embed(crops).astype(np.float16).astype(np.float32))


def test_what_was_answered_once_is_not_asked_again(tmp_path: Path, teacher: Teacher) -> None:
    first, second = Counted(real_crops()), Counted(real_crops())
    once = ask(teacher, Question(first, 10, "real"), tmp_path, 1)
    again = ask(teacher, Question(second, 10, "real"), tmp_path, 1)
    assert np.array_equal(once, again)
    assert sorted(first.asked) == list(range(10))
    assert second.asked == []


def test_asking_goes_on_where_it_was_interrupted(tmp_path: Path, teacher: Teacher) -> None:
    with pytest.raises(TeacherUnusable, match="plug"):
        ask(teacher, Question(Counted(real_crops(), fails_at=9), 12, "real"), tmp_path, 1)
    rest = Counted(real_crops())
    answers = ask(teacher, Question(rest, 12, "real"), tmp_path, 1)
    assert sorted(rest.asked) == [8, 9, 10, 11], "only the part that was not finished"
    assert np.array_equal(answers, ask(teacher, Question(Counted(real_crops()), 12, "other"), tmp_path, 1))


def test_more_mixtures_than_before_keep_the_answers_there_are(tmp_path: Path, teacher: Teacher) -> None:
    mixed = MixedFaces(real_crops(), 1)
    few = ask(teacher, Question(mixed, 6, "mixed"), tmp_path, 1)
    more = ask(teacher, Question(mixed, 11, "mixed"), tmp_path, 1)
    assert np.array_equal(more[:6], few)
    fewer = ask(teacher, Question(Counted(real_crops()), 5, "mixed"), tmp_path, 1)
    assert np.array_equal(fewer, few[:5])


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", b"PK\x03\x04", b"x" * 300])
def test_damaged_answers_are_asked_for_again(tmp_path: Path, teacher: Teacher, damage: bytes) -> None:
    answers = ask(teacher, Question(real_crops(), 8, "real"), tmp_path, 1)
    file = sorted(tmp_path.glob("*-real/*.npy"))[1]
    file.write_bytes(damage)
    again = Counted(real_crops())
    assert np.array_equal(ask(teacher, Question(again, 8, "real"), tmp_path, 1), answers)
    assert sorted(again.asked) == [4, 5, 6, 7]


def test_answers_that_hold_code_are_not_opened(tmp_path: Path, teacher: Teacher) -> None:
    answers = ask(teacher, Question(real_crops(), 8, "real"), tmp_path, 1)
    file = sorted(tmp_path.glob("*-real/*.npy"))[0]
    np.save(file, np.array([Harm(tmp_path / "harmed")], dtype=object), allow_pickle=True)
    assert np.array_equal(ask(teacher, Question(real_crops(), 8, "real"), tmp_path, 1), answers)
    assert not (tmp_path / "harmed").exists()


class Harm:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


def test_two_teachers_or_two_ways_of_asking_do_not_share_answers(tmp_path: Path, teacher: Teacher) -> None:
    other = Teacher(write_teacher(tmp_path / "other.onnx", seed=5), "arcface")
    otherwise = Teacher(teacher.path, "imagenet")
    asked = [ask(one, Question(real_crops(), 8, "real"), tmp_path, 1) for one in (teacher, other, otherwise)]
    assert not np.array_equal(asked[0], asked[1])
    assert not np.array_equal(asked[0], asked[2])
    assert len(list(tmp_path.glob("*-real"))) == 3


def test_how_many_are_answered_is_told_as_it_happens(tmp_path: Path, teacher: Teacher) -> None:
    told: list[int] = []
    for _ in range(2):
        ask(teacher, Question(real_crops(), 7, "real"), tmp_path, 1, told.append)
    assert told == [4, 3, 4, 3]


def test_nothing_half_written_is_left_behind(tmp_path: Path, teacher: Teacher) -> None:
    ask(teacher, Question(real_crops(), 8, "real"), tmp_path, 3)
    assert {file.suffix for file in tmp_path.glob("*-real/*")} == {".npy"}


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, teacher: Teacher) -> None:
    (tmp_path / "answers").write_text("in the way")
    with pytest.raises(RunUnusable, match="answers"):
        ask(teacher, Question(real_crops(), 8, "real"), tmp_path / "answers", 1)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    folder.chmod(0o500)
    try:
        yield
    finally:
        folder.chmod(0o700)


@pytest.mark.usefixtures("without_root")
def test_answers_that_cannot_be_kept_stop_the_asking(tmp_path: Path, teacher: Teacher) -> None:
    ask(teacher, Question(real_crops(), 4, "real"), tmp_path, 1)
    with read_only(next(tmp_path.glob("*-real"))), pytest.raises(RunUnusable):
        ask(teacher, Question(real_crops(), 8, "real"), tmp_path, 1)


def test_other_crops_have_another_mark() -> None:
    every = people()
    assert mark_of(every) == mark_of(every.select(np.arange(len(every))))
    assert mark_of(every) != mark_of(every.training())
    changed = real_crops().copy()
    changed[3, 50, 50] ^= 1
    assert mark_of(nameless(real_crops())) != mark_of(nameless(changed))
    assert mark_of(nameless(real_crops(), "one")) != mark_of(nameless(real_crops(), "other"))

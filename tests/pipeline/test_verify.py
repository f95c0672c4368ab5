"""Two pictures, one answer: same, different or undecided, and clear words where there is none."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from netcafe_face.domain.errors import ImageUnreadable, NoFaceFound, SeveralFaces
from netcafe_face.domain.faces import Image, QualityFlaw
from netcafe_face.domain.matching import Decision
from netcafe_face.domain.results import Face
from netcafe_face.pipeline.pairs import PairLineUnreadable, read_pairs
from netcafe_face.pipeline.recognizer import Recognizer
from netcafe_face.pipeline.verify import REMEMBERED_PICTURES, ComparedFace, FaceChoice, Verifier
from netcafe_face.vision.images import read_image, write_image
from tests.files_kit import SIX_PEOPLE, one_person, recognizer, six_faces


def cut(face: Face, path: Path) -> Path:
    """Write the part of the group photo around one face."""
    x, y, w, h = (int(value) for value in face.detection.box)
    photo = read_image(SIX_PEOPLE)
    write_image(path, photo[max(0, y - h // 2) : y + h + h // 2, max(0, x - w // 2) : x + w + w // 2])
    return path


def compared(vector: list[float], flaws: frozenset[QualityFlaw] = frozenset()) -> ComparedFace:
    embedding = np.asarray(vector, np.float32)
    crop = np.zeros((112, 112, 3), np.uint8)
    quality = replace(six_faces()[0].quality, flaws=flaws)
    return ComparedFace(Path("a.png"), crop, embedding, quality, 1)


@pytest.fixture(scope="module")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return one_person(tmp_path_factory.mktemp("portrait"))


class CountingRecognizer(Recognizer):
    """The real recogniser, which also counts its work."""

    looks = 0

    def analyse(self, image_bgr: Image) -> tuple[Face, ...]:
        self.looks += 1
        return super().analyse(image_bgr)


@pytest.fixture
def counting() -> CountingRecognizer:
    real = recognizer()
    return CountingRecognizer(real.detector, real._embedder, real._curve, real.pack_id)


def test_the_same_picture_shows_the_same_person(portrait: Path) -> None:
    answer = Verifier(recognizer()).verify(portrait, portrait)
    assert answer.decision is Decision.KNOWN
    assert answer.similarity == pytest.approx(1.0, abs=1e-5)
    assert answer.angle_degrees < 0.5
    assert answer.first.crop_bgr.shape == (112, 112, 3)


def test_another_rendering_of_a_person_is_the_same_person(portrait: Path, tmp_path: Path) -> None:
    dimmer = (read_image(portrait).astype(np.float32) * 0.8 + 10).astype(np.uint8)
    write_image(tmp_path / "dim.jpg", dimmer[20:, 10:])
    answer = Verifier(recognizer()).verify(portrait, tmp_path / "dim.jpg")
    assert answer.decision is Decision.KNOWN
    assert answer.similarity < 1.0


def test_no_two_of_six_people_are_called_the_same(tmp_path: Path) -> None:
    verifier = Verifier(recognizer(), FaceChoice.LARGEST)
    pictures = [cut(face, tmp_path / f"{n}.png") for n, face in enumerate(six_faces()[:6])]
    for n, first in enumerate(pictures):
        for second in pictures[n + 1 :]:
            answer = verifier.verify(first, second)
            assert answer.decision is not Decision.KNOWN
            assert answer.angle_degrees == pytest.approx(np.degrees(np.arccos(answer.similarity)), abs=1e-3)


def test_several_faces_are_refused_unless_the_largest_is_asked_for(portrait: Path) -> None:
    with pytest.raises(SeveralFaces):
        Verifier(recognizer()).verify(portrait, SIX_PEOPLE)
    answer = Verifier(recognizer(), FaceChoice.LARGEST).verify(portrait, SIX_PEOPLE)
    assert answer.decision is not Decision.KNOWN
    assert answer.second.faces_found >= 6


def test_a_picture_without_a_face_is_named(portrait: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "grey.png", np.full((200, 200, 3), 128, np.uint8))
    with pytest.raises(NoFaceFound, match=r"grey\.png"):
        Verifier(recognizer()).verify(portrait, tmp_path / "grey.png")


def test_a_picture_that_cannot_be_read_is_named(portrait: Path, tmp_path: Path) -> None:
    with pytest.raises(ImageUnreadable, match=r"nowhere\.png"):
        Verifier(recognizer()).verify(tmp_path / "nowhere.png", portrait)


@pytest.mark.parametrize(
    ("above_same", "above_doubt", "expected"),
    [
        (0.01, None, Decision.KNOWN),
        (-0.01, None, Decision.UNDECIDED),
        (None, 0.01, Decision.UNDECIDED),
        (None, -0.01, Decision.UNKNOWN),
        (None, -0.9, Decision.UNKNOWN),
    ],
)
def test_between_the_two_thresholds_the_answer_is_undecided(
    above_same: float | None, above_doubt: float | None, expected: Decision
) -> None:
    verifier = Verifier(recognizer())
    base = verifier.rule.threshold if above_same is not None else verifier.rule.doubt_from
    cosine = base + (above_same or above_doubt or 0.0)
    other = compared([cosine, float(np.sqrt(1 - cosine**2))])
    answer = verifier.compare(compared([1.0, 0.0]), other)
    assert answer.decision is expected
    assert not answer.held_back


@pytest.mark.parametrize("flaw", [QualityFlaw.TOO_SMALL, QualityFlaw.BLURRED])
def test_same_person_is_never_said_over_a_face_too_poor_to_tell(flaw: QualityFlaw) -> None:
    verifier = Verifier(recognizer())
    poor = compared([1.0, 0.0], frozenset({flaw}))
    for pair in ((poor, compared([1.0, 0.0])), (compared([1.0, 0.0]), poor)):
        answer = verifier.compare(*pair)
        assert answer.decision is Decision.UNDECIDED
        assert answer.held_back
    assert verifier.compare(poor, compared([0.0, 1.0])).decision is Decision.UNKNOWN


def test_pairs_reuse_the_faces_already_seen(
    portrait: Path, counting: CountingRecognizer, tmp_path: Path
) -> None:
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    for path in (first, second):
        shutil.copy(portrait, path)
    lines = ["a.png\tb.png\n", "b.png,a.png\n", '"a.png","a.png"\n'] * 20
    answers = list(Verifier(counting).verify_pairs(read_pairs(lines, tmp_path)))
    assert len(answers) == 60
    assert all(answer.verification and answer.error is None for answer in answers)
    assert counting.looks == 2


def test_a_bad_picture_in_a_list_is_reported_each_time_and_read_once(
    portrait: Path, counting: CountingRecognizer, tmp_path: Path
) -> None:
    shutil.copy(portrait, tmp_path / "a.png")
    write_image(tmp_path / "grey.png", np.full((64, 64, 3), 128, np.uint8))
    lines = ["a.png,grey.png", "a.png,nowhere.png", "a.png,grey.png", "a.png,a.png"]
    answers = list(Verifier(counting).verify_pairs(read_pairs(lines, tmp_path)))
    assert [type(answer.error) for answer in answers] == [
        NoFaceFound,
        ImageUnreadable,
        NoFaceFound,
        type(None),
    ]
    assert counting.looks == 2


def test_a_picture_that_changed_on_disk_is_looked_at_again(
    portrait: Path, counting: CountingRecognizer, tmp_path: Path
) -> None:
    path = Path(shutil.copy(portrait, tmp_path / "a.png"))
    verifier = Verifier(counting)
    verifier.verify(path, path)
    write_image(path, np.full((64, 64, 3), 128, np.uint8))
    with pytest.raises(NoFaceFound):
        verifier.verify(path, path)


def test_only_so_many_faces_are_remembered(tmp_path: Path) -> None:
    write_image(tmp_path / "0.png", np.zeros((8, 8, 3), np.uint8))
    for number in range(1, REMEMBERED_PICTURES + 20):
        (tmp_path / f"{number}.png").hardlink_to(tmp_path / "0.png")
    verifier = Verifier(recognizer())
    lines = (f"{number}.png,{number}.png" for number in range(REMEMBERED_PICTURES + 20))
    for _answer in verifier.verify_pairs(read_pairs(lines, tmp_path)):
        assert len(verifier._remembered) <= REMEMBERED_PICTURES


def test_lists_may_hold_comments_empty_lines_and_further_columns(tmp_path: Path) -> None:
    lines = ["\ufeff# pairs\n", "\n", "a.png, b.png ,1\r\n", "c d.png\te,f.png\n", "/abs/a.png,b.png"]
    pairs = list(read_pairs(lines, tmp_path))
    assert [pair.line for pair in pairs] == [3, 4, 5]
    assert (pairs[0].first, pairs[0].second) == (tmp_path / "a.png", tmp_path / "b.png")
    assert (pairs[1].first, pairs[1].second) == (tmp_path / "c d.png", tmp_path / "e,f.png")
    assert pairs[2].first == Path("/abs/a.png")


@pytest.mark.parametrize("line", ["alone.png", "a.png,", ",b.png", '"unfinished,b.png'])
def test_a_line_that_does_not_name_two_pictures_is_refused_with_its_number(line: str, tmp_path: Path) -> None:
    with pytest.raises(PairLineUnreadable, match="Line 2"):
        list(read_pairs(["a.png,b.png", line], tmp_path))


def test_the_rule_in_force_is_the_pairwise_one() -> None:
    rule = Verifier(recognizer()).rule
    assert rule == recognizer().verification_rule()

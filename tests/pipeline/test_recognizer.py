"""From a frame to names: one embedding call a frame, and no name that does not stand on firm ground."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from netcafe_face.domain.faces import Detection, FloatArray, Image, QualityFlaw
from netcafe_face.domain.matching import Decision, identification_rule, verification_rule
from netcafe_face.domain.results import Face
from netcafe_face.gallery.service import Gallery
from netcafe_face.pipeline.labels import label
from netcafe_face.pipeline.recognizer import Recognizer
from netcafe_face.vision.packs import ModelPack
from netcafe_face.vision.ports import Detector, Embedder
from tests.files_kit import enrol


class Counting:
    """The real embedder, counting its calls."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder, self.batches = embedder, []

    @property
    def dim(self) -> int:
        return self.embedder.dim

    def embed(self, crops_bgr: Image) -> FloatArray:
        self.batches.append(len(crops_bgr))
        return self.embedder.embed(crops_bgr)


class Given:
    """A detector that finds what it was told."""

    def __init__(self, *found: Detection) -> None:
        self.found = list(found)

    def detect(self, image_bgr: Image) -> list[Detection]:
        return self.found


@pytest.fixture
def gallery(tmp_path: Path, pack: ModelPack) -> Iterator[Gallery]:
    with Gallery.open(tmp_path, pack.pack_id) as opened:
        yield opened


def names(faces: tuple[Face, ...], gallery: Gallery) -> list[str]:
    snapshot = gallery.snapshot
    return sorted(text for face in faces if (text := label(face, snapshot).text))


def test_all_faces_of_a_frame_are_embedded_in_one_call(
    pack: ModelPack, detector: Detector, embedder: Embedder, group_bgr: Image
) -> None:
    counting = Counting(embedder)
    recognizer = Recognizer(detector, counting, pack.card.thresholds)
    faces = recognizer.analyse(group_bgr)
    assert len(faces) == 6
    assert counting.batches == [6]
    recognizer.analyse(np.full((300, 300, 3), 90, np.uint8))
    assert counting.batches == [6]


def test_what_is_told_of_a_face_belongs_together(
    recognizer: Recognizer, embedder: Embedder, group_bgr: Image
) -> None:
    for face in recognizer.analyse(group_bgr):
        assert face.crop_bgr is not None
        assert face.embedding is not None
        assert face.embedding == pytest.approx(embedder.embed(face.crop_bgr[None])[0], abs=1e-4)
        assert face.quality.size_px == face.detection.size_px
        assert face.match is None


def test_everybody_enrolled_is_named_in_the_next_frame_and_nobody_else(
    recognizer: Recognizer, gallery: Gallery, group_bgr: Image, group_faces: tuple[Face, ...]
) -> None:
    enrol(gallery, group_faces[2], "KH-1", "Ánh")
    enrol(gallery, group_faces[5], "KH-2", "Bảo")
    noisy = group_bgr.astype(int) + np.random.default_rng(3).integers(-6, 7, group_bgr.shape)
    frame = np.clip(noisy, 0, 255).astype(np.uint8)
    faces = recognizer.recognise(frame, gallery.snapshot)
    assert names(faces, gallery) == ["Bảo", "Ánh"]
    for face in faces:
        assert face.match is not None
        assert face.match.rule == recognizer.rule(gallery.snapshot)
        assert len(face.match.candidates) == 2


def test_a_deleted_customer_is_not_named_in_the_next_frame(
    recognizer: Recognizer, gallery: Gallery, group_bgr: Image, group_faces: tuple[Face, ...]
) -> None:
    enrol(gallery, group_faces[2], "KH-1", "Ánh")
    enrol(gallery, group_faces[5], "KH-2", "Bảo")
    held = gallery.snapshot
    gallery.delete("KH-1")
    assert names(recognizer.recognise(group_bgr, gallery.snapshot), gallery) == ["Bảo"]
    assert names(recognizer.recognise(group_bgr, held), gallery) == ["Bảo"]


def test_in_an_empty_gallery_everybody_is_unknown_and_nothing_breaks(
    recognizer: Recognizer, gallery: Gallery, group_bgr: Image
) -> None:
    faces = recognizer.recognise(group_bgr, gallery.snapshot)
    assert {face.match.decision for face in faces if face.match} == {Decision.UNKNOWN}
    assert recognizer.recognise(np.zeros((50, 50, 3), np.uint8), gallery.snapshot) == ()


@pytest.mark.parametrize("flaw", [QualityFlaw.TOO_SMALL, QualityFlaw.BLURRED])
def test_an_untrusted_face_is_never_named_however_alike(
    recognizer: Recognizer, gallery: Gallery, group_faces: tuple[Face, ...], flaw: QualityFlaw
) -> None:
    enrol(gallery, group_faces[2], "KH-1", "Ánh")
    sure = group_faces[2]
    poor = replace(sure, quality=replace(sure.quality, flaws=frozenset({flaw})))
    matched = recognizer.match([sure, poor], gallery.snapshot)
    decisions = [face.match.decision for face in matched if face.match]
    assert decisions == [Decision.KNOWN, Decision.UNDECIDED]


def test_a_tiny_picture_of_a_customer_names_nobody(
    recognizer: Recognizer, gallery: Gallery, group_bgr: Image, group_faces: tuple[Face, ...]
) -> None:
    for number, face in enumerate(group_faces):
        enrol(gallery, face, f"KH-{number}", f"Khách {number}")
    tiny = np.asarray(cv2.resize(group_bgr, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA), np.uint8)
    faces = recognizer.recognise(tiny, gallery.snapshot)
    assert len(faces) >= 5
    assert names(faces, gallery) == []


def test_a_face_with_degenerate_landmarks_comes_without_embedding_and_match(
    pack: ModelPack, embedder: Embedder, gallery: Gallery, group_bgr: Image, group_faces: tuple[Face, ...]
) -> None:
    enrol(gallery, group_faces[2], "KH-1", "Ánh")
    good = group_faces[2].detection
    flat = replace(good, landmarks=np.tile(good.landmarks[:1], (5, 1)))
    counting = Counting(embedder)
    found = Recognizer(Given(flat, good, flat), counting, pack.card.thresholds)
    faces = found.recognise(group_bgr, gallery.snapshot)
    assert [face.embedding is None for face in faces] == [True, False, True]
    assert [face.match is None for face in faces] == [True, False, True]
    assert [face.crop_bgr is None for face in faces] == [True, False, True]
    assert names(faces, gallery) == ["Ánh"]
    assert counting.batches == [1]
    nobody = Recognizer(Given(flat), counting, pack.card.thresholds)
    assert nobody.recognise(group_bgr, gallery.snapshot)[0].match is None


def test_several_threads_at_once_give_the_answers_of_one(
    recognizer: Recognizer, gallery: Gallery, group_bgr: Image, astronaut_bgr: Image, portrait_bgr: Image
) -> None:
    pictures = [group_bgr[:500, :700], astronaut_bgr, portrait_bgr, group_bgr[200:, 500:]] * 3
    frames = [np.ascontiguousarray(picture) for picture in pictures]
    alone = [recognizer.recognise(frame, gallery.snapshot) for frame in frames]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda frame: recognizer.recognise(frame, gallery.snapshot), frames))
    for one, other in zip(alone, together, strict=True):
        assert [f.detection.box.tolist() for f in one] == [f.detection.box.tolist() for f in other]
        for left, right in zip(one, other, strict=True):
            assert left.embedding == pytest.approx(right.embedding, abs=1e-4)


def test_templates_of_another_pack_are_never_compared(
    recognizer: Recognizer, gallery: Gallery, group_bgr: Image, group_faces: tuple[Face, ...]
) -> None:
    enrol(gallery, group_faces[2], "KH-1", "Ánh")
    gallery.use_pack("another-pack@1.0.0:0123456789ab")
    faces = recognizer.recognise(group_bgr, gallery.snapshot)
    assert len(faces) == 6
    assert all(face.match is None for face in faces)
    before = recognizer.match(group_faces, gallery.snapshot)
    assert all(face.match is None for face in before)


def test_a_match_made_before_a_change_of_packs_does_not_outlive_it(
    recognizer: Recognizer, gallery: Gallery, group_faces: tuple[Face, ...]
) -> None:
    enrol(gallery, group_faces[2], "KH-1", "Ánh")
    matched = recognizer.match(group_faces, gallery.snapshot)
    assert names(matched, gallery) == ["Ánh"]
    gallery.use_pack("another-pack@1.0.0:0123456789ab")
    assert all(face.match is None for face in recognizer.match(matched, gallery.snapshot))


def test_the_rule_follows_the_number_of_templates(
    pack: ModelPack, recognizer: Recognizer, gallery: Gallery, group_faces: tuple[Face, ...]
) -> None:
    curve = pack.card.thresholds
    assert recognizer.rule(gallery.snapshot) == identification_rule(curve, 0)
    for number, face in enumerate(group_faces):
        enrol(gallery, face, f"KH-{number}", f"Khách {number}")
    assert recognizer.rule(gallery.snapshot) == identification_rule(curve, 6)
    assert recognizer.verification_rule() == verification_rule(curve)


def test_crops_can_be_embedded_again(recognizer: Recognizer, group_faces: tuple[Face, ...]) -> None:
    crops = [face.crop_bgr for face in group_faces if face.crop_bgr is not None]
    stored = np.stack([face.embedding for face in group_faces if face.embedding is not None])
    assert recognizer.embed(crops) == pytest.approx(stored, abs=1e-4)

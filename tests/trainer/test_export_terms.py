"""Whose a pack is: only what is recorded is said, and only the shipped pack is the project's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netcafe_face.trainer.errors import OptionsRefused
from netcafe_face.trainer.export import detector as facts
from netcafe_face.trainer.export.detector import detector_of_file, detector_of_pack
from netcafe_face.trainer.export.teachers import KNOWN
from netcafe_face.trainer.export.terms import SHIPPED, terms
from netcafe_face.vision import sentences
from netcafe_face.vision.packs import sha256_of
from tests.files_kit import MODELS

DETECTOR = MODELS / SHIPPED / "detector.onnx"
YUNET = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"


def run_of(folder: Path, **more: object) -> Path:
    """A detector's run as its folder tells it."""
    config = {"scenes": 6400, "steps": 100, "batch": 4, "seed": 1}
    record = {"kind": "detector", "config": config, "store": {"key": {"teacher": YUNET[:16]}}, **more}
    (folder / "run.json").write_text(json.dumps(record), encoding="utf-8")
    return folder


def test_the_shipped_pack_is_the_projects_own_if_its_detector_was_trained_too() -> None:
    own = terms(SHIPPED, sentences.DETECTOR_TOO)
    assert own.source == sentences.SOURCE
    assert own.licence == "GPL-3.0-only"
    for name, origin in ((SHIPPED, sentences.DETECTOR_UNKNOWN), ("my-pack", sentences.DETECTOR_TOO)):
        other = terms(name, origin)
        assert other.source == f"{sentences.MADE} {origin}"
        assert other.licence == "not stated"


def test_a_detector_of_others_is_told_by_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "KNOWN", {sha256_of(DETECTOR): KNOWN[YUNET]})
    found = detector_of_file(DETECTOR, None, None, {})
    assert found.origin == "The detector is another project's network, under Apache-2.0 / MIT."
    assert sentences.composed(f"{sentences.MADE} {found.origin}")


def test_a_detector_without_a_record_and_without_an_examination_says_so() -> None:
    found = detector_of_file(DETECTOR, None, None, {})
    assert (found.origin, found.weak) == (sentences.DETECTOR_UNKNOWN, (sentences.DETECTOR_UNEXAMINED,))
    packed = detector_of_pack(DETECTOR.parent)
    assert (packed.origin, packed.weak) == (sentences.DETECTOR_PACKED, (sentences.DETECTOR_UNEXAMINED,))


def test_a_detectors_teacher_is_named_with_its_licence(tmp_path: Path) -> None:
    found = detector_of_file(DETECTOR, None, run_of(tmp_path), {})
    assert "taught by face_detection_yunet_2023mar.onnx (Apache-2.0 / MIT)" in found.learned[0]
    assert found.origin == sentences.DETECTOR_TOO
    run_of(tmp_path, teacher={"file": "own.onnx", "sha256": "00"})
    with pytest.raises(OptionsRefused, match=r"own\.onnx"):
        detector_of_file(DETECTOR, None, tmp_path, {})
    stated = detector_of_file(DETECTOR, None, tmp_path, {"own.onnx": "MIT"})
    assert "taught by own.onnx (MIT)" in stated.learned[0]

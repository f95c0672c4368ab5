"""Whose a pack is: only what is recorded is said, and only the shipped pack is the project's own."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb

from netcafe_face.trainer import drawing
from netcafe_face.trainer.detector.export import export_detector, network_of
from netcafe_face.trainer.detector.history import detector_stages
from netcafe_face.trainer.detector.store import SceneStore
from netcafe_face.trainer.detector.training import train
from netcafe_face.trainer.errors import DataUnusable, OptionsRefused, RunUnusable
from netcafe_face.trainer.export import detector as facts
from netcafe_face.trainer.export.chart import draw_detector
from netcafe_face.trainer.export.detector import detector_of_file, detector_of_pack
from netcafe_face.trainer.export.teachers import KNOWN
from netcafe_face.trainer.export.terms import SHIPPED, terms
from netcafe_face.vision import sentences
from netcafe_face.vision.images import read_image
from netcafe_face.vision.packs import sha256_of
from tests.files_kit import MODELS
from tests.trainer.detector_kit import YUNET, random_store, short_config

DETECTOR = MODELS / SHIPPED / "detector.onnx"


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


def scenes() -> SceneStore:
    """Scenes for which YuNet answered, as their record has it."""
    return replace(random_store(), record={"key": {"teacher": YUNET[:16]}})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector's run that began with another one, and its export."""
    place = tmp_path_factory.mktemp("runs")
    store = scenes()
    train(store, short_config(), place / "first")
    train(store, short_config(seed=2, steps=8, start_from=(str(place / "first"),)), place / "second")
    for name in ("first", "second"):
        export_detector(network_of(place / name / "last.pt"), place / name / "detector.onnx")
    return place / "second"


def test_a_detectors_teacher_and_stages_are_named(run: Path, tmp_path: Path) -> None:
    found = detector_of_file(run / "detector.onnx", None, run, {})
    assert found.learned == (
        "The detector was taught by face_detection_yunet_2023mar.onnx (Apache-2.0 / MIT) on 6 scenes made of "
        "photos: 6 steps of 2 scenes, seed 1.",
        "Detector, stage 2, from stage 1: face_detection_yunet_2023mar.onnx (Apache-2.0 / MIT) taught it on "
        "6 scenes, 8 steps of 2 scenes, seed 2.",
    )
    assert found.origin == sentences.DETECTOR_TOO
    assert [(stage.steps, stage.seconds > 0) for stage in found.stages] == [(6, True), (8, True)]
    assert all(sentences.composed(text) for text in found.learned)


def test_a_teacher_without_a_licence_is_refused(run: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    record = json.loads((copy / "run.json").read_text())
    record["teacher"] = {"file": "own.onnx", "sha256": "00"}
    (copy / "run.json").write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(OptionsRefused, match=r"own\.onnx"):
        detector_of_file(copy / "detector.onnx", None, copy, {})
    stated = detector_of_file(copy / "detector.onnx", None, copy, {"own.onnx": "MIT"})
    assert "own.onnx (MIT) taught it" in stated.learned[1]


@pytest.mark.parametrize("other", ["shipped", "first", "noise"])
def test_a_detector_that_its_run_does_not_export_is_refused(run: Path, tmp_path: Path, other: str) -> None:
    noise = tmp_path / "noise.onnx"
    noise.write_bytes(b"no network")
    file = {"shipped": DETECTOR, "first": run.parent / "first/detector.onnx", "noise": noise}[other]
    with pytest.raises(OptionsRefused, match="export it again"):
        detector_of_file(file, None, run, {})


def test_figures_of_another_detector_are_refused(run: Path, tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    figures.write_text(json.dumps({"sha256": sha256_of(DETECTOR)}), encoding="utf-8")
    with pytest.raises(DataUnusable, match="not measured with"):
        detector_of_file(run / "detector.onnx", figures, run, {})
    assert detector_of_file(DETECTOR, figures, None, {}).figures["sha256"] == sha256_of(DETECTOR)


def test_a_run_that_begins_with_itself_is_refused(run: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    record = json.loads((copy / "run.json").read_text())
    record["config"]["start_from"] = str(copy)
    (copy / "run.json").write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(RunUnusable, match="without an end"):
        detector_stages(copy)


def test_runs_from_whose_mean_a_run_began_are_told_once_each(run: Path, tmp_path: Path) -> None:
    root = run.parent / "first"
    ways = [tmp_path / "one", tmp_path / "two"]
    for seed, way in enumerate(ways, start=3):
        train(scenes(), short_config(seed=seed, start_from=(str(root),)), way)
    train(
        scenes(),
        short_config(seed=5, least_face_px=12, start_from=tuple(map(str, ways))),
        tmp_path / "joined",
    )
    stages = detector_stages(tmp_path / "joined")
    assert [stage.config.seed for stage in stages] == [1, 3, 4, 5]
    assert [stage.began_with for stage in stages] == [(), (1,), (1,), (2, 3)]
    export_detector(network_of(tmp_path / "joined/last.pt"), tmp_path / "joined.onnx")
    learned = detector_of_file(tmp_path / "joined.onnx", None, tmp_path / "joined", {}).learned
    assert learned[1].startswith("Detector, stage 2, from stage 1: ")
    assert learned[2].startswith("Detector, stage 3, from stage 1: ")
    assert learned[3].startswith("Detector, stage 4, from the mean of stages 2, 3: ")
    assert learned[4] == (
        "It learned to leave out faces of less than 12 pixels, and in part those of less than 18."
    )

    def bracketed(text: str) -> str:
        return sentences.in_language(text, lambda one: f"<{one}>" if one in sentences.SENTENCES else one)

    marked = [bracketed(text) for text in learned]
    for order in (learned, learned[::-1]):
        whole = bracketed(" ".join(order))
        assert sorted(whole.replace("> <", ">\n<").splitlines()) == sorted(marked), "each is told apart"


def test_runs_that_begin_with_each_other_are_refused(run: Path, tmp_path: Path) -> None:
    one, two = (Path(shutil.copytree(run, tmp_path / name)) for name in ("one", "two"))
    for folder, start in ((one, two), (two, one)):
        record = json.loads((folder / "run.json").read_text())
        record["config"]["start_from"] = [str(run.parent / "first"), str(start)]
        (folder / "run.json").write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(RunUnusable, match="without an end"):
        detector_stages(one)


def test_a_checkpoint_may_lie_elsewhere(run: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    (tmp_path / "archive").mkdir()
    (copy / "last.pt").rename(tmp_path / "archive/run-2.pt")
    (copy / "last.pt").symlink_to(tmp_path / "archive/run-2.pt")
    assert [stage.folder.name for stage in detector_stages(copy)] == ["first", "run"]


@pytest.mark.parametrize(
    "broken",
    [
        '{"config": {}}',
        '{"config": {"colour": 1}, "store": {}}',
        '{"config": {"start_from": [1, 2]}, "store": {"key": {"teacher": ""}}}',
        '{"config": {}, "store": {"key": null}}',
        '{"config": {}, "store": {}, "teacher": {"sha256": "00"}}',
        "[]",
    ],
)
def test_a_record_that_lacks_something_is_refused(run: Path, tmp_path: Path, broken: str) -> None:
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    (copy / "run.json").write_text(broken, encoding="utf-8")
    with pytest.raises(RunUnusable):
        detector_stages(copy)


def test_a_run_that_began_with_a_certain_checkpoint_tells_of_that_one(run: Path, tmp_path: Path) -> None:
    first = Path(shutil.copytree(run.parent / "first", tmp_path / "first"))
    shutil.copy(first / "last.pt", first / "at-6.pt")
    train(scenes(), short_config(steps=9), first)
    started = short_config(start_from=(str(first / "at-6.pt"),))
    train(scenes(), started, tmp_path / "second")
    stages = detector_stages(tmp_path / "second")
    assert [stage.steps for stage in stages] == [6, 6]
    assert max(row["step"] for row in stages[0].curve()) < 6


def test_time_that_was_not_recorded_is_not_made_up(run: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    state = torch.load(copy / "last.pt", weights_only=True)
    del state["seconds"]
    torch.save(state, copy / "last.pt")
    assert math.isnan(detector_stages(copy)[-1].seconds)
    config = short_config(seed=2, steps=10, start_from=(str(run.parent / "first"),))
    assert math.isnan(train(scenes(), config, copy).seconds)


def test_a_run_without_its_curve_is_refused_before_anything_is_measured(run: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    (copy / "curve.csv").write_text("step,seconds\n0,1\n", encoding="utf-8")
    with pytest.raises(RunUnusable, match="score"):
        detector_of_file(copy / "detector.onnx", None, copy, {})
    (copy / "curve.csv").unlink()
    with pytest.raises(RunUnusable, match=r"curve\.csv"):
        detector_of_file(copy / "detector.onnx", None, copy, {})


def test_the_detectors_curves_are_drawn_stage_after_stage(run: Path, tmp_path: Path) -> None:
    stages = detector_stages(run)
    assert draw_detector(stages, tmp_path / "both.png")
    assert draw_detector(stages[:1], tmp_path / "first.png")
    second = to_rgb(drawing.line_style(1)["color"])
    for name, shown in (("both.png", True), ("first.png", False)):
        rgb = read_image(tmp_path / name)[..., ::-1] / 255
        near = (np.abs(rgb - second).max(axis=2) < 0.1).sum()
        assert bool(near > 50) is shown, "each stage has a colour of its own"
    assert not draw_detector((), tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()

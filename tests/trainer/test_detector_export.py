"""The exported file answers as the network does, in OpenCV, at any size."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner
from onnx import numpy_helper

from netcafe_face.trainer.cli.detector import detector
from netcafe_face.trainer.detector import export
from netcafe_face.trainer.detector.export import export_detector, network_of, onnx_answers
from netcafe_face.trainer.detector.finder import Finder
from netcafe_face.trainer.detector.layout import OUTPUTS
from netcafe_face.trainer.detector.network import DetectorNet
from netcafe_face.trainer.detector.training import train
from netcafe_face.trainer.errors import ExportFailed, RunUnusable
from netcafe_face.vision.detection import YuNet
from tests.files_kit import pack
from tests.trainer.detector_kit import TEACHER, folder_of, people, short_config, two_scenes


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has learned two scenes well enough to find the faces on them."""
    folder = tmp_path_factory.mktemp("run")
    config = short_config(
        scenes=2, side_px=160, steps=80, warmup=5, decay_steps=30, average=0.9, report_every=80
    )
    train(two_scenes(), config, folder)
    return folder


@pytest.fixture(scope="module")
def exported(run_folder: Path) -> Path:
    export_detector(network_of(run_folder / "last.pt"), run_folder / "detector.onnx")
    return run_folder / "detector.onnx"


def test_opencv_finds_what_was_learned_at_the_place_where_it_is(exported: Path) -> None:
    scene = two_scenes().scenes_bgr[1]
    wanted = Finder(TEACHER).find(scene)
    found = Finder(exported).find(scene)
    assert found[0, 14] > 0.4
    assert found[0, :4] == pytest.approx(wanted[0, :4], abs=0.2 * float(wanted[0, 2]))


def test_the_program_runs_it_at_several_sizes(exported: Path) -> None:
    card = replace(pack().card.detector, score_threshold=0.3)
    network = YuNet(exported, exported.read_bytes(), card)
    photo = people()
    for height, width in ((443, 640), (64, 64), (131, 77), (320, 320), (443, 640)):
        rows = network.find(np.ascontiguousarray(photo[:height, :width]))
        assert rows.shape[1] == 15
        assert np.isfinite(rows).all()


def test_outputs_have_the_names_and_shapes_of_yunet(exported: Path) -> None:
    answers = onnx_answers(exported.read_bytes(), people()[:96, :128])
    assert list(answers) == list(OUTPUTS)
    assert answers["cls_8"].shape == (1, 192, 1)
    assert answers["bbox_16"].shape == (1, 48, 4)
    assert answers["kps_32"].shape == (1, 12, 10)


def test_it_answers_as_the_network_does_on_a_photo(exported: Path, run_folder: Path) -> None:
    picture = people()[:128, :160]
    answers = onnx_answers(exported.read_bytes(), picture)
    with torch.no_grad():
        told = network_of(run_folder / "last.pt")(
            torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float()
        )
    points = np.concatenate([answers[f"kps_{stride}"][0] for stride in (8, 16, 32)])
    score = np.concatenate([answers[f"cls_{stride}"][0] for stride in (8, 16, 32)])
    assert points == pytest.approx(told[0, :, 5:].numpy(), abs=1e-3)
    assert score[:, 0] == pytest.approx(torch.sigmoid(told[0, :, 0]).numpy(), abs=1e-4)


def test_a_deeper_network_is_exported_as_it_was_trained(tmp_path: Path) -> None:
    train(two_scenes(), short_config(scenes=2, side_px=160, steps=4, deeper=1), tmp_path)
    network = network_of(tmp_path / "last.pt")
    assert network.widths.deeper == 1
    blocks = [name for name in network.state_dict() if name.endswith("branch.2.weight")]
    assert len(blocks) == 2
    with torch.no_grad():
        for name in blocks:
            network.state_dict()[name].fill_(100.0)
        images = torch.rand(1, 3, 64, 64) * 255
        without = DetectorNet(network.widths).eval()
        without.load_state_dict(network.state_dict() | {name: torch.zeros(64) for name in blocks})
        assert float((network(images) - without(images)).abs().max()) > 20 * export._MOST_APART
    export_detector(network, tmp_path / "detector.onnx")  # compares the answers


def test_no_weight_is_the_teachers(exported: Path) -> None:
    def tensors(path: Path) -> list[np.ndarray]:
        held = onnx.load(path).graph.initializer
        return [each for each in map(numpy_helper.to_array, held) if each.size > 16]

    own, others = tensors(exported), tensors(TEACHER)
    assert own
    assert not any(a.shape == b.shape and np.allclose(a, b) for a in own for b in others)


def test_a_file_that_answers_otherwise_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = DetectorNet().eval()
    folded = export._folded

    def broken(original: DetectorNet) -> DetectorNet:
        copy = folded(original)
        with torch.no_grad():
            copy.answers[1].around.bias.add_(0.1)
        return copy

    monkeypatch.setattr(export, "_folded", broken)
    with pytest.raises(ExportFailed):
        export_detector(network, tmp_path / "x.onnx")
    assert not (tmp_path / "x.onnx").exists()


def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path) -> None:
    torch.save({"ema": {"weight": torch.zeros(3)}}, tmp_path / "last.pt")
    with pytest.raises(RunUnusable):
        network_of(tmp_path / "last.pt")


def test_from_photos_to_a_measured_detector_by_commands_alone(tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(6)]
    rooms = folder_of(tmp_path / "rooms", names, people()[:260, :330])
    (rooms / names[0]).write_bytes(b"broken")
    runner = CliRunner()
    out = tmp_path / "run"
    fit = ["fit", "--teacher", str(TEACHER), "--rooms", str(rooms), "--out", str(out), "--scenes", "4"]
    fit += ["--side", "64", "--batch", "2", "--steps", "2", "--decay-steps", "1"]
    result = runner.invoke(detector, fit, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    again = runner.invoke(detector, [*fit, "--steps", "3"], catch_exceptions=False)
    assert "3 of 3 steps" in again.output
    other = [*fit, "--out", str(tmp_path / "other"), "--seed", "2"]
    runner.invoke(detector, other, catch_exceptions=False)
    joined = [*fit, "--out", str(tmp_path / "joined"), "--store", str(out / "scenes"), "--least-face", "12"]
    joined += ["--start-from", str(out), "--start-from", str(tmp_path / "other"), "--start-from", ""]
    result = runner.invoke(detector, joined, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    config = json.loads((tmp_path / "joined/run.json").read_text())["config"]
    assert config["least_face_px"] == 12
    assert config["start_from"] == [str(out), str(tmp_path / "other")]
    wrong = runner.invoke(detector, [*joined, "--least-face", "-1"])
    assert wrong.exit_code == 2
    made = tmp_path / "d.onnx"
    result = runner.invoke(detector, ["export", str(out / "last.pt"), str(made)], catch_exceptions=False)
    assert made.stat().st_size < 1_000_000
    grey = folder_of(tmp_path / "grey", ["grey.png"], np.full((96, 96, 3), 90, dtype=np.uint8))
    report = tmp_path / "figures.json"
    exam = [
        "evaluate",
        str(made),
        "--reference",
        str(TEACHER),
        "--rooms",
        str(rooms),
        "--reference-score",
        "0.5",
    ]
    exam += ["--faceless", str(grey), "--json", str(report)]
    result = runner.invoke(detector, exam, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    figures = json.loads(report.read_text(encoding="utf-8"))
    assert figures["agreement"][0]["faces"] > 0
    assert figures["agreement"][0]["recall"] == 0
    assert figures["agreement"][0]["error_median"] is None
    assert figures["faceless"] == {"pictures": 1, "false_alarms": 0, "reference_false_alarms": 0}
    assert str(figures["score_threshold"]) in result.output

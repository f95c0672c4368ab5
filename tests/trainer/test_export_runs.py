"""A run's network and history are read back from its folder, and from the file that was exported."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
import torch

from netcafe_face.trainer.errors import RunUnusable
from netcafe_face.trainer.export.checking import torch_embeddings
from netcafe_face.trainer.export.onnx import export_onnx
from netcafe_face.trainer.export.origin import Origin
from netcafe_face.trainer.export.runs import as_record, load_run, stages_of
from netcafe_face.trainer.loop import checkpoint
from netcafe_face.trainer.loop.training import train
from tests.trainer.kit import people, plan, real_crops, tiny


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, and a second one that began with its weights."""
    folder = tmp_path_factory.mktemp("runs")
    train(plan(folder / "first", tiny(validate_every=3, steps=6)))
    config = tiny(validate_every=2, steps=4, loss="cosface", seed=3, start_from=str(folder / "first"))
    train(plan(folder / "second", config))
    return folder


def test_the_averaged_weights_of_the_best_step_are_taken(runs: Path) -> None:
    state = checkpoint.load(runs / "first" / checkpoint.BEST)
    run = load_run(runs / "first")
    assert run.stages[-1].step == state["step"]
    assert not run.backbone.training
    for name, value in run.backbone.state_dict().items():
        assert torch.equal(value, state["ema"][name])


def test_the_last_weights_can_be_taken_instead(runs: Path) -> None:
    run = load_run(runs / "first", checkpoint.LAST)
    assert run.stages[-1].step == 6
    assert torch_embeddings(run.backbone, real_crops()).shape == (8, 16)


def test_the_record_says_what_was_learned_from_and_for_how_long(runs: Path) -> None:
    (stage,) = load_run(runs / "first", checkpoint.LAST).stages
    crops = people().training()
    assert (stage.config.loss, stage.config.seed, stage.step) == ("arcface", 0, 6)
    assert stage.data["crops"] == len(crops)
    assert stage.data["groups"] == {"made-up": len(crops)}
    assert stage.seconds > 0
    assert stage.epochs == pytest.approx(6 * 8 / len(crops))
    assert "--backbone plain-tiny" in stage.command
    assert "--steps 6" in stage.command


def test_a_run_that_began_with_another_has_both_in_its_history(runs: Path) -> None:
    stages = load_run(runs / "second").stages
    assert [stage.config.loss for stage in stages] == ["arcface", "cosface"]
    assert [stage.config.seed for stage in stages] == [0, 3]
    assert stages[1].config.start_from == "first"


def test_a_run_that_began_with_a_certain_checkpoint_names_it_with_its_folder(
    runs: Path, tmp_path: Path
) -> None:
    start = str(runs / "first" / checkpoint.LAST)
    train(plan(tmp_path / "third", tiny(validate_every=2, steps=2, start_from=start)))
    stages = load_run(tmp_path / "third").stages
    assert [stage.step for stage in stages] == [6, 2]
    assert stages[1].config.start_from == "first/last.pt"
    assert "--start-from runs/first/last.pt" in stages[1].command


def test_the_curve_ends_where_the_weights_were_taken(runs: Path) -> None:
    (stage,) = load_run(runs / "first", checkpoint.LAST).stages
    steps = [row["step"] for row in stage.curve()]
    assert steps[-1] == 6
    assert [row["step"] for row in replace(stage, step=3).curve()] == [step for step in steps if step <= 3]
    assert replace(stage, folder=None).curve() == []


def test_an_exported_file_carries_the_history_without_this_computers_folders(
    runs: Path, tmp_path: Path
) -> None:
    run = load_run(runs / "second")
    origin = Origin("second", "abc", "train export", as_record(run.stages))
    path = export_onnx(run.backbone, tmp_path / "embedder.onnx", real_crops(), origin).path
    carried = stages_of(path)
    assert carried == tuple(replace(stage, folder=None) for stage in run.stages)
    assert str(runs).encode() not in path.read_bytes()


def test_a_file_without_a_history_is_refused(tmp_path: Path) -> None:
    model = onnx.helper.make_model(onnx.helper.make_graph([], "empty", [], []))
    onnx.save(model, tmp_path / "foreign.onnx")
    with pytest.raises(RunUnusable, match="no record of its training"):
        stages_of(tmp_path / "foreign.onnx")
    onnx.helper.set_model_props(model, {"record": '[{"config": {}}]'})
    onnx.save(model, tmp_path / "foreign.onnx")
    with pytest.raises(RunUnusable):
        stages_of(tmp_path / "foreign.onnx")
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(RunUnusable):
        stages_of(tmp_path / "text.onnx")


def test_a_record_that_lacks_something_is_named(runs: Path, tmp_path: Path) -> None:
    record = json.loads((runs / "first" / checkpoint.RECORD).read_text(encoding="utf-8"))
    (tmp_path / checkpoint.BEST).write_bytes((runs / "first" / checkpoint.BEST).read_bytes())
    for lacking in ("config", "data", "teachers"):
        left = {name: value for name, value in record.items() if name != lacking}
        (tmp_path / checkpoint.RECORD).write_text(json.dumps(left), encoding="utf-8")
        with pytest.raises(RunUnusable, match=lacking):
            load_run(tmp_path)


def test_weights_of_another_network_are_refused(runs: Path, tmp_path: Path) -> None:
    record = json.loads((runs / "first" / checkpoint.RECORD).read_text(encoding="utf-8"))
    record["config"]["dim"] = 32
    (tmp_path / checkpoint.RECORD).write_text(json.dumps(record), encoding="utf-8")
    (tmp_path / checkpoint.BEST).write_bytes((runs / "first" / checkpoint.BEST).read_bytes())
    with pytest.raises(RunUnusable, match="another network"):
        load_run(tmp_path)


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunUnusable):
        load_run(tmp_path)

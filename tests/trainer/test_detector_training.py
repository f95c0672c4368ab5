"""The loop learns, goes on exactly where it was stopped, and refuses to go on as another run."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from netcafe_face.trainer.detector.config import DetectorConfig
from netcafe_face.trainer.detector.export import export_detector
from netcafe_face.trainer.detector.network import DetectorNet, Widths
from netcafe_face.trainer.detector.objective import cell_strides, compare, map_error
from netcafe_face.trainer.detector.teacher import DenseTeacher
from netcafe_face.trainer.detector.training import check_start, numbers_at, rate_at, start_run, train
from netcafe_face.trainer.errors import OptionsRefused, RunUnusable
from tests.trainer.detector_kit import random_store, short_config, two_scenes


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    state = torch.load(folder / "last.pt", weights_only=True)
    return {f"{kind}.{name}": each for kind in ("backbone", "ema") for name, each in state[kind].items()}


def test_two_scenes_are_learned_by_heart(tmp_path: Path) -> None:
    store = two_scenes()
    config = short_config(
        scenes=2, side_px=160, steps=80, warmup=5, decay_steps=30, average=0.9, report_every=79
    )
    train(store, config, tmp_path)
    with (tmp_path / "curve.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert float(rows[-1]["loss"]) < 0.5 * float(rows[0]["loss"])
    assert float(rows[-1]["points"]) < 0.6 * float(rows[0]["points"])


def test_each_part_can_learn_from_the_teachers_maps_first(tmp_path: Path) -> None:
    torch.manual_seed(5)
    export_detector(DetectorNet().eval(), tmp_path / "teacher.onnx")
    teacher, store = DenseTeacher(tmp_path / "teacher.onnx"), two_scenes()
    config = short_config(scenes=2, side_px=160, steps=20, map_steps=20, warmup=2, decay_steps=5)
    theirs = [torch.from_numpy(each) for each in teacher.maps(np.asarray(store.scenes_bgr[:2]))]
    images = torch.from_numpy(np.asarray(store.scenes_bgr[:2])).permute(0, 3, 1, 2).float()

    def error(network: DetectorNet) -> float:
        with torch.no_grad():
            return float(map_error(network.train().parts(images, theirs)[0], theirs))

    before = error(start_run(config).network)
    assert error(train(store, config, tmp_path / "run", teacher=teacher).network) < 0.7 * before


def test_parts_fed_with_the_networks_own_maps_give_its_own_answers() -> None:
    torch.manual_seed(5)
    network = DetectorNet().eval()
    images = torch.rand(1, 3, 64, 64) * 255
    with torch.no_grad():
        fine = network._fine(images)
        middle = network.stages[1](torch.nn.functional.max_pool2d(fine, 2))
        coarse = network.stages[2](torch.nn.functional.max_pool2d(middle, 2))
        low_coarse = network.necks[2](coarse)
        low_middle = network.necks[1](middle + torch.nn.functional.interpolate(low_coarse, scale_factor=2.0))
        low_fine = network.necks[0](fine + torch.nn.functional.interpolate(low_middle, scale_factor=2.0))
        theirs = [fine, middle, coarse, low_fine, low_middle, low_coarse]
        made, answers = network.parts(images, theirs)
        assert float(map_error(made, theirs)) == 0.0
        assert torch.equal(answers, network(images))


def test_a_teacher_built_otherwise_is_refused_for_its_maps(tmp_path: Path) -> None:
    config = short_config(map_steps=2)
    export_detector(DetectorNet(Widths(body=32)).eval(), tmp_path / "narrow.onnx")
    with pytest.raises(OptionsRefused, match="shapes"):
        train(random_store(), config, tmp_path, teacher=DenseTeacher(tmp_path / "narrow.onnx"))
    with pytest.raises(OptionsRefused, match="teacher"):
        train(random_store(), config, tmp_path)


def test_a_stopped_run_goes_on_as_if_it_never_stopped(tmp_path: Path) -> None:
    store, config = random_store(), short_config()
    train(store, config, tmp_path / "whole")
    asked = iter([False, False, True])
    stopped = train(store, config, tmp_path / "parts", lambda: next(asked))
    assert stopped.step == 3
    assert train(store, config, tmp_path / "parts").step == 6
    whole, parts = weights_of(tmp_path / "whole"), weights_of(tmp_path / "parts")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    assert timeless(tmp_path / "whole/curve.csv") == timeless(tmp_path / "parts/curve.csv")


def timeless(curve: Path) -> list[dict[str, str]]:
    """Return a curve's rows without the time that each took."""
    rows = list(csv.DictReader(curve.read_text().splitlines()))
    assert all(float(row.pop("seconds")) >= 0 for row in rows)
    return rows


def test_time_counts_over_all_sessions(tmp_path: Path) -> None:
    store, config = random_store(), short_config(steps=2, decay_steps=0)
    train(store, config, tmp_path)
    state = torch.load(tmp_path / "last.pt", weights_only=True)
    assert state["seconds"] > 0
    torch.save(state | {"seconds": 1000.0}, tmp_path / "last.pt")
    assert train(store, replace(config, steps=4), tmp_path).seconds > 1000


def test_a_run_that_goes_on_keeps_its_commit_and_refuses_other_scenes(tmp_path: Path) -> None:
    store, config = random_store(), short_config(steps=2, decay_steps=0)
    train(store, config, tmp_path)
    record = json.loads((tmp_path / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps(record | {"commit": "abc1234"}))
    train(store, replace(config, steps=4), tmp_path)
    after = json.loads((tmp_path / "run.json").read_text())
    assert (after["commit"], after["config"]["steps"]) == ("abc1234", 4)
    with pytest.raises(OptionsRefused, match="other scenes"):
        train(replace(store, record={"key": {"seed": 2}}), replace(config, steps=6), tmp_path)


@pytest.mark.parametrize("start", ["first", "first/last.pt"])
def test_a_run_can_begin_with_the_averaged_weights_of_another(tmp_path: Path, start: str) -> None:
    store, config = random_store(), short_config()
    earlier = train(store, config, tmp_path / "first").averaged.network.state_dict()
    changed = replace(config, seed=2, start_from=(str(tmp_path / start),))
    begun = start_run(changed, [tmp_path / start])
    for taken in (begun.network.state_dict(), begun.averaged.network.state_dict()):
        assert all(torch.equal(taken[name], earlier[name]) for name in earlier)
    assert train(store, changed, tmp_path / "second").step == config.steps
    recorded = json.loads((tmp_path / "second/run.json").read_text())
    assert recorded["config"]["start_from"] == [str(tmp_path / start)]
    (tmp_path / "first/last.pt").unlink()
    moved = replace(changed, steps=8, start_from=("moved",))
    check_start(moved, tmp_path / "second")
    assert train(store, moved, tmp_path / "second").step == 8, "begun, it needs no start"
    recorded = json.loads((tmp_path / "second/run.json").read_text())
    assert recorded["config"]["start_from"] == [str(tmp_path / start)], "it began with those of then"


def test_a_run_can_begin_with_the_mean_of_others(tmp_path: Path) -> None:
    store, config = random_store(), short_config()
    train(store, config, tmp_path / "root")
    ways = [tmp_path / "one", tmp_path / "two"]
    both = [
        train(store, replace(config, seed=seed, start_from=(str(tmp_path / "root"),)), way)
        for seed, way in enumerate(ways, start=2)
    ]
    one, two = (run.averaged.network.state_dict() for run in both)
    begun = start_run(config, ways).network.state_dict()
    for name, weight in begun.items():
        assert torch.allclose(weight.float(), (one[name].float() + two[name].float()) / 2), name
    assert not torch.equal(one["stem.0.0.weight"], two["stem.0.0.weight"])
    joined = replace(config, seed=4, learning_rate=1e-9, weight_decay=0.0, start_from=tuple(map(str, ways)))
    trained = train(store, joined, tmp_path / "joined").network
    for name, weight in trained.named_parameters():
        assert torch.allclose(weight, begun[name], atol=1e-6), f"{name}: it began with the mean"
    assert train(store, replace(joined, steps=7), tmp_path / "joined").step == 7
    recorded = json.loads((tmp_path / "joined/run.json").read_text())
    assert recorded["config"]["start_from"] == list(map(str, ways))


def test_runs_that_have_no_mean_are_refused(tmp_path: Path) -> None:
    store, config = random_store(), short_config()
    one, deep = tmp_path / "one", tmp_path / "deep"
    train(store, config, one)
    for again in (one, one / "last.pt"):
        with pytest.raises(OptionsRefused, match="with itself"):
            check_start(replace(config, start_from=(str(one), str(again))), tmp_path / "run")
    train(store, replace(config, deeper=1), deep)
    both = replace(config, deeper=1, start_from=(str(one), str(deep)))
    with pytest.raises(RunUnusable, match="another backbone"):
        check_start(both, tmp_path / "run")
    check_start(replace(config, deeper=1, start_from=(str(one),)), tmp_path / "run")


@pytest.mark.parametrize("start", [5, None, [1, 2], [["a"]], {"a": 1}.items()])
def test_a_start_that_is_no_name_is_refused(start: object) -> None:
    with pytest.raises(OptionsRefused):
        DetectorConfig.from_json({"start_from": start})


def test_smaller_faces_are_taught_as_nothing_where_that_was_asked_for(tmp_path: Path) -> None:
    rows = []
    for least_px in (0.0, 100.0):
        config = short_config(scenes=2, side_px=160, steps=2, least_face_px=least_px, report_every=1)
        train(two_scenes(), config, tmp_path / f"{least_px:g}")
        rows += list(csv.DictReader((tmp_path / f"{least_px:g}/curve.csv").read_text().splitlines()))[:1]
    assert float(rows[0]["points"]) > 0
    assert float(rows[1]["points"]) == 0, "no face of the two scenes is so large"


def test_the_record_of_an_older_run_is_understood() -> None:
    older = asdict(short_config()) | {"start_from": "runs/detector-1"}
    del older["least_face_px"]
    assert DetectorConfig.from_json(older).start_from == ("runs/detector-1",)
    assert DetectorConfig.from_json(older | {"start_from": ""}).start_from == ()
    assert DetectorConfig.from_json(older | {"start_from": ["a", "b"]}).start_from == ("a", "b")
    assert short_config(start_from=("moved",)).continuing(older).start_from == ("runs/detector-1",)


def test_a_deeper_network_begins_by_answering_as_the_one_it_began_with(tmp_path: Path) -> None:
    store, config = random_store(), short_config()
    earlier = train(store, config, tmp_path / "first").averaged.network.eval()
    deeper = replace(config, deeper=2, start_from=(str(tmp_path / "first"),))
    begun = start_run(deeper, [tmp_path / "first"]).network
    images = torch.rand(1, 3, 64, 64) * 255
    with torch.no_grad():
        assert torch.equal(begun.eval()(images), earlier(images))
    learned = train(store, replace(deeper, steps=12), tmp_path / "second").network.state_dict()
    norms = [weight for name, weight in learned.items() if name.endswith("branch.2.weight")]
    assert len(norms) == 4, "two at each of two strides"
    assert all(float(weight.abs().max()) > 0 for weight in norms), "the new blocks have learned something"
    with pytest.raises(RunUnusable, match="another backbone"):
        check_start(replace(config, start_from=(str(tmp_path / "second"),)), tmp_path / "third")
    with pytest.raises(OptionsRefused, match="deeper 2"):
        train(store, replace(deeper, deeper=4), tmp_path / "second")
    still_deeper = start_run(replace(config, deeper=4), [tmp_path / "second"]).network.eval()
    second = start_run(deeper, [tmp_path / "second"]).network.eval()
    with torch.no_grad():
        assert torch.equal(still_deeper(images), second(images))


def test_a_block_that_is_added_mixes_and_adds() -> None:
    torch.manual_seed(3)
    network = DetectorNet(Widths(deeper=1)).eval()
    block = network.get_submodule("stages.1.2")
    branch = block.get_submodule("branch")
    features = torch.rand(1, 64, 4, 4)
    with torch.no_grad():
        assert torch.equal(block(features), features)
        block.get_parameter("branch.2.weight").fill_(30.0)
        added = block(features)
        assert torch.equal(added, torch.relu(features + branch(features)))
    assert (added == 0).any(), "ReLU comes after the sum"
    assert not torch.equal(added, features)


def test_a_network_too_deep_for_export_is_refused() -> None:
    with pytest.raises(OptionsRefused, match="megabyte"):
        short_config(deeper=17)


def test_a_run_that_shall_begin_with_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunUnusable, match="missing"):
        check_start(short_config(start_from=(str(tmp_path / "missing"),)), tmp_path / "run")


def test_a_run_may_be_made_longer_and_nothing_else(tmp_path: Path) -> None:
    store, config = random_store(), short_config(steps=2, decay_steps=0)
    train(store, config, tmp_path)
    assert train(store, replace(config, steps=3), tmp_path).step == 3
    with pytest.raises(OptionsRefused, match="seed"):
        train(store, replace(config, seed=2), tmp_path)


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "last.pt").write_bytes(b"nothing")
    with pytest.raises(RunUnusable):
        train(random_store(), short_config(), tmp_path)


def test_every_epoch_shows_every_scene_once_in_another_order() -> None:
    config = short_config(scenes=6, batch=4)
    shown = [pair for step in range(3) for pair in numbers_at(config, step)]
    first, second = [n for e, n in shown if e == 0], [n for e, n in shown if e == 1]
    assert sorted(first) == sorted(second) == list(range(6))
    assert first != second


def test_the_rate_rises_stays_and_falls_to_zero() -> None:
    config = short_config(steps=100, warmup=10, decay_steps=40, learning_rate=0.01)
    rates = [rate_at(config, step) for step in range(100)]
    assert rates[0] == pytest.approx(0.001)
    assert rates[10] == rates[60] == pytest.approx(0.01)
    assert rates[80] == pytest.approx(0.005)
    assert 0 < rates[99] < 1e-4


def test_the_first_weights_come_from_the_seed_alone() -> None:
    torch.manual_seed(5)
    one = start_run(short_config(seed=7)).network.state_dict()
    torch.manual_seed(6)
    same, other = start_run(short_config(seed=7)).network, start_run(short_config(seed=8)).network
    assert all(torch.equal(one[name], value) for name, value in same.state_dict().items())
    assert not torch.equal(one["stem.0.0.weight"], other.state_dict()["stem.0.0.weight"])


def answers(score: float, size_log: float = 0.0, points: float = 0.0) -> torch.Tensor:
    rows = torch.zeros(1, 84, 15)
    rows[0, 3] = torch.tensor([score, 0, 0, size_log, size_log, *([points] * 10)])
    return rows


def test_an_exact_answer_costs_nothing_and_a_wrong_one_what_is_worked_out_by_hand() -> None:
    strides = cell_strides(64)
    sure = answers(0.8, size_log=float(torch.log(torch.tensor(4.0))), points=1.0)
    student = sure.clone()
    student[0, :, 0] = torch.special.logit(sure[0, :, 0].clamp(1e-6, 1 - 1e-6))
    terms = compare(student, sure, strides)
    assert float(terms.score) == pytest.approx(0.0, abs=1e-3)
    assert float(terms.box) == float(terms.points) == 0.0
    student[0, 3, 5:] += 0.2
    # Cell 3 has stride 8: a face of 32 pixels, so an error of 0.2 cells is a twentieth of the face. Its
    # weight is 0.8, and sums are divided by no less than one.
    assert float(compare(student, sure, strides).points) == pytest.approx(0.8 * 0.2 / 4.0, rel=1e-5)


def test_a_face_that_is_too_small_is_taught_as_nothing_and_grows_into_one() -> None:
    strides, student = cell_strides(64), torch.zeros(1, 84, 15)

    def error(size_px: float, least_px: float) -> tuple[float, float]:
        """Return the errors of the score and of the points for one face that the teacher is sure of."""
        teacher = answers(0.9, size_log=math.log(size_px / 8), points=1.0)
        terms = compare(student, teacher, strides, least_px)
        return float(terms.score), float(terms.points)

    nothing = compare(student, answers(0.0), strides)
    assert error(12.0, 12.0) == (pytest.approx(float(nothing.score)), 0.0)
    assert error(18.0, 12.0) == pytest.approx(error(18.0, 0.0))
    assert error(40.0, 12.0) == pytest.approx(error(40.0, 0.0))
    # Half-way, the teacher's 0.9 is taught as 0.45: the student's 0.5 is nearly right.
    half = compare(student, answers(0.45, size_log=math.log(15 / 8), points=1.0), strides)
    assert error(15.0, 12.0) == (pytest.approx(float(half.score)), pytest.approx(float(half.points)))


def test_a_least_size_beyond_the_scenes_is_refused() -> None:
    for wrong in (-1.0, 43.0, math.nan):
        with pytest.raises(OptionsRefused, match="fit into a scene"):
            short_config(side_px=64, least_face_px=wrong)
    assert short_config(side_px=64, least_face_px=42.0).least_face_px == 42.0


def test_where_nobody_is_only_the_score_is_taught() -> None:
    teacher = answers(0.0, points=7.0)
    student = torch.zeros(1, 84, 15, requires_grad=True)
    terms = compare(student, teacher, cell_strides(64))
    assert float(terms.box.detach()) == float(terms.points.detach()) == 0.0
    terms.total().backward()
    assert student.grad is not None
    assert torch.isfinite(student.grad).all()
    assert student.grad[0, :, 0].abs().min() > 0
    assert float(student.grad[0, :, 1:].abs().max()) == 0.0


def test_the_network_answers_once_a_cell_at_any_multiple_of_32() -> None:
    network = DetectorNet().eval()
    for height, width in ((64, 96), (160, 32)):
        with torch.no_grad():
            rows = network(torch.zeros(2, 3, height, width))
        cells = sum(height // stride * (width // stride) for stride in (8, 16, 32))
        assert rows.shape == (2, cells, 15)

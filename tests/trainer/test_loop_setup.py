from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from netcafe_face.trainer.data.crops import CropSet, joined
from netcafe_face.trainer.data.mixing import MixedFaces
from netcafe_face.trainer.distil.teacher import Teacher
from netcafe_face.trainer.errors import (
    DataUnusable,
    LeakageFound,
    OptionsRefused,
    RunUnusable,
    TeacherUnusable,
)
from netcafe_face.trainer.loop import checkpoint
from netcafe_face.trainer.loop.batches import Key
from netcafe_face.trainer.loop.distributed import JoinedGroup
from netcafe_face.trainer.loop.record import claim
from netcafe_face.trainer.loop.setup import Surroundings, make_plan
from netcafe_face.trainer.loop.training import Plan, train
from tests.trainer.kit import faces, head_of, nameless, people, plan, real_crops, tiny, write_teacher


def taught(folder: Path, **changes: Any) -> dict[str, Any]:
    path = write_teacher(folder / "teacher.onnx", dim=16)
    return {"teachers": (f"arcface:{path}",), **changes}


def begun(folder: Path, config: Any, crops: CropSet | None = None, said: list[str] | None = None) -> Plan:
    """Prepare a run and write into its folder what it is, as training does first."""
    made = plan(folder, config, crops, said)
    claim(made.record, folder)
    return made


def drawn(folder: Path, config: Any, crops: CropSet, steps: int = 30) -> set[bytes]:
    """The crops that a run's batches are made of, before any change."""
    made = plan(folder, replace(config, augment="none"), crops)
    keys = {Key(key.source, key.number, 0) for step in range(steps) for key in made.order.batch(step)}
    return {np.ascontiguousarray(made.samples[key][0].numpy()[:, :, ::-1]).tobytes() for key in keys}


@pytest.mark.parametrize("loss", ["arcface", "triplet"])
def test_who_is_held_out_never_reaches_a_batch(tmp_path: Path, loss: str) -> None:
    every = people()
    seen = drawn(tmp_path / "run", tiny(loss=loss), every)
    assert seen == {crop.tobytes() for crop in every.training().crops_bgr}
    assert not seen & {crop.tobytes() for crop in every.held_out().crops_bgr}


def test_who_is_held_out_is_not_shown_to_a_teacher_nor_mixed_into_faces(tmp_path: Path) -> None:
    every = joined([people(), nameless(real_crops())])
    config = tiny(**taught(tmp_path), mixtures=12)
    seen = drawn(tmp_path / "run", config, every)
    allowed = np.asarray(every.training().crops_bgr)
    mixed = MixedFaces(allowed, config.seed)
    assert seen == {crop.tobytes() for crop in allowed} | {mixed[number].tobytes() for number in range(12)}


def test_the_named_ones_that_are_held_out_validate(tmp_path: Path) -> None:
    made = plan(tmp_path / "run", tiny())
    assert made.validate is not None
    score = made.measure(made.backbone)
    assert 0 <= score.accuracy <= 1
    record = made.record
    assert record["data"]["held_out_people"] == 25
    assert record["data"]["people"] == 4
    assert "never trained on" in record["data"]["split"]


def test_too_few_held_out_people_are_said_and_training_goes_on_without(tmp_path: Path) -> None:
    said: list[str] = []
    made = plan(tmp_path / "run", tiny(), people(held_out=3), said)
    assert made.validate is None
    assert "Nothing is validated" in said[0]
    with pytest.raises(ValueError, match="no validation"):
        made.measure(made.backbone)
    with pytest.raises(DataUnusable, match="2 folds"):
        plan(tmp_path / "other", tiny(patience=3), people(held_out=3))


def test_another_kind_of_validation_can_be_given(tmp_path: Path) -> None:
    class Always:
        people, crops = 3, 12

        def score(self, network: torch.nn.Module, device: torch.device) -> Any:
            return "good"

    around = Surroundings(tmp_path / "run", tmp_path / "answers", tensorboard=False, say=lambda _text: None)
    made = make_plan(tiny(), people(held_out=0), around, Always())
    assert made.measure(made.backbone) == "good"  # type: ignore[comparison-overlap]
    assert made.record["data"]["held_out_people"] == 3


def test_without_teachers_nameless_crops_teach_nothing_and_are_left_out(tmp_path: Path) -> None:
    every = joined([people(), nameless(real_crops())])
    named = people().training().crops_bgr
    assert drawn(tmp_path / "run", tiny(), every) == {crop.tobytes() for crop in named}


@pytest.mark.parametrize(
    ("crops", "told"),
    [
        (people(training=1), "needs two people, and there are 1"),
        (people(training=0), "only 0 crops"),
        (nameless(real_crops()), "only 0 crops"),
    ],
)
def test_too_little_to_learn_from_stops_before_the_start(tmp_path: Path, crops: CropSet, told: str) -> None:
    with pytest.raises(DataUnusable, match=told):
        plan(tmp_path / "run", tiny(), crops)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"backbone": "vgg"}, "vgg"),
        ({"loss": "magface"}, "magface"),
        ({"loss": "triplet", "scale": 3.0}, "scale"),
        ({"loss": "triplet", "class_sample": 0.5}, "sample"),
        ({"loss": "triplet", "batch": 3}, "two people"),
        ({"loss": "cosface", "margin": -1.0}, "0 or more"),
        ({"loss": "cosface", "m2": 0.3}, "no m2"),
        ({"loss": "cosface", "easy_margin": True}, "no easy_margin"),
        ({"loss": "l-softmax", "margin": 2.5}, "whole number"),
        ({"loss": "triplet", "centers": 2}, "no centers"),
    ],
)
def test_a_refused_option_leaves_no_folder_behind(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(OptionsRefused, match=told):
        plan(tmp_path / "run", tiny(**changes))
    assert not (tmp_path / "run").exists(), "the corrected command may use it"


def test_pair_losses_cannot_have_mixed_faces(tmp_path: Path) -> None:
    with pytest.raises(OptionsRefused, match="mixed faces"):
        plan(tmp_path / "run", tiny(loss="triplet", **taught(tmp_path), mixtures=5))


def test_a_batch_that_processes_cannot_share_equally_is_refused(tmp_path: Path) -> None:
    around = Surroundings(tmp_path / "run", tmp_path, JoinedGroup(0, 3), say=lambda _text: None)
    with pytest.raises(OptionsRefused, match="3 processes cannot share a batch of 8"):
        make_plan(tiny(), people(), around)


def test_every_choice_of_a_margin_loss_can_be_asked_for(tmp_path: Path) -> None:
    made = plan(tmp_path / "easy", tiny(loss="arcface", easy_margin=True, centers=2, margin=0.4))
    head = head_of(made.objective).config
    assert (head.easy_margin, head.centers, head.m2) == (True, 2, 0.4)
    made = plan(tmp_path / "combined", tiny(loss="combined", m1=1.1, m2=0.0, m3=0.1))
    head = head_of(made.objective).config
    assert (head.m1, head.m2, head.m3) == (1.1, 0.0, 0.1)
    made = plan(tmp_path / "one", tiny(loss="subcenter-arcface", centers=1))
    assert head_of(made.objective).config.centers == 1


def test_a_teacher_without_its_input_is_fed_as_arcface_networks_are(tmp_path: Path) -> None:
    path = write_teacher(tmp_path / "teacher.onnx", dim=16)
    plain = plan(tmp_path / "plain", tiny(teachers=(str(path),)))
    named = plan(tmp_path / "named", tiny(teachers=(f"arcface:{path}",)))
    assert torch.equal(plain.samples[Key(0, 0, 0)][2], named.samples[Key(0, 0, 0)][2])
    assert plain.record["teachers"] == named.record["teachers"]


def test_a_teacher_that_is_missing_or_wants_another_input_is_refused(tmp_path: Path) -> None:
    write_teacher(tmp_path / "teacher.onnx", side=128)
    for teacher in ("arcface:missing.onnx", f"arcface:{tmp_path / 'teacher.onnx'}"):
        with pytest.raises(TeacherUnusable):
            plan(tmp_path / "run", tiny(teachers=(teacher,)))


def test_every_crop_carries_its_teachers_answers_side_by_side(tmp_path: Path) -> None:
    paths = [write_teacher(tmp_path / f"{n}.onnx", dim=5 + n, seed=n) for n in range(2)]
    config = tiny(teachers=tuple(f"imagenet:{path}" for path in paths), mixtures=6, augment="none")
    made = plan(tmp_path / "run", config)
    mixed = MixedFaces(np.asarray(people().training().crops_bgr), config.seed)
    for key, crop in ((Key(0, 3, 0), people().training().crops_bgr[3]), (Key(1, 4, 0), mixed[4])):
        wanted = np.concatenate([Teacher(path, "imagenet").embed_one(np.asarray(crop)) for path in paths])
        assert np.allclose(made.samples[key][2].numpy(), wanted, atol=1e-3)


def test_answers_are_asked_once_and_their_count_is_told(tmp_path: Path) -> None:
    said: list[str] = []
    config = tiny(**taught(tmp_path), mixtures=6)
    begun(tmp_path / "run", config, said=said)
    assert said == ["teacher.onnx answered for 16 of 16 crops", "teacher.onnx answered for 6 of 6 crops"]
    files = {file: file.stat().st_mtime_ns for file in (tmp_path / "answers").glob("*/*.npy")}
    assert len(files) == 2
    begun(tmp_path / "another", config)
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "answers").glob("*/*.npy")} == files


def test_names_that_stand_in_several_sets_are_told(tmp_path: Path) -> None:
    every = people()
    records = tuple(replace(record, group="second") for record in every.records)
    said: list[str] = []
    begun(tmp_path / "run", tiny(), joined([every, CropSet(faces(29, 4), records)]), said)
    assert said[0].startswith("4 names stand in several sets and count as the same people: person-")


def test_names_that_are_spelt_in_several_ways_are_told(tmp_path: Path) -> None:
    every = people(held_out=0)
    records = tuple(replace(record, name=record.name.upper()) for record in every.records)
    said: list[str] = []
    begun(tmp_path / "run", tiny(), joined([every, CropSet(faces(8, 4)[16:], records)]), said)
    assert any(text.startswith("4 names are spelt in several ways") for text in said)


def test_a_held_out_person_who_comes_in_another_spelling_or_without_a_name_stops_it(tmp_path: Path) -> None:
    every = people()
    held = every.held_out()
    spelt = tuple(replace(record, name=record.name.upper(), held_out=False) for record in held.records)
    with pytest.raises(LeakageFound, match="25 people"):
        plan(tmp_path / "run", tiny(), joined([every, CropSet(held.crops_bgr, spelt)]))
    someone = nameless(np.asarray(held.crops_bgr[:3]))
    with pytest.raises(LeakageFound, match="1 people"):
        plan(tmp_path / "run", tiny(**taught(tmp_path)), joined([every, someone]))
    assert not (tmp_path / "run").exists()


def test_the_folder_of_another_run_is_refused_with_what_differs(tmp_path: Path) -> None:
    begun(tmp_path / "run", tiny())
    with pytest.raises(RunUnusable, match="another run \\(loss, seed\\)"):
        plan(tmp_path / "run", tiny(loss="cosface", seed=1))
    with pytest.raises(RunUnusable, match="other crops"):
        plan(tmp_path / "run", tiny(), people(training=3))


def test_another_teacher_under_the_same_name_is_another_run(tmp_path: Path) -> None:
    config = tiny(**taught(tmp_path))
    begun(tmp_path / "run", config)
    (tmp_path / "teacher.onnx").rename(tmp_path / "moved.onnx")
    begun(tmp_path / "run", replace(config, teachers=(f"arcface:{tmp_path / 'moved.onnx'}",)))
    write_teacher(tmp_path / "teacher.onnx", dim=16, seed=9)
    with pytest.raises(RunUnusable, match="other teachers"):
        plan(tmp_path / "run", config)


def test_the_same_run_may_go_on_longer_faster_and_with_more_patience(tmp_path: Path) -> None:
    begun(tmp_path / "run", tiny())
    begun(tmp_path / "run", tiny(steps=9, workers=1, threads=2, patience=4, validate_every=3))


def test_a_checkpoint_without_a_record_is_nobodys(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "run" / "last.pt", {"step": 3})
    with pytest.raises(RunUnusable, match=r"no run\.json"):
        plan(tmp_path / "run", tiny())


@pytest.mark.parametrize("record", [{}, {"config": 3}, {"config": {"shape": 1}}, {"config": {}, "data": {}}])
def test_a_damaged_record_is_refused(tmp_path: Path, record: dict[str, Any]) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text(json.dumps(record))
    with pytest.raises(RunUnusable, match=r"run\.json is damaged"):
        plan(tmp_path / "run", tiny())


def test_the_record_says_all_that_is_needed_to_repeat_the_run(tmp_path: Path) -> None:
    config = tiny(**taught(tmp_path))
    begun(tmp_path / "run", config)
    record = checkpoint.read_record(tmp_path / "run")
    assert record["config"] == config.to_json()
    assert record["teachers"][0]["sha256"] == Teacher(tmp_path / "teacher.onnx", "arcface").sha256
    assert record["data"]["groups"] == {"made-up": 16}
    assert record["versions"]["torch"] == torch.__version__
    assert "commit" in record


def test_a_run_can_begin_with_the_weights_of_another(tmp_path: Path) -> None:
    train(plan(tmp_path / "first", tiny(steps=2)))
    made = plan(tmp_path / "second", tiny(start_from=str(tmp_path / "first")))
    best = checkpoint.weights(checkpoint.load(tmp_path / "first" / "best.pt"))
    assert all(torch.equal(value, best[name]) for name, value in made.backbone.state_dict().items())
    with pytest.raises(RunUnusable, match="another backbone"):
        plan(tmp_path / "third", tiny(start_from=str(tmp_path / "first"), dim=8))


def test_the_record_keeps_the_weights_that_a_run_began_with(tmp_path: Path) -> None:
    train(plan(tmp_path / "first", tiny(steps=2)))
    train(plan(tmp_path / "second", tiny(steps=2, start_from=str(tmp_path / "first"))))
    begun(tmp_path / "second", tiny(steps=4, start_from=str(tmp_path / "elsewhere")))
    assert checkpoint.read_record(tmp_path / "second")["config"]["start_from"] == str(tmp_path / "first")

"""What the figures show was really learned, and the same seed gives the same picture."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from netcafe_face.trainer.data.crops import CropRecord, CropSet, save_crops
from netcafe_face.trainer.errors import DataUnusable, OptionsRefused, RunUnusable
from netcafe_face.trainer.figures.circle import circle_of
from netcafe_face.trainer.figures.faces import unseen_people
from netcafe_face.trainer.figures.learning import Learned, Recipe, learn, pair_angles
from netcafe_face.trainer.figures.options import FigureOptions, silent
from netcafe_face.trainer.figures.scatter import principal_plane
from netcafe_face.trainer.figures.sphere import sphere_of
from netcafe_face.trainer.figures.subcenter import gathered, noisy_task
from netcafe_face.trainer.figures.tasks import Samples, World, crops_task, made_up_task
from netcafe_face.trainer.figures.theta import course_of, theta_columns
from netcafe_face.trainer.losses.head import HeadConfig, MarginHead
from netcafe_face.trainer.losses.registry import LOSSES, HeadLoss

QUICK = FigureOptions(quick=True)


def write_crops(folder: Path, counts: dict[str, int], held_out: bool = False) -> Path:
    """Made-up crops: each person is a colour."""
    rng = np.random.default_rng(0)
    crops, records = [], []
    for number, (name, count) in enumerate(counts.items()):
        for place in range(count):
            noise = rng.integers(0, 40, (112, 112, 3))
            crops.append((noise + 20 * number).astype(np.uint8))
            records.append(CropRecord(name, f"{name}/{place}.jpg", "made up", held_out, 100.0, 0.9))
    save_crops(folder, CropSet(np.stack(crops), tuple(records)))
    return folder


def test_the_same_seed_gives_the_same_network_and_another_seed_another() -> None:
    task = made_up_task(4, 50, seed=1)
    one, same, other = (
        learn(task, Recipe("arcface", 2, 15, seed=seed), silent).embed(task.shown) for seed in (3, 3, 4)
    )
    assert torch.equal(one, same)
    assert not torch.allclose(one, other, atol=1e-3)


def test_training_does_not_touch_the_global_generator() -> None:
    before = torch.get_rng_state()
    learn(made_up_task(3, 20, seed=0), Recipe("subcenter-arcface", 2, 3), silent)
    assert torch.equal(torch.get_rng_state(), before)


def test_what_is_shown_of_made_up_people_is_not_what_was_trained_on() -> None:
    world = World(seed=5)
    people = world.people(3)
    trained, shown = world.samples(people, 40, part=0), world.samples(people, 40, part=1)
    assert (torch.cdist(trained.inputs, shown.inputs) > 0.1).all()
    assert not np.allclose(world.people(3), world.people(3, group=2))


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_every_loss_learns_to_tell_made_up_people_apart(loss: str) -> None:
    task = made_up_task(4, 200, seed=0, shown_each=50)
    untrained = circle_of(learn(task, Recipe(loss, 2, 0), silent), task)
    trained = circle_of(learn(task, Recipe(loss, 2, 120), silent), task)
    assert trained.right > 0.6
    assert trained.right > untrained.right


def test_arcface_gathers_people_closer_to_their_centres_than_norm_softmax() -> None:
    task = made_up_task(4, 300, seed=0, shown_each=100)
    found = {
        loss: circle_of(learn(task, Recipe(loss, 2, 200), silent), task).median_theta
        for loss in ("norm-softmax", "arcface")
    }
    assert found["arcface"] < found["norm-softmax"]


def test_a_circles_figures_are_those_worked_out_by_hand() -> None:
    head = MarginHead(2, 2, HeadConfig("arcface", m2=0.5))
    with torch.no_grad():
        head.weight.copy_(torch.tensor([[2.0, 0.0], [0.0, 3.0]]))
    angles = torch.tensor([0.1, -0.2, math.pi / 2, 0.3])
    rows = torch.stack([angles.cos(), angles.sin()], dim=1)
    task = replace(made_up_task(2, 1, seed=0), shown=Samples(rows, torch.tensor([0, 0, 1, 1])))
    circle = circle_of(Learned(torch.nn.Identity(), HeadLoss(head)), task)
    assert circle.angles == pytest.approx(angles.numpy(), abs=1e-6)
    assert circle.centres == pytest.approx([0, math.pi / 2], abs=1e-6)
    assert circle.right == 0.75
    assert circle.median_theta == pytest.approx(0.15, abs=1e-6)
    assert circle.learned_centres


def test_pairs_angles_are_split_by_whom_they_show() -> None:
    rows = F.normalize(torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]))
    genuine, impostor = pair_angles(rows, torch.tensor([0, 0, 1]))
    assert genuine == pytest.approx([math.pi / 4], abs=1e-3)
    assert sorted(impostor) == pytest.approx([math.pi / 4, math.pi / 2], abs=1e-3)


def test_a_larger_m_lays_people_closer_together_on_the_sphere() -> None:
    task = made_up_task(4, 200, seed=0, shown_each=30)
    means = [float(sphere_of(task, factor, _short(250)).genuine.mean()) for factor in (1, 4)]
    assert means[1] < means[0]


def _short(steps: int) -> FigureOptions:
    class Short(FigureOptions):
        def steps(self, usual: int) -> int:
            return steps

    return Short()


def test_at_the_start_of_training_embeddings_stand_at_right_angles_to_their_centres() -> None:
    task = made_up_task(20, 100, seed=0, shown_each=10)
    course = course_of("arcface", task, _short(150))
    low, middle, high = course.band()
    assert course.steps[0] == 0
    assert course.steps[-1] == 150
    assert 75 < middle[0] < 105
    assert middle[-1] < 45
    assert (low <= middle).all()
    assert (middle <= high).all()


def test_three_tenths_of_the_names_are_wrong_and_no_wrong_name_is_right_by_chance() -> None:
    task, samples, wrong = noisy_task(seed=0)
    right = World(0).samples(World(0).people(30), 120, part=0).labels.numpy()
    assert wrong.mean() == pytest.approx(0.3)
    assert np.array_equal(samples.labels.numpy() != right, wrong)
    assert task.shown is samples


def test_where_samples_ended_is_worked_out_by_class() -> None:
    head = MarginHead(2, 2, HeadConfig("arcface", m2=0.5, centers=2))
    with torch.no_grad():
        head.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]]))
    rows = torch.tensor([[1.0, 0.1], [1.0, -0.1], [0.1, 1.0], [-1.0, 0.0], [0.1, -1.0], [-0.1, -1.0]])
    samples = Samples(rows, torch.tensor([0, 0, 0, 1, 1, 1]))
    wrong = np.array([False, False, True, True, False, False])
    found = gathered(Learned(torch.nn.Identity(), HeadLoss(head)), samples, wrong)
    assert found.dominant.tolist() == [True, True, False, False, True, True]
    assert found.degrees[2] == pytest.approx(math.degrees(math.atan(10)), abs=0.01)
    assert found.degrees[3] == pytest.approx(90, abs=0.01)


def test_the_plane_of_the_largest_spread_is_found_and_never_mirrored() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 5)) * [0.1, 4.0, 0.2, 2.0, 0.1] + 7
    plane, parts = principal_plane(rows)
    assert parts[0] == pytest.approx(0.8, abs=0.05)
    assert np.corrcoef(plane[:, 0], rows[:, 1])[0, 1] > 0.99
    assert np.corrcoef(plane[:, 1], rows[:, 3])[0, 1] > 0.99
    assert np.allclose(principal_plane(rows[:, ::-1])[0], plane)


def test_the_largest_training_identities_of_crops_are_taken(tmp_path: Path) -> None:
    counts = {"An": 5, "Binh": 2, "Chi": 4, "Dung": 1}
    task = crops_task(write_crops(tmp_path / "crops", counts), people=3)
    assert np.bincount(task.shown.labels.numpy()).tolist() == [5, 4, 2]
    assert task.shown.inputs.shape == (11, 3, 112, 112)
    inputs, labels = task.draw(6, torch.Generator().manual_seed(0))
    assert inputs.shape == (6, 3, 112, 112)
    assert set(labels.tolist()) <= {0, 1, 2}


def test_held_out_people_are_never_trained_on(tmp_path: Path) -> None:
    folder = write_crops(tmp_path / "crops", {"An": 5, "Binh": 5}, held_out=True)
    with pytest.raises(DataUnusable, match="2 people"):
        crops_task(folder, people=2)


def test_networks_without_faces_and_faces_without_networks_are_refused(tmp_path: Path) -> None:
    for options in (FigureOptions(models=(tmp_path,)), FigureOptions(crops=tmp_path)):
        with pytest.raises(OptionsRefused, match="go together"):
            unseen_people(options, ("arcface",))


def test_unseen_people_are_strangers_to_the_networks() -> None:
    unseen = unseen_people(QUICK, ("arcface", "triplet"))
    assert [network.name for network in unseen.networks] == ["ArcFace", "Triplet"]
    for network in unseen.networks:
        assert len(network.embeddings) == len(unseen.labels)
        assert np.linalg.norm(network.embeddings, axis=1) == pytest.approx(1, abs=1e-5)


def test_theta_is_read_from_a_runs_log(tmp_path: Path) -> None:
    with (tmp_path / "curve.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerows([["step", "loss", "theta"], [50, 3.0, 1.5], [100, 2.0, 0.9]])
    columns = theta_columns(tmp_path)
    assert columns["step"].tolist() == [50, 100]
    assert columns["theta"].tolist() == [1.5, 0.9]
    assert set(columns) == {"step", "theta"}


@pytest.mark.parametrize("text", ["", "step,loss\n50,3.0\n", "step,theta\n50,many\n", "loss,theta\n3,1\n"])
def test_a_log_without_theta_or_a_damaged_one_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "curve.csv").write_text(text)
    with pytest.raises(RunUnusable):
        theta_columns(tmp_path)
    with pytest.raises(RunUnusable):
        theta_columns(tmp_path / "nowhere")

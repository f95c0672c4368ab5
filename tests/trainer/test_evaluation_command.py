"""`evaluate` says what it tested, on whom and how sure it is, or why it did not test."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from onnx import helper

from netcafe_face.domain.errors import OutputError
from netcafe_face.trainer.cli.evaluate import evaluate_command
from netcafe_face.trainer.cli.root import run
from netcafe_face.trainer.data.crops import save_crops
from netcafe_face.trainer.errors import DataUnusable, LeakageFound, NetworkUnusable, OptionsRefused
from netcafe_face.trainer.evaluation.running import Request, evaluate, write_report
from netcafe_face.trainer.evaluation.sources import NoProgress
from netcafe_face.vision.images import read_image
from tests.files_kit import MODELS
from tests.trainer.evaluation_kit import NAMES, body, called, crop_set, network, people, pooling

PACK = MODELS / "netcafe-mini"


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    save_crops(tmp_path / "crops", crop_set(NAMES, noise=60))
    return tmp_path / "crops"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return network(tmp_path / "model.onnx")


# --- prepared crops ----------------------------------------------------------------------------------------


def test_crops_are_evaluated_on_their_held_out_people_only_and_it_says_so(crops: Path, model: Path) -> None:
    text = called(model, crops, "--draws", 20).stdout
    assert "crops: 96 crops of 24 people, 24 of them with several." in text
    assert "Only the held-out people count: 96 of 120 named crops." in text
    assert "int(sha256('netcafe-dev-' + name), 16) is divisible by 5" in text
    assert "10 folds of different people" in text
    assert "Rates over all pairs: 144 genuine, 4,416 impostor" in text
    assert "nobody checked that the test's people are strangers to them (--train-names)" in text


def test_everyone_can_be_asked_for_and_the_report_warns(crops: Path, model: Path) -> None:
    text = called(model, crops, "--everyone", "--draws", 20).stdout
    assert "120 crops of 30 people" in text
    assert "96 of the 120 crops are of people whom the project's split holds out" in text


def test_all_results_are_in_the_json(crops: Path, model: Path) -> None:
    found = body(model, crops)
    (result,) = found["results"]
    assert result["network"]["name"] == "model.onnx"
    assert len(result["network"]["sha256"]) == 64
    assert (result["network"]["dim"], result["network"]["threads"]) == (48, 1)
    assert 0.5 < result["accuracy"]["mean"] <= 1
    assert len(result["accuracy"]["accuracies"]) == 10
    rates = {rate["far"]: rate for rate in result["rates"]}
    assert list(rates) == [1e-2, 1e-3, 1e-4, 1e-5]
    assert [rate["extrapolated"] for rate in rates.values()] == [False, True, True, True]
    for rate in rates.values():
        low, high = rate["tar_interval"]
        assert low <= rate["low"] <= rate["tar"] <= rate["high"] <= high
        assert rate["resampled"]["people"] == 24
    assert result["closed"]["people"] == 24
    assert result["closed"]["cmc"][-1] == pytest.approx(1)
    assert [point["far"] for point in result["open"]] == [0.1, 0.01, 0.001]
    assert 0 < result["angles"]["genuine_mean"] < result["angles"]["impostor_mean"] < 3.15
    assert 0 <= result["eer"][0] < 0.5
    assert found["command"].startswith("python3 main.py train evaluate ")
    assert found["command"].endswith("--json --threads 1 --draws 20")


def test_the_same_command_gives_the_same_figures(crops: Path, model: Path) -> None:
    one, other = body(model, crops, "--seed", 5), body(model, crops, "--seed", 5)
    for found in (one, other):
        found["results"][0]["network"].pop("ms_per_face")
    assert one == other
    assert (
        body(model, crops, "--seed", 6)["results"][0]["closed"]["cmc"] != one["results"][0]["closed"]["cmc"]
    )


def test_several_networks_are_compared_on_the_same_pairs(crops: Path, model: Path, tmp_path: Path) -> None:
    blind = pooling()[:-1]
    blind.append(helper.make_node("Slice", ["flat", "from", "to", "axis"], ["embedding"]))
    small = {"from": np.array([0]), "to": np.array([3]), "axis": np.array([1])}
    other = network(tmp_path / "blind.onnx", blind, outputs=[("embedding", ("batch", 3))], constants=small)
    text = called(model, other, crops, "--draws", 20).stdout
    assert "against the first" in text
    assert "points" in text
    found = body(model, other, crops)["results"]
    assert [each["network"]["name"] for each in found] == ["model.onnx", "blind.onnx"]
    assert found[0]["accuracy"]["mean"] > found[1]["accuracy"]["mean"]
    assert {each["rates"][0]["impostor_pairs"] for each in found} == {4416}


def test_networks_of_one_name_are_told_apart(crops: Path, tmp_path: Path) -> None:
    paths = [network(tmp_path / folder / "net.onnx") for folder in ("a", "b")]
    found = body(*paths, crops)["results"]
    assert [each["network"]["name"] for each in found] == ["a/net.onnx (1)", "b/net.onnx (2)"]


def test_each_network_gets_its_own_input(crops: Path, model: Path) -> None:
    found = body(model, model, crops, "--input", "imagenet", "--input", "bgr255")["results"]
    assert [each["network"]["input"][:3] for each in found] == ["RGB", "BGR"]
    with pytest.raises(OptionsRefused, match="2 inputs are given for 1 ONNX files"):
        evaluate(Request((model,), crops, inputs=("arcface", "imagenet")))


def test_the_report_says_which_network_scales_pixels_itself(crops: Path, tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Sub", ["images", "middle"], ["centred"], name="_minusscalar0"),
        helper.make_node("Mul", ["centred", "scale"], ["scaled"], name="_mulscalar0"),
        *pooling(),
    ]
    nodes[2].input[0] = "scaled"
    numbers = {"middle": np.array(127.5, np.float32), "scale": np.array(1 / 127.5, np.float32)}
    path = network(tmp_path / "mxnet.onnx", nodes, constants=numbers)
    found = body(path, crops)
    assert any(sentence.startswith("mxnet.onnx: its first nodes") for sentence in found["sentences"])
    assert found["results"][0]["network"]["input"] == "RGB, (x − 0) / 1, 112 px"
    assert not any("mxnet" in sentence for sentence in body(path, crops, "--input", "rgb255")["sentences"])


def test_report_and_figures_are_written(crops: Path, model: Path, tmp_path: Path) -> None:
    found = called(model, crops, "--out", tmp_path / "out", "--draws", 20)
    written = {path.name: path for path in (tmp_path / "out").iterdir()}
    figures = {"roc.png", "det.png", "cmc.png", "gallery.png", "angles.png"}
    assert set(written) == {"report.md", "report.json", *figures}
    assert all(f"written: {path}" in found.stderr for path in written.values())
    for name in figures:
        image = read_image(written[name])
        assert image.std() > 10
        assert image.shape[1] > 900
    text = written["report.md"].read_text(encoding="utf-8")
    assert text.startswith("# Evaluation on crops\n")
    assert "| network | FAR | TAR | threshold | false accepts |\n|---|---|---|---|---|\n" in text
    assert (
        "* fewer than ten false accepts carry this rate; the threshold is extrapolated: exponential" in text
    )
    assert "python3 main.py train evaluate" in text
    assert json.loads(written["report.json"].read_text(encoding="utf-8"))["title"] == "crops"


def test_a_folder_that_cannot_be_written_is_an_error(crops: Path, model: Path, tmp_path: Path) -> None:
    evaluation = evaluate(Request((model,), crops, draws=0))
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        write_report(evaluation, tmp_path / "file" / "out")


def test_stopped_half_way_nothing_is_written(crops: Path, model: Path, tmp_path: Path) -> None:
    class Stopped(NoProgress):
        def advance(self, count: int = 1) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_report(evaluate(Request((model,), crops), Stopped()), tmp_path / "out")
    assert not (tmp_path / "out").exists()


# --- leakage and groups ------------------------------------------------------------------------------------


def test_people_who_were_trained_on_stop_the_run(
    crops: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held = sorted({record.name for record in crop_set(NAMES).held_out().records})
    (tmp_path / "names.txt").write_text(f"{held[0]}\n{held[1]}\nSomebody\n")
    arguments = [str(model), str(crops), "--train-names", str(tmp_path / "names.txt"), "--draws", "20"]
    assert run(["evaluate", *arguments]) == LeakageFound.exit_code
    said = capsys.readouterr()
    assert "2 people are in the training and in the test" in said.err
    assert said.out == ""
    one, both = ["--allow-shared", held[0]], ["--allow-shared", held[0], "--allow-shared", held[1]]
    assert run(["evaluate", *arguments, *one]) == LeakageFound.exit_code
    assert run(["evaluate", *arguments, *both]) == 0
    assert "ALLOWED BY NAME: 2 people of the test" in capsys.readouterr().out


def test_a_folder_of_crops_shares_nobody_with_its_own_held_out_part(crops: Path, model: Path) -> None:
    text = called(model, crops, "--train-names", crops, "--draws", 20).stdout
    assert "Nothing of the test was found in the training data" in text
    assert "names and pictures, near-duplicates included, were compared." in text
    with pytest.raises(LeakageFound, match="6 people"):
        called(model, crops, "--everyone", "--train-names", crops)


def test_allowing_somebody_without_saying_who_was_trained_on_is_refused(crops: Path, model: Path) -> None:
    with pytest.raises(OptionsRefused, match="--allow-shared needs --train-names"):
        called(model, crops, "--allow-shared", "Ann")


def test_groups_are_shown_with_counts_and_small_ones_marked(crops: Path, model: Path, tmp_path: Path) -> None:
    held = sorted({record.name for record in crop_set(NAMES).held_out().records})
    lines = [f"{name},{'first' if at < 20 else 'second'}" for at, name in enumerate(held)]
    (tmp_path / "groups.csv").write_text(
        "\n".join(["name,group", *lines, "Stranger,first"]), encoding="utf-8"
    )
    text = called(model, crops, "--groups", tmp_path / "groups.csv", "--draws", 20).stdout
    assert "Groups at the threshold of all people for FAR 0.001" in text
    assert "24 of 24 people have a label; 1 labels are of people who are not in this test" in text
    assert "too small: 4 people, at least 10 are needed" in text
    groups = body(model, crops, "--groups", tmp_path / "groups.csv")["results"][0]["groups"]
    assert [(group["group"], group["people"], group["genuine_pairs"]) for group in groups] == [
        ("first", 20, 120),
        ("second", 4, 24),
    ]


# --- what is wrong is said before work begins ---------------------------------------------------------------


def test_without_data_the_command_says_what_it_needs(model: Path) -> None:
    result = CliRunner().invoke(evaluate_command, [str(model)])
    assert result.exit_code == 2
    assert "DATA last" in result.stderr


def test_a_network_that_cannot_be_used_is_named_with_an_exit_code(
    crops: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.onnx").write_text("nothing")
    assert run(["evaluate", str(tmp_path / "bad.onnx"), str(crops)]) == NetworkUnusable.exit_code
    assert "bad.onnx cannot be evaluated" in capsys.readouterr().err


def test_crops_without_names_or_with_one_person_are_no_test(model: Path, tmp_path: Path) -> None:
    save_crops(tmp_path / "nameless", crop_set([""] * 5))
    with pytest.raises(DataUnusable, match="no crop of it has a name"):
        called(model, tmp_path / "nameless")
    save_crops(tmp_path / "one", crop_set(people(held_out=1, trained=0, each=5)))
    with pytest.raises(DataUnusable, match="one person only"):
        called(model, tmp_path / "one")
    save_crops(tmp_path / "trained", crop_set(people(held_out=0, trained=3, each=5)))
    with pytest.raises(DataUnusable, match="add --everyone"):
        called(model, tmp_path / "trained")


def test_two_people_are_enough_for_what_two_people_can_say(model: Path, tmp_path: Path) -> None:
    save_crops(tmp_path / "two", crop_set(people(held_out=2, trained=0, each=5)))
    text = called(model, tmp_path / "two").stdout
    assert "No 10-fold accuracy" in text
    assert "Rates over all pairs: 20 genuine, 25 impostor" in text


def test_people_with_one_picture_each_still_give_thresholds(model: Path, tmp_path: Path) -> None:
    save_crops(tmp_path / "singles", crop_set(people(held_out=12, trained=0, each=1)))
    text = called(model, tmp_path / "singles").stdout
    assert "No true-accept rates: nobody has two pictures." in text
    assert "No identification: identification needs people with two pictures or more." in text

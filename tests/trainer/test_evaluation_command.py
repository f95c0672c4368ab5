"""`evaluate` says what it tested, on whom and how sure it is, or why it did not test."""

from __future__ import annotations

import json
import pickle
import tarfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from onnx import helper

from netcafe_face.domain.errors import OutputError
from netcafe_face.domain.faces import Image
from netcafe_face.trainer.cli.evaluate import evaluate_command
from netcafe_face.trainer.cli.root import run
from netcafe_face.trainer.data.crops import save_crops
from netcafe_face.trainer.data.split import is_held_out
from netcafe_face.trainer.errors import DataUnusable, LeakageFound, NetworkUnusable, OptionsRefused
from netcafe_face.trainer.evaluation.running import Request, evaluate, write_report
from netcafe_face.trainer.evaluation.sources import NoProgress
from netcafe_face.vision.images import encode_png, read_image, write_image
from tests.files_kit import MODELS, SIX_PEOPLE, six_faces
from tests.trainer.evaluation_kit import crop_set, network, people, pooling

PACK = MODELS / "netcafe-mini"
NAMES = people(held_out=24, trained=6, each=4)


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    save_crops(tmp_path / "crops", crop_set(NAMES, noise=60))
    return tmp_path / "crops"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return network(tmp_path / "model.onnx")


def called(*arguments: object) -> Result:
    return CliRunner().invoke(evaluate_command, [str(each) for each in arguments], catch_exceptions=False)


def body(*arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(called(*arguments, "--json", "--threads", 1, "--draws", 20).stdout)
    return found


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


# --- other kinds of data -----------------------------------------------------------------------------------


@cache
def faces_cut_out() -> tuple[Image, ...]:
    """Six people, each twice: the second time a little further away."""
    group = read_image(SIX_PEOPLE)
    cut = []
    for face in six_faces():
        x, y, w, h = (int(value) for value in face.detection.box)
        for wider in (0.4, 0.6):
            dx, dy = int(w * wider), int(h * wider)
            cut.append(np.ascontiguousarray(group[max(0, y - dy) : y + h + dy, max(0, x - dx) : x + w + dx]))
    return tuple(cut)


@pytest.fixture
def six_folders(tmp_path: Path) -> Path:
    for number, image in enumerate(faces_cut_out()):
        folder = tmp_path / "six" / f"Person_{number // 2}"
        folder.mkdir(parents=True, exist_ok=True)
        write_image(folder / f"Person_{number // 2}_{number % 2 + 1:04d}.png", image)
    return tmp_path / "six"


@pytest.mark.parametrize("packed", [False, True])
def test_folders_of_people_are_aligned_as_the_program_does_it(six_folders: Path, packed: bool) -> None:
    data = six_folders
    if packed:
        data = six_folders.parent / "six.tar"
        with tarfile.open(data, "w") as archive:
            archive.add(six_folders, "six")
    (six_folders / "Person_0" / "broken.jpg").write_bytes(b"no picture")
    text = called(PACK, data, "--everyone", "--threads", 1).stdout
    assert "12 crops of 6 people, 6 of them with several." in text
    assert "Faces were found by the detector of the pack netcafe-mini" in text
    assert "All people count." in text
    assert "No 10-fold accuracy: 10 folds need 10 people" in text
    assert "Rates over all pairs: 6 genuine, 60 impostor" in text
    assert "people were too few" in text
    assert packed or "1 pictures left out: Person_0/broken.jpg" in text
    assert "rank 1" in text


def test_held_out_people_of_a_folder_can_be_asked_for(six_folders: Path, model: Path) -> None:
    held = held_out_in(six_folders)
    text = called(model, six_folders, "--held-out", "--threads", 1).stdout
    assert f"{2 * held} crops of {held} people" in text
    assert f"Only the held-out people count: {2 * held} of 12 named crops." in text


def held_out_in(folders: Path) -> int:
    held = sum(is_held_out(folder.name) for folder in folders.iterdir())
    assert 1 < held < 6
    return held


@pytest.mark.parametrize("network_at", [PACK, PACK / "embedder.onnx"], ids=["a pack", "an exported file"])
def test_a_network_of_ours_is_tested_on_people_whom_its_split_holds_out(
    six_folders: Path, model: Path, network_at: Path
) -> None:
    held = held_out_in(six_folders)
    text = called(model, network_at, six_folders, "--threads", 1).stdout
    assert f"{2 * held} crops of {held} people" in text
    assert f"{held} of 6 people are held out by the split of " in text
    assert "the others may have been learned from and were left out (--everyone)." in text
    text = called(network_at, six_folders, "--everyone", "--threads", 1).stdout
    assert "12 crops of 6 people" in text
    assert f"{held} of 6 people are held out by the split of " in text
    assert "the others may have been learned from and count all the same" in text
    assert "only their split tells who are strangers to them" in text


def test_any_other_network_is_tested_on_everybody_of_a_folder(six_folders: Path, model: Path) -> None:
    text = called(model, six_folders, "--threads", 1).stdout
    assert "12 crops of 6 people" in text
    assert "All people count." in text
    assert "may have been learned from" not in text


def test_a_network_of_ours_that_may_have_seen_everybody_is_not_tested(six_folders: Path) -> None:
    held, *others = sorted((each for each in six_folders.iterdir() if is_held_out(each.name)), key=str)
    for number, folder in enumerate(others):
        folder.rename(folder.with_name(trained_name(number)))
    with pytest.raises(DataUnusable, match=f"one person only is held out .{held.name}.; .* add --everyone"):
        called(PACK, six_folders)
    held.rename(held.with_name(trained_name(len(others))))
    with pytest.raises(DataUnusable, match=r"none of its people are held out; .* add --everyone"):
        called(PACK, six_folders)


def trained_name(number: int) -> str:
    return [name for name in map("Somebody_{}".format, range(50)) if not is_held_out(name)][number]


def test_pairs_of_people_whom_ours_may_have_seen_are_measured_only_when_asked_for(
    six_folders: Path, model: Path, tmp_path: Path
) -> None:
    lines = []
    for number in range(6):
        one, other = (
            f"Person_{number}/Person_{number}",
            f"Person_{(number + 1) % 6}/Person_{(number + 1) % 6}",
        )
        lines += [f"1 {one}_0001.png {one}_0002.png", f"0 {one}_0001.png {other}_0002.png"] * 2
    (tmp_path / "pairs.txt").write_text("\n".join(lines), encoding="utf-8")
    arguments = [six_folders, "--pairs", tmp_path / "pairs.txt", "--threads", 1]
    learned = 6 - held_out_in(six_folders)
    with pytest.raises(DataUnusable, match=f"{learned} of its 6 people .* add --everyone"):
        called(PACK, *arguments)
    assert (
        "may have been learned from and count all the same" in called(PACK, *arguments, "--everyone").stdout
    )
    assert "may have been learned from" not in called(model, *arguments).stdout


def test_two_spellings_of_one_person_are_not_taken_for_strangers(six_folders: Path, model: Path) -> None:
    (six_folders / "Person_0").rename(six_folders / "Good_A")
    (six_folders / "Person_1").rename(six_folders / "good a")
    with pytest.raises(DataUnusable, match="several folders seem to be one person: Good_A = good a"):
        called(model, six_folders)


def test_one_persons_pictures_are_no_test(six_folders: Path) -> None:
    for number in range(1, 6):
        for path in (six_folders / f"Person_{number}").iterdir():
            path.unlink()
    with pytest.raises(DataUnusable, match="it shows one person only"):
        called(PACK, six_folders, "--everyone")


def bin_file(folder: Path, pairs: int = 20) -> Path:
    names = [
        name
        for number in range(pairs)
        for name in (f"a{number}", f"a{number}" if number % 2 else f"b{number}")
    ]
    pictures = [encode_png(crop) for crop in crop_set(names, noise=30).crops_bgr]
    path = folder / "small.bin"
    path.write_bytes(pickle.dumps((pictures, [bool(number % 2) for number in range(pairs)])))
    return path


def test_a_bin_is_evaluated_on_its_own_pairs_only(model: Path, tmp_path: Path) -> None:
    text = called(model, bin_file(tmp_path, pairs=60), "--draws", 20).stdout
    assert "small: 120 crops; who they show is not known." in text
    assert "the set's own 60 pairs, 30 of them genuine, in 10 folds" in text
    assert "100.00% ± 0.00%" in text
    assert "Rates over the set's pairs: 30 genuine, 30 impostor" in text
    assert "it is not known whom the faces show" in text
    assert "Identification" not in text


def test_a_bin_is_compared_with_the_training_by_its_pictures_and_says_that_it_has_no_names(
    crops: Path, model: Path, tmp_path: Path
) -> None:
    path = bin_file(tmp_path, pairs=60)
    text = called(model, path, "--train-names", crops, "--draws", 20).stdout
    assert (
        "crops: pictures, near-duplicates included, were compared. 120 of the test's 120 crops have" in text
    )


def test_a_malicious_bin_runs_nothing(model: Path, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "ran",))

    (tmp_path / "evil.bin").write_bytes(pickle.dumps(([Evil()], [True])))
    with pytest.raises(DataUnusable):
        called(model, tmp_path / "evil.bin")
    assert not (tmp_path / "ran").exists()


def test_a_list_of_pairs_is_applied_to_prepared_crops(crops: Path, model: Path, tmp_path: Path) -> None:
    """Half of the pairs are of people who are trained on, so they are not among the crops that count."""
    sources = [record.source for record in crop_set(NAMES).records]
    lines = []
    for start in range(0, len(sources) - 4, 4):
        lines += [f"1 {sources[start]} {sources[start + 1]}", f"0 {sources[start]} {sources[start + 4]}"]
    (tmp_path / "pairs.txt").write_text("\n".join(lines), encoding="utf-8")
    found = body(model, crops, "--pairs", tmp_path / "pairs.txt")
    said = next(sentence for sentence in found["sentences"] if sentence.startswith("Verification"))
    assert f"of the {len(lines)} pairs in pairs.txt" in said
    used = int(said.split()[1])
    assert 20 <= used < len(lines)
    everyone = body(model, crops, "--pairs", tmp_path / "pairs.txt", "--everyone")
    assert f"{len(lines)} of the {len(lines)} pairs" in " ".join(everyone["sentences"])
    (result,) = everyone["results"]
    listed, every = result["rates"][0], result["all_pair_rates"][0]
    assert (listed["genuine_pairs"], listed["impostor_pairs"]) == (len(lines) // 2, len(lines) // 2)
    assert (every["genuine_pairs"], every["impostor_pairs"]) == (30 * 6, 30 * 29 // 2 * 16)
    assert listed["resampled"] is None
    assert every["resampled"]["people"] == 30


def test_a_report_tells_the_rates_of_listed_pairs_from_those_of_all_pairs(
    crops: Path, model: Path, tmp_path: Path
) -> None:
    sources = [record.source for record in crop_set(NAMES).records]
    lines = []
    for start in range(0, len(sources) - 4, 4):
        lines += [f"1 {sources[start]} {sources[start + 1]}", f"0 {sources[start]} {sources[start + 4]}"]
    (tmp_path / "pairs.txt").write_text("\n".join(lines), encoding="utf-8")
    out = tmp_path / "out"
    called(model, crops, "--everyone", "--pairs", tmp_path / "pairs.txt", "--draws", 20, "--out", out)
    text = (out / "report.md").read_text(encoding="utf-8")
    assert "## Verification, EER and θ over the set's pairs\n" in text
    assert "## Rates over the set's pairs: 29 genuine, 29 impostor\n" in text
    assert "## Rates over all pairs of the same faces: 180 genuine, 6,960 impostor\n" in text
    assert "people were not drawn again: the set's own pairs count." in text


def test_options_that_do_not_fit_the_data_are_refused(model: Path, tmp_path: Path) -> None:
    path = bin_file(tmp_path)
    with pytest.raises(OptionsRefused, match="whoever is held out"):
        called(model, path, "--held-out")
    with pytest.raises(OptionsRefused, match="--pairs needs its pictures"):
        called(model, path, "--pairs", path)


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

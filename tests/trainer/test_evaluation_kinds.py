"""`evaluate` on folders and tars of people, verification sets and lists of pairs."""

from __future__ import annotations

import pickle
import tarfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from netcafe_face.domain.faces import Image
from netcafe_face.trainer.data.crops import save_crops
from netcafe_face.trainer.data.split import is_held_out
from netcafe_face.trainer.errors import DataUnusable, OptionsRefused
from netcafe_face.vision.images import encode_png, read_image, write_image
from tests.files_kit import MODELS, SIX_PEOPLE, six_faces
from tests.trainer.evaluation_kit import NAMES, body, called, crop_set, network

PACK = MODELS / "netcafe-mini"


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    save_crops(tmp_path / "crops", crop_set(NAMES, noise=60))
    return tmp_path / "crops"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return network(tmp_path / "model.onnx")


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

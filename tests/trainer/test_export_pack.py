"""A pack is put together from a run and a detector, measured, described and checked, or not at all."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from netcafe_face.domain.errors import CardInvalid
from netcafe_face.trainer.cli.export import export_command, pack_command, quantise_command
from netcafe_face.trainer.data.crops import save_crops
from netcafe_face.trainer.data.split import SPLIT_SENTENCE, is_held_out
from netcafe_face.trainer.detector.report import without_nan
from netcafe_face.trainer.detector.training import train as train_detector
from netcafe_face.trainer.errors import DataUnusable, ExportFailed, OptionsRefused, TrainerError
from netcafe_face.trainer.export import detector as facts
from netcafe_face.trainer.loop.training import train
from netcafe_face.vision import sentences
from netcafe_face.vision.card import read_card
from netcafe_face.vision.detection import build_detector
from netcafe_face.vision.embedding import build_embedder
from netcafe_face.vision.images import read_image
from netcafe_face.vision.packs import PackLibrary, load_pack, sha256_of
from netcafe_face.vision.runtime import Runtime
from tests.files_kit import ASTRONAUT, MODELS, SIX_PEOPLE
from tests.trainer.detector_kit import YUNET, random_store, short_config
from tests.trainer.kit import PORTRAIT, people, plan, real_crops, tiny, write_picture

SHIPPED = MODELS / "netcafe-mini"
EXAMINED = {
    "score_threshold": 0.7,
    "second_look_px": 128,
    "face_px": [14, 150],
    "counted_from_px": 24.0,
    "agreement": [
        {
            "sheet": "rooms",
            "pictures": 10,
            "faces": 30,
            "recall": 0.9,
            "error_median": 0.05,
            "second_median": 0.04,
            "extra": 0.1,
        },
        {
            "sheet": "crowds",
            "pictures": 5,
            "faces": 10,
            "recall": 0.7,
            "error_median": 0.07,
            "second_median": 0.06,
            "extra": 0.3,
        },
        {
            "sheet": "nobody",
            "pictures": 5,
            "faces": 0,
            "recall": float("nan"),
            "error_median": float("nan"),
            "second_median": float("nan"),
            "extra": 0.0,
        },
        {
            "sheet": "all together",
            "pictures": 20,
            "faces": 40,
            "recall": 0.86,
            "error_median": 0.055,
            "second_median": 0.045,
            "extra": 0.15,
        },
    ],
    "marked": {"wider": {"own": {"faces": 50, "recall": 0.6}, "reference": {"faces": 50, "recall": 0.65}}},
    "faceless": {"pictures": 70, "false_alarms": 3, "reference_false_alarms": 4},
    "tremble": {"own": 0.05, "own_looked": 0.03, "reference": 0.08},
    "milliseconds": {"320x320": [3.0, 4.0]},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, pictures of 25 held-out and 4 other people, a crowd, crops, and a detector's figures."""
    folder = tmp_path_factory.mktemp("pack")
    train(plan(folder / "run", tiny(validate_every=6, steps=6)))
    crops = people()
    for crop, record in zip(crops.crops_bgr, crops.records, strict=True):
        write_picture(folder / "made-up-people" / record.source, np.asarray(crop))
    write_crowd(folder / "crowd", held_out=True)
    write_crowd(folder / "trained-on", held_out=False)
    write_crowd(folder / "shop", held_out=True)
    again = next(name for name in map("{}.png".format, count()) if not is_held_out(name))
    (folder / "shop" / again).write_bytes(next((folder / "shop").iterdir()).read_bytes())
    save_crops(folder / "crops", crops)
    examined = EXAMINED | {"sha256": sha256_of(SHIPPED / "detector.onnx")}
    (folder / "figures.json").write_text(json.dumps(without_nan(examined)), encoding="utf-8")
    scenes = replace(random_store(), record={"key": {"teacher": YUNET[:16]}})
    train_detector(scenes, short_config(), folder / "detector-run")
    return folder


def write_crowd(folder: Path, held_out: bool) -> None:
    """Write pictures of eight people without names, by the split to be tested on or trained on."""
    names = (name for name in map("{}.png".format, count()) if is_held_out(name) == held_out)
    for picture, name in zip((SIX_PEOPLE, ASTRONAUT, PORTRAIT), names, strict=False):
        write_picture(folder / name, read_image(picture))


def run(command: object, *arguments: object) -> Result:
    return CliRunner().invoke(command, [str(one) for one in arguments], catch_exceptions=False)  # type: ignore[arg-type]


def pack_options(place: Path, out: Path) -> list[object]:
    return [
        *("--embedder", place / "run", "--detector", SHIPPED / "detector.onnx"),
        *("--detector-figures", place / "figures.json", "--data", place / "made-up-people"),
        *("--version", "1.2.3", "--out", out, "--draws", "20"),
    ]


@pytest.fixture(scope="module")
def made(place: Path) -> Path:
    out = place / "models" / "tiny-pack"
    commands = place / "commands.sh"
    (place / "backticks.sh").write_text("echo ```\n")
    commands.write_text("# Crops first.\npython3 main.py train fit --data crops/made-up --out runs/tiny\n")
    with pytest.MonkeyPatch.context() as patched:
        # A detector that was trained for a second finds no face; the shipped one stands in for it.
        patched.setattr(facts, "refuse_another_detector", lambda *_: None)
        result = run(
            pack_command,
            *pack_options(place, out),
            *("--distinct", place / "crowd", "--look", place / "crowd", "--look", place / "shop"),
            *("--teacher", SHIPPED / "embedder.onnx", "--detector-run", place / "detector-run"),
            *("--model-card", place / "docs" / "model-card.md", "--figures", place / "docs" / "figures.json"),
            *("--commands", commands),
        )
    assert result.exit_code == 0, result.output
    return out


def test_the_pack_is_loaded_and_recognises_as_the_program_does_it(made: Path) -> None:
    pack = PackLibrary(made.parent, made.parent / "none").find("tiny-pack")
    found = build_detector(pack, Runtime(threads=1)).detect(read_image(SIX_PEOPLE))
    assert len(found) == 6
    vectors = build_embedder(pack, Runtime(threads=1)).embed(real_crops())
    assert vectors.shape == (8, 16)
    assert sorted(path.name for path in made.iterdir()) == ["detector.onnx", "embedder.onnx", "pack.toml"]
    assert [path.name for path in made.parent.iterdir()] == ["tiny-pack"]


def test_the_card_says_what_was_measured_and_recorded(made: Path, place: Path) -> None:
    card, figures = read_card(made / "pack.toml"), json.loads((place / "docs" / "figures.json").read_text())
    assert (card.name, card.version, card.commercial_use) == ("tiny-pack", "1.2.3", "owner-decides")
    assert card.split == SPLIT_SENTENCE
    assert "plain-tiny" in card.trained_on
    assert "made-up (16)" in card.trained_on
    assert "arcface" in card.trained_on
    assert (card.embedder.length, card.embedder.mean, card.embedder.colour) == (16, 127.5, "RGB")
    told = " ".join(card.weaknesses)
    assert f"{figures['accuracy']:.1%} of pairs right on 25 people" in told
    assert "its detector finds 86.0% (rooms 90.0%, crowds 70.0%)" in told
    assert "by 5.5% of the distance between the eyes at first sight" in told
    assert "by 4.5% where both look again" in told
    assert "it marks 3 boxes, YuNet 4" in told
    assert "found no face in 0 of 3 held-out photos of crowd" in told
    assert card.thresholds_command.startswith("python3 main.py train pack --embedder")


def test_held_out_photos_that_may_be_trained_on_under_another_name_do_not_count(
    made: Path, place: Path
) -> None:
    told = " ".join(read_card(made / "pack.toml").weaknesses)
    assert "found no face in 0 of 2 held-out photos of shop" in told
    assert "Not counted: 1 held-out photos of shop that may be trained on under another name." in told
    assert "Not counted: 0" not in told
    figures = json.loads((place / "docs" / "figures.json").read_text())
    assert [(one["name"], one["pictures"], one["equal_to_training"]) for one in figures["looked"]] == [
        ("crowd", 3, 0),
        ("shop", 2, 1),
    ]
    assert {one["equal_to_training"] for one in figures["sets"]} == {0}


def test_the_detectors_examination_chose_how_it_is_used(made: Path) -> None:
    detector = read_card(made / "pack.toml").detector
    assert (detector.score_threshold, detector.second_look_px, detector.face_px) == (0.7, 128, (14.0, 150.0))
    assert (made / "detector.onnx").read_bytes() == (SHIPPED / "detector.onnx").read_bytes()


def test_every_text_of_the_card_can_be_read_in_the_language_in_use(made: Path) -> None:
    card = read_card(made / "pack.toml")
    for text in (card.source, card.trained_on, card.thresholds.measured_on, *card.weaknesses):
        assert sentences.composed(text), text


def test_a_pack_of_somebody_else_does_not_pass_for_the_projects_own(made: Path, place: Path) -> None:
    card = read_card(made / "pack.toml")
    assert card.source == f"{sentences.MADE} {sentences.DETECTOR_TOO}"
    assert card.licence == "not stated"
    assert card.licence_note.startswith("Who made this pack decides")
    text = (place / "docs" / "model-card.md").read_text(encoding="utf-8")
    assert "Both networks" not in text
    assert card.source in text


def test_nothing_says_that_a_business_may_use_it(made: Path, place: Path) -> None:
    for text in ((made / "pack.toml").read_text(), (place / "docs" / "model-card.md").read_text()):
        assert "owner's decision" in text
        assert "opencv-zoo" in text
        assert "commercial use" not in text.casefold().replace("commercial_use", "")


def test_thresholds_come_from_held_out_people_and_carry_their_intervals(made: Path, place: Path) -> None:
    card = read_card(made / "pack.toml")
    held_out = [record for record in people().records if is_held_out(record.name)]
    figures = json.loads((place / "docs" / "figures.json").read_text())
    named = figures["sets"][0]
    assert named["only_held_out"]
    assert 0 < named["faces"] <= len(held_out) == named["pictures"]
    assert named["people"] == 25
    assert [point.far for point in card.thresholds.points] == [1e-2, 1e-3, 1e-4, 1e-5, 1e-6]
    for point in card.thresholds.points:
        assert point.low is not None
        assert point.low <= point.threshold <= (point.high or 0)
        assert point.impostor_pairs > 0
    assert card.thresholds.points[-1].extrapolated
    assert "exponential tail" in card.thresholds.measured_on


def test_the_model_card_says_how_it_was_made_how_well_it_does_and_what_it_cannot(
    made: Path, place: Path
) -> None:
    text = (place / "docs" / "model-card.md").read_text(encoding="utf-8")
    card = read_card(made / "pack.toml")
    for heading in ("How it was made", "How well it does", "Thresholds", "What it cannot do", "Licence"):
        assert f"## {heading}\n" in text
    assert all(weakness in text for weakness in card.weaknesses)
    earlier = "# Crops first.\npython3 main.py train fit --data crops/made-up --out runs/tiny"
    assert f"```sh\n{earlier}\npython3 main.py train pack" in text
    assert card.source in text
    assert "(compared: embedder.onnx)" in text
    assert str(place) not in text
    chart = place / "docs" / "assets" / "tiny-pack-training.png"
    assert f"]({chart.relative_to(place / 'docs')})" in text
    assert read_image(chart).shape[1] > 400
    assert "| 1 | random weights | 6 | 0 | any size | 0 | 6 × 2 | 0.004 | 0.0 | 1 |" in text
    assert "| rooms | 10 | 30 | 90.0% | 5.0% | 4.0% | 0.10 |" in text
    assert "| nobody | 5 | 0 | – | – | – | 0.00 |" in text
    assert "](assets/tiny-pack-detector.png)" in text
    assert "fed with the teacher's maps (0 steps)" in text
    assert read_image(place / "docs" / "assets" / "tiny-pack-detector.png").shape[1] > 400
    assert "nan" not in text


def test_the_same_run_makes_the_same_pack_again(made: Path, place: Path) -> None:
    out = place / "again" / "tiny-pack"
    options = [*pack_options(place, out), "--distinct", place / "crowd"]
    options += ["--look", place / "crowd", "--look", place / "shop"]
    assert run(pack_command, *options).exit_code == 0
    first, second = read_card(made / "pack.toml"), read_card(out / "pack.toml")
    assert second.weaknesses == first.weaknesses
    assert second.thresholds == first.thresholds


def test_a_pack_that_cannot_be_made_leaves_the_former_one_untouched(made: Path, place: Path) -> None:
    before = {path.name: path.read_bytes() for path in made.iterdir()}
    with pytest.raises(ExportFailed, match="a teacher's"):
        run(pack_command, *pack_options(place, made), "--teacher", SHIPPED / "detector.onnx")
    assert {path.name: path.read_bytes() for path in made.iterdir()} == before
    assert [path.name for path in made.parent.iterdir()] == ["tiny-pack"]


def test_a_set_that_was_trained_on_counts_only_with_its_held_out_people(place: Path, tmp_path: Path) -> None:
    (tmp_path / "made-up").symlink_to(place / "made-up-people")
    with pytest.raises(OptionsRefused, match="--data"):
        run(pack_command, *pack_options(place, tmp_path / "tiny-pack"), "--people", tmp_path / "made-up")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"--version": "not a version"}, CardInvalid),
        ({"--out": "Upper Case"}, CardInvalid),
        ({"--data": "crowd"}, DataUnusable),
        ({"--distinct": "trained-on"}, DataUnusable),
        ({"--licence": "no equals sign"}, OptionsRefused),
        ({"--commands": "no text", "--model-card": "docs"}, DataUnusable),
        ({"--commands": "backticks", "--model-card": "docs"}, DataUnusable),
        ({"--commands": "figures"}, OptionsRefused),
        ({"--detector": "pack", "--detector-figures": "figures"}, OptionsRefused),
    ],
)
def test_options_that_make_no_pack_are_refused_with_the_reason(
    place: Path, tmp_path: Path, changes: dict[str, str], error: type[TrainerError]
) -> None:
    options = pack_options(place, tmp_path / "tiny-pack")
    for name, value in changes.items():
        meant = {name: place / name for name in ("crowd", "trained-on")}
        meant |= {"pack": SHIPPED, "figures": place / "figures.json", "no text": SHIPPED / "detector.onnx"}
        meant |= {"backticks": place / "backticks.sh", "docs": tmp_path / "card.md"}
        chosen = tmp_path / value if name == "--out" else meant.get(value, value)
        if name in options:
            options[options.index(name) + 1] = chosen
        else:
            options += [name, chosen]
    with pytest.raises(error):
        run(pack_command, *options)
    assert list(tmp_path.iterdir()) == []


def test_the_detector_of_another_pack_can_be_kept(place: Path, tmp_path: Path) -> None:
    options = pack_options(place, tmp_path / "tiny-pack")
    start = options.index("--detector-figures")
    del options[start : start + 2]
    options[options.index("--detector") + 1] = SHIPPED
    assert run(pack_command, *options).exit_code == 0
    card, shipped = read_card(tmp_path / "tiny-pack" / "pack.toml"), read_card(SHIPPED / "pack.toml")
    assert card.detector == replace(shipped.detector, file="detector.onnx")
    assert f"The detector is that of the pack netcafe-mini {shipped.version}." in card.trained_on


def test_an_exported_and_quantised_file_makes_a_pack_with_the_same_history(
    place: Path, made: Path, tmp_path: Path
) -> None:
    whole, small = tmp_path / "embedder.onnx", tmp_path / "int8.onnx"
    exported = run(export_command, place / "run", "--out", whole, "--data", place / "crops", "--name", "tiny")
    assert exported.exit_code == 0, exported.output
    assert "lowest cosine to torch on 116 crops 1.0000" in exported.output
    quantised = run(quantise_command, whole, "--out", small, "--data", place / "crops", "--json")
    assert json.loads(quantised.stdout)["after"]["bytes"] == small.stat().st_size
    options = pack_options(place, tmp_path / "tiny-pack")
    options[options.index("--embedder") + 1] = small
    assert run(pack_command, *options).exit_code == 0
    pack = load_pack(tmp_path / "tiny-pack")
    assert pack.read_embedder() == small.read_bytes()
    told = read_card(made / "pack.toml").trained_on
    assert told.startswith(pack.card.trained_on)
    assert "The embedder (" in pack.card.trained_on
    assert "taught by" in told[len(pack.card.trained_on) :], "only the first pack knows its detector's run"


def test_the_help_of_the_commands_needs_no_torch() -> None:
    for command in (export_command, quantise_command, pack_command):
        assert "Example:" in run(command, "--help").output


def test_the_written_card_is_plain_toml(made: Path) -> None:
    table = tomllib.loads((made / "pack.toml").read_text(encoding="utf-8"))
    assert table["thresholds"]["points"][0]["low"] < table["thresholds"]["points"][0]["high"]

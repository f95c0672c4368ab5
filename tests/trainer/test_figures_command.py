"""Every figure comes from one command, and the same command gives the same file again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from netcafe_face.domain.errors import OutputError
from netcafe_face.trainer import drawing
from netcafe_face.trainer.cli.figures import figures_command, fitting
from netcafe_face.trainer.data.crops import save_crops
from netcafe_face.trainer.errors import OptionsRefused
from netcafe_face.trainer.figures.options import FigureOptions
from netcafe_face.trainer.figures.registry import FIGURES
from netcafe_face.trainer.losses.registry import LOSSES
from tests.files_kit import MODELS
from tests.trainer.kit import people


def figures(*arguments: object) -> str:
    result = CliRunner().invoke(figures_command, [str(each) for each in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_a_figure_is_drawn_without_any_data(tmp_path: Path, name: str) -> None:
    file = tmp_path / "figure.png"
    said = figures(name, "--out", file, "--quick")
    assert FIGURES[name].shows in said
    with Image.open(file) as image:
        assert image.width == round(drawing.WIDTH_IN * drawing.DPI)
        pixels = np.asarray(image.convert("L"))
    assert 0.02 < (pixels < 250).mean() < 0.7, "neither empty nor full"
    assert file.stat().st_size < 150 * 1024


def test_the_same_command_gives_the_same_file_and_another_seed_another(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.png" for number in range(3)]
    for file, seed in zip(files, (0, 0, 1), strict=True):
        figures("theta", "--out", file, "--quick", "--seed", seed)
    one, same, other = (file.read_bytes() for file in files)
    assert one == same
    assert one != other


@pytest.mark.parametrize(("suffix", "begins"), [(".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_the_files_ending_chooses_its_format_and_no_date_is_written(
    tmp_path: Path, suffix: str, begins: bytes
) -> None:
    figures("target-logits", "--out", tmp_path / f"figure{suffix}")
    data = (tmp_path / f"figure{suffix}").read_bytes()
    assert data.startswith(begins)
    assert b"CreationDate" not in data
    assert b"dc:date" not in data


def test_an_ending_that_cannot_be_written_is_refused_before_anything_is_trained(tmp_path: Path) -> None:
    with pytest.raises(OptionsRefused, match="png"):
        figures("circle", "--out", tmp_path / "figure.jpeg")


def test_files_that_a_figure_cannot_show_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionsRefused, match="sphere cannot be drawn from --crops"):
        figures("sphere", "--out", tmp_path / "sphere.png", "--crops", tmp_path)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file"):
        figures("target-logits", "--out", tmp_path / "file" / "figure.png")


def test_the_help_names_every_figure() -> None:
    said = CliRunner().invoke(figures_command, ["--help"]).output
    assert all(f"  {name} " in said for name in FIGURES)


def test_drawing_leaves_matplotlibs_settings_alone() -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    FIGURES["target-logits"].draw(FigureOptions())
    assert dict(mpl.rcParams) == before


def test_every_loss_has_a_look_of_its_own() -> None:
    assert set(drawing.LOSS_LINES) == set(LOSSES)
    looks = [(line["color"], str(line["linestyle"])) for line in drawing.LOSS_LINES.values()]
    assert len(set(looks)) == len(looks)
    assert len({line["color"] for line in drawing.LOSS_LINES.values()}) == len(looks)


def test_real_networks_are_shown_on_real_crops_of_held_out_people(tmp_path: Path) -> None:
    save_crops(tmp_path / "crops", people(training=2, held_out=10))
    for name in ("roc-cmc", "embeddings"):
        file = tmp_path / f"{name}.png"
        figures(name, "--out", file, "--crops", tmp_path / "crops", "--model", MODELS / "netcafe-mini")
        assert file.is_file()


def test_of_all_figures_each_is_drawn_from_what_it_can_show(tmp_path: Path) -> None:
    given = FigureOptions(crops=tmp_path, models=(tmp_path,), run=tmp_path)
    assert fitting(FIGURES["roc-cmc"], given) == FigureOptions(crops=tmp_path, models=(tmp_path,))
    assert fitting(FIGURES["roc-cmc"], FigureOptions(crops=tmp_path)) == FigureOptions()
    assert fitting(FIGURES["circle"], given) == FigureOptions(crops=tmp_path)
    assert fitting(FIGURES["theta"], given) == FigureOptions(run=tmp_path)
    assert fitting(FIGURES["sphere"], given) == FigureOptions()


def test_small_files_keep_the_palettes_colours_exactly(tmp_path: Path) -> None:
    figures("circle", "--out", tmp_path / "circle.png", "--quick")
    with Image.open(tmp_path / "circle.png") as image:
        colours = {colour for _, colour in image.convert("RGB").getcolors(256) or []}
    assert set(drawing.PEOPLE) <= {f"#{red:02X}{green:02X}{blue:02X}" for red, green, blue in colours}

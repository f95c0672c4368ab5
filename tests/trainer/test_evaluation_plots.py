"""Figures show every network by its name, are the same each time, and are left out where there is nothing."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from netcafe_face.domain.errors import OutputError
from netcafe_face.domain.faces import FloatArray, unit_rows
from netcafe_face.trainer.evaluation.material import Material
from netcafe_face.trainer.evaluation.measuring import Measured, Network, Options, measure
from netcafe_face.trainer.evaluation.plots import draw_all
from netcafe_face.trainer.evaluation.report import Evaluation
from netcafe_face.trainer.evaluation.tables import difference
from netcafe_face.trainer.evaluation.verification import FoldAccuracy, held_out_pairs

NAMES = tuple(f"P{number // 4}" for number in range(120))


def result(name: str, noise: float, names: tuple[str, ...] = NAMES) -> Measured:
    rng = np.random.default_rng(0)
    labels = np.unique(names, return_inverse=True)[1]
    rows: FloatArray = unit_rows(
        rng.standard_normal((len(labels), 24))[labels] + noise * rng.standard_normal((len(labels), 24))
    )
    crops = np.zeros((len(names), 112, 112, 3), np.uint8)
    pairs = held_out_pairs(names) if any(names) else None
    network = Network(name, "", "RGB", 24, math.nan, 1, 1)
    return measure(network, rows, Material("test", crops, names, pairs, ""), Options(draws=0, galleries=2))


def test_vector_figures_name_every_network_in_text_and_are_the_same_each_time(tmp_path: Path) -> None:
    results = [result("cost $5 or $6.onnx", 0.9), result("_hidden.onnx", 0.5)]
    drawn = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        drawn.append(draw_all(results, "A $ title", folder, ".svg"))
    assert [path.name for path in drawn[0]] == ["roc.svg", "det.svg", "cmc.svg", "gallery.svg", "angles.svg"]
    for one, again in zip(*drawn, strict=True):
        text = one.read_text(encoding="utf-8")
        assert text == again.read_text(encoding="utf-8")
        assert "cost $5 or $6.onnx" in text
        assert "_hidden.onnx" in text
        assert "A $ title" in text
        assert "<image" not in text


def test_a_network_without_a_mistake_is_drawn_too(tmp_path: Path) -> None:
    assert len(draw_all([result("perfect", 0.0001)], "t", tmp_path)) == 5


def test_without_pairs_and_people_there_is_nothing_to_draw(tmp_path: Path) -> None:
    nothing = result("nobody", 0.5, ("",) * 8)
    assert (nothing.rates, nothing.roc, nothing.closed) == ((), None, None)
    assert draw_all([nothing], "t", tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_figure_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"roc\.png"):
        draw_all([result("x", 0.5)], "t", tmp_path / "file")


def test_the_json_holds_null_where_there_is_no_number() -> None:
    body = Evaluation("t", (), (result("x", 0.5),)).as_json()
    assert body["results"][0]["network"]["ms_per_face"] is None
    assert body["results"][0]["rates"][0]["resampled"] is None


def test_a_difference_between_networks_has_the_interval_of_students_t() -> None:
    folds = np.arange(10) / 1000
    one = FoldAccuracy(0.0, 0.0, folds, 0.9 + folds)
    other = FoldAccuracy(0.0, 0.0, folds, np.full(10, 0.9))
    mean, low, high = difference(one, other)
    assert mean == pytest.approx(0.0045)
    # Standard deviation 0.0030277, ten folds, t = 2.262157.
    assert (low, high) == pytest.approx((0.0045 - 0.00216591, 0.0045 + 0.00216591), abs=1e-7)
    assert difference(one, one) == (0.0, 0.0, 0.0)

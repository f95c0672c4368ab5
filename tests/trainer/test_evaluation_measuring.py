"""Where a set brings its pairs, every figure of verification is of those pairs and of no others."""

from __future__ import annotations

import math

import numpy as np
import pytest

from netcafe_face.domain.faces import FloatArray, unit_rows
from netcafe_face.trainer.evaluation.material import Material
from netcafe_face.trainer.evaluation.measuring import Measured, Network, Options, measure
from netcafe_face.trainer.evaluation.report import Evaluation
from netcafe_face.trainer.evaluation.verification import Pairs

PEOPLE, EACH = 30, 4
LABELS = np.repeat(np.arange(PEOPLE), EACH)


def measured(own_pairs: bool, named: bool = True, groups: dict[str, str] | None = None) -> Measured:
    """Nobody's last face looks like the others, and the set's pairs leave these faces out."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((PEOPLE, 32))[LABELS]
    rows[EACH - 1 :: EACH] = rng.standard_normal((PEOPLE, 32))
    first = np.arange(PEOPLE) * EACH
    other = np.roll(first, 1)
    pairs = Pairs(
        np.tile(first, 2),
        np.concatenate([first + 1, other]),
        np.repeat([True, False], PEOPLE),
        np.tile(np.arange(PEOPLE) % 10, 2),
    )
    names = tuple(f"p{label}" if named else "" for label in LABELS)
    crops = np.zeros((len(names), 112, 112, 3), np.uint8)
    material = Material("test", crops, names, pairs, "", own_pairs=own_pairs)
    unit: FloatArray = unit_rows(rows.astype(np.float32))
    options = Options(draws=20, galleries=2, groups=groups or {})
    return measure(Network("net", "", "RGB", 32, math.nan, 1, 1), unit, material, options)


def test_eer_roc_and_angles_are_of_the_sets_own_pairs() -> None:
    own = measured(own_pairs=True)
    assert own.eer is not None
    assert own.roc is not None
    assert own.angles is not None
    assert own.eer[0] == pytest.approx(0, abs=1e-6)
    assert own.angles.genuine_mean == pytest.approx(0, abs=0.01)
    assert own.roc.tar[own.roc.far == 0].max() == 1
    assert {(rate.point.genuine_pairs, rate.point.impostor_pairs) for rate in own.rates} == {(30, 30)}
    assert all(rate.point.tar == 1 for rate in own.rates)
    assert all(rate.resampled is None for rate in own.rates)


def test_the_rates_of_all_pairs_stand_beside_those_of_the_sets_own() -> None:
    own, drawn = measured(own_pairs=True), measured(own_pairs=False)
    assert own.all_pair_rates == drawn.rates
    assert {rate.point.genuine_pairs for rate in own.all_pair_rates} == {PEOPLE * 6}
    assert own.all_pair_rates[0].point.tar < 0.8
    assert drawn.all_pair_rates == ()
    assert (own.whose, drawn.whose) == ("the set's pairs", "all pairs")


def test_all_pairs_are_not_compared_where_nobody_has_a_name() -> None:
    nameless = measured(own_pairs=True, named=False)
    assert nameless.all_pair_rates == ()
    assert nameless.rates[0].point.genuine_pairs == 30
    assert not any(note.startswith("All pairs") for note in nameless.notes)


def test_groups_are_judged_at_the_threshold_of_all_pairs_whatever_pairs_the_set_brings() -> None:
    groups = {f"p{number}": "some" for number in range(15)}
    own, drawn = measured(own_pairs=True, groups=groups), measured(own_pairs=False, groups=groups)
    assert own.groups == drawn.groups
    assert own.groups[0].people == 15


def test_both_tables_are_in_every_form_of_the_report() -> None:
    evaluation = Evaluation("t", (), (measured(own_pairs=True),))
    for text in (evaluation.as_text(), evaluation.as_markdown()):
        assert "Verification, EER and θ over the set's pairs" in text
        assert "Rates over the set's pairs: 30 genuine, 30 impostor" in text
        assert "Rates over all pairs of the same faces: 180 genuine, 6,960 impostor" in text
    (result,) = evaluation.as_json()["results"]
    assert [rate["genuine_pairs"] for rate in result["rates"]] == [30] * 4
    assert [rate["genuine_pairs"] for rate in result["all_pair_rates"]] == [180] * 4
    assert result["all_pair_rates"][0]["tar_interval"][0] <= result["all_pair_rates"][0]["tar"]
    assert "all pairs" in Evaluation("t", (), (measured(own_pairs=False),)).as_text()
    assert "of the same faces" not in Evaluation("t", (), (measured(own_pairs=False),)).as_text()

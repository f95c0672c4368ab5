"""Target logits and decision boundaries are drawn from the losses themselves, and are those of the papers."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from netcafe_face.trainer.figures.boundaries import LONGER, WITH_BOUNDARY, contentment
from netcafe_face.trainer.figures.logits import CURVES, target
from netcafe_face.trainer.losses.registry import LOSSES

BY_HAND: dict[str, Callable[[float], float]] = {
    "norm-softmax": math.cos,
    "sphereface": lambda theta: math.cos(1.35 * theta),
    "cosface": lambda theta: math.cos(theta) - 0.35,
    "arcface": lambda theta: math.cos(theta + 0.5),
    "combined": lambda theta: math.cos(theta + 0.3) - 0.2,
}


@pytest.mark.parametrize("loss", [loss for loss, _, _ in CURVES])
@pytest.mark.parametrize("degrees", [0, 20, 60, 90, 120])
def test_a_target_logit_is_the_papers_formula(loss: str, degrees: float) -> None:
    found = target(loss, np.array([float(degrees)]))[0]
    assert found == pytest.approx(BY_HAND[loss](math.radians(degrees)), abs=1e-9)


def test_no_target_rises_with_the_angle() -> None:
    for loss, _, _ in CURVES:
        assert (np.diff(target(loss, np.linspace(0, 180, 721))) <= 1e-9).all()


def content(loss: str, degrees_1: float, degrees_2: float) -> tuple[bool, bool]:
    cosines = (np.array([math.cos(math.radians(degrees))]) for degrees in (degrees_1, degrees_2))
    found = contentment(loss, *cosines)
    return bool(found.first[0] > 0), bool(found.second[0] > 0)


@pytest.mark.parametrize("loss", WITH_BOUNDARY)
def test_nobody_is_content_with_both_classes_and_the_classes_are_alike(loss: str) -> None:
    angles = np.radians(np.linspace(0, 90, 46))
    one, other = np.meshgrid(np.cos(angles), np.cos(angles))
    found = contentment(loss, one, other)
    assert not ((found.first > 0) & (found.second > 0)).any()
    assert (found.first > 0).any()
    assert (found.second > 0).any()
    head = LOSSES[loss].head
    if head is None or head.normalise_weights:
        swapped = contentment(loss, other, one)
        assert np.allclose(found.first, swapped.second)


def test_norm_softmax_has_no_margin() -> None:
    assert content("norm-softmax", 40, 41) == (True, False)
    assert content("norm-softmax", 41, 40) == (False, True)


def test_arcfaces_margin_is_half_a_radian_everywhere() -> None:
    margin = math.degrees(0.5)
    for degrees in (0, 20, 50):
        assert content("arcface", degrees, degrees + margin + 0.1) == (True, False)
        assert content("arcface", degrees, degrees + margin - 0.1) == (False, False)


def test_spherefaces_margin_grows_with_the_angle_and_vanishes_at_zero() -> None:
    for degrees in (1, 20, 50):
        assert content("sphereface", degrees, 1.35 * degrees + 0.1) == (True, False)
        assert content("sphereface", degrees, 1.35 * degrees - 0.1) == (False, False)


def test_a_softmax_wants_four_times_the_angle() -> None:
    assert content("a-softmax", 10, 40.1) == (True, False)
    assert content("a-softmax", 10, 39.9) == (False, False)


def test_the_longer_centre_of_softmax_takes_more_than_half() -> None:
    boundary = math.degrees(math.atan(LONGER))  # centres 90° apart: 1.3·cos θ₁ = cos(90° − θ₁)
    assert boundary > 45
    assert content("softmax", boundary - 0.1, 90 - boundary + 0.1) == (True, False)
    assert content("softmax", boundary + 0.1, 90 - boundary - 0.1) == (False, True)


def test_the_triplets_margin_is_counted_in_squared_distance() -> None:
    # 2 − 2·cos θ₁ + 0.35 < 2 − 2·cos θ₂
    boundary = math.degrees(math.acos(math.cos(math.radians(30)) - 0.35 / 2))
    assert content("triplet", 30, boundary + 0.1) == (True, False)
    assert content("triplet", 30, boundary - 0.1) == (False, False)

from __future__ import annotations

import numpy as np
import pytest

from netcafe_face.trainer.data.augment import AUGMENTATIONS, STRENGTHS, AugmentConfig, augment
from tests.trainer.kit import real_crops


@pytest.fixture(scope="module")
def crop_rgb() -> np.ndarray:
    return np.ascontiguousarray(real_crops()[0][:, :, ::-1])


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_each_change_gives_a_crop_again_the_same_for_the_same_seed(name: str, crop_rgb: np.ndarray) -> None:
    before = crop_rgb.copy()
    for seed in range(20):
        once, again = (AUGMENTATIONS[name](crop_rgb, np.random.default_rng(seed)) for _ in range(2))
        assert once.shape == (112, 112, 3)
        assert once.dtype == np.uint8
        assert np.array_equal(once, again)
    assert np.array_equal(crop_rgb, before), "the picture that was given is not changed"


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_each_change_is_to_be_seen_but_leaves_a_face(name: str, crop_rgb: np.ndarray) -> None:
    changed = [AUGMENTATIONS[name](crop_rgb, np.random.default_rng(seed)) for seed in range(12)]
    assert all(not np.array_equal(one, crop_rgb) for one in changed)
    likeness = [np.corrcoef(mirrored(one, name).ravel(), crop_rgb.ravel())[0, 1] for one in changed]
    assert float(np.median(likeness)) > 0.6, "it is still the same face"


def mirrored(crop: np.ndarray, name: str) -> np.ndarray:
    return crop[:, ::-1] if name == "flip" else crop


@pytest.mark.parametrize("name", [name for name in AUGMENTATIONS if name != "flip"])
def test_each_change_differs_from_one_seed_to_the_next(name: str, crop_rgb: np.ndarray) -> None:
    several = {AUGMENTATIONS[name](crop_rgb, np.random.default_rng(seed)).tobytes() for seed in range(6)}
    assert len(several) > 1


def test_the_light_comes_before_the_lens_the_sensor_and_the_wire() -> None:
    order = list(AUGMENTATIONS)
    assert order.index("masked") < order.index("lit") < order.index("small")
    assert order.index("blurred") < order.index("noisy") < order.index("compressed")


def test_no_strength_means_the_crop_as_it_is(crop_rgb: np.ndarray) -> None:
    assert augment(crop_rgb, np.random.default_rng(0), STRENGTHS["none"]) is crop_rgb


def test_a_chance_says_how_often_something_happens(crop_rgb: np.ndarray) -> None:
    rng = np.random.default_rng(5)
    strength = AugmentConfig({"flip": 0.3})
    changed = sum(augment(crop_rgb, rng, strength) is not crop_rgb for _ in range(1000))
    assert 250 < changed < 350


def test_all_happen_together_where_they_are_certain(crop_rgb: np.ndarray) -> None:
    everything = AugmentConfig(dict.fromkeys(AUGMENTATIONS, 1.0))
    out = augment(crop_rgb, np.random.default_rng(0), everything)
    assert out.shape == crop_rgb.shape
    assert np.array_equal(out, augment(crop_rgb, np.random.default_rng(0), everything))


def test_the_cafe_is_harder_than_the_light_one(crop_rgb: np.ndarray) -> None:
    def change(name: str) -> float:
        rng = np.random.default_rng(9)
        crops = [augment(crop_rgb, rng, STRENGTHS[name]).astype(int) for _ in range(150)]
        return float(np.mean([np.abs(crop - crop_rgb).mean() for crop in crops]))

    assert 0 == change("none") < change("light") < change("half-cafe") < change("cafe")


def test_an_augmentation_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="rain"):
        AugmentConfig({"rain": 0.5})

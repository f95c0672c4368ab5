"""Augmentations to look at: each kind on a few faces, and what a training makes of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from netcafe_face.domain.errors import N_
from netcafe_face.domain.faces import Image
from netcafe_face.trainer.data.augment import AUGMENTATIONS, STRENGTHS, augment
from netcafe_face.trainer.data.contact_sheet import contact_sheet
from netcafe_face.trainer.data.crops import CropSet
from netcafe_face.trainer.errors import DataUnusable


def augmentation_sheet(crops: CropSet, faces: int, seed: int) -> Image:
    """Draw faces that are trained on, one in a column: untouched, with each augmentation, with each strength.

    Args:
        crops: to choose from.
        faces: columns, at most as many as there are crops.
        seed: of the choice and of every augmentation.

    Returns:
        uint8 (height, width, 3), BGR.

    Raises:
        DataUnusable: no crop is for training.
    """
    trained = crops.training()
    if not len(trained):
        raise DataUnusable(path=N_("given"), reason=N_("none of its crops is for training"))
    rng = np.random.default_rng([seed])
    chosen = rng.choice(len(trained), min(faces, len(trained)), replace=False)
    originals = [np.ascontiguousarray(np.asarray(trained.crops_bgr[at])[:, :, ::-1]) for at in chosen]
    kinds: dict[str, Callable[[Image, np.random.Generator], Image]] = {"as they are": lambda crop, _rng: crop}
    kinds |= AUGMENTATIONS
    for name, strength in STRENGTHS.items():
        if strength.chances:
            kinds[f"strength “{name}”"] = partial(augment, strength=strength)
    rows = []
    for number, change in enumerate(kinds.values()):
        # One stream for each row, so that a new augmentation leaves the other rows as they were.
        stream = np.random.default_rng([seed, number])
        rows.append([np.ascontiguousarray(change(crop, stream)[:, :, ::-1]) for crop in originals])
    return contact_sheet(rows, list(kinds))

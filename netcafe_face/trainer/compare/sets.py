"""Further verification sets to measure a comparison on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from netcafe_face.trainer.data.crops import CropSet
from netcafe_face.trainer.errors import OptionsRefused
from netcafe_face.trainer.evaluation.leakage import check_leakage, seen_of
from netcafe_face.trainer.evaluation.material import Material
from netcafe_face.trainer.evaluation.sources import SourceOptions, load_material

_LFW_PHOTO = re.compile(r"(?:.*/)?([^/]+)/\1_\d{4}\.\w+")
"""How LFW calls its photos: a person's folder, and in it the name again with four figures."""


def read_sets(texts: Sequence[str], crops: CropSet) -> dict[str, Material]:
    """Read sets given as NAME=FILE, such as cfp-fp=cfp_fp.bin.

    LFW's own pairs are refused where LFW people are trained on: they would be people seen in training.

    Raises:
        OptionsRefused: a text is not of this form, or a name comes twice, or it is LFW's.
        LeakageFound: people or pictures of a set are trained on, equal or nearly so.
        DataUnusable: see `load_material`.
    """
    seen = seen_of(crops, "this comparison") if texts else None
    sets: dict[str, Material] = {}
    for text in texts:
        name, equals, file = text.partition("=")
        if not equals or not name or name in sets:
            raise OptionsRefused(reason=f"a set is given once, as NAME=FILE, not as {text!r}")
        if "lfw" in f"{name} {Path(file).stem}".casefold() and _trains_on_lfw(crops):
            raise OptionsRefused(reason="LFW's pairs show people of the LFW photos that are trained on")
        sets[name] = load_material(Path(file), SourceOptions(people="all"))
        if seen is not None:
            check_leakage(sets[name].names, sets[name].crops_bgr, seen)
    return sets


def _trains_on_lfw(crops: CropSet) -> bool:
    return any(
        "lfw" in record.group.casefold() or _LFW_PHOTO.fullmatch(record.source)
        for record in crops.training().records
    )

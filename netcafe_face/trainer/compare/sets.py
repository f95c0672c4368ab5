"""Further verification sets to measure a comparison on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from netcafe_face.trainer.data.crops import CropSet
from netcafe_face.trainer.errors import OptionsRefused
from netcafe_face.trainer.evaluation.material import Material
from netcafe_face.trainer.evaluation.sources import SourceOptions, load_material


def read_sets(texts: Sequence[str], crops: CropSet) -> dict[str, Material]:
    """Read sets given as NAME=FILE, such as cfp-fp=cfp_fp.bin.

    LFW's own pairs are refused where LFW people are trained on: they would be people seen in training.

    Raises:
        OptionsRefused: a text is not of this form, a name comes twice, or the set would leak.
        DataUnusable: see `load_material`.
    """
    groups = {record.group.casefold() for record in crops.records}
    sets: dict[str, Material] = {}
    for text in texts:
        name, equals, file = text.partition("=")
        if not equals or not name or name in sets:
            raise OptionsRefused(reason=f"a set is given once, as NAME=FILE, not as {text!r}")
        if "lfw" in name.casefold() and any("lfw" in group for group in groups):
            raise OptionsRefused(reason="LFW's pairs show people of the LFW photos that are trained on")
        sets[name] = load_material(Path(file), SourceOptions(people="all"))
    return sets

"""What networks are tested on: faces, whom they show, and the pairs of the protocol."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.errors import N_
from netcafe_face.trainer.data.crops import Crops, CropSet, load_crops
from netcafe_face.trainer.data.split import SPLIT_SENTENCE
from netcafe_face.trainer.errors import DataUnusable
from netcafe_face.trainer.evaluation.verification import Pairs, held_out_pairs

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Material:
    """A test.

    Attributes:
        title: what reports call it.
        crops_bgr: uint8 (n, 112, 112, 3), aligned.
        names: the person of each, "" where unknown.
        pairs: of the protocol, in folds; None where there can be none.
        protocol: what the pairs are, or why there are none.
        notes: what was chosen and left out, in sentences.
        own_pairs: a published list names the pairs, so rates are of them; otherwise they were drawn here.
    """

    title: str
    crops_bgr: Crops
    names: tuple[str, ...]
    pairs: Pairs | None
    protocol: str
    notes: tuple[str, ...] = ()
    own_pairs: bool = False

    @property
    def people(self) -> int:
        """Return the number of people whose names are known."""
        return len({name for name in self.names if name})

    def sentences(self) -> tuple[str, ...]:
        """Say what is tested on, with all counts."""
        known = [name for name in self.names if name]
        if not known:
            who = f"{len(self.names):,} crops; who they show is not known."
            return (f"{self.title}: {who}", self.protocol, *self.notes)
        counts = np.unique(known, return_counts=True)[1]
        several = int((counts > 1).sum())
        who = f"{len(known):,} crops of {len(counts):,} people, {several:,} of them with several."
        if len(known) < len(self.names):
            who += f" Whom {len(self.names) - len(known):,} more show is not known."
        return (f"{self.title}: {who}", self.protocol, *_weight_of_few(counts), *self.notes)


def material_from_crops(
    crops: CropSet, title: str, everyone: bool, seed: int = 0, notes: tuple[str, ...] = ()
) -> Material:
    """Test on crops with names.

    Args:
        crops: of any people.
        title: what reports call the set.
        everyone: test on all people; otherwise on those who are never trained on.
        seed: chooses the pairs.
        notes: sentences to begin with.

    Raises:
        DataUnusable: nobody is left, or one person only.
    """
    labelled = crops.labelled()
    chosen = labelled if everyone else labelled.held_out()
    _check_people(chosen, len(labelled), title)
    names = tuple(record.name for record in chosen.records)
    said = list(notes)
    if len(labelled) < len(crops):
        said.append(f"{len(crops) - len(labelled):,} crops without a name were left out.")
    said.append(_who_was_chosen(chosen, labelled, everyone))
    pairs: Pairs | None
    try:
        pairs = held_out_pairs(names, seed)
        protocol = _protocol_sentence(pairs, names, seed)
    except DataUnusable as error:
        pairs, protocol = None, f"No 10-fold accuracy: {error.details['reason']}."
    return Material(title, chosen.crops_bgr, names, pairs, protocol, tuple(said))


def load_folder_of_crops(path: Path, everyone: bool, seed: int) -> Material:
    """Test on crops made by `prepare`.

    Raises:
        DataUnusable: see `load_crops` and `material_from_crops`.
    """
    return material_from_crops(load_crops(path), path.name or str(path), everyone, seed)


def _check_people(chosen: CropSet, labelled: int, title: str) -> None:
    people = {record.name for record in chosen.records}
    if len(people) > 1:
        return
    if not labelled:
        raise DataUnusable(path=title, reason=N_("no crop of it has a name"))
    if people and len(chosen) < labelled:
        reason = (
            f"one person only is held out ({people.pop()}); to test on those of the training, add --everyone"
        )
        raise DataUnusable(path=title, reason=reason)
    if people:
        raise DataUnusable(
            path=title, reason=f"it shows one person only ({people.pop()}); strangers are needed"
        )
    raise DataUnusable(
        path=title,
        reason=N_("none of its people are held out; to test on those of the training, add --everyone"),
    )


def _who_was_chosen(chosen: CropSet, labelled: CropSet, everyone: bool) -> str:
    if not everyone:
        kept = f"{len(chosen):,} of {len(labelled):,} named crops"
        return f"Only the held-out people count: {kept}. {SPLIT_SENTENCE}"
    held_out = sum(record.held_out for record in chosen.records)
    return (
        f"All people count. {held_out:,} of the {len(chosen):,} crops are of people whom the project's split "
        "holds out; a network of this project was trained on the others if they were in its data."
    )


def _protocol_sentence(pairs: Pairs, names: tuple[str, ...], seed: int) -> str:
    rows = np.concatenate([pairs.first[pairs.same], pairs.second[pairs.same]])
    people = len({names[row] for row in rows.tolist()})
    return (
        f"Verification: {len(pairs):,} pairs by the LFW protocol drawn from these crops (seed {seed}): "
        f"{pairs.folds} folds of different people, half of the pairs genuine, those of {people:,} people."
    )


def _weight_of_few(counts: npt.NDArray[np.int64]) -> tuple[str, ...]:
    pairs = np.sort(counts * (counts - 1) // 2)[::-1]
    if len(pairs) < 10 or pairs[:5].sum() <= pairs.sum() / 4:
        return ()
    share = pairs[:5].sum() / pairs.sum()
    return (
        f"Five people with the most crops make {share:.0%} of all pairs of one person: they weigh a lot.",
    )

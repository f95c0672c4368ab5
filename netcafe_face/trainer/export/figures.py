"""Everything that a card and a model card say of a pack in numbers, measured in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from netcafe_face.domain.matching import LOOSEST_IDENTIFICATION_FAR
from netcafe_face.trainer.evaluation.material import material_from_crops
from netcafe_face.trainer.evaluation.measuring import Measured, Network, Options, Rate, measure
from netcafe_face.trainer.evaluation.rates import RATES
from netcafe_face.trainer.export.faces import View
from netcafe_face.trainer.export.hardships import Hard, HardTest, measure_hardships
from netcafe_face.trainer.export.thresholds import Chosen, SeenFaces, SetRates, accepted, choose, set_rates
from netcafe_face.trainer.export.timing import ms_per_face
from netcafe_face.vision.embedding import build_embedder
from netcafe_face.vision.packs import ModelPack
from netcafe_face.vision.runtime import Runtime

HARDSHIP_FAR = 1e-3
"""Pairwise false-accept rate at which hardships are measured: the usual one of published tables."""


@dataclass(frozen=True, eq=False)
class PackFigures:
    """What was measured of a pack.

    Attributes:
        views: the sets as the pack saw them; the first is the main one.
        sets: thresholds on each of them.
        chosen: the card's thresholds, the loosest rate first.
        measured: the main set in all respects.
        protocol_pairs: pairs of its ten folds; 0 where there are none.
        hard: what masks, distance and darkness do, at the threshold of `HARDSHIP_FAR`.
        ms_per_face: the embedder's, on one thread.
        embedder_bytes: size of its file.
        detector_bytes: size of the other.
    """

    views: tuple[View, ...]
    sets: tuple[SetRates, ...]
    chosen: tuple[Chosen, ...]
    measured: Measured
    protocol_pairs: int
    hard: tuple[Hard, ...]
    ms_per_face: float
    embedder_bytes: int
    detector_bytes: int

    @property
    def main(self) -> View:
        """Return the set that accuracy is quoted for."""
        return self.views[0]

    def rate(self, far: float) -> Rate:
        """Return the main set's own working point at a rate."""
        return next(rate for rate in self.measured.rates if rate.point.far == far)

    def threshold(self, far: float) -> float:
        """Return the card's threshold at a rate."""
        return next(one.point.threshold for one in self.chosen if one.point.far == far)

    @property
    def named_tar(self) -> float:
        """Return the part of the main set's true pairs accepted where a customer is named."""
        return accepted(self.sets[0].scores, self.threshold(LOOSEST_IDENTIFICATION_FAR))

    def as_json(self) -> dict[str, Any]:
        """Return the figures for a file."""
        accuracy = self.measured.accuracy
        return {
            "ms_per_face": self.ms_per_face,
            "embedder_bytes": self.embedder_bytes,
            "detector_bytes": self.detector_bytes,
            "accuracy": accuracy.mean if accuracy else None,
            "protocol_pairs": self.protocol_pairs,
            "accuracy_sd": accuracy.sd if accuracy else None,
            "rates": [
                {**asdict(rate.point), "tar_interval": list(rate.tar_interval)}
                for rate in self.measured.rates
            ],
            "thresholds": [{**asdict(one.point), "set": one.set_name, "tar": one.tar} for one in self.chosen],
            "hardships": [asdict(hard) for hard in self.hard],
            "groups": [asdict(group) for group in self.measured.groups],
            "sets": [_view_json(view, one) for view, one in zip(self.views, self.sets, strict=True)],
            "notes": list(self.measured.notes),
        }


@dataclass(frozen=True)
class MeasureOptions:
    """How to measure.

    Attributes:
        seed: chooses pairs, draws, masks and noise.
        draws: how often people are drawn again for intervals.
        groups: the group of each folded name; empty for none.
    """

    seed: int
    draws: int
    groups: Mapping[str, str]


def measure_pack(pack: ModelPack, views: Sequence[View], options: MeasureOptions) -> PackFigures:
    """Measure a pack on the faces that its detector found, in sets of which the first names people.

    Raises:
        DataUnusable: a set is too small.
        ModelUnusable: the embedder failed.
    """
    embedder = build_embedder(pack, Runtime(threads=1))
    rows = [embedder.embed(np.asarray(view.crops.crops_bgr)) for view in views]
    sets = tuple(
        set_rates(SeenFaces(view.source.name, found, view.owners), options.seed, options.draws)
        for view, found in zip(views, rows, strict=True)
    )
    chosen, main = choose(sets), views[0]
    ms = ms_per_face([pack.embedder_path], np.asarray(main.crops.crops_bgr[:1]))[0]
    material = material_from_crops(main.crops, main.source.name, main.source.everyone, options.seed)
    name = f"{pack.card.name} {pack.card.version}"
    network = Network(name, pack.card.embedder.sha256, "", embedder.dim, ms, batch=1, threads=1)
    asked = Options(seed=options.seed, draws=options.draws, groups=options.groups, fars=RATES)
    measured = measure(network, rows[0], material, asked)
    hard: tuple[Hard, ...] = ()
    if material.pairs is not None:
        same = next(one.point.threshold for one in chosen if one.point.far == HARDSHIP_FAR)
        test = HardTest(np.asarray(main.crops.crops_bgr), rows[0], material.pairs, same)
        hard = measure_hardships(test, embedder.embed, options.seed)
    return PackFigures(
        views=tuple(views),
        sets=sets,
        chosen=chosen,
        measured=measured,
        protocol_pairs=0 if material.pairs is None else len(material.pairs),
        hard=hard,
        ms_per_face=ms,
        embedder_bytes=pack.embedder_path.stat().st_size,
        detector_bytes=pack.detector_path.stat().st_size,
    )


def looked_json(view: View) -> dict[str, Any]:
    """Return how a detector did on a set, for a file."""
    return {
        "name": view.source.name,
        "pictures": view.pictures,
        "without_a_face": view.faceless,
        "equal_to_training": view.twins,
    }


def _view_json(view: View, one: SetRates) -> dict[str, Any]:
    return {
        **looked_json(view),
        "faces": one.scores.faces,
        "people": one.scores.people,
        "genuine_pairs": one.scores.genuine_pairs,
        "impostor_pairs": one.scores.impostor_pairs,
        "only_held_out": not view.source.everyone,
        "rates": [asdict(point) for point in one.points],
    }

"""Everything that is measured of one network on one test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.faces import FloatArray
from netcafe_face.trainer.data.reading import folded_name
from netcafe_face.trainer.errors import DataUnusable
from netcafe_face.trainer.evaluation.angles import Angles, angles_of
from netcafe_face.trainer.evaluation.bootstrap import Resampled, resampled_rates
from netcafe_face.trainer.evaluation.groups import GroupRates, group_rates
from netcafe_face.trainer.evaluation.identification import ClosedSet, OpenPoint, closed_set, open_set
from netcafe_face.trainer.evaluation.material import Material
from netcafe_face.trainer.evaluation.rates import Curve, RatePoint, curve, equal_error_rate, rate_points
from netcafe_face.trainer.evaluation.scores import PairScores, all_pair_scores, scores_of_pairs
from netcafe_face.trainer.evaluation.verification import FoldAccuracy, ten_fold_accuracy

FARS = (1e-2, 1e-3, 1e-4, 1e-5)
GROUP_FAR = 1e-3
"""The rate at whose threshold groups are compared: that of “the same person?” in the program."""


@dataclass(frozen=True)
class Options:
    """How to measure.

    Attributes:
        seed: chooses galleries and draws.
        draws: how often people are drawn again for intervals; 0 for Wilson's intervals only.
        galleries: how many galleries identification averages over.
        groups: the group of each folded name; empty for none.
        fars: false-accept rates.
    """

    seed: int = 0
    draws: int = 200
    galleries: int = 10
    groups: Mapping[str, str] = field(default_factory=dict)
    fars: tuple[float, ...] = FARS


@dataclass(frozen=True)
class Network:
    """Which network was measured.

    Attributes:
        name: what reports call it.
        sha256: of its ONNX file; "" for a module of torch.
        input: what it takes, in words.
        dim: length of its embeddings.
        ms_per_face: time ONNX Runtime took, in milliseconds, batches of `batch`; NaN where not measured.
        batch: faces a call.
        threads: for the network.
    """

    name: str
    sha256: str
    input: str
    dim: int
    ms_per_face: float
    batch: int
    threads: int


@dataclass(frozen=True)
class Rate:
    """A working point with the interval that people drawn again give, where there are enough of them."""

    point: RatePoint
    resampled: Resampled | None

    @property
    def tar_interval(self) -> tuple[float, float]:
        """Return the wider of both 95% intervals of the TAR: Wilson's takes pairs as independent."""
        if self.resampled is None:
            return self.point.low, self.point.high
        return min(self.point.low, self.resampled.tar_low), max(self.point.high, self.resampled.tar_high)

    @property
    def threshold_interval(self) -> tuple[float, float]:
        """Return the wider of both 95% intervals of the threshold."""
        low, high = self.point.threshold_low, self.point.threshold_high
        if self.resampled is None:
            return low, high
        return min(low, self.resampled.threshold_low), max(high, self.resampled.threshold_high)


@dataclass(frozen=True, eq=False)
class Measured:
    """One network's results; None where the test does not allow one, and `notes` says why.

    Attributes:
        accuracy: 10-fold verification.
        rates: TAR at each FAR, the loosest first.
        all_pairs: rates, EER, ROC and θ are of all pairs of known people, otherwise of the set's own pairs.
        all_pair_rates: the rates of all pairs of known people where `rates` are those of the set's own.
        eer: equal error rate and its cosine.
        roc: thinned curve.
        angles: θ of the same pairs.
        closed: identification among all people of the test.
        open: identification with strangers.
        groups: results for groups at `GROUP_FAR`.
    """

    network: Network
    accuracy: FoldAccuracy | None
    rates: tuple[Rate, ...]
    all_pairs: bool
    all_pair_rates: tuple[Rate, ...]
    eer: tuple[float, float] | None
    roc: Curve | None
    angles: Angles | None
    closed: ClosedSet | None
    open: tuple[OpenPoint, ...]
    groups: tuple[GroupRates, ...]
    notes: tuple[str, ...]

    @property
    def whose(self) -> str:
        """Return over which pairs rates, EER, curves and θ are, in words."""
        return "all pairs" if self.all_pairs else "the set's pairs"


def measure(network: Network, embeddings: FloatArray, material: Material, options: Options) -> Measured:
    """Measure a network by its embeddings, float32 (n, d) unit rows, of the material's crops.

    Raises:
        ValueError: there is not one embedding for each crop.
    """
    if len(embeddings) != len(material.names):
        raise ValueError(f"{len(material.names)} embeddings are needed, got {len(embeddings)}")
    named = np.array([bool(name) for name in material.names], dtype=bool)
    names = [name for name in material.names if name]
    people = _People(embeddings[named], np.unique(names, return_inverse=True)[1].astype(np.int64), names)
    every = all_pair_scores(people.rows, people.labels) if material.people > 1 else None
    accuracy, scores = None, every
    if material.pairs is not None:
        cosines = material.pairs.cosines(embeddings)
        accuracy = ten_fold_accuracy(cosines, material.pairs)
        scores = scores_of_pairs(cosines, material.pairs) if material.own_pairs else every
    notes: list[str] = []
    rates = _rates(people, scores, options, notes)
    all_pair_rates: tuple[Rate, ...] = ()
    if material.own_pairs:
        of_all: list[str] = []
        all_pair_rates = _rates(people, every, options, of_all)
        notes += [f"All pairs: {note}" for note in of_all]
    closed, opened = _identification(people, options, notes)
    separable = scores is not None and scores.genuine_pairs > 0 and scores.impostor_pairs > 0
    return Measured(
        network=network,
        accuracy=accuracy,
        rates=rates,
        all_pairs=not material.own_pairs,
        all_pair_rates=all_pair_rates,
        eer=equal_error_rate(scores) if scores is not None and separable else None,
        roc=curve(scores) if scores is not None and separable else None,
        angles=angles_of(scores) if scores is not None and separable else None,
        closed=closed,
        open=opened,
        groups=_groups(people, all_pair_rates or rates, options, notes),
        notes=tuple(notes),
    )


@dataclass(frozen=True, eq=False)
class _People:
    """Faces whose person is known: unit rows (n, d), the person's number of each, (n,), and name."""

    rows: FloatArray
    labels: npt.NDArray[np.int64]
    names: Sequence[str]


def _rates(
    people: _People, scores: PairScores | None, options: Options, notes: list[str]
) -> tuple[Rate, ...]:
    if scores is None:
        return ()
    try:
        points = rate_points(scores, options.fars)
    except DataUnusable as error:
        notes.append(f"No false-accept rates: {error.details['reason']}.")
        return ()
    if not scores.genuine_pairs:
        notes.append("No true-accept rates: nobody has two pictures.")
    if not scores.people or not options.draws:
        why = "that was not asked for"
        if not scores.people:
            why = "the set's own pairs count" if people.names else "it is not known whom the faces show"
        notes.append(
            f"Intervals are Wilson's, which take pairs as independent; people were not drawn again: {why}."
        )
        return tuple(Rate(point, None) for point in points)
    drawn = resampled_rates(people.rows, people.labels, scores, options.fars, options.draws, options.seed)
    by_far = {each.far: each for each in drawn}
    if len(by_far) < len(points):
        notes.append(
            "Where people were too few or pairs too many to draw people again, intervals are Wilson's, which "
            "take pairs as independent and are too narrow."
        )
    return tuple(Rate(point, by_far.get(point.far)) for point in points)


def _identification(
    people: _People, options: Options, notes: list[str]
) -> tuple[ClosedSet | None, tuple[OpenPoint, ...]]:
    if not len(people.labels):
        return None, ()
    try:
        closed = closed_set(people.rows, people.labels, options.seed, options.galleries)
        return closed, open_set(people.rows, people.labels, options.seed, options.galleries)
    except DataUnusable as error:
        notes.append(f"No identification: {error.details['reason']}.")
        return None, ()


def _groups(
    people: _People, rates: Sequence[Rate], options: Options, notes: list[str]
) -> tuple[GroupRates, ...]:
    if not options.groups:
        return ()
    thresholds = [rate.point.threshold for rate in rates if rate.point.far == GROUP_FAR]
    labelled = {name for name in people.names if folded_name(name) in options.groups}
    notes.append(
        f"Groups: {len(labelled):,} of {len(set(people.names)):,} people have a label; "
        f"{len(options.groups) - len(labelled):,} labels are of people who are not in this test."
    )
    if not thresholds or not labelled:
        notes.append("No results for groups: there is no threshold, or nobody has a label.")
        return ()
    return group_rates(people.rows, people.names, options.groups, thresholds[0])

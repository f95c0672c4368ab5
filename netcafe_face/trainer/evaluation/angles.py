"""How far apart faces lie on the sphere: θ between embeddings, in radians."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.errors import N_
from netcafe_face.trainer.errors import DataUnusable
from netcafe_face.trainer.evaluation.scores import BINS, PairScores

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Angles:
    """θ of genuine and impostor pairs, 0 to π.

    Attributes:
        edges: float64 (bins + 1,), in radians.
        genuine: float64 (bins,), density of genuine pairs per radian.
        impostor: float64 (bins,), density of impostor pairs.
        genuine_mean: mean θ of genuine pairs.
        genuine_sd: its standard deviation.
        impostor_mean: mean θ of impostor pairs; π/2 where strangers are spread evenly.
        impostor_sd: its standard deviation.
        overlap: area under the lower of both densities, 0 where they are apart, 1 where they are one.
    """

    edges: Floats
    genuine: Floats
    impostor: Floats
    genuine_mean: float
    genuine_sd: float
    impostor_mean: float
    impostor_sd: float
    overlap: float

    @property
    def separation(self) -> float:
        """Return d′: the distance of the means over the root mean square of both standard deviations."""
        spread = math.sqrt((self.genuine_sd**2 + self.impostor_sd**2) / 2)
        return (self.impostor_mean - self.genuine_mean) / spread if spread else math.inf


def angles_of(scores: PairScores, bins: int = 180) -> Angles:
    """Turn counted cosines into angles: θ = arccos(cosine).

    Raises:
        DataUnusable: there are no genuine or no impostor pairs.
    """
    if not scores.genuine_pairs or not scores.impostor_pairs:
        raise DataUnusable(path=N_("given"), reason=N_("there are no pairs of one person, or of two people"))
    theta = np.arccos((np.arange(BINS) + 0.5) * 2 / BINS - 1)
    edges = np.linspace(0, math.pi, bins + 1)
    genuine = np.histogram(theta, edges, weights=scores.genuine, density=True)[0]
    impostor = np.histogram(theta, edges, weights=scores.impostor, density=True)[0]
    genuine_mean, genuine_sd = _moments(theta, scores.genuine)
    impostor_mean, impostor_sd = _moments(theta, scores.impostor)
    overlap = float(np.minimum(genuine, impostor).sum() * math.pi / bins)
    return Angles(edges, genuine, impostor, genuine_mean, genuine_sd, impostor_mean, impostor_sd, overlap)


def _moments(theta: Floats, counts: npt.NDArray[np.int64]) -> tuple[float, float]:
    mean = float(np.average(theta, weights=counts))
    return mean, math.sqrt(float(np.average((theta - mean) ** 2, weights=counts)))

"""Published figures: other data, another network, shown beside ours and never mixed with them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SOURCE = "ResNet-50 on CASIA-WebFace, Deng et al., ArcFace, 2019 (LFW / CFP-FP / AgeDB-30, accuracy in %)"

SETS = ("LFW", "CFP-FP", "AgeDB-30")

PUBLISHED: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {
        "arcface": (99.53, 95.56, 95.15),
        "sphereface": (99.11, 94.38, 91.70),
        "cosface": (99.51, 95.44, 94.56),
        "softmax": (99.08, 94.39, 92.33),
        "triplet": (98.98, 91.90, 89.98),
    }
)
"""By the loss's name in `LOSSES`; SphereFace with m = 1.35, CosFace 0.35, ArcFace 0.5, Triplet 0.35."""

TARGET = (99.51, 95.44, 94.56)
"""What ArcFace is wanted to reach at least: the best of the other losses."""

"""YuNet's output format: twelve outputs, one row for each cell of three grids.

A cell of stride s in column c and row r answers with a score, a box (its middle at ((c + b0)·s, (r + b1)·s),
e^b2·s wide and e^b3·s high) and five points ((c + k0)·s, (r + k1)·s), … in pixels of the picture (Wu, Peng
and Yu, “YuNet: A Tiny Millisecond-level Face Detector”, 2023). FaceDetectorYN takes √(cls·obj) for the score.
"""

from __future__ import annotations

from itertools import product

STRIDES = (8, 16, 32)
KINDS = (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10))
OUTPUTS = tuple(f"{kind}_{stride}" for (kind, _width), stride in product(KINDS, STRIDES))
"""In the order of YuNet's own file: cls_8, cls_16, cls_32, obj_8, …"""

ANSWER_WIDTH = 15
"""What is kept of a cell: the score, four values of the box, ten of the points."""


def cell_count(side_px: int) -> int:
    """Return how many cells the three grids of a square picture have; its side is a multiple of 32."""
    return sum((side_px // stride) ** 2 for stride in STRIDES)

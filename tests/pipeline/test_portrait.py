"""A portrait: the face and some of what surrounds it, small, and never empty."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from netcafe_face.domain.faces import Detection, Image
from netcafe_face.domain.results import Face
from netcafe_face.pipeline.portrait import PORTRAIT_PX, portrait


def test_a_portrait_shows_the_face_with_some_surroundings_within_the_picture(
    group_bgr: Image, group_faces: tuple[Face, ...]
) -> None:
    for face in group_faces:
        small = portrait(group_bgr, face.detection)
        assert 100 < max(small.shape[:2]) <= PORTRAIT_PX
        large = np.asarray(cv2.resize(group_bgr, None, fx=4, fy=4), np.uint8)
        enlarged = Detection(face.detection.box * 4, face.detection.landmarks * 4, 0.9)
        assert max(portrait(large, enlarged).shape[:2]) == PORTRAIT_PX


@pytest.mark.parametrize(
    "box", [(-50, -50, 60, 60), (480, 480, 80, 80), (0, 0, 500, 500), (900, 900, 50, 50), (-900, 3, 50, 50)]
)
def test_a_portrait_at_the_border_is_never_empty(box: tuple[float, ...]) -> None:
    cut_out = portrait(np.full((500, 500, 3), 7, np.uint8), Detection(np.array(box), np.zeros((5, 2)), 0.9))
    assert cut_out.size > 0
    assert cut_out.dtype == np.uint8

"""What a detector gets wrong on the photos that may be trained on, so that scenes can show more of it.

Most faces in photos are easy, and a detector soon knows them. What it misses are bystanders in profile, bowed
heads, and faces half behind others; drawn by chance, they are few (Shrivastava et al., Training Region-based
Object Detectors with Online Hard Example Mining, 2016).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

import numpy as np

from netcafe_face.domain.faces import FloatArray, Image
from netcafe_face.trainer.detector.examining import NEAR_IOU, sure
from netcafe_face.trainer.detector.matching import pair, sizes_px
from netcafe_face.trainer.detector.photos import Photos, Spot, scaled_down
from netcafe_face.vision.ports import FaceNetwork

_SCALES = (1.0, 0.5)
_LEAST_FACE_PX, _LEAST_CLAIM_PX = 20.0, 8.0
"""Smaller faces are too small to be known again, but a fist claimed for one is a stranger at any size."""
_TEACHER_SURE, _TEACHER_UNSURE = 0.7, 0.3
_FOUND_SCORE, _CLAIM_SCORE = 0.6, 0.35
"""Above and below the usual threshold: what is only just right or wrong is worth showing, too."""


def spots_of(
    photos: Photos, teacher: FaceNetwork, detector: FaceNetwork, say: Callable[[int, int], None]
) -> list[Spot]:
    """Return the faces of the teacher that a detector misses, and what it takes for faces and are none.

    Missed is a face on which it has no box of enough score and overlap; a second box on a face is wrong, too.

    Every photo is looked at in full and in half size; what is wrong in both counts twice.

    Args:
        photos: that may be trained on.
        teacher: is believed.
        detector: is examined.
        say: called with the number of photos looked at, and of all.
    """
    every = list(chain(photos.portraits, *photos.rooms))
    spots = []
    for number, photo in enumerate(every, 1):
        for scale in _SCALES:
            small = photo if scale == 1 else scaled_down(photo, scale)
            for x, y, width, height in _wrong(small, teacher, detector) / scale:
                middle = (float(x + width / 2), float(y + height / 2))
                spots.append(Spot(photo, middle, float(np.sqrt(width * height))))
        say(number, len(every))
    return spots


def _wrong(image_bgr: Image, teacher: FaceNetwork, detector: FaceNetwork) -> FloatArray:
    """Return the boxes of what is missed or wrongly claimed, float (n, 4)."""
    told, own = teacher.find(image_bgr), detector.find(image_bgr)
    wanted = _large(sure(told, _TEACHER_SURE), _LEAST_FACE_PX)
    found = pair(wanted, sure(own, _FOUND_SCORE)).wanted
    missed = np.setdiff1d(np.arange(len(wanted)), found)
    claimed = _large(sure(own, _CLAIM_SCORE), _LEAST_CLAIM_PX)
    false = pair(sure(told, _TEACHER_UNSURE), claimed, NEAR_IOU).extra
    return np.concatenate([wanted[missed, :4], claimed[false, :4]])


def _large(rows: FloatArray, least_px: float) -> FloatArray:
    return rows[sizes_px(rows) >= least_px]

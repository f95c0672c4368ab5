"""The one face a picture is about."""

from __future__ import annotations

from collections.abc import Sequence

from netcafe_face.domain.errors import N_, DegenerateLandmarks, NoFaceFound, SeveralFaces
from netcafe_face.domain.faces import QualityFlaw
from netcafe_face.domain.results import Face

BACKGROUND_RATIO = 0.4
"""Faces smaller than this part of the largest one are background: a poster, a passer-by, a false alarm."""

FLAW_WORDS = {
    QualityFlaw.TOO_SMALL: N_("the face is too small"),
    QualityFlaw.BLURRED: N_("the face is blurred"),
    QualityFlaw.TOO_DARK: N_("the face is too dark"),
    QualityFlaw.TOO_BRIGHT: N_("the face is too bright"),
    QualityFlaw.TURNED_AWAY: N_("the face is turned away"),
    QualityFlaw.CUT_OFF: N_("part of the face is outside the picture"),
}


def single_face(faces: Sequence[Face], name: str, largest: bool = False) -> Face:
    """Choose the face that a picture is about.

    Args:
        faces: of one picture, analysed.
        name: the picture's name, for errors.
        largest: take the largest face even where others are about as large.

    Raises:
        NoFaceFound: there is none.
        SeveralFaces: others are about as large.
        DegenerateLandmarks: the face could not be aligned.
    """
    if not faces:
        raise NoFaceFound(path=name)
    ranked = sorted(faces, key=lambda face: -face.detection.size_px)
    rivals = [f for f in ranked if f.detection.size_px >= BACKGROUND_RATIO * ranked[0].detection.size_px]
    if len(rivals) > 1 and not largest:
        raise SeveralFaces(path=name, count=len(rivals))
    if ranked[0].embedding is None:
        raise DegenerateLandmarks(reason=N_("the points lie on one spot or one line"))
    return ranked[0]

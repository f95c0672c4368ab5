"""A picture is about one face: others may only be background."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from netcafe_face.domain.errors import DegenerateLandmarks, NoFaceFound, SeveralFaces
from netcafe_face.domain.faces import QualityFlaw
from netcafe_face.domain.results import Face
from netcafe_face.pipeline.single import FLAW_WORDS, single_face
from tests.pipeline import kit


def face(size: float, embedded: bool = True) -> Face:
    found = kit.face(None, at=kit.detection(size=size))
    return replace(found, embedding=np.array([1.0, 0.0], np.float32) if embedded else None)


def test_the_only_face_is_the_one() -> None:
    only = face(50)
    assert single_face([only], "a.jpg") is only


def test_a_poster_in_the_background_does_not_count() -> None:
    large = face(100)
    assert single_face([face(30), large, face(39)], "a.jpg") is large


def test_of_several_people_none_is_chosen_by_chance() -> None:
    with pytest.raises(SeveralFaces, match=r"3 faces were found in a\.jpg"):
        single_face([face(100), face(41), face(90), face(20)], "a.jpg")


def test_the_largest_is_taken_where_that_is_wanted() -> None:
    large = face(100)
    assert single_face([face(90), large], "a.jpg", largest=True) is large


def test_nobody_in_the_picture_is_said_plainly() -> None:
    with pytest.raises(NoFaceFound, match=r"a\.jpg"):
        single_face([], "a.jpg")


def test_a_face_that_could_not_be_aligned_is_not_replaced_by_a_smaller_one() -> None:
    with pytest.raises(DegenerateLandmarks):
        single_face([face(100, embedded=False), face(30)], "a.jpg")


def test_every_flaw_has_its_words() -> None:
    assert set(FLAW_WORDS) == set(QualityFlaw)

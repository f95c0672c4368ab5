"""The sample's people are cut out of pictures that installed packages bring along."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from netcafe_face.domain.errors import SampleMissing
from netcafe_face.domain.faces import Detection, Image
from netcafe_face.domain.people import CustomerStatus
from netcafe_face.sample import people
from netcafe_face.sample.people import CUTOUT_PX, PEOPLE, Cutout, cutouts
from netcafe_face.vision.ports import Detector


class Blind:
    """A detector that finds nobody, or only in pictures of one width."""

    def __init__(self, detector: Detector | None = None, width: int = 0) -> None:
        self.detector, self.width = detector, width

    def detect(self, image_bgr: Image) -> list[Detection]:
        if self.detector is None or image_bgr.shape[1] != self.width:
            return []
        return self.detector.detect(image_bgr)


def test_there_are_three_customers_a_banned_one_and_two_strangers() -> None:
    enrolled = [person for person in PEOPLE if person.code]
    assert [person.status for person in enrolled].count(CustomerStatus.BANNED) == 1
    assert (len(enrolled), len(PEOPLE)) == (4, 6)
    assert len({person.key for person in PEOPLE}) == 6
    assert len({person.code for person in enrolled}) == len({person.name for person in enrolled}) == 4


def test_everybody_is_cut_out_with_one_face_and_soft_edges(
    cutout_of: Mapping[str, Cutout], detector: Detector
) -> None:
    assert {person.key for person in PEOPLE} <= set(cutout_of)
    for cutout in cutout_of.values():
        assert cutout.image_bgr.shape == (CUTOUT_PX, CUTOUT_PX, 3)
        assert cutout.image_bgr.dtype == np.uint8
        assert cutout.alpha.shape == (CUTOUT_PX, CUTOUT_PX)
        assert cutout.alpha.dtype == np.float32
        assert 0.0 <= cutout.alpha.min() <= cutout.alpha.max() <= 1.0 + 1e-6
        assert cutout.alpha[CUTOUT_PX // 2, CUTOUT_PX // 2] > 0.9
        assert cutout.alpha[0].max() < 0.1
        largest = max(detector.detect(cutout.image_bgr), key=lambda face: face.size_px)
        assert largest.box[2] == pytest.approx(cutout.face_px, rel=0.25)


def test_where_a_picture_is_missing_or_shows_nobody_the_sample_says_so(
    detector: Detector, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(SampleMissing, match=r"t1\.jpg"):
        cutouts(Blind())
    with pytest.raises(SampleMissing, match=r"astronaut\.png"):
        cutouts(Blind(detector, 1280))
    monkeypatch.setattr(people, "find_spec", lambda name: None)
    with pytest.raises(SampleMissing, match=r"t1\.jpg"):
        cutouts(detector)
    monkeypatch.undo()
    with pytest.raises(SampleMissing, match=r"nowhere\.jpg"):
        people._picture("insightface", "data/nowhere.jpg")

from __future__ import annotations

from collections.abc import Mapping

import pytest

from netcafe_face.sample.people import Cutout, cutouts
from netcafe_face.sample.scene import Scene
from netcafe_face.vision.ports import Detector


@pytest.fixture(scope="session")
def cutout_of(detector: Detector) -> Mapping[str, Cutout]:
    return cutouts(detector)


@pytest.fixture(scope="session")
def scene(cutout_of: Mapping[str, Cutout]) -> Scene:
    return Scene(cutout_of)

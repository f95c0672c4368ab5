from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from netcafe_face.domain.faces import Image
from netcafe_face.trainer.data.mixing import MixedFaces
from tests.trainer.kit import ROOT, real_crops


def likeness(one: Image, other: Image) -> float:
    """Correlation of two pictures seen from afar."""
    small = [cv2.resize(image, (14, 14), interpolation=cv2.INTER_AREA).ravel() for image in (one, other)]
    return float(np.corrcoef(*small)[0, 1])


def test_every_mixture_still_looks_like_a_face_it_was_made_of() -> None:
    crops = real_crops()
    every = [*crops, *crops[:, :, ::-1]]
    mixed = [MixedFaces(crops, 1)[number] for number in range(40)]
    found = [max(likeness(one, crop) for crop in every) for one in mixed]
    assert min(found) > 0.6, "stripes or noise would be like nobody"
    assert float(np.median(found)) > 0.85


def test_no_mixture_is_one_of_the_faces_and_no_two_are_the_same() -> None:
    crops = real_crops()
    mixed = [MixedFaces(crops, 1)[number] for number in range(40)]
    known = {crop.tobytes() for crop in (*crops, *map(np.ascontiguousarray, crops[:, :, ::-1]))}
    assert len({one.tobytes() for one in mixed} | known) == len(mixed) + len(known)


def test_most_mixtures_are_between_two_people() -> None:
    crops = real_crops()[:2]
    plain = MixedFaces(crops, 4)
    nearness = []
    for number in range(60):
        mixed = plain[number]
        sides = [max(likeness(mixed, crop), likeness(mixed, crop[:, ::-1])) for crop in crops]
        nearness.append(abs(sides[0] - sides[1]))
    assert np.mean(np.array(nearness) < 0.25) > 0.4


def test_a_mixture_is_told_by_its_number_and_the_seed_alone() -> None:
    crops = real_crops()
    forwards = [MixedFaces(crops, 1)[number] for number in range(6)]
    backwards = [MixedFaces(crops, 1)[number] for number in reversed(range(6))][::-1]
    assert all(np.array_equal(one, other) for one, other in zip(forwards, backwards, strict=True))
    assert not np.array_equal(MixedFaces(crops, 2)[0], forwards[0])


def test_another_process_makes_the_same_mixtures(tmp_path: Path) -> None:
    # A teacher is asked in one process, and a student learns in others.
    np.save(tmp_path / "crops.npy", real_crops())
    program = (
        "import hashlib, sys; import numpy as np; from netcafe_face.trainer.data.mixing import MixedFaces\n"
        "mixed = MixedFaces(np.load(sys.argv[1]), 3)\n"
        "print(hashlib.sha256(b''.join(mixed[n].tobytes() for n in range(30))).hexdigest())"
    )
    mixed = MixedFaces(real_crops(), 3)
    ours = hashlib.sha256(b"".join(mixed[number].tobytes() for number in range(30))).hexdigest()
    command = [sys.executable, "-c", program, str(tmp_path / "crops.npy")]
    theirs = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    assert theirs == ours


def test_a_mixture_is_a_crop_like_any_other() -> None:
    mixed = MixedFaces(real_crops(), 0)[123456789]
    assert mixed.shape == (112, 112, 3)
    assert mixed.dtype == np.uint8


def test_one_crop_alone_cannot_be_mixed() -> None:
    with pytest.raises(ValueError, match="two"):
        MixedFaces(real_crops()[:1], 0)

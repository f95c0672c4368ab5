from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

from packaging.requirements import Requirement as Asked

from netcafe_face.startup.requirements import (
    canonical,
    installed_versions,
    missing_requirements,
    read_requirements,
)

PINS = Path(__file__).resolve().parents[2] / "requirements-train.txt"
OF_CUDA = ("nvidia-", "cuda-", "triton")
"""What a build of torch with CUDA asks for, each build in versions of its own."""


def test_the_environment_of_these_tests_is_the_one_that_is_pinned() -> None:
    assert missing_requirements(read_requirements(PINS), installed_versions(sys.path)) == ()


def test_every_package_that_a_pinned_one_asks_for_is_pinned_too() -> None:
    pinned = {entry.key for entry in read_requirements(PINS)}
    for name in pinned:
        for line in importlib.metadata.requires(name) or []:
            asked = Asked(line)
            needed = asked.marker is None or asked.marker.evaluate({"extra": ""})
            if needed and not canonical(asked.name).startswith(OF_CUDA):
                assert canonical(asked.name) in pinned | {"pip"}, f"{name} asks for {asked.name}"


def test_no_package_of_cuda_is_pinned() -> None:
    assert [entry.name for entry in read_requirements(PINS) if entry.key.startswith(OF_CUDA)] == []

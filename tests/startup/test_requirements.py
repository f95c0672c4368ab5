from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

import pytest

from netcafe_face.startup.requirements import (
    Requirement,
    canonical,
    installed_versions,
    missing_requirements,
    read_requirements,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-train.txt"])
@pytest.mark.parametrize("system", ["linux", "win32", "darwin"])
def test_our_own_files_pin_every_package_once(name: str, system: str) -> None:
    wanted = read_requirements(ROOT / name, system)
    keys = [entry.key for entry in wanted]
    assert len(keys) == len(set(keys)) > 30


def test_the_environment_of_these_tests_is_the_one_that_is_pinned() -> None:
    wanted = read_requirements(ROOT / "requirements-dev.txt")
    assert missing_requirements(wanted, installed_versions(sys.path)) == ()


def test_every_package_that_a_pinned_one_asks_for_is_pinned_too() -> None:
    from packaging.requirements import Requirement as Asked

    pinned = {entry.key for entry in read_requirements(ROOT / "requirements.txt")}
    for name in pinned:
        for line in importlib.metadata.requires(name) or []:
            asked = Asked(line)
            if asked.marker is None or asked.marker.evaluate({"extra": ""}):
                assert canonical(asked.name) in pinned | {"pip"}, f"{name} asks for {asked.name}"


def test_the_names_of_folders_give_what_importlib_metadata_gives() -> None:
    found = installed_versions(sys.path)
    for entry in importlib.metadata.distributions():
        assert found[canonical(entry.name)] == entry.version or entry.name in ("pip", "setuptools")


def test_spelling_of_names_does_not_matter(tmp_path: Path) -> None:
    for name in ("PyQt6_sip-13.1.dist-info", "ruamel.yaml-0.18.dist-info", "old_one-2.0-py3.11.egg-info"):
        (tmp_path / name).mkdir()
    (tmp_path / "numpy").mkdir()
    assert installed_versions([tmp_path, tmp_path / "gone"]) == {
        "pyqt6-sip": "13.1",
        "ruamel-yaml": "0.18",
        "old-one": "2.0",
    }


def test_the_first_folder_wins_as_it_does_for_imports(tmp_path: Path) -> None:
    for folder, version in (("a", "1.0"), ("b", "2.0")):
        (tmp_path / folder / f"click-{version}.dist-info").mkdir(parents=True)
    assert installed_versions([tmp_path / "a", tmp_path / "b"]) == {"click": "1.0"}


def test_a_missing_or_different_version_is_reported() -> None:
    wanted = (Requirement("Click", "8.5.1"), Requirement("tomli-w", "1.2.0"), Requirement("numpy", "2.4.6"))
    assert missing_requirements(wanted, {"click": "8.5.1", "numpy": "2.4.5"}) == wanted[1:]


def test_any_build_of_a_pinned_version_will_do() -> None:
    torch = (Requirement("torch", "2.13.0"),)
    for version in ("2.13.0", "2.13.0+cpu", "2.13.0+cu130"):
        assert missing_requirements(torch, {"torch": version}) == ()
    for version in ("2.13.1+cpu", "2.13.0.post1", "2.13"):
        assert missing_requirements(torch, {"torch": version}) == torch
    only_this = (Requirement("torch", "2.13.0+cpu"),)
    assert missing_requirements(only_this, {"torch": "2.13.0+cpu"}) == ()
    assert missing_requirements(only_this, {"torch": "2.13.0"}) == only_this


def test_a_build_is_read_off_its_folder(tmp_path: Path) -> None:
    (tmp_path / "torch-2.13.0+cpu.dist-info").mkdir()
    assert installed_versions([tmp_path]) == {"torch": "2.13.0+cpu"}


def test_what_training_needs_holds_all_that_the_tests_need() -> None:
    train, dev, app = (
        set(read_requirements(ROOT / f"requirements{name}.txt")) for name in ("-train", "-dev", "")
    )
    assert train > dev > app


def test_the_packages_of_the_app_and_its_tests_leave_torch_out() -> None:
    names = {entry.key for entry in read_requirements(ROOT / "requirements-dev.txt")}
    assert not names & {"torch", "torchvision", "tensorboard", "matplotlib"}


def test_includes_comments_and_systems_are_understood(tmp_path: Path) -> None:
    (tmp_path / "base.txt").write_text("click==8.5.1  # the command line\n\n")
    (tmp_path / "dev.txt").write_text('-r base.txt\ncolorama==0.4.6 ; sys_platform == "win32"\n')
    assert [entry.name for entry in read_requirements(tmp_path / "dev.txt", "linux")] == ["click"]
    assert [entry.name for entry in read_requirements(tmp_path / "dev.txt", "win32")] == ["click", "colorama"]


@pytest.mark.parametrize("line", ["click", "click>=8", "git+https://example.org/x", "--index-url https://x"])
def test_a_line_that_pins_nothing_is_an_error(tmp_path: Path, line: str) -> None:
    (tmp_path / "r.txt").write_text(line)
    with pytest.raises(ValueError, match="not a pinned requirement"):
        read_requirements(tmp_path / "r.txt")

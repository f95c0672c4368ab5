from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from netcafe_face.app import SHIPPED_PACKS
from netcafe_face.camera.webcams import WebcamInfo
from netcafe_face.config.paths import Paths
from netcafe_face.config.qt_environment import Display
from netcafe_face.doctor import Finding, State, exit_status, findings, report
from netcafe_face.doctor.place import check_database, check_packs, check_place, check_room
from netcafe_face.doctor.system import check_libraries, check_packages, check_python, check_qt, check_webcams
from netcafe_face.domain.people import Consent, Customer, NewTemplate, Purpose, TemplateSource
from netcafe_face.gallery.service import Gallery
from netcafe_face.startup.libraries import BASE
from netcafe_face.startup.requirements import Requirement
from netcafe_face.vision.packs import PackLibrary

PACK = "netcafe-mini"


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "café").create()


@pytest.fixture
def library(paths: Paths) -> PackLibrary:
    return PackLibrary(SHIPPED_PACKS, paths.packs)


def enrol(gallery: Gallery, code: str, pack_id: str, seed: int) -> None:
    vector = np.random.default_rng(seed).normal(size=128).astype(np.float32)
    vector /= np.linalg.norm(vector)
    consent = Consent(0, frozenset({Purpose.RECOGNITION}), "at the counter", datetime.now(UTC), "An")
    template = NewTemplate(vector, pack_id, 0.9, TemplateSource.FILE, "An")
    gallery.enrol(Customer(code, f"Customer {code}"), consent, [template], None)


def by_name(found: Iterable[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in found}


def test_on_a_sound_computer_nothing_fails_and_a_missing_camera_is_only_noted(paths: Paths) -> None:
    found = list(findings(paths.root))
    assert [finding for finding in found if finding.state is State.FAIL] == []
    assert exit_status(found) == 0
    names = [finding.name for finding in found]
    assert len(names) == len(set(names))
    wanted = ("Python", "Packages", "System libraries", "Window system", "Networks", "Cameras", "Disk space")
    assert set(wanted) <= set(names)
    assert {"Data folder", "Settings", "Log", "Customer database", f"Model pack “{PACK}”"} <= set(names)


def test_a_finding_is_one_line_and_says_what_to_do() -> None:
    finding = Finding("Disk", State.FAIL, "0.1 GB\nfree", "Free some space.")
    lines = list(report([Finding("Python", State.OK, "3.11"), finding]))
    assert lines == [
        "ok      Python: 3.11",
        "PROBLEM Disk: 0.1 GB free → Free some space.",
        "Problems found: 1.",
    ]


def test_a_script_reads_the_findings_as_json() -> None:
    finding = Finding("Ổ đĩa", State.WARN, "0.5 GB free", "Free some space.")
    text = "\n".join(report([finding], as_json=True))
    assert json.loads(text) == {
        "findings": [
            {"name": "Ổ đĩa", "state": "warn", "detail": "0.5 GB free", "remedy": "Free some space."}
        ],
        "ok": True,
    }
    bad = Finding("Disk", State.FAIL, "full", "")
    assert json.loads("\n".join(report([bad], as_json=True)))["ok"] is False
    assert exit_status([finding, bad]) == 1


@pytest.mark.parametrize(
    ("version", "is_64_bit", "state"),
    [
        ((3, 10), True, State.FAIL),
        ((3, 11), True, State.OK),
        ((3, 11), False, State.FAIL),
        ((3, 14), True, State.OK),
        ((3, 15), True, State.WARN),
    ],
)
def test_pythons_that_the_packages_are_not_made_for_are_told(
    version: tuple[int, int], is_64_bit: bool, state: State
) -> None:
    found = check_python(version, is_64_bit)
    assert found.state is state
    assert bool(found.remedy) == (state is not State.OK)


def test_a_missing_package_is_worse_than_another_version() -> None:
    wanted = [Requirement("Click", "8.5.1"), Requirement("numpy", "2.4.6")]
    assert check_packages(wanted, {"click": "8.5.1", "numpy": "2.4.6"}).state is State.OK
    other = check_packages(wanted, {"click": "8.5.0", "numpy": "2.4.6"})
    assert other.state is State.WARN
    assert ".venv" in other.remedy
    assert "Click 8.5.0 ≠ 8.5.1" in other.detail
    absent = check_packages(wanted, {"click": "8.5.0"})
    assert absent.state is State.FAIL
    assert absent.detail.endswith("numpy")


def test_missing_libraries_come_with_the_command_to_type() -> None:
    assert check_libraries([]).state is State.OK
    found = check_libraries(BASE[:1])
    assert found.state is State.FAIL
    assert "libGL.so.1" in found.detail
    assert found.remedy


def test_a_window_system_that_does_not_work_is_told_without_dying_of_it() -> None:
    environ = {**os.environ, "QT_QPA_PLATFORM": "no-such-platform"}
    broken = check_qt(Display.CHOSEN, environ, "Install libegl1.")
    assert broken.state is State.FAIL
    assert "no-such-platform" in broken.detail
    assert broken.remedy == "Install libegl1."
    drawn = check_qt(Display.CHOSEN, {**environ, "QT_QPA_PLATFORM": "offscreen"}, "")
    assert drawn.state is State.OK
    assert "“offscreen” (QT_QPA_PLATFORM)" in drawn.detail


def test_webcams_are_named() -> None:
    assert check_webcams([WebcamInfo("Logitech C270", 2, 200)]).detail == "Logitech C270 (2)"
    assert check_webcams([]).state is State.WARN


@pytest.mark.parametrize(
    ("free_bytes", "state"), [(50 << 20, State.FAIL), (500 << 20, State.WARN), (50 << 30, State.OK)]
)
def test_little_room_on_the_disk_is_told_in_time(tmp_path: Path, free_bytes: int, state: State) -> None:
    assert check_room(tmp_path, free_bytes).state is state


def test_a_data_folder_that_cannot_be_made_ends_the_examination_there(tmp_path: Path) -> None:
    (tmp_path / "café").write_text("a file in the way")
    found = list(check_place(tmp_path / "café"))
    assert [(finding.name, finding.state) for finding in found] == [("Data folder", State.FAIL)]
    assert "--data" in found[0].remedy


def test_broken_settings_are_named_and_the_rest_is_examined_all_the_same(paths: Paths) -> None:
    paths.settings_file.write_text("theme = ")
    found = by_name(check_place(paths.root))
    assert found["Settings"].state is State.FAIL
    assert "settings.toml" in found["Settings"].detail
    assert found[f"Model pack “{PACK}”"].state is State.OK
    assert found["Customer database"].state is State.OK
    assert paths.settings_file.read_text() == "theme = "


def test_a_pack_whose_network_was_changed_fails_while_it_is_in_use(
    paths: Paths, library: PackLibrary
) -> None:
    copy = paths.packs / PACK
    shutil.copytree(SHIPPED_PACKS / PACK, copy)
    with (copy / "embedder.onnx").open("ab") as file:
        file.write(b"!")
    found = by_name(check_packs(library, PACK))[f"Model pack “{PACK}”"]
    assert found.state is State.FAIL
    assert "embedder.onnx" in found.detail
    assert "models use" in found.remedy


def test_a_damaged_pack_that_is_not_in_use_is_only_noted(paths: Paths, library: PackLibrary) -> None:
    (paths.packs / "other").mkdir()
    found = by_name(check_packs(library, PACK))
    assert found["Model pack “other”"].state is State.WARN
    assert found[f"Model pack “{PACK}”"].state is State.OK
    assert found[f"Model pack “{PACK}”"].detail.endswith("in use")


def test_a_pack_in_use_that_is_not_installed_fails(paths: Paths) -> None:
    paths.settings_file.write_text('pack = "buffalo-s"')
    found = by_name(check_place(paths.root))
    assert found["Model pack “buffalo-s”"].state is State.FAIL
    assert found["Customer database"].state is State.OK
    assert "models use" in found["Model pack “buffalo-s”"].remedy


def test_the_threshold_told_is_the_one_for_the_gallery_as_it_is(paths: Paths, library: PackLibrary) -> None:
    card = library.card(PACK)
    with Gallery.open(paths.database, card.pack_id) as gallery:
        for number in range(30):
            enrol(gallery, f"KH-{number}", card.pack_id, number)
        enrol(gallery, "KH-90", "another@1.0:0123456789ab", 90)
        found = by_name(check_database(paths, library, PACK))
    threshold = found["Identification threshold"].detail
    assert "(30 templates, false-accept rate 3.3e-05 a comparison)" in threshold
    expected = card.thresholds.at(0.001 / 30).value
    assert f"similarity {expected:.3f}" in threshold
    assert "31 customers, 31 templates" in found["Customer database"].detail
    assert found["Templates"].state is State.WARN
    assert found["Templates"].detail.startswith("1 ")


def test_an_examination_makes_no_database(paths: Paths, library: PackLibrary) -> None:
    found = by_name(check_database(paths, library, PACK))
    assert found["Customer database"].state is State.OK
    assert list(paths.database.glob("*.db")) == []


def test_a_damaged_database_fails_and_points_to_the_backups(paths: Paths, library: PackLibrary) -> None:
    card = library.card(PACK)
    with Gallery.open(paths.database, card.pack_id) as gallery:
        enrol(gallery, "KH-1", card.pack_id, 1)
        path = gallery.path
    data = bytearray(path.read_bytes())
    half = len(data) // 2
    data[half:] = bytes(byte ^ 0x5A for byte in data[half:])
    path.write_bytes(data)
    found = by_name(check_place(paths.root))["Customer database"]
    assert found.state is State.FAIL
    assert "backups" in found.remedy


def test_a_file_that_is_no_database_fails(paths: Paths) -> None:
    (paths.database / "gallery.db").write_bytes(b"not a database, and longer than a header " * 100)
    found = by_name(check_place(paths.root))["Customer database"]
    assert found.state is State.FAIL
    assert "Do not delete it" in found.remedy


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the others tell their platform differently")
def test_without_a_display_it_is_noted_that_windows_are_not_to_be_seen() -> None:
    found = check_qt(Display.NONE, {**os.environ, "QT_QPA_PLATFORM": "offscreen"}, "")
    assert found.state is State.WARN
    assert "offscreen" in found.detail


def test_an_unusable_card_is_one_problem_and_the_customers_are_examined_all_the_same(paths: Paths) -> None:
    card = PackLibrary(SHIPPED_PACKS, paths.packs).card(PACK)
    with Gallery.open(paths.database, card.pack_id) as gallery:
        enrol(gallery, "A", card.pack_id, 1)
    (paths.packs / "mine").mkdir()
    (paths.packs / "mine" / "pack.toml").write_text("name = [", "utf-8")
    paths.settings_file.write_text('pack = "mine"\n', "utf-8")
    found = by_name(check_place(paths.root))
    assert [name for name, finding in found.items() if finding.state is State.FAIL] == ["Model pack “mine”"]
    assert "1 customers" in found["Customer database"].detail


def test_on_a_full_disk_the_want_of_room_is_told_too(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    found = by_name(check_place(paths.root))
    assert found["Data folder"].state is State.FAIL
    assert {"Disk space", "Settings", f"Model pack “{PACK}”"} <= set(found)
    assert "Customer database" not in found

"""Webcams are listed by name. No test machine has one, so the drivers are asked for what is not there."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from netcafe_face.camera.sources import SourceKind
from netcafe_face.camera.webcams import Webcam, WebcamInfo, list_webcams, native_backend, webcam_source
from netcafe_face.domain.errors import SourceUnavailable

NO_SUCH_CAMERA = "97"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux's device folder")
def test_the_list_holds_the_devices_there_are_and_is_empty_where_there_are_none() -> None:
    devices = {int(path.name[5:]) for path in Path("/dev").glob("video*") if path.name[5:].isdigit()}

    assert {webcam.index for webcam in list_webcams()} <= devices


def test_listing_never_waits_for_longer_than_it_is_told() -> None:
    assert list_webcams(timeout_s=0.0) == []
    for thread in threading.enumerate():
        if thread.name == "webcams":
            thread.join()


def test_a_webcam_becomes_a_source_with_its_own_name() -> None:
    spec = WebcamInfo("Logitech C270", 2, native_backend()).spec()

    assert (spec.kind, spec.address, spec.name) == (SourceKind.WEBCAM, "2", "Logitech C270")


@pytest.mark.parametrize("address", [NO_SUCH_CAMERA, "/dev/video97"])
def test_a_webcam_that_is_not_there_says_what_to_check(address: str) -> None:
    webcam = Webcam(address, "Logitech C270")

    with pytest.raises(SourceUnavailable) as unavailable:
        webcam.open()

    assert "Logitech C270" in str(unavailable.value)
    assert "cable" in str(unavailable.value)


def test_a_webcam_that_is_not_open_gives_no_picture() -> None:
    webcam = Webcam(NO_SUCH_CAMERA, "Logitech C270")

    with pytest.raises(SourceUnavailable):
        webcam.read()
    webcam.close()


def test_a_webcam_is_read_in_a_child_process_that_reports_what_is_wrong() -> None:
    source = webcam_source(NO_SUCH_CAMERA, "Logitech C270")

    with pytest.raises(SourceUnavailable, match="Logitech C270"):
        source.open()
    source.close()

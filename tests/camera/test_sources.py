"""What a person types is understood, and no password leaves it."""

from __future__ import annotations

from pathlib import Path

import pytest

from netcafe_face.camera.images import ImageFolder
from netcafe_face.camera.isolated import IsolatedSource
from netcafe_face.camera.opening import open_source
from netcafe_face.camera.sources import SourceKind, SourceSpec, masked, parse_source
from netcafe_face.camera.stream import NetworkStream
from netcafe_face.camera.video import VideoFile
from netcafe_face.domain.errors import ValueRefused


@pytest.mark.parametrize(
    ("text", "kind", "address", "name"),
    [
        ("0", SourceKind.WEBCAM, "0", "webcam 0"),
        (" 2 ", SourceKind.WEBCAM, "2", "webcam 2"),
        ("/dev/video1", SourceKind.WEBCAM, "/dev/video1", "webcam /dev/video1"),
        ("rtsp://10.0.0.9/live", SourceKind.RTSP, "rtsp://10.0.0.9/live", "rtsp://10.0.0.9/live"),
        ("HTTP://cam.local:8080/v", SourceKind.RTSP, "HTTP://cam.local:8080/v", "HTTP://cam.local:8080/v"),
        ("clips/door.mp4", SourceKind.VIDEO, str(Path("clips/door.mp4")), "door.mp4"),
        ('"clips/my door.GIF"', SourceKind.VIDEO, str(Path("clips/my door.GIF")), "my door.GIF"),
        ("~nobody-here/a.mp4", SourceKind.VIDEO, str(Path("~nobody-here/a.mp4")), "a.mp4"),
        ("faces/an.JPG", SourceKind.IMAGES, str(Path("faces/an.JPG")), "an.JPG"),
    ],
)
def test_what_a_person_types_is_understood(text: str, kind: SourceKind, address: str, name: str) -> None:
    spec = parse_source(text)

    assert (spec.kind, spec.address, spec.name) == (kind, address, name)


def test_a_folder_is_a_source_of_pictures(tmp_path: Path) -> None:
    assert parse_source(str(tmp_path)).kind is SourceKind.IMAGES


def test_loop_and_pace_are_carried_over_for_files() -> None:
    spec = parse_source("a.mp4", loop=True, realtime=False)

    assert (spec.loop, spec.realtime) == (True, False)


@pytest.mark.parametrize("text", ["", "   ", '""', "gopher://old.example/x", "rtsp://", "http://[::1/x"])
def test_what_cannot_be_a_source_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(ValueRefused) as refused:
        parse_source(text)

    assert refused.value.details["reason"]


def test_a_refused_address_does_not_show_its_password() -> None:
    with pytest.raises(ValueRefused) as refused:
        parse_source("gopher://an:geheim@10.0.0.9/x")

    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://an:geheim@10.0.0.9:554/ch/101", "rtsp://an:***@10.0.0.9:554/ch/101"),
        ("rtsp://an:ge@heim/x@10.0.0.9/live", "rtsp://an:***@10.0.0.9/live"),
        ("rtsp://token@10.0.0.9/live", "rtsp://***@10.0.0.9/live"),
        ("http://cam/v?user=an&pwd=geheim", "http://cam/v"),
        ("rtsp://cam/user=an_password=geheim_channel=1", "rtsp://cam/user=an_password=***_channel=1"),
        ("rtsp://cam/live", "rtsp://cam/live"),
        ("rtsp://an:ge?heim@10.0.0.9/live", "rtsp://***"),
        ("http://cam/v?pwd=ge@heim", "http://***"),
        ("http://an:geheim@cam/v?pwd=geheim", "http://an:***@cam/v"),
        ("door.mp4", "door.mp4"),
    ],
)
def test_a_name_made_of_an_address_holds_no_password(address: str, shown: str) -> None:
    assert masked(address) == shown


def test_a_spec_never_prints_its_address() -> None:
    spec = parse_source("rtsp://an:geheim@10.0.0.9/live")

    assert "geheim" not in repr(spec)
    assert "geheim" not in spec.name
    assert "geheim" in spec.address


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        (SourceKind.WEBCAM, IsolatedSource),
        (SourceKind.RTSP, NetworkStream),
        (SourceKind.VIDEO, VideoFile),
        (SourceKind.IMAGES, ImageFolder),
    ],
)
def test_each_kind_is_opened_by_its_own_reader(kind: SourceKind, made: type) -> None:
    source = open_source(SourceSpec(kind, "0", "the door"))

    assert isinstance(source, made)
    assert source.name == "the door"


def test_the_sample_is_not_opened_as_a_camera() -> None:
    with pytest.raises(ValueError, match="sample"):
        open_source(SourceSpec(SourceKind.SAMPLE, "sample", "Sample café"))

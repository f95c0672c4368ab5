from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netcafe_face.config.credentials import without_credentials


@pytest.mark.parametrize(
    ("address", "bare"),
    [
        ("rtsp://admin:s3cret@10.0.0.5:554/h264/ch1", "rtsp://10.0.0.5:554/h264/ch1"),
        ("rtsp://admin@10.0.0.5/ch1", "rtsp://10.0.0.5/ch1"),
        ("RTSP://Admin:S3cret@cam.local/ch1", "RTSP://cam.local/ch1"),
        ("rtsp://admin:p@ss@word@10.0.0.5/ch1", "rtsp://10.0.0.5/ch1"),
        ("rtsp://admin:pa/ss@10.0.0.5/ch1", "rtsp://10.0.0.5/ch1"),
        ("rtsp://admin:12/34@10.0.0.5/ch1", "rtsp://10.0.0.5/ch1"),
        ("rtsp://admin:pa#ss?x@10.0.0.5:554/ch1", "rtsp://10.0.0.5:554/ch1"),
        ("rtsp://admin:s3cret@[fe80::1]:554/ch1", "rtsp://[fe80::1]:554/ch1"),
        ("http://10.0.0.5/video.cgi?user=admin&pwd=s3cret&ch=1", "http://10.0.0.5/video.cgi?user=&pwd=&ch=1"),
        (
            "rtsp://10.0.0.5:554/user=admin&password=s3cret&channel=1",
            "rtsp://10.0.0.5:554/user=&password=&channel=1",
        ),
    ],
)
def test_a_cameras_user_and_password_disappear_and_the_rest_stays(address: str, bare: str) -> None:
    assert without_credentials(address) == bare


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://10.0.0.5:554/stream@high",
        "rtsp://[fe80::1]:554/stream@high",
        "rtsp://cam.local/ch1?compass=north",
        "/videos/monday@noon.mp4",
        r"C:\videos\user=me.mp4",
        "0",
        "",
    ],
)
def test_an_address_without_credentials_is_left_alone(address: str) -> None:
    assert without_credentials(address) == address


def test_every_address_in_a_longer_text_is_covered() -> None:
    text = "cannot open 'rtsp://a:secret1@h/1' nor rtsp://b:secret2@h/2, giving up at 10:30 @ noon"
    assert without_credentials(text) == "cannot open 'rtsp://h/1' nor rtsp://h/2, giving up at 10:30 @ noon"


@given(
    st.text(st.characters(codec="ascii", exclude_characters=" \t\n\r\f\v\x1c\x1d\x1e\x1f\"'<>"), min_size=4)
)
def test_no_password_survives_whatever_it_is_made_of(password: str) -> None:
    marked = f"Qx7{password}7xQ"
    left = without_credentials(f"rtsp://admin:{marked}@10.0.0.5:554/ch1")
    assert marked not in left
    assert left.endswith("10.0.0.5:554/ch1")

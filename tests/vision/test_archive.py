"""Only the wanted files come out of a zip, and only when the zip is honest."""

from __future__ import annotations

import stat
import struct
import zipfile
from pathlib import Path

import pytest

from netcafe_face.domain.errors import ArchiveRefused
from netcafe_face.vision.archive import open_archive
from tests.vision.pack_files import network, zip_files


def take(path: Path, name: str = "net.onnx", limit: int = 100_000) -> bytes:
    with open_archive(path) as archive:
        return archive.read(name, limit)


@pytest.mark.parametrize("inside", ["net.onnx", "buffalo/net.onnx", "buffalo\\net.onnx"])
def test_a_file_at_the_top_or_in_one_folder_is_found(tmp_path: Path, inside: str) -> None:
    zip_files(tmp_path / "a.zip", {inside: b"network", "other": b""})
    assert take(tmp_path / "a.zip") == b"network"
    with open_archive(tmp_path / "a.zip") as archive:
        assert archive.has("net.onnx")
        assert not archive.has("pack.toml")
        assert archive.size_of("net.onnx") == 7
        archive.extract({"net.onnx": 7}, tmp_path)
    assert (tmp_path / "net.onnx").read_bytes() == b"network"


@pytest.mark.parametrize("inside", ["../net.onnx", "a/b/net.onnx", "net.onnx/", "NET.ONNX"])
def test_a_file_elsewhere_is_not_found(tmp_path: Path, inside: str) -> None:
    zip_files(tmp_path / "a.zip", {inside: b""})
    with pytest.raises(ArchiveRefused, match="has no"):
        take(tmp_path / "a.zip")


def test_a_file_larger_than_allowed_is_refused(tmp_path: Path) -> None:
    zip_files(tmp_path / "a.zip", {"net.onnx": bytes(100_001)})
    with pytest.raises(ArchiveRefused, match="100001 bytes"):
        take(tmp_path / "a.zip")


def test_a_bomb_that_lies_about_its_size_gives_no_more_than_it_says(tmp_path: Path) -> None:
    data = bytearray(zip_files(tmp_path / "a.zip", {"net.onnx": bytes(5_000_000)}))
    lie, truth = struct.pack("<L", 1000), struct.pack("<L", 5_000_000)
    assert data.count(truth) == 2
    (tmp_path / "a.zip").write_bytes(data.replace(truth, lie))
    with pytest.raises(ArchiveRefused, match="damaged"):
        take(tmp_path / "a.zip")


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    data = bytearray(zip_files(tmp_path / "a.zip", {"net.onnx": network("a", 5000)}))
    data[1000] ^= 0xFF
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(ArchiveRefused, match="damaged"):
        take(tmp_path / "a.zip")


def test_a_damaged_compression_is_refused(tmp_path: Path) -> None:
    data = bytearray(zip_files(tmp_path / "a.zip", {"net.onnx": b"word " * 5000}))
    data[40:60] = bytes(20)
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(ArchiveRefused, match="damaged"):
        take(tmp_path / "a.zip")


@pytest.mark.parametrize("data", [b"", b"PK", b"<html>", bytes(1000)])
def test_what_is_no_zip_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(ArchiveRefused, match="no zip"):
        take(tmp_path / "a.zip")


def test_a_zip_cut_short_is_refused(tmp_path: Path) -> None:
    data = zip_files(tmp_path / "a.zip", {"net.onnx": network("a", 5000)})
    (tmp_path / "a.zip").write_bytes(data[:-30])
    with pytest.raises(ArchiveRefused):
        take(tmp_path / "a.zip")


def test_an_encrypted_file_is_refused(tmp_path: Path) -> None:
    data = bytearray(zip_files(tmp_path / "a.zip", {"net.onnx": b"network"}))
    for at in (data.index(b"PK\x03\x04") + 6, data.index(b"PK\x01\x02") + 8):
        data[at] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(ArchiveRefused, match="encrypted"):
        take(tmp_path / "a.zip")


def test_a_link_is_refused(tmp_path: Path) -> None:
    member = zipfile.ZipInfo("net.onnx")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(member, "/etc/hostname")
    with pytest.raises(ArchiveRefused, match="plain file"):
        take(tmp_path / "a.zip")


def test_an_unusual_compression_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("net.onnx", b"network")
    with pytest.raises(ArchiveRefused, match="unusual"):
        take(tmp_path / "a.zip")


def test_a_zip_of_countless_members_is_refused(tmp_path: Path) -> None:
    zip_files(tmp_path / "a.zip", {f"{at}": b"" for at in range(10_001)})
    with pytest.raises(ArchiveRefused, match="members"):
        take(tmp_path / "a.zip")

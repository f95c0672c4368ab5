"""A pack is whole and unchanged, or it is not used; the library knows which pack a name stands for."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from netcafe_face.domain.errors import (
    CardInvalid,
    OutputError,
    PackFileChanged,
    PackFileMissing,
    PackInUse,
    PackNotFound,
    PacksBusy,
    PackShipped,
)
from netcafe_face.vision.card import CARD_NAME
from netcafe_face.vision.packs import PackLibrary, load_pack
from tests.vision.pack_files import SHIPPED, make_pack, network


@pytest.fixture
def library(tmp_path: Path) -> PackLibrary:
    make_pack(tmp_path / "shipped" / "mini", "mini")
    make_pack(tmp_path / "user" / "mine", "mine")
    return PackLibrary(tmp_path / "shipped", tmp_path / "user")


def test_the_shipped_pack_is_whole() -> None:
    pack = load_pack(SHIPPED / "netcafe-mini")
    assert pack.pack_id.startswith("netcafe-mini@")
    assert pack.read_detector() == pack.detector_path.read_bytes()
    assert pack.read_embedder() == pack.embedder_path.read_bytes()


def test_a_pack_with_a_changed_byte_is_not_loaded(tmp_path: Path) -> None:
    card = make_pack(tmp_path / "mine", "mine")
    path = tmp_path / "mine" / card.embedder.file
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    with pytest.raises(PackFileChanged) as caught:
        load_pack(tmp_path / "mine")
    assert str(path) in str(caught.value)
    assert "Install the pack again" in str(caught.value)


def test_a_file_exchanged_after_loading_is_noticed_when_it_is_read(tmp_path: Path) -> None:
    make_pack(tmp_path / "mine", "mine")
    pack = load_pack(tmp_path / "mine")
    pack.embedder_path.write_bytes(network("another"))
    with pytest.raises(PackFileChanged):
        pack.read_embedder()
    pack.detector_path.unlink()
    with pytest.raises(PackFileMissing):
        pack.read_detector()


def test_a_pack_without_one_of_its_files_is_not_loaded(tmp_path: Path) -> None:
    card = make_pack(tmp_path / "mine", "mine")
    (tmp_path / "mine" / card.detector.file).unlink()
    with pytest.raises(PackFileMissing, match=card.detector.file):
        load_pack(tmp_path / "mine")
    (tmp_path / "mine" / card.detector.file).mkdir()
    with pytest.raises(CardInvalid, match="not a file"):
        load_pack(tmp_path / "mine")


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_a_link_out_of_the_pack_is_refused_even_to_the_right_file(tmp_path: Path) -> None:
    card = make_pack(tmp_path / "mine", "mine")
    inside, outside = tmp_path / "mine" / card.embedder.file, tmp_path / "outside.onnx"
    inside.rename(outside)
    inside.symlink_to(outside)
    with pytest.raises(CardInvalid, match="leaves the pack's folder"):
        load_pack(tmp_path / "mine")


def test_an_empty_folder_is_not_a_pack(tmp_path: Path) -> None:
    (tmp_path / "buffalo_l").mkdir()
    library = PackLibrary(tmp_path / "none", tmp_path)
    with pytest.raises(CardInvalid):
        library.find("buffalo_l")
    (entry,) = library.entries()
    assert entry.card is None
    assert isinstance(entry.problem, CardInvalid)


def test_shipped_and_installed_packs_are_listed_by_name(library: PackLibrary) -> None:
    assert [(entry.name, entry.shipped) for entry in library.entries()] == [("mine", False), ("mini", True)]
    assert library.find("mine").card.name == "mine"
    assert library.card("mini").name == "mini"


def test_the_users_pack_goes_before_the_shipped_one_of_its_name(library: PackLibrary, tmp_path: Path) -> None:
    make_pack(tmp_path / "user" / "mini", "mini", version="2.0.0")
    assert library.find("mini").card.version == "2.0.0"
    entries = [(entry.name, entry.shipped, entry.hidden) for entry in library.entries()]
    assert entries == [("mine", False, False), ("mini", False, False), ("mini", True, True)]
    library.remove("mini")
    assert library.find("mini").card.version == "1.0.0"


def test_a_damaged_pack_of_the_user_is_not_silently_replaced_by_the_shipped_one(
    library: PackLibrary, tmp_path: Path
) -> None:
    card = make_pack(tmp_path / "user" / "mini", "mini", version="2.0.0")
    (tmp_path / "user" / "mini" / card.embedder.file).unlink()
    with pytest.raises(PackFileMissing):
        library.find("mini")


def test_a_pack_in_a_folder_of_another_name_is_refused(library: PackLibrary, tmp_path: Path) -> None:
    make_pack(tmp_path / "user" / "renamed", "mine")
    with pytest.raises(CardInvalid, match="renamed"):
        library.find("renamed")


@pytest.mark.parametrize("name", ["absent", "", ".", "..", "../shipped/mini", "Mini", ".staging"])
def test_a_name_without_a_pack_is_not_found(library: PackLibrary, name: str) -> None:
    with pytest.raises(PackNotFound):
        library.find(name)


def test_a_removed_pack_is_gone_from_the_disk(library: PackLibrary, tmp_path: Path) -> None:
    library.remove("mine", in_use="mini")
    with pytest.raises(PackNotFound):
        library.find("mine")
    assert list((tmp_path / "user").rglob("*.onnx")) == []


def test_what_is_shipped_or_in_use_cannot_be_removed(library: PackLibrary) -> None:
    with pytest.raises(PackShipped):
        library.remove("mini")
    with pytest.raises(PackInUse):
        library.remove("mine", in_use="mine")
    with pytest.raises(PackNotFound):
        library.remove("absent")
    assert len(library.entries()) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_removing_a_linked_pack_leaves_what_it_links_to(library: PackLibrary, tmp_path: Path) -> None:
    make_pack(tmp_path / "elsewhere" / "linked", "linked")
    (tmp_path / "user" / "linked").symlink_to(tmp_path / "elsewhere" / "linked")
    assert library.find("linked").card.name == "linked"
    library.remove("linked")
    assert load_pack(tmp_path / "elsewhere" / "linked")
    assert not (tmp_path / "user" / "linked").exists()


def test_two_programs_do_not_change_the_packs_at_once(library: PackLibrary, tmp_path: Path) -> None:
    (tmp_path / "user" / ".staging").mkdir()
    with FileLock(tmp_path / "user" / ".staging" / "lock"), pytest.raises(PacksBusy):
        library.remove("mine")
    assert library.find("mine")


def test_a_pack_put_aside_by_a_killed_program_comes_back(library: PackLibrary, tmp_path: Path) -> None:
    user = tmp_path / "user"
    (user / ".staging" / "replaced").mkdir(parents=True)
    (user / "mine").rename(user / ".staging" / "replaced" / "mine")
    assert PackLibrary(tmp_path / "shipped", user).find("mine")


def test_a_pack_put_aside_is_left_alone_while_another_program_works(
    library: PackLibrary, tmp_path: Path
) -> None:
    user = tmp_path / "user"
    (user / ".staging" / "replaced").mkdir(parents=True)
    (user / "mine").rename(user / ".staging" / "replaced" / "mine")
    with FileLock(user / ".staging" / "lock"), pytest.raises(PackNotFound):
        PackLibrary(tmp_path / "shipped", user).find("mine")


def test_an_older_pack_that_was_replaced_is_deleted_the_next_time(
    library: PackLibrary, tmp_path: Path
) -> None:
    user = tmp_path / "user"
    make_pack(user / ".staging" / "replaced" / "mine", "mine", version="0.1.0")
    assert PackLibrary(tmp_path / "shipped", user).find("mine").card.version == "1.0.0"
    assert list((user / ".staging" / "replaced").iterdir()) == []


def test_files_beside_the_packs_are_no_packs(library: PackLibrary, tmp_path: Path) -> None:
    (tmp_path / "user" / "notes.txt").write_text("hello")
    (tmp_path / "user" / ".cache").mkdir()
    (tmp_path / "shipped" / "__pycache__").mkdir()
    assert len(library.entries()) == 2


def test_no_packs_folder_is_no_packs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert PackLibrary(tmp_path / "none", tmp_path / "file").entries() == []
    assert not (tmp_path / "none").exists()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    make_pack(tmp_path / "user" / "mine", "mine")
    (tmp_path / "user").chmod(0)
    try:
        library = PackLibrary(tmp_path / "none", tmp_path / "user")
        with pytest.raises(PackFileMissing):
            library.entries()
        with pytest.raises(PackNotFound):
            library.find("mine")
        with pytest.raises(CardInvalid):
            load_pack(tmp_path / "user" / "mine")
    finally:
        (tmp_path / "user").chmod(0o700)


def test_a_folder_whose_name_is_too_long_for_the_system_is_told(tmp_path: Path) -> None:
    library = PackLibrary(tmp_path / "none", tmp_path / ("x" * 300))
    with pytest.raises(PackFileMissing):
        library.entries()
    with pytest.raises(PackNotFound):
        library.find("mine")


def test_a_packs_folder_that_cannot_be_written_is_told(library: PackLibrary, tmp_path: Path) -> None:
    (tmp_path / "user" / ".staging").write_text("in the way")
    with pytest.raises(OutputError):
        library.remove("mine")
    assert library.find("mine")


def test_the_card_is_found_where_it_belongs(library: PackLibrary, tmp_path: Path) -> None:
    assert library.folder("mine") == tmp_path / "user" / "mine"
    assert (library.folder("mini") / CARD_NAME).is_file()

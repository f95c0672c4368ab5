"""A pack is installed whole and verified, or nothing is: whatever servers, disks, zips and kill -9 do."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from filelock import FileLock

from netcafe_face.domain.errors import (
    ArchiveRefused,
    Cancelled,
    DownloadFailed,
    FilesIncomplete,
    FilesNotRecognised,
    HashUnknown,
    LicenceNotAccepted,
    NetcafeError,
    NoRoomForPack,
    OutputError,
    PackFileChanged,
    PacksBusy,
    PackUnknown,
    PinsUnreadable,
    WrongFile,
)
from netcafe_face.vision.card import CARD_NAME, PackCard, read_card
from netcafe_face.vision.catalogue import CATALOGUE, Catalogue, CatalogueEntry
from netcafe_face.vision.download import Patience
from netcafe_face.vision.installer import Dialogue, Installer
from netcafe_face.vision.packs import PackLibrary, load_pack
from netcafe_face.vision.pins import PINS_NAME, read_pins
from netcafe_face.vision.watch import CancelToken, Watch
from tests.vision.pack_files import loose_entry, make_pack, network, sha256, zip_files, zipped_entry
from tests.vision.serving import WebServer, cut_off, stall, status, web_server

QUICK = Patience(
    connect_s=2, read_s=0.5, stall_s=0.5, stall_bytes=1000, attempts=2, first_wait_s=0.0, longest_wait_s=0.01
)
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Shop:
    """A packs folder, a catalogue on a server, and an operator who answers as told."""

    packs: Path
    server: WebServer
    entries: dict[str, CatalogueEntry]
    licence: bool = True
    hash: bool = False
    asked: list[str] = field(default_factory=list)

    @property
    def installer(self) -> Installer:
        return Installer(self.packs, Catalogue(self.entries.values()), QUICK)

    @property
    def dialogue(self) -> Dialogue:
        return Dialogue(self._licence, self._hash)

    def install(self, name: str) -> PackCard:
        return self.installer.install(name, self.dialogue).card

    def take(self, *paths: Path) -> PackCard:
        return self.installer.import_paths(paths, self.dialogue).card

    def visible(self) -> list[str]:
        return [entry.name for entry in PackLibrary(self.packs / "none", self.packs).entries()]

    def requests(self, name: str) -> list[dict[str, str]]:
        return self.server.pages[f"/{name}"].requests

    def refusal(self, kind: type[NetcafeError], name: str) -> NetcafeError:
        with pytest.raises(kind) as caught:
            self.install(name)
        assert self.visible() == []
        return caught.value

    def _licence(self, card: PackCard) -> bool:
        self.asked.append(card.licence_note)
        return self.licence

    def _hash(self, pack: str, name: str, sha: str) -> bool:
        self.asked.append(f"{pack}/{name} {sha}")
        return self.hash


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with web_server() as server:
        entries = (loose_entry(server), zipped_entry(server, tmp_path), zipped_entry(server, tmp_path, False))
        yield Shop(tmp_path / "packs", server, {entry.name: entry for entry in entries})


def test_two_files_become_a_pack(shop: Shop) -> None:
    card = shop.install("opencv-zoo")
    assert shop.visible() == ["opencv-zoo"]
    assert load_pack(shop.packs / "opencv-zoo").card == card
    assert sorted(path.name for path in (shop.packs / "opencv-zoo").iterdir()) == [
        "face_detection_yunet_2023mar.onnx",
        "face_recognition_sface_2021dec.onnx",
        "pack.toml",
    ]
    assert list((shop.packs / ".staging" / "downloads").iterdir()) == []


def test_a_zip_becomes_a_pack_of_the_two_networks_in_it(shop: Shop) -> None:
    card = shop.install("buffalo_l")
    assert card.embedder.sha256 == sha256(network("arcface", 300_000))
    assert sorted(path.name for path in (shop.packs / "buffalo_l").iterdir()) == [
        "det_10g.onnx",
        "pack.toml",
        "w600k_r50.onnx",
    ]
    assert read_pins(shop.packs) == {}


def test_a_pack_that_nobody_catalogued_is_unknown(shop: Shop) -> None:
    assert "opencv-zoo, buffalo_l, buffalo_s" in str(shop.refusal(PackUnknown, "antelope"))


def test_nothing_is_fetched_before_the_licence_is_accepted(shop: Shop) -> None:
    shop.licence = False
    shop.refusal(LicenceNotAccepted, "buffalo_l")
    assert "A café is a business: you may not use this pack" in shop.asked[0]
    assert shop.requests("buffalo_l.zip") == []
    with pytest.raises(LicenceNotAccepted):
        shop.installer.install("buffalo_l", Dialogue())


def test_an_interrupted_install_shows_nothing_and_is_continued(shop: Shop) -> None:
    page = shop.server.pages["/face_recognition_sface_2021dec.onnx"]
    page.faults = [cut_off(150_000), status(404)]
    error = shop.refusal(DownloadFailed, "opencv-zoo")
    assert "face_recognition_sface_2021dec.onnx ← http://" in str(error)
    assert "models import" in str(error)
    shop.install("opencv-zoo")
    assert page.requests[-1]["Range"] == "bytes=150000-"
    assert len(shop.requests("face_detection_yunet_2023mar.onnx")) == 1


def test_a_wrong_file_installs_nothing_and_is_not_kept(shop: Shop) -> None:
    shop.server.pages["/buffalo_l.zip"].data = bytes(len(shop.server.pages["/buffalo_l.zip"].data))
    shop.refusal(WrongFile, "buffalo_l")
    assert [path for path in shop.packs.rglob("*") if path.suffix in (".zip", ".part", ".onnx")] == []


def test_installing_again_fetches_nothing(shop: Shop) -> None:
    first = shop.install("opencv-zoo")
    assert shop.install("opencv-zoo") == first
    assert len(shop.requests("face_recognition_sface_2021dec.onnx")) == 1


def test_installing_again_repairs_a_damaged_pack(shop: Shop) -> None:
    card = shop.install("opencv-zoo")
    (shop.packs / "opencv-zoo" / card.embedder.file).write_bytes(b"damaged")
    shop.install("opencv-zoo")
    assert load_pack(shop.packs / "opencv-zoo").card == card


def test_installing_again_renews_the_card_without_fetching(shop: Shop) -> None:
    shop.install("opencv-zoo")
    entry = shop.entries["opencv-zoo"]
    shop.entries["opencv-zoo"] = replace(entry, card=replace(entry.card, version="2026"))
    assert shop.install("opencv-zoo").version == "2026"
    assert len(shop.requests("face_recognition_sface_2021dec.onnx")) == 1


def test_cancelling_keeps_what_arrived_and_shows_nothing(shop: Shop) -> None:
    cancel = CancelToken()
    watch = Watch(progress=lambda *_: cancel.cancel(), cancel=cancel)
    with pytest.raises(Cancelled):
        shop.installer.install("buffalo_l", Dialogue(lambda _: True, watch=watch))
    assert shop.visible() == []
    shop.install("buffalo_l")
    assert "Range" in shop.requests("buffalo_l.zip")[-1]


def test_a_file_without_a_published_hash_is_shown_and_not_installed_unasked(shop: Shop) -> None:
    error = shop.refusal(HashUnknown, "buffalo_s")
    computed = sha256(shop.server.pages["/buffalo_s.zip"].data)
    assert f"buffalo_s/buffalo_s.zip {computed}" in shop.asked
    assert computed in str(error)
    assert f"--accept-hash {computed}" in str(error)
    with pytest.raises(HashUnknown):
        shop.installer.install("buffalo_s", Dialogue(lambda _: True))
    shop.hash = True
    shop.install("buffalo_s")
    assert len(shop.requests("buffalo_s.zip")) == 1


def test_an_accepted_hash_is_pinned_and_another_file_is_refused_from_then_on(
    shop: Shop, tmp_path: Path
) -> None:
    shop.hash = True
    card = shop.install("buffalo_s")
    page = shop.server.pages["/buffalo_s.zip"]
    assert read_pins(shop.packs) == {
        "buffalo_s/buffalo_s.zip": sha256(page.data),
        "buffalo_s/det_500m.onnx": card.detector.sha256,
        "buffalo_s/w600k_mbf.onnx": card.embedder.sha256,
    }
    PackLibrary(tmp_path / "none", shop.packs).remove("buffalo_s")
    page.data = zip_files(tmp_path / "new.zip", {card.detector.file: b"evil", card.embedder.file: b"evil 2"})
    shop.asked.clear()
    shop.refusal(WrongFile, "buffalo_s")
    assert len(shop.asked) == 1  # the licence


def test_a_pinned_pack_is_not_fetched_twice(shop: Shop) -> None:
    shop.hash = True
    shop.install("buffalo_s")
    shop.install("buffalo_s")
    assert len(shop.requests("buffalo_s.zip")) == 1


@pytest.mark.parametrize("text", ["pins = 3", "[pins]\na = 3", "not toml"])
def test_pins_that_cannot_be_read_stop_the_install(shop: Shop, text: str) -> None:
    """Without them an exchanged file would be taken for a new one."""
    shop.packs.mkdir()
    (shop.packs / PINS_NAME).write_text(text)
    assert PINS_NAME in str(shop.refusal(PinsUnreadable, "buffalo_s"))


def test_an_untrusted_zip_that_is_a_web_page_is_not_kept(shop: Shop) -> None:
    shop.server.pages["/buffalo_s.zip"].data = b"<html>Not found</html>" * 100
    shop.refusal(ArchiveRefused, "buffalo_s")
    assert not list(shop.packs.rglob("*.zip"))


def test_a_network_larger_than_any_such_file_is_refused(shop: Shop, tmp_path: Path) -> None:
    """A zip of a few kilobytes that would unpack to more than the limit."""
    page = shop.server.pages["/buffalo_s.zip"]
    page.data = zip_files(tmp_path / "b.zip", {"det_500m.onnx": bytes(1_000_001), "w600k_mbf.onnx": b"x"})
    assert "1000001 bytes" in str(shop.refusal(ArchiveRefused, "buffalo_s"))


def test_a_full_disk_is_noticed_before_anything_is_fetched(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(shop.packs.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))
    shop.refusal(NoRoomForPack, "buffalo_l")
    assert shop.requests("buffalo_l.zip") == []


def test_a_packs_folder_that_cannot_be_made_is_told(shop: Shop) -> None:
    shop.packs.write_text("in the way")
    with pytest.raises(OutputError):
        shop.install("opencv-zoo")


def test_two_installs_at_once_do_not_disturb_each_other(shop: Shop) -> None:
    (shop.packs / ".staging").mkdir(parents=True)
    with FileLock(shop.packs / ".staging" / "lock"):
        shop.refusal(PacksBusy, "opencv-zoo")
    shop.install("opencv-zoo")


def test_old_beginnings_of_downloads_are_thrown_away_some_day(shop: Shop) -> None:
    old = shop.packs / ".staging" / "downloads" / "buffalo_l"
    old.mkdir(parents=True)
    (old / "buffalo_l.zip.part").write_bytes(b"x")
    os.utime(old, (0, 0))
    shop.install("opencv-zoo")
    assert not old.exists()


# Importing


def test_a_packs_folder_is_imported(shop: Shop, tmp_path: Path) -> None:
    card = make_pack(tmp_path / "given", "own-pack")
    (tmp_path / "given" / "setup.exe").write_bytes(b"not wanted")
    assert shop.take(tmp_path / "given") == card
    assert shop.visible() == ["own-pack"]
    assert not list(shop.packs.rglob("setup.exe"))
    assert load_pack(tmp_path / "given")


def test_a_packs_card_stands_for_its_folder(shop: Shop, tmp_path: Path) -> None:
    card = make_pack(tmp_path / "given", "own-pack")
    assert shop.take(tmp_path / "given" / CARD_NAME) == card


def test_importing_a_newer_version_takes_the_older_ones_place(shop: Shop, tmp_path: Path) -> None:
    make_pack(tmp_path / "one", "own-pack", "1.0.0")
    make_pack(tmp_path / "two", "own-pack", "2.0.0")
    shop.take(tmp_path / "one")
    shop.take(tmp_path / "two")
    assert PackLibrary(tmp_path / "none", shop.packs).find("own-pack").card.version == "2.0.0"
    assert not (shop.packs / ".staging" / "replaced" / "own-pack").exists()


def test_the_older_version_stays_when_the_newer_one_cannot_take_its_place(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, when another program holds a file open."""
    make_pack(tmp_path / "one", "own-pack", "1.0.0")
    make_pack(tmp_path / "two", "own-pack", "2.0.0")
    shop.take(tmp_path / "one")
    rename = Path.rename

    def held_open(self: Path, target: Path) -> Path:
        if self.name == "build":
            raise PermissionError(13, "in use by another program", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", held_open)
    with pytest.raises(OutputError, match="in use by another program"):
        shop.take(tmp_path / "two")
    assert PackLibrary(tmp_path / "none", shop.packs).find("own-pack").card.version == "1.0.0"
    with pytest.raises(OutputError):
        shop.install("opencv-zoo")
    assert shop.visible() == ["own-pack"]


def test_a_pack_that_is_damaged_is_not_imported(shop: Shop, tmp_path: Path) -> None:
    card = make_pack(tmp_path / "given", "own-pack")
    (tmp_path / "given" / card.detector.file).write_bytes(b"damaged")
    with pytest.raises(PackFileChanged):
        shop.take(tmp_path / "given")
    assert shop.visible() == []


def test_an_import_asks_for_the_licence_too(shop: Shop, tmp_path: Path) -> None:
    make_pack(tmp_path / "given", "own-pack")
    shop.licence = False
    with pytest.raises(LicenceNotAccepted):
        shop.take(tmp_path / "given")
    assert shop.visible() == []


@pytest.mark.parametrize("inside", ["", "own-pack/"])
def test_a_zip_of_a_pack_is_imported(shop: Shop, tmp_path: Path, inside: str) -> None:
    card = make_pack(tmp_path / "given", "own-pack")
    files = {inside + path.name: path.read_bytes() for path in (tmp_path / "given").iterdir()}
    zip_files(tmp_path / "given.zip", files)
    assert shop.take(tmp_path / "given.zip") == card
    assert load_pack(shop.packs / "own-pack").card == card


@pytest.mark.parametrize(
    "name",
    ["../../evil.onnx", "/etc/evil.onnx", "..\\evil.onnx", "a/b/c/face_recognition_sface_2021dec.onnx"],
)
def test_a_zip_writes_nothing_but_the_packs_own_files(shop: Shop, tmp_path: Path, name: str) -> None:
    make_pack(tmp_path / "given", "own-pack")
    files = {path.name: path.read_bytes() for path in (tmp_path / "given").iterdir()}
    zip_files(tmp_path / "given.zip", {**files, name: b"evil"})
    before = {path for path in tmp_path.rglob("*") if shop.packs not in path.parents}
    shop.take(tmp_path / "given.zip")
    assert len(list((shop.packs / "own-pack").iterdir())) == 3
    assert {path for path in tmp_path.rglob("*") if shop.packs not in path.parents} - before <= {shop.packs}


def test_a_zip_with_a_file_twice_is_refused(shop: Shop, tmp_path: Path) -> None:
    make_pack(tmp_path / "given", "own-pack")
    files = {path.name: path.read_bytes() for path in (tmp_path / "given").iterdir()}
    zip_files(tmp_path / "given.zip", {**files, "x/face_recognition_sface_2021dec.onnx": b"evil"})
    with pytest.raises(ArchiveRefused, match="more than once"):
        shop.take(tmp_path / "given.zip")
    assert shop.visible() == []


def test_a_zip_without_one_of_the_packs_files_is_refused(shop: Shop, tmp_path: Path) -> None:
    make_pack(tmp_path / "given", "own-pack")
    zip_files(tmp_path / "given.zip", {CARD_NAME: (tmp_path / "given" / CARD_NAME).read_bytes()})
    with pytest.raises(ArchiveRefused, match="has no"):
        shop.take(tmp_path / "given.zip")


def test_a_zipped_pack_with_another_file_than_its_card_says_is_refused(shop: Shop, tmp_path: Path) -> None:
    card = make_pack(tmp_path / "given", "own-pack")
    files = {path.name: path.read_bytes() for path in (tmp_path / "given").iterdir()}
    zip_files(tmp_path / "given.zip", {**files, card.embedder.file: b"evil"})
    with pytest.raises(PackFileChanged):
        shop.take(tmp_path / "given.zip")
    assert shop.visible() == []


def save(shop: Shop, folder: Path, *names: str) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(shop.server.pages[f"/{name}"].data)
    return [folder / name for name in names]


ZOO = ("face_detection_yunet_2023mar.onnx", "face_recognition_sface_2021dec.onnx")


def test_files_fetched_elsewhere_are_imported_without_a_network(shop: Shop, tmp_path: Path) -> None:
    card = shop.take(*save(shop, tmp_path / "stick", *ZOO))
    assert card.name == "opencv-zoo"
    assert shop.requests(ZOO[0]) == []


def test_a_folder_of_such_files_is_imported(shop: Shop, tmp_path: Path) -> None:
    save(shop, tmp_path / "stick", *ZOO)
    (tmp_path / "stick" / "readme.txt").write_text("hello")
    (tmp_path / "stick" / "more").mkdir()
    assert shop.take(tmp_path / "stick").name == "opencv-zoo"


def test_files_are_recognised_by_their_content_whatever_they_are_called(shop: Shop, tmp_path: Path) -> None:
    first, second = save(shop, tmp_path / "stick", *ZOO)
    paths = [first.rename(tmp_path / "a.bin"), second.rename(tmp_path / "download (1)")]
    assert shop.take(*paths).name == "opencv-zoo"


def test_a_zip_fetched_elsewhere_is_imported(shop: Shop, tmp_path: Path) -> None:
    assert shop.take(*save(shop, tmp_path / "stick", "buffalo_l.zip")).name == "buffalo_l"


def test_the_networks_out_of_a_zip_are_imported(shop: Shop, tmp_path: Path) -> None:
    """As insightface itself leaves them behind: a folder of .onnx files."""
    (archive,) = save(shop, tmp_path / "stick", "buffalo_l.zip")
    with zipfile.ZipFile(archive) as file:
        file.extractall(tmp_path / "models" / "buffalo_l")
    assert shop.take(tmp_path / "models" / "buffalo_l").name == "buffalo_l"


def test_a_file_alone_asks_for_the_others(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(FilesIncomplete) as caught:
        shop.take(*save(shop, tmp_path / "stick", ZOO[0]))
    assert f"also needs {ZOO[1]}" in str(caught.value)
    assert f"{ZOO[1]} ← http://" in str(caught.value)
    assert shop.visible() == []


def test_a_wrong_file_under_the_right_name_is_refused(shop: Shop, tmp_path: Path) -> None:
    paths = save(shop, tmp_path / "stick", *ZOO)
    paths[1].write_bytes(b"version https://git-lfs.github.com/spec/v1")
    with pytest.raises(WrongFile, match=ZOO[1]):
        shop.take(*paths)
    paths[1].write_bytes(bytes(3_000_000))
    with pytest.raises(WrongFile, match="3000000 bytes"):
        shop.take(*paths)
    assert shop.visible() == []


def test_networks_that_nobody_vouches_for_are_shown_one_by_one(shop: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "stick"
    folder.mkdir()
    (folder / "det_500m.onnx").write_bytes(b"detector")
    (folder / "w600k_mbf.onnx").write_bytes(b"embedder")
    with pytest.raises(HashUnknown):
        shop.take(folder)
    shop.hash = True
    shop.take(folder)
    assert read_pins(shop.packs) == {
        "buffalo_s/det_500m.onnx": sha256(b"detector"),
        "buffalo_s/w600k_mbf.onnx": sha256(b"embedder"),
    }


def test_files_of_no_known_pack_are_refused(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "cat.onnx").write_bytes(b"cat")
    zip_files(tmp_path / "cats.zip", {"cat.onnx": b"cat"})
    for path in (tmp_path / "cat.onnx", tmp_path / "cats.zip", tmp_path / "absent"):
        with pytest.raises(FilesNotRecognised, match=path.name):
            shop.take(path)
    assert shop.visible() == []


# kill -9

WORKER = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from dataclasses import replace
from netcafe_face.vision.catalogue import CATALOGUE, Catalogue, KnownFile
from netcafe_face.vision.installer import Dialogue, Installer
packs = Path({packs!r})
"""


def start(code: str, shop: Shop) -> subprocess.Popen[bytes]:
    code = WORKER.format(root=str(ROOT), packs=str(shop.packs)) + code
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_an_install_that_is_killed_shows_nothing_and_the_next_one_continues(shop: Shop) -> None:
    page = shop.server.pages["/buffalo_l.zip"]
    page.faults = [stall(200_000)]
    entry = shop.entries["buffalo_l"]
    code = f"""
entry = replace(
    CATALOGUE.find("buffalo_l"),
    archive=KnownFile(**{vars(entry.archive)!r}),
    detector=KnownFile(**{vars(entry.detector)!r}),
    embedder=KnownFile(**{vars(entry.embedder)!r}),
)
Installer(packs, Catalogue([entry])).install("buffalo_l", Dialogue(lambda _: True))
"""
    with start(code, shop) as process:
        part = shop.packs / ".staging" / "downloads" / "buffalo_l" / "buffalo_l.zip.part"
        while not (part.exists() and part.stat().st_size == 200_000):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    assert shop.visible() == []
    shop.install("buffalo_l")
    assert page.requests[-1]["Range"] == "bytes=200000-"
    assert shop.visible() == ["buffalo_l"]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_a_pack_being_replaced_is_always_whole_the_old_one_or_the_new(shop: Shop, tmp_path: Path) -> None:
    for version in ("1.0.0", "2.0.0"):
        make_pack(tmp_path / version, "own-pack", version)
    shop.take(tmp_path / "1.0.0")
    code = f"""
print("ready", flush=True)
while True:
    for version in ("1.0.0", "2.0.0"):
        Installer(packs).import_paths([Path({str(tmp_path)!r}) / version], Dialogue(lambda _: True))
"""
    chance = random.Random(7)
    for _ in range(8):
        with start(code, shop) as process:
            assert process.stdout
            assert process.stdout.readline() == b"ready\n"
            time.sleep(chance.uniform(0.0, 0.1))
            process.send_signal(signal.SIGKILL)
        library = PackLibrary(tmp_path / "none", shop.packs)
        assert library.find("own-pack").card.version in ("1.0.0", "2.0.0")
        assert [entry.name for entry in library.entries()] == ["own-pack"]


# The catalogue itself


def test_the_catalogue_tells_what_is_known_of_each_pack() -> None:
    zoo, large, small = CATALOGUE
    assert [entry.name for entry in CATALOGUE] == ["opencv-zoo", "buffalo_l", "buffalo_s"]
    assert [file.size for file in zoo.downloads] == [232_589, 38_696_353]
    assert (large.downloads[0].size, large.downloads[0].name) == (288_621_354, "buffalo_l.zip")
    assert all(file.sha256 and file.url.startswith("https://") for entry in CATALOGUE for file in entry.files)
    assert zoo.card.commercial_use == "allowed"
    assert zoo.card.embedder.scaling_in_graph
    for entry in (large, small):
        assert entry.card.commercial_use == "forbidden"
        assert "you may not use this pack in your shop" in entry.card.licence_note
    assert CATALOGUE.get("antelope") is None


def test_no_threshold_that_this_project_did_not_measure_passes_as_measured() -> None:
    for entry in CATALOGUE:
        assert entry.card.thresholds.measured_on.startswith("not measured by this project")
        assert all(point.extrapolated for point in entry.card.thresholds.points)
        assert entry.card.thresholds.at(1e-4).extrapolated


@pytest.mark.shared
def test_the_catalogues_hashes_are_those_of_the_files_at_hand() -> None:
    shared = ROOT.parent / "shared" / "models"
    if not shared.is_dir():
        pytest.skip("the shared data folder is not beside the checkout")
    zoo, small = CATALOGUE.find("opencv-zoo"), CATALOGUE.find("buffalo_s")
    for file, path in (
        (zoo.detector, shared / "teachers" / "face_detection_yunet_2023mar.onnx"),
        (small.detector, shared / "reference" / "scrfd_500m_bnkps_det_500m.onnx"),
    ):
        data = path.read_bytes()
        assert (sha256(data), len(data)) == (file.sha256, file.size)


def test_the_shipped_packs_card_is_measured_and_says_so() -> None:
    card = read_card(ROOT / "models" / "netcafe-mini" / CARD_NAME)
    assert not card.thresholds.at(1e-3).extrapolated

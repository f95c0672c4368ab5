"""The `models` commands, as a person and a script use them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result

from netcafe_face.cli.models import models
from netcafe_face.config.paths import Paths
from netcafe_face.config.settings import Settings, load_settings
from netcafe_face.domain.errors import (
    Cancelled,
    DownloadFailed,
    FilesNotRecognised,
    HashUnknown,
    LicenceNotAccepted,
    NetcafeError,
    PackInUse,
    PackNotFound,
    PackShipped,
    PackUnknown,
)
from netcafe_face.domain.people import Consent, Customer, NewTemplate, Purpose, TemplateSource
from netcafe_face.gallery.service import Gallery
from netcafe_face.vision import installer as installing
from netcafe_face.vision.catalogue import Catalogue
from netcafe_face.vision.packs import PackLibrary, load_pack
from tests.vision.pack_files import SHIPPED, loose_entry, make_pack, sha256, zipped_entry
from tests.vision.serving import WebServer, status, web_server


@dataclass
class Shop:
    """What the program's own entry point puts into `ctx.obj`, with a catalogue on a local server."""

    paths: Paths
    server: WebServer
    catalogue: Catalogue

    @property
    def settings(self) -> Settings:
        return load_settings(self.paths.settings_file)

    @property
    def library(self) -> PackLibrary:
        return PackLibrary(SHIPPED, self.paths.packs)

    def run(self, *arguments: str | Path, answer: str = "") -> Result:
        return CliRunner().invoke(models, [str(one) for one in arguments], input=answer, obj=self)

    def ok(self, *arguments: str | Path, answer: str = "") -> str:
        result = self.run(*arguments, answer=answer)
        assert result.exit_code == 0, result.output
        return result.output

    def json(self, *arguments: str | Path) -> Any:
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def refused(self, kind: type[NetcafeError], *arguments: str | Path, answer: str = "") -> str:
        result = self.run(*arguments, answer=answer)
        assert isinstance(result.exception, kind), result.output
        return str(result.exception) + result.output


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with web_server() as server:
        entries = [
            loose_entry(server),
            zipped_entry(server, tmp_path),
            zipped_entry(server, tmp_path, trusted=False),
        ]
        yield Shop(Paths(tmp_path / "data").create(), server, Catalogue(entries))


def test_every_command_explains_itself_with_an_example() -> None:
    assert isinstance(models, click.Group)
    for name in ("", *models.commands):
        result = CliRunner().invoke(models, [name, "--help"] if name else ["--help"])
        assert result.exit_code == 0
        assert f"Example:\n    python3 main.py models {name}" in result.output


def test_the_list_shows_what_is_in_use_and_what_can_be_fetched(shop: Shop) -> None:
    lines = shop.ok("list").splitlines()
    assert lines[0].startswith("* netcafe-mini")
    assert "came with the program" in lines[0]
    assert [line.split()[0] for line in lines[1:]] == ["opencv-zoo", "buffalo_l", "buffalo_s"]
    assert "non-commercial" in lines[2]
    rows = shop.json("list")
    assert [(row["name"], row["state"]) for row in rows][:2] == [
        ("netcafe-mini", "shipped"),
        ("opencv-zoo", "available"),
    ]
    assert rows[0]["in_use"] is True
    assert rows[0]["pack_id"].startswith("netcafe-mini@")


def test_the_list_shows_a_pack_that_is_damaged_and_one_that_is_hidden(shop: Shop) -> None:
    (shop.paths.packs / "empty").mkdir()
    make_pack(shop.paths.packs / "netcafe-mini", "netcafe-mini", "9.0.0")
    output = shop.ok("list")
    assert "empty" in output
    assert "is not usable" in output
    assert "the installed one is used instead" in output
    rows = {(row["name"], row["state"]): row for row in shop.json("list")}
    assert "not usable" in rows["empty", "installed"]["problem"]
    assert rows["netcafe-mini", "installed"]["in_use"]
    assert not rows["netcafe-mini", "shipped"]["in_use"]


def test_info_is_honest_about_the_pack(shop: Shop) -> None:
    output = shop.ok("info", "netcafe-mini")
    assert "the owner's decision" in output
    assert "Weaknesses:" in output
    assert "undecided" in output
    assert shop.json("info", "netcafe-mini")["embedder"]["length"] == 128


def test_info_says_plainly_that_a_cafe_may_not_use_a_research_pack(shop: Shop) -> None:
    output = shop.ok("info", "buffalo_l")
    assert "NOT allowed in a business" in output
    assert "you may not use this pack in your shop" in output
    assert "not installed" in output
    assert "(estimated)" in output
    assert "(measured)" not in output
    assert f"buffalo_l.zip ← {shop.server.url('/buffalo_l.zip')}" in output
    assert "not published" in shop.ok("info", "buffalo_s")
    assert shop.json("info", "buffalo_l")["folder"] is None


def test_info_of_an_unknown_pack_is_an_error(shop: Shop) -> None:
    assert "models list" in shop.refused(PackNotFound, "info", "antelope")


def test_verify_checks_one_or_all(shop: Shop) -> None:
    assert shop.ok("verify", "netcafe-mini") == "netcafe-mini: ok\n"
    card = make_pack(shop.paths.packs / "mine", "mine")
    assert shop.ok("verify").splitlines() == ["mine: ok", "netcafe-mini: ok"]
    (shop.paths.packs / "mine" / card.embedder.file).write_bytes(b"changed")
    result = shop.run("verify")
    assert result.exit_code == 5
    assert "not the one its card describes" in result.output
    rows = json.loads(shop.run("verify", "mine", "--json").stdout)
    assert rows[0]["ok"] is False
    assert card.embedder.sha256 in rows[0]["problem"]
    shop.refused(PackNotFound, "verify", "absent")


def test_a_pack_is_installed_after_its_licence_was_read_and_accepted(shop: Shop) -> None:
    output = shop.ok("install", "opencv-zoo", answer="yes\n")
    assert "MIT and Apache-2.0" in output
    assert "installed and whole" in output
    assert "models use opencv-zoo" in output
    assert load_pack(shop.paths.packs / "opencv-zoo")


@pytest.mark.parametrize("answer", ["", "no\n", "y\n", "\n"])
def test_anything_but_yes_declines(shop: Shop, answer: str) -> None:
    told = shop.refused(LicenceNotAccepted, "install", "buffalo_l", answer=answer)
    assert "you may not use this pack in your shop" in told
    assert "--accept-licence" in told
    assert shop.server.pages["/buffalo_l.zip"].requests == []


def test_a_script_accepts_with_a_flag_and_reads_json(shop: Shop) -> None:
    about = shop.json("install", "buffalo_l", "--accept-licence")
    assert about["installed"] == "buffalo_l"
    assert about["pack_id"] == load_pack(shop.paths.packs / "buffalo_l").pack_id


def test_the_progress_of_a_download_is_shown(shop: Shop) -> None:
    result = shop.run("install", "opencv-zoo", "--accept-licence")
    assert "100 %  face_recognition_sface_2021dec.onnx" in result.stderr


def test_a_failed_download_tells_how_to_do_without_the_internet(shop: Shop) -> None:
    shop.server.pages["/buffalo_l.zip"].faults = [status(404)]
    told = shop.refused(DownloadFailed, "install", "buffalo_l", "--accept-licence")
    assert f"buffalo_l.zip ← {shop.server.url('/buffalo_l.zip')}" in told
    assert "models import" in told


def test_an_unknown_pack_cannot_be_installed(shop: Shop) -> None:
    assert "opencv-zoo" in shop.refused(PackUnknown, "install", "antelope")


def test_a_file_without_a_published_hash_needs_a_second_yes(shop: Shop) -> None:
    computed = sha256(shop.server.pages["/buffalo_s.zip"].data)
    told = shop.refused(HashUnknown, "install", "buffalo_s", answer="yes\nno\n")
    assert computed in told
    shop.refused(HashUnknown, "install", "buffalo_s", "--accept-licence", "--accept-hash", "0" * 64)
    shop.ok("install", "buffalo_s", "--accept-licence", "--accept-hash", computed.upper())
    shop.ok("remove", "buffalo_s")
    shop.ok("install", "buffalo_s", "--accept-licence")


def test_a_hash_may_be_accepted_by_hand(shop: Shop) -> None:
    assert "Nobody has published" in shop.ok("install", "buffalo_s", answer="yes\nyes\n")


def test_files_are_imported(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "buffalo_l.zip").write_bytes(shop.server.pages["/buffalo_l.zip"].data)
    output = shop.ok("import", tmp_path / "buffalo_l.zip", "--accept-licence")
    assert "installed and whole" in output
    shop.refused(FilesNotRecognised, "import", tmp_path / "absent", "--accept-licence")
    assert shop.run("import").exit_code == 2


def test_a_pack_of_ones_own_is_imported(shop: Shop, tmp_path: Path) -> None:
    card = make_pack(tmp_path / "own", "own-pack")
    about = shop.json("import", tmp_path / "own", "--accept-licence")
    assert about["pack_id"] == card.pack_id


def enrol(shop: Shop, code: str, pack_id: str) -> None:
    embedding = np.zeros(128, np.float32)
    embedding[0] = 1.0
    template = NewTemplate(embedding, pack_id, 0.9, TemplateSource.FILE, "Lan")
    consent = Consent(0, frozenset({Purpose.RECOGNITION}), "signed", datetime.now(UTC), "Lan")
    with Gallery.open(shop.paths.database, pack_id) as gallery:
        gallery.enrol(Customer(code, "Somebody"), consent, [template], None)


def test_choosing_a_pack_says_who_must_be_enrolled_again(shop: Shop) -> None:
    make_pack(shop.paths.packs / "mine", "mine")
    enrol(shop, "KH01", shop.library.find("netcafe-mini").pack_id)
    enrol(shop, "KH02", shop.library.find("mine").pack_id)
    output = shop.ok("use", "mine")
    assert "1 customer must be enrolled again at the counter: KH01" in output
    assert "KH02" not in output
    assert shop.settings.pack == "mine"
    assert shop.json("use", "netcafe-mini")["to_reenrol"] == ["KH02"]
    assert shop.settings.pack == "netcafe-mini"


def test_a_long_list_of_customers_is_cut_short(shop: Shop) -> None:
    for number in range(22):
        enrol(shop, f"KH{number:02}", "another@1:000000000000")
    assert "KH19 and 2 more" in shop.ok("use", "netcafe-mini")
    assert len(shop.json("use", "netcafe-mini")["to_reenrol"]) == 22


def test_choosing_a_pack_before_anybody_is_enrolled(shop: Shop) -> None:
    make_pack(shop.paths.packs / "mine", "mine")
    assert "Nobody has to be enrolled again." in shop.ok("use", "mine")
    assert not list(shop.paths.database.glob("*.db"))


def test_choosing_a_research_pack_says_again_that_a_cafe_may_not(shop: Shop) -> None:
    shop.ok("install", "buffalo_l", "--accept-licence")
    assert "you may not use this pack" in shop.run("use", "buffalo_l").stderr


def test_a_damaged_pack_is_not_chosen(shop: Shop) -> None:
    card = make_pack(shop.paths.packs / "mine", "mine")
    (shop.paths.packs / "mine" / card.detector.file).unlink()
    shop.refused(NetcafeError, "use", "mine")
    assert shop.settings.pack == "netcafe-mini"


def test_a_pack_is_removed_unless_in_use_or_shipped(shop: Shop) -> None:
    make_pack(shop.paths.packs / "mine", "mine")
    shop.ok("use", "mine")
    shop.refused(PackInUse, "remove", "mine")
    shop.refused(PackShipped, "remove", "netcafe-mini")
    shop.ok("use", "netcafe-mini")
    assert shop.json("remove", "mine") == {"removed": "mine"}
    assert "mine" not in shop.ok("list").split()


def test_ctrl_c_says_that_it_can_be_continued(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(installing, "fetch", interrupted)
    assert "is kept" in shop.refused(Cancelled, "install", "buffalo_l", "--accept-licence")
    assert [entry.name for entry in shop.library.entries()] == ["netcafe-mini"]

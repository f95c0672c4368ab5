"""The program put together: one data folder, its services, and what a change of the settings does."""

from __future__ import annotations

from pathlib import Path

import pytest

from netcafe_face.app import build, build_sample
from netcafe_face.camera.sources import SourceKind, parse_source
from netcafe_face.config.settings import load_settings, update_settings
from netcafe_face.domain.errors import PackFileMissing, PackNotFound
from netcafe_face.sample.script import LENGTH_S, SEATS, SOURCE_NAME
from tests.files_kit import MODELS


def test_services_are_made_once_and_when_asked_for(tmp_path: Path) -> None:
    cafe = build(tmp_path)
    assert not (tmp_path / "database" / "gallery.db").exists()
    assert cafe.gallery is cafe.gallery
    assert cafe.recognizer() is cafe.recognizer()
    assert cafe.recognizer().pack_id == cafe.gallery.snapshot.pack_id == cafe.pack.pack_id
    cafe.close()
    cafe.close()


def test_another_number_of_threads_loads_the_networks_anew(tmp_path: Path) -> None:
    cafe = build(tmp_path)
    before = cafe.recognizer()
    cafe.change_settings(theme="dark")
    assert cafe.recognizer() is before
    cafe.change_settings(threads=2)
    assert cafe.recognizer() is not before
    assert load_settings(cafe.paths.settings_file).threads == 2
    cafe.close()


def test_a_pack_that_is_not_there_changes_nothing(tmp_path: Path) -> None:
    cafe = build(tmp_path)
    with pytest.raises(PackNotFound):
        cafe.change_settings(pack="nowhere")
    assert cafe.settings.pack == load_settings(cafe.paths.settings_file).pack == "netcafe-mini"
    cafe.close()


def test_a_change_here_keeps_what_a_command_changed_meanwhile(tmp_path: Path) -> None:
    cafe = build(tmp_path)
    update_settings(cafe.paths.settings_file, operator="Hà")
    cafe.change_settings(theme="dark")
    saved = load_settings(cafe.paths.settings_file)
    assert (saved.operator, saved.theme) == ("Hà", "dark")
    cafe.close()


def test_a_pack_that_lost_a_file_is_named(tmp_path: Path) -> None:
    cafe = build(tmp_path)
    folder = cafe.paths.packs / "netcafe-mini"
    folder.mkdir()
    for name in ("pack.toml", "detector.onnx"):
        (folder / name).write_bytes((MODELS / "netcafe-mini" / name).read_bytes())
    with pytest.raises(PackFileMissing, match=r"embedder\.onnx"):
        cafe.recognizer()
    cafe.close()


def test_the_sample_cafe_never_touches_the_real_one(tmp_path: Path) -> None:
    real, sample = build(tmp_path), build_sample(tmp_path, "vi")
    assert sample.paths.root != real.paths.root
    assert sample.settings.language == "vi"
    assert sample.is_sample
    with pytest.raises(ValueError, match="sample"):
        real.begin_afresh()
    sample.begin_afresh()
    assert list(sample.paths.exports.iterdir()) == []
    assert real.gallery.customers() == []
    real.close()
    sample.close()


def test_the_sample_is_a_source_with_seats_and_other_sources_have_none(tmp_path: Path) -> None:
    cafe = build(tmp_path)
    spec = cafe.sample_source()
    assert spec.kind is SourceKind.SAMPLE
    assert cafe.seats(spec.name) == SEATS
    assert cafe.seats("front door") == ()
    source = cafe.open_source(spec)
    source.open()
    frame = source.read()
    assert source.name == SOURCE_NAME
    assert frame is not None
    assert frame.position_s == 0.0 < LENGTH_S
    source.close()
    assert cafe.open_source(parse_source(str(tmp_path))).name == tmp_path.name
    cafe.close()

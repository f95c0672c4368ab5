"""A card says everything about a pack, or it is refused with the name of the field."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from netcafe_face.domain.errors import CardInvalid
from netcafe_face.vision.card import CARD_NAME, format_card, parse_card, read_card
from netcafe_face.vision.catalogue import CATALOGUE
from tests.vision.pack_files import SHIPPED

MINI = SHIPPED / "netcafe-mini" / CARD_NAME
TABLES = ("", "detector", "embedder", "thresholds", "thresholds.points")


def table(path: Path = MINI) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def part(whole: dict[str, Any], name: str) -> dict[str, Any]:
    """Return one table of a card; of the points, the first."""
    inner: Any = whole
    for step in filter(None, name.split(".")):
        inner = inner[step]
    return inner[0] if isinstance(inner, list) else inner


def every_field() -> list[tuple[str, str]]:
    return [(name, field) for name in TABLES for field in part(table(), name)]


def reason(whole: dict[str, Any]) -> str:
    with pytest.raises(CardInvalid) as caught:
        parse_card(tomli_w.dumps(whole).encode(), Path("a/pack.toml"))
    assert "a/pack.toml" in str(caught.value)
    return str(caught.value.details["reason"])


def test_the_shipped_card_is_read_as_written() -> None:
    card = read_card(MINI)
    assert card.pack_id == f"{card.name}@{card.version}:{card.embedder.sha256[:12]}"
    assert card.commercial_use == "owner-decides"
    assert (card.detector.kind, card.detector.colour) == ("yunet", "BGR")
    assert card.detector.det_size is None
    written = tomllib.loads(MINI.read_text(encoding="utf-8"))["detector"]
    assert card.detector.face_px == tuple(written["face_px"])
    assert card.detector.face_px[0] <= 24 < 200 <= card.detector.face_px[1]
    assert (card.embedder.colour, card.embedder.mean, card.embedder.std) == ("RGB", 127.5, 127.5)
    assert (card.embedder.input_size, card.embedder.length) == ((112, 112), 128)
    assert len(card.thresholds.points) >= 2
    assert card.weaknesses


def test_a_card_that_is_written_reads_back_the_same() -> None:
    cards = [read_card(MINI)]
    cards += [
        entry.card_for({entry.detector.name: "a" * 64, entry.embedder.name: "b" * 64}) for entry in CATALOGUE
    ]
    for card in cards:
        assert parse_card(format_card(card).encode(), Path("x")) == card


def with_intervals() -> dict[str, Any]:
    whole = table()
    for point in whole["thresholds"]["points"]:
        point |= {"low": point["cosine"] - 0.02, "high": point["cosine"] + 0.03}
    return whole


def without_intervals() -> dict[str, Any]:
    whole = table()
    for point in whole["thresholds"]["points"]:
        point.pop("low", None)
        point.pop("high", None)
    return whole


def test_a_card_from_before_intervals_were_measured_is_read_and_written_without_them() -> None:
    card = parse_card(tomli_w.dumps(without_intervals()).encode(), Path("x"))
    assert {(point.low, point.high) for point in card.thresholds.points} == {(None, None)}
    assert "low" not in tomllib.loads(format_card(card))["thresholds"]["points"][0]


def test_the_interval_of_a_threshold_is_read_and_written() -> None:
    card = parse_card(tomli_w.dumps(with_intervals()).encode(), Path("x"))
    first = card.thresholds.points[0]
    assert first.low is not None
    assert first.high is not None
    assert first.low == pytest.approx(first.threshold - 0.02)
    assert first.high == pytest.approx(first.threshold + 0.03)
    assert parse_card(format_card(card).encode(), Path("x")) == card


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"low": 0.99, "high": 1.0}, "holds its threshold"),
        ({"low": 0.1}, "“thresholds.points[0].high” is missing"),
        ({"high": 0.9}, "“thresholds.points[0].low” is missing"),
        ({"low": -2, "high": 0.9}, "must be from -1 to 1"),
        ({"low": "0.1", "high": 0.9}, "must be a number"),
    ],
)
def test_an_interval_that_is_half_or_wrong_is_named(change: dict[str, object], told: str) -> None:
    whole = without_intervals()
    part(whole, "thresholds.points").update(change)
    assert told in reason(whole)


@pytest.mark.parametrize(("name", "field"), every_field())
def test_a_missing_field_is_named(name: str, field: str) -> None:
    whole = table()
    del part(whole, name)[field]
    assert field in reason(whole)
    assert "is missing" in reason(whole)


@pytest.mark.parametrize(("name", "field"), every_field())
@pytest.mark.parametrize("wrong", [[], {}, "", -7.25, float("nan"), 1e300])
def test_a_field_of_a_wrong_type_or_size_is_named(name: str, field: str, wrong: object) -> None:
    whole = table()
    part(whole, name)[field] = wrong
    assert field in reason(whole)


@pytest.mark.parametrize("name", TABLES)
def test_an_unknown_field_is_named(name: str) -> None:
    whole = table()
    part(whole, name)["colour_order"] = "BGR"
    assert "colour_order" in reason(whole)
    assert "not a field" in reason(whole)


@pytest.mark.parametrize(
    "file",
    [
        "../embedder.onnx",
        "..",
        "sub/embedder.onnx",
        "sub\\embedder.onnx",
        "/etc/embedder.onnx",
        "C:embedder.onnx",
        "~/embedder.onnx",
        ".hidden.onnx",
        "embedder.onnx.",
        "nul.onnx",
        "COM1.onnx",
        "embed\0der.onnx",
        "pack.toml",
        "embedder.bin",
        "embédder.onnx",
        "e" * 120 + ".onnx",
        "detector.onnx",
        "DETECTOR.onnx",
    ],
)
def test_a_file_outside_the_folder_or_of_another_kind_is_refused(file: str) -> None:
    whole = table()
    whole["embedder"]["file"] = file
    assert "file" in reason(whole)


@pytest.mark.parametrize(
    "name", ["Upper", "../up", "a b", "a/b", "nul", "com1", ".x", "x" * 65, "ảnh", "a@b"]
)
def test_a_name_that_cannot_be_a_folder_everywhere_is_refused(name: str) -> None:
    assert "name" in reason(table() | {"name": name})


@pytest.mark.parametrize("version", ["1:2", "1@2", " ", "v 1", "../1"])
def test_a_version_that_would_blur_the_pack_id_is_refused(version: str) -> None:
    assert "version" in reason(table() | {"version": version})


@pytest.mark.parametrize("sha256", ["A" * 64, "a" * 63, "a" * 65, "g" * 64])
def test_a_hash_that_is_none_is_refused(sha256: str) -> None:
    whole = table()
    whole["detector"]["sha256"] = sha256
    assert "detector.sha256" in reason(whole)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("detector", {"kind": "retinaface"}),
        ("detector", {"colour": "RGB"}),
        ("detector", {"mean": 127.5}),
        ("detector", {"det_size": [640, 640]}),
        ("detector", {"face_px": [130, 12]}),
        ("detector", {"face_px": [12]}),
        ("detector", {"face_px": [True, 12]}),
        ("detector", {"score_threshold": 1}),
        ("embedder", {"kind": "softmax"}),
        ("embedder", {"colour": "GBR"}),
        ("embedder", {"input_size": [128, 128]}),
        ("embedder", {"input_size": [112, 112.5]}),
        ("embedder", {"std": 0}),
        ("embedder", {"length": 128.0}),
        ("embedder", {"length": True}),
        ("embedder", {"scaling_in_graph": True}),
        ("embedder", {"scaling_in_graph": "yes"}),
        ("", {"weaknesses": ["none", ""]}),
        ("", {"weaknesses": "none"}),
        ("thresholds", {"points": ["0.5"]}),
        ("thresholds", {"points": table()["thresholds"]["points"][:1]}),
        ("thresholds", {"points": table()["thresholds"]["points"][:1] * 2}),
        ("thresholds.points", {"cosine": 0.99}),
        ("thresholds.points", {"far": 0.0}),
        ("thresholds.points", {"impostor_pairs": -1}),
    ],
)
def test_a_value_that_makes_no_sense_is_named(name: str, change: dict[str, object]) -> None:
    whole = table()
    part(whole, name).update(change)
    told = reason(whole)
    assert name.partition(".")[0] in told
    assert any(field in told for field in (*change, "points"))


def scrfd(**changes: object) -> dict[str, Any]:
    whole = table()
    whole["detector"] |= {"kind": "scrfd", "colour": "RGB", "mean": 127.5, "std": 128.0, **changes}
    return whole


def test_scrfd_needs_its_one_size() -> None:
    assert "det_size" in reason(scrfd())
    assert "multiples of 32" in reason(scrfd(det_size=[640, 500]))
    assert "whole numbers" in reason(scrfd(det_size=[640.5, 640]))
    card = parse_card(tomli_w.dumps(scrfd(det_size=[640, 480])).encode(), Path("x"))
    assert card.detector.det_size == (640, 480)


def test_scaling_in_the_graph_goes_with_plain_pixels() -> None:
    whole = table()
    whole["embedder"] |= {"scaling_in_graph": True, "mean": 0, "std": 1}
    assert parse_card(tomli_w.dumps(whole).encode(), Path("x")).embedder.scaling_in_graph


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\xff\xfe", "UTF-8"),
        (b"name = ", "TOML"),
        (b"a = " + b"[" * 5000, "nested|TOML"),
        (b"", "missing"),
        (b"#" * 300_000, "too long"),
    ],
)
def test_a_card_that_is_no_card_is_refused(tmp_path: Path, data: bytes, told: str) -> None:
    (tmp_path / CARD_NAME).write_bytes(data)
    with pytest.raises(CardInvalid, match=told):
        read_card(tmp_path / CARD_NAME)


def test_a_card_that_is_not_there_or_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CardInvalid, match="No such file"):
        read_card(tmp_path / CARD_NAME)
    (tmp_path / CARD_NAME).mkdir()
    with pytest.raises(CardInvalid, match="not a file"):
        read_card(tmp_path / CARD_NAME)

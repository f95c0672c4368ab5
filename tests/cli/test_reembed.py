"""`models use` and `models reembed`: what a change of the pack means for the customers."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import onnx

from netcafe_face.vision.card import CARD_NAME
from tests.cli.counter import Counter
from tests.files_kit import MODELS


def another_pack(packs: Path) -> None:
    """Put a pack there whose embedder is another file that gives other vectors."""
    folder = packs / "other"
    shutil.copytree(MODELS / "netcafe-mini", folder)
    network = onnx.load(folder / "embedder.onnx")
    last = max(network.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    values = onnx.numpy_helper.to_array(last)
    last.CopyFrom(onnx.numpy_helper.from_array(values * 0.9, last.name))
    onnx.save(network, folder / "embedder.onnx")
    card = (folder / CARD_NAME).read_text("utf-8").replace('name = "netcafe-mini"', 'name = "other"')
    before = hashlib.sha256((MODELS / "netcafe-mini" / "embedder.onnx").read_bytes()).hexdigest()
    after = hashlib.sha256((folder / "embedder.onnx").read_bytes()).hexdigest()
    (folder / CARD_NAME).write_text(card.replace(before, after), "utf-8")


def test_faces_are_learned_anew_where_the_customer_allowed_it(counter: Counter) -> None:
    counter.enrol(2, "KH-1", "Quân", "--keep-crops")
    counter.enrol(3, "KH-2", "Bảo")
    another_pack(counter.data / "packs")
    change = counter.json("models", "use", "other")
    assert (change["reembeddable"], change["to_reenrol"]) == (["KH-1"], ["KH-2"])
    assert counter.json("identify", counter.portrait(2))[0]["faces"][0]["state"] == "stranger"

    assert counter.json("models", "reembed") == {"learned": 1, "to_reenrol": ["KH-2"]}
    assert counter.json("identify", counter.portrait(2))[0]["faces"][0]["name"] == "Quân"
    assert counter.json("identify", counter.portrait(3))[0]["faces"][0]["state"] == "stranger"
    assert counter.json("models", "reembed") == {"learned": 0, "to_reenrol": ["KH-2"]}
    assert "KH-2" in counter.ok("models", "reembed")

    counter.ok("models", "use", "netcafe-mini")
    assert counter.json("identify", counter.portrait(3))[0]["faces"][0]["name"] == "Bảo"

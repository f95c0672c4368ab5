"""INT8 is offered with what it costs and gains, both files measured on the same faces."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from netcafe_face.trainer.backbones.registry import build_backbone
from netcafe_face.trainer.data.tensors import to_input
from netcafe_face.trainer.errors import ExportFailed
from netcafe_face.trainer.evaluation.material import Material, material_from_crops
from netcafe_face.trainer.export.checking import embed_raw, lowest_cosine, open_embedder
from netcafe_face.trainer.export.onnx import export_onnx
from netcafe_face.trainer.export.origin import Origin
from netcafe_face.trainer.export.quantise import Quantised, quantise
from tests.trainer.kit import people, real_crops


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(2)
    backbone = build_backbone("plain-tiny", 32)
    backbone.train()
    for _ in range(3):
        backbone(to_input(people().training().crops_bgr[..., ::-1]))
    path = tmp_path_factory.mktemp("quantise") / "embedder.onnx"
    return export_onnx(backbone, path, real_crops(), Origin("tiny", "abc", "train export")).path


@pytest.fixture(scope="module")
def material() -> Material:
    return material_from_crops(people(), "made-up people", everyone=False)


@pytest.fixture(scope="module")
def done(source: Path, material: Material) -> Quantised:
    return quantise(source, source.with_name("int8.onnx"), people().training().crops_bgr, material)


def test_the_weights_are_8_bit_numbers_but_for_the_first_and_last_layer(
    done: Quantised, source: Path
) -> None:
    model = onnx.load(done.path)
    onnx.checker.check_model(model, full_check=True)
    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    large = [values for values in held.values() if values.ndim > 1]
    layers = [node for node in onnx.load(source).graph.node if node.op_type in ("Conv", "Gemm")]
    assert sum(values.dtype == np.int8 for values in large) == len(layers) - 2
    assert sum(values.dtype == np.float32 for values in large) == 2
    # One bit is left free, so that no processor's sums overflow.
    assert max(np.abs(values.astype(int)).max() for values in large if values.dtype == np.int8) <= 64


def test_it_still_knows_the_faces(done: Quantised, source: Path) -> None:
    whole, coarse = (embed_raw(open_embedder(path), real_crops()) for path in (source, done.path))
    assert lowest_cosine(whole, coarse) > 0.98
    assert done.lowest_cosine > 0.98
    assert done.lowest_cosine < 1.0


def test_accuracy_and_speed_of_both_files_are_told(done: Quantised, source: Path) -> None:
    assert done.before.accuracy is not None
    assert done.after.accuracy is not None
    assert abs(done.before.accuracy.mean - done.after.accuracy.mean) < 0.1
    assert done.before.rate.impostor_pairs == done.after.rate.impostor_pairs > 1000
    assert (done.before.size_bytes, done.after.size_bytes) == (
        source.stat().st_size,
        done.path.stat().st_size,
    )
    assert done.after.size_bytes < 0.5 * done.before.size_bytes
    assert min(done.before.ms_per_face, done.after.ms_per_face) > 0
    assert json.loads(json.dumps(done.as_json()))["after"]["tar"] == done.after.rate.tar
    assert "INT8" in "\n".join(done.lines())


def test_it_keeps_what_the_original_said_of_itself(done: Quantised) -> None:
    said = {entry.key: entry.value for entry in onnx.load(done.path).metadata_props}
    assert (said["name"], said["commit"]) == ("tiny", "abc")


def test_it_cannot_take_the_place_of_the_original(source: Path, material: Material) -> None:
    before = source.read_bytes()
    with pytest.raises(ExportFailed, match="another name"):
        quantise(source, source, real_crops(), material)
    assert source.read_bytes() == before


def test_without_crops_there_are_no_ranges(source: Path, material: Material, tmp_path: Path) -> None:
    with pytest.raises(ExportFailed, match="no crops"):
        quantise(source, tmp_path / "int8.onnx", real_crops()[:0], material)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_network_is_refused_and_leaves_nothing(tmp_path: Path, material: Material) -> None:
    (tmp_path / "foreign.onnx").write_bytes(b"no network")
    with pytest.raises(ExportFailed):
        quantise(tmp_path / "foreign.onnx", tmp_path / "int8.onnx", real_crops(), material)
    assert [path.name for path in tmp_path.iterdir()] == ["foreign.onnx"]

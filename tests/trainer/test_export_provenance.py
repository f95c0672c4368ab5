"""No weight of ours is a teacher's, and one that was copied is found however it was disguised."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from netcafe_face.trainer.errors import ExportFailed
from netcafe_face.trainer.export.provenance import shared_tensors, weights_of
from tests.files_kit import MODELS

RNG = np.random.default_rng(11)
WEIGHT = RNG.normal(size=(6, 3, 3, 3)).astype(np.float32)


def write(path: Path, **tensors: np.ndarray) -> Path:
    initializers = [numpy_helper.from_array(values, name) for name, values in tensors.items()]
    graph = helper.make_graph([], "weights", [], [], initializers)
    onnx.save(helper.make_model(graph), path)
    return path


def test_networks_of_their_own_share_nothing(tmp_path: Path) -> None:
    ours = write(tmp_path / "ours.onnx", weight=RNG.normal(size=WEIGHT.shape))
    assert shared_tensors([ours], [write(tmp_path / "teacher.onnx", kernel=WEIGHT)]) == []


@pytest.mark.parametrize(
    "copied",
    [
        WEIGHT,
        WEIGHT.astype(np.float16),
        WEIGHT.astype(np.float64) * (1 + 1e-7),
        WEIGHT.transpose(3, 2, 1, 0),
        WEIGHT.reshape(6, 27),
        WEIGHT[::-1],
        WEIGHT * np.arange(1, 7, dtype=np.float32)[:, None, None, None],
    ],
    ids=["as it is", "in half precision", "rounded", "transposed", "reshaped", "reordered", "scaled by row"],
)
def test_a_copied_weight_is_found(tmp_path: Path, copied: np.ndarray) -> None:
    ours = write(tmp_path / "ours.onnx", own=RNG.normal(size=(4, 4)), weight=copied)
    teacher = write(tmp_path / "teacher.onnx", kernel=WEIGHT, other=RNG.normal(size=(9, 9)))
    if copied.dtype == np.float16:
        teacher = write(tmp_path / "teacher.onnx", kernel=WEIGHT.astype(np.float16).astype(np.float32))
    (found,) = shared_tensors([ours], [teacher])
    assert (found.tensor, found.other_tensor) == ("weight", "kernel")
    assert str(found) == "weight of ours.onnx is kernel of teacher.onnx"


def test_a_weight_inside_a_node_is_seen_too(tmp_path: Path) -> None:
    constant = helper.make_node("Constant", [], ["inside"], value=numpy_helper.from_array(WEIGHT))
    output = helper.make_tensor_value_info("inside", TensorProto.FLOAT, WEIGHT.shape)
    onnx.save(
        helper.make_model(helper.make_graph([constant], "weights", [], [output])), tmp_path / "ours.onnx"
    )
    teacher = write(tmp_path / "teacher.onnx", kernel=WEIGHT)
    assert len(shared_tensors([tmp_path / "ours.onnx"], [teacher])) == 1


def test_what_every_network_has_is_no_copy(tmp_path: Path) -> None:
    plain = {
        "ones": np.ones(64, np.float32),
        "shape": np.array([1, -1, 128], np.int64),
        "two": np.array([0.5, 2.0], np.float32),
    }
    ours = write(tmp_path / "ours.onnx", own=RNG.normal(size=(4, 4)), **plain)
    teacher = write(tmp_path / "teacher.onnx", own=RNG.normal(size=(4, 4)), **plain)
    assert shared_tensors([ours], [teacher]) == []
    assert list(weights_of(ours)) == ["own"]


def test_a_file_that_is_no_network_or_holds_no_weight_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("no network")
    for path in (tmp_path / "text.onnx", tmp_path / "missing.onnx", write(tmp_path / "empty.onnx")):
        with pytest.raises(ExportFailed, match=path.name):
            weights_of(path)


@pytest.mark.shared
def test_no_weight_of_the_shipped_pack_is_a_teachers(shared: Path) -> None:
    networks = sorted((MODELS / "netcafe-mini").glob("*.onnx"))
    teachers = sorted((shared / "models" / "teachers").glob("*.onnx"))
    assert len(networks) == 2
    assert len(teachers) >= 4
    assert shared_tensors(networks, teachers) == []
    assert len(shared_tensors(teachers[:1], teachers)) >= 1

"""Small people and small networks for the tests of evaluation: patterns for faces, pooling for layers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from click.testing import CliRunner, Result
from onnx import TensorProto, helper, numpy_helper

from netcafe_face.trainer.cli.evaluate import evaluate_command
from netcafe_face.trainer.data.crops import CropRecord, Crops, CropSet
from netcafe_face.trainer.data.split import is_held_out

Nodes = Sequence[onnx.NodeProto]


def crops_of(names: Sequence[str], noise: float = 12.0, seed: int = 0) -> Crops:
    """Draw one picture for each name: the person's own 4×4 pattern of colours, with noise."""
    rng = np.random.default_rng(seed)
    own = {name: rng.integers(40, 216, (4, 4, 3)) for name in sorted(set(names))}
    cells = np.stack([own[name] for name in names]) + rng.normal(0, noise, (len(names), 4, 4, 3))
    blown = np.kron(np.clip(cells, 0, 255), np.ones((1, 28, 28, 1)))
    return blown.astype(np.uint8)


def crop_set(names: Sequence[str], noise: float = 12.0, seed: int = 0) -> CropSet:
    records = tuple(
        CropRecord(name, f"{name}/{name}_{number:04d}.png", "small", is_held_out(name), 80.0, 0.9)
        for number, name in enumerate(names)
    )
    return CropSet(crops_of(names, noise, seed), records)


def people(held_out: int, trained: int, each: int) -> list[str]:
    """Return names, every one `each` times, of which so many are held out by the project's split."""
    wanted = {True: held_out, False: trained}
    names = []
    number = 0
    while any(wanted.values()):
        name = f"Person_{number}"
        number += 1
        if wanted[is_held_out(name)]:
            wanted[is_held_out(name)] -= 1
            names += [name] * each
    return names


def pooling() -> list[onnx.NodeProto]:
    """The mean colour of each of 4×4 cells, less the mean of all: 48 numbers."""
    return [
        helper.make_node("AveragePool", ["images"], ["cells"], kernel_shape=[28, 28], strides=[28, 28]),
        helper.make_node("Flatten", ["cells"], ["flat"]),
        helper.make_node("ReduceMean", ["flat"], ["mean"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["flat", "mean"], ["embedding"]),
    ]


def network(
    path: Path,
    nodes: Nodes | None = None,
    shape: Sequence[int | str] = ("batch", 3, 112, 112),
    outputs: Sequence[tuple[str, Sequence[int | str]]] = (("embedding", ("batch", 48)),),
    constants: dict[str, npt.NDArray[np.generic]] | None = None,
    kind: int = TensorProto.FLOAT,
) -> Path:
    """Write an ONNX network with one input, `images`."""
    graph = helper.make_graph(
        list(pooling() if nodes is None else nodes),
        "small",
        [helper.make_tensor_value_info("images", kind, list(shape))],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(sizes)) for name, sizes in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in (constants or {}).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(path))
    return path


NAMES = people(held_out=24, trained=6, each=4)
"""Thirty people of four crops, most of them held out."""


def called(*arguments: object) -> Result:
    """Type `evaluate`; its errors are raised."""
    return CliRunner().invoke(evaluate_command, [str(each) for each in arguments], catch_exceptions=False)


def body(*arguments: object) -> dict[str, Any]:
    """Type `evaluate … --json` and read what it prints."""
    found: dict[str, Any] = json.loads(called(*arguments, "--json", "--threads", 1, "--draws", 20).stdout)
    return found

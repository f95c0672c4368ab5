"""Export a backbone as an ONNX file that does the same, or no file at all."""

from __future__ import annotations

import copy
import hashlib
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_linear_bn_eval

from netcafe_face import __version__
from netcafe_face.domain.errors import N_
from netcafe_face.trainer.data.crops import Crops
from netcafe_face.trainer.errors import ExportFailed
from netcafe_face.trainer.export.checking import check_embedder, torch_embeddings
from netcafe_face.trainer.export.origin import Origin
from netcafe_face.vision.alignment import CROP_SIZE

OPSET = 17
"""ONNX Runtime reads it since 1.12 (2022), and nothing newer is needed."""

INPUT, OUTPUT, BATCH = "images", "embeddings", "batch"
_IR_VERSION = 8


@dataclass(frozen=True)
class Exported:
    """A file that was written and checked.

    Attributes:
        dim: length of an embedding.
        lowest_cosine: between torch's embedding and the file's, of the crop that differs most.
        crops: how many were compared.
    """

    path: Path
    sha256: str
    size_bytes: int
    dim: int
    lowest_cosine: float
    crops: int


def export_onnx(backbone: nn.Module, path: Path, crops_bgr: Crops, origin: Origin) -> Exported:
    """Write a backbone as ONNX and prove that the file does what the backbone does.

    The graph takes `images`, float32 (batch, 3, 112, 112), RGB as (x − 127.5) / 127.5, and gives
    `embeddings`, float32 (batch, dim), neither scaled before nor normalised after. Batch normalisation is
    folded into the convolutions. An older file of this name is replaced only by one that passed.

    Args:
        backbone: images (n, 3, 112, 112) to embeddings (n, dim); left as it is.
        path: the file to write.
        crops_bgr: uint8 (n, 112, 112, 3), real faces; every one is compared.
        origin: is written into the file's metadata.

    Raises:
        ExportFailed: it cannot be exported, the file differs, or it cannot be written.
    """
    if not len(crops_bgr):
        raise ExportFailed(reason=N_("there are no faces to compare the copy with"))
    network = copy.deepcopy(getattr(backbone, "_orig_mod", backbone)).to("cpu", torch.float32).eval()
    expected = torch_embeddings(network, crops_bgr)
    with new_file(path) as scratch:
        onnx.save(_finished(_converted(network, scratch), origin), scratch)
        lowest = check_embedder(scratch, crops_bgr, expected)
        data = scratch.read_bytes()
    return Exported(
        path, hashlib.sha256(data).hexdigest(), len(data), expected.shape[1], lowest, len(crops_bgr)
    )


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Give the name of a scratch file that takes `path`'s place once the block has ended without an error.

    Raises:
        ExportFailed: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".export-") as folder:
            scratch = Path(folder) / path.name
            yield scratch
            with scratch.open("rb+") as file:
                os.fsync(file.fileno())
            scratch.replace(path)
    except OSError as error:
        raise ExportFailed(reason=f"{path}: {error.strerror or error}") from error


def _converted(network: nn.Module, scratch: Path) -> onnx.ModelProto:
    _fold_linear_norms(network)
    try:
        with warnings.catch_warnings():
            # torch would rather use its newer exporter, which writes the same graph in twenty times the time.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                network,
                (torch.zeros(2, 3, CROP_SIZE, CROP_SIZE),),
                scratch,
                dynamo=False,
                opset_version=OPSET,
                input_names=[INPUT],
                output_names=[OUTPUT],
                dynamic_axes={INPUT: {0: BATCH}, OUTPUT: {0: BATCH}},
            )
    except Exception as error:
        raise ExportFailed(reason=str(error).partition("\n")[0]) from error
    return onnx.load(scratch)


def _fold_linear_norms(network: nn.Module) -> None:
    """Fold batch normalisation after fully connected layers, which torch only does after convolutions."""
    for sequence in [module for module in network.modules() if isinstance(module, nn.Sequential)]:
        for at, (layer, norm) in enumerate(pairwise(list(sequence))):
            if isinstance(layer, nn.Linear) and isinstance(norm, nn.BatchNorm1d):
                sequence[at], sequence[at + 1] = fuse_linear_bn_eval(layer, norm), nn.Identity()


def _finished(model: onnx.ModelProto, origin: Origin) -> onnx.ModelProto:
    """Name what is in the graph, leave out what only debugging needs, and check it."""
    graph = model.graph
    for number, node in enumerate(graph.node):
        # insightface takes names that begin with Sub and Mul for a mean and std.
        node.name = f"{node.op_type.lower()}_{number}"
    graph.name, model.doc_string = origin.name, "images: RGB, (x - 127.5) / 127.5; embeddings: not normalised"
    model.producer_name, model.producer_version = "netcafe-face", __version__
    model.ir_version = _IR_VERSION
    onnx.helper.set_model_props(model, dict(vars(origin)))
    check_graph(model)
    return model


def check_graph(model: onnx.ModelProto) -> None:
    """Check that a graph is valid, whole in one file, and has the one input and output of an embedder.

    Raises:
        ExportFailed: it is not so.
    """
    try:
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:
        raise ExportFailed(reason=str(error).partition("\n")[0]) from error
    inputs = [_shape(value) for value in model.graph.input]
    outputs = [_shape(value) for value in model.graph.output]
    if inputs != [[BATCH, 3, CROP_SIZE, CROP_SIZE]]:
        raise ExportFailed(reason=f"its input is {inputs}, not (batch, 3, 112, 112)")
    if len(outputs) != 1 or len(outputs[0]) != 2 or outputs[0][0] != BATCH:
        raise ExportFailed(reason=f"its output is {outputs}, not (batch, length)")
    if any(tensor.external_data for tensor in model.graph.initializer):
        raise ExportFailed(reason=N_("its weights lie in another file"))


def _shape(value: Any) -> list[int | str]:
    return [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]

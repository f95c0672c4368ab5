"""Prove that a network's weights are its own: no tensor of it is one of a teacher's.

Compared are all floating-point tensors with eight values or more that are not all alike, in whatever order
their values stand (so that a transposed copy is found), and row by row up to a factor (so that one is found
into which batch normalisation was folded).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from netcafe_face.trainer.errors import ExportFailed

FEWEST_VALUES = 8
_RELATIVE = 1e-5
_SAME_DIRECTION = 0.9999

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Shared:
    """A tensor that two networks have in common."""

    file: str
    tensor: str
    other_file: str
    other_tensor: str

    def __str__(self) -> str:
        return f"{self.tensor} of {self.file} is {self.other_tensor} of {self.other_file}"


def shared_tensors(networks: Sequence[Path], teachers: Sequence[Path]) -> list[Shared]:
    """Find tensors of ONNX networks that are also a teacher's.

    Raises:
        ExportFailed: a file cannot be read, or holds no weights.
    """
    found = []
    others = [(teacher, name, values) for teacher in teachers for name, values in weights_of(teacher).items()]
    for network in networks:
        for name, values in weights_of(network).items():
            found += [
                Shared(network.name, name, teacher.name, other_name)
                for teacher, other_name, other in others
                if values.size == other.size and _alike(values, other)
            ]
    return found


def weights_of(path: Path) -> dict[str, Values]:
    """Return the weights of an ONNX file by name: its floating-point tensors that say anything.

    Raises:
        ExportFailed: it cannot be read, or there are none.
    """
    try:
        model = onnx.load(path)
        tensors = {name: values for name, values in _tensors(model.graph) if _telling(values)}
    except Exception as error:
        raise ExportFailed(reason=f"{path.name}: {str(error).partition(chr(10))[0]}") from error
    if not tensors:
        raise ExportFailed(reason=f"{path.name} holds no weights")
    return {name: values.astype(np.float64) for name, values in tensors.items()}


def _tensors(graph: onnx.GraphProto) -> Iterator[tuple[str, npt.NDArray[np.generic]]]:
    for tensor in graph.initializer:
        yield tensor.name, numpy_helper.to_array(tensor)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                yield node.output[0], numpy_helper.to_array(attribute.t)


def _telling(values: npt.NDArray[np.generic]) -> bool:
    if values.size < FEWEST_VALUES or not np.issubdtype(values.dtype, np.floating):
        return False
    return bool(np.ptp(values.astype(np.float64)) > 0)


def _alike(one: Values, other: Values) -> bool:
    size = float(np.abs(other).max())
    if np.allclose(np.sort(one, axis=None), np.sort(other, axis=None), rtol=_RELATIVE, atol=_RELATIVE * size):
        return True
    return one.ndim > 1 and one.shape == other.shape and _same_rows(one, other)


def _same_rows(one: Values, other: Values) -> bool:
    a, b = one.reshape(len(one), -1), other.reshape(len(other), -1)
    if a.shape[1] < FEWEST_VALUES:
        return False
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    used = lengths > 0
    cosines = (a * b).sum(axis=1)[used] / lengths[used]
    return bool(used.any() and (np.abs(cosines) > _SAME_DIRECTION).all())

"""INT8 by static quantisation, with what it costs in accuracy and gains in speed, measured in the same run.

Weights become INT8 per channel, activations UINT8 over the range that calibration crops span. One bit of the
weights is left free (reduce_range): on processors without VNNI, sums of two 8-bit products overflow 16 bits,
and the embedding of some faces is then another one. The first and last layers stay in floating point: they
are a small part of the time and hold much of the error.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from netcafe_face.domain.errors import N_
from netcafe_face.domain.faces import FloatArray
from netcafe_face.trainer.data.crops import Crops
from netcafe_face.trainer.data.tensors import to_input
from netcafe_face.trainer.errors import ExportFailed
from netcafe_face.trainer.evaluation.material import Material
from netcafe_face.trainer.evaluation.rates import RatePoint, tar_at_far
from netcafe_face.trainer.evaluation.scores import all_pair_scores
from netcafe_face.trainer.evaluation.verification import FoldAccuracy, ten_fold_accuracy
from netcafe_face.trainer.export.checking import check_embedder, embed_raw, open_embedder
from netcafe_face.trainer.export.crops import spread
from netcafe_face.trainer.export.onnx import new_file
from netcafe_face.trainer.export.timing import ms_per_face
from netcafe_face.trainer.export.words import rate

CALIBRATION = 256
"""So many crops are enough: more no longer move the ranges."""

FAR = 1e-3
_LAYERS = frozenset({"Conv", "Gemm", "MatMul"})


@dataclass(frozen=True)
class Side:
    """One of the two files.

    Attributes:
        size_bytes: of the file.
        accuracy: 10-fold verification on held-out people; None where there are too few.
        rate: TAR at FAR 1e-3 over all pairs of them.
        ms_per_face: ONNX Runtime's median, one face a call, one thread, both files by turns.
    """

    size_bytes: int
    accuracy: FoldAccuracy | None
    rate: RatePoint
    ms_per_face: float


@dataclass(frozen=True)
class Quantised:
    """What quantising brought.

    Attributes:
        path: the file.
        before: the floating-point file.
        after: the INT8 file, on the same crops and pairs.
        lowest_cosine: of both embeddings of a crop, over all crops.
        crops: that were compared.
        calibration: crops that set the ranges.
    """

    path: Path
    before: Side
    after: Side
    lowest_cosine: float
    crops: int
    calibration: int

    def as_json(self) -> dict[str, Any]:
        """Return it for a file or a script."""
        return {
            "file": self.path.name,
            "crops": self.crops,
            "calibration_crops": self.calibration,
            "lowest_cosine": self.lowest_cosine,
            "before": _side_json(self.before),
            "after": _side_json(self.after),
        }

    def lines(self) -> list[str]:
        """Say it in a few lines."""
        rows = [("", "accuracy", f"TAR at FAR {rate(FAR)}", "ms/face", "MB")]
        for name, side in (("float32", self.before), ("INT8", self.after)):
            accuracy = "-" if side.accuracy is None else f"{side.accuracy.mean:.2%}"
            size = f"{side.size_bytes / 1e6:.1f}"
            rows.append((name, accuracy, f"{side.rate.tar:.2%}", f"{side.ms_per_face:.2f}", size))
        return [
            *(
                "".join(cell.rjust(18) if at else cell.ljust(8) for at, cell in enumerate(row))
                for row in rows
            ),
            f"{self.crops:,} crops compared; lowest cosine {self.lowest_cosine:.4f}; "
            f"{self.calibration} crops set the ranges",
        ]


def quantise(source: Path, path: Path, calibration_bgr: Crops, material: Material) -> Quantised:
    """Write an embedder with INT8 weights and activations, and measure both files on the same faces.

    Args:
        source: an embedder that `export_onnx` wrote.
        path: the file to write.
        calibration_bgr: uint8 (n, 112, 112, 3), faces that are not tested on.
        material: what is tested on.

    Raises:
        ExportFailed: it cannot be quantised, loaded again or written, or gives no embeddings.
        DataUnusable: there are too few pairs of different people to measure by.
    """
    if not len(calibration_bgr):
        raise ExportFailed(reason=N_("there are no crops to set the ranges by"))
    if source.resolve() == path.resolve():
        raise ExportFailed(reason=N_("the quantised network needs another name than the original"))
    crops = np.asarray(material.crops_bgr)
    chosen = spread(calibration_bgr, CALIBRATION)
    before = embed_raw(open_embedder(source), crops)
    with new_file(path) as scratch:
        _write(source, scratch, chosen)
        after = embed_raw(open_embedder(scratch), crops)
        check_embedder(scratch, crops[:64], after[:64])
        times = ms_per_face((source, scratch), crops[:1])
        files = (source.stat().st_size, scratch.stat().st_size)
        sides = [
            _side(size, vectors, material, ms)
            for size, vectors, ms in zip(files, (before, after), times, strict=True)
        ]
    lowest = float(np.einsum("ij,ij->i", _unit(before), _unit(after)).min())
    return Quantised(path, sides[0], sides[1], lowest, len(crops), len(chosen))


class _Reader(CalibrationDataReader):  # type: ignore[misc] # the package has no types
    def __init__(self, name: str, crops_bgr: Crops) -> None:
        self._name = name
        self._waiting = iter(crops_bgr)

    def get_next(self) -> dict[str, FloatArray] | None:
        """Return the next crop as the network's input, or None after the last."""
        crop = next(self._waiting, None)
        return None if crop is None else {self._name: to_input(crop[None, ..., ::-1]).numpy()}


def _write(source: Path, path: Path, crops_bgr: Crops) -> None:
    ready = path.with_name("ready.onnx")
    try:
        with _quiet():
            quant_pre_process(str(source), str(ready), skip_symbolic_shape=True)
            graph = onnx.load(ready).graph
            layers = [node.name for node in graph.node if node.op_type in _LAYERS]
            quantize_static(
                str(ready),
                str(path),
                _Reader(graph.input[0].name, crops_bgr),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                reduce_range=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                nodes_to_exclude=[layers[0], layers[-1]] if len(layers) > 2 else [],
            )
        _keep_metadata(source, path)
    except OSError:
        raise
    except Exception as error:
        raise ExportFailed(reason=str(error).partition("\n")[0] or type(error).__name__) from error


def _keep_metadata(source: Path, path: Path) -> None:
    origin, model = onnx.load(source), onnx.load(path)
    properties = {entry.key: entry.value for entry in (*model.metadata_props, *origin.metadata_props)}
    model.producer_name, model.producer_version = origin.producer_name, origin.producer_version
    onnx.helper.set_model_props(model, properties)
    onnx.save(model, path)


def _side(size_bytes: int, vectors: FloatArray, material: Material, ms: float) -> Side:
    rows = _unit(vectors)
    named = np.array([bool(name) for name in material.names], dtype=bool)
    labels = np.unique([name for name in material.names if name], return_inverse=True)[1]
    accuracy = None
    if material.pairs is not None:
        accuracy = ten_fold_accuracy(material.pairs.cosines(rows), material.pairs)
    return Side(size_bytes, accuracy, tar_at_far(all_pair_scores(rows[named], labels), FAR), ms)


def _unit(vectors: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(vectors).all() or not (lengths > 0).all():
        raise ExportFailed(reason=N_("some of its embeddings are zero or not finite"))
    return np.asarray(vectors / lengths, dtype=np.float32)


def _side_json(side: Side) -> dict[str, Any]:
    return {
        "bytes": side.size_bytes,
        "accuracy": side.accuracy.mean if side.accuracy else None,
        "accuracy_sd": side.accuracy.sd if side.accuracy else None,
        "far": FAR,
        "tar": side.rate.tar,
        "tar_interval": [side.rate.low, side.rate.high],
        "ms_per_face": side.ms_per_face,
    }


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep ONNX Runtime's advice, which it gives through the root logger, off the terminal."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)

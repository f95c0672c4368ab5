"""Prove that an exported embedder does what the network in torch does, in every way it will be loaded."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from torch import nn

from netcafe_face.domain.errors import N_, ModelError
from netcafe_face.domain.faces import FloatArray
from netcafe_face.domain.matching import FarPoint, ThresholdCurve
from netcafe_face.trainer.data.crops import Crops
from netcafe_face.trainer.data.tensors import MEAN, STD, to_input
from netcafe_face.trainer.errors import ExportFailed
from netcafe_face.vision.alignment import CROP_SIZE
from netcafe_face.vision.card import CARD_NAME, DetectorCard, EmbedderCard, PackCard, format_card
from netcafe_face.vision.embedding import build_embedder
from netcafe_face.vision.packs import load_pack, sha256_of
from netcafe_face.vision.runtime import Runtime, session_options

LEAST_COSINE = 0.9999
LEAST_COSINE_INT8 = 0.99
"""Loaders scale pixels with rounding errors of their own, which move 8-bit activations by a whole step."""

BATCHES = (1, 2, 7)
_CHUNK = 64
_SOME = 16


def torch_embeddings(network: nn.Module, crops_bgr: Crops) -> FloatArray:
    """Embed crops, uint8 (n, 112, 112, 3), with a network in torch: float32 (n, dim), not normalised.

    Raises:
        ExportFailed: the network fails, or gives no vectors, or normalises them.
    """
    parts = []
    with torch.inference_mode():
        for chunk in _chunks(crops_bgr):
            try:
                parts.append(network(to_input(chunk[..., ::-1])).numpy())
            except Exception as error:
                raise ExportFailed(reason=str(error).partition("\n")[0]) from error
    vectors = np.concatenate(parts).astype(np.float32)
    if vectors.ndim != 2 or not np.isfinite(vectors).all():
        raise ExportFailed(reason=N_("its embeddings are not finite vectors"))
    if len(vectors) > 1 and np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-4):
        raise ExportFailed(reason=N_("it normalises its embeddings, which is left to the program"))
    return vectors


def check_embedder(path: Path, crops_bgr: Crops, expected: FloatArray) -> float:
    """Check an ONNX embedder against the embeddings it should give.

    Every crop is compared through ONNX Runtime. Some are embedded again: in batches of 1, 2 and 7, through
    insightface's model zoo, which guesses mean and std from the graph, and through the program's pack loader.

    Args:
        path: the ONNX file.
        crops_bgr: uint8 (n, 112, 112, 3).
        expected: float32 (n, dim).

    Returns:
        The lowest cosine of all crops.

    Raises:
        ExportFailed: it cannot be loaded, or a crop's embedding differs.
    """
    session, least_cosine = open_embedder(path), least_cosine_of(path)
    lowest = _compare("ONNX Runtime", embed_raw(session, crops_bgr), expected, least_cosine)
    for size in BATCHES:
        chosen = np.arange(size) % len(crops_bgr)
        _compare(f"a batch of {size}", embed_raw(session, crops_bgr[chosen]), expected[chosen], least_cosine)
    some, wanted = crops_bgr[:_SOME], expected[:_SOME]
    _compare("insightface", _through_insightface(path, some), wanted, least_cosine)
    loaded = _through_a_pack(path, some, expected.shape[1])
    _compare("the pack loader", loaded, wanted, least_cosine)
    return lowest


def least_cosine_of(path: Path) -> float:
    """Return from which cosine on two embeddings of a face by this ONNX file count as the same.

    Raises:
        ExportFailed: it cannot be read.
    """
    try:
        operations = {node.op_type for node in onnx.load(path).graph.node}
    except Exception as error:
        raise ExportFailed(reason=str(error).partition("\n")[0]) from error
    return LEAST_COSINE_INT8 if "QuantizeLinear" in operations else LEAST_COSINE


def lowest_cosine(one: npt.ArrayLike, other: npt.ArrayLike) -> float:
    """Return the smallest cosine between rows of two (n, d) arrays; −1 where one is zero or not finite."""
    a, b = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        cosines = (a * b).sum(axis=1) / lengths
    return float(np.where(np.isfinite(cosines), cosines, -1.0).min())


def _compare(way: str, found: FloatArray, expected: FloatArray, least_cosine: float) -> float:
    if found.shape != expected.shape:
        raise ExportFailed(reason=f"{way} gives {found.shape} where {expected.shape} is expected")
    lowest = lowest_cosine(found, expected)
    if lowest < least_cosine:
        raise ExportFailed(
            reason=f"through {way} a face's embedding has the cosine {lowest:.5f} to the original's"
        )
    return lowest


def open_embedder(path: Path) -> onnxruntime.InferenceSession:
    """Open an ONNX file on one thread of the CPU.

    Raises:
        ExportFailed: it cannot be loaded.
    """
    try:
        return onnxruntime.InferenceSession(
            str(path), session_options(Runtime(threads=1)), providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        raise ExportFailed(reason=str(error).partition("\n")[0]) from error


def embed_raw(session: onnxruntime.InferenceSession, crops_bgr: Crops) -> FloatArray:
    """Embed crops, uint8 (n, 112, 112, 3), as float32 (n, dim), not normalised.

    Raises:
        ExportFailed: the network fails.
    """
    name = session.get_inputs()[0].name
    try:
        parts = [session.run(None, {name: to_input(c[..., ::-1]).numpy()})[0] for c in _chunks(crops_bgr)]
    except Exception as error:
        raise ExportFailed(reason=str(error).partition("\n")[0]) from error
    return np.concatenate(parts)


def _through_insightface(path: Path, crops_bgr: Crops) -> FloatArray:
    from insightface import model_zoo

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = model_zoo.get_model(str(path), providers=["CPUExecutionProvider"])
        return np.asarray(model.get_feat(list(crops_bgr)), dtype=np.float32)
    except Exception as error:
        raise ExportFailed(reason=f"insightface: {error}") from error


def _through_a_pack(path: Path, crops_bgr: Crops, dim: int) -> FloatArray:
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".pack-") as folder:
        try:
            # The pack loader checks files, not faces: the embedder stands in for the detector.
            for name in ("detector.onnx", "embedder.onnx"):
                shutil.copyfile(path, Path(folder) / name)
            card = trial_card(path, path, dim)
            (Path(folder) / CARD_NAME).write_text(format_card(card), encoding="utf-8")
            return build_embedder(load_pack(Path(folder)), Runtime(threads=1)).embed(crops_bgr)
        except ModelError as error:
            raise ExportFailed(reason=str(error)) from error


def trial_card(detector: Path, embedder: Path, dim: int) -> PackCard:
    """Return a card whose figures are not measured yet, with which two networks can be loaded and tried."""
    words = "not measured yet"
    points = (FarPoint(1e-2, 0.99, 0, extrapolated=True), FarPoint(1e-3, 0.999, 0, extrapolated=True))
    return PackCard(
        name="trial",
        version="0",
        licence=words,
        licence_note=words,
        commercial_use="forbidden",
        source=words,
        trained_on=words,
        weaknesses=(words,),
        split=words,
        detector=DetectorCard(
            "yunet", "detector.onnx", sha256_of(detector), "BGR", 0.0, 1.0, None, 0.6, 0.3, (12.0, 300.0), 0
        ),
        embedder=embedder_card("embedder.onnx", sha256_of(embedder), dim),
        thresholds=ThresholdCurve(points, words),
        thresholds_command=words,
    )


def embedder_card(file: str, sha256: str, dim: int) -> EmbedderCard:
    """Return what a card says of an embedder that this trainer exported."""
    return EmbedderCard(
        kind="arcface",
        file=file,
        sha256=sha256,
        input_size=(CROP_SIZE, CROP_SIZE),
        colour="RGB",
        mean=MEAN,
        std=STD,
        length=dim,
        scaling_in_graph=False,
    )


def _chunks(crops_bgr: Crops) -> Iterator[Crops]:
    for start in range(0, len(crops_bgr), _CHUNK):
        yield crops_bgr[start : start + _CHUNK]

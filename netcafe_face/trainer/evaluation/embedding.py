"""Embed crops with any network: an ONNX file of whatever origin, a model pack, or a module of torch."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.errors import N_
from netcafe_face.domain.faces import FloatArray, unit_rows
from netcafe_face.trainer.data.crops import Crops
from netcafe_face.trainer.distil.teacher import TeacherInput
from netcafe_face.trainer.errors import NetworkUnusable
from netcafe_face.trainer.evaluation.inputs import INPUTS, input_of_card, scales_itself
from netcafe_face.trainer.evaluation.lineage import RECORD, states_split
from netcafe_face.vision.alignment import CROP_SIZE
from netcafe_face.vision.packs import load_pack, sha256_of
from netcafe_face.vision.runtime import Runtime, provider_names, session_options

if TYPE_CHECKING:
    from torch import nn

BATCH = 32
_RAW = (
    "its first nodes subtract and multiply, as in networks that MXNet wrote, so it was given RGB pixels from "
    "0 to 255, to be scaled by itself (--input)."
)
_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}

OnProgress = Callable[[int], None]


class OnnxEmbedder:
    """An ONNX network that turns aligned faces into embeddings.

    Attributes:
        remark: what a report must say of how it was used, or "".
        follows_split: it was trained by the project's split, as its file or its pack's card states.

    Args:
        path: the ONNX file.
        expects: colour order, scaling, size and template of its input.
        threads: for the network; 0 chooses (see `Runtime`).
        name: what reports call it; the file's name where it is "".

    Raises:
        NetworkUnusable: it cannot be loaded, takes something else, or gives no embedding.
    """

    def __init__(self, path: Path, expects: TeacherInput, threads: int = 0, name: str = "") -> None:
        self.path = path
        self.name = name or path.name
        self.expects = expects
        self.threads = Runtime(threads=threads).thread_count
        self.seconds = 0.0
        self.remark = ""
        self._move = expects.transform()
        self._session = _session(path, Runtime(threads=threads))
        self.sha256 = sha256_of(path)
        self.follows_split = states_split(self._session.get_modelmeta().custom_metadata_map.get(RECORD, ""))
        entry = self._only_input()
        self._input_name, self._type = entry.name, _TYPES[entry.type]
        self._check_shape(entry.shape)
        fixed = entry.shape[0]
        self._pad = fixed if isinstance(fixed, int) and fixed > 0 else 0
        self._output = 0
        self.batch = self._pad or BATCH
        self.dim = self._probe()
        self.seconds = 0.0

    def embed(self, crops_bgr: Crops, on_progress: OnProgress = lambda _count: None) -> FloatArray:
        """Embed crops, each as it is: nothing is flipped or averaged.

        Args:
            crops_bgr: uint8 (n, 112, 112, 3), aligned to ArcFace's template.
            on_progress: called with the number of crops of each batch.

        Returns:
            float32 (n, dim), unit rows.

        Raises:
            NetworkUnusable: it failed, or an embedding is zero or not finite.
        """
        parts = [np.empty((0, self.dim), dtype=np.float32)]
        for start in range(0, len(crops_bgr), self.batch):
            parts.append(self._run(np.asarray(crops_bgr[start : start + self.batch])))
            on_progress(len(parts[-1]))
        return self._unit(np.concatenate(parts))

    def _only_input(self) -> Any:
        entries = self._session.get_inputs()
        if len(entries) != 1:
            raise self._refused(f"it has {len(entries)} inputs, not one")
        if entries[0].type not in _TYPES:
            raise self._refused(f"its input is {entries[0].type}, not numbers with a point")
        return entries[0]

    def _check_shape(self, shape: list[int | str | None]) -> None:
        side = self.expects.side_px
        fits = len(shape) == 4 and all(
            not isinstance(found, int) or found == wanted
            for found, wanted in zip(shape[1:], (3, side, side), strict=True)
        )
        if not fits:
            shown = "×".join(str(size) if isinstance(size, int) else "?" for size in shape)
            raise self._refused(f"its input is {shown}, and batch×3×{side}×{side} is needed")

    def _probe(self) -> int:
        """Try two crops at once, one at a time where that fails; return the embedding's length."""
        crops = np.random.default_rng(0).integers(0, 256, (2, CROP_SIZE, CROP_SIZE, 3)).astype(np.uint8)
        self._output = self._find_output(crops[:1])
        one_by_one = np.concatenate([self._run(crops[:1]), self._run(crops[1:])])
        if self.batch > 1:
            try:
                together = self._run(crops)
                alike = together.shape == one_by_one.shape and np.allclose(
                    together, one_by_one, rtol=0.01, atol=0.01
                )
            except NetworkUnusable:
                alike = False
            if not alike:  # its batch is called dynamic, but something inside it is not
                self.batch = 1 if not self._pad else self.batch
        if one_by_one.shape[1] < 2:
            raise self._refused(N_("it gives one number a face, not an embedding"))
        self._unit(one_by_one)
        return int(one_by_one.shape[1])

    def _find_output(self, crops_bgr: Crops) -> int:
        outputs = self._answers(crops_bgr)
        batch = self._pad or 1
        fitting = [
            at
            for at, values in enumerate(outputs)
            if values.ndim >= 2 and values.shape[0] == batch and values.size == batch * max(values.shape[1:])
        ]
        if len(fitting) != 1:
            shapes = ", ".join(str(values.shape) for values in outputs)
            raise self._refused(f"one output with an embedding a face is needed; it gives {shapes}")
        return fitting[0]

    def _run(self, crops_bgr: Crops) -> FloatArray:
        values = self._answers(crops_bgr)[self._output]
        return np.asarray(values[: len(crops_bgr)], dtype=np.float32).reshape(len(crops_bgr), -1)

    def _answers(self, crops_bgr: Crops) -> list[npt.NDArray[Any]]:
        images = self._prepared(crops_bgr)
        if self._pad > len(images):
            images = np.concatenate([images, np.repeat(images[:1], self._pad - len(images), axis=0)])
        began = time.perf_counter()
        try:
            answers = self._session.run(None, {self._input_name: images})
        except Exception as error:
            raise self._refused(_first_line(error)) from error
        self.seconds += time.perf_counter() - began
        return [np.asarray(answer) for answer in answers]

    def _prepared(self, crops_bgr: Crops) -> npt.NDArray[Any]:
        crops = crops_bgr
        if self._move is not None:
            import cv2

            size = (self.expects.side_px, self.expects.side_px)
            moved = [cv2.warpAffine(c, self._move, size, borderMode=cv2.BORDER_REPLICATE) for c in crops]
            crops = np.asarray(moved, dtype=np.uint8)
        ordered = crops[..., ::-1] if self.expects.colour == "RGB" else crops
        mean, std = (np.array(values, np.float32) for values in (self.expects.mean, self.expects.std))
        scaled = (ordered.astype(np.float32) - mean) / std
        return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2), dtype=self._type)

    def _unit(self, vectors: FloatArray) -> FloatArray:
        usable = np.isfinite(vectors).all(axis=1) & (np.abs(vectors).max(axis=1, initial=0) > 1e-6)
        if not usable.all():
            first = int(np.argmin(usable)) + 1
            raise self._refused(
                f"{int((~usable).sum())} of {len(vectors)} embeddings are zero or not finite, "
                f"the first is number {first}"
            )
        return unit_rows(vectors)

    def _refused(self, reason: str) -> NetworkUnusable:
        return NetworkUnusable(path=self.path, reason=reason)


def load_embedder(path: Path, expects: TeacherInput | None = None, threads: int = 0) -> OnnxEmbedder:
    """Load an ONNX file or a model pack's folder.

    Args:
        path: either.
        expects: what an ONNX file takes; where it is None, `rgb255` if the file scales pixels itself (see
            `scales_itself`), `arcface` otherwise. A pack's card says it, so there it must be None.
        threads: for the network.

    Raises:
        NetworkUnusable: see `OnnxEmbedder`; or `expects` is given for a pack.
        ModelError: the pack's card or a file of it is not usable.
    """
    if not path.is_dir():
        embedder = OnnxEmbedder(path, expects or INPUTS["arcface"], threads)
        if expects is None and scales_itself(path):
            embedder = OnnxEmbedder(path, INPUTS["rgb255"], threads)
            embedder.remark = _RAW
        return embedder
    if expects is not None:
        raise NetworkUnusable(path=path, reason=N_("a pack's card says what it expects; leave --input out"))
    pack = load_pack(path)
    card = pack.card
    name = f"{card.name} {card.version}"
    embedder = OnnxEmbedder(pack.embedder_path, input_of_card(card.embedder), threads, name)
    embedder.follows_split |= states_split(card.split)
    return embedder


def embed_module(network: nn.Module, crops_bgr: Crops, batch: int = 128, device: str = "cpu") -> FloatArray:
    """Embed crops, uint8 (n, 112, 112, 3), with a module of torch: float32 (n, dim) unit rows.

    The module sees RGB as (x − 127.5) / 127.5, in evaluation mode, which is put back afterwards.

    Raises:
        ValueError: an embedding is zero or not finite, or there are no crops.
    """
    import torch

    from netcafe_face.trainer.data.tensors import to_input

    was_training = network.training
    network.eval()
    try:
        with torch.inference_mode():
            parts = [
                network(to_input(crops_bgr[start : start + batch, :, :, ::-1]).to(device))
                .float()
                .cpu()
                .numpy()
                for start in range(0, len(crops_bgr), batch)
            ]
    finally:
        network.train(was_training)
    return unit_rows(np.concatenate(parts))


def _session(path: Path, runtime: Runtime) -> Any:
    import onnxruntime

    if not path.is_file():
        raise NetworkUnusable(path=path, reason=N_("there is no such file"))
    options = session_options(runtime)
    options.log_severity_level = 4  # what fails becomes our own error, not lines of its own on the terminal
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=provider_names(runtime))
    except Exception as error:
        raise NetworkUnusable(path=path, reason=_first_line(error)) from error


def _nearly_equal(one: FloatArray, other: FloatArray) -> bool:
    size = np.abs(other).max(initial=0)
    return bool(np.abs(one - other).max(initial=0) <= 0.01 * size)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__

"""Embedders: aligned crops in, unit vectors out."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.errors import N_, ModelUnusable
from netcafe_face.domain.faces import FloatArray, unit_rows
from netcafe_face.vision.alignment import CROP_SIZE
from netcafe_face.vision.ports import Embedder
from netcafe_face.vision.runtime import Runtime, provider_names, session_options

if TYPE_CHECKING:
    from netcafe_face.vision.card import EmbedderCard
    from netcafe_face.vision.packs import ModelPack

LARGEST_BATCH = 32
"""More crops than this are embedded in several calls, so that a crowd does not fill the memory."""


class ArcFaceEmbedder:
    """An ArcFace-style ONNX network run through insightface's model zoo.

    The card, not the graph's node names, says what the network expects.

    Args:
        path: the ONNX file.
        card: colour order, mean, std and length.
        runtime: provider and threads.

    Raises:
        ModelUnusable: the file cannot be loaded or does not do what the card says.
    """

    def __init__(self, path: Path, card: EmbedderCard, runtime: Runtime) -> None:
        self._path = path
        self._dim = card.length
        self._model = _load(path, card, runtime)
        self._swap = card.colour != "RGB"
        # Some networks, such as SFace, were exported for one crop at a time.
        self._batch = 1 if self._model.session.get_inputs()[0].shape[0] == 1 else LARGEST_BATCH
        probe = self.embed(np.full((2, CROP_SIZE, CROP_SIZE, 3), 127, dtype=np.uint8))
        if probe.shape != (2, self._dim):
            raise ModelUnusable(path=path, reason=f"{probe.shape[1]} ≠ {self._dim}")

    @property
    def dim(self) -> int:
        """Return the embedding's length."""
        return self._dim

    def embed(self, crops_bgr: npt.NDArray[np.uint8]) -> FloatArray:
        """Embed crops.

        Args:
            crops_bgr: uint8 (n, 112, 112, 3), aligned.

        Returns:
            float32 (n, dim), unit rows; (0, dim) for no crops.

        Raises:
            ModelUnusable: the network failed or gave a vector that is zero or not finite.
            ValueError: the crops are of another shape or type.
        """
        crops = np.asarray(crops_bgr)
        if crops.shape[1:] != (CROP_SIZE, CROP_SIZE, 3) or crops.dtype != np.uint8:
            raise ValueError(f"crops must be uint8 (n, 112, 112, 3), got {crops.dtype} {crops.shape}")
        if not len(crops):
            return np.empty((0, self._dim), dtype=np.float32)
        parts = [self._forward(crops[i : i + self._batch]) for i in range(0, len(crops), self._batch)]
        try:
            return unit_rows(np.concatenate(parts))
        except ValueError as error:
            raise ModelUnusable(path=self._path, reason=str(error)) from error

    def _forward(self, crops: npt.NDArray[np.uint8]) -> FloatArray:
        # insightface's get_feat takes BGR and gives the network RGB, always.
        pictures = [crop[:, :, ::-1] if self._swap else crop for crop in crops]
        try:
            return np.asarray(self._model.get_feat(pictures), dtype=np.float32)
        except Exception as error:
            raise ModelUnusable(path=self._path, reason=str(error)) from error


def _load(path: Path, card: EmbedderCard, runtime: Runtime) -> Any:
    from insightface import model_zoo

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = model_zoo.get_model(
                str(path),
                model_task="recognition",
                model_metadata={"preprocessing": {"mean": card.mean, "std": card.std}},
                providers=provider_names(runtime),
                sess_options=session_options(runtime),
            )
    except Exception as error:
        raise ModelUnusable(path=path, reason=str(error)) from error
    shape = model.session.get_inputs()[0].shape
    if list(shape[1:]) != [3, CROP_SIZE, CROP_SIZE]:
        raise ModelUnusable(path=path, reason=N_("its input is not 3×112×112"))
    return model


def build_embedder(pack: ModelPack, runtime: Runtime) -> Embedder:
    """Load a pack's embedder.

    Raises:
        ModelUnusable: the network cannot be loaded or does not do what its card says.
    """
    return ArcFaceEmbedder(pack.embedder_path, pack.card.embedder, runtime)

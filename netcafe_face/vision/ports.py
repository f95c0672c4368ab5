"""The ports behind which networks stand, so that one can take another's place."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from netcafe_face.domain.faces import Detection, FloatArray, Image


class Detector(Protocol):
    """A network that finds faces."""

    def detect(self, image_bgr: Image) -> list[Detection]:
        """Find the faces of a picture, uint8 (h, w, 3) BGR, in reading order.

        Raises:
            ModelUnusable: the network failed.
        """
        ...


class FaceNetwork(Protocol):
    """One pass of a detector at one scale."""

    def find(self, image_bgr: Image) -> FloatArray:
        """Return float32 (n, 15): x, y, width, height, five times x, y, and the score."""
        ...

    def find_all(self, image_bgr: Image) -> FloatArray:
        """Return the same with every answer about a face, and not the surest alone."""
        ...


class Embedder(Protocol):
    """A network that turns aligned crops into embeddings."""

    @property
    def dim(self) -> int:
        """Return the embedding's length."""
        ...

    def embed(self, crops_bgr: npt.NDArray[np.uint8]) -> FloatArray:
        """Embed crops, uint8 (n, 112, 112, 3) BGR, as float32 (n, dim) unit rows.

        Raises:
            ModelUnusable: the network failed.
        """
        ...

"""Frozen teachers: ONNX embedders of others, each asked in the way it was trained."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

from netcafe_face.domain.faces import FloatArray, Image, unit_rows
from netcafe_face.trainer.data.crops import Crops
from netcafe_face.trainer.errors import OptionsRefused, TeacherUnusable
from netcafe_face.vision.alignment import CROP_SIZE, similarity_transform
from netcafe_face.vision.runtime import Runtime, provider_names, session_options


@dataclass(frozen=True)
class TeacherInput:
    """What a teacher expects.

    Attributes:
        colour: order of the channels, "RGB" or "BGR".
        mean, std: of the channels in that order; it is fed (pixel − mean) / std.
        side_px: of its square crop.
        landmarks: where its crops have the five points, (5, 2) in pixels; None for ArcFace's template.
    """

    colour: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    side_px: int = CROP_SIZE
    landmarks: tuple[tuple[float, float], ...] | None = None

    def transform(self) -> npt.NDArray[np.float64] | None:
        """Return the (2, 3) that turns one of our crops into one of the teacher's, or None for the same."""
        if self.landmarks is None:
            return None
        to_ours = np.vstack([similarity_transform(self.landmarks), [0.0, 0.0, 1.0]])
        inverse: npt.NDArray[np.float64] = np.linalg.inv(to_ours)[:2]
        return inverse


_IMAGENET_MEAN = (0.485 * 255, 0.456 * 255, 0.406 * 255)
_IMAGENET_STD = (0.229 * 255, 0.224 * 255, 0.225 * 255)
_RETAIL_POINTS = (
    (0.31556875, 0.46157410),
    (0.68262292, 0.45983607),
    (0.50026249, 0.64050538),
    (0.34947187, 0.82469196),
    (0.65343127, 0.82325106),
)

TEACHER_INPUTS: Mapping[str, TeacherInput] = MappingProxyType(
    {
        "arcface": TeacherInput("RGB", (127.5,) * 3, (127.5,) * 3),
        "imagenet": TeacherInput("RGB", _IMAGENET_MEAN, _IMAGENET_STD),
        "retail-0095": TeacherInput(
            "BGR", (0.0,) * 3, (1.0,) * 3, 128, tuple((128 * x, 128 * y) for x, y in _RETAIL_POINTS)
        ),
    }
)
"""arcface: insightface's networks; imagenet: torchvision's scaling; retail-0095: Open Model Zoo's
face-reidentification-retail-0095 with the landmarks its documentation gives."""


class Teacher:
    """A frozen embedder.

    Args:
        path: the ONNX file.
        input_name: a key of `TEACHER_INPUTS`.
        maps: tensors inside the network that are asked for as well.

    Raises:
        OptionsRefused: there is no such input.
        TeacherUnusable: the file cannot be loaded or gives no embedding.
    """

    def __init__(self, path: Path, input_name: str, maps: tuple[str, ...] = ()) -> None:
        if input_name not in TEACHER_INPUTS:
            raise OptionsRefused(reason=f"a teacher's input is one of {', '.join(TEACHER_INPUTS)}")
        self.path = path
        self.input_name = input_name
        self.maps = maps
        self._input = TEACHER_INPUTS[input_name]
        self._move = self._input.transform()
        try:
            data = path.read_bytes()
            self.sha256 = hashlib.sha256(data).hexdigest()
            data = _opened(data, maps) if maps else data
            # One thread each: several teachers' copies at once use the processors better than one with many.
            runtime = Runtime(threads=1)
            self._session = onnxruntime.InferenceSession(
                _opened(data, maps) if maps else data,
                session_options(runtime),
                providers=provider_names(runtime),
            )
            self._name = self._session.get_inputs()[0].name
            self._output = self._session.get_outputs()[0].name
        except Exception as error:
            raise TeacherUnusable(path=path, reason=str(error)) from error
        self.dim = len(self.embed_one(np.full((CROP_SIZE, CROP_SIZE, 3), 127, dtype=np.uint8)))

    def embed_one(self, crop_bgr: Image) -> FloatArray:
        """Return the unit embedding, float32 (dim,), of one crop, uint8 (112, 112, 3) BGR.

        Raises:
            TeacherUnusable: the network failed.
        """
        (answer,) = self._asked([self._output], crop_bgr)
        try:
            return np.asarray(unit_rows(answer.reshape(1, -1))[0])
        except ValueError as error:
            raise TeacherUnusable(path=self.path, reason=str(error)) from error

    def maps_of(self, crop_bgr: Image) -> list[FloatArray]:
        """Return the maps asked for, float32 (c, h, w) each, of one crop, uint8 (112, 112, 3) BGR.

        Raises:
            TeacherUnusable: the network failed.
        """
        return [each[0] for each in self._asked(list(self.maps), crop_bgr)]

    def _asked(self, names: list[str], crop_bgr: Image) -> list[FloatArray]:
        try:
            found = self._session.run(names, {self._name: self._prepared(crop_bgr)})
        except Exception as error:  # ONNX Runtime's own classes have no common root
            raise TeacherUnusable(path=self.path, reason=str(error)) from error
        return [np.asarray(each, dtype=np.float32) for each in found]

    def _prepared(self, crop_bgr: Image) -> FloatArray:
        crop = crop_bgr
        side = self._input.side_px
        if self._move is not None:
            crop = np.asarray(cv2.warpAffine(crop, self._move, (side, side), borderMode=cv2.BORDER_REPLICATE))
        if self._input.colour == "RGB":
            crop = crop[:, :, ::-1]
        mean, std = (np.array(values, dtype=np.float32) for values in (self._input.mean, self._input.std))
        scaled = (crop.astype(np.float32) - mean) / std
        return np.asarray(scaled.transpose(2, 0, 1)[None], dtype=np.float32)

    def embed(self, crops_bgr: Crops) -> FloatArray:
        """Return unit embeddings, float32 (n, dim), of crops, uint8 (n, 112, 112, 3) BGR."""
        if not len(crops_bgr):
            return np.empty((0, self.dim), dtype=np.float32)
        return np.stack([self.embed_one(np.asarray(crop)) for crop in crops_bgr])


def teacher_named(text: str, maps: tuple[str, ...] = ()) -> Teacher:
    """Load a teacher as it is given on the command line: "teacher.onnx", or "imagenet:teacher.onnx".

    What does not begin with the name of an input is a file, fed as ArcFace networks are.

    Raises:
        TeacherUnusable: see `Teacher`.
    """
    input_name, _colon, path = text.partition(":")
    if input_name not in TEACHER_INPUTS:
        input_name, path = "arcface", text
    return Teacher(Path(path), input_name, maps)


def _opened(data: bytes, maps: tuple[str, ...]) -> bytes:
    """Return a network that gives tensors of its inside as well, after its own outputs."""
    model = onnx.load_from_string(data)
    for name in maps:
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    return bytes(model.SerializeToString())

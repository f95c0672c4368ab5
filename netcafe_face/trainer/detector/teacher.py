"""The teacher: YuNet, asked for the answers of all its cells and for the maps they are made from."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from netcafe_face.domain.errors import N_
from netcafe_face.domain.faces import FloatArray, Image
from netcafe_face.trainer.detector.layout import OUTPUTS, STRIDES
from netcafe_face.trainer.errors import TeacherUnusable


class DenseTeacher:
    """A frozen detector in YuNet's output format, asked at any batch and picture size.

    Args:
        path: the ONNX file; it takes BGR from 0 to 255.
        threads: of ONNX Runtime.

    Attributes:
        path: the file.
        sha256: of the file.

    Raises:
        TeacherUnusable: it cannot be loaded, or has other outputs.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        self.path = path
        self._maps: tuple[str, ...] = ()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            data = path.read_bytes()
            self.sha256 = hashlib.sha256(data).hexdigest()
            model = _freed(data)
            self._maps = _opened(model)
            self._session = onnxruntime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except OSError as error:
            raise TeacherUnusable(path=path, reason=error.strerror or error) from error
        except Exception as error:  # ONNX Runtime's own classes have no common root
            raise TeacherUnusable(path=path, reason=str(error).splitlines()[0]) from error
        if {each.name for each in self._session.get_outputs()} != {*OUTPUTS, *self._maps}:
            raise TeacherUnusable(path=path, reason=N_("it does not have YuNet's twelve outputs"))
        self._input = self._session.get_inputs()[0].name

    def answers(self, images_bgr: Image) -> FloatArray:
        """Ask about pictures.

        Args:
            images_bgr: uint8 (n, h, w, 3), BGR, h and w multiples of 32.

        Returns:
            float32 (n, cells, 15): √(cls·obj), the box and the points as in `layout`.

        Raises:
            TeacherUnusable: it cannot be run on such pictures.
        """
        found = self._asked(OUTPUTS, images_bgr)
        levels = []
        for stride in STRIDES:
            sure = np.clip(found[f"cls_{stride}"], 0, 1) * np.clip(found[f"obj_{stride}"], 0, 1)
            levels.append(
                np.concatenate([np.sqrt(sure), found[f"bbox_{stride}"], found[f"kps_{stride}"]], axis=2)
            )
        return np.concatenate(levels, axis=1)

    def maps(self, images_bgr: Image) -> list[FloatArray]:
        """Ask for what the answers are made from.

        Args:
            images_bgr: as for `answers`.

        Returns:
            Float32 (n, channels, h / stride, w / stride) each: what its body gives at strides 8, 16 and 32,
            and what its feature pyramid makes of these.

        Raises:
            TeacherUnusable: it cannot be run on such pictures, or is not built like YuNet.
        """
        if not self._maps:
            raise TeacherUnusable(path=self.path, reason=N_("it does not have YuNet's feature pyramid"))
        found = self._asked(self._maps, images_bgr)
        return [found[name] for name in self._maps]

    def _asked(self, names: tuple[str, ...], images_bgr: Image) -> dict[str, FloatArray]:
        batch = np.ascontiguousarray(images_bgr.transpose(0, 3, 1, 2), dtype=np.float32)
        try:
            return dict(zip(names, self._session.run(list(names), {self._input: batch}), strict=True))
        except Exception as error:
            raise TeacherUnusable(path=self.path, reason=str(error).splitlines()[0]) from error


def _opened(model: onnx.ModelProto) -> tuple[str, ...]:
    """Make the maps of a YuNet outputs of it, and return their names; nothing where it is built otherwise.

    Each level of the pyramid is read by two convolutions that give the score, and is itself made by two from
    the body's map, to which that of the next coarser level is added.
    """
    makers = {name: node for node in model.graph.node for name in node.output}
    pyramid = [_before_two_convolutions(f"cls_{stride}", makers) for stride in STRIDES]
    mixed = [_before_two_convolutions(name, makers) for name in pyramid]
    body = [_unmixed(name, makers) for name in mixed]
    if not all([*pyramid, *body]):
        return ()
    for name in (*body, *pyramid):
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    return (*body, *pyramid)


def _before_two_convolutions(name: str, makers: dict[str, onnx.NodeProto]) -> str:
    seen = 0
    while name in makers and seen < 2:
        seen += makers[name].op_type == "Conv"
        name = makers[name].input[0]
    return name if seen == 2 and name in makers else ""


def _unmixed(name: str, makers: dict[str, onnx.NodeProto]) -> str:
    if name not in makers or makers[name].op_type != "Add":
        return name
    enlarged = [each for each in makers[name].input if makers[each].op_type != "Resize"]
    return enlarged[0] if len(enlarged) == 1 else ""


def _freed(data: bytes) -> onnx.ModelProto:
    """Return a network with a free batch and picture size: OpenCV Zoo's file is written for 1 × 640 × 640."""
    model = onnx.load_from_string(data)
    constants = {each.name: each for each in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Reshape" and node.input[1] in constants:
            shape = numpy_helper.to_array(constants[node.input[1]])
            if len(shape) == 3 and shape[0] == 1:
                free = np.array([0, -1, shape[2]], dtype=np.int64)
                constants[node.input[1]].CopyFrom(numpy_helper.from_array(free, node.input[1]))
    sizes = model.graph.input[0].type.tensor_type.shape.dim
    for place, name in ((2, "height"), (3, "width"), (0, "batch")):
        sizes[place].dim_param = name
    for output in model.graph.output:
        for place in (0, 1):
            output.type.tensor_type.shape.dim[place].dim_param = f"{output.name}_{place}"
    return model

"""The teacher: YuNet, asked for the answers of all its cells."""

from __future__ import annotations

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

    Raises:
        TeacherUnusable: it cannot be loaded, or has other outputs.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._path = path
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                _freed(path.read_bytes()), options, providers=["CPUExecutionProvider"]
            )
        except OSError as error:
            raise TeacherUnusable(path=path, reason=error.strerror or error) from error
        except Exception as error:  # ONNX Runtime's own classes have no common root
            raise TeacherUnusable(path=path, reason=str(error).splitlines()[0]) from error
        if {each.name for each in self._session.get_outputs()} != set(OUTPUTS):
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
        batch = np.ascontiguousarray(images_bgr.transpose(0, 3, 1, 2), dtype=np.float32)
        try:
            found = dict(zip(OUTPUTS, self._session.run(list(OUTPUTS), {self._input: batch}), strict=True))
        except Exception as error:
            raise TeacherUnusable(path=self._path, reason=str(error).splitlines()[0]) from error
        levels = []
        for stride in STRIDES:
            sure = np.clip(found[f"cls_{stride}"], 0, 1) * np.clip(found[f"obj_{stride}"], 0, 1)
            levels.append(
                np.concatenate([np.sqrt(sure), found[f"bbox_{stride}"], found[f"kps_{stride}"]], axis=2)
            )
        return np.concatenate(levels, axis=1)


def _freed(data: bytes) -> bytes:
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
    return bytes(model.SerializeToString())

"""From trained weights to an ONNX file that OpenCV's FaceDetectorYN runs at any picture size."""

from __future__ import annotations

import os
import tempfile
import warnings
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from netcafe_face.domain.errors import N_
from netcafe_face.domain.faces import FloatArray, Image
from netcafe_face.trainer.detector.layout import KINDS, OUTPUTS, STRIDES
from netcafe_face.trainer.detector.network import PIXEL_SCALE, DetectorNet, Widths
from netcafe_face.trainer.errors import ExportFailed, RunUnusable
from netcafe_face.trainer.loop.checkpoint import load, weights

_MOST_BYTES = 1_000_000
_MOST_APART = 2e-3
_SIZES = ((64, 64), (320, 320), (352, 640))


class YuNetForm(nn.Module):
    """A trained network with batch norm folded in and YuNet's twelve outputs.

    The network has one score; it stands in the outputs as cls and as obj, so that √(cls·obj) is that score.
    """

    def __init__(self, network: DetectorNet) -> None:
        super().__init__()
        self.network = _folded(network)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Take float32 (n, 3, h, w) BGR from 0 to 255 and return the outputs in the order of `OUTPUTS`."""
        outputs: dict[str, Tensor] = {}
        for stride, level in zip(STRIDES, self.network.maps(images), strict=True):
            rows = level.permute(0, 2, 3, 1)
            # Reshaped with a free middle, as in YuNet's own file: OpenCV then takes any picture size.
            rows = rows.reshape(images.shape[0], -1, rows.shape[3])
            score = torch.sigmoid(rows[:, :, 0:1])
            parts = (score, score + 0.0, rows[:, :, 1:5], rows[:, :, 5:15])
            outputs |= {f"{kind}_{stride}": part for (kind, _width), part in zip(KINDS, parts, strict=True)}
        return tuple(outputs[name] for name in OUTPUTS)


def network_of(checkpoint: Path) -> DetectorNet:
    """Return the averaged network of a run's checkpoint.

    Raises:
        RunUnusable: it is missing, damaged, or of another network.
    """
    state = load(checkpoint)
    try:
        network = DetectorNet(Widths(deeper=int(state["config"].get("deeper", 0))))
        network.load_state_dict(weights(state))
    except (KeyError, RuntimeError, TypeError, ValueError, AttributeError) as error:
        raise RunUnusable(path=checkpoint, reason=str(error).splitlines()[0]) from error
    return network.eval()


def export_detector(network: DetectorNet, file: Path) -> None:
    """Write the ONNX file, if what it answers is what the network answers.

    Raises:
        ExportFailed: it answers otherwise, OpenCV does not run it, or it is larger than a megabyte.
        RunUnusable: the file cannot be written.
    """
    form = YuNetForm(network).eval()
    handle, name = tempfile.mkstemp(suffix=".onnx")
    os.close(handle)
    part = Path(name)
    try:
        _write(form, part)
        data = part.read_bytes()
    finally:
        part.unlink(missing_ok=True)
    answers_as(network, data)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        waiting = file.with_suffix(".part")
        waiting.write_bytes(data)
        waiting.replace(file)
    except OSError as error:
        raise RunUnusable(path=file, reason=error.strerror or str(error)) from error


def onnx_answers(data: bytes, image_bgr: Image) -> dict[str, FloatArray]:
    """Run an ONNX detector on one picture, h and w multiples of 32, and return its outputs by name."""
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    batch = np.ascontiguousarray(image_bgr.transpose(2, 0, 1)[None], dtype=np.float32)
    found = session.run(list(OUTPUTS), {session.get_inputs()[0].name: batch})
    return dict(zip(OUTPUTS, found, strict=True))


def _write(form: YuNetForm, file: Path) -> None:
    with warnings.catch_warnings():
        # The older exporter, deprecated: the graphs of the newer one take OpenCV one picture size only.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            form,
            (torch.zeros(1, 3, 64, 64),),
            str(file),
            dynamo=False,
            opset_version=17,
            input_names=["input"],
            output_names=list(OUTPUTS),
            dynamic_axes={"input": {2: "height", 3: "width"}, **{name: {1: "cells"} for name in OUTPUTS}},
        )


def answers_as(network: DetectorNet, data: bytes) -> None:
    """Compare an ONNX detector with the network on random pictures, and let OpenCV run it.

    Raises:
        ExportFailed: it answers otherwise, OpenCV does not run it, or it is larger than a megabyte.
    """
    if len(data) > _MOST_BYTES:
        raise ExportFailed(reason=N_("the file is larger than a megabyte"))
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for size in _SIZES]
    try:
        onnx.checker.check_model(onnx.load_from_string(data), full_check=True)
        answers = [onnx_answers(data, picture) for picture in pictures]
    except Exception as error:  # ONNX's and ONNX Runtime's own classes have no common root
        raise ExportFailed(reason=str(error).partition("\n")[0]) from error
    for picture, answer in zip(pictures, answers, strict=True):
        _compare(network, picture, answer)
    _check_opencv(data)


def _compare(network: DetectorNet, picture: Image, answer: dict[str, FloatArray]) -> None:
    with torch.no_grad():
        told = network(torch.from_numpy(picture).permute(2, 0, 1)[None].float())[0].numpy()
    first = 0
    for stride in STRIDES:
        cells = (picture.shape[0] // stride) * (picture.shape[1] // stride)
        rows = told[first : first + cells]
        score = 1 / (1 + np.exp(-rows[:, :1]))
        for kind, part in (("cls", score), ("obj", score), ("bbox", rows[:, 1:5]), ("kps", rows[:, 5:])):
            own = answer[f"{kind}_{stride}"][0]
            apart = float(np.abs(own - part).max()) if own.shape == part.shape else np.inf
            if not apart <= _MOST_APART:
                raise ExportFailed(reason=f"{kind}_{stride} differs by {apart:.2g}")
        first += cells


def _check_opencv(data: bytes) -> None:
    try:
        model = np.frombuffer(data, dtype=np.uint8)
        runner = cv2.FaceDetectorYN.create("onnx", model, np.empty(0, np.uint8), (320, 320), 0.01, 0.3, 5000)
        for height, width in (*_SIZES, (117, 203)):
            runner.setInputSize((width, height))
            runner.detect(np.zeros((height, width, 3), dtype=np.uint8))
    except cv2.error as error:
        raise ExportFailed(reason=str(error)) from error


def _folded(network: DetectorNet) -> DetectorNet:
    """Return a copy without batch norm and without the pixels' scale."""
    copy = DetectorNet(network.widths)
    copy.load_state_dict(network.state_dict())
    copy.eval()
    for block in list(copy.modules()):
        if not isinstance(block, nn.Sequential):
            continue
        for place, layer in enumerate(block):
            if isinstance(layer, nn.BatchNorm2d):
                convolution = block[place - 1]
                assert isinstance(convolution, nn.Conv2d)
                block[place - 1] = fuse_conv_bn_eval(convolution, layer)
                block[place] = nn.Identity()
    first = next(layer for layer in copy.modules() if isinstance(layer, nn.Conv2d))
    with torch.no_grad():
        first.weight.mul_(PIXEL_SCALE)
    copy.pixel_scale = 1.0
    return copy

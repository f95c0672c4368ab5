"""Tiny data and tiny runs for the trainer's tests."""

from __future__ import annotations

import contextlib
import csv
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import torch

from netcafe_face.domain.faces import Image
from netcafe_face.trainer.backbones.staged import StagedNetwork
from netcafe_face.trainer.data.augment import STRENGTHS, augment
from netcafe_face.trainer.data.crops import CropRecord, Crops, CropSet
from netcafe_face.trainer.data.mixing import MixedFaces
from netcafe_face.trainer.data.split import is_held_out
from netcafe_face.trainer.loop import checkpoint
from netcafe_face.trainer.loop.config import TrainConfig
from netcafe_face.trainer.loop.objective import Objective
from netcafe_face.trainer.loop.setup import Surroundings, make_plan
from netcafe_face.trainer.loop.training import Plan
from netcafe_face.trainer.losses.head import MarginHead
from netcafe_face.trainer.losses.registry import HeadLoss
from netcafe_face.trainer.losses.sampling import SampledHeadLoss
from netcafe_face.vision.images import read_image
from tests.files_kit import ASTRONAUT, SIX_PEOPLE, recognizer

ROOT = Path(__file__).resolve().parents[2]
PORTRAIT = Path(str(files("insightface") / "data/images/Tom_Hanks_54745.png"))
"""One face, cut out already: 112×112."""


@cache
def real_crops() -> Crops:
    """Aligned crops of eight real people, uint8 (8, 112, 112, 3) BGR, cut as the app cuts them."""
    group = [face.crop_bgr for face in recognizer().analyse(read_image(SIX_PEOPLE))]
    one = max(recognizer().analyse(read_image(ASTRONAUT)), key=lambda face: face.detection.size_px).crop_bgr
    crops = [crop for crop in (*group, one, read_image(PORTRAIT)) if crop is not None]
    assert len(crops) == 8
    return np.stack(crops)


def names(held_out: bool) -> Iterator[str]:
    """Made-up people on one side of the fixed split, without end."""
    made = (f"person-{number:03d}" for number in count())
    return (name for name in made if is_held_out(name) == held_out)


@cache
def faces(people: int, each: int) -> Crops:
    """Different people with several different pictures each, uint8 (people × each, 112, 112, 3) BGR."""
    made = MixedFaces(real_crops(), seed=7)
    rng = np.random.default_rng(7)
    return np.stack(
        [augment(made[person], rng, STRENGTHS["light"]) for person in range(people) for _ in range(each)]
    )


@cache
def people(training: int = 4, held_out: int = 25, each: int = 4) -> CropSet:
    """A set of made-up people of whom some are held out, as the fixed split says."""
    chosen = [name for name, _ in zip(names(False), range(training), strict=False)]
    chosen += [name for name, _ in zip(names(True), range(held_out), strict=False)]
    records = tuple(
        CropRecord(name, f"{name}/{number}.png", "made-up", is_held_out(name), 80.0, 0.9)
        for name in chosen
        for number in range(each)
    )
    return CropSet(faces(len(chosen), each), records)


def nameless(crops_bgr: Crops, group: str = "crowd") -> CropSet:
    """Crops of nobody in particular, to learn from."""
    records = tuple(CropRecord("", f"{n}.png", group, False, 80.0, 0.9) for n in range(len(crops_bgr)))
    return CropSet(crops_bgr, records)


def tiny(**changes: Any) -> TrainConfig:
    """A run of a few steps that takes a second."""
    values: dict[str, Any] = {
        "backbone": "plain-tiny",
        "dim": 16,
        "batch": 8,
        "people_per_batch": 4,
        "steps": 6,
        "warmup": 2,
        "learning_rate": 0.02,
        "augment": "light",
        "validate_every": 1000,
        "checkpoint_every": 2,
        "threads": 1,
        "workers": 0,
        "compiled": False,
    }
    return TrainConfig(**(values | changes))


def plan(
    folder: Path, config: TrainConfig, crops: CropSet | None = None, said: list[str] | None = None
) -> Plan:
    """Prepare a run on the made-up people."""
    say = (said if said is not None else []).append
    around = Surroundings(folder, folder.parent / "answers", tensorboard=False, say=say)
    return make_plan(config, people() if crops is None else crops, around)


def head_of(objective: Objective) -> MarginHead:
    """The head of a margin loss."""
    assert isinstance(objective.loss, HeadLoss | SampledHeadLoss)
    return objective.loss.head


def curve(folder: Path) -> list[dict[str, str]]:
    """What a run measured, without the seconds, which differ each time."""
    with (folder / checkpoint.CURVE).open(encoding="utf-8", newline="") as stream:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(stream)]


def differences(one: Path, other: Path) -> list[str]:
    """The parts of two runs' last checkpoints that are not bit by bit the same; time is left out."""
    first, second = (checkpoint.load(folder / checkpoint.LAST) for folder in (one, other))
    return [name for name in {*first, *second} - {"seconds"} if not same(first.get(name), second.get(name))]


def same(one: object, other: object) -> bool:
    """Tell whether two values of a checkpoint are the same, bit by bit."""
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def trainer(*arguments: str | Path, **environ: str) -> subprocess.Popen[str]:
    """Start a command of the trainer in a process of its own."""
    return start([sys.executable, "-P", "-m", "netcafe_face.trainer", *map(str, arguments)], **environ)


def start(command: Sequence[str], **environ: str) -> subprocess.Popen[str]:
    """Start a process that finds the program and keeps to one thread."""
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environ}
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=surroundings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )


def finished(process: subprocess.Popen[str], timeout_s: float = 360) -> tuple[str, str]:
    """Wait for a process that `start` started and return what it printed; end all that it started."""
    try:
        return process.communicate(timeout=timeout_s)
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def fit_options(config: TrainConfig) -> list[str]:
    """What to type for a run's choices."""
    options: list[str] = []
    for name, value in config.to_json().items():
        option = name.replace("_", "-")
        if name == "teachers":
            options += [part for teacher in value for part in ("--teacher", teacher)]
        elif value is None:
            continue
        elif isinstance(value, bool):
            options.append(f"--{option}" if value else f"--no-{option}")
        else:
            options += [f"--{option}", str(value)]
    return options


def write_picture(path: Path, image_bgr: Image) -> Path:
    """Write a picture, and the folders it lies in."""
    from netcafe_face.vision.images import write_image

    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, image_bgr)
    return path


MAPS = ("first", "second", "third", "fourth")
"""Tensors inside the network that `write_staged_teacher` writes."""


class _Opened(torch.nn.Module):
    def __init__(self, network: StagedNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        found, features = [], images
        for stage in self.network.stages:
            features = stage(features)
            found.append(features)
        return [found[-1], *found[:-1]]


def write_staged_teacher(path: Path, dim: int = 24) -> Path:
    """Write an ONNX embedder, (1, 3, 112, 112) to (1, dim), that has `MAPS` inside."""
    import onnx

    torch.manual_seed(3)
    network = _Opened(StagedNetwork(dim)).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.zeros(1, 3, 112, 112),),
            path,
            dynamo=False,
            input_names=["input"],
            output_names=["output", *MAPS],
        )
    model = onnx.load(path)
    del model.graph.output[1:]
    onnx.save(model, path)
    return path


def write_teacher(path: Path, dim: int = 24, side: int = 112, seed: int = 0, scale: float = 1.0) -> Path:
    """Write a small ONNX embedder, (1, 3, side, side) to (1, dim), that sees the large parts of a face."""
    from onnx import TensorProto, helper, numpy_helper, save

    cells = 7
    weights = np.random.default_rng(seed).standard_normal((3 * cells * cells, dim)).astype(np.float32) * scale
    nodes = [
        helper.make_node(
            "AveragePool", ["input"], ["cells"], kernel_shape=[side // cells] * 2, strides=[side // cells] * 2
        ),
        helper.make_node("Flatten", ["cells"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["output"]),
    ]
    graph = helper.make_graph(
        nodes,
        "teacher",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, side, side])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, dim])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    save(model, path)
    return path

"""What a backbone costs: parameters, multiply-adds, time for a face, images a second in training."""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from netcafe_face.trainer.backbones.registry import build_backbone
from netcafe_face.trainer.loop.compiling import maybe_compile
from netcafe_face.vision.alignment import CROP_SIZE
from netcafe_face.vision.runtime import Runtime, session_options

_IMAGE = (3, CROP_SIZE, CROP_SIZE)


@dataclass(frozen=True)
class ReportOptions:
    """How to measure.

    Attributes:
        dim: the embedding's length.
        threads: of training; ONNX Runtime is always given one.
        seconds: how long each figure is measured, warming up not counted; at least one step is done.
        batch: images of a training step.
        compiles: measure torch.compile as well, which takes a minute or more for a large network.
    """

    dim: int = 512
    threads: int = 1
    seconds: float = 3.0
    batch: int = 32
    compiles: bool = True


@dataclass(frozen=True)
class BackboneCost:
    """What was measured of one backbone.

    Attributes:
        multiply_adds: of the convolutions and fully connected layers, for one face.
        latency_ms: median time of ONNX Runtime for one face, on one thread.
        eager_images_per_s: forward, backward and an SGD step, channels last in memory, without any head.
        compiled_images_per_s: the same through torch.compile; None where it was not asked for or cannot be.
    """

    name: str
    dim: int
    parameters: int
    multiply_adds: int
    latency_ms: float
    eager_images_per_s: float
    compiled_images_per_s: float | None


def measure(name: str, options: ReportOptions) -> BackboneCost:
    """Measure a backbone with random weights.

    Args:
        name: a key of `registry.BACKBONES`.
        options: how to measure.

    Raises:
        OptionsRefused: there is no such backbone.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(options.threads)
    try:
        network = build_backbone(name, options.dim)
        return BackboneCost(
            name=name,
            dim=options.dim,
            parameters=count_parameters(network),
            multiply_adds=count_multiply_adds(network, _IMAGE),
            latency_ms=latency_ms(network, options.seconds),
            eager_images_per_s=training_images_per_s(network, options),
            compiled_images_per_s=_compiled(network, options),
        )
    finally:
        torch.set_num_threads(before)


def count_parameters(network: nn.Module) -> int:
    """Count a network's parameters, those that are never trained included."""
    return sum(parameter.numel() for parameter in network.parameters())


def count_multiply_adds(network: nn.Module, shape: tuple[int, ...]) -> int:
    """Count the multiply-adds of convolutions and fully connected layers for one input.

    Biases, activations and batch normalisation are not counted; the last is folded into convolutions when a
    network is used.

    Args:
        network: any network of 2-D convolutions and fully connected layers.
        shape: of one input, without the batch.
    """
    total = 0

    def count(layer: nn.Module, _: object, output: torch.Tensor) -> None:
        nonlocal total
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        total += output.numel() * layer.weight[0].numel()

    counted = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    hooks = [layer.register_forward_hook(count) for layer in counted]
    was_training = network.training
    try:
        with torch.inference_mode():
            network.eval()(torch.zeros(1, *shape))
    finally:
        network.train(was_training)
        for hook in hooks:
            hook.remove()
    return total


def latency_ms(network: nn.Module, seconds: float) -> float:
    """Measure ONNX Runtime's median time for one face on one thread, in milliseconds."""
    import onnxruntime

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        _write_onnx(network, path)
        session = onnxruntime.InferenceSession(
            path, session_options(Runtime(threads=1)), providers=["CPUExecutionProvider"]
        )
    face = np.random.default_rng(0).uniform(-1, 1, (1, *_IMAGE)).astype(np.float32)
    durations = _durations_s(lambda: session.run(None, {"input": face}), seconds)
    return float(np.median(durations)) * 1000


def training_images_per_s(network: nn.Module, options: ReportOptions) -> float:
    """Measure forward, backward and an SGD step, in images a second; the network's weights change."""
    images = torch.randn(options.batch, *_IMAGE, generator=torch.Generator().manual_seed(0))
    images = images.to(memory_format=torch.channels_last)
    network.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload] # torch forgets it
    optimiser = torch.optim.SGD(network.parameters(), lr=1e-4, momentum=0.9)

    def step() -> None:
        optimiser.zero_grad()
        network(images).square().mean().backward()
        optimiser.step()

    durations = _durations_s(step, options.seconds)
    return options.batch / float(np.median(durations))


def _compiled(network: nn.Module, options: ReportOptions) -> float | None:
    compiled = maybe_compile(network, options.compiles, lambda _why: None)
    if compiled is network:
        return None
    try:
        return training_images_per_s(compiled, options)
    except RuntimeError:  # the compiler is there and fails
        return None
    finally:
        torch.compiler.reset()


def _durations_s(work: Callable[[], object], seconds: float) -> list[float]:
    work()
    durations: list[float] = []
    end = time.perf_counter() + seconds
    while not durations or time.perf_counter() < end:
        start = time.perf_counter()
        work()
        durations.append(time.perf_counter() - start)
    return durations


def _write_onnx(network: nn.Module, path: Path) -> None:
    was_training = network.training
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="torch")
        warnings.filterwarnings("ignore", "You are using the legacy TorchScript", DeprecationWarning)
        warnings.filterwarnings("ignore", "The feature will be removed", DeprecationWarning)
        torch.onnx.export(
            network.eval(), (torch.zeros(1, *_IMAGE),), path, dynamo=False, input_names=["input"]
        )
    network.train(was_training)

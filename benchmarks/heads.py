"""Our heads against pytorch-metric-learning's: `python -m benchmarks heads`.

One step is forward and backward of a loss over one batch, down to the embeddings and the centres. Both sides
get the same batch and the same centres and take turns, so that whatever else the computer does falls on both;
the ratio of times is the median of the ratios pair by pair. Memory is the most that torch's allocations held
at once during one step, beyond the centres and the batch, as torch's profiler records them.
"""

from __future__ import annotations

import argparse
import gc
import math
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # read when torch is loaded: the profiler is talkative

import torch
from pytorch_metric_learning import losses as peers
from torch import nn
from torch.profiler import ProfilerActivity, profile

from netcafe_face.trainer.losses.head import MarginHead
from netcafe_face.trainer.losses.registry import LOSSES, HeadLoss

SIZES = (1_000, 10_000, 100_000)
TARGET_RATIO = 1.0
_DEGREES = math.degrees(0.5)

PEERS: dict[str, Callable[[int, int], nn.Module]] = {
    "norm-softmax": lambda classes, dim: peers.NormalizedSoftmaxLoss(classes, dim, temperature=1 / 64),
    "l-softmax": lambda classes, dim: peers.LargeMarginSoftmaxLoss(classes, dim, margin=4, scale=1),
    "a-softmax": lambda classes, dim: peers.SphereFaceLoss(classes, dim, margin=4, scale=1),
    "cosface": lambda classes, dim: peers.CosFaceLoss(classes, dim, margin=0.35, scale=64),
    "arcface": lambda classes, dim: peers.ArcFaceLoss(classes, dim, margin=_DEGREES, scale=64),
    "subcenter-arcface": lambda classes, dim: peers.SubCenterArcFaceLoss(
        num_classes=classes, embedding_size=dim, margin=_DEGREES, scale=64, sub_centers=3
    ),
}

Step = Callable[[], float]


def main(argv: list[str]) -> int:
    """Print time and memory of a training step of both, and their ratios, for each number of classes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks heads", description=main.__doc__)
    parser.add_argument("--losses", nargs="+", choices=PEERS, default=["arcface"], help="default arcface")
    parser.add_argument("--classes", type=int, nargs="+", default=SIZES, help="default 1000 10000 100000")
    parser.add_argument("--dimension", type=int, default=512, help="values of an embedding (default 512)")
    parser.add_argument("--batch", type=int, default=128, help="embeddings a step (default 128)")
    parser.add_argument("--runs", type=int, default=15, help="pairs of steps for each line (default 15)")
    parser.add_argument("--threads", type=int, default=1, help="of torch (default 1)")
    options = parser.parse_args(argv)
    torch.set_num_threads(options.threads)
    print(
        f"heads: {options.batch} embeddings of {options.dimension} values, {options.threads} thread(s), "
        f"torch {torch.__version__}; medians of {options.runs} pairs of steps"
    )
    columns = ("peer ms", "ours ms", "ratio", "peer MB", "ours MB", "ratio")
    print(f"{'':18}{'classes':>8}", *(f"{column:>{6 if column == 'ratio' else 9}}" for column in columns))
    for name in options.losses:
        for classes in options.classes:
            _compare(name, classes, options)
    print(f"wanted: at most {TARGET_RATIO}")
    return 0


def _compare(name: str, classes: int, options: argparse.Namespace) -> None:
    theirs, ours = _steps(name, classes, options.dimension, options.batch)
    their_value, our_value = theirs(), ours()
    if not math.isclose(their_value, our_value, rel_tol=1e-3):
        raise AssertionError(f"the losses differ, {their_value} and {our_value}: this compares nothing")
    their_bytes, our_bytes = _peak_bytes(theirs), _peak_bytes(ours)
    their_times, our_times = _pairs(theirs, ours, options.runs)
    ratio = statistics.median(mine / other for other, mine in zip(their_times, our_times, strict=True))
    print(
        f"{name:18}{classes:>8,} {1e3 * statistics.median(their_times):>9.1f} "
        f"{1e3 * statistics.median(our_times):>9.1f} {ratio:>6.2f} "
        f"{their_bytes / 1e6:>9.1f} {our_bytes / 1e6:>9.1f} {our_bytes / their_bytes:>6.2f}"
    )


def _steps(name: str, classes: int, dim: int, batch: int) -> tuple[Step, Step]:
    chance = torch.Generator().manual_seed(7)
    config = LOSSES[name].head
    assert config is not None
    ours = HeadLoss(MarginHead(dim, classes, replace(config, annealing=None), chance))
    theirs = PEERS[name](classes, dim)
    theirs.W = nn.Parameter(ours.head.weight.detach().T.contiguous())
    embeddings = torch.randn(batch, dim, generator=chance).requires_grad_()
    labels = torch.randint(classes, (batch,), generator=chance)

    def step(loss: nn.Module) -> float:
        value = loss(embeddings, labels)
        value.backward()
        loss.zero_grad(set_to_none=True)
        embeddings.grad = None
        return float(value.detach())

    return lambda: step(theirs), lambda: step(ours)


def _peak_bytes(step: Step) -> int:
    step()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        step()
    assert profiler.profiler is not None
    assert profiler.profiler.kineto_results is not None
    events = [event for event in profiler.profiler.kineto_results.events() if event.name() == "[memory]"]
    held = most = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        held += event.nbytes()
        most = max(most, held)
    return most


def _pairs(first: Step, second: Step, runs: int) -> tuple[list[float], list[float]]:
    times: tuple[list[float], list[float]] = ([], [])
    gc.collect()
    for run in range(runs):
        order = ((0, first), (1, second)) if run % 2 == 0 else ((1, second), (0, first))
        for place, step in order:
            start = time.perf_counter()
            step()
            times[place].append(time.perf_counter() - start)
    return times

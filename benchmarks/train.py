"""Images a second in training: our way of a small network against the usual ways, in one run, as ratios.

All networks see the same random pictures of 112×112 and do a whole step: forward, backward through a linear
layer's cross-entropy, and SGD with momentum. They differ in form alone:

  ours           the trainer's plain network: ReLU, regular convolutions, channels last, torch.compile
  ours, eager    the same without torch.compile: what a computer without a C++ compiler gets
  PReLU          ours with PReLU in the place of ReLU; eager, NCHW in memory
  mobile blocks  the same stages and channels in the form that small face networks usually have: each regular
                 3×3 convolution is a bottleneck of MobileFaceNet's (1×1 to four times the channels, depthwise
                 3×3, 1×1; PReLU), which makes about as many multiply-adds; eager, NCHW
  MobileFaceNet  the usual network itself (Chen et al., 2018); eager, NCHW

“The plain eager form” of the wanted ratio is “mobile blocks”. Each form's figure is that of its fastest step,
which other work on the computer disturbs least.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from netcafe_face.trainer.backbones.mobilefacenet import Bottleneck
from netcafe_face.trainer.backbones.plain import PlainBlock, PlainNetwork
from netcafe_face.trainer.backbones.registry import build_backbone
from netcafe_face.trainer.backbones.report import count_multiply_adds, count_parameters
from netcafe_face.trainer.loop.compiling import maybe_compile, why_not

WANTED = 5.0
EXPANSION = 4
PLAIN_EAGER = 3
"""Place of the form that the wanted ratio is against."""

_DIM, _CLASSES = 128, 100
_IMAGE = (3, 112, 112)


@dataclass
class Form:
    """One way of training: its name, its network, and whether channels lie last in memory."""

    name: str
    network: nn.Module
    channels_last: bool
    compiled: bool = False


def main(argv: list[str]) -> int:
    """Print images a second of each form and the ratios to ours; 1 when the wanted ratio is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks train",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--backbone", default="plain-small", help="the plain network (default: plain-small)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of torch (default: all)")
    parser.add_argument("--batch", type=int, default=64, help="images a step (default: 64)")
    parser.add_argument(
        "--rounds", type=int, default=5, help="timed steps of each form, in turn (default: 5)"
    )
    options = parser.parse_args(argv)
    torch.set_num_threads(options.threads)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(
        f"train: {options.backbone}, {options.threads} thread(s), batch {options.batch}, "
        f"load of the computer before {load:.1f}"
    )
    if lacking := why_not():
        print(f"without torch.compile: {lacking}")
    forms = _forms(options.backbone)
    steps = [_step(form, options.batch) for form in forms]
    seconds = _seconds(steps, options.rounds)
    print(f"{'form':<18}{'parameters':>12}{'multiply-adds':>15}{'images/s':>10}{'ours is':>10}")
    for form, best in zip(forms, seconds, strict=True):
        print(
            f"{form.name:<18}{count_parameters(form.network) / 1e6:>10.2f} M"
            f"{count_multiply_adds(form.network, _IMAGE) / 1e6:>13.0f} M"
            f"{options.batch / best:>10.1f}{best / seconds[0]:>9.1f}×"
        )
    reached = seconds[PLAIN_EAGER] / seconds[0]
    print(f"ours against the plain eager form (mobile blocks): {reached:.1f}×; wanted at least {WANTED:g}×")
    return 0 if reached >= WANTED else 1


def _forms(backbone: str) -> list[Form]:
    def made() -> nn.Module:
        torch.manual_seed(0)
        return build_backbone(backbone, _DIM)

    return [
        Form("ours", made(), channels_last=True, compiled=True),
        Form("ours, eager", made(), channels_last=True),
        Form("PReLU", rewritten(made(), PReLUBlock), channels_last=False),
        Form("mobile blocks", rewritten(made(), mobile_blocks), channels_last=False),
        Form("MobileFaceNet", build_backbone("mobilefacenet", _DIM), channels_last=False),
    ]


class PReLUBlock(nn.Module):
    """A block of the plain network with PReLU."""

    def __init__(self, block: PlainBlock) -> None:
        super().__init__()
        self.block = block
        self.bend1, self.bend2 = (nn.PReLU(norm.num_features) for norm in (block.norm1, block.norm2))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return what the plain block would, bent otherwise."""
        block = self.block
        out = block.norm2(block.conv2(self.bend1(block.norm1(block.conv1(features)))))
        bent: torch.Tensor = self.bend2(out + block.shortcut(features))
        return bent


def mobile_blocks(block: PlainBlock) -> nn.Module:
    """Return two of MobileFaceNet's bottlenecks in the place of a plain block's two convolutions."""
    first, second = block.conv1, block.conv2
    return nn.Sequential(
        Bottleneck(first.in_channels, first.out_channels, first.stride[0], EXPANSION),
        Bottleneck(second.in_channels, second.out_channels, 1, EXPANSION),
    )


def rewritten(plain: nn.Module, block_for: Callable[[PlainBlock], nn.Module]) -> nn.Module:
    """Rewrite a plain network with PReLU and other blocks."""
    if not isinstance(plain, PlainNetwork):
        raise SystemExit("only the plain networks have a usual form to compare with")
    channels = plain.stem[1].num_features
    assert isinstance(channels, int)
    plain.stem[2] = nn.PReLU(channels)
    for place, block in enumerate(plain.stages):
        assert isinstance(block, PlainBlock)
        plain.stages[place] = block_for(block)
    return plain


def _step(form: Form, batch: int) -> Callable[[], None]:
    random = torch.Generator().manual_seed(0)
    layout = torch.channels_last if form.channels_last else torch.contiguous_format
    images = torch.randn(batch, *_IMAGE, generator=random).to(memory_format=layout)
    labels = torch.randint(_CLASSES, (batch,), generator=random)
    form.network.to(memory_format=layout).train()  # type: ignore[call-overload] # torch forgets it
    head = nn.Linear(_DIM, _CLASSES)
    network = maybe_compile(form.network, form.compiled, lambda _text: None)
    optimiser = torch.optim.SGD([*form.network.parameters(), *head.parameters()], lr=1e-3, momentum=0.9)

    def step() -> None:
        optimiser.zero_grad()
        loss = functional.cross_entropy(head(network(images)), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()

    return step


def _seconds(steps: list[Callable[[], None]], rounds: int) -> list[float]:
    """Return the fastest time of each step; they take turns, so that a busy moment hits all of them."""
    for step in steps:
        step()  # the first one compiles
    seconds = [math.inf for _ in steps]
    for _ in range(max(1, rounds)):
        for place, step in enumerate(steps):
            began = time.perf_counter()
            step()
            seconds[place] = min(seconds[place], time.perf_counter() - began)
    return seconds

"""What each of the processes does that `test_loop_distributed` starts with torchrun: FOLDER OPTIONS…"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch
from torch import nn

from netcafe_face.trainer.cli.root import run
from netcafe_face.trainer.data.crops import load_crops
from netcafe_face.trainer.loop.config import TrainConfig
from netcafe_face.trainer.loop.distributed import joined_group
from netcafe_face.trainer.loop.setup import Surroundings, make_plan
from netcafe_face.trainer.loop.training import Plan, train
from netcafe_face.trainer.loop.validation import Score


class Double(nn.Module):
    """A network that computes in float64, so that the order of sums makes no difference to be seen."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.double()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        embeddings: torch.Tensor = self.network(images.double())
        return embeddings


def in_double(plan: Plan) -> Plan:
    """Let a run compute in float64, all but its objective, and measure nothing."""
    plan.backbone = Double(plan.backbone)
    plan.validate = lambda _network, _device: Score(0.5, 0.5)
    return plan


def main(folder: Path, config: TrainConfig, options: list[str]) -> int:
    """Train once as typed and once in float64."""
    where = ["--data", folder / "crops", "--out", folder / "two", "--answers", folder / "asked"]
    code = run(["fit", *map(str, where), "--no-tensorboard", *options])
    # torchrun's meeting place serves once.
    os.environ |= {"MASTER_PORT": os.environ["NEXT_PORT"], "TORCHELASTIC_USE_AGENT_STORE": "False"}
    with joined_group() as group:
        around = Surroundings(folder / "two-double", folder / "asked", group, False, lambda _text: None)
        train(in_double(make_plan(config, load_crops(folder / "crops"), around)))
    return code


if __name__ == "__main__":
    import json

    sys.exit(main(Path(sys.argv[1]), TrainConfig.from_json(json.loads(sys.argv[2])), sys.argv[3:]))

"""What a figure is drawn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Watch = Callable[[str, int, int], None]
"""Is told what is being done, how many steps are done and how many there are."""


def silent(what: str, done: int, total: int) -> None:
    """Show no progress."""


@dataclass(frozen=True)
class FigureOptions:
    """What a figure is drawn from; without files it trains small networks on made-up people.

    Attributes:
        seed: of everything random.
        quick: train much less, to see whether it works: such a figure shows nothing of value.
        crops: a folder of crops made by `prepare`, for the figures that can show real faces' embeddings.
        models: ONNX files or model packs, for the figures that can show networks.
        model_input: what ONNX files take, see `evaluation.inputs.input_named`.
        run: a training run's folder, for the figures that can show one.
        watch: is told of progress.
    """

    seed: int = 0
    quick: bool = False
    crops: Path | None = None
    models: tuple[Path, ...] = ()
    model_input: str = "arcface"
    run: Path | None = None
    watch: Watch = silent

    def steps(self, usual: int) -> int:
        """Return how many steps to train where `usual` is the number that shows something."""
        return max(6, usual // 150) if self.quick else usual

"""All choices of a detector's training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from netcafe_face.domain.errors import N_
from netcafe_face.trainer.errors import OptionsRefused

_MAY_CHANGE = ("steps", "decay_steps", "report_every", "threads", "compile", "start_from")
"""What a run may go on with otherwise than it began: how long it is, how it is run, and where what it began
with is now."""

WHOLLY_A_FACE = 1.5
"""From this many times the least size on a face is taught as the teacher sees it."""

MOST_DEEPER = 16
"""A few blocks more, and the file would be larger than `export` allows."""


@dataclass(frozen=True)
class DetectorConfig:
    """Choices of a run.

    Attributes:
        seed: of the scenes, the first weights and the order.
        scenes: how many are made.
        side_px: of a scene.
        batch: scenes a step.
        steps: in all.
        learning_rate: between warm-up and decay.
        warmup: steps in which it rises.
        map_steps: first steps, in which each part learns by itself from the teacher's maps.
        decay_steps: last steps, in which it falls to zero along half a cosine.
        weight_decay: of AdamW (Loshchilov and Hutter, 2019).
        average: part of the averaged weights that is kept each step.
        report_every: steps between two rows of the log, each with a checkpoint.
        threads: of torch.
        compile: whether torch.compile is used.
        deeper: residual blocks of the network, see `Widths`.
        least_face_px: smaller faces are taught as nothing, and wholly as faces from half as much again, see
            `objective.compare`; 0 where all count.
        start_from: earlier runs or their checkpoints, of whose averaged weights the mean is taken; none for
            random ones.
    """

    seed: int = 1
    scenes: int = 6000
    side_px: int = 256
    batch: int = 4
    steps: int = 15000
    learning_rate: float = 4e-3
    warmup: int = 300
    map_steps: int = 0
    decay_steps: int = 6000
    weight_decay: float = 1e-3
    average: float = 0.999
    report_every: int = 200
    threads: int = 1
    compile: bool = False
    deeper: int = 0
    least_face_px: float = 0.0
    start_from: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be run."""
        positive = (self.scenes, self.batch, self.steps, self.report_every, self.threads)
        if min(positive) < 1 or min(self.warmup, self.decay_steps, self.map_steps, self.deeper) < 0:
            raise OptionsRefused(reason=N_("counts must be positive"))
        if self.deeper > MOST_DEEPER:
            raise OptionsRefused(reason=N_("so deep a network is larger than a megabyte"))
        if not 0 <= WHOLLY_A_FACE * self.least_face_px <= self.side_px:
            raise OptionsRefused(reason=N_("faces of the least size must fit into a scene"))
        if not 0 < self.learning_rate < 1 or not 0 <= self.average < 1:
            raise OptionsRefused(reason=N_("rates lie between 0 and 1"))

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> DetectorConfig:
        """Read choices back; an older run knows no later ones.

        Raises:
            OptionsRefused: there is a choice that does not exist, or one that cannot be run.
        """
        start = values.get("start_from", ())
        starts = [start] if isinstance(start, str) else start
        try:
            if not all(isinstance(each, str) for each in starts):
                raise TypeError(f"start_from {start}")
            return cls(**{**values, "start_from": tuple(each for each in starts if each)})
        except TypeError as error:
            raise OptionsRefused(reason=str(error)) from error

    def continuing(self, begun: Mapping[str, Any]) -> DetectorConfig:
        """Return the choices with which a run goes on: these, but with the weights that it began with.

        Args:
            begun: the choices it began with; an older run knows no later ones.

        Raises:
            OptionsRefused: a choice differs that may not, or it began with one that does not exist.
        """
        own, before = asdict(self), asdict(DetectorConfig.from_json(begun))
        if other := [name for name in own if name not in _MAY_CHANGE and before[name] != own[name]]:
            named = ", ".join(f"{name} {before[name]}" for name in other)
            raise OptionsRefused(reason=N_("the run began with {named}").format(named=named))
        return replace(self, start_from=before["start_from"])

    def shortened(self, steps: int) -> DetectorConfig:
        """Return the same run with another end."""
        return replace(self, steps=steps)

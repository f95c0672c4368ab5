"""From the choices of a stage-wise training to what its stages learn from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from netcafe_face.domain.faces import Image
from netcafe_face.trainer.backbones.registry import build_backbone
from netcafe_face.trainer.backbones.staged import StagedNetwork
from netcafe_face.trainer.data.crops import Crops, CropSet
from netcafe_face.trainer.data.mixing import MIXING, MixedFaces
from netcafe_face.trainer.distil.answers import Question, ask, counted, mark_of, mixed_mark, real_mark
from netcafe_face.trainer.distil.maps import ask_maps
from netcafe_face.trainer.distil.teacher import Teacher, teacher_named
from netcafe_face.trainer.errors import DataUnusable, OptionsRefused
from netcafe_face.trainer.loop.config import TrainConfig
from netcafe_face.trainer.loop.record import STAGES, record_of, refuse_another_run
from netcafe_face.trainer.stages.learning import Lessons, StageRun


class _RealThenMixed:
    def __init__(self, crops_bgr: Crops, seed: int) -> None:
        self._crops_bgr = crops_bgr
        self._mixed = MixedFaces(crops_bgr, seed)

    def __getitem__(self, number: int) -> Image:
        real = len(self._crops_bgr)
        return np.asarray(self._crops_bgr[number]) if number < real else self._mixed[number - real]


def school(
    config: TrainConfig,
    maps: Sequence[str],
    crops: CropSet,
    places: tuple[Path, Path],
    say: Callable[[str], None],
    should_stop: Callable[[], bool],
) -> bool:
    """Train a staged network from a teacher's inside.

    Args:
        config: the choices; one teacher.
        maps: the tensors of the teacher at which the stages end, but the last.
        crops: to learn from, none of them held out.
        places: the folder of the run, and that of the teacher's answers.
        say: told what happens.
        should_stop: asked after each step.

    Returns:
        Whether all stages are done.

    Raises:
        DataUnusable: there are too few crops.
        OptionsRefused: the maps do not fit the stages.
        TeacherUnusable, RunUnusable, Diverged: see `ask_maps` and `StageRun`.
    """
    if len(crops) < 2:
        raise DataUnusable(path="given", reason=f"there are only {len(crops)} crops to learn from")
    teacher = teacher_named(config.teachers[0], tuple(maps))
    torch.manual_seed(config.seed)
    network = build_backbone(config.backbone, teacher.dim)
    if not isinstance(network, StagedNetwork):
        raise OptionsRefused(reason=f"{config.backbone} has no stages")
    _check(network, teacher)
    folder, kept = places
    share = config.mixtures / (len(crops) + config.mixtures)
    config = replace(config, dim=teacher.dim, mixture_share=share)
    record = {"kind": STAGES, "maps": list(maps), **record_of(config, crops, None, [teacher])}
    refuse_another_run(record, folder)
    pixels = np.asarray(crops.crops_bgr)
    faces = _RealThenMixed(pixels, config.seed)
    mark, count = mark_of(crops), len(crops) + config.mixtures
    inside = hashlib.sha256("\n".join(maps).encode()).hexdigest()[:8]
    asked = Question(faces, count, f"{inside}-real-mixed-{MIXING}-{config.seed}-{mark}")
    store = ask_maps(
        teacher, asked, kept, config.threads, counted(say, "the teacher's maps are there for", count)
    )
    mixed = MixedFaces(pixels, config.seed)
    questions = [
        Question(pixels, len(crops), real_mark(mark)),
        Question(mixed, config.mixtures, mixed_mark(mark, config.seed)),
    ]
    answers = np.concatenate([ask(teacher, each, kept, config.threads) for each in questions if each.count])
    return StageRun(network, Lessons(faces, store, answers), config, folder, record).train(should_stop)


def _check(network: StagedNetwork, teacher: Teacher) -> None:
    """Compare the shapes of the stages with those of the teacher's maps."""
    blank = np.full((112, 112, 3), 127, dtype=np.uint8)
    theirs = [each.shape for each in teacher.maps_of(blank)]
    ours, features = [], torch.zeros(1, 3, 112, 112)
    network.eval()
    with torch.no_grad():
        for stage in network.stages:
            features = stage(features)
            ours.append(tuple(features.shape[1:]))
    if ours[:-1] != theirs:
        raise OptionsRefused(reason=f"the stages give {ours[:-1]} and the teacher's maps are {theirs}")

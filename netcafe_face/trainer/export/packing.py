"""Put a model pack together: checked, measured and described before anybody sees it, or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import onnx

from netcafe_face.domain.errors import N_
from netcafe_face.trainer.data.crops import Crops
from netcafe_face.trainer.errors import ExportFailed, OptionsRefused
from netcafe_face.trainer.evaluation.sources import NoProgress, Progress
from netcafe_face.trainer.export.card import CardRequest, compose
from netcafe_face.trainer.export.checking import (
    check_embedder,
    embed_raw,
    embedder_card,
    least_cosine_of,
    lowest_cosine,
    open_embedder,
    trial_card,
)
from netcafe_face.trainer.export.crops import spread
from netcafe_face.trainer.export.detector import DetectorFacts
from netcafe_face.trainer.export.faces import FaceSource, Kind, View, enough, look
from netcafe_face.trainer.export.figures import MeasureOptions, PackFigures, measure_pack
from netcafe_face.trainer.export.onnx import check_graph, export_onnx
from netcafe_face.trainer.export.origin import Origin
from netcafe_face.trainer.export.provenance import shared_tensors
from netcafe_face.trainer.export.runs import Stage, TrainedRun, as_record, stages_of
from netcafe_face.vision.card import CARD_NAME, PackCard, format_card
from netcafe_face.vision.detection import build_detector
from netcafe_face.vision.embedding import build_embedder
from netcafe_face.vision.packs import ModelPack, load_pack
from netcafe_face.vision.ports import Detector
from netcafe_face.vision.runtime import Runtime
from netcafe_face.vision.staging import Staging

EMBEDDER_FILE = "embedder.onnx"
_COMPARED = 256


@dataclass(frozen=True)
class PackPlan:
    """What a pack is made of.

    Attributes:
        out: the pack's folder, called as the pack; what is there is replaced.
        version: of the pack.
        embedder: a loaded training run, or an ONNX file that `export` or `quantise` wrote.
        detector: the detector.
        sources: sets to measure with; the first has one folder a person.
        looked_at: sets whose pictures all show somebody, to count in how many the detector finds nobody.
        options: how to measure.
        teachers: files of which no weight may be in the pack.
        licences: of teachers that are not known by their bytes, by file name.
        commit: of the program.
        command: that makes the pack.
    """

    out: Path
    version: str
    embedder: TrainedRun | Path
    detector: DetectorFacts
    sources: tuple[FaceSource, ...]
    options: MeasureOptions
    looked_at: tuple[FaceSource, ...] = ()
    teachers: tuple[Path, ...] = ()
    licences: Mapping[str, str] = field(default_factory=dict)
    commit: str = ""
    command: str = ""

    def __post_init__(self) -> None:
        if not self.sources or self.sources[0].kind is not Kind.PEOPLE:
            raise OptionsRefused(reason=N_("a set with one folder a person must come first"))


@dataclass(frozen=True, eq=False)
class MadePack:
    """A pack that was made.

    Attributes:
        pack: in its place.
        figures: what was measured of it.
        stages: of the embedder's training.
        detector: the detector.
        looked: where else its detector looked for faces.
        teachers: files whose weights were compared with the pack's.
    """

    pack: ModelPack
    figures: PackFigures
    stages: tuple[Stage, ...]
    detector: DetectorFacts
    looked: tuple[View, ...]
    teachers: tuple[str, ...]


def make_pack(
    plan: PackPlan, progress: Progress | None = None, say: Callable[[str], None] = lambda _text: None
) -> MadePack:
    """Make a pack: find faces with its detector, export and check its embedder, measure it, write its card.

    All of it happens in a hidden folder beside `plan.out`, which takes its place at the end.

    Raises:
        ExportFailed: the embedder cannot be exported, or a weight is a teacher's.
        OptionsRefused: the licence of a teacher is not known, or the options contradict each other.
        DataUnusable, RunUnusable, ModelError: a set, a run's record or a network cannot be used.
        OutputError: the folder cannot be written.
    """
    _refuse_trained_on(plan)
    staging, was_there = Staging(plan.out.parent), (plan.out.parent / ".staging").exists()
    try:
        with staging.locked():
            made = _built(plan, staging.build, progress or NoProgress(), say)
            folder = staging.publish(plan.out.name)
    finally:
        if not was_there:
            shutil.rmtree(plan.out.parent / ".staging", ignore_errors=True)
    return replace(made, pack=load_pack(folder))


def _built(plan: PackPlan, folder: Path, progress: Progress, say: Callable[[str], None]) -> MadePack:
    say("looking for faces with the pack's detector")
    detector = _detector(plan, folder)
    views = [enough(look(detector, source, progress)) for source in plan.sources]
    looked = tuple(look(detector, source, progress) for source in plan.looked_at)
    crops = np.concatenate([spread(view.crops.crops_bgr, _COMPARED) for view in views])
    say("checking the embedder")
    stages, dim = _put_embedder(plan, folder / EMBEDDER_FILE, crops)
    pack = _trial(plan, folder, dim)
    _refuse_shared(plan, pack)
    say("measuring")
    figures = measure_pack(pack, views, plan.options)
    request = CardRequest(
        name=plan.out.name,
        version=plan.version,
        stages=stages,
        embedder=pack.card.embedder,
        detector=replace(plan.detector, card=pack.card.detector),
        licences=plan.licences,
        command=plan.command,
        looked=looked,
    )
    pack = _write_card(folder, compose(request, figures))
    _check_pack(pack, crops)
    return MadePack(pack, figures, stages, plan.detector, looked, tuple(path.name for path in plan.teachers))


def _refuse_trained_on(plan: PackPlan) -> None:
    embedder = plan.embedder
    stages = embedder.stages if isinstance(embedder, TrainedRun) else stages_of(embedder)
    groups = {group for stage in stages for group in stage.data.get("groups", {})}
    for source in plan.sources:
        if source.everyone and source.name in groups:
            reason = f"the embedder was trained on people of {source.name}: give it with --data"
            raise OptionsRefused(reason=reason)


def _detector(plan: PackPlan, folder: Path) -> Detector:
    for name in (plan.detector.card.file, EMBEDDER_FILE):
        # The embedder is exported when there are faces to check it with; until then the detector stands in.
        shutil.copyfile(plan.detector.path, folder / name)
    return build_detector(_trial(plan, folder, dim=16), Runtime(threads=1))


def _put_embedder(plan: PackPlan, path: Path, crops: Crops) -> tuple[tuple[Stage, ...], int]:
    path.unlink()
    if isinstance(plan.embedder, TrainedRun):
        stages = plan.embedder.stages
        origin = Origin(plan.out.name, plan.commit, plan.command, as_record(stages))
        return stages, export_onnx(plan.embedder.backbone, path, crops, origin).dim
    stages = stages_of(plan.embedder)
    check_graph(onnx.load(plan.embedder))
    shutil.copyfile(plan.embedder, path)
    vectors = embed_raw(open_embedder(path), crops)
    check_embedder(path, crops, vectors)
    return stages, vectors.shape[1]


def _trial(plan: PackPlan, folder: Path, dim: int) -> ModelPack:
    paths = folder / plan.detector.card.file, folder / EMBEDDER_FILE
    card = trial_card(*paths, dim)
    detector = replace(plan.detector.card, sha256=card.detector.sha256)
    embedder = embedder_card(EMBEDDER_FILE, card.embedder.sha256, dim)
    # The real name and version, so that one that is refused is refused before anything is measured.
    named = replace(card, name=plan.out.name, version=plan.version)
    return _write_card(folder, replace(named, detector=detector, embedder=embedder))


def _write_card(folder: Path, card: PackCard) -> ModelPack:
    text = "# Written by “train pack” from what was measured; the program checks every field.\n"
    (folder / CARD_NAME).write_text(text + format_card(card), encoding="utf-8")
    return load_pack(folder)


def _refuse_shared(plan: PackPlan, pack: ModelPack) -> None:
    shared = shared_tensors([pack.detector_path, pack.embedder_path], plan.teachers)
    if shared:
        raise ExportFailed(reason=f"a weight of the pack is a teacher's: {shared[0]}")


def _check_pack(pack: ModelPack, crops: Crops) -> None:
    """Embed faces as the program will, and compare with ONNX Runtime alone."""
    seen = build_embedder(pack, Runtime(threads=1)).embed(crops)
    lowest = lowest_cosine(seen, embed_raw(open_embedder(pack.embedder_path), crops))
    if lowest < least_cosine_of(pack.embedder_path):
        raise ExportFailed(reason=f"the finished pack gives other embeddings: cosine {lowest:.5f}")

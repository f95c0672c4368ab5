"""A pack's card, composed of what was recorded and measured: no figure of it is typed by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from netcafe_face.domain.matching import ThresholdCurve
from netcafe_face.trainer.backbones.registry import build_backbone
from netcafe_face.trainer.backbones.report import count_parameters
from netcafe_face.trainer.data.split import SPLIT_SENTENCE
from netcafe_face.trainer.evaluation.rates import FEWEST_ACCEPTS
from netcafe_face.trainer.evaluation.tail import ANCHOR, SLOPE_FROM
from netcafe_face.trainer.export.detector import DetectorFacts
from netcafe_face.trainer.export.faces import Kind, View
from netcafe_face.trainer.export.figures import HARDSHIP_FAR, PackFigures
from netcafe_face.trainer.export.hardships import SMALL_PX
from netcafe_face.trainer.export.runs import Stage
from netcafe_face.trainer.export.teachers import licensed
from netcafe_face.trainer.export.terms import terms
from netcafe_face.trainer.export.words import count, percent, rate
from netcafe_face.trainer.loop.config import NO_LOSS
from netcafe_face.vision import sentences
from netcafe_face.vision.card import EmbedderCard, PackCard

COMMERCIAL_USE = "owner-decides"


@dataclass(frozen=True)
class CardRequest:
    """What a card is composed of beside the figures.

    Attributes:
        name: of the pack.
        version: of the pack.
        stages: of the embedder's training, the first one first.
        embedder: what the file takes and gives.
        detector: the detector.
        licences: of teachers that are not known by their bytes, by file name.
        command: that measured the thresholds.
        looked: sets in which the detector looked for faces, besides those of the figures.
    """

    name: str
    version: str
    stages: tuple[Stage, ...]
    embedder: EmbedderCard
    detector: DetectorFacts
    licences: Mapping[str, str]
    command: str
    looked: tuple[View, ...] = ()


def compose(request: CardRequest, figures: PackFigures) -> PackCard:
    """Compose a card.

    Raises:
        OptionsRefused: the licence of a teacher is not known.
    """
    points = tuple(one.point for one in figures.chosen)
    told = terms(request.name, request.detector.origin)
    return PackCard(
        name=request.name,
        version=request.version,
        licence=told.licence,
        licence_note=told.note,
        commercial_use=COMMERCIAL_USE,
        source=told.source,
        trained_on=" ".join([*embedder_learned(request.stages, request.licences), *request.detector.learned]),
        weaknesses=(
            *embedder_weak(figures),
            *request.detector.weak,
            *_missed((figures.main, *request.looked)),
            *unknown(figures),
        ),
        split=SPLIT_SENTENCE,
        detector=request.detector.card,
        embedder=request.embedder,
        thresholds=ThresholdCurve(points, measured_on(figures)),
        thresholds_command=request.command,
    )


def embedder_learned(stages: Sequence[Stage], licences: Mapping[str, str]) -> list[str]:
    """Say what the embedder learned from, over all stages of its training."""
    last = stages[-1]
    teachers = licensed([teacher for stage in stages for teacher in stage.teachers], licences)
    losses = list(dict.fromkeys(one.config.loss for one in stages if one.config.loss != NO_LOSS))
    mixtures = max(one.config.mixtures for one in stages)
    said = [
        sentences.LEARNED.format(
            backbone=last.config.backbone,
            parameters=count(count_parameters(build_backbone(last.config.backbone, last.config.dim))),
            crops=count(max(int(one.data["crops"]) for one in stages)),
            sets=_sets(stages),
        )
    ]
    if teachers:
        said.append(sentences.TAUGHT.format(teachers=", ".join(teachers)))
    if mixtures:
        said.append(sentences.MIXTURES.format(mixtures=count(mixtures)))
    if losses:
        people = max(int(one.data["people"]) for one in stages if one.config.loss != NO_LOSS)
        said.append(sentences.NAMES.format(losses=", ".join(losses), people=count(people)))
    said += [
        sentences.STAGE.format(
            number=number,
            steps=count(stage.step),
            batch=stage.config.batch,
            epochs=f"{stage.epochs:.1f}",
            hours=f"{stage.seconds / 3600:.1f}",
            seed=stage.config.seed,
        )
        for number, stage in enumerate(stages, start=1)
    ]
    return said


def embedder_weak(figures: PackFigures) -> list[str]:
    """Say how often the embedder is right, and when less."""
    accuracy, main = figures.measured.accuracy, figures.sets[0]
    if accuracy is None:
        return [sentences.NO_ACCURACY]
    at_1e3 = figures.rate(1e-3)
    low, high = at_1e3.tar_interval
    said = [
        sentences.ACCURACY.format(
            accuracy=percent(accuracy.mean),
            people=count(main.scores.people),
            set=main.name,
            pairs=count(figures.protocol_pairs),
            tar=percent(at_1e3.point.tar),
            low=percent(low),
            high=percent(high),
        ),
        sentences.NAMED.format(tar=percent(figures.named_tar)),
    ]
    words = {"mask": sentences.MASK, "small": sentences.SMALL, "dark": sentences.DARK}
    said += [
        words[hard.name].format(
            tar=percent(hard.tar),
            plain=percent(hard.plain),
            side=SMALL_PX,
            strangers=count(round(1 / HARDSHIP_FAR)),
        )
        for hard in figures.hard
    ]
    return said


def unknown(figures: PackFigures) -> list[str]:
    """Say what was not measured."""
    groups = [group for group in figures.measured.groups if not group.too_small]
    said = [
        sentences.GROUP.format(
            group=one.group, people=count(one.people), tar=percent(one.tar), far=f"{one.far:.2%}"
        )
        for one in groups
    ]
    said.append(sentences.NOT_MEASURED)
    if not groups:
        said.append(sentences.NO_GROUPS)
    if any("lfw" in view.source.name.casefold() for view in figures.views):
        said.append(sentences.LFW_PEOPLE)
    return said


def measured_on(figures: PackFigures) -> str:
    """Say what the thresholds were measured on, and how those were found that no set carries."""
    said = []
    for view, one in zip(figures.views, figures.sets, strict=True):
        points = [rate(chosen.point.far) for chosen in figures.chosen if chosen.set_name == one.name]
        words = sentences.DISTINCT_ON if view.source.kind is Kind.DISTINCT else sentences.MEASURED_ON
        said.append(
            words.format(
                set=one.name,
                faces=count(one.scores.faces),
                people=count(one.scores.people),
                pairs=count(one.scores.impostor_pairs),
                points=", ".join(points) or "–",
            )
        )
    if not any(view.source.everyone for view in figures.views):
        said.append(sentences.ONLY_HELD_OUT)
    if len(figures.sets) > 1:
        said.append(sentences.STRICTEST)
    if any(one.point.extrapolated for one in figures.chosen):
        said.append(sentences.EXTRAPOLATED.format(accepts=FEWEST_ACCEPTS, anchor=ANCHOR, used=SLOPE_FROM))
    return " ".join(said)


def _missed(views: Sequence[View]) -> list[str]:
    said = []
    for view in views:
        name = view.source.name
        missed = sentences.MISSED.format(missed=count(view.faceless), pictures=count(view.pictures), set=name)
        twins = sentences.TWINS.format(pictures=count(view.twins), set=name)
        said.append(f"{missed} {twins}" if view.twins else missed)
    return said


def _sets(stages: Sequence[Stage]) -> str:
    sizes: dict[str, int] = {}
    for stage in stages:
        for group, size in dict(stage.data.get("groups", {})).items():
            sizes[group] = max(int(size), sizes.get(group, 0))
    return ", ".join(f"{group} ({count(size)})" for group, size in sorted(sizes.items())) or "–"

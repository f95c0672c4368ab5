"""The model card: how a pack was made, how well it does, and what it cannot do, as Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from netcafe_face.trainer.detector.choosing import SHRUNK
from netcafe_face.trainer.detector.config import WHOLLY_A_FACE
from netcafe_face.trainer.detector.history import DetectorStage
from netcafe_face.trainer.export.figures import HARDSHIP_FAR
from netcafe_face.trainer.export.packing import MadePack
from netcafe_face.trainer.export.words import count, percent, rate
from netcafe_face.trainer.loop.config import NO_LOSS

_MEANINGS = {
    "mask": "a mask painted on one face",
    "small": "one face shrunk",
    "dark": "one face dark and noisy",
}


@dataclass(frozen=True)
class Charts:
    """Pictures of the curves, relative to the card; "" where there is none."""

    embedder: str = ""
    detector: str = ""


def model_card(made: MadePack, commands: Sequence[str], charts: Charts) -> str:
    """Compose the model card of a pack.

    Args:
        made: the pack with its figures.
        commands: exact commands, in order, that made it.
        charts: the curves.
    """
    card = made.pack.card
    parts = [
        f"# Model card: {card.name} {card.version}\n",
        "Written by `train pack`; every figure comes from its last run.\n",
        *_how(made, commands, charts),
        *_how_well(made),
        *_thresholds(made),
        *_detector(made),
        "## What it cannot do\n",
        *(f"- {text}" for text in card.weaknesses),
        "",
        "## Licence\n",
        f"{card.licence}. {card.licence_note}\n",
        _own(made),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _how(made: MadePack, commands: Sequence[str], charts: Charts) -> Iterator[str]:
    yield "## How it was made\n"
    yield made.pack.card.trained_on + "\n"
    yield made.pack.card.split + "\n"
    yield "```sh"
    yield from commands
    yield "```\n"
    yield "| stage | backbone | loss | teachers | faces | steps × batch | hours | seed | commit |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for number, stage in enumerate(made.stages, start=1):
        config = stage.config
        cells = (
            str(number),
            f"{config.backbone}, {config.dim} values",
            "–" if config.loss == NO_LOSS else config.loss,
            ", ".join(str(teacher["file"]) for teacher in stage.teachers) or "–",
            f"{count(int(stage.data['crops']))} and {count(config.mixtures)} mixtures",
            f"{count(stage.step)} × {config.batch}",
            f"{stage.seconds / 3600:.1f}",
            str(config.seed),
            stage.commit or "–",
        )
        yield _row(cells)
    yield ""
    if charts.embedder:
        shown = "Objective, accuracy and TAR on held-out people against hours of training"
        yield f"![{shown}]({charts.embedder})\n"
    yield from _how_the_detector(made.detector.stages)
    if charts.detector:
        yield f"![Errors of the detector's score and points against scenes shown]({charts.detector})\n"
        yield (
            "Errors on the scenes that were learned from: those of different stages do not compare, nor "
            "do those of a stage's first steps, where each part is fed with the teacher's maps "
            f"({', '.join(count(stage.config.map_steps) for stage in made.detector.stages)} steps).\n"
        )


def _how_the_detector(stages: Sequence[DetectorStage]) -> Iterator[str]:
    if not stages:
        return
    yield (
        "| stage of the detector | begins with | scenes | places shown more often "
        "| smallest face "
        "| residual blocks | steps × batch | learning rate | hours | seed | commit |"
    )
    yield f"{11 * '|---'}|"
    for number, stage in enumerate(stages, start=1):
        config = stage.config
        yield _row(
            (
                str(number),
                _beginning(stage.began_with),
                count(config.scenes),
                count(int(stage.store.get("spots", 0))),
                _least(config.least_face_px),
                str(2 * config.deeper),
                f"{count(stage.steps)} × {config.batch}",
                f"{config.learning_rate:g}",
                "–" if math.isnan(stage.seconds) else f"{stage.seconds / 3600:.1f}",
                str(config.seed),
                stage.commit or "–",
            )
        )
    yield ""


def _how_well(made: MadePack) -> Iterator[str]:
    figures, main = made.figures, made.figures.main
    measured, scores = figures.measured, figures.sets[0].scores
    yield "## How well it does\n"
    yield (
        f"On {main.source.name}, cut out by the pack's own detector: {count(scores.faces)} faces of "
        f"{count(scores.people)} people, {count(scores.genuine_pairs)} true pairs and "
        f"{count(scores.impostor_pairs)} pairs of strangers. No flips, no averages. Intervals of 95% come "
        "from drawing people again, and are never narrower than Wilson's. The same people chose at which "
        "step the training is best, which makes these figures a little too good.\n"
    )
    yield "| figure | value | 95% interval |\n|---|---|---|"
    if measured.accuracy is not None:
        folds = f"{count(figures.protocol_pairs)} pairs, ten folds"
        spread = f"± {100 * measured.accuracy.standard_error:.2f} (standard error)"
        yield _row((f"verification accuracy ({folds})", f"{measured.accuracy.mean:.2%}", spread))
    for each in measured.rates:
        low, high = each.tar_interval
        mark = " (extrapolated)" if each.point.extrapolated else ""
        name = f"TAR at FAR {rate(each.point.far)}{mark}"
        yield _row((name, percent(each.point.tar), f"{percent(low)} to {percent(high)}"))
    if measured.eer is not None:
        yield _row(("equal error rate", f"{measured.eer[0]:.2%}", ""))
    if measured.closed is not None:
        closed = measured.closed
        name = f"rank 1 among {count(closed.people)} people"
        yield _row((name, percent(closed.rank1), f"{percent(closed.low)} to {percent(closed.high)}"))
    for hard in figures.hard:
        name = (
            f"true pairs accepted with {_MEANINGS[hard.name]}, at the threshold of FAR {rate(HARDSHIP_FAR)} "
            f"(strangers accepted: {hard.far:.3%})"
        )
        yield _row((name, percent(hard.tar), f"{percent(hard.plain)} without"))
    for group in measured.groups:
        told = "too few" if group.too_small else f"{percent(group.tar_low)} to {percent(group.tar_high)}"
        yield _row(
            (f"TAR of the group “{group.group}” ({count(group.people)} people)", _nan(group.tar), told)
        )
    yield _row(("ONNX Runtime, one face on one thread", f"{figures.ms_per_face:.1f} ms", ""))
    yield _row(("embedder's file", f"{figures.embedder_bytes / 1e6:.1f} MB", ""))
    yield _row(("detector's file", f"{figures.detector_bytes / 1e6:.2f} MB", ""))
    yield _row(
        ("photos in which the detector finds no face", f"{main.faceless} of {count(main.pictures)}", "")
    )
    yield ""


def _thresholds(made: MadePack) -> Iterator[str]:
    yield "## Thresholds\n"
    yield made.pack.card.thresholds.measured_on + "\n"
    yield "| FAR | cosine | 95% interval | set | pairs of strangers | true pairs accepted |"
    yield "|---|---|---|---|---|---|"
    for one in made.figures.chosen:
        point = one.point
        yield _row(
            (
                rate(point.far),
                f"{point.threshold:.4f}" + (" (extrapolated)" if point.extrapolated else ""),
                f"{point.low:.4f} to {point.high:.4f}",
                one.set_name,
                count(point.impostor_pairs),
                _nan(one.tar),
            )
        )
    yield f"\n```sh\n{made.pack.card.thresholds_command}\n```\n"


def _detector(made: MadePack) -> Iterator[str]:
    figures: Any = made.detector.figures
    if not figures.get("agreement"):
        return
    yield "## The detector against YuNet\n"
    yield f"Faces of {figures['counted_from_px']:g} pixels and more; errors in distances between the eyes.\n"
    again = ("median error where both take the program's second look",) if figures["second_look_px"] else ()
    heads = ("set", "pictures", "faces", "found", "median error", *again, "further boxes a picture")
    yield _row(heads)
    yield f"{len(heads) * '|---'}|"
    for one in figures["agreement"]:
        cells = (one["sheet"], one["pictures"], one["faces"], percent(one["recall"]))
        errors = [percent(one[name]) for name in ("error_median", "second_median")[: 1 + len(again)]]
        yield _row((*map(str, cells), *errors, f"{one['extra']:.2f}"))
    yield ""
    if moved := figures.get("tremble"):
        yield (
            f"- Shown again at {SHRUNK:.0%} of its size, a face's points move by {percent(moved['own'])} of "
            f"the distance between the eyes ({percent(moved['own_looked'])} after the second look), YuNet's "
            f"own by {percent(moved['reference'])}: so unsteady is what the errors are measured from.\n"
        )
    for size, (own, other) in dict(figures.get("milliseconds", {})).items():
        yield f"- A picture of {size.replace('x', '×')} takes {own:.1f} ms, YuNet {other:.1f} ms (OpenCV).\n"


def _least(face_px: float) -> str:
    return f"{face_px:g} to {WHOLLY_A_FACE * face_px:g} px" if face_px else "any size"


def _beginning(numbers: Sequence[int]) -> str:
    if not numbers:
        return "random weights"
    return f"stage {numbers[0]}" if len(numbers) == 1 else f"mean of stages {', '.join(map(str, numbers))}"


def _own(made: MadePack) -> str:
    own = made.pack.card.source
    if made.teachers:
        own += (
            " No weight tensor of the pack's networks is in one of the teachers' files (compared: "
            f"{', '.join(made.teachers)})."
        )
    return own + "\n"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _nan(share: float) -> str:
    return "–" if math.isnan(share) else percent(share)

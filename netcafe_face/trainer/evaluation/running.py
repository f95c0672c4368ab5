"""One evaluation from beginning to end: read the test, check for leakage, embed, measure, write."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from netcafe_face.domain.errors import N_, OutputError
from netcafe_face.trainer.distil.teacher import TeacherInput
from netcafe_face.trainer.errors import OptionsRefused
from netcafe_face.trainer.evaluation.embedding import OnnxEmbedder, load_embedder
from netcafe_face.trainer.evaluation.groups import read_groups
from netcafe_face.trainer.evaluation.inputs import describe, input_named
from netcafe_face.trainer.evaluation.leakage import check_leakage, seen_in
from netcafe_face.trainer.evaluation.material import Material
from netcafe_face.trainer.evaluation.measuring import Measured, Network, Options, measure
from netcafe_face.trainer.evaluation.plots import draw_all
from netcafe_face.trainer.evaluation.report import Evaluation
from netcafe_face.trainer.evaluation.sources import NoProgress, Progress, SourceOptions, load_material

_NOT_COMPARED = (
    "What the networks were trained on was not given, so nobody checked that the test's people are strangers "
    "to them (--train-names)."
)


_BY_SPLIT = (
    "What the networks were trained on was not given, so only their split tells who are strangers to them, "
    "by the names as they are spelt here (--train-names)."
)


@dataclass(frozen=True)
class Request:
    """What to evaluate, on what and how.

    Attributes:
        models: ONNX files and folders of packs.
        data: what `load_material` reads.
        inputs: what the ONNX files take, as `input_named` reads it: none for what `load_embedder` takes them
            for, one for all of them, or one each in their order.
        source: how to read the data.
        groups: a CSV of names and groups.
        trained_on: what `seen_in` reads.
        allowed: names that may be in training and test.
        threads: for networks.
        seed: chooses pairs, galleries and draws.
        draws: how often people are drawn again for intervals.
        command: what repeats it, for the report.
    """

    models: tuple[Path, ...]
    data: Path
    inputs: tuple[str, ...] = ()
    source: SourceOptions = field(default_factory=SourceOptions)
    groups: Path | None = None
    trained_on: Path | None = None
    allowed: tuple[str, ...] = ()
    threads: int = 0
    seed: int = 0
    draws: int = 200
    command: str = ""


def evaluate(request: Request, progress: Progress | None = None) -> Evaluation:
    """Evaluate networks, all on the same faces and pairs.

    Networks are loaded before the data, so that one that cannot be used stops nothing half done.

    Raises:
        NetworkUnusable, ModelError: a network cannot be used.
        DataUnusable: the data, the groups or the list of names cannot be used, or nobody is left whom the
            networks' split holds out.
        LeakageFound: people of the test were trained on.
        OptionsRefused: the options contradict each other.
    """
    told = progress or NoProgress()
    networks = _load(request)
    groups = read_groups(request.groups) if request.groups else {}
    seen = seen_in(request.trained_on) if request.trained_on else None
    if request.allowed and seen is None:
        raise OptionsRefused(reason=N_("--allow-shared needs --train-names"))
    ours = tuple(network.name for network in networks if network.follows_split)
    source = replace(request.source, seed=request.seed, ours=ours)
    material = load_material(request.data, source, told)
    leakage = _BY_SPLIT if len(ours) == len(networks) and material.people else _NOT_COMPARED
    if seen is not None:
        leakage = check_leakage(material.names, material.crops_bgr, seen, request.allowed).sentence()
    options = Options(seed=request.seed, draws=request.draws, groups=groups)
    results = tuple(_measured(network, material, options, told) for network in networks)
    remarks = [f"{network.name}: {network.remark}" for network in networks if network.remark]
    sentences = (*material.sentences(), leakage, *remarks)
    return Evaluation(material.title, sentences, results, request.command)


def write_report(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Write report.md, report.json and the figures, and return the files.

    Raises:
        OutputError: a file cannot be written.
    """
    path = folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        texts = {
            "report.json": json.dumps(evaluation.as_json(), ensure_ascii=False, indent=1),
            "report.md": evaluation.as_markdown(),
        }
        for name, text in texts.items():
            path = folder / name
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(path=path, reason=error.strerror or str(error)) from error
    return [folder / name for name in texts] + draw_all(evaluation.results, evaluation.title, folder)


def _load(request: Request) -> list[OnnxEmbedder]:
    files = [path for path in request.models if not path.is_dir()]
    inputs: list[TeacherInput | None] = [input_named(text) for text in request.inputs]
    inputs = inputs or [None]
    if len(inputs) == 1:
        inputs *= len(files)
    if len(inputs) != len(files):
        raise OptionsRefused(reason=f"{len(inputs)} inputs are given for {len(files)} ONNX files")
    expects = iter(inputs)
    return _told_apart(
        [
            load_embedder(path, None if path.is_dir() else next(expects), request.threads)
            for path in request.models
        ]
    )


def _told_apart(networks: Sequence[OnnxEmbedder]) -> list[OnnxEmbedder]:
    """Rename networks that have one name, by their folders and numbers."""
    names = [network.name for network in networks]
    for number, network in enumerate(networks, start=1):
        if names.count(network.name) > 1:
            network.name = f"{network.path.resolve().parent.name}/{network.path.name} ({number})"
    return list(networks)


def _measured(network: OnnxEmbedder, material: Material, options: Options, told: Progress) -> Measured:
    count = len(material.names)
    told.begin(count, network.name)
    embeddings = network.embed(material.crops_bgr, told.advance)
    facts = Network(
        name=network.name,
        sha256=network.sha256,
        input=describe(network.expects),
        dim=network.dim,
        ms_per_face=1000 * network.seconds / count,
        batch=network.batch,
        threads=network.threads,
    )
    return measure(facts, embeddings, material, options)

"""Measure a pack's cosine thresholds at false-accept rates, on people given by folder or tar.

A set is a folder or tar with one folder a person (`Name/Name_0001.jpg`), or, with `--distinct`, a folder of
pictures in which every face is another person. With `--held-out` only the people whom this project never
trains on count. With `--seen` a set says that the network was trained on these pictures: strangers look less
alike there than strangers it never saw, so `--seen-gap` is added, and what rests on such a set is marked as
extrapolated. At every rate the highest threshold of all sets counts; rates that fewer than ten false accepts
carry are extrapolated and marked. `train pack` measures the same way what it writes into a card.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from netcafe_face.trainer.evaluation.sources import NoProgress
from netcafe_face.trainer.export.faces import FaceSource, Kind, enough, look
from netcafe_face.trainer.export.thresholds import Chosen, SeenFaces, SetRates, choose, set_rates
from netcafe_face.vision.detection import build_detector
from netcafe_face.vision.embedding import build_embedder
from netcafe_face.vision.packs import ModelPack, load_pack
from netcafe_face.vision.runtime import Runtime


def main(argv: list[str]) -> int:
    """Run the measurement and print the card's threshold section."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks thresholds", description=__doc__)
    parser.add_argument("--pack", type=Path, default=Path("models/netcafe-mini"))
    for name, meaning in (
        ("--people", "folder or tar, one folder a person"),
        ("--held-out", "like --people, but only those whom this project never trains on"),
        ("--seen", "like --people, and the network was trained on it"),
        ("--distinct", "folder, every face another person"),
    ):
        parser.add_argument(name, type=Path, action="append", default=[], help=meaning)
    parser.add_argument("--seen-gap", type=float, default=0.0, help="cosine added to thresholds of --seen")
    options = parser.parse_args(argv)
    pack = load_pack(options.pack)
    sources = [FaceSource(path, everyone=True) for path in (*options.seen, *options.people)]
    sources += [FaceSource(path) for path in options.held_out]
    sources += [FaceSource(path, Kind.DISTINCT, everyone=True) for path in options.distinct]
    sets = [_measure(pack, source) for source in sources]
    seen = len(options.seen)
    sets = [_raised(one, options.seen_gap) for one in sets[:seen]] + sets[seen:]
    _report(sets, choose(sets))
    return 0


def _measure(pack: ModelPack, source: FaceSource) -> SetRates:
    runtime = Runtime()
    view = enough(look(build_detector(pack, runtime), source, NoProgress()))
    embeddings = build_embedder(pack, runtime).embed(np.asarray(view.crops.crops_bgr))
    return set_rates(SeenFaces(source.name, embeddings, view.owners))


def _raised(rates: SetRates, gap: float) -> SetRates:
    """Raise the thresholds of a set that was trained on; those it carries count as measured for choosing."""
    points = [
        replace(
            point,
            threshold=point.threshold + gap,
            threshold_low=point.threshold_low + gap,
            threshold_high=point.threshold_high + gap,
        )
        for point in rates.points
    ]
    return replace(rates, name=f"{rates.name} (seen)", points=tuple(points))


def _report(sets: Sequence[SetRates], chosen: Sequence[Chosen]) -> None:
    for one in sets:
        scores = one.scores
        print(
            f"# {one.name}: {scores.faces} faces of {scores.people} people, {scores.impostor_pairs} impostor "
            f"and {scores.genuine_pairs} genuine pairs"
        )
        for rate in one.points:
            if not rate.extrapolated:
                shown = "" if math.isnan(rate.tar) else f", genuine pairs accepted {rate.tar:.1%}"
                print(f"#   FAR {rate.far:.0e}: cosine {rate.threshold:.3f}{shown}")
    for each in chosen:
        point = each.point
        extrapolated = point.extrapolated or each.set_name.endswith("(seen)")
        print(f"[[thresholds.points]]  # {each.set_name}\nfar = {point.far:.0e}\ncosine = {point.threshold}")
        print(f"low = {point.low}\nhigh = {point.high}\nimpostor_pairs = {point.impostor_pairs}")
        print(f"extrapolated = {str(extrapolated).lower()}\n")

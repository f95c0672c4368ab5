"""Compare our Recognizer with insightface's loop: same photos, same networks, one run, pair by pair.

The loop is the one of insightface's `FaceAnalysis.get`: detect, then for every face align with `norm_crop`
and embed it alone. Both get the same detector: the difference is alignment, quality, batching and matching.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from netcafe_face.domain.faces import Image
from netcafe_face.gallery.index import GalleryIndex
from netcafe_face.pipeline.recognizer import Recognizer
from netcafe_face.vision.detection import build_detector
from netcafe_face.vision.embedding import build_embedder
from netcafe_face.vision.images import read_image
from netcafe_face.vision.packs import load_pack
from netcafe_face.vision.ports import Detector
from netcafe_face.vision.runtime import Runtime, provider_names, session_options

FACES = (1, 5, 20)


def main(argv: list[str]) -> int:
    """Print the median ratio of times for pictures with 1, 5 and 20 faces."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks recognise", description=__doc__)
    parser.add_argument("--pack", type=Path, default=Path(__file__).parents[1] / "models" / "netcafe-mini")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(argv)
    pack = load_pack(options.pack)
    runtime = Runtime(threads=options.threads)
    detector = build_detector(pack, runtime)
    ours = Recognizer(detector, build_embedder(pack, runtime), pack.card.thresholds, pack.pack_id)
    peer = _insightface_embedder(pack.embedder_path, pack.card.embedder.mean, pack.card.embedder.std, runtime)
    snapshot = GalleryIndex(pack.pack_id).snapshot()
    print(f"recognise: {pack.card.name}, {options.threads} thread(s), {options.runs} pairs of runs")
    print(f"{'faces':>6} {'ours ms':>9} {'loop ms':>9} {'ours/loop':>10}   (medians; ratio pair by pair)")
    for count in FACES:
        picture = mosaic(detector, count)
        mine, theirs = _pairs(
            lambda picture=picture: ours.recognise(picture, snapshot),  # type: ignore[misc]
            lambda picture=picture: _loop(detector, peer, picture),  # type: ignore[misc]
            options.runs,
        )
        ratio = statistics.median(a / b for a, b in zip(mine, theirs, strict=True))
        print(
            f"{count:>6} {1e3 * statistics.median(mine):>9.1f} {1e3 * statistics.median(theirs):>9.1f} "
            f"{ratio:>10.2f}"
        )
    return 0


def mosaic(detector: Detector, count: int) -> Image:
    """Lay `count` faces of insightface's group photo out on one 1280×960 picture."""
    spec = find_spec("insightface")
    if spec is None or spec.origin is None:
        raise RuntimeError("insightface is not installed")
    group = read_image(Path(spec.origin).parent / "data" / "images" / "t1.jpg")
    cells = [_cell(group, face.box) for face in detector.detect(group)[:6]]
    picture = np.full((960, 1280, 3), 90, dtype=np.uint8)
    columns = 5
    for number in range(count):
        top, left = (number // columns) * 240 + 8, (number % columns) * 256 + 16
        picture[top : top + 224, left : left + 224] = cells[number % len(cells)]
    found = len(detector.detect(picture))
    if found != count:
        raise RuntimeError(f"the mosaic of {count} faces shows {found} to the detector")
    return picture


def _cell(group: Image, box: Any) -> Image:
    import cv2

    x, y, w, h = (float(value) for value in box)
    half = 0.8 * max(w, h)
    middle_x, middle_y = x + w / 2, y + h / 2
    scale = 224 / (2 * half)
    shift = np.array(
        [[scale, 0, 112 - scale * middle_x], [0, scale, 112 - scale * middle_y]], dtype=np.float64
    )
    cell = cv2.warpAffine(group, shift, (224, 224), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cell, dtype=np.uint8)


def _insightface_embedder(path: Path, mean: float, std: float, runtime: Runtime) -> Any:
    from insightface import model_zoo

    return model_zoo.get_model(
        str(path),
        model_task="recognition",
        model_metadata={"preprocessing": {"mean": mean, "std": std}},
        providers=provider_names(runtime),
        sess_options=session_options(runtime),
    )


def _loop(detector: Detector, embedder: Any, picture: Image) -> list[Any]:
    from insightface.app.common import Face

    faces = []
    for found in detector.detect(picture):
        face = Face(bbox=found.box, kps=found.landmarks, det_score=found.score)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            embedder.get(picture, face)
        faces.append(face)
    return faces


def _pairs(
    mine: Callable[[], object], theirs: Callable[[], object], runs: int
) -> tuple[list[float], list[float]]:
    mine(), theirs()
    times: tuple[list[float], list[float]] = ([], [])
    for run in range(runs):
        # The order alternates, so that neither always finds the warmer cache.
        for which in (0, 1) if run % 2 else (1, 0):
            started = time.perf_counter()
            (mine, theirs)[which]()
            times[which].append(time.perf_counter() - started)
    return times

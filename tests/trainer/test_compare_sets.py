"""Further sets of a comparison: measured beside the held-out people, unless they leak."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from netcafe_face.trainer.compare.plan import ComparePlan
from netcafe_face.trainer.compare.report import write_report
from netcafe_face.trainer.compare.running import Comparison
from netcafe_face.trainer.compare.sets import read_sets
from netcafe_face.trainer.data.crops import Crops, CropSet
from netcafe_face.trainer.errors import LeakageFound, OptionsRefused
from tests.trainer.kit import faces, people, tiny


def bin_of(path: Path, crops_bgr: Crops) -> Path:
    """A verification set as insightface writes it: each two neighbours are a pair, by turns of one person."""
    pictures = [cv2.imencode(".jpg", crop)[1].tobytes() for crop in crops_bgr]
    path.write_bytes(pickle.dumps((pictures, [pair % 2 == 0 for pair in range(len(pictures) // 2)]), 2))
    return path


def strangers() -> Crops:
    """Twenty pairs of pictures of people who are in no other set."""
    return np.ascontiguousarray(faces(140, 2)[-40:, ::-1])


def test_a_set_is_measured_beside_the_held_out_people_and_the_report_says_what_was_compared(
    tmp_path: Path,
) -> None:
    crops = people(training=6, held_out=30, each=2)
    sets = read_sets([f"cfp-fp={bin_of(tmp_path / 'cfp_fp.bin', strangers())}"], crops)
    plan = ComparePlan(("softmax",), (0,), (0.05,), 2, tiny(steps=2, validate_every=2, patience=5))
    outcomes = Comparison(plan, crops, tmp_path / "out", sets, say=[].append).run()
    assert 0 <= outcomes[0].accuracies["cfp-fp"] <= 1
    write_report(plan, crops, outcomes, tmp_path / "out", "made by hand")
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "| accuracy, cfp-fp (%) |" in text
    assert "cfp-fp: no picture of these sets is trained on" in text


def test_a_set_of_pictures_that_are_trained_on_is_refused_whatever_it_is_called(tmp_path: Path) -> None:
    crops = people(training=20, held_out=30, each=2)
    copied = bin_of(tmp_path / "faces.bin", crops.training().crops_bgr)
    with pytest.raises(LeakageFound):
        read_sets([f"faces={copied}"], crops)


@pytest.mark.parametrize(("name", "file"), [("lfw", "pairs.bin"), ("faces", "lfw.bin")])
@pytest.mark.parametrize("told_by", ["group", "photo"])
def test_lfws_own_pairs_are_refused_where_its_photos_are_trained_on(
    tmp_path: Path, name: str, file: str, told_by: str
) -> None:
    crops = people(training=6, held_out=30, each=2)
    records = tuple(
        replace(record, group="LFW-people")
        if told_by == "group"
        else replace(record, source=f"{record.name}/{record.name}_0001.jpg")
        for record in crops.records
    )
    with pytest.raises(OptionsRefused, match="LFW's pairs"):
        read_sets([f"{name}={bin_of(tmp_path / file, strangers())}"], CropSet(crops.crops_bgr, records))


@pytest.mark.parametrize("texts", [["cfp"], ["=a.bin"], ["a=a.bin", "a=a.bin"]])
def test_a_set_is_given_once_with_its_name(tmp_path: Path, texts: list[str]) -> None:
    file = bin_of(tmp_path / "a.bin", strangers())
    with pytest.raises(OptionsRefused, match="NAME=FILE"):
        read_sets([text.replace("a.bin", str(file)) for text in texts], people(held_out=0))

"""The sets that face recognition is measured on are read as they are published, and say what they lack."""

from __future__ import annotations

import pickle
import tarfile
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest

from netcafe_face.domain.faces import Image
from netcafe_face.trainer.data.protocols import (
    NamedPair,
    cfp_pairs,
    identity_of,
    lfw_pairs,
    listed_pairs,
    read_pairs,
)
from netcafe_face.trainer.data.verification_sets import (
    VerificationSet,
    load_bin,
    load_cfp,
    load_lfw,
    load_listed,
    open_verification_set,
)
from netcafe_face.trainer.errors import DataUnusable
from netcafe_face.vision.images import encode_jpeg, encode_png, write_image


def shade(value: int, side: int = 112) -> Image:
    """A picture whose brightness says which one it is."""
    return np.full((side, side, 3), value, dtype=np.uint8)


def shades(crops_bgr: Image) -> list[int]:
    return [int(crop[56, 56, 0]) for crop in crops_bgr]


def shrink(image_bgr: Image) -> Image | None:
    """Stands for the alignment: takes the whole picture; a black one has no face."""
    return np.asarray(cv2.resize(image_bgr, (112, 112)), np.uint8) if image_bgr.any() else None


def by_shade(found: VerificationSet) -> set[tuple[int, int, bool, int]]:
    values = shades(found.crops_bgr)
    return {
        (values[a], values[b], bool(same), int(fold))
        for a, b, same, fold in zip(found.first, found.second, found.same, found.fold, strict=True)
    }


def text(path: Path, *lines: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(map(str, lines)) + "\n", encoding="utf-8")
    return path


# --- insightface's .bin ------------------------------------------------------------------------------------


def bin_file(path: Path, pictures: Iterable[object], same: Iterable[object], protocol: int = 4) -> Path:
    path.write_bytes(pickle.dumps((list(pictures), list(same)), protocol))
    return path


SAME = [True, False] * 10
PNGS = [encode_png(shade(number)) for number in range(40)]


@pytest.mark.parametrize("protocol", range(6))
def test_a_bin_gives_its_pairs_in_ten_folds_in_their_order(tmp_path: Path, protocol: int) -> None:
    found = load_bin(bin_file(tmp_path / "lfw.bin", PNGS, SAME, protocol))
    assert found.name == "lfw"
    assert by_shade(found) == {(2 * n, 2 * n + 1, SAME[n], n // 2) for n in range(20)}
    assert set(found.names) == {""}
    assert found.left_out == ()


def test_a_bin_of_byte_arrays_is_read_alike(tmp_path: Path) -> None:
    arrays = [np.frombuffer(png, np.uint8) for png in PNGS]
    columns = [array[:, None] for array in arrays]
    expected = by_shade(load_bin(bin_file(tmp_path / "a.bin", PNGS, SAME)))
    assert by_shade(load_bin(bin_file(tmp_path / "b.bin", arrays, SAME))) == expected
    assert by_shade(load_bin(bin_file(tmp_path / "c.bin", columns, SAME))) == expected
    path = tmp_path / "d.bin"
    path.write_bytes(pickle.dumps([PNGS, np.array(SAME)]))
    assert by_shade(load_bin(path)) == expected


def test_colours_of_a_bin_come_as_blue_green_red(tmp_path: Path) -> None:
    red = shade(0)
    red[:, :, 2] = 250
    found = load_bin(bin_file(tmp_path / "a.bin", [encode_jpeg(red)] * 40, SAME))
    blue, green, seen_red = found.crops_bgr[0, 56, 56].tolist()
    assert seen_red > 200
    assert max(blue, green) < 40


def test_a_broken_picture_of_a_bin_is_reported_and_its_pair_left_out(tmp_path: Path) -> None:
    found = load_bin(bin_file(tmp_path / "a.bin", [*PNGS[:5], PNGS[5][:30], *PNGS[6:]], SAME))
    assert found.pairs_left_out == 1
    assert len(found.first) == 19
    assert [place for place, _ in found.left_out] == ["a.bin#5"]
    assert 4 not in {pair[0] for pair in by_shade(found)}


def test_pictures_of_another_size_are_aligned_by_the_app_or_left_out(tmp_path: Path) -> None:
    pictures = [encode_png(shade(200, side=250)), encode_png(shade(0, side=250)), *PNGS[2:]]
    path = bin_file(tmp_path / "a.bin", pictures, SAME)
    assert [reason for _, reason in load_bin(path, shrink).left_out] == ["no face was found"]
    assert [place for place, _ in load_bin(path).left_out] == ["a.bin#0", "a.bin#1"]


UNUSABLE = {
    "no pairs": (PNGS, []),
    "too few pictures": (PNGS[:39], SAME),
    "too many pictures": (PNGS, SAME[:19]),
    "answers that are bytes": (PNGS, [b"1"] * 20),
    "pixels instead of files": ([shade(1)] * 40, SAME),
    "answers of one kind": (PNGS, [True] * 20),
    "fewer pairs than folds": (PNGS[:8], SAME[:4]),
    "no picture that can be read": ([b"not a picture"] * 40, SAME),
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_a_bin_that_is_no_such_set_says_so(tmp_path: Path, what: str) -> None:
    with pytest.raises(DataUnusable):
        load_bin(bin_file(tmp_path / "a.bin", *UNUSABLE[what]))


def test_a_pickle_of_something_else_is_no_set(tmp_path: Path) -> None:
    for content in ([], [b"a"], (True, False), ([], [], []), b"bytes", [True, [True]]):
        (tmp_path / "a.bin").write_bytes(pickle.dumps(content))
        with pytest.raises(DataUnusable):
            load_bin(tmp_path / "a.bin")


# --- LFW ---------------------------------------------------------------------------------------------------


def lfw_lines(folds: int = 10, count: int = 2) -> list[str]:
    lines = []
    for fold in range(folds):
        lines += [f"P{fold}\t{n + 1}\t{n + 2}" for n in range(count)]
        lines += [f"P{fold}\t{n + 1}\tQ{fold}\t1" for n in range(count)]
    return lines


def test_pairs_txt_is_read_with_its_folds(tmp_path: Path) -> None:
    pairs = lfw_pairs(text(tmp_path / "pairs.txt", "10\t2", *lfw_lines()))
    assert len(pairs) == 40
    assert pairs[0] == NamedPair("P0/P0_0001", "P0/P0_0002", same=True, fold=0)
    assert pairs[3] == NamedPair("P0/P0_0002", "Q0/Q0_0001", same=False, fold=0)
    assert pairs[-1] == NamedPair("P9/P9_0002", "Q9/Q9_0001", same=False, fold=9)
    assert [sum(pair.fold == fold for pair in pairs) for fold in range(10)] == [4] * 10


@pytest.mark.parametrize("head", [["20"], []], ids=["like pairsDevTest.txt", "without a head"])
def test_pairs_without_folds_are_dealt_into_ten(tmp_path: Path, head: list[str]) -> None:
    lines = sorted(lfw_lines(), key=lambda line: line.count("\t"))  # all of one kind, then all of the other
    pairs = lfw_pairs(text(tmp_path / "pairsDevTest.txt", *head, *lines))
    for fold in range(10):
        mine = [pair for pair in pairs if pair.fold == fold]
        assert sorted(pair.same for pair in mine) == [False, False, True, True]
        assert {pair.first[:2] for pair in mine} == {f"P{fold}"}


def test_a_name_with_spaces_stays_one_name_between_tabs(tmp_path: Path) -> None:
    lines = [line.replace("P0", "Nguyễn Ánh") for line in lfw_lines()]
    assert lfw_pairs(text(tmp_path / "p.txt", "10\t2", *lines))[0].first == "Nguyễn Ánh/Nguyễn Ánh_0001"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Anna", "line 2"),
        ("Anna 1", "line 2"),
        ("Anna 1 2 3 4", "line 2"),
        ("Anna one two", "line 2"),
        ("Anna 1 1", "compared with itself"),
        ("../../etc/passwd 1 2", "outside the set"),
    ],
)
def test_a_line_of_another_form_is_named(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(DataUnusable, match=said):
        lfw_pairs(text(tmp_path / "pairs.txt", "10 2", line, *lfw_lines()[1:]))


def test_fewer_pairs_than_announced_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataUnusable, match="announces 40 pairs, and it has 39"):
        lfw_pairs(text(tmp_path / "pairs.txt", "10 2", *lfw_lines()[1:]))
    with pytest.raises(DataUnusable, match="2 pairs of each kind"):
        lfw_pairs(text(tmp_path / "pairs.txt", "10 2", *sorted(lfw_lines())))


def lfw_pictures() -> dict[str, Image]:
    names = [f"P{fold}/P{fold}_{n:04d}" for fold in range(10) for n in (1, 2, 3)]
    names += [f"Q{fold}/Q{fold}_0001" for fold in range(10)]
    return {name: shade(number + 1, side=120) for number, name in enumerate(names)}


def write_pictures(root: Path, pictures: dict[str, Image], suffix: str = ".png") -> Path:
    for name, image_bgr in pictures.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        write_image(root / f"{name}{suffix}", image_bgr)
    return root


def test_lfw_is_read_from_a_folder_or_a_tar_alike(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "lfw", lfw_pictures())
    with tarfile.open(tmp_path / "lfw.tgz", "w:gz") as tar:
        tar.add(folder, arcname="lfw")
    pairs = text(tmp_path / "pairs.txt", "10\t2", *lfw_lines())
    one, other = load_lfw(folder, pairs, shrink), load_lfw(tmp_path / "lfw.tgz", pairs, shrink)
    assert len(one.same) == 40
    assert by_shade(one) == by_shade(other)
    # P0's three pictures are 1, 2, 3; Q0's is 31.
    assert {(1, 2, True, 0), (2, 3, True, 0), (1, 31, False, 0), (2, 31, False, 0)} <= by_shade(one)
    assert set(one.names) == {f"{letter}{fold}" for letter in "PQ" for fold in range(10)}
    assert len(one.crops_bgr) == 40, "a picture of several pairs is kept once"


def test_pictures_missing_from_lfw_are_named(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "lfw", lfw_pictures())
    (folder / "P3" / "P3_0002.png").unlink()
    with pytest.raises(DataUnusable, match="1 of 40 pictures are missing: P3/P3_0002"):
        load_lfw(folder, text(tmp_path / "pairs.txt", "10\t2", *lfw_lines()), shrink)


def test_a_picture_without_a_face_takes_its_pairs_out_and_is_reported(tmp_path: Path) -> None:
    pictures = lfw_pictures() | {"P3/P3_0002": shade(0, side=120)}
    found = load_lfw(
        write_pictures(tmp_path / "lfw", pictures),
        text(tmp_path / "pairs.txt", "10\t2", *lfw_lines()),
        shrink,
    )
    assert found.left_out == (("P3/P3_0002", "no face was found"),)
    assert found.pairs_left_out == 3
    assert len(found.same) == 37


# --- CFP ---------------------------------------------------------------------------------------------------


def write_cfp(root: Path) -> Path:
    """Ten people, two frontal and one profile picture each; picture's shade: 10 × person + number."""
    frontal, profile, pictures = [], [], {}
    for person in range(1, 11):
        place = f"Data/Images/{person:03d}"
        pictures |= {f"{place}/frontal/{n:02d}": shade(10 * person + n) for n in (1, 2)}
        pictures[f"{place}/profile/01"] = shade(10 * person + 5)
        frontal += [f"../{place}/frontal/{n:02d}.png" for n in (1, 2)]
        profile += [f"../{place}/profile/01.png"]
    write_pictures(root, pictures)
    for letter, places in (("F", frontal), ("P", profile)):
        lines = [f"{number} {place}" for number, place in enumerate(places, 1)]
        text(root / "Protocol" / f"Pair_list_{letter}.txt", *lines)
    for fold in range(1, 11):
        split = root / "Protocol" / "Split"
        text(split / "FF" / f"{fold:02d}" / "same.txt", f"{2 * fold - 1},{2 * fold}")
        text(split / "FF" / f"{fold:02d}" / "diff.txt", f"{2 * fold - 1},{2 * (fold % 10) + 1}")
        text(split / "FP" / f"{fold:02d}" / "same.txt", f"{2 * fold},{fold}")
        text(split / "FP" / f"{fold:02d}" / "diff.txt", f"{2 * fold},{fold % 10 + 1}")
    return root


def test_cfp_compares_frontal_with_profile_or_frontal_pictures(tmp_path: Path) -> None:
    root = write_cfp(tmp_path / "cfp-dataset")
    profile, frontal = load_cfp(root, "FP"), load_cfp(root, "FF")
    assert (profile.name, frontal.name) == ("cfp_fp", "cfp_ff")
    assert {(12, 15, True, 0), (12, 25, False, 0), (102, 105, True, 9), (102, 15, False, 9)} <= by_shade(
        profile
    )
    assert {(11, 12, True, 0), (11, 21, False, 0)} <= by_shade(frontal)
    assert len(profile.same) == len(frontal.same) == 20
    assert set(profile.names) == {f"{person:03d}" for person in range(1, 11)}
    assert by_shade(open_verification_set(root)) == by_shade(profile)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("Split/FP/04/same.txt", None, "No such file"),
        ("Split/FP/04/same.txt", "1,11", "line 1"),
        ("Split/FP/04/same.txt", "1,2,3", "line 1"),
        ("Pair_list_P.txt", "1", "line 1"),
        ("Pair_list_P.txt", "1 ../../../etc/passwd", "outside the set"),
        ("Pair_list_F.txt", "1 ../Data/Images/001/frontal/77.jpg", "line 1"),
    ],
)
def test_a_damaged_protocol_of_cfp_is_named(
    tmp_path: Path, file: str, content: str | None, said: str
) -> None:
    root = write_cfp(tmp_path / "cfp")
    place = root / "Protocol" / file
    place.unlink() if content is None else text(place, content)
    with pytest.raises(DataUnusable, match=said):
        load_cfp(root, "FP")


def test_a_picture_missing_from_cfp_is_named(tmp_path: Path) -> None:
    root = write_cfp(tmp_path / "cfp")
    (root / "Data/Images/004/profile/01.png").unlink()
    with pytest.raises(DataUnusable, match=r"Data/Images/004/profile/01\.png"):
        load_cfp(root, "FP")
    assert len(load_cfp(root, "FF").same) == 20


def test_cfp_has_two_protocols_and_no_others(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="FF"):
        cfp_pairs(tmp_path, "PP")


# --- AgeDB-30 and other lists ------------------------------------------------------------------------------

AGES = {f"{n}_Person{n // 2}_{20 + n}_f": shade(n + 1) for n in range(20)}


def agedb_lines(form: str) -> list[str]:
    names = [f"{name}.png" for name in AGES]
    same = [(names[2 * n], names[2 * n + 1], 1) for n in range(10)]
    different = [(names[2 * n], names[(2 * n + 2) % 20], 0) for n in range(10)]
    return [form.format(a, b, flag) for a, b, flag in same + different]


@pytest.mark.parametrize("form", ["{2} {0} {1}", "{0}\t{1}\t{2}", "{0}, {1}, {2}"])
def test_an_agedb_list_is_read_in_the_forms_it_is_passed_on_in(tmp_path: Path, form: str) -> None:
    pictures = write_pictures(tmp_path / "agedb", AGES)
    found = load_listed(pictures, text(tmp_path / "agedb_30_ann.txt", *agedb_lines(form)))
    assert found.name == "agedb_30_ann"
    assert by_shade(found) == {(2 * n + 1, 2 * n + 2, True, n) for n in range(10)} | {
        (2 * n + 1, (2 * n + 2) % 20 + 1, False, n) for n in range(10)
    }
    assert found.names[0] == "Person0"


@pytest.mark.parametrize("line", ["1 a.png", "2 a.png b.png", "1 a.png b.png c.png", "1 a.png ../../b.png"])
def test_a_line_of_another_list_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(DataUnusable, match="line 21"):
        listed_pairs(text(tmp_path / "a.txt", *agedb_lines("{2} {0} {1}"), line))


def test_folders_that_are_no_people_give_no_names(tmp_path: Path) -> None:
    pictures = {f"aligned/{n}": shade(n) for n in range(20)}
    lines = [f"{int(n % 2 == 0)} aligned/{n}.png aligned/{(n + 1) % 20}.png" for n in range(20)]
    found = load_listed(write_pictures(tmp_path, pictures), text(tmp_path / "a.txt", *lines))
    assert set(found.names) == {""}


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("Anna_Lee/Anna_Lee_0001.jpg", "Anna_Lee"),
        ("lfw/Anna_Lee/Anna_Lee_0001.jpg", "Anna_Lee"),
        ("Data/Images/012/profile/03.jpg", "012"),
        ("0_MariaCallas_35_f.jpg", "MariaCallas"),
        ("agedb/7_Jean_Gabin_61_m.jpg", "Jean_Gabin"),
        ("picture.jpg", ""),
    ],
)
def test_whom_a_picture_shows_is_read_from_its_place(place: str, name: str) -> None:
    assert identity_of(place) == name


def test_the_kind_of_a_list_is_seen_from_its_first_line(tmp_path: Path) -> None:
    lfw = text(tmp_path / "a.txt", "10\t2", *lfw_lines())
    headless = text(tmp_path / "b.txt", *lfw_lines())
    listed = text(tmp_path / "c.txt", *agedb_lines("{2} {0} {1}"))
    assert read_pairs(lfw) == lfw_pairs(lfw)
    assert read_pairs(headless) == lfw_pairs(headless)
    assert read_pairs(listed) == listed_pairs(listed)


def test_one_call_opens_every_kind_of_set(tmp_path: Path) -> None:
    bins = bin_file(tmp_path / "lfw.bin", PNGS, SAME)
    assert open_verification_set(bins).name == "lfw"
    pictures = write_pictures(tmp_path / "lfw", lfw_pictures())
    pairs = text(tmp_path / "pairs.txt", "10\t2", *lfw_lines())
    assert len(open_verification_set(pairs, shrink, pictures).same) == 40
    with pytest.raises(DataUnusable, match="neither"):
        open_verification_set(tmp_path / "model.onnx")
    with pytest.raises(DataUnusable):
        open_verification_set(tmp_path / "missing.txt")
    (tmp_path / "latin.txt").write_bytes(b"\xff\xfe\xe9")
    with pytest.raises(DataUnusable, match="UTF-8"):
        open_verification_set(tmp_path / "latin.txt")


def test_a_set_whose_pairs_name_no_face_cannot_be_made() -> None:
    one = np.array([0]), np.array([1]), np.array([True]), np.array([0])
    with pytest.raises(ValueError, match="not there"):
        VerificationSet("a", shade(1)[None], ("",), *one)
    with pytest.raises(ValueError, match="not empty"):
        VerificationSet("a", shade(1)[None], ("",), *(values[:0] for values in one))

"""A café sees for whom recognition works worse, and where there are too few people to tell."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from netcafe_face.domain.faces import FloatArray, unit_rows
from netcafe_face.trainer.errors import DataUnusable
from netcafe_face.trainer.evaluation.groups import group_rates, read_groups


def csv_file(folder: Path, text: str) -> Path:
    path = folder / "groups.csv"
    path.write_text(text, encoding="utf-8")
    return path


def two_groups(noise_of_b: float = 0.9) -> tuple[FloatArray, list[str], dict[str, str]]:
    """Thirty people of each group, eight photos each; those of b look less like themselves."""
    rng = np.random.default_rng(0)
    names, rows, groups = [], [], {}
    for group, noise in (("a", 0.3), ("b", noise_of_b)):
        for number in range(30):
            name = f"{group}{number}"
            groups[name] = group
            centre = rng.standard_normal(16)
            rows += [centre + noise * rng.standard_normal(16) for _ in range(8)]
            names += [name] * 8
    return unit_rows(np.stack(rows)), names, groups


def test_a_group_that_is_recognised_worse_shows() -> None:
    rows, names, groups = two_groups()
    a, b = group_rates(rows, names, groups, 0.5)
    assert (a.group, a.people, a.faces, a.genuine_pairs, a.impostor_pairs) == ("a", 30, 240, 840, 27_840)
    assert b.tar < a.tar
    assert b.tar_high < a.tar_low
    assert (a.too_small, b.too_small) == ("", "")


def test_rates_are_those_of_counting_pair_by_pair() -> None:
    rows, names, groups = two_groups()
    for found in group_rates(rows, names, groups, 0.4, draws=20):
        inside = [row for row, name in enumerate(names) if groups[name] == found.group]
        cosines = rows[inside] @ rows[inside].T
        first, second = np.triu_indices(len(inside), 1)
        same = np.array([names[inside[a]] == names[inside[b]] for a, b in zip(first, second, strict=True)])
        accepted = cosines[first, second] >= 0.4
        assert found.tar == pytest.approx(accepted[same].mean())
        assert found.far == pytest.approx(accepted[~same].mean())
        assert found.tar_low < found.tar <= found.tar_high
        assert found.far_low < found.far < found.far_high


def test_the_largest_group_comes_first_and_people_without_a_label_are_left_out() -> None:
    rows, names, groups = two_groups()
    few = {name: group for name, group in groups.items() if group == "b" or name == "a0"}
    first, second = group_rates(rows, names, few, 0.5, draws=20)
    assert (first.group, first.people, second.group, second.people) == ("b", 30, "a", 1)


def test_names_are_matched_however_they_are_written(tmp_path: Path) -> None:
    rows, names, _ = two_groups()
    groups = read_groups(csv_file(tmp_path, "Name,Group\nA0,x\n a1 ,x\n\nB0,y\n"))
    assert groups == {"a0": "x", "a1": "x", "b0": "y"}
    assert {found.group: found.people for found in group_rates(rows, names, groups, 0.5, draws=20)} == {
        "x": 2,
        "y": 1,
    }


def test_a_group_that_is_too_small_is_said_to_be() -> None:
    rows, names, groups = two_groups()
    kept = {name: group for name, group in groups.items() if group == "a" or name in ("b0", "b1")}
    _, b = group_rates(rows, names, kept, 0.5, draws=20)
    assert b.too_small == "2 people, at least 10 are needed"
    singles = list(range(0, 240, 8))
    (found,) = group_rates(rows[singles], [names[row] for row in singles], groups, 0.5, draws=20)
    assert found.too_small == "0 pairs of one person, at least 50 are needed"
    assert math.isnan(found.tar)
    assert (found.tar_low, found.tar_high) == (0.0, 1.0)


def test_a_group_without_a_mistake_is_not_called_perfect() -> None:
    rows, names, groups = two_groups(noise_of_b=0.01)
    found = {each.group: each for each in group_rates(rows, names, groups, 0.5, draws=50)}["b"]
    assert found.tar == 1.0
    assert 0.85 < found.tar_low < 0.9  # 30 people of 30 say no more
    assert found.tar_high == 1.0


def test_a_group_of_one_person_has_no_strangers() -> None:
    rows, names, _ = two_groups()
    (found,) = group_rates(rows, names, {"a0": "alone"}, 0.5, draws=20)
    assert math.isnan(found.far)
    assert found.impostor_pairs == 0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("person,group\na,x\n", "its first line must be “name,group”"),
        ("", "its first line must be “name,group”"),
        ("name,group\na,x\na,y\n", "“a” is in two groups .line 3."),
        ("name,group\nAnn_Lee,x\nann lee,y\n", "“ann lee” is in two groups"),
        ("name,group\na\n", "line 2 is not a name and a group"),
        ("name,group\na,\n", "line 2 is not a name and a group"),
        ("name,group\na,b,c\n", "line 2 is not a name and a group"),
        ('name,group\n"a,b\n', "not a CSV file"),
    ],
)
def test_a_list_of_groups_that_is_wrong_says_where(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(DataUnusable, match=why):
        read_groups(csv_file(tmp_path, text))


def test_a_list_of_groups_that_is_missing_or_binary_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataUnusable, match="No such file"):
        read_groups(tmp_path / "none.csv")
    (tmp_path / "groups.csv").write_bytes(b"name,group\n\xff\xfe,x\n")
    with pytest.raises(DataUnusable, match="UTF-8"):
        read_groups(tmp_path / "groups.csv")


def test_a_list_from_a_spreadsheet_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "groups.csv").write_bytes(b"\xef\xbb\xbfname,group\r\nAnn,x\r\n")
    assert read_groups(tmp_path / "groups.csv") == {"ann": "x"}

"""Pictures under the wrong name are found by how near they are to others, and right ones are left alone."""

from __future__ import annotations

import numpy as np
import pytest

from netcafe_face.domain.faces import FloatArray, unit_rows
from netcafe_face.trainer.data.label_errors import label_errors

PEOPLE = [f"P{number}" for number in range(12)]


def embeddings_of(names: list[str], spread: float = 0.35, seed: int = 0) -> FloatArray:
    """A picture is its person's direction with noise of `spread` of its length: cosine about 0.94."""
    rng = np.random.default_rng([seed])
    middles = dict(zip(sorted(set(names)), rng.normal(size=(len(set(names)), 64)), strict=True))
    noise = rng.normal(size=(len(names), 64))
    return unit_rows([middles[name] + spread * noise[at] for at, name in enumerate(names)])


def test_where_all_names_are_right_nothing_is_suspected() -> None:
    names = PEOPLE * 5
    found = label_errors(embeddings_of(names), names)
    assert found.misplaced == ()
    assert found.doubled == ()
    assert 0.5 < found.limit < 0.8, "between strangers (near 0.3) and one person (near 0.94)"


def test_a_picture_under_the_wrong_name_is_named_with_whom_it_looks_like() -> None:
    true = PEOPLE * 5
    names = list(true)
    names[3], names[20] = "P7", "P1"  # P3's and P8's first and second picture
    found = label_errors(embeddings_of(true), names)
    assert {(one.place, one.name, one.like) for one in found.misplaced} == {(3, "P7", "P3"), (20, "P1", "P8")}
    for one in found.misplaced:
        assert one.own is not None
        assert one.own < 0.5 < one.other
        assert one.gap == pytest.approx(one.other - one.own)
    assert found.misplaced[0].gap >= found.misplaced[1].gap


def test_one_person_under_two_names_is_found() -> None:
    true = PEOPLE * 4
    names = ["P0 again" if at in (0, 12) else name for at, name in enumerate(true)]
    found = label_errors(embeddings_of(true), names)
    assert [pair[:2] for pair in found.doubled] == [("P0", "P0 again")]
    assert found.doubled[0][2] > found.limit


def test_a_single_picture_that_is_somebody_else_is_found_as_one_person_under_two_names() -> None:
    true = [*PEOPLE * 4, "P5"]
    names = [*true[:-1], "Alone"]
    assert [pair[:2] for pair in label_errors(embeddings_of(true), names).doubled] == [("Alone", "P5")]


def test_faces_without_a_name_do_not_count() -> None:
    names = PEOPLE * 3
    vectors = embeddings_of([*names, "P1", "P2"])
    assert label_errors(vectors, [*names, "", ""]).misplaced == ()


def test_the_cosines_are_those_worked_out_by_hand() -> None:
    vectors = unit_rows([[1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1], [0.1, 0, 1]])
    found = label_errors(vectors, ["A", "A", "A", "B", "B"])
    # The middle of A's other two pictures, seen from each of its pictures.
    own = [
        float(vectors[0] @ unit_rows([vectors[1] + vectors[2]])[0]),
        float(vectors[1] @ unit_rows([vectors[0] + vectors[2]])[0]),
        float(vectors[2] @ unit_rows([vectors[0] + vectors[1]])[0]),
        *[float(vectors[3] @ vectors[4])] * 2,
    ]
    middle_of_b, middle_of_a = (
        unit_rows([vectors[3] + vectors[4]])[0],
        unit_rows([vectors[:3].sum(axis=0)])[0],
    )
    other = [float(one @ middle_of_b) for one in vectors[:3]] + [
        float(one @ middle_of_a) for one in vectors[3:]
    ]
    assert found.limit == pytest.approx((np.median(own) + np.median(other)) / 2, abs=1e-6)


def test_a_network_that_sees_everybody_alike_names_at_most_so_many() -> None:
    names = [f"P{number}" for number in range(300) for _ in range(2)]
    vectors = unit_rows(1.0 + 0.01 * np.random.default_rng([4]).normal(size=(600, 8)))
    found = label_errors(vectors, names, most=50)
    assert len(found.misplaced) <= 50
    assert len(found.doubled) == 50
    assert sorted(found.doubled, key=lambda pair: -pair[2]) == list(found.doubled)


def test_one_person_or_names_of_another_number_cannot_be_judged() -> None:
    with pytest.raises(ValueError, match="two or more people"):
        label_errors(embeddings_of(["A"] * 3), ["A", "A", ""])
    with pytest.raises(ValueError, match="a name for each"):
        label_errors(embeddings_of(["A"] * 3), ["A"] * 2)

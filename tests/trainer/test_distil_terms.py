from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from netcafe_face.trainer.distil.terms import DistilTerms, cosine_term, relational_term


def rows(count: int, dim: int, seed: int) -> torch.Tensor:
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(seed))


def cos(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(a @ b) / (math.dist(a, torch.zeros_like(a)) * math.dist(b, torch.zeros_like(b)))


def test_the_cosine_term_is_the_mean_of_one_minus_the_cosines() -> None:
    student, teacher = rows(5, 8, 0), rows(5, 8, 1)
    wanted = np.mean([1 - cos(a, b) for a, b in zip(student, teacher, strict=True)])
    assert float(cosine_term(student, teacher)) == pytest.approx(wanted, abs=1e-6)


def test_the_cosine_term_runs_from_zero_to_two_whatever_the_lengths() -> None:
    student = rows(4, 8, 0)
    assert float(cosine_term(3 * student, student)) == pytest.approx(0, abs=1e-6)
    assert float(cosine_term(-student, student)) == pytest.approx(2, abs=1e-6)


def test_the_relational_term_is_the_mean_square_gap_over_all_pairs() -> None:
    student, teacher = rows(5, 8, 0), rows(5, 3, 1)
    gaps = [
        (cos(student[i], student[j]) - cos(teacher[i], teacher[j])) ** 2
        for i in range(5)
        for j in range(5)
        if i != j
    ]
    assert float(relational_term(student, teacher)) == pytest.approx(np.mean(gaps), abs=1e-6)


def test_turning_all_faces_together_changes_no_relation() -> None:
    teacher = rows(6, 8, 0)
    turned, _ = torch.linalg.qr(rows(8, 8, 2))
    assert float(relational_term(teacher @ turned, teacher)) == pytest.approx(0, abs=1e-6)
    assert float(cosine_term(teacher @ turned, teacher)) > 0.1


def test_one_face_alone_has_no_relations() -> None:
    assert float(relational_term(rows(1, 8, 0), rows(1, 4, 1))) == pytest.approx(0, abs=1e-6)


def test_a_teacher_of_the_same_length_is_followed_without_a_projection() -> None:
    terms = DistilTerms(8, [8], 1.0, 0.0)
    assert list(terms.parameters()) == []
    student, teacher = rows(5, 8, 0), rows(5, 8, 1)
    assert float(terms(student, teacher)) == pytest.approx(float(cosine_term(student, teacher)))


def test_teachers_of_other_lengths_are_reached_through_projections() -> None:
    torch.manual_seed(0)
    terms = DistilTerms(8, [8, 3], 2.0, 0.5)
    assert [tuple(weight.shape) for weight in terms.parameters()] == [(8, 8), (3, 8)]
    student, answers = rows(5, 8, 0), torch.cat([rows(5, 8, 1), rows(5, 3, 2)], dim=1)
    each = [
        2.0 * cosine_term(student @ projection.weight.T, theirs) + 0.5 * relational_term(student, theirs)
        for projection, theirs in zip(terms.projections, answers.split([8, 3], dim=1), strict=True)  # type: ignore[no-untyped-call]
    ]
    wanted = (each[0] + each[1]).item() / 2
    assert terms(student, answers).item() == pytest.approx(wanted, abs=1e-6)


def test_a_student_of_the_first_teacher_goes_on_where_it_stands_when_a_second_one_joins() -> None:
    terms = DistilTerms(8, [8, 3], 1.0, 0.0)
    student, first, second = rows(5, 8, 0), rows(5, 8, 1), rows(5, 3, 2)
    other = cosine_term(terms.projections[1](student), second)
    wanted = (cosine_term(student, first) + other).item() / 2
    assert terms(student, torch.cat([first, second], dim=1)).item() == pytest.approx(wanted, abs=1e-6)


def test_the_terms_can_be_followed_down_to_nothing() -> None:
    teacher = torch.nn.functional.normalize(rows(6, 4, 3), dim=1)
    student = rows(6, 4, 4).requires_grad_()
    terms = DistilTerms(4, [4], 1.0, 1.0)
    optimiser = torch.optim.SGD([student], lr=1.0)
    first = terms(student, teacher).item()
    for _ in range(200):
        optimiser.zero_grad()
        terms(student, teacher).backward()
        optimiser.step()
    assert terms(student, teacher).item() < 0.02 < first


def test_half_precision_embeddings_are_judged_in_full_precision() -> None:
    value = DistilTerms(8, [8], 1.0, 1.0)(rows(5, 8, 0).half(), rows(5, 8, 1))
    assert torch.isfinite(value)
    assert relational_term(rows(5, 8, 0).half(), rows(5, 8, 1)).dtype == torch.float32

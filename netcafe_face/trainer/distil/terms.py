"""What a student is told by its teachers: where each face lies, and how faces lie to each other."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional


def cosine_term(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Return the mean of 1 − cos between the student's (n, d) and the teacher's (n, d) embeddings."""
    return (1 - functional.cosine_similarity(student.float(), teacher.float(), dim=1)).mean()


def relational_term(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Return how far the cosines among the student's embeddings are from those among the teacher's.

    The mean square over all pairs of the batch; the dimensions may differ (after Park et al., “Relational
    knowledge distillation”, 2019, with cosines in the place of distances).

    Args:
        student: (n, d).
        teacher: (n, e).
    """
    ours = functional.normalize(student.float(), dim=1)
    theirs = functional.normalize(teacher.float(), dim=1)
    gap = (ours @ ours.T - theirs @ theirs.T).square()
    count = len(ours)
    return gap.sum() / max(1, count * (count - 1))  # the diagonal's gap is zero


class DistilTerms(nn.Module):
    """The cosine and the relational terms of one or several teachers.

    A teacher of another dimension than the student's, and each of several teachers, is reached through a
    linear projection that is used in training only. One that keeps the dimension begins as the identity, so
    that a student who has already learned from that teacher goes on where it stands.

    Args:
        dim: the student's.
        teacher_dims: the teachers'.
        cosine_weight: of the cosine term.
        relational_weight: of the relational term.
    """

    def __init__(
        self, dim: int, teacher_dims: Sequence[int], cosine_weight: float, relational_weight: float
    ) -> None:
        super().__init__()
        self._dims = list(teacher_dims)
        self._cosine_weight = cosine_weight
        self._relational_weight = relational_weight
        direct = self._dims == [dim]
        self.projections = nn.ModuleList(
            nn.Identity() if direct else _projection(dim, wanted) for wanted in self._dims
        )

    def forward(self, embeddings: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
        """Return the weighted sum of the terms, a scalar.

        Args:
            embeddings: the student's, (n, dim).
            answers: the teachers' unit rows, side by side, (n, sum of their dims).
        """
        total = embeddings.new_zeros(())
        for projection, theirs in zip(self.projections, torch.split(answers, self._dims, dim=1), strict=True):
            total = total + self._cosine_weight * cosine_term(projection(embeddings), theirs)
            total = total + self._relational_weight * relational_term(embeddings, theirs)
        return total / len(self._dims)


def _projection(dim: int, wanted: int) -> nn.Linear:
    layer = nn.Linear(dim, wanted, bias=False)
    if wanted == dim:
        nn.init.eye_(layer.weight)
    return layer

"""What heads and pair losses share to stay finite in any precision."""

from __future__ import annotations

import torch
from torch import Tensor

SHORTEST = 1e-6
"""A vector no longer than this has no direction."""


def at_least_float32(values: Tensor) -> Tensor:
    """Widen half precision to float32; float32 and float64 stay as they are."""
    return values.float() if values.dtype in (torch.float16, torch.bfloat16) else values


def unit_rows(vectors: Tensor) -> Tensor:
    """Scale vectors to length 1; those without a direction become 0 and get no gradient.

    Args:
        vectors: (n, dim), any floating dtype.

    Returns:
        (n, dim), float32 at least.
    """
    vectors = at_least_float32(vectors)
    lengths = torch.linalg.vector_norm(vectors, dim=1, keepdim=True)
    # Dividing by a smallest length instead, as is usual, gives gradients that half precision cannot hold.
    return vectors * torch.where(lengths > SHORTEST, 1 / lengths.clamp(min=SHORTEST), 0)

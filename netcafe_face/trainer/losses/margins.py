"""Target functions: what replaces cos θ of a sample's own class, θ being its angle to the class's centre.

Each is a pure function of cos θ, of any shape, and falls as θ grows from 0 to π (but for ArcFace's easy
margin). To draw one over angles, pass `torch.cos(theta)`.

Half precision is computed, and answered, in float32. As a function of cos θ most targets have an infinite
slope at θ = 0 or π, though as a function of the embedding the slope is bounded. So values are exact
everywhere, and within one rounding step of either end the slope is the one a step inside.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from netcafe_face.trainer.losses.numeric import at_least_float32

Curve = Callable[[Tensor], Tensor]


def sine(cos: Tensor) -> Tensor:
    """Give sin θ ≥ 0 of an angle between 0 and π.

    Args:
        cos: any shape, cos θ within [−1, 1].

    Returns:
        The same shape; without the cancellation of 1 − cos² near the ends.
    """
    return ((1 - cos) * (1 + cos)).sqrt()


def angle(cos: Tensor) -> Tensor:
    """Give θ in radians; as exact as cos θ allows, which near 0 and π `acos` is not in its slope.

    Args:
        cos: any shape, cos θ within [−1, 1].

    Returns:
        The same shape, 0 to π.
    """
    return torch.atan2(sine(cos), cos)


def cosine(cos: Tensor) -> Tensor:
    """Keep cos θ: no margin (softmax and norm-softmax; Wang et al., NormFace, 2017)."""
    return at_least_float32(cos)


def psi(cos: Tensor, m: float, shift: float = 0.0) -> Tensor:
    """Multiply the angle: ψ(θ) = (−1)^k cos(mθ) − 2k on [kπ/m, (k+1)π/m].

    L-Softmax (Liu et al., 2016), A-Softmax (Liu et al., SphereFace, 2017: m = 4) and, with m = 1.35,
    SphereFace as the ArcFace paper compares it. Holds for any real m ≥ 1, not only for whole numbers.

    Args:
        cos: any shape, cos θ.
        m: factor of the angle.
        shift: radians added to mθ; k then counts half turns of mθ + shift.

    Returns:
        The same shape, float32 at least.
    """
    last = math.ceil(m + shift / math.pi) - 1

    def curve(cos: Tensor) -> Tensor:
        turned = m * angle(cos) + shift
        k = (turned.detach() / math.pi).floor().clamp(0, max(last, 0))
        return (1 - 2 * (k % 2)) * turned.cos() - 2 * k

    return _exact_value_bounded_slope(curve, cos)


def cosface(cos: Tensor, m: float = 0.35) -> Tensor:
    """Lower the cosine: cos θ − m (Wang et al., CosFace, 2018; Wang et al., AM-Softmax, 2018).

    Args:
        cos: any shape, cos θ.
        m: the margin, in cosine.

    Returns:
        The same shape, float32 at least.
    """
    return at_least_float32(cos) - m


def arcface(cos: Tensor, m: float = 0.5, easy_margin: bool = False) -> Tensor:
    """Widen the angle: cos(θ + m) (Deng et al., ArcFace, 2019).

    Past θ = π − m, where cos(θ + m) would rise again, cos θ − m·sin m is used instead, as insightface's
    arcface_torch does; it lies lower, so the target still falls. With the easy margin there is a margin for
    θ < π/2 only and plain cos θ beyond, so the target jumps up at π/2.

    Args:
        cos: any shape, cos θ.
        m: the margin in radians, 0 to π/2.
        easy_margin: leave angles of π/2 and more without a margin.

    Returns:
        The same shape, float32 at least.
    """

    def curve(cos: Tensor) -> Tensor:
        widened = cos * math.cos(m) - sine(cos) * math.sin(m)
        if easy_margin:
            return torch.where(cos > 0, widened, cos)
        return torch.where(cos > math.cos(math.pi - m), widened, cos - m * math.sin(m))

    return _exact_value_bounded_slope(curve, cos)


def combined(cos: Tensor, m1: float = 1.0, m2: float = 0.3, m3: float = 0.2) -> Tensor:
    """Join the three margins: cos(m1·θ + m2) − m3 (Deng et al., ArcFace, 2019, equation 4).

    Past m1·θ + m2 = π it goes on as ψ does, continuous and falling, so m2 = m3 = 0 is SphereFace and
    m1 = 1, m2 = 0 is CosFace. ArcFace differs past π − m, where it takes insightface's other branch.

    Args:
        cos: any shape, cos θ.
        m1: factor of the angle.
        m2: radians added to the angle.
        m3: subtracted from the cosine.

    Returns:
        The same shape, float32 at least.
    """
    return psi(cos, m1, m2) - m3


def annealed(target: Tensor, cos: Tensor, strength: Tensor | float) -> Tensor:
    """Blend a target with the plain cosine: (λ·cos θ + target) / (1 + λ) (Liu et al., 2016, section 5).

    Args:
        target: the target function's values.
        cos: the same shape, cos θ.
        strength: λ ≥ 0; 0 is the bare target.

    Returns:
        The same shape.
    """
    return (strength * cos + target) / (1 + strength)


def _exact_value_bounded_slope(curve: Curve, cos: Tensor) -> Tensor:
    cos = at_least_float32(cos)
    step = torch.finfo(cos.dtype).eps
    # The slope passes through the clamp: a cosine rounded to 1.0000001 still has to learn.
    inside = cos + (cos.clamp(-1 + step, 1 - step) - cos).detach()
    values = curve(inside)
    with torch.no_grad():
        correction = curve(cos.clamp(-1, 1)) - values
    return values + correction

"""What takes the place of cos θ, against the formulas written out in plain Python."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from netcafe_face.trainer.losses import margins  # noqa: E402

Slow = Callable[[float], float]
Fast = Callable[["torch.Tensor"], "torch.Tensor"]


def slow_psi(theta: float, m: float, shift: float = 0.0) -> float:
    k = 0
    while m * theta + shift > (k + 1) * math.pi:
        k += 1
    return (-1) ** k * math.cos(m * theta + shift) - 2 * k


def slow_arcface(theta: float, m: float) -> float:
    if theta < math.pi - m:
        return math.cos(theta + m)
    return math.cos(theta) - m * math.sin(m)


def slow_easy_arcface(theta: float, m: float) -> float:
    return math.cos(theta + m) if theta < math.pi / 2 else math.cos(theta)


CASES: dict[str, tuple[Fast, Slow]] = {
    "softmax": (margins.cosine, math.cos),
    "psi 1": (lambda c: margins.psi(c, 1), lambda t: slow_psi(t, 1)),
    "psi 2": (lambda c: margins.psi(c, 2), lambda t: slow_psi(t, 2)),
    "psi 3": (lambda c: margins.psi(c, 3), lambda t: slow_psi(t, 3)),
    "psi 4": (lambda c: margins.psi(c, 4), lambda t: slow_psi(t, 4)),
    "sphereface": (lambda c: margins.psi(c, 1.35), lambda t: slow_psi(t, 1.35)),
    "cosface": (margins.cosface, lambda t: math.cos(t) - 0.35),
    "arcface": (margins.arcface, lambda t: slow_arcface(t, 0.5)),
    "easy arcface": (lambda c: margins.arcface(c, easy_margin=True), lambda t: slow_easy_arcface(t, 0.5)),
    "combined": (
        lambda c: margins.combined(c, 1.2, 0.3, 0.2),
        lambda t: slow_psi(t, 1.2, 0.3) - 0.2,
    ),
}
FALLING = [name for name in CASES if name != "easy arcface"]
each_target = pytest.mark.parametrize("name", CASES)

# On neither side of a jump or kink: those of the targets above lie elsewhere.
THETAS = [0.0, 1e-7, 1e-4, 0.01, 0.3, 0.9, 1.3, 1.9, 2.2, 2.5, 2.75, 3.0, 3.13, math.pi - 1e-5, math.pi]


@each_target
def test_each_target_is_its_formula(name: str) -> None:
    fast, slow = CASES[name]
    cosines = torch.tensor([math.cos(theta) for theta in THETAS], dtype=torch.float64)
    assert fast(cosines).tolist() == pytest.approx([slow(theta) for theta in THETAS], abs=1e-7)


@pytest.mark.parametrize(
    ("value", "by_hand"),
    [
        (lambda: margins.psi(at(2 * math.pi / 3), 2), -1.5),  # k = 1: −cos(4π/3) − 2
        (lambda: margins.psi(at(math.pi / 2), 3), -2.0),  # k = 1: −cos(3π/2) − 2
        (lambda: margins.psi(at(math.pi), 4), -7.0),  # k = 3: −cos(4π) − 6
        (lambda: margins.psi(at(math.pi), 1.35), -1.5460095),  # k = 1: −cos(243°) − 2
        (lambda: margins.psi(at(math.pi / 1.35), 1.35), -1.0),
        (lambda: margins.cosface(at(math.pi / 3), 0.35), 0.15),
        (lambda: margins.arcface(at(math.pi / 3), math.pi / 6), 0.0),  # cos 90°
        (lambda: margins.arcface(at(0), 0.5), 0.8775826),  # cos 0.5
        (lambda: margins.arcface(at(math.pi), 0.5), -1.2397128),  # −1 − 0.5·sin 0.5
        (lambda: margins.arcface(at(2 * math.pi / 3), math.pi / 6, easy_margin=True), -0.5),
        (lambda: margins.combined(at(math.pi / 6), 2.0, math.pi / 6, 0.25), -0.25),  # cos 90° − 0.25
        (lambda: margins.annealed(torch.tensor(-2.0), torch.tensor(0.5), 4.0), 0.0),
    ],
)
def test_values_worked_by_hand_come_out(value: Callable[[], torch.Tensor], by_hand: float) -> None:
    assert value().item() == pytest.approx(by_hand, abs=1e-6)


def at(theta: float) -> torch.Tensor:
    return torch.tensor(math.cos(theta), dtype=torch.float64)


@each_target
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_at_both_ends_value_and_slope_are_finite_and_the_value_exact(name: str, dtype: torch.dtype) -> None:
    fast, slow = CASES[name]
    cosines = torch.tensor([1.0, -1.0], dtype=dtype, requires_grad=True)
    values = fast(cosines)
    values.sum().backward()
    assert values.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    assert values.tolist() == pytest.approx([slow(0.0), slow(math.pi)], abs=1e-6)
    assert cosines.grad is not None
    assert torch.isfinite(cosines.grad).all()
    assert (cosines.grad > 0).all()


@each_target
def test_a_cosine_rounded_past_1_is_taken_as_1_and_still_learns(name: str) -> None:
    fast, slow = CASES[name]
    cosines = torch.tensor([1 + 3e-7, -1 - 3e-7], requires_grad=True)
    values = fast(cosines)
    values.sum().backward()
    assert values.tolist() == pytest.approx([slow(0.0), slow(math.pi)], abs=1e-6)
    assert cosines.grad is not None
    assert torch.isfinite(cosines.grad).all()
    assert (cosines.grad > 0).all()


@each_target
def test_slopes_are_those_of_the_formula(name: str) -> None:
    fast, slow = CASES[name]
    thetas = torch.tensor([0.05, 0.3, 0.9, 1.3, 1.9, 2.2, 2.5, 2.75, 3.0], dtype=torch.float64)
    cosines = thetas.cos().requires_grad_()
    assert torch.autograd.gradcheck(fast, cosines, fast_mode=True)
    (slopes,) = torch.autograd.grad(fast(cosines).sum(), cosines)
    for theta, slope in zip(thetas.tolist(), slopes.tolist(), strict=True):
        step = 1e-6
        over_theta = (slow(theta + step) - slow(theta - step)) / (2 * step)
        assert slope == pytest.approx(-over_theta / math.sin(theta), rel=1e-5)


@pytest.mark.parametrize("m", [1.35, 2, 4])
def test_at_0_the_slope_of_a_multiplied_angle_is_m_squared(m: float) -> None:
    cosines = torch.ones(1, requires_grad=True)
    margins.psi(cosines, m).backward()
    assert cosines.grad is not None
    assert cosines.grad.item() == pytest.approx(m * m, rel=1e-5)


def test_in_single_precision_slopes_near_0_keep_their_accuracy() -> None:
    exact = torch.tensor([1 - 2.0**-k for k in range(4, 22)], dtype=torch.float64, requires_grad=True)
    single = exact.detach().float().requires_grad_()
    for cosines in (exact, single):
        margins.arcface(cosines).sum().backward()
    assert exact.grad is not None
    assert single.grad is not None
    assert single.grad.tolist() == pytest.approx(exact.grad.tolist(), rel=1e-5)


@pytest.mark.parametrize("name", FALLING)
def test_the_target_falls_all_the_way_from_0_to_pi(name: str) -> None:
    thetas = torch.linspace(0, math.pi, 20_001, dtype=torch.float64)
    values = CASES[name][0](thetas.cos())
    assert (values.diff() < 1e-12).all()
    assert values[0] > values[-1] + 1.9


@given(
    st.floats(1, 5),
    st.floats(0, math.pi / 2),
    st.floats(0, 1),
    st.lists(st.floats(0, math.pi), min_size=2, max_size=20),
)
def test_whatever_the_margins_are_the_target_falls(
    m1: float, m2: float, m3: float, thetas: list[float]
) -> None:
    cosines = torch.tensor(sorted(thetas), dtype=torch.float64).cos()
    for values in (margins.psi(cosines, m1), margins.arcface(cosines, m2)):
        assert (values.diff() <= 1e-9).all()
    joined = margins.combined(cosines, m1, m2, m3)
    assert (joined.diff() <= 1e-9).all()
    expected = [slow_psi(theta, m1, m2) - m3 for theta in sorted(thetas)]
    assert joined.tolist() == pytest.approx(expected, abs=1e-6)


def test_the_easy_margin_jumps_up_where_it_ends() -> None:
    before, after = margins.arcface(torch.tensor([1e-6, -1e-6]), 0.5, easy_margin=True).tolist()
    assert before == pytest.approx(-math.sin(0.5), abs=1e-5)
    assert after == pytest.approx(0, abs=1e-5)


def test_a_combined_margin_holds_the_others() -> None:
    cosines = torch.linspace(-1, 1, 101, dtype=torch.float64)
    for_sphereface = margins.combined(cosines, 1.35, 0, 0)
    assert torch.allclose(for_sphereface, margins.psi(cosines, 1.35))
    assert torch.allclose(margins.combined(cosines, 1, 0, 0.35), margins.cosface(cosines, 0.35))
    before_the_end = cosines > math.cos(math.pi - 0.5)
    for_arcface = margins.combined(cosines, 1, 0.5, 0)
    assert torch.allclose(for_arcface[before_the_end], margins.arcface(cosines, 0.5)[before_the_end])

"""The head and its four choices, against loops in plain Python floats."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional as F  # noqa: E402, N812

from netcafe_face.trainer.losses.annealing import Annealing  # noqa: E402
from netcafe_face.trainer.losses.head import HeadConfig, MarginHead, default_scale  # noqa: E402
from netcafe_face.trainer.losses.registry import LOSSES, HeadLoss, build_loss  # noqa: E402

HEADS = [name for name, spec in LOSSES.items() if spec.head]
each_head = pytest.mark.parametrize("name", HEADS)
each_number_of_centres = pytest.mark.parametrize("centers", [1, 3])
DIM, CLASSES = 6, 5


def slow_target(config: HeadConfig, theta: float) -> float:
    if config.target == "cosine":
        return math.cos(theta)
    if config.target == "cosface":
        return math.cos(theta) - config.m3
    if config.target == "arcface":
        past = theta >= math.pi - config.m2
        return math.cos(theta) - config.m2 * math.sin(config.m2) if past else math.cos(theta + config.m2)
    turned = config.m1 * theta + (config.m2 if config.target == "combined" else 0)
    k = math.floor(turned / math.pi)
    value = (-1) ** k * math.cos(turned) - 2 * k
    return value - config.m3 if config.target == "combined" else value


def slow_logits(head: MarginHead, embedding: list[float], label: int, strength: float) -> list[float]:
    """The logits of one embedding; `strength` is λ."""
    config, found = head.config, []
    size = math.hypot(*embedding)
    for number in range(head.classes):
        best = -math.inf
        for row in range(number * config.centers, (number + 1) * config.centers):
            centre = head.weight[row].tolist()
            length = math.hypot(*centre)
            cos = sum(a * b for a, b in zip(embedding, centre, strict=True)) / (size * length)
            if number == label:
                plain, cos_theta = cos, cos
                target = slow_target(config, math.acos(plain))
                cos = (strength * plain + target) / (1 + strength)
            else:
                cos_theta = cos
            factor = config.scale
            factor *= 1 if config.normalise_weights else length
            factor *= 1 if config.normalise_features else size
            offset = 0.0 if head.bias is None else head.bias[row].item()
            if factor * cos_theta + offset > best:
                best, logit = factor * cos_theta + offset, factor * cos + offset
        found.append(logit)
    return found


def slow_loss(head: MarginHead, embeddings: torch.Tensor, labels: torch.Tensor, strength: float) -> float:
    losses = []
    for embedding, label in zip(embeddings.tolist(), labels.tolist(), strict=True):
        logits = slow_logits(head, embedding, label, strength)
        largest = max(logits)
        total = sum(math.exp(logit - largest) for logit in logits)
        losses.append(-(logits[label] - largest - math.log(total)))
    return sum(losses) / len(losses)


def made(name: str, centers: int | None = None, seed: int = 0) -> HeadLoss:
    """A loss in float64, with centres of different lengths and a bias that is not 0."""
    chance = torch.Generator().manual_seed(seed)
    loss = build_loss(name, DIM, CLASSES, centers=centers, generator=chance).double()
    assert isinstance(loss, HeadLoss)
    with torch.no_grad():
        loss.head.weight *= 1 + 9 * torch.rand(len(loss.head.weight), 1, generator=chance)
        if loss.head.bias is not None:
            loss.head.bias.copy_(torch.randn(len(loss.head.bias), generator=chance))
    return loss


def batch(seed: int = 1, n: int = 24) -> tuple[torch.Tensor, torch.Tensor]:
    chance = torch.Generator().manual_seed(seed)
    embeddings = 2 * torch.randn(n, DIM, dtype=torch.float64, generator=chance)
    return embeddings, torch.randint(CLASSES, (n,), generator=chance)


@each_head
@each_number_of_centres
def test_each_loss_is_its_formula(name: str, centers: int) -> None:
    loss, (embeddings, labels) = made(name, centers), batch()
    # The first step of the annealing: 1000 / (1 + 0.12·1).
    strength = 1000 / 1.12 if loss.head.config.annealing else 0.0
    assert loss(embeddings, labels).item() == pytest.approx(
        slow_loss(loss.head, embeddings, labels, strength), rel=1e-6
    )


@each_head
@each_number_of_centres
def test_gradients_are_those_of_the_formula(name: str, centers: int) -> None:
    loss, (embeddings, labels) = made(name, centers), batch(n=4)
    loss.eval()  # so that λ stands still
    if loss.head.config.annealing:
        loss.head.config = replace(loss.head.config, annealing=Annealing(base=2, gamma=0, lowest=0))
    embeddings.requires_grad_()

    def with_weights(embeddings: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        logits = loss.head.logits(embeddings, labels, weight, loss.head.bias)
        return F.cross_entropy(logits, labels)

    assert torch.autograd.gradcheck(with_weights, (embeddings, loss.head.weight), fast_mode=True)


@each_head
@each_number_of_centres
def test_only_the_true_class_has_another_logit(name: str, centers: int) -> None:
    loss, (embeddings, labels) = made(name, centers), batch()
    with_margin, plain = loss.head(embeddings, labels), loss.head.scores(embeddings)
    others = torch.ones_like(plain, dtype=torch.bool).scatter(1, labels[:, None], value=False)
    assert torch.equal(with_margin[others], plain[others])
    own = with_margin[~others] - plain[~others]
    assert (own == 0).all() if loss.head.config.target == "cosine" else (own < 0).all()


@pytest.mark.parametrize(
    ("config", "by_hand"),
    [
        # x = (2, 0), W_y = 3·(cos 60°, sin 60°), W_other = (0, 5): cos θ_y = 0.5, cos θ_other = 0.
        (HeadConfig("cosine", False, False, 1.0), math.log(1 + math.exp(-3))),
        (HeadConfig("cosine", scale=4.0), math.log(1 + math.exp(-2))),
        (HeadConfig("cosface", scale=2.0, m3=0.5), math.log(2)),
        (HeadConfig("arcface", scale=64.0, m2=math.pi / 6), math.log(2)),
        (HeadConfig("arcface", scale=2.0, m2=math.pi / 3), math.log(1 + math.e)),
        (HeadConfig("psi", True, False, 1.0, m1=2.0), math.log(1 + math.e)),  # |x|·cos 120° = −1
        (HeadConfig("psi", False, False, 1.0, m1=3.0), 6 + math.log(1 + math.exp(-6))),  # 6·cos 180°
    ],
)
def test_losses_worked_by_hand_come_out(config: HeadConfig, by_hand: float) -> None:
    head = MarginHead(2, 2, config)
    with torch.no_grad():
        head.weight.copy_(torch.tensor([[1.5, 1.5 * math.sqrt(3)], [0.0, 5.0]]))
    labels = torch.tensor([0])
    loss = F.cross_entropy(head(torch.tensor([[2.0, 0.0]]), labels), labels)
    assert loss.item() == pytest.approx(by_hand, rel=1e-5)


@each_head
@each_number_of_centres
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("weights_too", [False, True])
def test_on_and_opposite_its_centre_and_at_zero_an_embedding_has_finite_loss_and_gradients(
    name: str, centers: int, dtype: torch.dtype, weights_too: bool
) -> None:
    loss = build_loss(name, 64, CLASSES, centers=centers, generator=torch.Generator().manual_seed(0))
    loss = loss.to(dtype if weights_too or dtype == torch.float64 else torch.float32)
    assert isinstance(loss, HeadLoss)
    centre = loss.head.weight.detach()[centers]
    embeddings = torch.stack([centre, -centre, 7 * centre, -7 * centre, 0 * centre]).to(dtype)
    embeddings.requires_grad_()
    value = loss(embeddings, torch.ones(5, dtype=torch.int64))
    value.backward()
    assert torch.isfinite(value)
    assert value.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    for gradient in (embeddings.grad, loss.head.weight.grad):
        assert gradient is not None
        assert torch.isfinite(gradient).all()


@each_head
def test_under_autocast_the_loss_is_that_of_single_precision(name: str) -> None:
    loss, (embeddings, labels) = made(name).float().eval(), batch()
    embeddings = embeddings.float().requires_grad_()
    expected = torch.autograd.grad(loss(embeddings, labels), embeddings)[0]
    with torch.autocast("cpu", torch.bfloat16):
        value = loss(embeddings, labels)
    assert value.dtype == torch.float32
    assert torch.equal(torch.autograd.grad(value, embeddings)[0], expected)


def test_close_to_its_centre_an_embedding_is_still_drawn_nearer_at_full_strength() -> None:
    head = MarginHead(2, 1, HeadConfig("arcface", scale=64.0, m2=0.5))
    with torch.no_grad():
        head.weight.copy_(torch.tensor([[1.0, 0.0]]))
    for theta in (0.1, 0.01, 0.005):
        embedding = torch.tensor([[math.cos(theta), math.sin(theta)]], requires_grad=True)
        head(embedding, torch.tensor([0])).sum().backward()
        assert embedding.grad is not None
        assert embedding.grad.norm().item() == pytest.approx(64 * math.sin(theta + 0.5), rel=0.02)


@each_head
def test_the_loss_of_a_normalised_side_does_not_depend_on_its_length(name: str) -> None:
    loss, (embeddings, labels) = made(name).eval(), batch()
    config, before = loss.head.config, loss(embeddings, labels).item()
    assert (loss(3 * embeddings, labels).item() == pytest.approx(before)) == config.normalise_features
    with torch.no_grad():
        loss.head.weight *= 3
    assert (loss(embeddings, labels).item() == pytest.approx(before)) == config.normalise_weights


def test_of_several_centres_the_nearest_one_counts_and_learns() -> None:
    head = MarginHead(2, 2, HeadConfig("arcface", scale=2.0, m2=0.5, centers=3))
    degrees = torch.tensor([200.0, 30.0, 80.0, 300.0, 260.0, 100.0]).deg2rad()
    with torch.no_grad():
        head.weight.copy_(torch.stack([degrees.cos(), degrees.sin()], 1))
    logits = head(torch.tensor([[1.0, 0.0]]), torch.tensor([0]))
    expected = [2 * math.cos(math.radians(30) + 0.5), 2 * math.cos(math.radians(60))]
    assert logits[0].tolist() == pytest.approx(expected, rel=1e-5)
    logits.sum().backward()
    assert head.weight.grad is not None
    assert head.weight.grad.abs().sum(1).nonzero().flatten().tolist() == [1, 3]


def test_the_angle_to_the_own_nearest_centre_is_measured() -> None:
    head = MarginHead(2, 2, HeadConfig("arcface", m2=0.5, centers=2))
    degrees = torch.tensor([200.0, 30.0, 0.0, 0.0]).deg2rad()
    with torch.no_grad():
        head.weight.copy_(5 * torch.stack([degrees.cos(), degrees.sin()], 1))
    angles = head.target_angles(torch.tensor([[4.0, 0.0], [0.0, 4.0]]), torch.tensor([0, 1]))
    assert angles.rad2deg().tolist() == pytest.approx([30, 90], abs=1e-3)


def test_annealing_falls_from_almost_softmax_to_its_lowest() -> None:
    annealing = Annealing(base=1000, gamma=0.12, power=1, lowest=5)
    strengths = [annealing.strength(torch.tensor(step)).item() for step in (1, 10, 100, 1658, 1659, 100_000)]
    assert strengths == pytest.approx([892.857, 454.545, 76.9231, 5.0015, 5, 5], rel=1e-4)


def test_annealing_counts_training_steps_and_goes_on_from_a_checkpoint() -> None:
    embeddings, labels = batch()
    whole, stopped = made("a-softmax"), made("a-softmax")
    values = [whole(embeddings, labels).item() for _ in range(6)]
    for _ in range(3):
        stopped(embeddings, labels)
    stopped.eval()(embeddings, labels)
    resumed = made("a-softmax", seed=7)
    resumed.load_state_dict(stopped.state_dict())
    assert [resumed(embeddings, labels).item() for _ in range(3)] == values[3:]
    assert values == sorted(values)
    assert len(set(values)) == 6


def test_a_seeded_generator_decides_the_first_centres() -> None:
    first, again, other = (made("arcface", seed=seed).head.weight for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_small_sets_get_a_smaller_scale() -> None:
    assert default_scale(5_749) == 30  # LFW
    assert default_scale(10_575) == 64  # CASIA-WebFace


@pytest.mark.parametrize(
    ("choices", "why"),
    [
        ({"target": "tangent"}, "tangent"),
        ({"scale": 0.0}, "scale"),
        ({"scale": math.nan}, "scale"),
        ({"target": "psi", "m1": 0.5}, "m1"),
        ({"target": "arcface", "m2": 28.6}, "m2"),
        ({"target": "cosface", "m3": -0.35}, "m3"),
        ({"centers": 0}, "centre"),
        ({"target": "arcface", "bias": True}, "bias"),
    ],
)
def test_choices_that_make_no_head_are_refused(choices: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        HeadConfig(**choices)  # type: ignore[arg-type]


def test_embeddings_of_another_length_are_refused() -> None:
    head = MarginHead(DIM, CLASSES, HeadConfig())
    with pytest.raises(ValueError, match=r"\(n, 6\)"):
        head(torch.zeros(2, DIM + 1), torch.zeros(2, dtype=torch.int64))
    with pytest.raises(ValueError, match="labels"):
        head(torch.zeros(2, DIM), torch.zeros(3, dtype=torch.int64))

"""What a comparison found: one row a loss, and whether ArcFace won."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from netcafe_face.trainer.compare.outcome import Outcome
from netcafe_face.trainer.compare.running import HELD_OUT
from netcafe_face.trainer.compare.statistics import Difference, Spread, difference, spread
from netcafe_face.trainer.losses.registry import LOSSES

_WINNER = "arcface"


@dataclass(frozen=True)
class Row:
    """One loss over its seeds.

    Attributes:
        loss: a key of `LOSSES`.
        rate: its learning rate.
        steps: steps done, averaged.
        best_step: whose weights are measured, averaged.
        converged: seeds whose run converged, of all seeds that gave a result.
        failed: seeds without a result.
        accuracies: by the set's name.
    """

    loss: str
    rate: float
    steps: float
    best_step: float
    converged: int
    seeds: int
    failed: int
    accuracies: dict[str, Spread]
    tar: Spread
    eer: Spread
    genuine_theta: Spread
    impostor_theta: Spread

    @property
    def name(self) -> str:
        """Return the loss's name for people."""
        return LOSSES[self.loss].display_name

    @property
    def note(self) -> str:
        """Return what must be known beside the figures."""
        notes = []
        if self.converged < self.seeds:
            notes.append(f"not converged ({self.seeds - self.converged} of {self.seeds})")
        if self.failed:
            notes.append(f"{self.failed} diverged")
        return ", ".join(notes)


def rows_of(outcomes: Sequence[Outcome]) -> list[Row]:
    """Gather outcomes by loss, in the order in which the losses come."""
    return [_row(loss, [one for one in outcomes if one.loss == loss]) for loss in _in_order(outcomes)]


def _in_order(outcomes: Sequence[Outcome]) -> list[str]:
    return list(dict.fromkeys(outcome.loss for outcome in outcomes))


def _row(loss: str, outcomes: Sequence[Outcome]) -> Row:
    done = [one for one in outcomes if not one.failed]
    sets = list(dict.fromkeys(name for one in done for name in one.accuracies))
    return Row(
        loss=loss,
        rate=outcomes[0].rate,
        steps=spread([one.steps for one in done]).mean,
        best_step=spread([one.best_step for one in done]).mean,
        converged=sum(one.converged for one in done),
        seeds=len(done),
        failed=len(outcomes) - len(done),
        accuracies={name: spread([one.accuracies[name] for one in done]) for name in sets},
        tar=spread([one.tar for one in done]),
        eer=spread([one.eer for one in done]),
        genuine_theta=spread([one.genuine_theta for one in done]),
        impostor_theta=spread([one.impostor_theta for one in done]),
    )


def verdict(outcomes: Sequence[Outcome]) -> str:
    """Say in words whether ArcFace won on the held-out people, with the intervals."""
    losses = _in_order(outcomes)
    others = [loss for loss in losses if loss != _WINNER]
    if _WINNER not in losses or not others:
        return "ArcFace was not compared with another loss."
    by_loss = {loss: _by_seed(loss, outcomes) for loss in losses}
    ours = by_loss[_WINNER]
    if not ours:
        return "ArcFace gave no result: every run of it diverged."
    gaps = {}
    for loss in others:
        if seeds := sorted(set(ours) & set(by_loss[loss])):
            values = [ours[seed] for seed in seeds], [by_loss[loss][seed] for seed in seeds]
            gaps[loss] = difference(*values, comparisons=len(others))
    if not gaps:
        return "ArcFace was not compared: no other loss gave a result with one of its seeds."
    lost = sum(one.loss == _WINNER and bool(one.failed) for one in outcomes)
    return " ".join([_words(gaps, len(others), lost), _intervals(gaps)])


def _by_seed(loss: str, outcomes: Sequence[Outcome]) -> dict[int, float]:
    return {one.seed: one.accuracies[HELD_OUT] for one in outcomes if one.loss == loss and not one.failed}


def _words(gaps: dict[str, Difference], others: int, lost: int) -> str:
    higher = [_name(loss) for loss, gap in gaps.items() if gap.verdict == "lower"]
    ahead = [_name(loss) for loss, gap in gaps.items() if gap.mean < 0]
    diverged = f" {lost} of its runs diverged." if lost else ""
    if higher:
        return f"ArcFace did not win; clearly higher: {', '.join(higher)}.{diverged}"
    if not lost and len(gaps) == others and all(gap.verdict == "higher" for gap in gaps.values()):
        return "ArcFace won: it is higher than every other loss."
    if all(gap.seeds < 2 for gap in gaps.values()):
        return f"Whether ArcFace won cannot be told from one seed.{diverged}"
    seen = f"on average {', '.join(ahead)} did better" if ahead else "on average none did better"
    return f"Whether ArcFace won is undecided: {seen}, but not all differences are beyond chance.{diverged}"


def _intervals(gaps: dict[str, Difference]) -> str:
    told = "; ".join(f"{_name(loss)} {_points(gap)}" for loss, gap in gaps.items())
    if all(gap.seeds < 2 for gap in gaps.values()):
        return f"ArcFace less each other loss, in points of accuracy: {told}."
    return (
        f"ArcFace less each other loss, in points of accuracy, with intervals that hold together with 95 %: "
        f"{told} (Student's t over seeds, Bonferroni). They cover chance in first weights and order of "
        "photos, not in who was tested."
    )


def _points(gap: Difference) -> str:
    reach = f" ({100 * gap.low:+.2f} to {100 * gap.high:+.2f})" if math.isfinite(gap.low) else ""
    return f"{100 * gap.mean:+.2f}{reach}"


def _name(loss: str) -> str:
    return LOSSES[loss].display_name

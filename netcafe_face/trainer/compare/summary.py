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
        converged: seeds whose run converged, of all seeds that gave a result.
        failed: seeds without a result.
        accuracies: by the set's name.
    """

    loss: str
    rate: float
    steps: float
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
    """Say in words whether ArcFace won on the held-out people, with the interval."""
    done = [one for one in outcomes if not one.failed]
    by_loss = {
        loss: {o.seed: o.accuracies[HELD_OUT] for o in done if o.loss == loss} for loss in _in_order(done)
    }
    ours = by_loss.pop(_WINNER, {})
    if not ours or not by_loss:
        return "ArcFace was not compared with another loss."
    best = max(by_loss, key=lambda loss: spread(list(by_loss[loss].values())).mean)
    seeds = sorted(set(ours) & set(by_loss[best]))
    name = LOSSES[best].display_name
    if not seeds:
        return f"ArcFace and {name} have no seed in common, so they cannot be compared."
    gap = difference([ours[seed] for seed in seeds], [by_loss[best][seed] for seed in seeds])
    return f"{_words(gap, name)} {_interval(gap)}"


def _words(gap: Difference, other: str) -> str:
    if gap.verdict == "higher":
        return f"ArcFace won: it is higher than the best of the others, {other}."
    if gap.verdict == "lower":
        return f"ArcFace did not win: {other} is higher."
    ahead = "ahead of" if gap.mean > 0 else "level with" if gap.mean == 0 else "behind"
    return f"Whether ArcFace won is undecided: it is {ahead} the best of the others, {other}, within chance."


def _interval(gap: Difference) -> str:
    points = f"The difference is {100 * gap.mean:+.2f} points of accuracy"
    if not math.isfinite(gap.low):
        return f"{points}, from one seed, which allows no interval."
    reach = f"{100 * gap.low:+.2f} to {100 * gap.high:+.2f}"
    return f"{points}, 95 % interval {reach} (Student's t over {gap.seeds} seeds)."

"""Verification and identification of people never seen in training: ROC and CMC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from netcafe_face.trainer import drawing
from netcafe_face.trainer.evaluation.identification import ClosedSet, closed_set
from netcafe_face.trainer.evaluation.rates import FEWEST_ACCEPTS, Curve, all_pair_scores, curve
from netcafe_face.trainer.figures.faces import Network, Unseen, unseen_people
from netcafe_face.trainer.figures.options import FigureOptions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COMPARED = ("softmax", "triplet", "sphereface", "cosface", "arcface")
_RANKS = 20


@dataclass(frozen=True, eq=False)
class Line:
    """One network's curves.

    Attributes:
        least_far: the lowest false-accept rate that enough pairs carry.
    """

    network: Network
    roc: Curve
    least_far: float
    closed: ClosedSet

    @property
    def looks(self) -> dict[str, Any]:
        """Return colour and dashes of the network's loss; nothing for a network from a file."""
        return dict(drawing.LOSS_LINES.get(self.network.loss, {}))


def draw(options: FigureOptions) -> Figure:
    """Draw ROC and CMC of networks on people they never saw."""
    unseen = unseen_people(options, COMPARED)
    lines = lines_of(unseen, options.seed)
    closed = lines[0].closed
    says = (
        f"{unseen.words[:1].upper()}{unseen.words[1:]}.\n"
        f"ROC: all pairs, as far as ten false accepts carry it. CMC: one sample a person in the gallery, "
        f"{closed.searches:,} searches, mean of {closed.galleries} galleries."
    )
    with drawing.look():
        figure = drawing.sheet(5.0, "ROC and CMC", says)
        left, right = figure.subplots(1, 2)
        colours = iter(drawing.PEOPLE * len(lines))
        for line in lines:
            looks = line.looks or {"color": next(colours)}
            measured = line.roc.far >= line.least_far
            left.plot(line.roc.far[measured], line.roc.tar[measured], **looks)
            ranks = np.arange(1, min(_RANKS, closed.people) + 1)
            label = f"{line.network.name} ({line.closed.rank1:.1%} at rank 1)"
            right.plot(ranks, line.closed.cmc[: len(ranks)], label=label, marker="o", markersize=3, **looks)
        left.set(xscale="log", xlim=(None, 1), xlabel="false-accept rate")
        left.set(ylabel="true-accept rate", ylim=(0, 1.01))
        left.set_title("Verification (ROC)")
        right.set(xlabel="rank", ylabel="right person at this rank or better", xlim=(0.5, _RANKS + 0.5))
        right.set_title(f"Identification among {closed.people:,} (CMC)")
        right.set_xticks([1, 5, 10, 15, 20])
        _per_cent(left, right)
        handles, labels = right.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, columnspacing=1.4)
    return figure


def lines_of(unseen: Unseen, seed: int) -> list[Line]:
    """Measure every network on the same pairs and galleries."""
    lines = []
    for network in unseen.networks:
        scores = all_pair_scores(network.embeddings, unseen.labels)
        closed = closed_set(network.embeddings, unseen.labels, seed)
        lines.append(Line(network, curve(scores), FEWEST_ACCEPTS / scores.impostor_pairs, closed))
    return lines


def _per_cent(*panels: Axes) -> None:
    from matplotlib.ticker import PercentFormatter

    for axes in panels:
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))

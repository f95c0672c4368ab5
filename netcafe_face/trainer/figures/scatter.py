"""Embeddings of people never seen in training, on the plane that shows most of their spread."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from netcafe_face.trainer import drawing
from netcafe_face.trainer.figures.faces import unseen_people
from netcafe_face.trainer.figures.options import FigureOptions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = 8
COMPARED = ("softmax", "arcface")
_COLUMNS = 2

Plane = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


def draw(options: FigureOptions) -> Figure:
    """Draw the embeddings of the eight people with the most samples, one panel a network."""
    unseen = unseen_people(options, COMPARED)
    people = _most_shown(unseen.labels)
    chosen = np.isin(unseen.labels, people)
    places = np.searchsorted(people, unseen.labels[chosen])
    says = (
        f"{len(people)} people, of {unseen.words}.\n"
        "Projected by principal components of the embeddings shown; two axes show only a part of the spread."
    )
    rows = math.ceil(len(unseen.networks) / _COLUMNS)
    columns = min(_COLUMNS, len(unseen.networks))
    with drawing.look():
        figure = drawing.sheet(1.7 + 4.2 * rows, "Embeddings in two dimensions", says)
        panels = np.atleast_1d(figure.subplots(rows, columns)).ravel().tolist()
        for axes in panels[len(unseen.networks) :]:
            drawing.bare(axes)
        planes = [principal_plane(network.embeddings[chosen]) for network in unseen.networks]
        reach = 1.06 * max(float(np.abs(plane).max()) for plane, _ in planes)
        for axes, network, (plane, parts) in zip(panels, unseen.networks, planes, strict=False):
            _panel(axes, plane, places, parts)
            axes.set(title=network.name, xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
        drawing.identities_legend(figure, len(people))
    return figure


def principal_plane(rows: npt.ArrayLike) -> tuple[Plane, npt.NDArray[np.float64]]:
    """Project rows (n, d) on their first two principal components.

    Returns:
        float64 (n, 2), and the part of the variance that lies along each of both axes.
    """
    centred = np.asarray(rows, dtype=np.float64)
    centred = centred - centred.mean(axis=0)
    _, singular, directions = np.linalg.svd(centred, full_matrices=False)
    # An axis may point either way; the same data must give the same picture everywhere.
    largest = np.abs(directions[:2]).argmax(axis=1)
    directions = directions[:2] * np.sign(directions[(0, 1), largest])[:, None]
    return centred @ directions.T, singular[:2] ** 2 / (singular**2).sum()


def _panel(axes: Axes, plane: Plane, places: Labels, parts: npt.NDArray[np.float64]) -> None:
    for place in np.unique(places):
        dots = plane[places == place]
        axes.scatter(
            dots[:, 0],
            dots[:, 1],
            s=26,
            color=drawing.PEOPLE[place],
            alpha=0.85,
            linewidths=0.4,
            edgecolors="white",
        )
    axes.set_xlabel(f"1st component ({parts[0]:.0%} of the variance)")
    axes.set_ylabel(f"2nd component ({parts[1]:.0%})")


def _most_shown(labels: Labels) -> Labels:
    people, counts = np.unique(labels, return_counts=True)
    return np.sort(people[np.argsort(-counts, kind="stable")[:SHOWN]])

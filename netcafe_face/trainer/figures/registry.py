"""The figures by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from netcafe_face.trainer.figures.options import FigureOptions

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class FigureSpec:
    """A figure that can be asked for by name.

    Attributes:
        place: the function that draws it, as "module:function", so that the list is quick to read.
        shows: in a few words.
        takes: which files it can be drawn from, as options of the command; drawn without any of them, too.
    """

    name: str
    place: str
    shows: str
    takes: tuple[str, ...] = ()

    def draw(self, options: FigureOptions) -> Figure:
        """Train what it needs and draw it; a quick one says on itself that it was hardly trained."""
        module, function = self.place.split(":")
        drawing: Callable[[FigureOptions], Figure]
        drawing = getattr(import_module(f"netcafe_face.trainer.figures.{module}"), function)
        figure = drawing(options)
        if options.quick:
            figure.text(
                0.988, 0.985, "drawn with --quick: hardly trained", ha="right", va="top", color="#B3202C"
            )
        return figure


_CROPS, _FACES, _RUN = ("crops",), ("crops", "models"), ("run",)

_SPECS = (
    FigureSpec("circle", "circle:draw_two", "8 identities in 2-D under Norm-Softmax and ArcFace", _CROPS),
    FigureSpec("circle-all", "circle:draw_all_losses", "the same under all losses", _CROPS),
    FigureSpec("sphere", "sphere:draw", "A-Softmax in 3-D for m = 1 to 4, with the pairs' angles"),
    FigureSpec("target-logits", "logits:draw", "what each loss puts in the place of cos θ"),
    FigureSpec("boundaries", "boundaries:draw", "two classes and the margin between them, for all losses"),
    FigureSpec("theta", "theta:draw", "θ to the own centre from start to end of training", _RUN),
    FigureSpec("sub-centers", "subcenter:draw", "K = 1 against K = 3 where names are wrong"),
    FigureSpec("roc-cmc", "curves:draw", "verification and identification of unseen people", _FACES),
    FigureSpec("embeddings", "scatter:draw", "embeddings of unseen people in 2-D", _FACES),
)

FIGURES: Mapping[str, FigureSpec] = {spec.name: spec for spec in _SPECS}

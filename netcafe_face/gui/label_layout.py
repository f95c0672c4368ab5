"""Where to write beside faces so that no text is cut off or hides another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from PyQt6.QtCore import QLineF, QPointF, QRectF, QSizeF

GAP_PX = 4.0


def place_labels(boxes: Sequence[QRectF], sizes: Sequence[QSizeF], bounds: QRectF) -> list[QRectF]:
    """Return one rectangle per box, inside `bounds`, overlapping no other while there is room.

    Places around the box are tried first, then the free place nearest to it; of these, the one that hides
    least of the faces is taken. Which label is placed first matters, so three orders are tried and the one
    that hides least is kept. A size larger than `bounds` is cut to it.
    """
    numbers = range(len(boxes))
    orders = (
        list(numbers),
        list(reversed(numbers)),
        sorted(numbers, key=lambda index: boxes[index].center().x()),
    )
    tries = [_place_in_order(order, boxes, sizes, bounds) for order in orders]
    return min(tries, key=lambda found: found[1])[0]


def leader(label: QRectF, box: QRectF) -> QLineF | None:
    """Return the line that joins a label to its face's box, or None where it stands right beside it."""
    line = QLineF(_nearest_point(label, box.center()), _nearest_point(box, label.center()))
    apart = QPointF(
        max(box.left() - label.right(), label.left() - box.right(), 0.0),
        max(box.top() - label.bottom(), label.top() - box.bottom(), 0.0),
    )
    return line if apart.manhattanLength() > 2 * GAP_PX else None


def _nearest_point(rect: QRectF, to: QPointF) -> QPointF:
    return QPointF(max(rect.left(), min(to.x(), rect.right())), max(rect.top(), min(to.y(), rect.bottom())))


def _place_in_order(
    order: Sequence[int], boxes: Sequence[QRectF], sizes: Sequence[QSizeF], bounds: QRectF
) -> tuple[list[QRectF], float]:
    placed: dict[int, QRectF] = {}
    cost = 0.0
    for number in order:
        box, taken = boxes[number], list(placed.values())
        others = [other for index, other in enumerate(boxes) if index != number]
        fitted = sizes[number].boundedTo(bounds.size())
        options = [_inside(QRectF(corner, fitted), bounds) for corner in _corners(box, fitted)]
        free = [option for option in options if not _collides(option, taken)]
        best = min(free, key=lambda option: _hidden(option, others, box), default=None)
        best = best or _nearest_free(options[0], taken, bounds, partial(_hidden, others=others, own=box))
        placed[number] = best
        cost += _hidden(best, [*others, *taken], box)
    return [placed[number] for number in range(len(boxes))], cost


def _hidden(rect: QRectF, others: Sequence[QRectF], own: QRectF) -> float:
    """Return how much of the faces is hidden, in pixels; the own face counts half."""
    area = sum(_area(rect.intersected(other)) for other in others)
    return area + 0.5 * _area(rect.intersected(own))


def _area(rect: QRectF) -> float:
    return rect.width() * rect.height() if rect.isValid() else 0.0


def _corners(box: QRectF, size: QSizeF) -> Iterator[QPointF]:
    above, below = box.top() - size.height() - GAP_PX, box.bottom() + GAP_PX
    ends = (box.left(), box.right() - size.width(), box.center().x() - size.width() / 2)
    for y in (above, below):
        for x in ends:
            yield QPointF(x, y)
    for y in (box.top(), box.bottom() - size.height(), box.center().y() - size.height() / 2):
        yield QPointF(box.right() + GAP_PX, y)
        yield QPointF(box.left() - size.width() - GAP_PX, y)
    for y in (box.top() + GAP_PX, box.bottom() - size.height() - GAP_PX):
        yield QPointF(box.left() + GAP_PX, y)


def _inside(rect: QRectF, bounds: QRectF) -> QRectF:
    moved = QRectF(rect)
    moved.moveLeft(max(bounds.left(), min(rect.left(), bounds.right() - rect.width())))
    moved.moveTop(max(bounds.top(), min(rect.top(), bounds.bottom() - rect.height())))
    return moved


def _collides(rect: QRectF, placed: Sequence[QRectF]) -> bool:
    return any(rect.intersects(other) for other in placed)


def _nearest_free(
    wanted: QRectF, placed: Sequence[QRectF], bounds: QRectF, hidden: Callable[[QRectF], float]
) -> QRectF:
    """Try the edges of the labels already there, nearest first; without room the wish stands.

    A label that would hide a piece of a face as wide as w counts as w pixels further away.
    """
    width, height = wanted.width(), wanted.height()
    rows = [bounds.top(), bounds.bottom() - height, wanted.top()]
    columns = [bounds.left(), bounds.right() - width, wanted.left()]
    for other in placed:
        rows += [other.bottom() + 1, other.top() - height - 1]
        columns += [other.right() + 1, other.left() - width - 1]
    places = [_inside(QRectF(x, y, width, height), bounds) for y in rows for x in columns]
    places.sort(
        key=lambda rect: (rect.topLeft() - wanted.topLeft()).manhattanLength() + hidden(rect) / height
    )
    return next((rect for rect in places if not _collides(rect, placed)), wanted)

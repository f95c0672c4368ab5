"""The tables of a report: rows of text, the first of them the heads."""

from __future__ import annotations

import math
from collections.abc import Sequence

from netcafe_face.trainer.evaluation.groups import GroupRates
from netcafe_face.trainer.evaluation.measuring import Measured, Rate
from netcafe_face.trainer.evaluation.verification import FoldAccuracy


def network_rows(results: Sequence[Measured]) -> list[list[str]]:
    """Say which networks they are and how fast each was."""
    rows = [["network", "input", "length", "ms a face", "SHA-256"]]
    for each in results:
        net = each.network
        speed = f"{net.ms_per_face:.1f} (threads: {net.threads}, batch: {net.batch})"
        shown = speed if math.isfinite(net.ms_per_face) else "–"
        rows.append([net.name, net.input, str(net.dim), shown, net.sha256[:12] or "–"])
    return rows


def verification_rows(results: Sequence[Measured]) -> list[list[str]]:
    """Compare 10-fold accuracy, equal error rate and angles."""
    rows = [["network", "accuracy ± sd of the folds", "threshold", "EER", "θ genuine", "θ impostor", "d′"]]
    several = sum(each.accuracy is not None for each in results) > 1
    if several:
        rows[0].append("against the first")
    first = next((each.accuracy for each in results if each.accuracy is not None), None)
    for each in results:
        if each.accuracy is None and each.eer is None:
            continue
        row = [each.network.name, *_accuracy_cells(each.accuracy), f"{each.eer[0]:.2%}" if each.eer else "–"]
        row += _angle_cells(each)
        if several:
            row.append(_difference_cell(each.accuracy, first))
        rows.append(row)
    return rows


def _accuracy_cells(accuracy: FoldAccuracy | None) -> list[str]:
    if accuracy is None:
        return ["–", "–"]
    return [f"{accuracy.mean:.2%} ± {accuracy.sd:.2%}", f"{accuracy.thresholds.mean():.3f}"]


def _angle_cells(each: Measured) -> list[str]:
    if (found := each.angles) is None:
        return ["–"] * 3
    return [
        f"{found.genuine_mean:.3f} ± {found.genuine_sd:.3f}",
        f"{found.impostor_mean:.3f} ± {found.impostor_sd:.3f}",
        f"{found.separation:.2f}",
    ]


def _difference_cell(accuracy: FoldAccuracy | None, first: FoldAccuracy | None) -> str:
    if accuracy is None or first is None or accuracy is first:
        return "–"
    mean, low, high = difference(accuracy, first)
    return f"{100 * mean:+.2f} [{100 * low:+.2f}, {100 * high:+.2f}] points"


def rate_rows(rates: Sequence[tuple[str, Sequence[Rate]]]) -> list[list[str]]:
    """List TAR and threshold at each false-accept rate, those that are extrapolated with an asterisk.

    Args:
        rates: of each network, with its name.
    """
    rows = [["network", "FAR", "TAR", "threshold", "false accepts"]]
    for name, of_network in rates:
        for rate in of_network:
            point = rate.point
            tar = "–" if math.isnan(point.tar) else f"{point.tar:.2%} {_percent(rate.tar_interval)}"
            low, high = rate.threshold_interval
            rows.append(
                [
                    name,
                    f"{point.far:.0e}" + ("*" if point.extrapolated else ""),
                    tar,
                    f"{point.threshold:.3f} [{low:.3f}, {high:.3f}]",
                    f"{point.false_accepts:,}",
                ]
            )
    return rows


def closed_rows(results: Sequence[Measured]) -> list[list[str]]:
    """List identification where everybody is enrolled."""
    rows = [["network", "people", "searches", "rank 1", "rank 5", "rank 1 by size of the gallery"]]
    for each in results:
        if (closed := each.closed) is None:
            continue
        sizes = ", ".join(f"{size:,}: {hit:.1%}" for size, hit in closed.by_size)
        five = closed.cmc[min(4, len(closed.cmc) - 1)]
        hit = f"{closed.rank1:.2%} {_percent((closed.low, closed.high))}"
        rows.append(
            [each.network.name, f"{closed.people:,}", f"{closed.searches:,}", hit, f"{five:.2%}", sizes]
        )
    return rows


def open_rows(results: Sequence[Measured]) -> list[list[str]]:
    """List identification with strangers."""
    rows = [["network", "FAR of a search", "DIR", "threshold", "enrolled", "searches", "strangers' searches"]]
    for each in results:
        for point in each.open:
            rows.append(
                [
                    each.network.name,
                    f"{point.far:.0e}" + (" (under 10 false alarms)" if point.uncertain else ""),
                    f"{point.dir:.2%} {_percent((point.low, point.high))}",
                    f"{point.threshold:.3f}",
                    f"{point.enrolled:,}",
                    f"{point.searches:,}",
                    f"{point.strangers:,}",
                ]
            )
    return rows


def group_rows(results: Sequence[Measured]) -> list[list[str]]:
    """List what one threshold does to each group of people."""
    rows = [["network", "group", "people", "faces", "TAR", "FAR within the group", "pairs", "remark"]]
    for each in results:
        for group in each.groups:
            rows.append([each.network.name, group.group, *_group_cells(group)])
    return rows


def _group_cells(group: GroupRates) -> list[str]:
    tar, far = f"{group.tar:.2%}", f"{group.far:.3%}"
    return [
        f"{group.people:,}",
        f"{group.faces:,}",
        "–" if math.isnan(group.tar) else f"{tar} {_percent((group.tar_low, group.tar_high))}",
        "–" if math.isnan(group.far) else f"{far} {_percent((group.far_low, group.far_high), 3)}",
        f"{group.genuine_pairs:,} / {group.impostor_pairs:,}",
        f"too small: {group.too_small}" if group.too_small else "",
    ]


def difference(one: FoldAccuracy, other: FoldAccuracy) -> tuple[float, float, float]:
    """Return by how much one network is more accurate than another on the same folds, and its 95% interval.

    The folds' differences are taken as normal (Student's t with folds − 1 degrees of freedom).
    """
    from scipy.special import stdtrit

    gaps = one.accuracies - other.accuracies
    half = float(stdtrit(len(gaps) - 1, 0.975) * gaps.std(ddof=1) / math.sqrt(len(gaps)))
    mean = float(gaps.mean())
    return mean, mean - half, mean + half


def _percent(ends: tuple[float, float], places: int = 1) -> str:
    return f"[{100 * ends[0]:.{places}f}, {100 * ends[1]:.{places}f}]"

"""Losses over pairs and triplets of a batch, instead of over classes.

Both work on embeddings scaled to length 1, in float32 also under autocast, and want batches of P people
with K pictures each. A batch with nothing to learn from gives a loss of 0 that can still be back-propagated.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from netcafe_face.trainer.losses.numeric import unit_rows


def squared_distances(embeddings: Tensor) -> Tensor:
    """Measure ‖a − b‖² = 2 − 2·cos θ between all unit-length embeddings of a batch.

    Args:
        embeddings: (n, dim), of any length; scaled to 1 here.

    Returns:
        (n, n), 0 to 4, float32 at least.
    """
    with torch.autocast(embeddings.device.type, enabled=False):
        unit = unit_rows(embeddings)
        return (2 - 2 * unit @ unit.T).clamp(min=0)


class TripletLoss(nn.Module):
    """Pull each face nearer to its own person's faces than to anybody else's, by a margin.

    Schroff et al., FaceNet, 2015: [‖a − p‖² − ‖a − n‖² + margin]₊ on unit vectors, with squared Euclidean
    distances as there. Semi-hard mining: of all anchors a, positives p and negatives n in the batch those
    count whose negative is farther than the positive, but by less than the margin; the loss is their mean.

    Args:
        margin: in squared distance.
    """

    def __init__(self, margin: float = 0.35) -> None:
        super().__init__()
        if not margin > 0:
            raise ValueError(f"the margin must be above 0, got {margin}")
        self.margin = margin

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Compute the mean loss of the batch's semi-hard triplets.

        Args:
            embeddings: (n, dim), any floating dtype, of any length.
            labels: int64 (n,).

        Returns:
            Scalar, float32 at least; 0 when there is no such triplet.
        """
        distances = squared_distances(embeddings)
        same = labels[:, None] == labels
        anchors, positives = (same & ~torch.eye(len(labels), dtype=torch.bool, device=same.device)).nonzero(
            as_tuple=True
        )
        gaps = distances[anchors] - distances[anchors, positives][:, None]
        semi_hard = ~same[anchors] & (gaps > 0) & (gaps < self.margin)
        return _mean((self.margin - gaps)[semi_hard], distances)


class ContrastiveLoss(nn.Module):
    """Pull pictures of one person together and push those of two people apart, up to a margin.

    Hadsell et al., 2006, as used on faces by Sun et al., DeepID2, 2014: ½·d² for a genuine pair and
    ½·[margin − d]₊² for an impostor pair, d being the Euclidean distance of unit vectors. The mean over the
    genuine pairs and the mean over the impostor pairs within the margin are added, so that the many impostor
    pairs of a batch do not drown the few genuine ones.

    Args:
        margin: in distance, 0 to 2.
    """

    def __init__(self, margin: float = 1.0) -> None:
        super().__init__()
        if not 0 < margin <= 2:
            raise ValueError(f"the margin must lie above 0 and up to 2, got {margin}")
        self.margin = margin

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Compute the loss of all pairs of the batch.

        Args:
            embeddings: (n, dim), any floating dtype, of any length.
            labels: int64 (n,).

        Returns:
            Scalar, float32 at least.
        """
        distances = squared_distances(embeddings)
        first, second = torch.triu_indices(len(labels), len(labels), 1, device=labels.device)
        squared, same = distances[first, second], labels[first] == labels[second]
        # Two impostors on one spot have no direction to part in: the floor keeps the root's slope finite.
        missing = self.margin - squared[~same].clamp(min=torch.finfo(squared.dtype).eps).sqrt()
        return _mean(squared[same] / 2, distances) + _mean(missing[missing > 0] ** 2 / 2, distances)


def _mean(losses: Tensor, distances: Tensor) -> Tensor:
    return losses.mean() if len(losses) else 0 * distances.sum()

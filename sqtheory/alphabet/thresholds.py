"""Thresholds for activations, as published code sets them from samples: TEAL's, CHESS's and that of CETT."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.scores import column_norms
from sqtheory.arrays import Array, FixedArray


@final
@dataclass(frozen=True)
class BinnedSamples:
    """Counts of samples in bins, float64 (bins,), and the bins' centres, ascending."""

    centres: FixedArray
    counts: FixedArray

    @classmethod
    def of(cls, x: Array, *, bins: int = 10_000, tail: float = 0.01) -> "BinnedSamples":
        """Equal bins between the quantiles ``tail`` and 1 − ``tail`` of all samples, one more beyond either.

        `liu2025teal`, utils/utils.py. Raises ValueError for fewer than 3 bins, or where the two quantiles are equal.
        """
        ordered = np.sort(x, axis=None).astype(np.float64)
        cut = int(tail * ordered.size)
        if bins < 3 or cut < 1 or not ordered[cut] < ordered[-cut]:
            raise ValueError(f"{ordered.size} samples have no histogram of {bins} bins with tails of {tail:g}")
        edges = np.concatenate([ordered[:1], np.linspace(ordered[cut], ordered[-cut], bins - 1), ordered[-1:]])
        counts, _ = np.histogram(ordered, edges)
        return cls(FixedArray((edges[:-1] + edges[1:]) / 2), FixedArray(counts.astype(np.float64)))

    def quantile(self, q: float) -> float:
        """F⁻¹(q) for the F that is linear between the centres of bins, and the outermost centres beyond."""
        total = np.cumsum(self.counts.values)
        return float(np.interp(q * total[-1], total, self.centres.values))


def symmetric_threshold(h: BinnedSamples, sparsity: float) -> float:
    """F⁻¹(½ + s/2), the s-quantile of |x| if the law of x is symmetric about 0; TEAL's (`liu2025teal`).

    Of any law it prunes s + P(x > τ) − P(x < −τ) if τ ≥ 0, more than s where the right tail is the heavier, and nothing
    if τ < 0.
    """
    if not 0 <= sparsity < 1:
        raise ValueError(f"a sparsity is in [0, 1), got {sparsity:g}")
    return h.quantile(0.5 + sparsity / 2) if sparsity else 0.0


def averaged_quantile(scores: Sequence[Array], share: float) -> float:
    """The mean over sequences of the ⌊n·share⌋-th smallest of their n scores (`he2024chess`, thresholds.py).

    Not the quantile of all scores: a sequence counts as much as a longer one, and means of quantiles are no quantiles.
    Raises ValueError where a sequence has no such score.
    """
    ranks = [int(s.size * share) for s in scores]
    if not scores or not all(1 <= k <= s.size for k, s in zip(ranks, scores, strict=True)):
        raise ValueError(f"a share of {share:g} of {[s.size for s in scores]} scores is no place among them")
    found = [np.partition(s, k - 1, axis=None)[k - 1] for k, s in zip(ranks, scores, strict=True)]
    return float(np.mean(found))


def tail_errors(x: Array, weight: Array, threshold: float) -> Array:
    """‖W z‖₂/‖W x‖₂ of every row x, z its entries with |x_j|·‖W_:j‖₂ ≤ τ; float64 (rows,).

    Raises ValueError for a row whose output is 0.
    """
    w, rows = weight.astype(np.float64), x.astype(np.float64)
    tail = np.where(np.abs(rows) * column_norms(w) <= threshold, rows, 0.0)
    whole = np.linalg.norm(rows @ w.T, axis=1)
    if not whole.all():
        raise ValueError(f"row {int(np.flatnonzero(whole == 0)[0])} has an output of 0, of which no share can be lost")
    return np.asarray(np.linalg.norm(tail @ w.T, axis=1) / whole)


def cett(x: Array, weight: Array, threshold: float) -> float:
    """The mean of ``tail_errors``, cumulative errors of tail truncation (`luo2025sparsing`, src/model_utils.py).

    Not monotone in τ: outputs of two entries can cancel.
    """
    return float(tail_errors(x, weight, threshold).mean())


def bisected_threshold(x: Array, weight: Array, target: float, *, candidates: int = 65_536) -> float:
    """The τ at which bisection over equally spaced candidates ends, as if ``cett`` grew with τ (`luo2025sparsing`).

    Candidates reach from the least score to the 0.99-quantile of all. Where CETT does not grow this is neither the
    largest τ of CETT ≤ target nor, in general, one with a neighbour beyond it.
    """
    scores = np.abs(x.astype(np.float64)) * column_norms(weight)
    tried = np.linspace(scores.min(), np.quantile(scores, 0.99), candidates)
    low, high = 0, candidates - 1
    while low < high:
        middle = (low + high) // 2
        if cett(x, weight, float(tried[middle])) > target:
            high = middle
        else:
            low = middle + 1
    return float(tried[low - 1])

"""The order gap of a whole tensor, predicted from the law of its entries alone."""

import numpy as np

from sqtheory.arrays import ArrayLike, as_real
from sqtheory.order_gap.densities import Empirical
from sqtheory.order_gap.finite_step import expected_order_gap
from sqtheory.partition import Blocks
from sqtheory.quantizers import Quantizer
from sqtheory.sparsifiers import Sparsifier, TopSparsifier

CLASSES = 16
"""Kinds of blocks that are told apart."""
FEWEST = 2_000
"""Entries that a law is taken from, at least."""


def predict_order_gap(q: Quantizer, s: Sparsifier, x: ArrayLike, p: int = 1) -> float:
    """E‖ε_{s∘q}‖_p^p − E‖ε_{q∘s}‖_p^p of a tensor under an n:m mask and a block quantizer, p = 1 or 2.

    Modelled: in blocks that are filled alike, the ratios |x|/σ of entries to their block's scale are independent
    draws of one law. Blocks are put in ``CLASSES`` by their mean ratio; a group in a block of scale σ costs σ^p times
    the number of its class, computed once. Used of x are magnitudes and scales, not which entries are neighbours.
    Raises ValueError unless s is n:m by magnitude, n < m, each group in one block of a symmetric grid with 0.
    """
    given = as_real(x).astype(np.float64)
    if not (isinstance(s, TopSparsifier) and isinstance(s.groups, Blocks) and s.score.is_magnitude):
        raise ValueError(f"the prediction is for n:m masks by magnitude, got {s}")
    if not s.groups.overlaps(q.partition, given.shape).nested:
        raise ValueError(f"a group of {s} spans several blocks of {q}")
    n, m = s.budget(s.groups.size), s.groups.size
    total = 0.0
    pieces = zip(q.partition.split(given), q.partition.split_grid(q.scales(given), given.shape), strict=True)
    for rows, sigma in pieces:
        some = sigma > 0
        ratios, scales = np.abs(rows[some]) / sigma[some, None], sigma[some]
        order = np.argsort(ratios.mean(axis=1), kind="stable")
        for members in np.array_split(order, min(CLASSES, max(1, ratios.size // FEWEST))):
            if members.size and ratios[members].size > 1:
                density = Empirical.of(ratios[members])
                groups = float(np.sum(scales[members] ** p)) * rows.shape[1] / m
                total += groups * expected_order_gap(density, q.format, 1.0, n, m, p)
    return total

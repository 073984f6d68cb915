"""What a mask by magnitude loses of independent entries, alone and before a quantizer, by the ranks it keeps."""

import numpy as np

from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.arrays import Array
from sqtheory.theory.expectations.densities import Density
from sqtheory.theory.expectations.finite_step import around_the_cut, check, gain, kept_chance
from sqtheory.theory.expectations.maximum import maxima
from sqtheory.theory.expectations.quadrature import rule


def expected_pruned_square(density: Density, n: int, m: int) -> float:
    """E (x − s(x))² of one of m independent entries of which the n largest are kept: ∫ t² (1 − I_F(m − n, n)) dF.

    Raises ValueError unless 0 < n < m, and for a law of infinite variance.
    """
    if not 0 < n < m:
        raise ValueError(f"an n:m mask that prunes and keeps needs 0 < n < m, got {n}:{m}")
    if not np.isfinite(density.second_moment):
        raise ValueError("the squared error of a law of infinite variance is infinite")
    u, weight, beyond = rule(np.array([0.0, 1e-3, 0.03, *around_the_cut(n, m)]), graded=True)
    t = np.where(beyond < 0.1, density.upper_quantile(beyond), density.quantile(u))
    return float(weight @ (t**2 * (1 - kept_chance(u, n, m))))


def expected_sparse_square(density: Density, q: Quantizer, n: int, m: int, size: int) -> float:
    """E (x − q(s(x)))² of one entry of a block of ``size`` independent entries in groups of m of which n are kept.

    E x² less what the kept entries save: given the block maximum, an entry of rank F(t | |x| ≤ max) = u is kept with
    chance I_u(m − n, n), beside the maximum, which always is, with I_u(m − n, n − 1). Keeping the maximum keeps the
    scale (theorem ``overlap``). Raises ValueError unless 0 < n < m, m divides the block, the grid is symmetric about 0
    with 0 in it, and the block maximum alone sets the scale.
    """
    check(n, m, 2, q.format)
    if size % m:
        raise ValueError(f"needed groups that fill the block, got {m} and {size}")
    saved = 0.0
    for top in maxima(density, q, size, around_the_cut(n, m)):
        law = top.below
        each = gain(law.t, law.image, 2)
        others = (size - m) * law.mean(each * kept_chance(law.u, n, m))
        beside = (m - 1) * law.mean(each * kept_chance(law.u, n - 1, m - 1))
        largest: Array = gain(np.asarray(top.t), np.asarray(top.image), 2)
        saved += top.weight * (others + beside + float(largest))
    return density.second_moment - saved / size

"""The Wasserstein distance of the entries of two tensors, each entry of one mass."""

import numpy as np

from sqtheory.alphabet.norms import check_norm
from sqtheory.arrays import ArrayLike, as_real
from sqtheory.orders.errors import norm


def wasserstein(x: ArrayLike, y: ArrayLike, p: float = 1.0) -> float:
    """W_p of the entries of x and those of y: min over orders π of (Σ|x_i − y_π(i)|^p/n)^{1/p}, of p = ∞ the maximum.

    Exact: on a line the entries in ascending order belong together (Villani 2003, §2.2), for every p ≥ 1.
    Raises ValueError for tensors of unlike sizes or no entries, for p < 1, and where an entry is no finite number.

    >>> wasserstein([0, 1, 3], [3, 0, 2], 1)
    0.3333333333333333
    """
    check_norm(p)
    a, b = (as_real(each).astype(np.float64).reshape(-1) for each in (x, y))
    if p < 1:
        raise ValueError(f"the distance W_p is of p ≥ 1, got {p}")
    if a.size != b.size or not a.size:
        raise ValueError(f"needed as many entries of one as of the other, got {a.size} and {b.size}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("an entry is NaN or infinite: it has no distance")
    lost = norm(np.sort(a) - np.sort(b), p)
    return lost if p == np.inf else lost / a.size ** (1 / p)

"""The k-support norm: the largest convex function below ½‖x‖² on what has k groups and ∞ on all else."""

import numpy as np

from sqtheory.arrays import Array


def squared_support_norm(x: Array, k: int) -> float:
    """Σ a_g max(a_g, t) over the norms a_g of groups, where Σ min(1, a_g/t) = k; ‖x‖² where k groups hold all of x.

    Half of it is the convex envelope of ½‖x‖² on x of at most k groups (`argyriou2012ksupport`, §2; for groups
    `refael2022wgsef`). x: (groups, entries), finite; float64. Raises ValueError for a k that is no number of groups.
    """
    sizes = _sizes(x, k)
    return float(np.sum(sizes * np.maximum(sizes, _cut(sizes, k, 0.0))))


def support_prox(x: Array, k: int, strength: float) -> Array:
    """argmin_u ½‖u − x‖² + λ/2 ‖u‖²_k: a group of norm a gets the norm min(a/(1 + λ), (a − λt)₊).

    t is the one at which Σ min(1, (a_g/t − λ)₊) = k, 0 where k groups hold all of x. x: (groups, entries), finite;
    float64, a new array. Raises ValueError for λ ≤ 0 and for a k that is no number of groups.
    """
    if not strength > 0:
        raise ValueError(f"the strength of a proximal step is positive, got {strength}")
    sizes = _sizes(x, k)
    kept = np.minimum(sizes / (1 + strength), np.maximum(sizes - strength * _cut(sizes, k, strength), 0))
    share = np.divide(kept, sizes, out=np.zeros_like(sizes), where=sizes > 0)
    return np.asarray(x * share[:, None])


def half_of_largest(x: Array, k: int) -> float:
    """½ Σ a_g² over the k largest norms of groups: the conjugate of that envelope."""
    return float(np.sum(np.sort(_sizes(x, k))[::-1][:k] ** 2) / 2)


def _sizes(x: Array, k: int) -> Array:
    if not 1 <= k <= len(x):
        raise ValueError(f"a k-support norm of {len(x)} groups needs 1 ≤ k ≤ {len(x)}, got k = {k}")
    return np.asarray(np.linalg.norm(x.astype(np.float64), axis=1))


def _cut(sizes: Array, k: int, strength: float) -> float:
    """t with Σ min(1, (a/t − λ)₊) = k, found among the places where a term begins or ends; 0 where t may be so."""
    alive = sizes[sizes > 0]
    if len(alive) <= k:
        return 0.0
    ends = alive / (1 + strength)
    starts = alive / strength if strength else np.full(len(alive), np.inf)
    places = np.sort(np.concatenate([ends, starts]))
    low, high = 0, len(places) - 1
    while high - low > 1:
        middle = (low + high) // 2
        enough = np.clip(alive / places[middle] - strength, 0, 1).sum() >= k
        low, high = (middle, high) if enough else (low, middle)
    whole = ends >= places[high]
    part = ~whole & (starts >= places[high])
    if not part.any():
        return float(places[low])
    return float(alive[part].sum() / (k - whole.sum() + strength * part.sum()))

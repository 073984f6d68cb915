"""The sums and counts of two orders by their definition, on whole tensors."""

import numpy as np

from sqtheory.alphabet.norms import check_norm
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.scaling import Placed
from sqtheory.arrays import Array, Mask
from sqtheory.orders.applied import TwoOrders, survivors
from sqtheory.orders.counts import Counts, Errors, GroupErrors, Openings, Sums, beyond_range, ends, sign
from sqtheory.orders.errors import Pieces, additive_bound, box_norms, change_of, norm, norm_of
from sqtheory.orders.optimum import gain_mask


def counts_of(two: TwoOrders, q: Quantizer, p: float) -> Counts:
    """All that is added up and counted."""
    p = check_norm(p)
    best = gain_mask(two.x, two.image, two.s, p)
    return Counts(sums_of(two, best, p), two.swaps, two.tied, openings_of(two, q))


def sums_of(two: TwoOrders, best: Mask, p: float) -> Sums:
    """The norms, and which order wins; ``best`` is the mask of the optimum.

    ``lead`` is exact for p = 1, 2, 3, …; for other p, differences below the rounding of the powers count as equal.
    """
    x = two.x
    flat, image, after = (a.reshape(-1) for a in (x, two.image, two.after_mask))
    mask, theirs, optimal = (m.reshape(-1) for m in (two.mask, two.image_mask, best))
    dense = at_dense_scale(two).reshape(-1)
    zero = x.dtype.type(0)
    results: list[Pieces] = [
        lambda cut: after[cut],
        lambda cut: np.where(theirs[cut], image[cut], zero),
        lambda cut: np.where(optimal[cut], image[cut], zero),
        lambda cut: dense[cut],
    ]
    sq, qs, least, sq_dense = (norm_of(_error_of(flat, y), flat.size, p) for y in results)
    lead = change_of(flat, results[0], results[1], p) if p < np.inf else qs - sq
    errors = Errors(
        s=norm_of(lambda cut: np.where(mask[cut], zero, flat[cut]), flat.size, p),
        q=norm_of(lambda cut: flat[cut].astype(np.float64) - image[cut], flat.size, p),
        sq=sq,
        qs=qs,
        gain=least,
        sq_dense=sq_dense,
    )
    return Sums(p, norm(x, p), errors, sign(lead))


def openings_of(two: TwoOrders, q: Quantizer) -> Openings:
    """In how many places each channel is open under the quantizer q of both orders."""
    x, alive, pruned, dense = two.x, living(two, q), ~two.mask, q.placed(two.x)
    low, high = ends(x, q.partition)
    return Openings(
        selected=_count(two.s.groups.reduce(two.reselected, lambda rows: np.asarray(np.any(rows, axis=1)))),
        moved=_count(moved(two, q, dense) & alive),
        living=_count(alive),
        back=_count(two.after_mask[pruned] != 0),
        pruned=_count(pruned),
        saturated=_count(beyond_range(low, high, dense, q)),
        flushed=_count(flushed(low, high, two.image, q)),
    )


def group_errors(two: TwoOrders, best: Mask, p: float) -> GroupErrors:
    """The norms of the errors group by group."""
    x, optimum = two.x.astype(np.float64), np.where(best, two.image, two.x.dtype.type(0))
    results: list[Array] = [two.sparse, two.image, two.after_mask, two.masked_image, optimum]
    s, q, sq, qs, gain = (box_norms(x - y, p, two.s.groups) for y in results)
    return GroupErrors(s, q, sq, qs, gain, np.vectorize(additive_bound, otypes=[float])(s, q, p))


def living(two: TwoOrders, q: Quantizer) -> Mask:
    """Which blocks have a survivor."""
    return q.partition.reduce(survivors(two.mask, two.x, q), lambda rows: np.asarray(np.any(rows, axis=1)))


def moved(two: TwoOrders, q: Quantizer, dense: Placed) -> Mask:
    """In which blocks the mask moved the scale, or the offset, from its value for x."""
    return replaced(q.placed(two.sparse), dense)


def replaced(one: Placed, other: Placed) -> Mask:
    """Which blocks have other scales or offsets."""
    return np.asarray(np.logical_or.reduce([a != b for a, b in zip(one, other, strict=True)]))


def flushed(low: Array, high: Array, image: Array, q: Quantizer) -> Mask:
    """Which blocks with these least and greatest entries hold more than zeros, and in the image only zeros."""
    gone = q.partition.reduce(image, lambda rows: np.asarray(~np.any(rows, axis=1)))
    return np.asarray(((low < 0) | (high > 0)) & gone)


def at_dense_scale(two: TwoOrders) -> Array:
    """q(s(x)) with the scales of x."""
    if not isinstance(two.q, Quantizer):
        return two.after_mask
    y = two.sparse
    return two.q.frozen(two.x).into(y, y, two.x)


def _error_of(x: Array, y: Pieces) -> Pieces:
    return lambda cut: x[cut].astype(np.float64) - y(cut)


def _count(where: Mask) -> int:
    return int(np.count_nonzero(where))

"""Both orders of a weight under a procedure that may change what survives, and the errors of the layer's output."""

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.norms import check_norm
from sqtheory.alphabet.procedures import PLAIN, Procedure
from sqtheory.arrays import Array, Mask
from sqtheory.exceptions import NonFinite, first_at
from sqtheory.orders.applied import Order
from sqtheory.orders.counts import Counts, Errors, Openings, OutputErrors, Sums, beyond_range, ends, sign
from sqtheory.orders.definition import flushed, replaced
from sqtheory.orders.errors import change, norm
from sqtheory.orders.matrix_errors import gram_norm
from sqtheory.orders.optimum import gain_optimum
from sqtheory.orders.pair import Pair

LARGEST = 2.0**500
"""Of entries of a weight under a procedure that squares them."""


def ordered_image(w: Array, pair: Pair, order: Order, p: float = 2.0) -> Array:
    """What one order makes of a weight under the procedure of a pair, a new array of its shape and dtype.

    Raises ValueError for a weight that is no matrix, for entries whose squares are beyond float64 and for a joint pass
    where there is none, NonFinite for NaN or infinity, also of what is made, and what the operators raise.
    """
    s, q, by = pair.s, pair.q, _fitting(w, pair.procedure)
    match order:
        case Order.sq:
            return _finite(by.sparse_quantized(w, s, q), by)
        case Order.qs:
            return _finite(by.quantized_sparse(w, s, q), by)
        case Order.gain:
            return gain_optimum(w, by.quantized(w, q), s, p)
        case Order.joint:
            found = by.joint(w, s, q)
            if found is None:
                raise ValueError(f"there is no joint pass of {s} and {q} {by.title}: --order is sq, qs or gain")
            return _finite(found, by)


def sparse_image(w: Array, pair: Pair) -> Array:
    """What s alone makes of a weight under the procedure of a pair. Raises as ``ordered_image``."""
    return _finite(_fitting(w, pair.procedure).sparse(w, pair.s), pair.procedure)


def quantized_image(w: Array, pair: Pair) -> Array:
    """What q alone makes of a weight under the procedure of a pair. Raises as ``ordered_image``."""
    return _finite(_fitting(w, pair.procedure).quantized(w, pair.q), pair.procedure)


def _fitting(w: Array, procedure: Procedure) -> Procedure:
    if procedure == PLAIN:
        return procedure
    if w.ndim != 2:
        raise ValueError(f"{procedure.title} is for matrices, outputs × inputs: got shape {w.shape}")
    if not np.isfinite(w).all():
        first = first_at(~np.isfinite(w))
        raise NonFinite(f"{w[first]} at {first}: {procedure.title} needs finite numbers")
    if float(np.abs(w).max(initial=0)) > LARGEST:
        first = first_at(np.abs(w.astype(np.float64)) > LARGEST)
        raise ValueError(
            f"{w[first]} at {first}: {procedure.title} squares entries, which may be {LARGEST:.3g} at most"
        )
    return procedure


def _finite(made: Array, procedure: Procedure) -> Array:
    """What a procedure made. Raises NonFinite where that is beyond its dtype."""
    if procedure != PLAIN and not np.isfinite(made).all():
        first = first_at(~np.isfinite(made))
        raise NonFinite(f"{made[first]} at {first} of what is made: {procedure.title} goes beyond {made.dtype}")
    return made


@final
@dataclass(frozen=True, eq=False)
class ProcedureImages:
    """What the procedure of a pair makes of a weight: s alone, q alone, S→Q, Q→S, and both in one pass if it can."""

    w: Array
    sparse: Array
    quantized: Array
    sq: Array
    qs: Array
    joint: Array | None

    @classmethod
    def of(cls, w: Array, pair: Pair) -> "ProcedureImages":
        """All of them. Raises as ``ordered_image``."""
        s, q, by = pair.s, pair.q, _fitting(w, pair.procedure)
        joint = by.joint(w, s, q)
        return cls(
            w,
            _finite(by.sparse(w, s), by),
            _finite(by.quantized(w, q), by),
            _finite(by.sparse_quantized(w, s, q), by),
            _finite(by.quantized_sparse(w, s, q), by),
            None if joint is None else _finite(joint, by),
        )

    def output_errors(self, moments: Array) -> OutputErrors:
        """‖X(W − Ŵ)ᵀ‖_F of every result Ŵ, from XᵀX."""

        def lost(made: Array) -> float:
            return gram_norm(self.w.astype(np.float64) - made, moments)

        made = (self.sparse, self.quantized, self.sq, self.qs)
        joint = None if self.joint is None else lost(self.joint)
        s, q, sq, qs = map(lost, made)
        return OutputErrors(gram_norm(self.w, moments), s, q, sq, qs, joint)

    def counts(self, pair: Pair, p: float) -> Counts:
        """Norms and channels of the weight itself; the optimum is the best mask on the image of q alone."""
        p, w, (s, q) = check_norm(p), self.w, (pair.s, pair.q)
        best = gain_optimum(w, self.quantized, s, p)
        made = (self.sparse, self.quantized, self.sq, self.qs, best)
        lone_s, lone_q, lost_sq, lost_qs, least = (norm(w.astype(np.float64) - one, p) for one in made)
        lead = lost_qs - lost_sq if p == math.inf else change(w, self.sq, self.qs, p)
        kept, differs = self.sparse != 0, (self.sq != 0) != (self.qs != 0)
        dense = q.placed(w)
        moved = replaced(q.placed(self.sparse), dense)
        alive = q.partition.reduce(kept, _any)
        low, high = ends(w, q.partition)
        openings = Openings(
            selected=_count(s.groups.reduce(differs, _any)),
            moved=_count(moved & alive),
            living=_count(alive),
            back=_count(~kept & (self.sq != 0)),
            pruned=_count(~kept),
            saturated=_count(beyond_range(low, high, dense, q)),
            flushed=_count(flushed(low, high, self.quantized, q)),
        )
        swaps = _count((self.sq != 0) & (self.qs == 0) & (self.quantized != 0))
        errors = Errors(lone_s, lone_q, lost_sq, lost_qs, least, sq_dense=lost_sq)
        return Counts(Sums(p, norm(w, p), errors, sign(lead)), swaps, 0, openings)


def _any(rows: Array | Mask) -> Mask:
    return np.asarray(np.any(rows, axis=1))


def _count(where: Mask) -> int:
    return int(np.count_nonzero(where))

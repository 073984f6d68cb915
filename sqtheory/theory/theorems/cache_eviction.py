"""What evicting entries of a cache moves, and what evicting them by other logits than the true ones can.

Quantized logits z′ rank two entries against z only where their errors differ by as much as their logits, at least.
"""

from functools import partial

import numpy as np

from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm, threshold, top
from sqtheory.arrays import Array, Mask
from sqtheory.exceptions import Undefined
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Attained, Claim, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import BUDGETED
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.softmax_shift import KINDS, softmax, spread


def kept(case: Case, z: Array) -> Mask:
    """Of every group of s the entries of largest z, its budget of them. Raises Undefined where it has none."""
    if not case.s.fixed_budget:
        raise Undefined(f"{case.s} has no budget for every group")
    return case.s.best_mask(z, z, z)


def evicted(case: Case, z: Array) -> Array:
    """Σ softmax(x)_i over what is not kept by z."""
    return np.asarray(np.where(kept(case, z), 0.0, softmax(case.x)).sum(axis=1))


def within(z: Array, mask: Mask) -> Array:
    """softmax(z) on the mask, divided by its sum there; 0 elsewhere."""
    return softmax(np.where(mask, z, -np.inf))


def reach(case: Case, other: Array) -> Array:
    """min(1, e^δ μ) for δ = max(x − z′) − min(x − z′) and μ = ``evicted`` by x itself."""
    z = case.x - case.x.max(axis=1, keepdims=True)
    pruned = np.where(kept(case, case.x), -np.inf, z)
    largest = pruned.max(axis=1, keepdims=True)
    most = np.where(np.isfinite(largest), largest, 0.0)
    with np.errstate(divide="ignore"):
        logarithm = most[:, 0] + np.log(np.exp(pruned - most).sum(axis=1)) - np.log(np.exp(z).sum(axis=1))
    return np.asarray(np.exp(np.minimum(0.0, spread(case.x, other) + logarithm)))


def _moved(case: Case) -> Array:
    left = within(case.x, kept(case, case.weight.x))
    return np.asarray(np.abs(softmax(case.x) - left).sum(axis=1))


exact = partial(Quantity, degree=0, noise=1e-13)
MOVED = exact(
    "moved",
    r"\lVert p-p_K/p(K)\rVert_1",
    "the sum of |p_i − p_i [i ∈ K]/p(K)| for p = softmax(z), z the rows of x: K, with the sum p(K) of p there, is what "
    "z′, the rows of w, keeps: the entries of largest z′, as many of every group as s keeps",
    _moved,
)
EVICTED = exact(
    "mu_by",
    r"\mu'",
    "the sum of p over all entries but those in K",
    lambda case: evicted(case, case.weight.x),
)
REACH = exact(
    "reach",
    r"\min(1,e^{\delta}\mu)",
    "the smaller of 1 and e^δ μ, δ = max(z − z′) − min(z − z′) and μ the sum of p over all entries but those of "
    "largest z, as many of every group as s keeps",
    lambda case: reach(case, case.weight.x),
)

THEOREM = Theorem(
    slug="cache_eviction",
    title="Evicting a share of attention moves twice that; logits that err by ε evict at most e^{2ε} times the least",
    claims=(Claim(MOVED, "==", 2 * EVICTED), Claim(EVICTED, "<=", REACH)),
    where=(MOVED, EVICTED, REACH),
    given=(BUDGETED.shown(Case.of([3, 2, 1, 0], int_(4), threshold(1), w=[3, 2, 1, 0])),),
    domain=Domain(
        x=Arrays(8, kinds=KINDS, subnormal=False),
        w=Arrays(8, kinds=KINDS, subnormal=False),
        q=OneOf(int_(4)),
        s=OneOf(nm(2, 4), nm(1, 4), nm(3, 4), nm(1, 2), nm(4, 8), top(3, per=Rows())),
    ),
    witness=Attained(Case.of([0, 1], int_(4), nm(1, 2), w=[0, 0])),
    source=NEW,
)

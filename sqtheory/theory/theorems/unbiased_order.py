"""Unbiased sparsification and unbiased rounding: what each order adds to the mean square, and the most Q→S can win."""

import numpy as np

from sqtheory.alphabet.cells import cells, chances
from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import bcq, int_, scaled
from sqtheory.alphabet.scaling import Frozen
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, threshold
from sqtheory.alphabet.traits import KEEPS_ZERO
from sqtheory.arrays import Array, FixedArray, Mask
from sqtheory.exceptions import Undefined
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Assumption, Attained, Claim, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import UNIFORM, decided_by_tensor, having, of_pipeline
from sqtheory.theory.samples import heavy, normal, one_signed, powers, ties, zeros
from sqtheory.theory.theorem import Theorem


def density(s: Sparsifier, shape: Shape) -> float | None:
    """n/m if s keeps n of every m entries, else None."""
    sizes = {size for size, *_ in s.groups.overlaps(s.groups, shape).pairs}
    return s.budget(max(sizes)) / max(sizes) if s.fixed_budget and len(sizes) == 1 else None


def kept_share(case: Case) -> float:
    """π. Raises Undefined where s keeps no one share of every group."""
    found = density(case.s, case.x[:1].shape)
    if found is None:
        raise Undefined(f"{case.s} does not keep one share of every group")
    return found


def ends(case: Case, tensor: Array) -> tuple[Array, Array]:
    """The levels around every entry of a tensor, at the scales of x."""
    return cells(case.q.frozen(case.x), tensor)


def _rounded(case: Case, tensor: Array, factor: float) -> Array:
    """E(x − Q(t)·factor)² of every entry."""
    low, high = ends(case, tensor)
    up = chances(tensor, low, high)
    return np.asarray((1 - up) * (case.x - low * factor) ** 2 + up * (case.x - high * factor) ** 2)


def _prune_first(case: Case) -> Array:
    share = kept_share(case)
    gone = _rounded(case, np.zeros_like(case.x), 1.0)
    return np.asarray(((1 - share) * gone + share * _rounded(case, case.x / share, 1.0)).sum(axis=1))


def _quantize_first(case: Case) -> Array:
    share = kept_share(case)
    return np.asarray(((1 - share) * case.x**2 + share * _rounded(case, case.x, 1 / share)).sum(axis=1))


def _spread(case: Case, tensor: Array) -> Array:
    """Σ (t − low)(high − t)."""
    low, high = ends(case, tensor)
    return np.asarray(((tensor - low) * (high - tensor)).sum(axis=1))


def _step(case: Case) -> Array:
    """σ times the least distance of two levels, of every entry."""
    return case.dense_scale * float(np.diff(case.q.format.values).min())


def _room(case: Case) -> Mask:
    share = density(case.s, case.x[:1].shape)
    if share is None:
        return np.zeros(len(case), bool)
    low, high = ends(case, case.x / share)
    return case.every((low <= case.x / share) & (case.x / share <= high))


PRUNE_FIRST = Quantity(
    "E_SQ",
    r"\mathbb{E}\lVert x-Q(S(x))\rVert_2^2",
    "the expectation of Σ(x − Q(S(x)))²: S keeps every entry with chance π, the share that s keeps, and divides it by "
    "π, else it is 0; Q is q with unbiased rounding, at the scales of x",
    _prune_first,
)
QUANTIZE_FIRST = Quantity(
    "E_QS",
    r"\mathbb{E}\lVert x-S(Q(x))\rVert_2^2",
    "the expectation of Σ(x − S(Q(x)))²",
    _quantize_first,
)
SPARSE = Quantity(
    "E_S",
    r"\sum\tfrac{1-\pi}\pi x_i^2",
    "the sum of x²(1 − π)/π: the variance of S alone",
    lambda case: (case.x**2).sum(axis=1) * (1 - kept_share(case)) / kept_share(case),
)
ROUNDED_AFTER = Quantity(
    "V_after",
    r"\pi\sum V(x_i/\pi)",
    "π times the sum of V(x/π), V(t) = (t − low)(high − t) the variance of the unbiased rounding of t",
    lambda case: kept_share(case) * _spread(case, case.x / kept_share(case)),
)
ROUNDED_BEFORE = Quantity(
    "V_before",
    r"\tfrac1\pi\sum V(x_i)",
    "the sum of V(x)/π",
    lambda case: _spread(case, case.x) / kept_share(case),
)
MOST = Quantity(
    "most",
    r"\tfrac\pi4\sum\Delta_i^2",
    "π/4 times the sum of the squares of the steps of all entries",
    lambda case: kept_share(case) * (_step(case) ** 2).sum(axis=1) / 4,
)
SHARE = of_pipeline(
    "one_share",
    "s keeps one share of the entries of every group",
    lambda s, q, p, shape: Ruling(
        density(s, shape) is not None,
        f"{s} {'keeps' if density(s, shape) is not None else 'does not keep'} one share of every group",
    ),
    defining=True,
)
ROOM = Assumption(
    "room", "every x_i/π lies on the grid or between two of its levels, at the scale of x", _room, decided_by_tensor
)
ZERO = having("zero_is_level", KEEPS_ZERO)
WIDE = Frozen(FixedArray(8.0))


THEOREM = Theorem(
    slug="unbiased_order",
    title="Unbiased sparsification adds to unbiased rounding: π V(x/π) before it, V(x)/π after it; Q→S wins at most "
    "πΔ²/4 an entry",
    claims=(
        Claim(PRUNE_FIRST, "==", SPARSE + ROUNDED_AFTER),
        Claim(QUANTIZE_FIRST, "==", SPARSE + ROUNDED_BEFORE),
        Claim(PRUNE_FIRST, "<=", QUANTIZE_FIRST + MOST),
    ),
    where=(PRUNE_FIRST, SPARSE, ROUNDED_AFTER, QUANTIZE_FIRST, ROUNDED_BEFORE, MOST),
    given=(
        SHARE.shown(Case.of([1, 2], int_(4), threshold(1.0))),
        ROOM.shown(Case.of([7, 4], int_(4), nm(1, 2))),
        ZERO.shown(Case.of([1, 0], bcq(2, scaling=Frozen(FixedArray(1.0))), nm(1, 2))),
        UNIFORM.shown(Case.of([3, 0, 0], scaled(E2M1, scaling=Frozen(FixedArray(1.0))), nm(2, 3))),
    ),
    domain=Domain(
        x=Arrays(8, kinds=(normal, ties, powers, zeros, one_signed, heavy), subnormal=False),
        q=OneOf(*(int_(k, scaling=WIDE) for k in (4, 6, 8))),
        s=OneOf(nm(2, 4), nm(1, 4), nm(1, 2), nm(4, 8)),
    ),
    witness=Attained(Case.of([1, 1, 1], int_(8, scaling=Frozen(FixedArray(1.0))), nm(2, 3))),
    source=NEW,
)

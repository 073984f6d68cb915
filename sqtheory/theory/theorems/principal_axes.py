"""Of all directions to write a layer's inputs in, the principal axes lose least when the others are deleted."""

import numpy as np

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm, threshold
from sqtheory.alphabet.transforms import axes_by_power
from sqtheory.arrays import Array
from sqtheory.exceptions import Undefined
from sqtheory.theory import samples
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Attained, Claim, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import BUDGETED
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.gram_error import INPUTS, matrix, square_sum

DEPENDENT = 1e-12
"""Share of the largest singular value of unit columns below which they count as dependent."""


def kept_axes(case: Case) -> int:
    """How many of the four directions stay: the budget of s in a group of four. Raises Undefined where it has none."""
    if not case.s.fixed_budget:
        raise Undefined(f"{case.s} keeps no number of directions")
    return int(case.s.budget(INPUTS))


def _leading(case: Case) -> Array:
    x, k = matrix(case.x), kept_axes(case)
    powers = np.linalg.svd(x, compute_uv=False) ** 2
    return np.asarray(powers[:, :k].sum(axis=1))


def _deleted(case: Case) -> Array:
    x, k = matrix(case.x), kept_axes(case)
    columns = matrix(case.weight.x)[:, :, :k]
    sizes = np.linalg.norm(columns, axis=1, keepdims=True)
    units = np.divide(columns, sizes, out=np.zeros_like(columns), where=sizes > 0)
    return square_sum(x - x @ units @ np.linalg.pinv(units, rcond=DEPENDENT))


def _deleted_by_axes(case: Case) -> Array:
    x, k = matrix(case.x), kept_axes(case)
    axes = axes_by_power(x.swapaxes(1, 2) @ x)[0][:, :, :k]
    return square_sum(x - x @ axes @ axes.swapaxes(1, 2))


TOTAL = Quantity(
    "X2", r"\lVert X\rVert_F^2", "the squared Frobenius norm of X", lambda case: square_sum(matrix(case.x)), 2
)
LEADING = Quantity(
    "lambda_k",
    r"\lambda_1+\dots+\lambda_k",
    "the sum of the k largest eigenvalues of XᵀX, k the budget of s in a group of four",
    _leading,
    2,
)
DELETED = Quantity(
    "D_w",
    r"\lVert X-XP_w\rVert_F^2",
    "the squared norm of X − XP for the projection P onto the first k columns of W",
    _deleted,
    2,
)
DELETED_BY_AXES = Quantity(
    "D_v",
    r"\lVert X-XV_kV_k^\top\rVert_F^2",
    "the squared norm of X − X V Vᵀ for the k leading principal axes V",
    _deleted_by_axes,
    2,
)

THEOREM = Theorem(
    slug="principal_axes",
    title="Keeping k directions of a layer's inputs loses least in the principal axes: the trailing eigenvalues",
    claims=(Claim(TOTAL - LEADING, "<=", DELETED), Claim(TOTAL - LEADING, "==", DELETED_BY_AXES)),
    where=(TOTAL, LEADING, DELETED, DELETED_BY_AXES),
    given=(BUDGETED.shown(Case.of(np.eye(4).ravel(), int_(4), threshold(1), w=np.eye(4).ravel())),),
    domain=Domain(
        x=Arrays(16, kinds=(samples.normal, samples.ties, samples.zeros, samples.one_signed), subnormal=False),
        w=Arrays(16, kinds=(samples.normal, samples.one_signed), subnormal=False),
        q=OneOf(int_(4)),
        s=OneOf(nm(1, 4), nm(2, 4), nm(3, 4)),
    ),
    witness=Attained(Case.of(np.diag([4.0, 3, 2, 1]).ravel(), int_(4), nm(2, 4), w=np.eye(4).ravel())),
    source=Reference("fan1949weyl", "Theorem 1; for inputs of a layer ashkboos2024slicegpt, §3.3"),
)

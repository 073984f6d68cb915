"""What quantizing a weight of orthogonal columns costs WINA: its score is exact for W, and nearly so for Ŵ = W + E."""

import numpy as np
import sympy
from numpy.random import Generator

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import hbfp, int_, mxfp, nf4
from sqtheory.alphabet.sparsifiers import nm, threshold
from sqtheory.alphabet.ties import high_index
from sqtheory.arrays import Array, Mask
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Assumption, Claim, NoneKnown, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import decided_by_tensor
from sqtheory.theory.samples import heavy, normal, one_signed, ties
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.gram_error import INPUTS, matrix
from sqtheory.theory.theorems.linear_layer import spectral
from sqtheory.theory.theorems.partner_optimal import IDENTITY, WITHIN, by_score, least, lost

HALVES = sympy.Rational(2 * (INPUTS - 1), INPUTS)
"""2(1 − 1/n): how much larger a matrix's norm can be without its diagonal (pinching)."""


def quaternions(rng: Generator, shape: tuple[int, ...], dtype: type) -> Array:
    """4 × 4 matrices of exactly orthogonal columns, left products of quaternions; a quarter are any."""
    a, b, c, d = rng.integers(-8, 9, (4, shape[0]))
    rows = [[a, -b, -c, -d], [b, a, -d, c], [c, d, a, -b], [d, -c, b, a]]
    x = np.moveaxis(np.array(rows, np.float64), 2, 0) * 2.0 ** rng.integers(-2, 3, (shape[0], 1, INPUTS))
    other = rng.integers(-7, 8, (shape[0], INPUTS, INPUTS))
    other[:, 0, 0] = 7
    return np.asarray(np.where(rng.random((shape[0], 1, 1)) < 0.75, x, other).reshape(shape).astype(dtype))


def _orthogonal(case: Case) -> Mask:
    samples = matrix(case.x)
    products = np.einsum("bni,bnj->bij", samples, samples)
    return np.asarray((products * (1 - np.eye(INPUTS)) == 0).all(axis=(1, 2)))


def dropped(case: Case) -> tuple[Array, Array]:
    """z and z*: what the score and the best mask drop of every activation row, both by Ŵ (cases, rows, inputs)."""
    image, w = case.orders.image, case.weight.x
    return matrix(w * ~by_score(case.s, image, w)), least(case.s, image, w)[1]


def _excess(case: Case) -> Array:
    by_rank, best = dropped(case)
    return np.asarray((lost(case.orders.image, by_rank) - lost(case.orders.image, best)).sum(axis=1))


def _alike(case: Case) -> Array:
    image = matrix(case.orders.image)
    products = np.einsum("bni,bnj->bij", image, image) * (1 - np.eye(INPUTS))
    by_rank, best = dropped(case)
    apart, both = np.linalg.norm(by_rank - best, axis=2), np.linalg.norm(by_rank + best, axis=2)
    return np.asarray(np.abs(np.linalg.eigvalsh(products)).max(axis=1) * (apart * both).sum(axis=1))


def _sizes(case: Case) -> Array:
    return np.asarray(sum((z**2).sum(axis=(1, 2)) for z in dropped(case)))


EXCESS = Quantity(
    "excess",
    r"\lVert\hat Wz\rVert_2^2-\lVert\hat Wz^*\rVert_2^2",
    "what keeping the largest |x_j| ‖Ŵ_j‖₂ in the groups of s loses of Ŵx more than the best mask, over all rows x",
    _excess,
    2,
)
ALIKE = Quantity(
    "alike",
    r"\lVert\operatorname{off}(\hat W^{\top}\hat W)\rVert_2\,\lVert z-z^*\rVert_2\lVert z+z^*\rVert_2",
    "the spectral norm of ŴᵀŴ without its diagonal, times the norms of z − z* and z + z*, summed over rows",
    _alike,
    2,
)
ERROR = Quantity(
    "E",
    r"\lVert E\rVert_2",
    "the spectral norm of E = Ŵ − W for Ŵ = q(W)",
    lambda case: spectral(matrix(case.orders.image - case.x)),
)
WEIGHT = Quantity("W", r"\lVert W\rVert_2", "the spectral norm of W", lambda case: spectral(matrix(case.x)))
SIZES = Quantity(
    "sizes",
    r"\lVert z\rVert_2^2+\lVert z^*\rVert_2^2",
    "the squared norms of what the score drops of x and of what the best mask does, summed over rows",
    _sizes,
)
ORTHOGONAL = Assumption("orthogonal", "the columns of W are orthogonal", _orthogonal, decided_by_tensor)
ACTIVATIONS = (normal, ties, one_signed, heavy)

THEOREM = Theorem(
    slug="partner_perturbed",
    title="Quantizing a weight of orthogonal columns by E costs WINA (2 − 2/n)(2‖E‖‖W‖ + ‖E‖²) of the dropped parts",
    claims=(
        Claim(EXCESS, "<=", ALIKE),
        Claim(ALIKE, "<=", HALVES * (2 * ERROR * WEIGHT + ERROR**2) * SIZES),
    ),
    where=(EXCESS, ALIKE, ERROR, WEIGHT, SIZES),
    given=(
        WITHIN.shown(Case.of(IDENTITY, int_(4), threshold(1), w=[3, 1, 1, 0] * 4)),
        ORTHOGONAL.shown(Case.of([7, 7, 0, 0, 0, 0, 7, 0] + [0] * 8, int_(4), nm(1, 4), w=[1, 1, 1.25, 0] * 4)),
    ),
    domain=Domain(
        x=Arrays(16, kinds=(quaternions,)),
        w=Arrays(16, kinds=ACTIVATIONS, subnormal=False),
        q=OneOf(int_(4), int_(3, block=4), hbfp(4, block=4), mxfp(E2M1), nf4()),
        s=OneOf(nm(2, 4), nm(1, 4), nm(1, 2), nm(2, 4, ties=high_index)),
    ),
    witness=NoneKnown("a chain of norm inequalities, each tight in rows of its own"),
    source=NEW,
)

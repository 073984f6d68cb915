"""What DSnoT's swaps do to the mean and to the squared error of a layer whose weight is masked and quantized."""

from functools import lru_cache

import numpy as np
from numpy.random import Generator

from sqtheory.alphabet.compensation.swap import SWAPS, swaps
from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import hbfp, int_, mxfp
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array, Mask
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Assumption, Attained, Claim, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import decided_by_tensor
from sqtheory.theory.samples import heavy, normal, one_signed, ties
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.gram_dominates import HADAMARD
from sqtheory.theory.theorems.gram_error import INPUTS, layer, matrix, square_sum


def spread_out(rng: Generator, shape: tuple[int, ...], dtype: type) -> Array:
    """Four samples of four inputs, most of them uncorrelated about their means: variances 4^k or 0, means quarters."""
    rows = shape[0]
    about = np.broadcast_to(np.c_[HADAMARD[:, 1:], np.zeros(INPUTS)], (rows, INPUTS, INPUTS))
    about = about * 2.0 ** rng.integers(-2, 3, (rows, 1, INPUTS))
    order = rng.permuted(np.tile(np.arange(INPUTS), (rows, 1)), axis=1)
    means = rng.integers(-8, 9, (rows, 1, INPUTS)) / 4
    x = np.take_along_axis(about, order[:, None], axis=2) + means
    other = rng.integers(-8, 9, x.shape) / 4
    return np.asarray(np.where(rng.random((rows, 1, 1)) < 0.75, x, other).reshape(shape).astype(dtype))


def _law(case: Case) -> tuple[Array, Array, Array]:
    """E X_j, Var X_j and Σ X_j² of every input, one row for every row of the weights."""
    samples = matrix(case.x)
    means = samples.mean(axis=1)
    found = (means, ((samples - means[:, None]) ** 2).mean(axis=1), (samples**2).sum(axis=1))
    mean, variance, power = (np.repeat(one, case.x.shape[1] // INPUTS, axis=0) for one in found)
    return mean, variance, power


def masks(case: Case) -> tuple[Mask, Mask]:
    """The mask of s at W as rows of inputs, and the mask after swaps."""
    w, image = (matrix(a).reshape(-1, INPUTS) for a in (case.weight.x, case.weight.orders.image))
    keep = case.weight.orders.mask.reshape(w.shape)
    mean, variance, power = _law(case)
    shape = case.x[:1].shape
    label = case.s.groups.spread(np.arange(case.s.groups.count(shape)).reshape(case.s.groups.grid(shape)), shape)
    home = np.tile(label.reshape(-1, INPUTS), (len(case), 1))
    lost = ((w - keep * image) * mean).sum(axis=1)
    return keep, swaps(keep, home, lost, image * mean, w**2 * power, variance, SWAPS)


@lru_cache(maxsize=1)
def errors(case: Case) -> tuple[Array, Array]:
    """W − m ⊙ q(W) before and after swaps, the shape of w; read-only, made once for all quantities of a case."""
    w, image = case.weight.x, case.weight.orders.image
    before, after = (w - m.reshape(w.shape) * image for m in masks(case))
    for one in (before, after):
        one.setflags(write=False)
    return before, after


def _means(case: Case, e: Array) -> Array:
    return np.asarray((matrix(e) * matrix(case.x).mean(axis=1)[:, None]).sum(axis=2))


def _mean_error(case: Case, which: int) -> Array:
    return np.asarray(np.abs(_means(case, errors(case)[which])).sum(axis=1))


def _change(case: Case) -> Array:
    before, after = errors(case)
    return square_sum(layer(case.x, after)) - square_sum(layer(case.x, before))


def _bias_change(case: Case) -> Array:
    before, after = ((_means(case, e) ** 2).sum(axis=1) for e in errors(case))
    return np.asarray(matrix(case.x).shape[1] * (after - before))


def _variance_change(case: Case) -> Array:
    variance = matrix(case.x).var(axis=1)[:, None]
    before, after = ((matrix(e) ** 2 * variance).sum(axis=(1, 2)) for e in errors(case))
    return np.asarray(matrix(case.x).shape[1] * (after - before))


def _uncorrelated(case: Case) -> Mask:
    about = matrix(case.x) - matrix(case.x).mean(axis=1, keepdims=True)
    products = np.einsum("bni,bnj->bij", about, about)
    return np.asarray((products * (1 - np.eye(INPUTS)) == 0).all(axis=(1, 2)))


BEFORE = Quantity(
    "b",
    r"\lVert(W-m\odot q(W))\mathbf{E}x\rVert_1",
    "the 1-norm of (W − m ⊙ q(W)) E x, what the mean output loses by the mask of s and rounding",
    lambda case: _mean_error(case, 0),
)
AFTER = Quantity(
    "b_swapped",
    r"\lVert(W-m'\odot q(W))\mathbf{E}x\rVert_1",
    "the same with the mask m′ after swaps in the groups of s, at the scales of W",
    lambda case: _mean_error(case, 1),
)
CHANGE = Quantity(
    "Y_change",
    r"\lVert X(W-m'\odot q(W))^{\top}\rVert_F^2-\lVert X(W-m\odot q(W))^{\top}\rVert_F^2",
    "by how much the squared error of the layer's output rises with the swaps",
    _change,
    2,
)
OF_MEANS = Quantity(
    "B_change", r"n\,\Delta\lVert(\cdot)\mathbf{E}x\rVert_2^2", "n times the change of the squared 2-norm of (·) E x",
    _bias_change,
    2,
)  # fmt: skip
OF_VARIANCES = Quantity(
    "V_change",
    r"n\,\Delta\sum_{oj}(\cdot)_{oj}^2\operatorname{Var}x_j",
    "n times the change of the squared errors of the weights, each by the variance of its input",
    _variance_change,
    2,
)
UNCORRELATED = Assumption(
    "uncorrelated_about_means", "the covariance of the inputs is diagonal", _uncorrelated, decided_by_tensor
)

THEOREM = Theorem(
    slug="swap_bias",
    title="DSnoT never raises what a layer's mean output loses; its squared error it changes by the variances too",
    claims=(Claim(AFTER, "<=", BEFORE), Claim(CHANGE, "==", OF_MEANS + OF_VARIANCES)),
    where=(AFTER, BEFORE, CHANGE, OF_MEANS, OF_VARIANCES),
    given=(
        UNCORRELATED.shown(
            Case.of([1, 1, 1, 0, -1, 0, 0, 2, -1, 0, 1, 0, 0, 2, 1, 2], int_(4), nm(1, 4), w=[7, 1, 2, 2] * 4),
        ),
    ),
    domain=Domain(
        x=Arrays(16, kinds=(spread_out,)),
        w=Arrays(16, kinds=(normal, ties, one_signed, heavy), subnormal=False),
        q=OneOf(int_(4), int_(3, block=4), hbfp(4, block=4), mxfp(E2M1)),
        s=OneOf(nm(2, 4), nm(1, 4), nm(3, 4), nm(1, 2)),
    ),
    witness=Attained(Case.of([1.0] * 16, int_(4), nm(2, 4), w=[7, 2, 1, 1] * 4)),
    source=Reference("zhang2024dsnot", "zyxxmu/DSnoT 4c029df, lib/prune.py, with the check of signs"),
)

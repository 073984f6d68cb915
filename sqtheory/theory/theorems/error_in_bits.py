"""What a grid loses on average: an expectation over the block maximum."""

import math
from itertools import combinations

import numpy as np

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.partition import Whole
from sqtheory.alphabet.quantizers import Quantizer, bcq, hbfp, int_, mxfp, mxint, nf4
from sqtheory.alphabet.rounding import stochastic, toward_zero
from sqtheory.alphabet.scaling import Percentile, Reach, Scaling
from sqtheory.arrays import Array
from sqtheory.exceptions import Undefined
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Attained, Claim, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import CHOICES, STEADY, of_pipeline
from sqtheory.theory.theorem import Theorem


def block_size(case: Case) -> int:
    """B, the entries of a scale block."""
    return int(min(case.q.partition.sides(case.x.shape)[-1], case.x.shape[1]))


def _over_blocks(case: Case) -> Array:
    """The mean of (x − q(x))² over all entries of all blocks that can be formed from the row."""
    if not (found := _runs(case.q)).closed:
        raise Undefined(found.why)
    size, (rows, count) = block_size(case), case.x.shape
    if math.comb(count, size) > CHOICES:
        raise Undefined(f"at most {CHOICES} blocks of a row are formed, {count} entries have {math.comb(count, size)}")
    blocks = case.x[:, np.array(list(combinations(range(count), size)))].reshape(-1, size)
    return np.asarray(_squared(blocks - case.q.apply(blocks, blocks)).reshape(rows, -1).mean(axis=1))


def _squared(error: Array) -> Array:
    """The squares, ∞ where an image is no number."""
    return np.nan_to_num(error**2, nan=np.inf, posinf=np.inf)


def _over_maxima(case: Case) -> Array:
    """Σ_j P(maximum is the j-th) (err² of it + (B − 1) mean err² of smaller ones at its scale)/B."""
    size, (rows, count) = block_size(case), case.x.shape
    ascending = np.take_along_axis(case.x, np.argsort(np.abs(case.x), axis=1, kind="stable"), axis=1)
    total = np.zeros(rows)
    for j in range(size - 1, count):
        chance = math.comb(j, size - 1) / math.comb(count, size)
        scale = case.q.scaling.scales(ascending[:, j : j + 1], case.q.partition, case.q.format)
        divisor = np.where(scale == 0, 1, scale)
        ratios = case.q.format.round(ascending[:, : j + 1] / divisor, case.q.rounding, saturate=case.q.saturate)
        error = _squared(ascending[:, : j + 1] - ratios * scale)
        total += chance * (error[:, j] + (size - 1) * (error[:, :j].mean(axis=1) if j else 0)) / size
    return total


OVER_BLOCKS = Quantity(
    "E_blocks",
    r"\mathbb{E}\,\varepsilon_q^2",
    "the mean of (x_i − q(x)_i)² over all entries of all blocks of B entries of the row",
    _over_blocks,
)
OVER_MAXIMA = Quantity(
    "E_maxima",
    r"\sum_j\mathbb{P}(\max=x_{(j)})\tfrac1B\bigl(\varepsilon(x_{(j)})^2+(B-1)\,\overline{\varepsilon^2}_{i<j}\bigr)",
    "the sum over j of P(the largest magnitude of a block is the j-th smallest of the row) times 1/B of its squared "
    "error plus (B − 1)/B of the mean squared error of the j − 1 smaller ones, all at the scale that it sets",
    _over_maxima,
)


def _runs(q: Quantizer) -> Ruling:
    runs = q.partition.along_rows
    return Ruling(runs, f"{q.partition} makes blocks that are {'' if runs else 'no '}runs along the last axis")


RUNS = of_pipeline(
    "blocks_are_runs",
    "scale blocks are runs of B entries along the last axis, or rows",
    lambda s, q, p, shape: _runs(q),
    defining=True,
)
SET_BY_MAXIMUM = of_pipeline(
    "scale_of_maximum",
    "the scale of a block is a function of its largest magnitude",
    lambda s, q, p, shape: Ruling(_set_by_maximum(q.scaling), f"the scale is {q.scaling}"),
)


def _set_by_maximum(scaling: Scaling) -> bool:
    return scaling.follows_maximum and scaling.looks_at is not Reach.tensor


UNLIKE = (7, 3.25, 1.125, 2.375, 5.4375, 0.1875, 4.625, 6.3125)
"""Entries of which each errs by another amount when it is rounded the other way."""

THEOREM = Theorem(
    slug="error_in_bits",
    title="The mean squared error over all blocks of a row is one over the block maximum, all else at its scale",
    claims=(Claim(OVER_BLOCKS, "==", OVER_MAXIMA),),
    where=(OVER_BLOCKS, OVER_MAXIMA),
    given=(
        RUNS.shown(Case.of([7, 2, 1, 0], int_(4, per=Whole()))),
        SET_BY_MAXIMUM.shown(Case.of([7, 2, 1, 0], int_(4, block=2, scaling=Percentile(50)))),
        STEADY.shown(Case.of(UNLIKE, int_(4, block=4, rounding=stochastic(np.random.default_rng(0))))),
    ),
    domain=Domain(
        x=Arrays(6),
        q=OneOf(
            *(int_(4, block=3), int_(3, block=2), int_(8, block=4), int_(2, block=3), hbfp(4, block=3)),
            *(mxint(4, block=2), mxfp(E2M1, block=3), mxfp(E4M3, block=4), nf4(block=3), bcq(2, block=3)),
            int_(4, block=3, rounding=toward_zero),
        ),
    ),
    witness=Attained(Case.of([7, 2.5, 1, 1], int_(4, block=2))),
    source=Reference("harma2022accuracy", "for the sweep"),
)

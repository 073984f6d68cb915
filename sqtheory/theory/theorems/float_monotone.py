"""What is computed in float32 keeps the order of magnitudes, as real arithmetic does: dominance needs no more of it."""

import numpy as np

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, mxint, nvfp4
from sqtheory.alphabet.rounding import floor, toward_zero
from sqtheory.alphabet.scaling import Reciprocal
from sqtheory.alphabet.scaling.maximum import AbsMax
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Claim, NoneKnown, Quantity
from sqtheory.theory.domain import KINDS, Arrays, Domain, OneOf
from sqtheory.theory.quantities import ORDERED
from sqtheory.theory.samples import subnormal
from sqtheory.theory.theorem import Theorem

LARGEST = float(np.finfo(np.float32).max)


def single(case: Case) -> Array:
    """x in float32, to the nearest number in range."""
    return np.clip(case.x, -LARGEST, LARGEST).astype(np.float32)


def falls(x: Array, image: Array) -> Array:
    """The most by which |q(x)_i| exceeds |q(x)_j| where |x_i| ≤ |x_j|, or q(x)_i lies on the side opposite to x_i's."""
    size, made = np.abs(x).astype(np.float64), np.abs(image).astype(np.float64)
    order = np.lexsort((made, size), axis=1)
    size, made = (np.take_along_axis(a, order, axis=1) for a in (size, made))
    before = np.maximum.accumulate(made, axis=1)
    drop = (before[:, :-1] - made[:, 1:]).max(axis=1, initial=0.0)
    apart = np.where(np.diff(size, axis=1) == 0, np.diff(made, axis=1), 0.0).max(axis=1, initial=0.0)
    turned = np.where(np.sign(x) * np.sign(image) < 0, np.abs(image), 0).max(axis=1, initial=0.0)
    return np.asarray(np.maximum(np.maximum(drop, apart), turned), np.float64)


def _falls(case: Case) -> Array:
    """Of every row, at the most over its scale blocks."""
    x = single(case)
    found: Array = np.zeros(len(case))
    image = case.q.apply(x, x)
    for rows, made in zip(case.q.partition.split(x), case.q.partition.split(image), strict=True):
        found = np.maximum(found, falls(rows, made).reshape(len(case), -1).max(axis=1))
    return found


FALLS = Quantity(
    "falls",
    r"\max_{|x_i|\le|x_j|}\bigl(|\mathrm{fl}(q(x))_i|-|\mathrm{fl}(q(x))_j|\bigr)",
    "with x, scales, quotients and products in float32: the most by which |q(x)_i| exceeds |q(x)_j| for |x_i| ≤ |x_j| "
    "of one block, or by which an image has the sign opposite to its entry's",
    _falls,
)

THEOREM = Theorem(
    slug="float_monotone",
    title="In float32, subnormals included, fl(σ ρ(fl(x/σ))) keeps the order of magnitudes and reverses no sign, "
    "and so does fl(σ ρ(fl(x fl(1/σ))))",
    claims=(Claim(FALLS, "<=", 0),),
    where=(FALLS,),
    given=(ORDERED.shown(Case.of([7, 2.875, -2.8125, 0], int_(4, rounding=floor))),),
    domain=Domain(
        x=Arrays(8, kinds=(*KINDS, subnormal)),
        q=OneOf(
            *(int_(4), int_(3, block=4), int_(8), int_(4, rounding=toward_zero), int_(4, scaling=Reciprocal(AbsMax()))),
            *(hbfp(4), mxint(4), mxfp(E2M1), mxfp(E4M3, block=4), nvfp4(block=8), bcq(2, zero=True)),
        ),
        s=OneOf(nm(2, 4)),
    ),
    witness=NoneKnown("of two entries of one image neither side is positive"),
    source=NEW,
)

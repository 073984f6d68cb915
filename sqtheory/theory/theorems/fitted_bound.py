"""Scales fitted in the norm of the error may move: pruning before quantizing still adds no error to the sum of both."""

from dataclasses import replace
from math import inf

import sympy

from sqtheory.alphabet.formats import E2M1, INT4
from sqtheory.alphabet.norms import spell_norm
from sqtheory.alphabet.partition import Rows, Shape
from sqtheory.alphabet.quantizers import Quantizer, bcq, hbfp, int_, mxfp, nf4, nvfp4, scaled
from sqtheory.alphabet.rounding import half_away
from sqtheory.alphabet.scaling import AbsMax, BlockError, FourOverSix, LeastNorm, MixedFormat, TwoLevel, mse
from sqtheory.alphabet.scores import given
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, threshold, top
from sqtheory.orders.pair import Pair
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Attained, Claim, Norms
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import ERROR_Q, ERROR_S, ERROR_SQ, NORM, POWER_Q, POWER_S, POWER_SQ, Z, of_pipeline
from sqtheory.theory.theorem import Theorem


def _fitted(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    if not q.nearest:
        return Ruling(False, f"{q.rounding} is not nearest, which scales of least error are fitted to")
    norm = f"in the norm of p = {spell_norm(p)}"
    if q.scaling.follows_maximum:
        return Ruling(True, f"{q.scaling} leaves one scale to choose from")
    fits = q.scaling.fits(p)
    return Ruling(fits, f"scales by {q.scaling} {'err least' if fits else 'are not those that err least'} {norm}")


def _maxima_kept(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    """What Σ says where scales depend on maxima alone."""
    by_maxima = replace(q, scaling=AbsMax() if q.scaling.by_block else TwoLevel())
    known = Pair(s, by_maxima).on(shape).scale
    return Ruling(
        known.closed, f"of blocks with a survivor maxima are kept: {known.why}" if known.closed else known.why
    )


FITTED = of_pipeline(
    "fitted",
    "the scale of a block is one of least ‖x_B − q_σ(x_B)‖_p among numbers that follow from the maxima of block and "
    "tensor, q_σ to nearest",
    _fitted,
)
MAXIMA_KEPT = of_pipeline(
    "keeps_maxima",
    "every scale block with a survivor keeps its largest magnitude, and so does the tensor where scales look at it",
    _maxima_kept,
)

THEOREM = Theorem(
    slug="fitted_bound",
    title="Scales of least error in the norm of the error: pruning before quantizing adds no error, though scales move",
    claims=(
        Claim(ERROR_SQ, "<=", ERROR_S + ERROR_Q),
        Claim(POWER_SQ, "<=", POWER_S + POWER_Q, Norms.FINITE),
        Claim(POWER_SQ, "<=", sympy.Max(POWER_S, POWER_Q), Norms.LARGEST),
    ),
    where=(ERROR_SQ, ERROR_S, ERROR_Q, POWER_SQ, POWER_S, POWER_Q),
    given=(
        Z.shown(Case.of([3, -1], bcq(2, scaling=mse(4)), nm(1, 2), 2)),
        FITTED.shown(Case.of([26, 9, 17, 21], int_(3, scaling=mse()), nm(2, 4))),
        MAXIMA_KEPT.shown(Case.of([7, 3, 1, 0], int_(4, scaling=mse()), nm(2, 4, score=given([0, 3, 2, 1])), 2)),
        NORM.shown(Case.of([7, 2.5, 1, 1], int_(4, scaling=LeastNorm(0.5)), nm(2, 4), 0.5)),
    ),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(
            *(int_(4, scaling=LeastNorm(p, 8)) for p in (1, 2, inf)),
            *(scaled(E2M1, scaling=LeastNorm(p, 9), block=4) for p in (1, 2, inf)),
            *(int_(2, scaling=mse(9), rounding=half_away), int_(3, block=4, scaling=LeastNorm(inf, 1))),
            *(nvfp4(block=4, scaling=FourOverSix(error)) for error in BlockError),
            *(nvfp4(block=4, scaling=MixedFormat(INT4, error)) for error in BlockError),
            *(int_(4), hbfp(4, block=4), mxfp(E2M1), nvfp4(block=8), nf4(block=4), bcq(2, zero=True)),
        ),
        s=OneOf(nm(2, 4), nm(1, 4), nm(4, 8), top(0.5, per=Rows()), threshold(0.5)),
        p=OneOf(1.0, 2.0, inf),
    ),
    witness=Attained(Case.of([7, 2.5, 1, 1], int_(4, scaling=mse(2)), nm(2, 4), 2)),
    source=NEW,
    formal=("fitted_bound",),
)

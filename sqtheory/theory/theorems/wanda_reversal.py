"""What a mask by weighted magnitudes (Wanda) can lose if it is chosen first: the errors of the entries it swaps in.

Of i kept by S→Q alone and j by Q→S alone n_i |x_i| ≥ n_j |x_j| is all that is needed, and no order of their images.
"""

from math import inf

import numpy as np

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, nf4
from sqtheory.alphabet.rounding import floor, stochastic
from sqtheory.alphabet.scaling import Frozen, Percentile
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import nm, threshold, top
from sqtheory.alphabet.ties import Adversarial, high_index
from sqtheory.arrays import Array, FixedArray
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Attained, Claim, Norms, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import SIGMA, STEADY, Z
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.weighted_dominates import WEIGHTED, weights

UNLIKE = wanda(np.diag([1.0, 4, 2, 1, 0.5, 3, 1.5, 1]))
"""Inputs of unlike norms in every group of four."""
UNSCALED = int_(4, scaling=Frozen(FixedArray(1.0)))


def alone(case: Case, *, first: bool) -> Array:
    """n ⊙ (x − q(x)) where S→Q alone, or Q→S alone, keeps an entry, 0 elsewhere."""
    one, other = case.orders.mask, case.orders.image_mask
    kept = one & ~other if first else other & ~one
    return np.where(kept, weights(case) * (case.x - case.orders.image), 0.0)


POWER_SQ_WEIGHTED = Quantity(
    "W_sq_p",
    r"\lVert n\odot\varepsilon_{q\circ s}\rVert_p^p",
    "the p-th power of the p-norm of n ⊙ (x − q(s(x))), n_i |x_i| the scores of s (the norm itself for p = ∞)",
    lambda case: case.powers(weights(case) * (case.x - case.orders.after_mask)),
)
POWER_QS_WEIGHTED = Quantity(
    "W_qs_p",
    r"\lVert n\odot\varepsilon_{s\circ q}\rVert_p^p",
    "the p-th power of the p-norm of n ⊙ (x − s(q(x))) (the norm itself for p = ∞)",
    lambda case: case.powers(weights(case) * (case.x - case.orders.masked_image)),
)
SWAPPED_IN = Quantity(
    "W_first",
    r"\textstyle\sum_{\mathrm{S\to Q\ alone}}n_i^p|\varepsilon_q(x)_i|^p",
    "the sum of (n_i |x_i − q(x)_i|)^p over the entries that S→Q alone keeps (their largest for p = ∞)",
    lambda case: case.powers(alone(case, first=True)),
)
SWAPPED_OUT = Quantity(
    "W_second",
    r"\textstyle\sum_{\mathrm{Q\to S\ alone}}n_j^p|\varepsilon_q(x)_j|^p",
    "the same over the entries that Q→S alone keeps",
    lambda case: case.powers(alone(case, first=False)),
)

THEOREM = Theorem(
    slug="wanda_reversal",
    title="Ranked by weighted magnitudes, S→Q loses more than Q→S by at most the errors of the entries it alone keeps",
    claims=(
        Claim(POWER_SQ_WEIGHTED, "<=", POWER_QS_WEIGHTED + SWAPPED_IN),
        Claim(POWER_SQ_WEIGHTED + SWAPPED_OUT, "<=", POWER_QS_WEIGHTED + SWAPPED_IN, Norms.FINITE),
    ),
    where=(POWER_SQ_WEIGHTED, POWER_QS_WEIGHTED, SWAPPED_IN, SWAPPED_OUT),
    given=(
        Z.shown(Case.of([3, -1], bcq(2), nm(1, 2))),
        SIGMA.shown(Case.of([0, 1, 1, 1], int_(4, scaling=Percentile(50)), nm(2, 4))),
        STEADY.shown(Case.of([7, 3.25, 0, 0], int_(4, rounding=stochastic(np.random.default_rng(2))), nm(2, 4))),
        WEIGHTED.shown(Case.of([7, 0.875, 0, 0], int_(4), threshold(1))),
    ),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(
            *(int_(4), int_(3, block=4), int_(2), hbfp(4, block=2), mxfp(E2M1), mxfp(E2M1, block=2), nf4()),
            *(int_(4, rounding=floor), bcq(2, zero=True), UNSCALED),
        ),
        s=OneOf(
            *(nm(n, 4, score=UNLIKE) for n in (1, 2, 3)),
            *(nm(2, 4, score=UNLIKE, ties=high_index), nm(1, 2, score=UNLIKE, ties=Adversarial(2))),
            *(top(3, per=Rows(), score=UNLIKE), nm(2, 4)),
        ),
        p=OneOf(0.5, 1.0, 2.0, 3.0, inf),
    ),
    witness=Attained(Case.of([2.5, 5, 1, 0], UNSCALED, nm(1, 4, score=wanda(np.diag([2.0, 1, 1, 1]))), 2)),
    source=NEW,
)

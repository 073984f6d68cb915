"""What attention over an evicted and quantized cache errs: eviction, logits and values, each by itself."""

import numpy as np

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, nf4, nvfp4
from sqtheory.alphabet.sparsifiers import nm, threshold, top
from sqtheory.arrays import Array
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Claim, NoneKnown, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import BUDGETED
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.cache_eviction import kept, reach, within
from sqtheory.theory.theorems.softmax_shift import KINDS, softmax, spread


def output_error(case: Case) -> Array:
    """|⟨p, v⟩ − ⟨p′, q(v)⟩| = |⟨p − p′, v − v_0⟩ + ⟨p′, v − q(v)⟩|, since p and p′ sum to 1."""
    image, v = case.orders.image, case.weight.x
    made = within(image, kept(case, image))
    centred = v - v[:, :1]
    terms = (softmax(case.x) - made) * centred + made * (v - case.weight.orders.image)
    return np.asarray(np.abs(terms.sum(axis=1)))


OUTPUT = Quantity(
    "output",
    r"\lvert\langle p,v\rangle-\langle p',q(v)\rangle\rvert",
    "|⟨p, v⟩ − ⟨p′, q(v)⟩|: p = softmax(z) for logits z, the rows of x, and values v, the rows of w; p′ the softmax of "
    "q(z) over the entries of largest q(z), as many of every group as s keeps",
    output_error,
    0,
)
RANGE = Quantity(
    "range",
    r"\max v-\min v",
    "max v − min v",
    lambda case: np.ptp(case.weight.x, axis=1),
    0,
)
SHIFT = Quantity(
    "shift",
    r"\tanh\tfrac\delta4",
    "tanh(δ/4), δ = max(z − q(z)) − min(z − q(z))",
    lambda case: np.tanh(spread(case.x, case.orders.image) / 4),
    0,
    noise=1e-13,
)
REACH = Quantity(
    "reach",
    r"\min(1,e^{\delta}\mu)",
    "the smaller of 1 and e^δ μ, μ the sum of p over all but the largest z, as many of every group as s keeps",
    lambda case: reach(case, case.orders.image),
    0,
    noise=1e-13,
)
VALUE_ERROR = Quantity(
    "v_err",
    r"\lVert v-q(v)\rVert_\infty",
    "max |v − q(v)|",
    lambda case: np.abs(case.weight.x - case.weight.orders.image).max(axis=1),
    0,
)

THEOREM = Theorem(
    slug="cache_error",
    title="An evicted and quantized cache errs by the range of its values times what moves, and by their largest error",
    claims=(Claim(OUTPUT, "<=", RANGE * (REACH + SHIFT) + VALUE_ERROR),),
    where=(OUTPUT, RANGE, REACH, SHIFT, VALUE_ERROR),
    given=(BUDGETED.shown(Case.of([3, 2, 1, 0], int_(4), threshold(1), w=[3, 2, 1, 0])),),
    domain=Domain(
        x=Arrays(8, kinds=KINDS, subnormal=False),
        w=Arrays(8, kinds=KINDS, subnormal=False),
        q=OneOf(int_(4), int_(2), int_(8), int_(3, block=4), hbfp(4), mxfp(E2M1), nvfp4(block=8), nf4(), bcq(2)),
        s=OneOf(nm(2, 4), nm(1, 4), nm(3, 4), nm(4, 4), nm(4, 8), top(3, per=Rows())),
    ),
    witness=NoneKnown(
        "an equality is known of single parts alone: z = 0 and v = (−7, −7, 7, 7) under INT4 and 2:4 lose 7 by eviction"
    ),
    source=NEW,
)

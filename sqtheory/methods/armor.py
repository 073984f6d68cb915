"""ARMOR: a sparse core between block-diagonal wrappers; its values are rounded, and the wrappers fitted again."""

import numpy as np

from sqtheory.alphabet.compensation.wrappers import PUBLISHED_STEP
from sqtheory.alphabet.procedures.wrapping import Wrapping
from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.scores import Statistic
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.arrays import FixedArray
from sqtheory.methods.evidence import OnWeight, OrderVerdict
from sqtheory.methods.method import Facts, Method, Variant
from sqtheory.orders.pair import Pair
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import best_support


def build(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """s and q on the core, wrappers of blocks of at most 8 entries fitted before and after rounding."""
    return Pair(s, q, Wrapping(FixedArray(known[Statistic.norms])))


def published(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """The same with the step and the proxy of published code."""
    return Pair(s, q, Wrapping(FixedArray(known[Statistic.norms]), step=PUBLISHED_STEP, normalized=True))


def _drawn(rows: int, inputs: int, seed: int) -> FixedArray:
    """Integers from −7 to 7."""
    return FixedArray(np.random.default_rng(seed).integers(-7, 8, (rows, inputs)).astype(np.float64))


def _wrapped(inputs: int) -> Pair:
    return Pair(nm(2, 4), int_(4), Wrapping(FixedArray(np.ones(inputs)), side=4))


METHOD = Method(
    name="armor",
    title="ARMOR: adaptive matrix factorization around a 2:4 core",
    source=Reference("liu2025armor", "§3"),
    needs=(Statistic.norms,),
    build=build,
    evidence=(
        OnWeight(
            "a core that is pruned first is fitted to the mask before it is rounded; one that is rounded first is not",
            OrderVerdict.holds,
            _drawn(8, 16, 1),
            _wrapped(16),
        ),
        OnWeight(
            "where the wrappers are as large as the weight they fit either core, and rounding first may leave a better",
            OrderVerdict.fails,
            _drawn(4, 8, 0),
            _wrapped(8),
        ),
    ),
    rests_on=(best_support.THEOREM,),
    variants=(
        Variant(
            "published",
            "as published code: 1e-9 on Gram matrices and 1e-8 beside ‖a‖² in the discrete step, the proxy of the "
            "weight whose rows and columns have norm 1; but least squares in the place of its gradient steps",
            published,
        ),
    ),
)

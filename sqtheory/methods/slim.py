"""SLiM: Wanda's mask, a scale fitted to a histogram, and the weighted error's first singular terms kept beside both."""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from sqtheory.alphabet.compensation.low_rank import LowRank
from sqtheory.alphabet.partition import Whole
from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.scaling import LeastOfHistogram, Numbers
from sqtheory.alphabet.scores import Statistic, awaiting_wanda
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.arrays import FixedArray
from sqtheory.methods.evidence import OnWeight, OrderVerdict
from sqtheory.methods.method import Facts, Method, Variant
from sqtheory.orders.pair import Pair
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import frozen_commutation, low_rank_gap


def build(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """Wanda's mask, the scales of a histogram where those of q are real numbers of one level, and a correction."""
    fitted = q.scaling.follows_maximum and q.scaling.values is Numbers.real and q.scaling.scale_format is None
    return by_own_scales(s, replace(q, scaling=LeastOfHistogram()) if fitted else q, known)


def by_own_scales(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """The same by the scales of q."""
    norms = known[Statistic.norms]
    return Pair(s.with_score(awaiting_wanda.told(norms)), q, LowRank(FixedArray(norms)))


def again(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """The same, and mask and format are put to W − L once more."""
    pair = build(s, q, known)
    return replace(pair, procedure=LowRank(FixedArray(known[Statistic.norms]), again=True))


def shifted(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """The same with the least positive ‖X_j‖² added to every one."""
    powers = known[Statistic.norms].astype(np.float64) ** 2
    least = powers[powers > 0].min(initial=np.inf)
    norms = np.sqrt(powers + (least if np.isfinite(least) else 1.0))
    return build(s, q, Facts(known.name, {Statistic.norms: norms}, known.shapes))


EXAMPLE = Pair(nm(2, 4), int_(3, per=Whole(), scaling=LeastOfHistogram()), LowRank(None, Fraction(1, 4)))

METHOD = Method(
    name="slim",
    title="SLiM: Wanda's mask, a fitted scale, and a low-rank correction of the weighted error",
    source=Reference("mozaffari2025slim", "official code: slim/prune.py and slim/lora.py, which quantize first"),
    needs=(Statistic.norms,),
    build=build,
    evidence=(
        OnWeight(
            "the mask is that of the dense weight either way, so that the orders differ by their scales alone: fitted "
            "to what is pruned they can be the better ones",
            OrderVerdict.holds,
            FixedArray([[4.0, 4, 4, -6], [1, 0, 2, -5], [6, -2, -2, -8], [5, -1, 0, -8]]),
            EXAMPLE,
        ),
        OnWeight(
            "… and the worse ones, the correction of either order made",
            OrderVerdict.fails,
            FixedArray([[-3.0, 0, 3, 2], [6, -1, 3, 8], [-7, -6, -6, -4], [6, 1, -4, -1]]),
            EXAMPLE,
        ),
    ),
    rests_on=(low_rank_gap.THEOREM, frozen_commutation.THEOREM),
    variants=(
        Variant("own_scale", "the scales of the format as they are (published without --slim_quant)", by_own_scales),
        Variant("again", "what is stored is q(m ⊙ (W − L)) + L, as published code does for either order", again),
        Variant("shifted", "the least positive ‖X_j‖² is added to all (published as --shift_zero_metrics)", shifted),
    ),
)

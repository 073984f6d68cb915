"""DSnoT: Wanda's mask, in which entries are swapped until the mean output of every row loses little.

Published code swaps kept entries too once it has tried every pruned one, and loses the pattern of rows of few inputs.
That is not done here: no variant changes how many entries a group keeps.
"""

import numpy as np

from sqtheory.alphabet.compensation.swap import InputLaw, SwapRule
from sqtheory.alphabet.compensation.swapping import Swapping
from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.scores import Statistic, awaiting_wanda, wanda
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.arrays import FixedArray
from sqtheory.methods.evidence import OnWeight, OrderVerdict
from sqtheory.methods.method import Build, Facts, Method, Variant
from sqtheory.orders.pair import Pair
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import swap_bias

PER_SEQUENCE = 0.1 / 2048
"""Published code stops at 0.1, of sums over the 2048 tokens of a sequence."""


SKIPPED = ("mlp", "gate_proj", "up_proj", "down_proj", "fc1", "fc2")
"""Parts of the names of layers that published code leaves to Wanda unless told otherwise."""


def building(rows: SwapRule, runs: SwapRule | None = None) -> Build:
    """The mask of s by Wanda's score with swaps by a rule; published code has another for n:m, and skips layers."""

    def build(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
        wanted = (Statistic.means, Statistic.variances, Statistic.norms)
        means, variances, norms = (FixedArray(known[one]) for one in wanted)
        rule = rows if runs is None or s.groups.run is None else runs
        scored = s.with_score(awaiting_wanda.told(known[Statistic.norms]))
        if runs is not None and any(part in SKIPPED for part in known.name.split(".")):
            return Pair(scored, q)
        return Pair(scored, q, Swapping(InputLaw(means, variances, norms), rule))

    return build


X = np.array([[1.0, 4.0, 1.0, 2.0], [1.0, -2.0, 2.0, 2.0], [0.0, 1.0, 1.0, -2.0], [2.0, 1.0, 0.0, 1.0]])
"""Samples of four inputs."""


def _pair() -> Pair:
    mean, variance, norm = X.mean(axis=0), X.var(axis=0), np.linalg.norm(X, axis=0)
    law = InputLaw(*map(FixedArray, (mean, variance, norm)))
    return Pair(nm(2, 4, score=wanda(X)), int_(4), Swapping(law))


METHOD = Method(
    name="dsnot",
    title="DSnoT: a mask whose entries are swapped for the mean output, nothing is trained",
    source=Reference("zhang2024dsnot", "zyxxmu/DSnoT 4c029df, lib/prune.py"),
    needs=(Statistic.means, Statistic.variances, Statistic.norms),
    build=building(SwapRule()),
    evidence=(
        OnWeight(
            "here swaps that see the weight itself make up for more than swaps that see its image",
            OrderVerdict.holds,
            FixedArray([[7.0, -4.5, 4.75, -5.5]]),
            _pair(),
            FixedArray(X.T @ X),
        ),
        OnWeight(
            "here rounding turns the choice of what comes back, and the squared error is less by it",
            OrderVerdict.fails,
            FixedArray([[7.0, -4.0, 6.0, -5.25]]),
            _pair(),
            FixedArray(X.T @ X),
        ),
    ),
    rests_on=(swap_bias.THEOREM,),
    variants=(
        Variant(
            "published",
            "as its code runs: rows do not check the sign of what is lost (the option is on by default and cannot be "
            "set off), n:m groups give up their least weight of any sign; either lets the mean error rise. Layers of a "
            "block's MLP keep Wanda's mask, its default",
            building(
                SwapRule(tolerance=PER_SEQUENCE, keeps_sign=False), SwapRule(tolerance=PER_SEQUENCE, against=False)
            ),
        ),
        Variant(
            "unweighted",
            "what comes back is chosen by its mean alone, whatever its variance",
            building(SwapRule(power=0.0)),
        ),
    ),
)

"""Mustafar: of every key and every value of a cache the entries of largest magnitude stay, as many of each token.

Keys and values are (tokens, channels) of one head; the window of recent tokens that published code leaves whole is
whoever's who calls. With one scale a token the mask's groups are the scale blocks, with one a channel they cross.
"""

from dataclasses import replace
from fractions import Fraction

from sqtheory.alphabet.budgets import Count
from sqtheory.alphabet.partition import Columns, Rows
from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.scores import magnitude
from sqtheory.alphabet.sparsifiers import Sparsifier, TopSparsifier, top
from sqtheory.alphabet.ties import all_survive
from sqtheory.arrays import FixedArray
from sqtheory.methods.evidence import Holds, OnWeight, OrderVerdict
from sqtheory.methods.method import Facts, Method, Variant
from sqtheory.methods.work import PrunedOperand
from sqtheory.orders.pair import Pair
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import cache_error, prune_first_dominates, softmax_shift

PER_TOKEN = top(0.5, per=Rows())
KEYS = FixedArray([[7.0, 14], [5, 0], [4, 0], [4, 0]])
"""Four tokens, two channels. Of the first token 7 goes, which sets the scale of its channel, on whose grid 5 and 4 are;
on that of 5 neither 4 is."""


def build(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """The mask of s in every token by magnitude, and q."""
    return Pair(s.by_rows().with_score(magnitude), q)


def published(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """The threshold is the ⌊(1 − f) n⌋-th smallest, which stays, and all its equals. Raises ValueError for no share."""
    match s:
        case TopSparsifier(keep=Fraction()):
            return build(replace(s, count=Count.one_fewer, ties=all_survive), q, known)
    raise ValueError(f"mustafar:published prunes a share of every token, got {s}")


METHOD = Method(
    name="mustafar",
    title="Mustafar: keys and values of the cache pruned by magnitude, token by token",
    source=Reference("joo2025mustafar", "abstract; dhjoo98/mustafar a8fad80, models/llama_mustafar_Kt_Mag_Vt_Mag.py"),
    needs=(),
    build=build,
    evidence=(
        Holds(
            "of keys or values with one scale a token, the mask's own axis: no group has two scales",
            prune_first_dominates.THEOREM,
            Case.of([7, 2.5, 1, 1], int_(4), PER_TOKEN),
        ),
        OnWeight(
            "of keys with one scale a channel: a token gives up the entry that sets the scale of others",
            OrderVerdict.fails,
            KEYS,
            Pair(PER_TOKEN, int_(4, per=Columns())),
        ),
    ),
    rests_on=(softmax_shift.THEOREM, cache_error.THEOREM),
    variants=(
        Variant(
            "published",
            "one entry fewer than asked is pruned, and none that equals the least kept: of 128 at 50% 63 go",
            published,
        ),
    ),
    prunes=PrunedOperand.cache,
)

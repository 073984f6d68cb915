"""What is best for both tensors need not be for their product: any of the four words can be the best, or the worst."""

import sympy

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import hbfp, int_, mxfp
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Claim, Separation
from sqtheory.theory.measured import measured
from sqtheory.theory.quantities import ERROR_QS, ERROR_SQ
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.dot_decomposition import WHOLE
from sqtheory.theory.theorems.four_words_bound import PRODUCTS, WORDS

WEIGHT_SQ = measured(
    "ew_sq",
    r"\lVert\varepsilon_{q\circ s}(w)\rVert_p",
    "the p-norm of w − q(s(w))",
    lambda o: o.norm(o.minus(o.w, o.weight.sq)),
)
WEIGHT_QS = measured(
    "ew_qs",
    r"\lVert\varepsilon_{s\circ q}(w)\rVert_p",
    "the p-norm of w − s(q(w))",
    lambda o: o.norm(o.minus(o.w, o.weight.qs)),
)


def off(word: tuple[str, str]) -> sympy.Expr:
    """What the product misses under a word."""
    return sympy.Abs(WHOLE - PRODUCTS[word])


THEOREM = Theorem(
    slug="four_words_separation",
    title="S→Q can be the better order of both operands, and on both sides the worst of the four words for the product",
    claims=(
        Claim(ERROR_SQ, "<", ERROR_QS),
        Claim(WEIGHT_SQ, "<", WEIGHT_QS),
        *(Claim(off(WORDS[0]), ">", off(word)) for word in WORDS[1:]),
    ),
    where=(ERROR_SQ, ERROR_QS, WEIGHT_SQ, WEIGHT_QS, WHOLE, *PRODUCTS.values()),
    domain=None,
    witness=Separation(
        (
            Case.of([7, 3.75, -3.75, 4], int_(4), nm(2, 4), w=[7, 0, 3.75, 4]),
            Case.of([7, 5.5, -3.5, -6], hbfp(4), nm(2, 4), w=[7, 4.5, -4.75, 5]),
            Case.of([7, 2, 3.75, -5], mxfp(E2M1), nm(2, 4), w=[7, 3.5, 3, 4.5]),
        )
    ),
    source=NEW,
)

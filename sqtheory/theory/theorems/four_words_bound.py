"""Both operands pruned and quantized, each in either order: of four bounds that of S→Q on both sides is the least."""

from collections.abc import Callable
from math import inf
from typing import Any

import numpy as np
import sympy

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.partition import Rows, Shape
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_, mxfp, nvfp4
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, top
from sqtheory.alphabet.ties import Adversarial, high_index
from sqtheory.arrays import Mask
from sqtheory.orders.assumptions import dominates
from sqtheory.orders.pair import Pair
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Assumption, Attained, Claim, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.instance import rows_of
from sqtheory.theory.measured import measured
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.dot_decomposition import KINDS, WHOLE

LATEX = {"sq": r"q\circ s", "qs": r"s\circ q"}
"""Both orders as operators."""
TEXT = {"sq": "q(s({}))", "qs": "s(q({}))"}
"""Both orders of a tensor."""


def _product(x: str, w: str) -> Quantity:
    """What a word on x and one on w make of ⟨x, w⟩."""
    left, right = (rf"({LATEX[order]})({letter})" for order, letter in ((x, "x"), (w, "w")))
    said = f"⟨{TEXT[x].format('x')}, {TEXT[w].format('w')}⟩"
    return measured(
        f"xw_{x}_{w}",
        rf"\langle {left},{right}\rangle",
        said,
        lambda o: o.dot(getattr(o, x), getattr(o.weight, w)),
    )


def _error_of_x(order: str) -> Quantity:
    meaning = f"the p-norm of x − {TEXT[order].format('x')}"
    latex = rf"\lVert\varepsilon_{{{LATEX[order]}}}(x)\rVert_p"
    return measured(f"x_{order}", latex, meaning, lambda o: o.norm(o.minus(o.x, getattr(o, order))))


def _error_of_w(order: str) -> Quantity:
    meaning = f"the conjugate norm of w − {TEXT[order].format('w')}"
    latex = rf"\lVert\varepsilon_{{{LATEX[order]}}}(w)\rVert_{{p^*}}"
    return measured(f"w_{order}", latex, meaning, lambda o: o.dual_norm(o.minus(o.w, getattr(o.weight, order))))


WORDS = (("sq", "sq"), ("sq", "qs"), ("qs", "sq"), ("qs", "qs"))
"""The order on x and the order on w."""
PRODUCTS = {word: _product(*word) for word in WORDS}
OF_X, OF_W = ({order: make(order) for order in ("sq", "qs")} for make in (_error_of_x, _error_of_w))
X = measured("size_x", r"\lVert x\rVert_p", "the p-norm of x", lambda o: o.norm(o.x))
W = measured("size_w", r"\lVert w\rVert_{p^*}", "the conjugate norm of w", lambda o: o.dual_norm(o.w))


def bound(word: tuple[str, str]) -> sympy.Expr:
    """‖ε(x)‖ ‖w‖ + ‖x‖ ‖ε(w)‖ + ‖ε(x)‖ ‖ε(w)‖."""
    x, w = OF_X[word[0]], OF_W[word[1]]
    return x * W + X * w + x * w


def _no_worse(size: Callable[[Any, str], Any]) -> Callable[[Case], Mask]:
    def holds(case: Case) -> Mask:
        o = rows_of(case)
        return np.asarray(size(o, "sq") <= size(o, "qs") * (1 + 1e-12))

    return holds


def _by_premises(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    sure = p >= 1 and dominates(Pair(s, q).on(shape), 1.0)
    return Ruling(sure, f"prune_first_dominates {'applies' if sure else 'does not apply'} to {s} and {q}")


BETTER_X = Assumption(
    "no_worse_on_x",
    "S→Q is no worse than Q→S on x in the p-norm, as wherever prune_first_dominates applies",
    _no_worse(lambda o, order: o.norm(o.minus(o.x, getattr(o, order)))),
    _by_premises,
)
BETTER_W = Assumption(
    "no_worse_on_w",
    "S→Q is no worse than Q→S on w in the conjugate norm, as wherever prune_first_dominates applies",
    _no_worse(lambda o, order: o.dual_norm(o.minus(o.w, getattr(o.weight, order)))),
    _by_premises,
)
TWO_SCALES = [7, 0.5, 0.4375, 1]

THEOREM = Theorem(
    slug="four_words_bound",
    title="Both operands pruned and quantized: norms and a cross term bound each of the four words of orders, "
    "and the bound of S→Q on both sides is the least",
    claims=(
        *(Claim(sympy.Abs(WHOLE - PRODUCTS[word]), "<=", bound(word)) for word in WORDS),
        *(Claim(bound(WORDS[0]), "<=", bound(word)) for word in WORDS[1:]),
    ),
    where=(WHOLE, *PRODUCTS.values(), X, W, *OF_X.values(), *OF_W.values()),
    given=(
        BETTER_X.shown(Case.of(TWO_SCALES, hbfp(4, block=2), top(3, per=Rows()), w=[7, 7, 7, 7])),
        BETTER_W.shown(Case.of([7, 7, 7, 7], hbfp(4, block=2), top(3, per=Rows()), inf, TWO_SCALES)),
    ),
    domain=Domain(
        x=Arrays(8, kinds=KINDS),
        w=Arrays(8, kinds=KINDS),
        q=OneOf(int_(4), int_(3, block=4), hbfp(4, block=4), mxfp(E2M1), nvfp4(block=8)),
        s=OneOf(nm(2, 4), nm(1, 4), nm(2, 4, ties=high_index), nm(1, 2, ties=Adversarial(2))),
        p=OneOf(1.0, 1.5, 2.0, 3.0, inf),
    ),
    witness=Attained(Case.of([5.5, 0], mxfp(E2M1), nm(1, 2), w=[5.5, 0])),
    source=NEW,
)

"""The decomposition of a dot product, Hölder's inequality on its three terms, and a sum of products that grows.

⟨x, w⟩ − ⟨a, b⟩ = ⟨ε_a, w⟩ + ⟨x, ε_b⟩ − ⟨ε_a, ε_b⟩ for any images a of x and b of w, whatever made them. The bound grows
with ‖ε_a‖ and with ‖ε_b‖, which S→Q keeps smallest.
"""

import sympy
from sympy import Eq, Le

from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems.four_words_bound import BETTER_W, BETTER_X, THEOREM, WORDS

from .conclusions import Concludes, Instances, Lemma
from .proof import Proof
from .shapes import Operands
from .steps import Cited, Equal, NonNegative
from .unknowns import LARGEST, REAL, Facts, Unknowns

x, w, a, b = sympy.symbols("x w a b", real=True)
size_x, size_w, e, f, more_e, more_f = sympy.symbols("size_x size_w e f more_e more_f", nonnegative=True)


class Inner(sympy.Function):  # type: ignore[misc]
    """⟨u, v⟩ of the entries of u and then of v: a number of which the lemmas speak."""

    is_real = True


def three_terms(word: tuple[str, str]) -> Instances:
    """⟨x, w⟩ − ⟨a, b⟩ as three dot products, each bounded by ‖u‖_p ‖v‖_{p*} of its operands."""

    def instances(row: Unknowns, goals: Facts) -> Facts:
        made, kept = getattr(row, word[0]), getattr(row.weight, word[1])
        left, right = row.minus(row.x, made), row.minus(row.w, kept)
        pairs = (left, row.w), (row.x, right), (left, right)
        terms = [Inner(*u, *v) for u, v in pairs]
        bounds = [row.norm(u) * row.dual_norm(v) for u, v in pairs]
        whole = row.dot(row.x, row.w) - row.dot(made, kept)
        signed = [sign * term for term in terms for sign in (1, -1)]
        most = [size for size in bounds for _ in range(2)]
        held = [Le(term, size, evaluate=False) for term, size in zip(signed, most, strict=True)]
        return [Eq(whole, terms[0] + terms[1] - terms[2], evaluate=False), *held]

    return instances


def no_worse_on_x(row: Unknowns) -> Facts:
    """‖x − q(s(x))‖_p ≤ ‖x − s(q(x))‖_p."""
    return [Le(*(row.norm(row.minus(row.x, made)) for made in (row.sq, row.qs)), evaluate=False)]


def no_worse_on_w(row: Unknowns) -> Facts:
    """The same of w in the conjugate norm."""
    made = (row.weight.sq, row.weight.qs)
    return [Le(*(row.dual_norm(row.minus(row.w, one)) for one in made), evaluate=False)]


HOELDER = Cited("|⟨u, v⟩| ≤ ‖u‖_p ‖v‖_{p*} (Hölder) on each of the three terms", Reference("hardy1934", "§2.8"))
SPLIT = Equal(
    "x w − a b = (x − a) w + x (w − b) − (x − a)(w − b), entry by entry",
    x * w - a * b,
    (x - a) * w + x * (w - b) - (x - a) * (w - b),
)
PARTS = [
    Lemma("the decomposition, and Hölder's inequality on its terms", (SPLIT, HOELDER), three_terms(word), least=1.0)
    for word in WORDS
]
READ = {BETTER_X: no_worse_on_x, BETTER_W: no_worse_on_w}

PROOF = Proof(
    theorem=THEOREM,
    steps=(
        SPLIT,
        HOELDER,
        Equal(
            "the bound at larger errors e + e′, f + f′ is the larger by",
            (e + more_e) * size_w
            + size_x * (f + more_f)
            + (e + more_e) * (f + more_f)
            - (e * size_w + size_x * f + e * f),
            more_e * (size_w + f) + more_f * (size_x + e) + more_e * more_f,
        ),
        NonNegative("… which is not negative", more_e * (size_w + f) + more_f * (size_x + e) + more_e * more_f),
        *(
            Concludes(Operands(2), p, claims=(place,), lemmas=(part,))
            for p in (REAL, LARGEST)
            for place, part in enumerate(PARTS)
        ),
        *(Concludes(Operands(2), p, claims=(4, 5, 6), readings=READ) for p in (REAL, LARGEST)),
    ),
)

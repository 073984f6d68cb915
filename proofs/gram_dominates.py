"""The layer's error is Σ_i c_i Σ_o e_oi²: with one c per group, every group is prune_first_dominates for p = 2."""

from itertools import permutations

import sympy
from sympy import Abs, And, Eq, Ge, Implies

from sqtheory.theory.case import Case
from sqtheory.theory.theorems.gram_dominates import THEOREM
from sqtheory.theory.theorems.gram_error import LAYER_QS, LAYER_SQ

from .conclusions import Concludes, Lemma
from .gram_error import PROOF as GRAM
from .proof import Proof
from .shapes import Diagonal
from .steps import Enumerated, Equal, Formal, NonNegative, Tested
from .unknowns import Facts, Unknowns, same_sign

a, b, v, c, d = sympy.symbols("a b v c d", nonnegative=True)
gap = sympy.symbols("gap", nonnegative=True)


def swap_gap(kept: sympy.Expr, pruned: sympy.Expr) -> sympy.Expr:
    """What Q→S loses more than S→Q by keeping b for a, both of image v, at weights c_i, c_j."""
    return (kept * a**2 + pruned * (b - v) ** 2) - (kept * (a - v) ** 2 + pruned * b**2)


def magnitude_still_right() -> list[str]:
    """The instance of unequal powers in one group, if S→Q loses no more there."""
    case = next(given.fails_without for given in THEOREM.given if given.name == "uncorrelated")
    assert isinstance(case, Case)
    values = THEOREM.values(case)
    return [] if values["Y_sq"] > values["Y_qs"] else [str(values)]


SWAPS = (
    Equal("a swap at one power c costs 2 c v (a − b)", swap_gap(c, c), 2 * c * v * (a - b)),
    NonNegative("… which is not negative for a = b + gap", 2 * c * v * gap),
)


def of_one_image(row: Unknowns, goals: Facts) -> Facts:
    """c (w_i² − (w_i − q_i)²) ≥ c (w_j² − (w_j − q_j)²) for every power c, |w_i| ≥ |w_j| and one |q(w)|."""
    w, found = row.weight, []
    signs = [same_sign(x, q) for x, q in zip(w.x, w.q, strict=True)]
    for power in sorted({x**2 for x in row.x if x != 0}, key=str):
        saved = [sympy.expand(power * (x**2 - (x - q) ** 2)) for x, q in zip(w.x, w.q, strict=True)]
        for i, j in permutations(range(len(w.x)), 2):
            order = And(Ge(Abs(w.x[i]), Abs(w.x[j])), Eq(Abs(w.q[i]), Abs(w.q[j])), signs[i], signs[j])
            found.append(Implies(order, Ge(saved[i], saved[j], evaluate=False)))
    return found


SWAPPED = Lemma("a swap at one power does not gain", SWAPS, of_one_image)

PROOF = Proof(
    theorem=THEOREM,
    model={quantity: GRAM.model[quantity] for quantity in (LAYER_SQ, LAYER_QS)},
    steps=(
        *(step for step in GRAM.steps if isinstance(step, Equal)),
        Tested(
            "with Z and Σ the weight after S→Q is m ⊙ q(w)",
            lambda case: case.every(
                case.weight.orders.after_mask == case.weight.orders.mask * case.weight.orders.image
            ),
        ),
        Formal(
            "both masks differ by swaps of entries a ≥ b of one image v",
            "prune_first_dominates",
            "prune_first_dominates",
        ),
        *SWAPS,
        Equal(
            "at two powers c, d: 2 v (c a − d b) − (c − d) v², of either sign",
            swap_gap(c, d),
            2 * v * (c * a - d * b) - (c - d) * v**2,
        ),
        *(Concludes(Diagonal(n, 4), lemmas=(SWAPPED,)) for n in (1, 2, 3)),
        Enumerated(
            "an input of larger power in the group reverses it: Wanda's score, not magnitude, ranks",
            magnitude_still_right,
        ),
    ),
)

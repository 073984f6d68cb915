"""A formal statement read as claims: its conclusion in the quantities of the registry, its hypotheses as assumptions.

A statement of Coq concludes a claim if what it says after its last arrow is that claim, term by term, and every
hypothesis before it is an assumption of the theorem, or true of everything the package can build. So a claim, a
statement or an assumption that is changed alone is noticed.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import sympy

from sqtheory.theory.accumulated import ALLOWED, ALLOWED_SPARSE, DOT, FL, FL_SPARSE, MAGNITUDES
from sqtheory.theory.claims import Claim
from sqtheory.theory.quantities import (
    ERROR_Q,
    ERROR_QS,
    ERROR_S,
    ERROR_SQ,
    GAIN_OPTIMUM,
    GRID_OPTIMUM,
    POWER_Q,
    POWER_Q_KEPT,
    POWER_S,
    POWER_SQ,
)
from sqtheory.theory.render import claim_text
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems import (
    accumulator_bound,
    accumulator_exact,
    accumulator_symmetry,
    frozen_commutation,
    gain_optimal,
    one_signed_accumulation,
    order_on_hardware,
    overlap,
    promoted_bound,
    stagnation,
    straddling,
    swap_constant,
    ties_by_original,
)

from .atoms import Model
from .conclusions import Conclusion
from .machine_checked import ProofError, check_as_written, statement
from .steps import NO_MODEL, belongs

POWER_QS, POWER_GAIN, POWER_FROZEN = (sympy.Symbol(f"E_{name}", real=True) for name in ("qs", "gain", "frozen"))
POWERS: Mapping[sympy.Symbol, sympy.Symbol] = {
    ERROR_S.symbol: POWER_S.symbol,
    ERROR_Q.symbol: POWER_Q.symbol,
    ERROR_SQ.symbol: POWER_SQ.symbol,
    ERROR_QS.symbol: POWER_QS,
    GAIN_OPTIMUM.symbol: POWER_GAIN,
    gain_optimal.ERROR_FROZEN.symbol: POWER_FROZEN,
}
"""Norms and their p-th powers: of two single ones ≤ and = say the same."""
M1 = r"m1?"
ERROR = r"(?:err p n|largest_error n)"
GAINED = rf"{ERROR} x \(prune m \(quantize q x\)\)"
SWAPPED_IN = r"sum_over n \(within group \(group k\) \(swapped_in m1 m2\)\)"
TERMS: tuple[tuple[str, sympy.Expr], ...] = (
    (rf"{ERROR} x \(quantize q \(prune {M1} x\)\)", POWER_SQ.symbol),
    (rf"{ERROR} x \(quantize \(frozen q x\) \(prune m1 x\)\)", POWER_FROZEN),
    (GAINED, POWER_GAIN),
    (rf"{ERROR} x \(prune m2 \(quantize q x\)\)", POWER_QS),
    (rf"{ERROR} x \(quantize q x\)", POWER_Q.symbol),
    (rf"{ERROR} x \(prune {M1} x\)", POWER_S.symbol),
    (r"sum_over n \(pruned m\) \(fun i => Rabs \(x i\) \^ p\)", POWER_S.symbol),
    (r"sum_over n m \(fun i => Rabs \(x i - quantize q x i\) \^ p\)", POWER_Q_KEPT.symbol),
    (r"excess n group (?:g|\(group k\)) q x m1 m2", ERROR_QS.symbol - ERROR_S.symbol - ERROR_Q.symbol),
    (r"gap n group \(group k\) q x m1 m2", ERROR_QS.symbol - ERROR_SQ.symbol),
    (rf"{SWAPPED_IN} h", swap_constant.HALVES.symbol),
    (rf"{SWAPPED_IN} \(fun j => 2 \* h j\)", 2 * swap_constant.HALVES.symbol),
    (
        r"sum_over n \(within group g \(swapped_out m1 m2\)\) \(fun i => Rabs \(x i\) - Rabs \(x i - quantize q x i\)\)"
        r" - sum_over n \(within group g \(swapped_in m1 m2\)\) \(fun j => Rabs \(x j\)\)",
        swap_constant.EXCESS.symbol,
    ),
    (
        r"sum_over n \(within group g \(pruned_by_both m1 m2\)\) \(fun j => Rabs \(x j - quantize q x j\)\)",
        swap_constant.BOTH.symbol,
    ),
    (
        r"Rabs \(chain F P 0 gs - chain F' P' 0 hs - \(exact gs - exact hs\)\)",
        sympy.Abs((FL - order_on_hardware.FL_QS) - (DOT - order_on_hardware.DOT_QS)),
    ),
    (r"allowed F' P' d 0 hs", order_on_hardware.ALLOWED_QS.symbol),
    (r"Rabs \(chain F P 0 gs - chain F' P' 0 wide\)", sympy.Abs(FL - FL_SPARSE)),
    (r"allowed F' P' d 0 wide", ALLOWED_SPARSE.symbol),
    (r"Rabs \(chain F P 0 gs - exact gs\)", sympy.Abs(FL - DOT)),
    (r"allowed F P d 0 gs", ALLOWED.symbol),
    (r"flat F P d gs", accumulator_bound.FLAT.symbol),
    (r"Rabs \(promoted fl F P 0 parts - of_parts exact parts\)", sympy.Abs(promoted_bound.FL_PARTS - DOT)),
    (
        r"of_parts \(allowed F P d 0\) parts \+ INR \(length parts\) \* \(u \* of_parts \(overall size\) parts\)",
        promoted_bound.ALLOWED_PARTS.symbol,
    ),
    (r"\(c \+ INR \(length parts\) \* u\) \* of_parts \(overall size\) parts", promoted_bound.FLAT_PARTS.symbol),
    (r"Rabs \(chain F P 0 \(firstn k gs\)\)", one_signed_accumulation.PARTIAL.symbol),
    (r"absolute gs", MAGNITUDES.symbol),
    (r"chain F P 0 gs", one_signed_accumulation.ALIKE.symbol),
)
"""What a number of Coq is in the registry; of one group or of all, since these sums add over groups."""
TIED = ("monotone", "one_scale_per_group")
"""Under these, swapped entries have one image, and h⁻ summed over those that come is that over those that go."""
WHOLE: Mapping[str, tuple[Claim, ...]] = {
    "prune m (quantize (frozen q z) x) i = quantize (frozen q z) (prune m x) i": (
        Claim(frozen_commutation.DEFECT, "==", 0),
    ),
    "m1 i = m2 i /\\ prune m2 (quantize q x) i = quantize q (prune m1 x) i": (Claim(ties_by_original.DEFECT, "==", 0),),
    "keeps_scale n q x m": (Claim(overlap.MOVED, "==", 0),),
    "feasible n group budget q G x (quantize q (prune m x)) /\\ forall y, feasible n group budget q G x y -> "
    "err p n x (quantize q (prune m x)) <= err p n x y": (Claim(ERROR_SQ, "==", GRID_OPTIMUM),),
    "largest_error n x (quantize q (prune m x)) <= largest_error n x y": (Claim(ERROR_SQ, "==", GRID_OPTIMUM),),
    "err p n x (prune m (quantize q x)) <= err p n x (prune m' y)": (Claim(GAIN_OPTIMUM, "==", GRID_OPTIMUM),),
    "largest_error n x (prune m (quantize q x)) <= largest_error n x (prune m' y)": (
        Claim(GAIN_OPTIMUM, "==", GRID_OPTIMUM),
    ),
    "(size n group g + 2 <= 2 * budget g)%nat": (Claim(straddling.ENTRIES + 2, "<=", 2 * straddling.KEPT),),
    "step F P c g = c": (Claim(FL, "==", stagnation.BEFORE),),
    "chain F P 0 gs = exact gs": (Claim(FL, "==", DOT), Claim(accumulator_exact.BACKWARD, "==", DOT)),
    "chain F P 0 (times 0 (-1) gs) = - chain F P 0 gs": (Claim(accumulator_symmetry.NEGATED, "==", -FL),),
    "chain F P 0 (times j (powerRZ 2 j) gs) = powerRZ 2 j * chain F P 0 gs": (
        Claim(accumulator_symmetry.SHIFTED, "==", 2**accumulator_symmetry.SHIFT * FL),
    ),
    "chain F P 0 gs = chain F P 0 hs": (Claim(accumulator_symmetry.WITHIN, "==", FL),),
}
"""Conclusions that are no inequality of numbers: equal entries, a least value that is attained."""
ASSUMED: Mapping[str, tuple[str, ...]] = {
    "keeps_zero q": ("keeps_zero", "keeps_zero_frozen"),
    "(forall s, G s 0)": ("keeps_zero", "keeps_zero_frozen"),
    "keeps_scale n q x m": ("keeps_scale",),
    "fitted p n q choices": ("fitted",),
    "keeps_maxima n q x m": ("keeps_maxima",),
    "monotone q": ("monotone",),
    "nearly_ordered n group x (quantize q x)": ("nearly_monotone",),
    "(forall s, symmetric (G s))": ("monotone", "symmetric"),
    "(forall s, keeps_sign (level q s))": ("monotone",),
    "one_scale_per_group n group q x": ("one_scale_per_group",),
    "is_top n group budget (magnitude x) m": ("magnitude",),
    "is_top n group budget (magnitude (quantize q x)) m2": ("magnitude",),
    "is_first n group budget (by_magnitude x before) m": ("magnitude",),
    "is_first n group budget (by_image_then_original (quantize q x) x before) m2": ("ties_by_original",),
    "rounds_to_nearest q G": ("nearest",),
    "(1 <= p)%nat": ("norm",),
    "(forall y z b, absmax n (block q) y b = absmax n (block q) z b -> scale q y b = scale q z b)": ("max_determined",),
    "overlap_condition n group (block q) budget": ("overlap",),
    "overlap_condition n group block budget": ("overlap",),
    "straddles n group block g b c": ("straddles",),
    "maxima_score_most n (block q) x score": ("maxima_first",),
    "is_top n group budget score m": ("ranked",),
    "keeps_largest n group budget (gain p x (quantize q x)) m": ("by_gain",),
    "keeps_largest n group budget (largest_gain x (quantize q x)) m": ("by_gain",),
    "(P - 1 <= F)%Z": ("digits_fit",),
    "c <> 0": ("below_last_digit",),
    "few_bits F k gs": ("few_bits",),
    "absolute gs <= powerRZ 2 (limit F P + k)": ("few_bits",),
    "Forall (fun t => Rabs (value t) < powerRZ 2 (lead c - F) /\\ (exponent t <= lead c)%Z) g": ("below_last_digit",),
}
"""Which assumption says what a hypothesis of Coq says (m1 is read as m); one of them must be the theorem's."""
ALWAYS = frozenset(
    {
        *("(k < n)%nat", "(forall i j, before i j -> before j i -> False)", "lower_halves n q x h", "idempotent q"),
        *("admissible n group budget m", "admissible n group budget m2"),
        "feasible n group budget q G x y",
        "within_budget n group budget m'",
        "on_grid n q G x y",
        "is_top n group budget (gain p x (quantize q x)) m",
        "is_top n group budget (largest_gain x (quantize q x)) m",
        *("(i < n)%nat", "(1 <= P)%Z"),
        "products_of d gs",
        "Forall (products_of d) parts",
        "of_bits P c",
        "nearest_to u fl",
        "0 <= u",
        "Forall (fun gs => rate F P d gs <= c) parts",
        "one_signed gs",
        "(0 <= F)%Z",
        "(1 <= P')%Z",
        *("products_of d hs", "products_of d wide"),
        "exact gs = exact wide",
        "Forall2 (@Permutation product) gs hs",
    }
)
"""Hypotheses that hold of all masks, quantizers and accumulators there are (places exist, levels are their own images,
budgets are kept, products have the bits of two operands, sums P ≥ 1 bits, float32 rounds to nearest, other groups hold
the same products), or say over what a least value is taken, or define the mask by gain, the largest rate, no signs."""
RELATIONS: Mapping[str, str] = {"<=": "<=", "=": "==", "<": "<"}


def pieces(text: str, mark: str) -> list[str]:
    """A formula cut where a mark stands outside all parentheses."""
    found, depth, start, i = [], 0, 0, 0
    while i < len(text):
        depth += (text[i] == "(") - (text[i] == ")")
        if depth == 0 and text.startswith(mark, i):
            found.append(text[start:i].strip())
            i = start = i + len(mark)
            continue
        i += 1
    return [*found, text[start:].strip()]


def read(name: str) -> tuple[list[str], str]:
    """The hypotheses and the conclusion of a statement, on one line each; ``m1`` is read as ``m`` in hypotheses."""
    _, text = statement(name)
    body = " ".join(text.removesuffix(".").split()).partition(" : ")[2]
    hypotheses: list[str] = []
    while True:
        if body.startswith("forall "):
            body = body.partition(", ")[2]
        first, *rest = pieces(body, "->")
        if not rest or len(pieces(first, "/\\")) > 1:
            return hypotheses, body
        hypotheses.append(re.sub(r"\bm1\b", "m", first))
        body = " -> ".join(rest)


def claim_of(conclusion: str) -> tuple[Claim, ...]:
    """The claims that a conclusion states, or its parts without conditions. Raises ProofError for other terms."""
    if conclusion in WHOLE:
        return WHOLE[conclusion]
    parts = pieces(conclusion, "/\\")
    if len(parts) > 1:
        return tuple(claim for part in parts if "->" not in part for claim in claim_of(part))
    for mark, relation in RELATIONS.items():
        sides = pieces(conclusion, f" {mark} ")
        if len(sides) == 2:
            return (Claim(number(sides[0]), relation, number(sides[1])),)
    raise ProofError(f"{conclusion!r} is no claim")


def number(text: str) -> sympy.Expr:
    """A sum of terms that have quantities. Raises ProofError naming what has none."""
    names: dict[str, sympy.Expr] = {}
    for place, (pattern, quantity) in enumerate(TERMS):
        text = re.sub(pattern, f"t{place}", text)
        names[f"t{place}"] = quantity
    if not re.fullmatch(r"[\w+\-*/() ]+", text) or not set(re.findall(r"[A-Za-z_]\w*", text)) <= set(names):
        raise ProofError(f"{text!r} has no quantity in the registry")
    return sympy.parse_expr(text, names)


def same(one: Claim, other: Claim) -> bool:
    """Two claims say the same: one relation of equal differences, norms read as their powers where they are single."""
    if one.relation != other.relation:
        return False
    first, second = (_difference(claim) for claim in (one, other))
    signs = (1, -1) if one.relation == "==" else (1,)
    return any(sympy.expand(first - sign * second) == 0 for sign in signs)


def _difference(claim: Claim) -> sympy.Expr:
    if claim.left in POWERS and claim.right in POWERS:
        return POWERS[claim.left] - POWERS[claim.right]
    return claim.left - claim.right


@final
@dataclass(frozen=True)
class FormallyConcludes(Conclusion):
    """A theorem of ``proofs/formal`` whose conclusion is a claim of this theorem, and whose hypotheses it assumes."""

    says: str
    name: str
    claims: tuple[int, ...] = ()
    extent = "formal"
    status = "formal"

    def speaks_of(self, p: float) -> bool:
        """The natural p, p = ∞ for a largest error, p = 1 for what is stated of it, every p for what names none."""
        _, conclusion = read(self.name)
        if "largest_error" in conclusion:
            return p == math.inf
        if "err p" in conclusion or " ^ p" in conclusion:
            return p < math.inf and float(p).is_integer()
        return p == 1 if re.search(r"\b(excess|gap)\b", conclusion) else True

    def discharge(self, theorem: Theorem, model: Model = NO_MODEL) -> None:
        belongs(self.name, theorem)
        check_as_written(self.name)
        hypotheses, conclusion = read(self.name)
        given = {assumption.name for assumption in theorem.given}
        for hypothesis in hypotheses:
            if hypothesis not in ALWAYS and not given & set(ASSUMED.get(hypothesis, ())):
                raise ProofError(f"{self.name} assumes {hypothesis}, which {theorem} does not")
        if "swapped_in" in conclusion and not given >= set(TIED):
            raise ProofError(f"{self.name} sums over the entries that come; those that go need {' and '.join(TIED)}")
        if re.search(GAINED, conclusion) and not any("gain" in hypothesis for hypothesis in hypotheses):
            raise ProofError(f"{self.name} says of no mask that it ranks by gain")
        stated = claim_of(conclusion)
        for claim in self.of(theorem):
            if not any(same(one, claim) for one in stated):
                raise ProofError(f"{self.name} states {', '.join(map(claim_text, stated))}, not {claim_text(claim)}")

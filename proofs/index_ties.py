"""Over arrangements of a group the places of its tied entries are any, and any rule by place keeps each equally often.

At the cut C entries tie for r places. Whatever places they take and whichever r of these a rule keeps, of the C!
arrangements of the entries on them r (C − 1)! put a given entry on a kept one: each stays with chance r/C. So what
is kept saves r/C of what all C would, and asking originals the r largest savings: the difference of these is the price
of every rule by index, which ``order_gap_law`` and ``expected_order_gap`` say for random rows.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, pairwise, permutations
from math import factorial

import sympy
from sympy import Eq, Ge

from sqtheory.theory.quantities import MAGNITUDE
from sqtheory.theory.theorems.by_original_optimal import SIGNS
from sqtheory.theory.theorems.index_ties import ARRANGED, BLIND, POWER_BY_ORIGINAL, THEOREM

from .atoms import Atoms, Number
from .conclusions import Concludes
from .proof import Proof
from .prune_first_dominates import PAIR, PAIRED
from .shapes import Cuts
from .steps import Enumerated, Equal
from .unknowns import REAL, Facts, Unknowns
from .unknowns import same_sign as of_one_sign

C, r = sympy.symbols("C r", positive=True, integer=True)


def saved(a: Atoms, i: int) -> Number:
    """|x_i|^p − |x_i − q(x)_i|^p."""
    return a.power([a.x[i]]) - a.power([a.x[i] - a.q[i]])


def arranged(a: Atoms) -> Number:
    """Every arrangement of every group: those above the cut stay, and of those at it what s chooses."""
    total: Number = Fraction(0)
    saves = [saved(a, i) for i in range(len(a.x))]
    for group in a.groups:
        budget: int = a.budget(group)
        found: Number = Fraction(0)
        for order in permutations(group):
            places = [k for k, i in enumerate(order) if a.cut[i] == 0]
            left = budget - sum(a.cut[i] > 0 for i in order)
            chosen = a.choose_tied(order, places, left)
            found += sum(saves[i] for k, i in enumerate(order) if a.cut[i] > 0 or k in chosen)
        total += sum(a.power([a.x[i]]) for i in group) - found / factorial(len(group))
    return total


def blind(a: Atoms) -> Number:
    """Σ π |x − q|^p + (1 − π)|x|^p."""
    total: Number = Fraction(0)
    for group in a.groups:
        cell = sum(a.cut[i] == 0 for i in group)
        share = Fraction(a.budget(group) - sum(a.cut[i] > 0 for i in group), cell)
        for i in group:
            chance = share if a.cut[i] == 0 else int(a.cut[i] > 0)
            total += chance * a.power([a.x[i] - a.q[i]]) + (1 - chance) * a.power([a.x[i]])
    return total


def preferred() -> list[str]:
    """Sizes, places and choices of a rule, m ≤ 5, for which some tied entry is kept more often than another."""
    return [
        f"{chosen} of {places} in {m}"
        for m in range(1, 6)
        for count in range(1, m + 1)
        for places in combinations(range(m), count)
        for left in range(1, count + 1)
        for chosen in combinations(places, left)
        if any(share != Fraction(left, count) for share in kept(places, chosen))
    ]


def kept(places: tuple[int, ...], chosen: tuple[int, ...]) -> Iterator[Fraction]:
    """How often each of the entries that take these places in every order is on a chosen one."""
    orders = list(permutations(range(len(places))))
    for entry in range(len(places)):
        yield Fraction(sum(places[order.index(entry)] in chosen for order in orders), len(orders))


def numbered(a: Unknowns) -> Facts:
    """Images above the cut, at it, and below; by |x| where they tie at it."""
    q, x = list(map(abs, a.q)), list(map(abs, a.x))
    pairs = list(pairwise(range(len(q))))
    levels = [Eq(q[i], q[j]) if a.cut[i] == a.cut[j] == 0 else Ge(q[i], q[j]) for i, j in pairs]
    return levels + [Ge(x[i], x[j]) for i, j in pairs if a.cut[i] == a.cut[j] == 0]


READ = {SIGNS: lambda a: [of_one_sign(x, q) for x, q in zip(a.x, a.q, strict=True)], MAGNITUDE: lambda a: []}
PROOF = Proof(
    theorem=THEOREM,
    model={
        ARRANGED: arranged,
        POWER_BY_ORIGINAL: lambda a: a.power(a.minus(a.x, a.kept(a.by_original, a.q))),
        BLIND: blind,
    },
    steps=(
        Enumerated("any rule by place keeps each of the tied entries in r/C of all arrangements, m ≤ 5", preferred),
        Equal(
            "… for every C: r (C − 1)! of C! arrangements",
            sympy.gammasimp(r * sympy.gamma(C) / sympy.gamma(C + 1)),
            r / C,
        ),
        *PAIR,
        *(
            Concludes(Cuts(n, m), REAL, lemmas=(PAIRED,), readings=READ, definitions=(numbered,))
            for n, m in ((1, 2), (1, 3), (2, 3), (1, 4), (2, 4), (3, 4))
        ),
    ),
)

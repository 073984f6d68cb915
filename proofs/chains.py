"""What proofs about chains share: models of an error at each place, of all masks under ties, and readings."""

from collections.abc import Callable, Mapping
from itertools import combinations, permutations, product
from typing import Any

import sympy
from sympy import And, Eq, Ge, Gt, Implies, Le, Or

from sqtheory.theory.chains import ONE_SCALE_ALL, ORDERED_ALL, Z_ALL
from sqtheory.theory.claims import Assumption
from sqtheory.theory.quantities import MAGNITUDE

from .atoms import Atoms, Number, Row
from .conclusions import Lemma
from .prune_first_dominates import PAIR
from .unknowns import Facts, Reading, Unknowns, on_top, same_sign


def error_at(k: int) -> Callable[[Atoms], Number]:
    """‖x − y‖_p for what the chain makes of x with the mask after k quantizers; k = −1: after all."""

    def error(a: Atoms) -> Number:
        place = k if k >= 0 else len(a.images) - 1
        return a.norm(a.minus(a.x, a.placed(place)))

    return error


def least_later(a: Atoms) -> Number:
    """The least of the errors at later places."""
    return a.least(error_at(k)(a) for k in range(1, len(a.images)))


def choices(a: Atoms, group: list[int]) -> list[set[int]]:
    """Every choice of as many entries as the budget of a group."""
    return [set(kept) for kept in combinations(group, a.budget(group))]


def top(a: Atoms, image: Row, group: list[int], kept: set[int]) -> Any:
    """No entry of the group that is kept scores less than one that is not."""
    scores = [abs(v) for v in a.weighed(image)]
    pairs = [(scores[i], scores[j]) for i in group for j in group if i in kept and j not in kept]
    return And(*(Ge(sympy.sympify(u), sympy.sympify(v)) for u, v in pairs))


def number(flag: Any, value: Any) -> Any:
    """The value where the flag holds, else 0."""
    return sympy.Piecewise((value, flag), (0, True))


def lost(a: Atoms) -> Number:
    """Choices on top of one tensor and not of the next, one at a time."""
    found: Number = sympy.Integer(0)
    for one, other in zip(a.images, a.images[1:], strict=False):
        for group in a.groups:
            for kept in choices(a, group):
                flag = And(top(a, one, group, kept), sympy.Not(top(a, other, group, kept)))
                found += number(flag, 1)
    return found


def outcomes(k: int) -> Callable[[Atoms], Number]:
    """Masks of the whole row that are on top in every group of the tensor after k quantizers, one at a time."""

    def count(a: Atoms) -> Number:
        image = a.images[k]
        flags = [[top(a, image, group, kept) for kept in choices(a, group)] for group in a.groups]
        return sympy.Add(*(number(And(*chosen), 1) for chosen in product(*flags)))

    return count


def worst(k: int) -> Callable[[Atoms], Number]:
    """The largest error of the last image under a mask on top of the tensor after k quantizers."""

    def most(a: Atoms) -> Number:
        image, last, parts = a.images[k], a.images[-1], []
        for group in a.groups:
            powers = []
            for kept in choices(a, group):
                power = a.power([a.x[i] - last[i] if i in kept else a.x[i] for i in group])
                powers.append(number(top(a, image, group, kept), power))
            parts.append(a.largest(powers))
        return a.root(a.total(parts))

    return most


def ordered(a: Unknowns) -> Facts:
    """From each image to the next the order of magnitudes is kept in every group; no sign is reversed."""
    facts = []
    for one, other in zip(a.images, a.images[1:], strict=False):
        facts += [same_sign(u, v) for u, v in zip(one, other, strict=True)]
        if ONE_SCALE_ALL in a.given:
            facts += [
                Implies(Le(abs(one[i]), abs(one[j])), Le(abs(other[i]), abs(other[j])))
                for g in a.groups
                for i, j in permutations(g, 2)
            ]
    return facts


def zeros(a: Unknowns) -> Facts:
    """0 is the image of 0."""
    pairs = [pair for one, other in zip(a.images, a.images[1:], strict=False) for pair in zip(one, other, strict=True)]
    return [Implies(Eq(u, 0), Eq(v, 0)) for u, v in pairs]


def magnitude(a: Unknowns) -> Facts:
    """The mask of each place is on top of the magnitudes it is given."""
    masks = zip(a.images, (a.m, a.m2, a.third), strict=True)
    return [fact for image, mask in masks if mask for fact in on_top(list(map(abs, image)), mask, a.groups)]


def fixed_order(a: Unknowns) -> Facts:
    """Of two entries that tie at a place the one that stands first in one order of all entries is kept there."""
    rank = [sympy.Symbol(f"rank_{i}", real=True) for i in range(len(a.x))]
    facts = [sympy.Ne(rank[i], rank[j]) for i, j in combinations(range(len(rank)), 2)]
    for image, mask in zip(a.images, (a.m, a.m2, a.third), strict=True):
        size = list(map(abs, image))
        facts += [
            Or(Gt(size[i], size[j]), Gt(rank[i], rank[j]))
            for g in a.groups
            for i, j in permutations(g, 2)
            if mask[i] and not mask[j]
        ]
    return facts


READ: Mapping[Assumption, Reading] = {ORDERED_ALL: ordered, MAGNITUDE: magnitude}
"""What is assumed of all quantizers of a chain, read on a row."""
READ_ZERO: Mapping[Assumption, Reading] = {**READ, Z_ALL: zeros}


def saved(a: Unknowns, i: int) -> Any:
    """|x_i|^p − |x_i − q₂(q(x))_i|^p."""
    return abs(a.x[i]) ** a.exponent - abs(a.x[i] - a.later[i]) ** a.exponent


def of_one_last_image(a: Unknowns, goals: Facts) -> Facts:
    """g(|x_i|) ≥ g(|x_j|) for |x_i| ≥ |x_j| of one group and one magnitude of the last image, no sign reversed."""
    signs = [same_sign(x, r) for x, r in zip(a.x, a.later, strict=True)]
    return [
        Implies(
            And(Ge(abs(a.x[i]), abs(a.x[j])), Eq(abs(a.later[i]), abs(a.later[j])), signs[i], signs[j]),
            Ge(saved(a, i), saved(a, j), evaluate=False),
        )
        for group in a.groups
        for i, j in permutations(group, 2)
    ]


PAIRED_LAST = Lemma(
    "what keeping saves does not decrease with |x| at one last image", PAIR, of_one_last_image, least=1.0
)

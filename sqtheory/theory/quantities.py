"""The words that several theorems share: quantities of a case, and assumptions about it."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from math import comb

import numpy as np

from sqtheory.alphabet.gains import gains
from sqtheory.alphabet.norms import units
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.rounding import half_away
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.alphabet.traits import DETERMINISTIC, KEEPS_ZERO, Trait
from sqtheory.arrays import Array, Mask
from sqtheory.exceptions import Undefined
from sqtheory.orders import assumptions, rulings
from sqtheory.orders.assumptions import Premise
from sqtheory.orders.errors import powers
from sqtheory.orders.one_map import one_map
from sqtheory.orders.pair import Pair
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Assumption, Quantity
from sqtheory.theory.measured import measured

CHOICES = 10_000
"""So many sets of kept entries of one group are tried at most."""

P = Quantity("p", "p", "the exponent of the norm", lambda case: np.full(len(case), case.p))
ERROR_S = measured(
    "e_s",
    r"\lVert\varepsilon_s\rVert_p",
    "the p-norm of the error of s alone, x − s(x)",
    lambda o: o.norm(o.minus(o.x, o.sparse)),
)
ERROR_Q = measured(
    "e_q",
    r"\lVert\varepsilon_q\rVert_p",
    "the p-norm of the error of q alone, x − q(x)",
    lambda o: o.norm(o.minus(o.x, o.q)),
)
ERROR_SQ = measured(
    "e_sq",
    r"\lVert\varepsilon_{q\circ s}\rVert_p",
    "the p-norm of the error of S→Q, x − q(s(x))",
    lambda o: o.norm(o.minus(o.x, o.sq)),
)
ERROR_QS = measured(
    "e_qs",
    r"\lVert\varepsilon_{s\circ q}\rVert_p",
    "the p-norm of the error of Q→S, x − s(q(x))",
    lambda o: o.norm(o.minus(o.x, o.qs)),
)
ERROR_Q_PRUNED = measured(
    "e_q_pruned",
    r"\lVert\varepsilon_q(x)_P\rVert_p",
    "the p-norm of x − q(x) over the entries that s prunes at x",
    lambda o: o.norm(o.dropped(o.m, o.minus(o.x, o.q))),
)
POWER_S = measured(
    "E_s",
    r"\lVert x_P\rVert_p^p",
    "the p-th power of the p-norm of the pruned entries (their largest magnitude for p = ∞)",
    lambda o: o.power(o.minus(o.x, o.sparse)),
)
POWER_Q = measured(
    "E_q",
    r"\lVert\varepsilon_q\rVert_p^p",
    "the p-th power of the p-norm of x − q(x) (the norm itself for p = ∞)",
    lambda o: o.power(o.minus(o.x, o.q)),
)
POWER_Q_KEPT = measured(
    "E_q_kept",
    r"\lVert\varepsilon_q(x)_K\rVert_p^p",
    "the p-th power of the p-norm of x − q(x) over the entries that s keeps at x (the norm itself for p = ∞)",
    lambda o: o.power(o.kept(o.m, o.minus(o.x, o.q))),
)
POWER_SQ = measured(
    "E_sq",
    r"\lVert\varepsilon_{q\circ s}\rVert_p^p",
    "the p-th power of the p-norm of x − q(s(x)) (the norm itself for p = ∞)",
    lambda o: o.power(o.minus(o.x, o.sq)),
)
GAIN_OPTIMUM = Quantity(
    "e_gain",
    r"\lVert\varepsilon_{\mathrm{gain}}\rVert_p",
    "the p-norm of x − m ⊙ q(x) for the mask m that ranks by the gain |x|^p − |x − q(x)|^p in every group",
    lambda case: case.norms(case.x - gain_masked(case)),
)
GRID_OPTIMUM = Quantity(
    "e_grid",
    r"\min_{y}\lVert x-y\rVert_p",
    "the least p-norm of x − y over all y with admissible support and entries on the grid at the scales of x",
    lambda case: least_on_grid(case),
)


def dot(a: Array, b: Array) -> Array:
    """⟨a, b⟩ of every row."""
    return np.asarray(np.einsum("ij,ij->i", a, b))


def decided_by_tensor(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    """No pipeline makes it hold for every tensor."""
    return Ruling(False, "it depends on the tensor")


def of_pipeline(
    name: str,
    statement: str,
    ruling: Callable[[Sparsifier, Quantizer, float, Shape], Ruling],
    *,
    defining: bool = False,
) -> Assumption:
    """An assumption that the pipeline and the length of a row decide alone."""
    return Assumption(
        name,
        statement,
        lambda case: np.full(len(case), ruling(case.s, case.q, case.p, case.x[:1].shape).closed),
        ruling,
        defining=defining,
    )


def assumed(premise: Premise) -> Assumption:
    """The assumption made of a premise."""

    def ruling(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
        return premise.ruling(Pair(s, q).on(shape), p)

    holds = premise.holds
    if holds is None:
        return of_pipeline(premise.name, premise.statement, ruling)
    return Assumption(premise.name, premise.statement, lambda case: holds(case.orders, case.q), ruling)


def of_weight(assumption: Assumption) -> Assumption:
    """The assumption made of w instead of x."""
    return replace(
        assumption,
        name=f"{assumption.name}_of_w",
        statement=f"for w: {assumption.statement}",
        holds=lambda case: assumption.holds(case.weight),
    )


def gain_masked(case: Case) -> Array:
    """m ⊙ q(x) for the mask m that ranks by the gain in every group."""
    image = case.orders.image
    mask = case.s.best_mask(gains(case.x, image, case.p, case.s.groups), image, case.x)
    return np.where(mask, image, 0.0)


def least_on_grid(case: Case) -> Array:
    """min ‖x − y‖_p over every choice of as many entries as the budget in every group, each at its nearest level.

    Every row by trying all choices of every group. Raises Undefined unless s keeps a number of entries of every group,
    and where a group has more than ``CHOICES``.
    """
    if not case.s.fixed_budget:
        raise Undefined(f"{case.s} has no budget for every group")
    pieces = []
    image = replace(case.q, rounding=half_away).frozen(case.x).apply(case.x, case.x)
    unit = units(np.maximum(np.abs(case.x), np.abs(image)).max(axis=1), case.p)
    scaled = [case.s.groups.split(array / unit[:, None]) for array in (case.x, image)]
    for x, y in zip(*scaled, strict=True):
        size = x.shape[1]
        if (count := comb(size, case.s.budget(size))) > CHOICES:
            raise Undefined(f"at most {CHOICES} choices of a group are tried, {case.s} has {count} of {size} entries")
        pruned, kept = np.abs(x), np.abs(x - y)
        least: Array = np.full(len(x), np.inf)
        for chosen in itertools.combinations(range(size), case.s.budget(size)):
            flags = np.isin(np.arange(size), chosen)
            least = np.minimum(least, _sums(np.where(flags, kept, pruned), case.p))
        pieces.append(least.reshape(len(case), -1))
    per_row = np.concatenate(pieces, axis=1)
    total = per_row.max(axis=1) if case.p == np.inf else per_row.sum(axis=1)
    return np.asarray((total if case.p in (1, np.inf) else total ** (1 / case.p)) * unit)


def _sums(sizes: Array, p: float) -> Array:
    return np.asarray(sizes.max(axis=1) if p == np.inf else powers(sizes, p).sum(axis=1))


def _exponents_in_range(case: Case) -> Mask:
    def within(values: Array, low: int, high: int) -> Mask:
        size = np.abs(values)
        return np.asarray((size == 0) | ((size >= 2.0**low) & (size <= 2.0**high)))

    levels = bool(within(case.q.format.values, -149, 128).all())
    return case.every(within(case.x, -80, 90) & within(case.dense_scale, -87, 97) & levels)


def _uniform(q: Quantizer) -> bool:
    return bool(np.ptp(np.diff(q.format.values)) == 0)


def _to_nearest(q: Quantizer) -> Ruling:
    if q.rounding.nearest and not q.nearest:
        return Ruling(False, f"codes are made by another number than the scale that {q.scaling} stores")
    return Ruling(q.nearest, f"{q.rounding} {'is' if q.nearest else 'is not'} nearest")


def having(name: str, trait: Trait) -> Assumption:
    """The assumption that q has a trait."""
    statement = f"q has {trait}: {trait.statement}"
    return of_pipeline(name, statement, lambda s, q, p, shape: rulings.having(q, trait, str(q)))


def _nearly_ordered(case: Case) -> Mask:
    """Entries of one group, in the order of |x_i| and |q(x)_i|: no image falls, nor an error among equals."""
    flags = []
    for x, y in zip(*map(case.groups.split, (case.x, case.orders.image)), strict=True):
        order = np.lexsort((np.abs(y), np.abs(x)), axis=1)
        size, made, off = (np.diff(np.take_along_axis(np.abs(a), order, axis=1)) for a in (x, y, x - y))
        falls = (made < 0) | ((size == 0) & (off < 0))
        flags.append(np.broadcast_to(~falls.any(axis=1, keepdims=True), x.shape))
    return case.every(case.groups.join(flags, case.x.shape) & (np.sign(case.x) * np.sign(case.orders.image) >= 0))


def _ruling_of_order(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    """Groups of one scale, or one map for entries of any."""
    known, every = Pair(s, q).on(shape), one_map(q, shape)
    if every.closed or not known.one_scale.closed:
        return every if every.closed else known.one_scale
    return rulings.nearly_ordered(q, str(q))


def _zero_stays(case: Case) -> Mask:
    if KEEPS_ZERO in case.q.traits:
        return np.ones(len(case), bool)
    zeros = case.q.frozen(case.x).apply(np.zeros_like(case.x), case.x)
    return case.every(case.orders.mask | (zeros == 0))


def _ruling_of_frozen_zero(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    if Pair(s, q).on(shape).keeps_all:
        return rulings.EVERYTHING
    zero = KEEPS_ZERO in q.traits
    return Ruling(zero, f"0 {'is' if zero else 'is not'} a value of {q.format}")


Z = assumed(assumptions.Z)
FROZEN_Z = Assumption(
    "keeps_zero_frozen",
    "Z at the scales of x: q_σ(0) = 0 for every pruned entry, also in a block of which nothing is kept",
    _zero_stays,
    _ruling_of_frozen_zero,
)
"""Stronger than Z: at its own scale a zero block comes back as zero even where 0 is no level."""
SIGMA = assumed(assumptions.SIGMA)
EXPONENTS = Assumption(
    "exponents_in_range",
    "every x_i is 0 or 2^−80 ≤ |x_i| ≤ 2^90, every scale 0 or 2^−87 ≤ σ ≤ 2^97, every level 0 or 2^−149 ≤ |v|: shifted "
    "by up to 40 binades down or 30 up, none leaves the range of its exponents",
    _exponents_in_range,
    decided_by_tensor,
)
STEADY = having("deterministic", DETERMINISTIC)
ORDERED = assumed(assumptions.ORDERED)
NEARLY_ORDERED = Assumption(
    "nearly_monotone",
    "in a group |x_i| > |x_j| ⇒ |q(x)_i| ≥ |q(x)_j|, and q(x)_i has no sign opposite to that of x_i; where |x_i| = "
    "|x_j|, the image of smaller magnitude is no further from its entry",
    _nearly_ordered,
    _ruling_of_order,
)
"""Weaker than ``monotone`` with one scale. A ruling of real arithmetic: in rows last bits may part what is as near."""
MAGNITUDE = assumed(assumptions.MAGNITUDE)
ONE_SCALE = assumed(assumptions.ONE_SCALE)
NORM = assumed(assumptions.NORM)
NEAREST = of_pipeline(
    "nearest",
    "q rounds to a nearest level",
    lambda s, q, p, shape: _to_nearest(q),
)
SYMMETRIC = of_pipeline(
    "symmetric",
    "the grid is symmetric about 0: Γ = −Γ",
    lambda s, q, p, shape: Ruling(
        q.format.odd, f"the values of {q.format} {'are' if q.format.odd else 'are not'} symmetric about 0"
    ),
)
UNIFORM = of_pipeline(
    "uniform",
    "all steps of the grid are equal",
    lambda s, q, p, shape: Ruling(_uniform(q), f"the steps of {q.format} are {'' if _uniform(q) else 'not '}equal"),
)
BUDGETED = of_pipeline(
    "budgeted",
    "s keeps a number of entries of every group",
    lambda s, q, p, shape: Ruling(
        s.fixed_budget,
        f"{s} {'keeps' if s.fixed_budget else 'does not keep'} a number of entries of every group",
    ),
    defining=True,
)

"""Norms beyond ‖·‖_p against their definitions, their axioms, and what the two theorems say of them."""

from itertools import combinations, permutations

import numpy as np
import pytest

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.partition import Blocks, Rows
from sqtheory.alphabet.quantizers import hbfp, int_, mxfp
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.alphabet.ties import Adversarial, high_index
from sqtheory.arrays import Array, FixedArray
from sqtheory.theory.case import Case
from sqtheory.theory.gauges import Exponential, Gauge, KyFan, Nested, OrderedWeights, Weighted
from sqtheory.theory.samples import ties

FALLING = FixedArray([4.0, 2.0, 1.0, 1.0, 0.5, 0.25, 0.125, 0.0])
STEPS = FixedArray([3.0] * 4 + [0.5] * 4)
PLACES = FixedArray(np.arange(1.0, 9.0))
NORMS: tuple[Gauge, ...] = (
    *(KyFan(k) for k in (1, 2, 3, 8, 11)),
    *(OrderedWeights(FALLING), Exponential()),
    *(Weighted(STEPS), Weighted(STEPS, 2), Weighted(STEPS, np.inf), Weighted(PLACES), Weighted(PLACES, np.inf)),
    *(Nested(2, 1, Blocks(4)), Nested(1, 2, Blocks(2)), Nested(np.inf, 1, Rows()), Nested(2, 2, Blocks(2))),
)
every = pytest.mark.parametrize("norm", NORMS, ids=str)
ROOM = 1 + 1e-13
"""Eight magnitudes are added, scaled and taken a root of: some dozen roundings of 2^−53; 64 halvings leave less."""


def rows(seed: int, count: int = 200) -> Array:
    rng = np.random.default_rng(seed)
    return np.where(
        rng.random((count, 8)) < 0.2, 0.0, rng.normal(size=(count, 8)) * 2.0 ** rng.integers(-9, 9, (count, 1))
    )


@every
def test_it_is_a_monotone_norm(norm: Gauge) -> None:
    e, f, rng = rows(1), rows(2), np.random.default_rng(3)
    assert (norm.of(np.zeros((2, 8))) == 0).all() and (norm.of(np.eye(8)[:1]) > 0).all()
    assert (norm.of(-e) == norm.of(e)).all()
    assert np.allclose(norm.of(e * 4), norm.of(e) * 4, rtol=1e-13)
    assert (norm.of(e + f) <= (norm.of(e) + norm.of(f)) * ROOM).all()
    assert (norm.of(e * rng.random(e.shape)) <= norm.of(e) * ROOM).all()


@every
def test_it_is_symmetric_in_groups_exactly_where_no_permutation_changes_it(norm: Gauge) -> None:
    e = rows(4, 12)
    for m in (2, 4, 8):
        swapped = [norm.of(e[:, order]) for order in transpositions(m)]
        alike = all(np.allclose(one, norm.of(e), rtol=1e-12) for one in swapped)
        assert norm.symmetric(Blocks(m), 8) == alike


def transpositions(m: int) -> list[list[int]]:
    """Orders of eight places, two of one group of m exchanged: these make all permutations within groups."""
    pairs = [(i, j) for i, j in combinations(range(8), 2) if i // m == j // m]
    return [[j if k == i else i if k == j else k for k in range(8)] for i, j in pairs]


def test_sums_of_the_largest_are_the_largest_sums() -> None:
    e = rows(5, 40)
    for k in (1, 3, 8):
        most = [max(sum(chosen) for chosen in combinations(np.abs(row).tolist(), k)) for row in e]
        assert np.allclose(KyFan(k).of(e), most, rtol=1e-13)
    weights = FixedArray([3.0, 2.0, 0.5, 0.0])
    few = e[:, :4]
    best = [max(float(np.abs(row)[list(order)] @ weights.values) for order in permutations(range(4))) for row in few]
    assert np.allclose(OrderedWeights(weights).of(few), best, rtol=1e-13)


def test_the_luxemburg_norm_fills_its_budget() -> None:
    e = rows(6)
    t = Exponential().of(e)
    assert np.allclose(np.expm1(np.abs(e) / t[:, None]).sum(axis=1), 1, rtol=1e-13)
    assert np.allclose(Exponential().of(np.eye(8)), 1 / np.log(2), rtol=1e-15)


def test_what_is_no_norm_is_refused() -> None:
    for make, why in (
        (lambda: KyFan(0), "k ≥ 1"),
        (lambda: OrderedWeights(FixedArray([1.0, 2.0])), "never grows"),
        (lambda: OrderedWeights(FixedArray([0.0, 0.0])), "above 0"),
        (lambda: Weighted(FixedArray([1.0, 0.0])), "positive"),
        (lambda: Weighted(FixedArray([1.0]), 0.5), "p ≥ 1, got 0.5"),
        (lambda: Nested(0.5, 1, Rows()), "p ≥ 1"),
        (lambda: Weighted(FixedArray([1.0])).of(np.ones((1, 2))), "1 weights are for rows of as many entries, got 2"),
    ):
        with pytest.raises(ValueError, match=why):
            make()


def orders(q: object, s: object) -> tuple[Case, Array, Array]:
    case = Case(ties(np.random.default_rng(7), (3000, 8), np.float64), q, s)  # type: ignore[arg-type]
    return case, case.x - case.orders.after_mask, case.x - case.orders.masked_image


PIPELINES = (
    (int_(3), nm(2, 4, ties=high_index)),
    (mxfp(E2M1), nm(2, 4, ties=Adversarial(2))),
    (hbfp(4, block=4), nm(1, 2, ties=Adversarial(1))),
)


@every
def test_pruning_first_is_never_worse_exactly_in_the_symmetric_ones(norm: Gauge) -> None:
    """Ties made likely: every norm that is not symmetric in the groups finds rows that it calls worse."""
    for q, s in PIPELINES:
        case, ours, theirs = orders(q, s)
        worse = (norm.of(ours) > norm.of(theirs) * ROOM).any()
        assert worse == (not norm.symmetric(case.groups, 8))


@every
def test_pruning_first_adds_no_error_in_any(norm: Gauge) -> None:
    for q, s in PIPELINES:
        case, ours, _ = orders(q, s)
        alone = norm.of(case.x - case.orders.image) + norm.of(case.x - case.orders.sparse)
        assert (norm.of(ours) <= alone * ROOM).all()

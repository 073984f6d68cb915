"""Tensors that once were admissible and broke a claim: one assumption excludes each, and without it they do again."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest

from sqtheory.alphabet.formats import E2M1, E4M3, FORMATS, Codebook, IntFormat
from sqtheory.alphabet.partition import Rows, Tail, Whole
from sqtheory.alphabet.quantizers import Quantizer, int_, mxfp, nvfp4, scaled
from sqtheory.alphabet.rounding import stochastic
from sqtheory.alphabet.scaling import Exponent, Frozen, HalfRange, Percentile, PowerOfTwo, SharedExponent, TwoLevel
from sqtheory.alphabet.sparsifiers import nm, threshold, top
from sqtheory.arrays import FixedArray
from sqtheory.exceptions import Undefined
from sqtheory.proofs.exact import ExactRow
from sqtheory.proofs.proof import proof_of
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Claim, Norms
from sqtheory.theory.expectations.exchangeable import NOISE, log_binomial
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems import ALL, BY_SLUG

ONE = Frozen(FixedArray(1.0))
UNSIGNED = Codebook("unsigned", (0.0, 1.0, 2.0, 3.0))


def random(block: int = 64) -> Quantizer:
    """INT4 under stochastic rounding."""
    return int_(4, block=block, rounding=stochastic(np.random.default_rng(0)))


EXCLUDED = {
    "another exponent rule": (
        "saturation",
        "floor_exponent",
        Case.of([1.9, 1], mxfp(E2M1, scaling=PowerOfTwo(Exponent.rceil))),
    ),
    "a full range": (
        "saturation",
        "symmetric",
        Case.of([-3.9, 1], scaled(UNSIGNED, scaling=PowerOfTwo())),
    ),
    "a real scale": ("hbfp_power_of_two", "shared_exponent", Case.of([8, 1], int_(4))),
    "a level at 2^f": (
        "hbfp_power_of_two",
        "clamped_ends",
        Case.of([-8, 1], scaled(IntFormat(4, full_range=True), scaling=SharedExponent())),
    ),
    "steps of two sizes": ("delta_coding", "uniform", Case.of([5, 5], scaled(E2M1, scaling=ONE))),
    "scales of two blocks": ("delta_coding", "one_grid", Case.of([1, 2, 100, 101], int_(4, block=2))),
    "a scale of the differences": (
        "delta_coding",
        "one_grid",
        Case.of([0.5, 1, 1, 1], int_(8, scaling=Percentile(50))),
    ),
    "below the grid": ("delta_coding", "in_range", Case.of([-2, -2], scaled(UNSIGNED, scaling=ONE))),
    "a short block": ("storage", "blocks_divide", Case.of([7, *range(11)], int_(4, block=5), nm(2, 4))),
    "a short group": ("storage", "groups_divide", Case.of([7, 1, 2, 3], int_(4, block=2), nm(1, 3, tail=Tail.short))),
    "a scale of the tensor": ("storage", "no_tensor_scale", Case.of(np.arange(32), nvfp4(), nm(2, 4))),
    "blocks rounded anew": (
        "error_in_bits",
        "deterministic",
        Case.of([7, 3.25, 1.125, 2.375, 5.4375, 0.1875], random(block=3)),
    ),
    "an image drawn anew": ("margin", "deterministic", Case.of([7, 3.25, 0, 0] * 8, random(), nm(2, 4))),
    "a weight drawn anew": (
        "dot_interaction",
        "deterministic_of_w",
        Case.of([7, 3.25, 1, 0] * 8, random(), nm(2, 4), w=[7, 3.25, 1, 0] * 8),
    ),
    "a weight drawn anew, bounded": (
        "dot_bound",
        "deterministic_of_w",
        Case.of([7, 3.25, 0, 0] * 8, random(), nm(2, 4), w=[7, 3.25, 0, 0] * 8),
    ),
    "subnormal scales": ("idempotence", "exponents_in_range", Case.of([25 * 2.0**-1074, 0], int_(4))),
    "images that vanish": ("dyadic_equivariance", "exponents_in_range", Case.of([7 * 2.0**-1040, 0], int_(4))),
    "no scale of zero": (
        "dyadic_equivariance",
        "scale_follows",
        Case.of([0, 0], scaled(Codebook("odd", (-3.0, -1.0, 1.0, 3.0)), scaling=HalfRange())),
    ),
    "zero below the grid": ("rounding_cell", "in_range", Case.of([0, 0, 1.16], scaled(FORMATS["e8m0"]))),
    "an unsigned grid": (
        "free_scale_bound",
        "in_range",
        Case.of([-2, 3, 1, 1], scaled(UNSIGNED), nm(2, 4)),
    ),
}
"""What is wrong with the pipeline: the theorem, the assumption that says so, the tensor."""


@pytest.mark.parametrize(("slug", "name", "case"), EXCLUDED.values(), ids=EXCLUDED)
def test_an_assumption_excludes_it_and_nothing_else_does(slug: str, name: str, case: Case) -> None:
    theorem = BY_SLUG[slug]
    assert not theorem.admissible(case).any() and not theorem.check(case).violated.any()
    weaker = replace(theorem, given=tuple(a for a in theorem.given if a.name != name))
    assert len(weaker.given) < len(theorem.given) and weaker.check(case).violated.any()


@pytest.mark.parametrize(
    ("slug", "case"),
    [
        ("swap_gap", Case.of([5.25, 7.75], mxfp(E2M1), nm(1, 2), 2.0)),
        ("swap_gap", Case.of([5.25, 7.75], mxfp(E2M1), nm(1, 2), inf)),
        ("swap_constant", Case.of([7, 1.6, 2, 0], int_(4), nm(2, 4), 2.0)),
        ("swap_constant", Case.of([7, 1.6, 2, 0], int_(4), nm(2, 4), inf)),
    ],
    ids=str,
)
def test_a_swap_is_priced_in_one_norm(slug: str, case: Case) -> None:
    theorem = BY_SLUG[slug]
    with pytest.raises(ValueError, match="it speaks of p = 1"):
        theorem.check(case)
    assert of_every_norm(theorem).check(case).violated.all()
    assert not theorem.check(replace(case, p=1.0)).violated.any()


def of_every_norm(theorem: Theorem) -> Theorem:
    """The claims of a theorem, said of every p."""
    return replace(theorem, claims=tuple(Claim(c.left, c.relation, c.right, Norms.ALL) for c in theorem.claims))


@pytest.mark.parametrize(
    ("slug", "case"),
    [
        ("price_of_order", Case.of([6, 3, 2, 1], nvfp4(), nm(2, 4), 2.0)),
        ("price_of_order", Case.of([6, 3, 2, 1], int_(4, scaling=ONE), nm(2, 4), 2.0)),
        ("price_of_order", Case.of([6, 3, 2, 1], int_(4), nm(2, 4), 3.0)),
        ("price_of_order", Case.of([6, 3, 2, 1], int_(4), nm(2, 4), inf)),
        ("price_of_order", Case.of([6, 3, 2, 1], int_(4), threshold(2.0), 2.0)),
        ("gain_optimal", Case.of([6, 3, 2, 1], int_(4), threshold(2.0))),
        ("storage", Case.of([6, 3, 2, 1], int_(4), threshold(2.0))),
        ("error_in_bits", Case.of([6, 3, 2, 1], int_(4, per=Whole()))),
    ],
    ids=str,
)
def test_where_a_quantity_has_no_meaning_nothing_is_admissible(slug: str, case: Case) -> None:
    theorem = BY_SLUG[slug]
    check = theorem.check(case)
    assert not check.admissible.any() and not check.violated.any()
    with pytest.raises(Undefined):
        theorem.excess(case)


def test_what_takes_too_long_is_refused_not_begun() -> None:
    wide = Case.of(np.arange(1.0, 97), int_(4, per=Rows()), top(0.5))
    for slug in ("gain_optimal", "sparse_grid_projection", "order_gap_topk"):
        with pytest.raises(Undefined, match="at most"):
            BY_SLUG[slug].excess(wide)
    with pytest.raises(Undefined, match="at most"):
        BY_SLUG["order_gap_law"].excess(replace(wide, s=nm(4, 8)))
    with pytest.raises(Undefined, match="at most"):
        BY_SLUG["error_in_bits"].excess(replace(wide, q=int_(4, block=8)))


def test_a_large_maximum_is_judged_at_the_scale_of_its_own_block() -> None:
    case = Case.of([1.5, 1, 8, 1], mxfp(E2M1, block=2))
    theorem = BY_SLUG["saturation"]
    assert theorem.admissible(case).all() and not theorem.check(case).violated.any()
    assert theorem.values(case)["lost"].tolist() == [0]


def test_a_difference_of_logarithms_may_be_off_and_no_more() -> None:
    assert [float(log_binomial(n, k)) for n, k in ((2, 2), (4, 0), (5, 5), (64, 64))] == [0, 0, 0, 0]
    theorem = BY_SLUG["order_gap_law"]
    case = Case.of([7, 5, 3, 1], int_(4), nm(1, 2))
    for shift, caught in ((0.9 * NOISE, False), (4 * NOISE, True)):
        off = tuple(
            replace(q, of=lambda c, q=q, by=shift: q.of(c) + by) if q.name == "differ" else q  # type: ignore[misc]
            for q in theorem.where
        )
        assert bool(replace(theorem, where=off).check(case).violated.any()) == caught


def test_the_published_size_is_no_count() -> None:
    theorem = BY_SLUG["storage"]
    values = proof_of(theorem).values(ExactRow(Case.of(np.arange(12), int_(4, block=5), nm(2, 4)), 0))
    assert {name: float(v) for name, v in values.items()} == {"counted": 10.75, "formula": pytest.approx(9.15)}


def test_scales_below_an_upper_scale_can_grow_when_it_falls() -> None:
    """(11, 7, …) with the maximum pruned: the scale of the rest is rounded upward."""
    q = int_(4, block=2, scaling=TwoLevel(E4M3))
    not_grown = next(a for a in BY_SLUG["free_scale_bound"].given if a.name == "scale_not_grown")
    assert not not_grown.ruling(nm(2, 4), q, 1.0, (8,)).closed
    grew = [
        replace(q).scales(np.array([0.0, 0, b, b]))[1] > q.scales(np.array([a, a, b, b]))[1]
        for a in np.arange(20.0, 60)
        for b in np.arange(1.0, 20)
    ]
    assert any(grew)


def test_a_theorem_without_assumptions_says_so() -> None:
    assert {t.slug for t in ALL if t.unconditional} == {
        "dot_decomposition",
        "gram_error",
        "linear_layer",
        "propagation",
        *(
            "index_retention",
            "transposable_greedy",
            "binary_code_residual",
            "budget_price",
            "low_rank_gap",
            "softmax_shift",
            "water_filling",
        ),
    }
    with pytest.raises(ValueError, match="assumptions or is unconditional"):
        replace(BY_SLUG["storage"], given=())
    with pytest.raises(ValueError, match="assumptions or is unconditional"):
        replace(BY_SLUG["storage"], unconditional=True)

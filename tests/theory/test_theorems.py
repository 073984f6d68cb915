"""The generated suite: every theorem of the registry holds, says something, is tight as it claims, and is proved."""

import os
import zlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import sqtheory.theory.theorems
from sqtheory import strategies
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.exceptions import Undefined
from sqtheory.proofs.exact import ExactRow
from sqtheory.proofs.proof import MODELLED, proof_of
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Approached, Attained, Claim, NoneKnown, Separation
from sqtheory.theory.quantities import ERROR_Q, ERROR_QS, ERROR_S, MAGNITUDE
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems import ALL
from tests.nightly import NIGHTLY, nightly

ROWS = {"dev": 15_000, "ci": 200_000, "nightly": 20_000_000}[os.environ.get("HYPOTHESIS_PROFILE", "dev")]
"""Random rows for each theorem, two or more blocks of four in each: 400,000 blocks in CI, 10⁹ for all every night."""
EXAMPLES = {"dev": 5, "ci": 20}.get(os.environ.get("HYPOTHESIS_PROFILE", "dev"), settings().max_examples)
BATCH = min(20_000, ROWS // 6)
UNIVERSAL = [t for t in ALL if t.domain is not None]
SLOW = frozenset(
    {
        *("accumulator_bound", "accumulator_exact", "accumulator_symmetry", "best_support", "binary_code_optimal"),
        *("by_original_optimal", "cache_eviction", "codes_permuted", "dot_bound", "dot_concentration"),
        *("dyadic_equivariance", "entrywise_bound", "error_in_bits", "finer_blocks", "first_is_best", "fitted_bound"),
        *("fitted_dominates", "four_words_bound", "free_scale_bound", "freer_mask", "gain_dominates", "gain_optimal"),
        *(
            "gram_dominates",
            "gram_error",
            "half_step_bound",
            "incoherence",
            "index_ties",
            "later_masks",
            "nvfp4_requantized",
        ),
        *("linear_layer", "low_rank_gap", "nearly_monotone_dominates", "nm_projection", "one_signed_accumulation"),
        *("order_gap_law", "order_gap_topk", "order_on_hardware", "overlap", "partner_exact", "partner_perturbed"),
        *("places_in_order", "price_of_order", "promoted_bound", "propagation", "prune_first_bound"),
        *("prune_first_dominates", "prune_then_feedback", "quantize_first_bound", "refit_optimal"),
        *("residual_backbone", "score_keeps_scale", "single_survivor", "softmax_shift", "sparse_dense_bound"),
        *("sparse_grid_projection", "stagnation", "stochastic_order", "stochastic_rounding", "swap_bias"),
        *("swap_constant", "sweep_bound", "swept_range", "twice_the_scale", "unbiased_order", "wanda_reversal"),
        *("wasserstein_coupling", "water_filling", "weakly_majorized", "weighted_dominates", "worst_by_position"),
    }
)
"""Theorems whose proofs take more than a second."""
every = pytest.mark.parametrize("theorem", ALL, ids=str)
universal = pytest.mark.parametrize("theorem", UNIVERSAL, ids=str)
BROKEN = replace(
    next(t for t in ALL if t.slug == "prune_first_identity"),
    slug="quantizing first adds nothing",
    claims=(Claim(ERROR_QS, "<=", ERROR_S + ERROR_Q),),
    where=(ERROR_QS, ERROR_S, ERROR_Q),
)
"""A false theorem: every check that can catch one must catch this."""


def batches(theorem: Theorem, rows: int) -> Iterator[Case]:
    """Cases of the theorem's domain with so many rows together, the same ones each time."""
    assert theorem.domain is not None
    rng = np.random.default_rng(zlib.crc32(theorem.slug.encode()))
    size = max(min(BATCH, BATCH * 16 // theorem.domain.x.last_axis), 1)
    while rows > 0:
        case = theorem.domain.sample(rng, size)
        yield case
        rows -= len(case)


def violations(theorem: Theorem, case: Case) -> list[str]:
    wrong = np.flatnonzero(theorem.check(case).violated)
    return [str(case.row(int(i))) for i in wrong[:3]]


def exactly(theorem: Theorem, case: Case, claim: Claim) -> bool:
    """The claim on one row in exact rationals (algebraic numbers for p = 2, 3, …), by the model of its proof."""
    values = proof_of(theorem).values(ExactRow(case, 0))
    return claim.exact({str(s): values[str(s)] for s in claim.symbols})


def is_exact(p: float) -> bool:
    return p == np.inf or float(p).is_integer()


@universal
def test_holds_and_is_not_vacuous(theorem: Theorem) -> None:
    """No violation on random instances, at least half of which meet every assumption."""
    admissible = total = 0
    for case in batches(theorem, ROWS):
        check = theorem.check(case)
        assert not check.violated.any(), violations(theorem, case)
        admissible += int(np.count_nonzero(check.admissible))
        total += len(case)
    assert total >= ROWS and admissible >= total / 2


@universal
@given(data=st.data())
@settings(max_examples=EXAMPLES)
def test_holds_where_hypothesis_looks(theorem: Theorem, data: st.DataObject) -> None:
    assert theorem.domain is not None
    case = data.draw(strategies.cases(theorem.domain))
    assert not violations(theorem, case)


@every
def test_its_witness(theorem: Theorem) -> None:
    """Attained: an equality of positive terms; approached: the ratio of the sides tends to 1; separation: strict."""
    witness = theorem.witness
    match witness:
        case Attained(case):
            assert theorem.admissible(case).all()
            assert any(
                exactly(theorem, case, Claim(c.left, "==", c.right))
                and all(theorem.values(case)[str(s)].min() > 0 for s in c.right.free_symbols)
                for c in theorem.claims_for(case.p)
                if c.right != 0
            )
        case Approached(family):
            slack = []
            for epsilon in (2.0**-4, 2.0**-8, 2.0**-16):
                case = family(epsilon)
                assert theorem.admissible(case).all()
                left, right = theorem.claims[0].sides(theorem.values(case))
                assert (left > 0).all() and (left <= right).all()
                slack.append(float(np.max(1 - left / right)))
            assert all(b < a / 8 for a, b in pairwise(slack)) and slack[-1] < 1e-3
        case Separation(cases):
            for case in cases:
                assert theorem.admissible(case).all()
                claims = theorem.claims_for(case.p)
                assert claims and all(c.strict for c in claims)
                assert (theorem.check(case).excess <= 0).all()
                assert not is_exact(case.p) or all(exactly(theorem, case, c) for c in claims)
        case NoneKnown(because):
            assert len(because.split()) > 3


@every
def test_every_assumption_is_necessary(theorem: Theorem) -> None:
    """Without it, all others in place, some claim fails, in exact rationals where p allows, or has no meaning."""
    for assumption in theorem.given:
        case = assumption.fails_without
        assert case is not None, f"{assumption} of {theorem} is not shown necessary"
        if assumption.defining:
            assert not assumption.holds(case).any() and not theorem.check(case).violated.any()
            with pytest.raises(Undefined):
                theorem.values(case)
            continue
        held = [a.holds(case) for a in theorem.given if a is not assumption]
        others = np.logical_and.reduce([np.ones(len(case), bool), *held])
        broken = ~assumption.holds(case) & others & (theorem.check(case).excess > 0)
        assert broken.any(), f"{assumption} of {theorem}: {case} does not show that it is needed"
        if is_exact(case.p):
            row = case.row(int(np.flatnonzero(broken)[0])) if len(case) > 1 else case
            assert not all(exactly(theorem, row, c) for c in theorem.claims_for(case.p))


@every
def test_its_proof_is_discharged(theorem: Theorem) -> None:
    """Of a slow one by day that its steps conclude every claim; ``python -m proofs`` discharges all of them."""
    proof = proof_of(theorem)
    lines = proof.bindings() if theorem.slug in SLOW and not NIGHTLY else proof.lines()
    assert not [line for line in lines if not line.discharged]


@nightly
@every
def test_its_quantities_agree_with_a_naive_evaluation(theorem: Theorem) -> None:
    """On ten times the rows on which its proof compares them."""
    proof = proof_of(theorem)
    rows = proof.rows(np.random.default_rng(2), 10 * MODELLED)
    assert rows
    faults = [f"{q}: {fault}" for q in theorem.where for each in rows if (fault := proof.model_fault(q, each))]
    assert not faults


@every
def test_its_file_has_its_name_and_its_statement_renders(theorem: Theorem) -> None:
    folder = Path(sqtheory.theory.theorems.__file__).parent
    assert (folder / f"{theorem.slug}.py").is_file()
    assert all(sympy.latex(c.left) and sympy.latex(c.right) for c in theorem.claims)


def test_the_registry_lists_every_file_once() -> None:
    assert {t.slug for t in ALL} > SLOW
    files = {path.stem for path in Path(sqtheory.theory.theorems.__file__).parent.glob("*.py")}
    assert files - {"__init__", "vocabulary"} == {t.slug for t in ALL}
    assert len({t.slug for t in ALL}) == len(ALL)


def test_a_false_theorem_is_caught() -> None:
    assert any(violations(BROKEN, case) for case in batches(BROKEN, 10 * BATCH))
    with pytest.raises(AssertionError):
        test_holds_and_is_not_vacuous(BROKEN)


def test_an_assumption_nothing_needs_is_caught() -> None:
    idle = replace(BROKEN, given=(MAGNITUDE.shown(Case.of([7, 2, 1, 0], int_(4), nm(2, 4))),))
    with pytest.raises(AssertionError, match="does not show that it is needed"):
        test_every_assumption_is_necessary(idle)


def test_a_domain_that_an_assumption_empties_is_caught() -> None:
    never = replace(MAGNITUDE, holds=lambda case: np.zeros(len(case), bool))
    with pytest.raises(AssertionError):
        test_holds_and_is_not_vacuous(replace(BROKEN, given=(never,)))


def test_claims_and_quantities_must_match() -> None:
    with pytest.raises(ValueError, match="undefined or unused"):
        replace(BROKEN, where=(ERROR_QS, ERROR_S))
    with pytest.raises(ValueError, match="undefined or unused"):
        replace(BROKEN, claims=(), where=())
    with pytest.raises(ValueError, match="separations"):
        replace(BROKEN, domain=None)

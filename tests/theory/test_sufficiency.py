"""Assumptions suffice, beyond every domain: whatever can be written, no admissible row breaks a claim.

A theorem is attacked with pipelines of the whole alphabet, most of them one part away from its domain; ``decide`` with
every claim on tensors of several axes. That the attack is strong enough is tested by taking assumptions away.
"""

import os
import traceback
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from math import prod

import numpy as np
import pytest

from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.scores import Gain
from sqtheory.theory.claims import Claim, Norms
from sqtheory.theory.decide import CLAIMS
from sqtheory.theory.decide.draws import Draw, draws
from sqtheory.theory.decide.questions import Question, question
from sqtheory.theory.domain import Domain
from sqtheory.theory.quantities import decided_by_tensor
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems import ALL, BY_SLUG
from tests import pipelines as alphabet
from tests.nightly import NIGHTLY, thin

PIPELINES = 24_000 if NIGHTLY else 20
"""Pipelines for each theorem."""
ROWS = 24
STRUCTURES = 24_000 if NIGHTLY else 18
"""Pipelines that a claim is decided for."""
PATIENCE = 150 if NIGHTLY else 240
"""So many times as many where fewer than ``LEAST`` are proved, as where a claim is about one group and one block."""
LEAST = 3
FEW = 6
SLOW = frozenset({"order_gap_law", "order_gap_topk", "price_of_order", "error_in_bits", "dot_concentration"})
"""Theorems that list groups, masks or outcomes: fewer rows."""
UNIVERSAL = [t for t in ALL if t.domain is not None]
NOT_WRITTEN = frozenset({"RowTwoLevel", "RowFourOverSix"})
"""Made of another rule for many tensors at once; nobody can write it."""
SHAPES: tuple[Shape, ...] = ((12,), (8,), (4, 6), (2, 8), (4, 4), (2, 2, 4))
universal = pytest.mark.parametrize("theorem", UNIVERSAL, ids=str)


def seed(text: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(text.encode()))


@contextmanager
def refusals_allowed(what: str) -> Iterator[None]:
    """Let pass what the package itself refuses: its last line raises, and no library fell over inside it."""
    try:
        yield
    except (ValueError, TypeError) as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        ours = "/sqtheory/" in last.filename.replace(os.sep, "/") and str(last.line).startswith("raise ")
        assert ours, f"{what}: {type(error).__name__}: {error}"


def attack(theorem: Theorem, pipelines: int) -> Iterator[tuple[int, str]]:
    """How many rows of random cases are admissible, and the worst admissible violation of each in words, if any."""
    rng = seed(theorem.slug)
    for _ in range(pipelines):
        with refusals_allowed(str(theorem)):
            case = alphabet.case(rng, theorem, FEW if theorem.slug in SLOW else ROWS)
            check = theorem.check(case)
            worst = int(np.argmax(np.where(check.violated, check.excess, -np.inf)))
            found = f"{case.row(worst)} exceeds by {check.excess[worst]:.3g}" if check.violated.any() else ""
            yield int(np.count_nonzero(check.admissible)), found


@universal
def test_no_admissible_row_breaks_a_claim(theorem: Theorem) -> None:
    tried, violations = 0, []
    for admissible, found in attack(theorem, PIPELINES):
        tried += admissible
        violations += [found] if found else []
    assert not violations, min(violations, key=len)
    assert tried >= PIPELINES / 2, "too few admissible rows to say anything"


DECIDABLE = [
    *CLAIMS,
    *(
        t.slug
        for t in UNIVERSAL
        if t.domain and t.domain.w is None and not t.domain.x.independent
        if not any(a.ruling is decided_by_tensor for a in t.given)
    ),
]
"""Claims that can be proved before a tensor is seen."""


def own(claim: str) -> Domain | None:
    """The domain of a claim that is a theorem's: of masks that the alphabet seldom draws it knows some."""
    return BY_SLUG[claim].domain if claim in BY_SLUG else None


def proved_by_structure(rng: np.random.Generator, claim: str) -> Iterator[tuple[Question, Draw, float, Shape, str]]:
    """Pipelines for which every condition of some route to the claim is closed, one outcome of chance at a time."""
    proved = 0
    for tried in range(PATIENCE * STRUCTURES):
        if proved >= LEAST and tried >= STRUCTURES:
            return
        shape, p = alphabet.pick(rng, SHAPES), alphabet.pick(rng, alphabet.EXPONENTS)
        with refusals_allowed(claim):
            asked = question(claim, p)
            q = alphabet.quantizer(rng, shape)
            s = alphabet.sparsifier(rng, shape, q)
            s = s.with_score(Gain(q, p)) if rng.random() < 0.2 else s
            if tried >= STRUCTURES and (domain := own(claim)) is not None:
                s = domain.s.sample(rng)
            s.groups.check_tail(shape, getattr(s, "tail", q.tail), "groups")
            q.partition.check_tail(shape, q.tail, "blocks")
            closed = [r.theorem for r in asked.routes if all(d.closed for d in r.discharge(s, q, p, shape))]
            proved += bool(closed)
            for draw in draws(s, q, shape, rng) if closed else ():
                yield asked, draw, p, shape, f"{claim} by {closed[0]}: {s}, {q}, p = {p}, {shape}"


@pytest.mark.parametrize("claim", DECIDABLE)
def test_what_structure_proves_no_tensor_refutes(claim: str) -> None:
    """Certified violations, in rationals where the pipeline has them."""
    rng, tried = seed(claim), 0
    for asked, draw, p, shape, said in proved_by_structure(rng, claim):
        with refusals_allowed(said):
            x = alphabet.rows(rng, (FEW, prod(shape)), draw.before, subnormal=False)
            excess = asked.evaluation.excess(draw, x, p, shape)
            tried += 1
            worst = x[int(np.argmax(excess))]
            refuted = asked.evaluation.certify(draw, worst, p, shape) if excess.max() > 0 else None
            assert refuted is None, f"{said}: {worst.tolist()}: {refuted}"
    assert tried, "no pipeline is proved by structure"


RARE = {
    *(("price_of_order", "symmetric"), ("single_survivor", "alone_if_moved")),
    ("places_in_order", "ties_fixed"),
    *(("free_scale_bound", name) for name in ("uniform", "scale_not_grown")),
    *(("freer_mask", name) for name in ("nearest", "keeps_scale")),
    *((slug, "in_range") for slug in ("accumulator_bound", "promoted_bound", "one_signed_accumulation")),
    *((slug, "in_range") for slug in ("accumulator_exact", "sparse_dense_bound")),
    ("order_on_hardware", "both_in_range"),
    *((slug, "keeps_signs") for slug in ("by_original_optimal", "index_ties")),
    ("accumulator_symmetry", "shift_in_range"),
}
"""Assumptions whose loss shows on tensors of their own alone, which they bring."""
STRENGTH = 3_000
"""Pipelines after which the loss of any other assumption has shown."""


LOST = [(t.slug, a.name) for t in UNIVERSAL for a in t.given if not a.defining and (t.slug, a.name) not in RARE]


@thin(24)
@pytest.mark.parametrize(("slug", "lost"), LOST, ids=[f"{slug}-{lost}" for slug, lost in LOST])
def test_the_attack_notices_an_assumption_that_is_lost(slug: str, lost: str) -> None:
    """Each fault that a record once had is put back: one assumption is taken away."""
    theorem = BY_SLUG[slug]
    rest = tuple(a for a in theorem.given if a.name != lost)
    assert any(found for _, found in attack(replace(theorem, given=rest, unconditional=not rest), STRENGTH))


@pytest.mark.parametrize("slug", ["swap_constant", "swap_gap"])
def test_the_attack_notices_a_claim_for_every_p(slug: str) -> None:
    theorem = BY_SLUG[slug]
    claims = tuple(Claim(c.left, c.relation, c.right, Norms.ALL) for c in theorem.claims)
    assert any(found for _, found in attack(replace(theorem, claims=claims), STRENGTH))


def test_the_alphabet_has_every_word() -> None:
    """Every kind of format, scale rule, partition, rounding, mask, score and tie rule that there is gets drawn."""
    rng, used = seed("alphabet"), set[str]()
    for shape in SHAPES * 100:
        q = alphabet.quantizer(rng, shape)
        used |= alphabet.words(q, alphabet.sparsifier(rng, shape, q))
    missing = alphabet.every_word() - used
    assert missing <= NOT_WRITTEN, missing - NOT_WRITTEN

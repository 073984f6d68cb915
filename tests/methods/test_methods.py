"""Every method says where it is from, builds what its spelling reads, and gives grounds for its verdict that run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.scaling import Frozen
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.arrays import Array, FixedArray
from sqtheory.exceptions import CheckpointError
from sqtheory.execution import Spelled, Sweep
from sqtheory.execution.derived import Calibrated
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.statistics import Statistics, write_statistics
from sqtheory.methods import ALL, Fails, Holds, OrderVerdict, PrunedOperand, Work, find
from sqtheory.orders.pair import Pair
from sqtheory.orders.report import compare
from sqtheory.proofs.references import references
from sqtheory.theory.case import Case
from sqtheory.theory.theorems import BY_SLUG
from sqtheory.theory.theorems import find as theorem

every = pytest.mark.parametrize("method", ALL, ids=lambda method: method.name)
NORMS = np.array([1.0, 2.0, 0.5, 4.0, 2.0, 2.0, 1.0, 1.0])
W = np.random.default_rng(0).standard_normal((16, 8))


@pytest.fixture
def statistics(tmp_path: Path) -> Statistics:
    write_statistics(tmp_path / "s.safetensors", {"w": NORMS}, {}, {})
    return Statistics.read(tmp_path / "s.safetensors")


def test_a_method_is_compared_on_a_file_and_named_in_the_rows(statistics: Statistics, tmp_path: Path) -> None:
    save_file({"w": W}, tmp_path / "w.safetensors")
    ways = find("wanda").assigned(Spelled("2:4", "int4"), statistics), Spelled("2:4", "int4")
    with open_checkpoint(tmp_path / "w.safetensors") as checkpoint:
        [[built, plain]] = Sweep(checkpoint, checkpoint.tensors, ways)
    assert (built.order.mask, plain.order.mask) == ("nm(2, 4) by wanda", "nm(2, 4)")
    assert built.order.errors == compare(W, nm(2, 4, score=wanda(NORMS[None, :])), int_(4)).errors


@every
def test_a_method_names_its_source_its_needs_and_its_theorems(method: Work) -> None:
    assert method.source.key in references() and method.source.locator
    assert method.title and find(method.name) is method
    assert all(BY_SLUG[t.slug] is t for t in method.theorems)
    assert method.theorems or method.prunes is PrunedOperand.none


@every
def test_the_evidence_for_a_verdict_stands(method: Work) -> None:
    assert method.evidence and all(one.stands for one in method.evidence)
    assert len({one.says for one in method.evidence}) == len(method.evidence)


def test_a_verdict_follows_from_its_evidence() -> None:
    method = find("wanda")
    assert method.verdict is OrderVerdict.depends
    only = {kind: tuple(g for g in method.evidence if isinstance(g, kind)) for kind in (Fails, Holds)}
    assert replace(method, evidence=only[Fails]).verdict is OrderVerdict.fails
    assert replace(method, evidence=only[Holds]).verdict is OrderVerdict.holds


def test_evidence_that_is_wrong_does_not_stand() -> None:
    dominates = theorem("prune_first_dominates")
    kept, broken = Case.of([7, 2.5, 1, 1], int_(4), nm(2, 4)), Case.of([3, -1], parse("bcq(2)"), nm(1, 2))  # type: ignore[arg-type]
    assert Holds("", dominates, kept).stands and not Fails("", dominates, kept).stands
    assert Fails("", dominates, broken).stands and not Holds("", dominates, broken).stands


def test_an_unknown_method_is_answered_with_the_closest() -> None:
    with pytest.raises(ValueError, match="did you mean wanda"):
        find("wandaa")
    with pytest.raises(ValueError, match="did you mean gptq"):
        find("GPTQ")
    with pytest.raises(ValueError, match=r"known are .*wanda"):
        find("zzz")


def test_wanda_builds_what_its_spelling_reads(statistics: Statistics) -> None:
    spelled = Calibrated(Spelled("nm(2, 4, score=wanda)", "int4"), statistics)
    built = find("wanda").assigned(Spelled("2:4", "int4"), statistics)
    assert built.of("w") == spelled.of("w") == Pair(nm(2, 4, score=wanda(NORMS[None, :])), int_(4))
    assert spelled.words == ("nm(2, 4, score=wanda)", "int(4)") and built.words == ("nm(2, 4) by wanda", "int(4)")
    assert not built.uniform and not spelled.uniform and built.pattern == (nm(2, 4), int_(4))
    for assignment in (built, spelled):
        with pytest.raises(CheckpointError, match="no statistics of the inputs of tensor 'other'"):
            assignment.of("other")


def test_wanda_keeps_the_budget_of_any_mask_and_draws_as_the_mask_does(statistics: Statistics) -> None:
    half = find("wanda").assigned(Spelled("top(0.5, per=row, ties=random(rng))", "int4", 3), statistics)
    s = half.of("w").s
    scores = np.abs(W) * NORMS
    kept = scores >= np.sort(scores, axis=1)[:, [4]]
    np.testing.assert_array_equal(s.mask(W), kept)
    assert half.seeds == ((3,),)


def lost(x: Array, norms: Array, scales: Array | None, p: float) -> Array:
    """What Q→S loses more than S→Q, row by row, in the norm weighted by the inputs: from the definitions alone."""
    s = nm(2, 4, score=wanda(np.diag(norms)))
    q = int_(4) if scales is None else int_(4, block=1, scaling=Frozen(FixedArray(np.tile(scales, (len(x), 1)))))
    first, second = (np.linalg.norm(norms * (x - y), p, axis=1) for y in (q(s(x)), s(q(x))))
    return np.asarray(second - first)


@pytest.mark.parametrize("p", [1.0, 2.0, np.inf])
def test_scales_that_are_the_smaller_the_larger_the_input_make_pruning_first_right(p: float) -> None:
    """Norms that differ in a group: S→Q loses on some rows at one scale, on none at scales c/‖X_j‖₂."""
    x = np.random.default_rng(1).standard_normal((4000, 8))
    x[:, ::4] *= 3
    assert p == np.inf or lost(x, NORMS, None, p).min() < -0.01
    assert lost(x, NORMS, 0.5 / NORMS, p).min() > -1e-12 and lost(x, NORMS, 0.5 / NORMS, p).max() > 0.01
    q, s = int_(4, block=1, scaling=Frozen(FixedArray(0.5 / NORMS[None, :]))), nm(2, 4, score=wanda(np.diag(NORMS)))
    for row in x[:20]:
        check = theorem("weighted_dominates").check(Case.of(row, q, s, p))
        assert check.admissible.all() and not check.violated.any()


def test_where_every_input_is_zero_the_weighted_errors_are() -> None:
    case = Case.of(W, int_(4, block=4), nm(2, 4, score=wanda(np.zeros((1, 8)))))
    assert (theorem("weighted_dominates").check(case).excess <= 0).all()
    assert not any(value.any() for value in theorem("weighted_dominates").values(case).values())


@pytest.mark.parametrize(
    ("s", "q", "closed"),
    [
        (nm(2, 4, score=wanda(np.ones((1, 8)))), int_(4), True),
        (nm(2, 4, score=wanda(NORMS[None, :])), int_(4), False),
        (
            nm(2, 4, score=wanda(NORMS[None, :])),
            int_(4, block=1, scaling=Frozen(FixedArray((1 / NORMS)[None, :]))),
            True,
        ),
        (nm(2, 4, score=wanda(np.ones((1, 8)))), int_(4, block=2), False),
        (top(0.5, score=wanda(np.ones((1, 8)))), int_(4, block=4), False),
        (nm(2, 4, score=parse("nm(1, 2, score=gain(int4, 2))").score), int_(4), False),  # type: ignore[attr-defined]
    ],
)
def test_whether_steps_weigh_the_same_is_ruled_before_a_tensor_is_seen(s: object, q: object, closed: bool) -> None:
    rule = next(a for a in theorem("weighted_dominates").given if a.name == "one_weighted_scale_per_group")
    ruled = rule.ruling(s, q, 2.0, (1, 8))  # type: ignore[arg-type]
    assert ruled.closed == closed and ruled.why
    assert not closed or rule.holds(Case.of(W[:1], q, s)).all()  # type: ignore[arg-type]

"""The premises of prune_first_dominates: one name, one sentence, one ruling, on a tensor and in its rows alike."""

import numpy as np
import pytest

from sqtheory.alphabet.notation import parse_as
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.orders import channels
from sqtheory.orders.applied import both
from sqtheory.orders.assumptions import DOMINANCE, dominates
from sqtheory.orders.definition import openings_of
from sqtheory.orders.pair import Pair
from sqtheory.theory.case import Case
from sqtheory.theory.theorems import BY_SLUG

MASKS = ("2:4", "top(3)", "threshold(2)", "nm(2, 4, ties=by_original)", "top(0.5, score=wanda(w))", "top(1.0)")
FORMATS = ("int4", "int(3, block=6)", "bcq2", "hbfp(4, block=2)", "int(4, rounding=floor)", "nvfp4(block=4)")
THEOREM = BY_SLUG["prune_first_dominates"]


def pipelines() -> list[Pair]:
    w = {"w": np.diag([1.0, 3, 1, 2, 5, 1, 1, 2, 1, 1, 4, 1])}
    masks = [parse_as(Sparsifier, "mask", text, w if "w)" in text else None) for text in MASKS]
    return [Pair(s, parse_as(Quantizer, "format", text)) for s in masks for text in FORMATS]


def test_they_are_the_assumptions_of_the_theorem() -> None:
    assert [(a.name, a.statement) for a in DOMINANCE] == [(a.name, a.statement) for a in THEOREM.given]


@pytest.mark.parametrize("p", [0.5, 1.0, 2.0, np.inf])
def test_the_theorem_rules_as_they_do(p: float) -> None:
    seen = set()
    for pair in pipelines():
        known = pair.on((12,))
        ruled = [a.ruling(pair.s, pair.q, p, (12,)) for a in THEOREM.given]
        assert ruled == [a.ruling(known, p) for a in DOMINANCE]
        assert dominates(known, p) == all(r.closed for r in ruled)
        assert channels.explain(np.ones(12), pair.s, pair.q).prune_first_dominates == dominates(known, 1.0)
        seen.add(dominates(known, p))
    assert seen == ({True, False} if p >= 1 else {False})


def test_what_is_counted_on_a_tensor_is_what_holds_in_its_row() -> None:
    rng, seen = np.random.default_rng(3), set()
    for pair in pipelines():
        known = pair.on((1, 12))
        for _ in range(12):
            two = both(rng.integers(-30, 31, (1, 12)) / 4, pair.s, pair.q)
            counted = openings_of(two, pair.q)
            case = Case(two.x, pair.q, pair.s)
            for premise, assumption in zip(DOMINANCE, THEOREM.given, strict=True):
                [held] = assumption.holds(case)
                closed = premise.ruling(known, 1.0).closed
                assert held or not closed, f"{premise.name} is ruled, and fails: {case}"
                if premise.seen is not None:
                    assert premise.seen(counted) == held == premise.on_tensor(known, counted, 1.0), case
                    seen.add((premise.name, bool(held), closed))
                else:
                    assert premise.on_tensor(known, counted, 1.0) == closed
    assert seen >= {(name, held, held) for name in ("keeps_zero", "keeps_scale") for held in (True, False)}
    assert ("keeps_scale", True, False) in seen


def test_a_row_that_loses_a_premise_is_told_from_one_that_keeps_it() -> None:
    """Two rows under one pipeline: the scale moves in the first alone, and a group meets two scales there alone."""
    pair = Pair(parse_as(Sparsifier, "mask", "2:4"), parse_as(Quantizer, "format", "int(4, block=6)"))
    x = np.array([[0, 0, 0, 0, 14, 14, 7, 0, 3, 1, 0, 0], [7, 1, 2, 0, 7, 0, 7, 0, 0, 0, 0, 0.0]])
    held = {a.name: a.holds(Case(x, pair.q, pair.s)).tolist() for a in THEOREM.given}
    assert held["keeps_scale"] == [False, True] and held["one_scale_per_group"] == [False, True]
    assert held["keeps_zero"] == held["monotone"] == held["norm"] == [True, True]

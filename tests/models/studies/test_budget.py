"""One storage budget for all layers: costs and losses of the ways, the best way alike, and the shared allocation."""

from itertools import product

import numpy as np
import pytest

from sqtheory.alphabet.allocation.curves import Choice, allocated
from sqtheory.alphabet.notation import parse
from sqtheory.models.evaluation.evaluations import Evaluations
from sqtheory.models.studies.questions import Subject, budget
from sqtheory.models.studies.questions.budget import BUDGETS, WAYS, Way, shared_budget
from tests.models.architectures.small import model, samples

W = np.random.default_rng(5).standard_normal((8, 64)).astype(np.float32)


def test_a_way_costs_codes_scales_and_places_and_loses_what_it_changes() -> None:
    way = Way("0.5", "int4")
    s, q = parse("top(0.5, per=row)"), parse("int4")
    made = (s >> q)(W)
    np.testing.assert_array_equal(way.image(W), made)
    places = 8 * 61  # ⌈log₂ C(64, 32)⌉ = 61 bits a row
    assert way.choice(W) == Choice(8 * 32 * 4 + 8 * 32 + places, float(((W.astype(float) - made) ** 2).sum()))
    assert Way("1", "int4").choice(W).cost == 8 * 64 * 4 + 8 * 32 and str(way) == "50% int4"


def test_the_best_way_of_all_is_that_of_every_one_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "WAYS", WAYS[:3])
    curves = [[Choice(8, 1.0), Choice(4, 3.0), Choice(2, 5.0)], [Choice(8, 1.0), Choice(4, 1.5), Choice(2, 9.0)]]
    assert [budget._alike(curves, bits) for bits in (16, 12, 8, 7)] == [0, 1, 1, 2]
    for bits in (16, 14, 12, 10, 8, 6, 4):
        found = allocated(curves, bits)
        every = [c for c in product(*curves) if sum(one.cost for one in c) <= bits]
        least = min(sum(one.loss for one in c) for c in every)
        assert found.cost <= bits and found.bound - 1e-12 <= least <= found.loss


def test_a_budget_for_each_layer_saves_error_on_a_model() -> None:
    subject = Subject(Evaluations(model("vit-dense"), samples("vit-dense", 4)))
    answer = shared_budget(subject)
    assert [row[0] for row in answer.table.rows] == [str(bits) for bits in BUDGETS]
    for row in answer.table.rows:
        same, own, bound = (float(cell.rstrip("%")) for cell in (row[2], row[3], row[4]))
        assert bound <= own <= same and float(row[7]) - float(row[6]) == pytest.approx(-float(row[8]), abs=2e-5)
        assert row[1] in [str(way) for way in WAYS]


def test_a_budget_that_no_way_fits_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    subject = Subject(Evaluations(model("vit-dense"), samples("vit-dense", 2)))
    monkeypatch.setattr(budget, "BUDGETS", (1, 4))
    answer = shared_budget(subject)
    assert [row[0] for row in answer.table.rows] == ["4"] and "of 1 budgets" in answer.sentences[0]
    assert answer.sentences[1:] == ("None of the ways fits 1 bits per weight.",)
    monkeypatch.setattr(budget, "BUDGETS", (1,))
    with pytest.raises(ValueError, match=r"the cheapest way takes .* bits per weight, the largest budget is 1"):
        shared_budget(subject)

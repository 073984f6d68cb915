"""Instances that no domain of a theorem draws: other boxes, very unequal entries, more choices than are tried."""

import numpy as np
import pytest

from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import bcq, int_
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, top
from sqtheory.exceptions import Undefined
from sqtheory.theory.case import Case
from sqtheory.theory.theorems import best_support, binary_code_optimal, budget_price

EYE = np.eye(4).ravel()


@pytest.mark.parametrize("s", [top(0.5, per=Rows()), top(0.5), nm(4, 8)], ids=str)
def test_groups_wider_than_the_inputs_are_no_supports_of_the_inputs(s: Sparsifier) -> None:
    """Half of sixteen entries may be all of the first four: no two of every four do as well."""
    case = Case.of(EYE, int_(4), s, w=[7] * 4 + [1] * 12)
    assert not best_support.THEOREM.check(case).admissible.any()
    with pytest.raises(Undefined, match="does not keep a number of every m of 4 inputs"):
        best_support.BEST.of(case)


def test_the_best_one_bit_code_is_found_beside_an_entry_many_times_as_large() -> None:
    case = Case.of([10.866863255990895, -246116.30283135173], bcq(1), top(0.5, per=Rows()))
    assert not binary_code_optimal.THEOREM.check(case).violated.any()
    [best] = binary_code_optimal.BEST.of(case)
    assert best == pytest.approx(10.866863255990895**2, rel=1e-15)


def test_more_choices_of_all_tensors_than_are_tried_are_refused() -> None:
    few, many = (Case.of(np.ones(n), int_(4), w=np.ones(n)) for n in (24, 28))
    assert not budget_price.THEOREM.check(few).violated.any()
    with pytest.raises(Undefined, match="at most 4096 choices of all tensors are tried, 7 tensors have 16384"):
        budget_price.THEOREM.check(many)

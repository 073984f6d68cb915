"""The partial quicksort against a naive one on lists, and against what torch 2.13.0 selects on a CPU."""

import math
from itertools import product
from typing import ClassVar

import numpy as np
import pytest

from sqtheory.alphabet import introselect
from sqtheory.alphabet.introselect import first_of
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.alphabet.ties import Introselect, Selected
from tests.nightly import thin
from tests.twins import introselect as twin

KEEP, PRUNE = Introselect(Selected.keep), Introselect(Selected.prune)


def assert_first(rows: np.ndarray, k: int) -> None:
    found = [np.flatnonzero(kept).tolist() for kept in first_of(rows, k)]
    assert found == [sorted(twin.first(row, k)) for row in rows.tolist()]


@pytest.mark.parametrize("m", range(2, 7))
def test_every_row_of_four_values(m: int) -> None:
    rows = np.array(list(product(range(4), repeat=m)), np.float32)[:: 1 if m < 6 else 7]
    for k in range(1, m):
        assert_first(rows, k)


@thin(2)
@pytest.mark.parametrize("m", [7, 8, 16, 33, 64, 128, 200, 500])
@pytest.mark.parametrize("levels", [1, 2, 5, 100])
def test_longer_rows_with_many_ties(m: int, levels: int) -> None:
    rng = np.random.default_rng(m + levels)
    rows = rng.integers(0, levels, (12, m)).astype(np.float64)
    for k in {1, 2, m // 65 + 1, m // 3, m // 2, m - 1}:
        assert_first(rows, k)
        assert_first(np.sort(rows, axis=1), k)


class Gas:
    """A number that is made up when it is compared, as high as what was compared before allows (McIlroy 1999)."""

    solid: ClassVar[int] = 0
    candidate: ClassVar["Gas | None"] = None

    def __init__(self) -> None:
        self.value = math.inf

    def __lt__(self, other: "Gas") -> bool:
        if self.value == other.value == math.inf:
            frozen = self if self is Gas.candidate else other
            frozen.value, Gas.solid = float(Gas.solid), Gas.solid + 1
        if self.value == math.inf:
            Gas.candidate = self
        elif other.value == math.inf:
            Gas.candidate = other
        return self.value < other.value


def killer(m: int) -> list[float]:
    """A row of which every median is nearly the least entry that is left."""
    Gas.solid, gas = 0, [Gas() for _ in range(m)]
    twin.first(gas, m - 3)
    return [g.value if g.value < math.inf else float(m) for g in gas]


@pytest.mark.parametrize("m", [128, 400])
def test_what_hardly_shrinks_goes_to_a_heap(m: int, monkeypatch: pytest.MonkeyPatch) -> None:
    heaps = list[int]()
    by_heap = introselect._by_heap
    monkeypatch.setattr(introselect, "_by_heap", lambda row, k: heaps.append(k) or by_heap(row, k))
    row = killer(m)
    for values in (row, [v // 2 for v in row], [min(v, m // 2) for v in row]):
        for k in (m // 3, m // 2, m - 3):
            assert_first(np.array([values]), k)
    assert heaps


@pytest.mark.parametrize(
    ("m", "k", "kept"),
    [
        *((4, 1, {2}), (4, 2, {2, 3}), (4, 3, {0, 2, 3}), (8, 2, {5, 6}), (16, 4, {*range(9, 13)})),
        *((64, 32, {*range(32, 64)}), (4096, 64, {*range(64)}), (4096, 65, {*range(2689, 2753), 2794})),
    ],
)
def test_of_equal_entries_those_of_torch_are_kept(m: int, k: int, kept: set[int]) -> None:
    """``torch.topk(torch.ones(m), k)`` of torch 2.13.0 on a CPU."""
    mask = top(k, ties=KEEP).mask(np.ones(m))
    assert {*np.flatnonzero(mask).tolist()} == kept
    if 2 * k == m:
        assert np.array_equal(top(k, ties=PRUNE).mask(np.ones(m)), ~mask)


def test_the_rows_that_torch_was_asked_about() -> None:
    """topk(|x|, 2, largest=True) as a mask, and the rest of topk(|x|, 2, largest=False)."""
    x = np.array([[0, 1, 1, 1], [1, 0, 0, 0], [1, 1, 1, 1], [3, 2, 2, 1]])
    assert [np.flatnonzero(row).tolist() for row in nm(2, 4, ties=KEEP).mask(x)] == [[2, 3], [0, 2], [2, 3], [0, 1]]
    assert [np.flatnonzero(row).tolist() for row in nm(2, 4, ties=PRUNE).mask(x)] == [[1, 3], [0, 1], [0, 1], [0, 1]]

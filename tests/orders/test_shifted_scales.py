"""A scale that looks at signs moves where the mask takes every negative entry of a block: counted as defined."""

import numpy as np
import pytest

from sqtheory.alphabet.kernels import engine
from sqtheory.alphabet.kernels.engine import compiled
from sqtheory.alphabet.partition import Partition, Rows, Whole
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.scaling import HalfRange
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, top
from sqtheory.alphabet.ties import TIES, by_original, high_index
from sqtheory.arrays import Array
from sqtheory.orders import cut_search, cut_tiles, cuts, definition, fused, shifted_scales
from sqtheory.orders.applied import both
from sqtheory.orders.counts import Counts
from sqtheory.orders.pair import Pair

MASKS = (nm(2, 4), nm(1, 4, ties=high_index), nm(4, 8, ties=by_original))
Q = int_(4, block=8, scaling=HalfRange())


def skewed(seed: int, dtype: type) -> Array:
    """Mostly positive numbers; the negative ones are small, some of them as large as what they compete with."""
    rng = np.random.default_rng(seed)
    x = np.abs(rng.standard_normal((64, 64))) + 0.25
    x[rng.random(x.shape) < 0.1] = -0.125
    x[rng.random(x.shape) < 0.1] = 0.125
    return x.astype(dtype)


def counted(x: Array, s: Sparsifier, name: str) -> Counts:
    with engine(name):
        compiled()
        found = fused.counts_of(x, Pair(s, Q), 2.0)
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["numpy", "numba"])
@pytest.mark.parametrize("s", MASKS, ids=str)
def test_scales_that_the_mask_moves(s: Sparsifier, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused, "LEAST", 1)
    for seed in range(4):
        x = skewed(seed, np.float32)
        found = counted(x, s, name)
        assert found == definition.counts_of(both(x, s, Q), Q, 2.0)
        assert found.openings.moved > 0 and found.sums.errors.sq != found.sums.errors.sq_dense


@pytest.mark.parametrize("name", ["numpy", "numba"])
@pytest.mark.parametrize("per", [Whole(), Rows()], ids=str)
def test_scales_that_a_mask_of_long_groups_moves(per: Partition, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some negative entries tie at the cut, of which some stay; some blocks go altogether."""
    monkeypatch.setattr(fused, "LEAST", 1)
    for module in (cuts, cut_search, cut_tiles):
        monkeypatch.setattr(module, "TILE", 640)
    for seed, rule in enumerate((by_original, high_index, *TIES.values())):
        if not (rule.foreseen and rule.ordered):
            continue
        x = skewed(seed, np.float64 if seed % 3 == 0 else np.float32)
        x[7:9] = -0.125
        s = top((0.5, 0.85, 0.95)[seed % 3], per=per, ties=rule)
        found = counted(x, s, name)
        assert found == definition.counts_of(both(x, s, Q), Q, 2.0)
        assert found.openings.moved > 0


def test_numbers_of_double_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused, "LEAST", 1)
    x = skewed(9, np.float64)
    assert counted(x, nm(2, 4), "numpy") == definition.counts_of(both(x, nm(2, 4), Q), Q, 2.0)


def test_a_scale_left_where_it_was_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused, "LEAST", 1)
    monkeypatch.setattr(shifted_scales, "_suspects", lambda *rest: np.empty(0, np.intp))
    x = skewed(0, np.float32)
    assert counted(x, nm(2, 4), "numpy") != definition.counts_of(both(x, nm(2, 4), Q), Q, 2.0)

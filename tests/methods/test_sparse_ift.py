"""Sparse-IFT: equal work as identities of symbols, ranks of drawn layers, bits against counting them."""

import numpy as np
import pytest
import sympy as sp

from sqtheory.methods.sparse_ift import Transformation, iso_bit_width

N, M, S = sp.symbols("n m s", positive=True)


@pytest.mark.parametrize("family", Transformation)
def test_every_family_multiplies_as_often_as_the_dense_layer(family: Transformation) -> None:
    s = 1 - 1 / (1 + S)  # any sparsity in (0, 1)
    inner = sp.nsimplify(family.inner(N, M, s))
    assert sp.simplify(sp.nsimplify(family.macs(N, M, s, inner)) - N * M) == 0
    assert family.macs(6, 4, 0.5, 1.01 * family.inner(6, 4, 0.5)) > 24, "more of it is more work"


def test_ranks_of_drawn_layers_reach_their_bounds_and_two_thin_factors_no_more() -> None:
    rng = np.random.default_rng(0)
    n, m, s = 8, 8, 0.5
    width = int(Transformation.factorized.inner(n, m, 0.0))
    thin = rng.standard_normal((m, width)) @ rng.standard_normal((width, n))
    assert np.linalg.matrix_rank(thin) == Transformation.factorized.rank(n, m, width) == 4
    inner = int(Transformation.doped.inner(n, m, s))
    doped = rng.standard_normal((m, inner)) @ rng.standard_normal((inner, n)) + np.diag(rng.standard_normal(n))
    assert np.linalg.matrix_rank(doped) == Transformation.doped.rank(n, m, inner) == 8
    assert Transformation.wide.rank(n, m, Transformation.wide.inner(n, m, 0.75)) == 16
    assert Transformation.parallel.rank(n, m, 2) == 8


@pytest.mark.parametrize(("s", "bits", "dense", "index"), [(0.5, 4, 4, 0), (0.75, 4, 16, 1), (0.5, 8, 4, 1)])
def test_a_layer_of_equal_bits_is_counted_so(s: float, bits: float, dense: float, index: float) -> None:
    k, side = iso_bit_width(s, bits, dense, index), 960
    places = (k * side) ** 2
    assert places * (1 - s) * bits + places * index == pytest.approx(side**2 * dense, rel=1e-12)


def test_without_places_at_equal_bits_of_codes_it_is_the_width_of_equal_work() -> None:
    assert iso_bit_width(0.75, 4, 4) == Transformation.wide.inner(1, 1, 0.75) == 2
    with pytest.raises(ValueError, match="takes no bits, whatever its width"):
        iso_bit_width(1.0, 4, 4)

import numpy as np
import pytest
from scipy import stats

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_, mxfp
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.theory.expectations import Normal, ScipyDensity, expected_pruned_square, expected_sparse_square


@pytest.mark.parametrize(("n", "m"), [(2, 4), (1, 4), (4, 8)])
@pytest.mark.parametrize("q", [int_(3), hbfp(4), mxfp(E2M1)])
def test_what_is_lost_by_a_mask_and_by_both_is_that_of_samples(n: int, m: int, q: Quantizer) -> None:
    s = nm(n, m)
    x = 0.7 * np.random.default_rng(n).standard_normal((4000, 64))
    [size] = q.partition.sides((64,))
    for exact, image in (
        (expected_pruned_square(Normal(0.7), n, m), s(x)),
        (expected_sparse_square(Normal(0.7), q, n, m, size), (s >> q)(x)),
    ):
        rows = np.mean((x - image) ** 2, axis=1)
        assert abs(exact - rows.mean()) < 4 * rows.std() / np.sqrt(len(rows)), (n, m, q)


def test_expectations_of_a_mask_refuse_what_they_are_not_for() -> None:
    with pytest.raises(ValueError, match="0 < n < m"):
        expected_pruned_square(Normal(), 4, 4)
    with pytest.raises(ValueError, match="infinite"):
        expected_pruned_square(ScipyDensity(stats.t(2)), 2, 4)
    with pytest.raises(ValueError, match="fill the block"):
        expected_sparse_square(Normal(), int_(4, block=6), 2, 4, 6)

import numpy as np
import pytest
from scipy import stats

from sqtheory.theory.expectations import Normal, ScipyDensity


@pytest.mark.parametrize("deviation", [1.0, 0.3])
def test_the_normal_law_is_that_of_scipy_to_the_last_bit(deviation: float) -> None:
    own, scipys = Normal(deviation), ScipyDensity(stats.norm(scale=deviation))
    u = np.append(np.random.default_rng(0).random(1000), [0, 0.5, 1, 1e-300])
    for name, at in (("cdf", 5 * u), ("pdf", 5 * u), ("quantile", u), ("upper_quantile", u)):
        assert np.array_equal(getattr(own, name)(at), getattr(scipys, name)(at)), name
    assert own.second_moment == pytest.approx(scipys.second_moment)
    with pytest.raises(ValueError, match="positive deviation"):
        Normal(0)

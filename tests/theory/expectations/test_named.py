"""Named laws have the tails they say, and draws of them are draws."""

import numpy as np
import pytest
from scipy import stats

from sqtheory.theory.expectations import Density, Normal
from sqtheory.theory.expectations.named import drawn, laplace, student


@pytest.mark.parametrize(
    ("law", "reference"),
    [(Normal(), stats.norm()), (laplace(), stats.laplace()), (student(5), stats.t(5)), (student(3), stats.t(3))],
    ids=["normal", "Laplace", "t(5)", "t(3)"],
)
def test_draws_are_of_the_law(law: Density, reference: object) -> None:
    """The largest distance of both distribution functions stays below the bound of Dvoretzky, Kiefer and Wolfowitz."""
    x = np.sort(drawn(law, (200, 200), np.random.default_rng(0)).ravel())
    cdf = reference.cdf(x)  # type: ignore[attr-defined]
    steps = np.arange(x.size + 1) / x.size
    distance = max(np.abs(cdf - steps[1:]).max(), np.abs(cdf - steps[:-1]).max())
    assert distance < np.sqrt(np.log(2 / 1e-6) / (2 * x.size))


def test_draws_are_those_of_the_generator() -> None:
    one, two = (drawn(student(3), (3, 4), np.random.default_rng(7)) for _ in range(2))
    assert (one == two).all() and (one < 0).any() and (one > 0).any()
    with pytest.raises(TypeError, match="Generator"):
        drawn(Normal(), (2,), 0)  # type: ignore[arg-type]

"""Channel-wise distillation against scipy's relative entropy, multi-information against entropies."""

import numpy as np
import pytest
from scipy.special import log_softmax, rel_entr, softmax
from scipy.stats import entropy

from sqtheory.methods.cwd import distance
from sqtheory.methods.sparsejepa import Joint, mapped, multi_information

RNG = np.random.default_rng(3)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_distillation_is_the_relative_entropy_of_the_places(temperature: float) -> None:
    t, s = RNG.standard_normal((3, 8)), RNG.standard_normal((3, 8))
    p, q = softmax(t / temperature, axis=1), np.exp(log_softmax(s / temperature, axis=1))
    assert distance(t, s, temperature) == pytest.approx(temperature**2 * rel_entr(p, q).sum() / 3, rel=1e-12)
    assert distance(t, t + RNG.standard_normal((3, 1)), temperature) == pytest.approx(0, abs=1e-14)


def test_distillation_needs_a_temperature() -> None:
    with pytest.raises(ValueError, match="a temperature is positive: got 0"):
        distance(np.zeros((1, 2)), np.zeros((1, 2)), 0)


def test_multi_information_is_the_entropies_less_the_joint_one_and_no_map_of_one_variable_raises_it() -> None:
    for _ in range(50):
        shares = RNG.dirichlet(np.full(16, 0.4)).reshape(4, 4)
        joint: Joint = {(a, b): float(shares[a, b]) for a in range(4) for b in range(4)}
        wanted = entropy(shares.sum(1), base=2) + entropy(shares.sum(0), base=2) - entropy(shares.ravel(), base=2)
        assert multi_information(joint) == pytest.approx(wanted, abs=1e-12)
        f, g = RNG.integers(0, 4, 4).tolist(), RNG.integers(0, 4, 4).tolist()
        image = mapped(joint, lambda a, b, f=f, g=g: (f[a], g[b]))
        assert sum(image.values()) == pytest.approx(1)
        assert multi_information(image) <= multi_information(joint) + 1e-12

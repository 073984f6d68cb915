"""Tokens that skip, drift and are chosen for: runs of the recurrence, all subsets."""

from itertools import combinations

import numpy as np
import pytest

from sqtheory.methods.ftp import skip_bound
from sqtheory.methods.sirius import drift, from_prompt, regret

RNG = np.random.default_rng(6)


def test_a_skipped_block_moves_the_output_no_further_than_its_bound() -> None:
    for _ in range(50):
        maps = [RNG.standard_normal((3, 3)) for _ in range(4)]
        sizes = [float(np.linalg.svd(m, compute_uv=False)[0]) for m in maps]
        skipped, x = int(RNG.integers(4)), RNG.standard_normal(3)
        states = {"whole": x, "short": x}
        for i, m in enumerate(maps):
            if i == skipped:
                branch = float(np.linalg.norm(np.maximum(m @ states["whole"], 0)))
            states = {
                name: v if name == "short" and i == skipped else v + np.maximum(m @ v, 0) for name, v in states.items()
            }
        moved = np.linalg.norm(states["whole"] - states["short"])
        assert moved <= skip_bound(branch, sizes[skipped + 1 :]) * (1 + 1e-12)


def test_regret_is_the_gap_to_the_best_subset() -> None:
    for _ in range(50):
        a = RNG.standard_normal((3, 6))
        chosen = from_prompt(a, 2)
        shares = (a**2 / (a**2).sum(axis=1, keepdims=True)).sum(axis=0)
        assert chosen == max(combinations(range(6), 2), key=lambda some: shares[list(some)].sum())
        best = max(float((a[0, list(some)] ** 2).sum()) for some in combinations(range(6), 2))
        assert regret(a[0], chosen) == pytest.approx(best - float((a[0, list(chosen)] ** 2).sum()), abs=1e-12)
        assert regret(a[0], chosen) >= -1e-12
    with pytest.raises(ValueError, match="a token that is 0 has no shares"):
        from_prompt(np.zeros((1, 3)), 1)


@pytest.mark.parametrize(("rate", "floor"), [(1.0, 0.0), (0.5, 0.0), (0.9, 0.25)])
def test_drift_is_the_sum_since_the_last_correction(rate: float, floor: float) -> None:
    made = drift(rate, 0.125, 5, 23, floor)
    for t, e in enumerate(made):
        since = t % 5 + 1
        assert e == pytest.approx(rate**since * floor + 0.125 * sum(rate**i for i in range(since)), rel=1e-14)

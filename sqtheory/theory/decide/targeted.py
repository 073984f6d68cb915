"""Property-based search: Hypothesis draws tensors and is steered toward the largest excess."""

import random

import numpy as np

from sqtheory.theory.decide.answers import Refutation
from sqtheory.theory.decide.constructions import FINEST
from sqtheory.theory.decide.searching import Search


class _Found(Exception):
    """A violation: ends the search."""


def target(search: Search, notes: list[str]) -> Refutation | None:
    """Let Hypothesis look, if it is installed: half of the entries near the magnitudes of the grid, half free."""
    if search.spent or not search.effort.examples:
        return None
    try:
        from hypothesis import HealthCheck, Phase, Verbosity, given, settings
        from hypothesis import seed as seeded
        from hypothesis import strategies as st
        from hypothesis import target as steer
    except ImportError:
        notes.append("a further search is there with pip install 'sqtheory[test]'")
        return None
    ground = search.ground
    top = float(ground.tops.max())
    pool = np.unique(np.rint(np.concatenate([ground.levels, ground.cuts, ground.tops]) * FINEST) / FINEST)
    near = st.sampled_from([float(v) for v in (*pool, *-pool)])
    free = st.integers(-int(16 * top), int(16 * top)).map(lambda k: k / 16)
    found: list[Refutation] = []

    @seeded(int(search.rng.integers(2**32)))
    @settings(
        max_examples=search.effort.examples,
        database=None,
        deadline=None,
        derandomize=False,
        verbosity=Verbosity.quiet,
        phases=(Phase.generate, Phase.target),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(near | free, min_size=search.size, max_size=search.size))
    def look(entries: list[float]) -> None:
        if search.spent:
            return
        before = search.best
        refuted = search.attempt(np.array([entries]), "targeted search")
        if refuted is not None:
            found.append(refuted)
            raise _Found
        if search.best is not None and before is not None:
            steer(search.last)

    state = random.getstate()
    try:
        look()
    except _Found:
        return found[0]
    finally:
        random.setstate(state)
    return None

"""Cases of a theorem's domain."""

from typing import TypeVar

import numpy as np
from hypothesis import strategies as st

from sqtheory.arrays import Array
from sqtheory.strategies.tensors import Kind, tensors
from sqtheory.theory.case import Case
from sqtheory.theory.domain import Arrays, Domain, OneOf

Choice = TypeVar("Choice")
KINDS = tuple(kind for kind in Kind if kind not in (Kind.wide, Kind.mixed, Kind.subnormal))
"""Magnitudes of many orders in one row show the rounding of float64, which theorems do not speak of: rows mix these
kinds, or are subnormal throughout."""
INDEPENDENT_ROWS = 20_000
"""Rows of a sample that a statement about expectations is tried on."""


def cases(domain: Domain, *, rows: int = 2) -> st.SearchStrategy[Case]:
    """(x, s, q, p) and w of a domain: entries drawn one by one, or whole samples where rows must be independent."""
    return st.builds(
        Case,
        _arrays(domain.x, rows),
        _choice(domain.q),
        _choice(domain.s),
        _choice(domain.p),
        st.none() if domain.w is None else _arrays(domain.w, rows),
    )


def _choice(choice: OneOf[Choice]) -> st.SearchStrategy[Choice]:
    return st.sampled_from(choice.values)


def _arrays(arrays: Arrays, rows: int) -> st.SearchStrategy[Array]:
    if arrays.independent:
        seeds = st.integers(0, 2**32 - 1).map(np.random.default_rng)
        return seeds.map(lambda rng: arrays.sample(rng, INDEPENDENT_ROWS))
    shape = (rows, arrays.last_axis)
    usual = tensors(shape, dtype=np.float64, kinds=KINDS)
    tiny = tensors(shape, dtype=np.float64, block=arrays.last_axis, kinds=(Kind.zero, Kind.subnormal))
    return usual | tiny if arrays.subnormal else usual

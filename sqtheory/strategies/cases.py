"""Cases of a theorem's domain."""

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import TypeVar

import numpy as np
from hypothesis import strategies as st
from numpy.random import Generator

from sqtheory.alphabet.partition import Shape
from sqtheory.arrays import Array
from sqtheory.strategies.tensors import Kind, tensors
from sqtheory.theory import samples
from sqtheory.theory.case import Case
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.samples import Sampler

Choice = TypeVar("Choice")
DRAWN: Mapping[Sampler, tuple[Kind, ...]] = {
    samples.normal: (Kind.dyadic, Kind.repeated, Kind.near_power),
    samples.ties: (Kind.tie,),
    samples.powers: (Kind.power,),
    samples.below_powers: (Kind.near_power,),
    samples.zeros: (Kind.zero,),
    samples.one_signed: (Kind.one_signed,),
    samples.heavy: (Kind.heavy,),
    samples.negative_zeros: (Kind.signed_zero,),
    samples.subnormal: (Kind.zero, Kind.subnormal),
    samples.wide: (Kind.wide,),
}
"""What is drawn entry by entry, and so shrinks, for each kind of numbers of a domain; others are drawn whole."""
APART = (samples.subnormal, samples.wide)
"""Beside other magnitudes in a row they show the rounding of float64, which theorems do not speak of."""
INDEPENDENT_ROWS = 20_000
"""Rows of a sample that a statement about expectations is tried on."""


@lru_cache
def cases(domain: Domain, *, rows: int = 2) -> st.SearchStrategy[Case]:
    """(x, s, q, p), w, accumulator and rest of a chain of a domain, entry by entry, or independent rows whole."""
    return st.builds(
        domain.case,
        _arrays(domain.x, rows),
        _choice(domain.q),
        _choice(domain.s),
        _choice(domain.p),
        st.none() if domain.w is None else _arrays(domain.w, rows),
        st.none() if domain.accumulators is None else _choice(domain.accumulators),
        st.just(()) if domain.then is None else _choice(domain.then),
    )


def _choice(choice: OneOf[Choice]) -> st.SearchStrategy[Choice]:
    return st.sampled_from(choice.values)


def _arrays(arrays: Arrays, rows: int) -> st.SearchStrategy[Array]:
    seeds = st.integers(0, 2**32 - 1).map(np.random.default_rng)
    if arrays.independent:
        return seeds.map(lambda rng: arrays.sample(rng, INDEPENDENT_ROWS))
    shape = (rows, arrays.last_axis)
    kinds = [kind for kind in dict.fromkeys(arrays.kinds) if arrays.subnormal or kind is not samples.subnormal]
    mixed = [own for kind in kinds if kind in DRAWN and kind not in APART for own in DRAWN[kind]]
    apart = [DRAWN[kind] for kind in kinds if kind in APART]
    whole = [kind for kind in kinds if kind not in DRAWN]
    return st.one_of(
        *([tensors(shape, dtype=np.float64, kinds=mixed)] if mixed else []),
        *(tensors(shape, dtype=np.float64, block=arrays.last_axis, kinds=own) for own in apart),
        *(seeds.map(partial(_whole, kind, shape)) for kind in whole),
    )


def _whole(kind: Sampler, shape: Shape, rng: Generator) -> Array:
    return kind(rng, shape, np.float64)

"""Hypothesis strategies over every operator that can be written, and the arrays their spellings name."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st

from sqtheory.alphabet import scaling, scores, ties
from sqtheory.alphabet.affine import Added, Offset, affine
from sqtheory.alphabet.budgets import Count
from sqtheory.alphabet.casts import DeviceCast, Overflow
from sqtheory.alphabet.formats import E2M3, E4M3, FloatFormat
from sqtheory.alphabet.held_scores import HeldPower, Precision
from sqtheory.alphabet.named_scores import signed
from sqtheory.alphabet.operators import IDENTITY, Chain
from sqtheory.alphabet.partition import Blocks, Channels, Columns, Heads, Partition, Rows, Tail, Tiles, Whole
from sqtheory.alphabet.quantized import NanRule
from sqtheory.alphabet.quantizers import Quantizer, bcq, cast, hbfp, int_, mxfp, mxint, nf4, nvfp4, scaled
from sqtheory.alphabet.rounding import ROUNDINGS
from sqtheory.alphabet.scaling import Misfit, Range
from sqtheory.alphabet.sparsifiers import (
    Sparsifier,
    TileRule,
    blockwise,
    fixed,
    nm,
    patterns,
    sap,
    threshold,
    top,
    transposable,
    two_way,
)
from sqtheory.arrays import FixedArray
from sqtheory.strategies import formats, quantizers

RNG = np.random.default_rng(0)
ARRAYS = {
    "w": RNG.normal(size=(3, 4)),
    "x": RNG.normal(size=(5, 4)).astype(np.float32),
    "mask": np.eye(3, 4, dtype=bool),
    "scale": np.array([[0.5], [0.0], [2.0]]),
    "codes": np.arange(12).reshape(3, 4),
}
OWN = FloatFormat("own", 3, 1, 2)
BINDINGS: dict[str, Any] = {**ARRAYS, "own": OWN, "rng": np.random.default_rng(1)}

sizes = st.integers(1, 200)
axes = st.integers(-3, 3)
positive = st.floats(1e-12, 1e12) | st.integers(1, 9).map(float)
norms = positive | st.just(float("inf"))
spelled = formats(spelled=True) | st.just(OWN)
partitions: st.SearchStrategy[Partition] = st.one_of(
    st.builds(Blocks, sizes, axes),
    st.builds(Channels, axes),
    st.builds(Heads, sizes, axes),
    st.builds(Tiles, sizes, sizes),
    st.sampled_from([Rows(), Columns(), Whole()]),
)
bound_scales = st.sampled_from([scaling.Frozen(FixedArray(ARRAYS["scale"])), scaling.TwoLevel(OWN)])
own_scalings = quantizers(elements=spelled).map(lambda q: q.scaling).filter(lambda rule: rule.second_format is None)
spelled_scalings = bound_scales | own_scalings
"""Scale rules that go with formats of any bits."""
shares = st.floats(1e-9, 1.0) | st.fractions(0, 1).filter(bool) | st.integers(1, 999).map(lambda k: Fraction(k, 1000))
tie_rules = st.one_of(
    st.sampled_from([*ties.TIES.values(), *map(ties.Introselect, ties.Selected)]), st.builds(ties.Adversarial, norms)
)
tails = st.sampled_from([Tail.short, Tail.error])
score_rules = st.deferred(
    lambda: st.one_of(
        st.sampled_from([scores.magnitude, signed]),
        st.builds(HeldPower, positive, st.sampled_from(Precision)),
        st.builds(scores.Gain, quantizer_strategy | chains, norms),
        st.sampled_from([scores.wanda(ARRAYS["x"]), scores.wina(ARRAYS["w"]), scores.given(ARRAYS["codes"])]),
        st.builds(scores.partnered, st.just(ARRAYS["x"]), st.floats(0.125, 8), st.floats(0, 8)),
    )
)


@st.composite
def quantizer(draw: st.DrawFn) -> Quantizer:
    """Any quantizer of a spelled format, on any partition, now and then under scales that only these tests bind."""
    q = draw(quantizers(saturate=False, elements=spelled))
    rule = draw(st.just(q.scaling) | bound_scales)
    return replace(q, scaling=rule, partition=draw(partitions), tail=draw(tails))


affine_options: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries(
        {"offset": st.just(Offset.integer)},
        optional={"added": st.sampled_from(Added), "zero_rounding": st.sampled_from(list(ROUNDINGS.values()))},
    ),
    st.fixed_dictionaries(
        {"offset": st.sampled_from([Offset.float, Offset.midpoint, Offset.edge])},
        optional={"stored": st.sampled_from([E4M3, OWN]), "reciprocal": st.booleans(), "range": st.sampled_from(Range)},
    ),
    st.fixed_dictionaries({"offset": st.just(Offset.edge)}, optional={"least": positive}),
    st.fixed_dictionaries(
        {"offset": st.just(Offset.fitted), "misfit": st.sampled_from(Misfit)},
        optional={"below": st.integers(0, 10), "scale_bits": st.integers(1, 16), "count": st.integers(2, 99)},
    ),
    st.fixed_dictionaries(
        {"offset": st.just(Offset.real)}, optional={"rounded": st.booleans(), "most": positive, "narrow": positive}
    ),
)


@st.composite
def named_quantizer(draw: st.DrawFn) -> Quantizer:
    """Every constructor with a few of its options."""
    options: dict[str, Any] = {}
    for name, values in (
        ("block", sizes),
        ("rounding", st.sampled_from(list(ROUNDINGS.values()))),
        ("nan", st.sampled_from(NanRule)),
        ("tail", tails),
        ("scaling", spelled_scalings),
    ):
        if draw(st.booleans()):
            options[name] = draw(values)
    k = draw(st.integers(2, 8))
    make = draw(
        st.sampled_from(
            [
                lambda: int_(k, **options),
                lambda: hbfp(k, compat=1e-8, **options),
                lambda: hbfp(k, **options),
                lambda: mxfp(E2M3, **options),
                lambda: mxint(k, **options),
                lambda: nvfp4(**options),
                lambda: nf4(**options),
                lambda: bcq(k, **options),
                lambda: bcq(min(k, 7), zero=True, **options),
                lambda: cast(E4M3, **options),
                lambda: scaled(OWN, **options),
                lambda: affine(k, **draw(affine_options), **{n: v for n, v in options.items() if n != "scaling"}),
            ]
        )
    )
    return make()


quantizer_strategy = quantizer() | named_quantizer()


@st.composite
def sparsifier(draw: st.DrawFn) -> Sparsifier:
    rule, order, tail, rest = draw(score_rules), draw(tie_rules), draw(tails), draw(st.sampled_from(Tail))
    m = draw(sizes)
    per, share = draw(partitions), draw(shares)
    count = draw(st.integers(1, per.size if isinstance(per, Blocks) else 500))
    make = draw(
        st.sampled_from(
            [
                lambda: nm(min(count, m), m, axis=draw(axes), score=rule, ties=order, tail=rest),
                lambda: top(share, per=per, score=rule, ties=order, tail=tail, count=draw(st.sampled_from(Count))),
                lambda: top(count, per=per, score=rule, ties=order, tail=tail),
                lambda: threshold(draw(st.floats(max(rule.least, -1e9), 1e9)), score=rule),
                lambda: blockwise(share, per=per, norm=draw(norms), score=rule, ties=order),
                lambda: fixed(ARRAYS["mask"]),
                lambda: transposable(min(count, m), m, norm=1.5, greedy=True, score=rule),
                lambda: patterns(2, 4, score=rule),
                lambda: two_way(2, 4, rule=draw(st.sampled_from(TileRule)), score=rule),
                lambda: transposable(2, 4, full=draw(st.booleans()), score=rule),
                lambda: sap(0.5, draw(st.floats(1, 9)), eta=draw(st.floats(0, 9)), per=per, score=rule),
            ]
        )
    )
    return make()


device_casts = st.builds(
    DeviceCast,
    st.sampled_from([E4M3, OWN, E2M3]),
    st.sampled_from([Overflow.saturate, Overflow.error]),
    st.sampled_from(list(ROUNDINGS.values())),
    st.sampled_from(NanRule),
)
links = device_casts | quantizer_strategy | sparsifier()
chains = st.lists(links, min_size=2, max_size=4).map(tuple).map(Chain)
operators = st.one_of(links, chains, st.just(IDENTITY))


def spelled_in_order(value: object) -> str:
    """The name of a parameter of a test, the same in every process: members of a set in alphabetical order."""
    return ", ".join(sorted(map(str, value))) if isinstance(value, set | frozenset) else str(value)

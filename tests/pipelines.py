"""Random pipelines of everything that can be written, and rows that stand at their cuts, whatever a domain says."""

from collections.abc import Callable
from dataclasses import fields, replace
from fractions import Fraction
from inspect import isabstract
from math import inf
from typing import TypeVar

import numpy as np
from numpy.random import Generator

from sqtheory.alphabet.formats import E2M1, E4M3, E8M0, FORMATS, INT4, Codebook, Format, IntFormat, bcq_format
from sqtheory.alphabet.partition import Blocks, Channels, Columns, Heads, Partition, Rows, Shape, Tail, Tiles, Whole
from sqtheory.alphabet.quantizers import Quantizer, bcq, cast, hbfp, int_, mxfp, mxint, nf4, nvfp4
from sqtheory.alphabet.rounding import ROUNDINGS, Rounding, stochastic
from sqtheory.alphabet.scaling import (
    AbsMax,
    BlockError,
    Exponent,
    FourOverSix,
    Frozen,
    FullRange,
    HalfRange,
    LeastNorm,
    Midpoint,
    MixedFormat,
    Percentile,
    PowerOfTwo,
    Scaling,
    SharedExponent,
    SweptScale,
    TwoLevel,
    Unscaled,
)
from sqtheory.alphabet.scores import Gain, Random, Score, given, magnitude, wanda, wina
from sqtheory.alphabet.sparsifiers import (
    BlockSparsifier,
    Sparsifier,
    ThresholdSparsifier,
    TopSparsifier,
    fixed,
    sap,
    transposable,
)
from sqtheory.alphabet.ties import TIES, Adversarial, Introselect, RandomTies, Selected, Ties
from sqtheory.arithmetic import OPERANDS, Accumulator, OneChain, Promoted, TwoHalves, aligned
from sqtheory.arrays import Array, FixedArray
from sqtheory.theory import samples
from sqtheory.theory.case import Case
from sqtheory.theory.domain import OneOf
from sqtheory.theory.permuted import Permuted
from sqtheory.theory.theorem import Theorem

T = TypeVar("T")
HOMES = [[home] for home in ("formats", "partition", "rounding", "scaling", "scores", "sparsifiers", "ties")]
"""Where the words of the alphabet are made; other modules build on them."""
EXPONENTS = (0.3, 0.5, 1.0, 1.0, 1.01, 1.5, 2.0, 2.0, 3.0, 7.0, inf)
SMALL: tuple[Format, ...] = (
    *(f for f in FORMATS.values() if f.bits <= 8),
    *(Codebook("lopsided", (-6.0, -1.0, 0.0, 4.0, 5.0)), Codebook("onesided", (0.0, 1.0, 3.0))),
    *(bcq_format(2, True), IntFormat(5, full_range=True)),
)
"""Formats of few levels, so that random rows meet their cells; some that no theorem has in its domain."""
NAMED: tuple[Callable[[], Quantizer], ...] = (
    *(lambda k=k: int_(k) for k in (2, 3, 4)),
    *(lambda k=k: hbfp(k) for k in (2, 4)),
    *(lambda k=k: mxint(k) for k in (2, 4)),
    *(lambda: mxfp(E2M1), lambda: mxfp(E4M3), nvfp4, nf4, lambda: bcq(1), lambda: bcq(2), lambda: cast(E2M1)),
)
KINDS = (
    *(samples.normal, samples.ties, samples.ties, samples.powers, samples.zeros, samples.one_signed),
    *(samples.heavy, samples.negative_zeros, samples.subnormal),
)


def pick(rng: Generator, values: tuple[T, ...]) -> T:
    return values[int(rng.integers(len(values)))]


def scalings(rng: Generator, grid: Shape) -> tuple[Scaling, ...]:
    """One rule of every kind, with drawn parameters, for blocks that form this grid."""
    each = rng.choice([0.3, 1.0, 0.5, 2.0], grid)
    return (
        *(AbsMax(), FullRange(), Midpoint(), HalfRange(), TwoLevel(), TwoLevel(E2M1), Unscaled(), SharedExponent()),
        *(PowerOfTwo(e) for e in Exponent),
        *(
            SharedExponent(1e-8),
            Percentile(float(rng.choice([50, 90]))),
            FourOverSix(pick(rng, tuple(BlockError))),
            SweptScale(pick(rng, (E8M0, E2M1)), pick(rng, tuple(BlockError))),
            MixedFormat(pick(rng, (INT4, E2M1)), pick(rng, tuple(BlockError)), pick(rng, (TwoLevel(), AbsMax()))),
            LeastNorm(pick(rng, (1.0, 2.0, np.inf, 0.5)), int(rng.integers(1, 9))),
        ),
        *(Frozen(FixedArray(float(rng.choice([0.3, 1.0])))), Frozen(FixedArray(each))),
    )


def partition(rng: Generator, shape: Shape) -> Partition:
    """Any boxes of a shape: mostly runs along the rows, sometimes boxes that reach over several."""
    n = shape[-1]
    if rng.random() < 0.75:
        return pick(rng, (Rows(), Rows(), *(Blocks(b) for b in (1, 2, 3, 4, 5, 6, 8, n))))
    heads = [Heads(k, axis) for axis, side in enumerate(shape) for k in (1, 2, 3) if side % k == 0]
    flat = (Whole(), Channels(0), Channels(-1), Blocks(2, 0), Blocks(3, 0), *heads)
    return pick(rng, flat if len(shape) < 2 else (*flat, Columns(), Tiles(2, 2), Tiles(1, 4)))


def rounding(rng: Generator) -> Rounding:
    return stochastic(np.random.default_rng(3)) if rng.random() < 0.1 else pick(rng, tuple(ROUNDINGS.values()))


def quantizer(rng: Generator, shape: Shape) -> Quantizer:
    """Any format under any scale rule, rounding, boxes and saturation; those of the literature one time in three."""
    blocks = partition(rng, shape)
    if rng.random() < 0.33:
        q = replace(pick(rng, NAMED)(), partition=blocks)
        return replace(q, rounding=rounding(rng)) if rng.random() < 0.3 else q
    fmt, rule = pick(rng, SMALL), pick(rng, scalings(rng, blocks.grid(shape)))
    if rule.full_range and isinstance(fmt, IntFormat):
        fmt = IntFormat(fmt.k, full_range=True)
    if rule.refuses(fmt) is not None:
        fmt = INT4 if rule.second_format == E2M1 else E2M1
    if isinstance(rule, FullRange) and fmt.min >= 0:
        rule = AbsMax()
    saturate = fmt.overflow is None or rng.random() < 0.9
    return Quantizer(fmt, rule, blocks, rounding(rng), saturate, tail=pick(rng, (Tail.short, Tail.error)))


def ties(rng: Generator) -> Ties:
    drawn = RandomTies(np.random.default_rng(5))
    rules = (*TIES.values(), *map(Introselect, Selected), Adversarial(1), Adversarial(inf), drawn)
    return pick(rng, rules)


def score(rng: Generator, shape: Shape, q: Quantizer) -> Score:
    """Magnitudes half of the time, else any other ranking of entries of a tensor of this shape."""
    if rng.random() < 0.5:
        return magnitude
    n = shape[-1]
    powers = np.diag(rng.integers(1, 9, n).astype(float))
    others = (wanda(powers), wina(powers), given(rng.integers(0, 4, shape)), Gain(q, pick(rng, EXPONENTS)))
    return pick(rng, (*others, Random(np.random.default_rng(7))))


def sparsifier(rng: Generator, shape: Shape, q: Quantizer) -> Sparsifier:
    """Any mask: n:m, shares and counts of any boxes, whole units, thresholds, fixed sets."""
    ranks, rule = score(rng, shape, q), ties(rng)
    kind = rng.integers(13)
    if kind < 6:
        m = pick(rng, (1, 2, 3, 4, 4, 6, shape[-1]))
        return TopSparsifier(int(rng.integers(1, m + 1)), Blocks(m), ranks, rule, pick(rng, tuple(Tail)))
    if kind == 6:
        return ThresholdSparsifier(pick(rng, (0.0, 0.5, 1.0, 3.0)), ranks)
    if kind == 7:
        return fixed(rng.random(shape) < 0.6)
    if kind == 12:
        greedy = transposable(int(rng.integers(1, 3)), 2, norm=pick(rng, (1.0, 2.0)), greedy=True, score=ranks)
        return greedy if len(shape) > 1 and rng.random() < 0.5 else sap(*pick(rng, ((0.5, 1), (1, 2))), score=ranks)
    share = Fraction(int(rng.integers(1, 9)), 8)
    if kind == 8:
        return BlockSparsifier(share, partition(rng, shape), pick(rng, EXPONENTS), ranks, rule)
    boxes = partition(rng, shape)
    if rng.random() < 0.2:
        boxes = Permuted(boxes, tuple(rng.permutation(shape[-1]).tolist()))
    count = int(rng.integers(1, (boxes.size if isinstance(boxes, Blocks) else shape[-1]) + 1))
    return TopSparsifier(pick(rng, (share, count)), boxes, ranks, rule)


Operator = TypeVar("Operator", Quantizer, Sparsifier)


def near(rng: Generator, known: Operator, drawn: Operator) -> Operator:
    """A pipeline of a domain with one part, or none, of another: where an assumption that is missing shows first."""
    shared = [f.name for f in fields(known) if f.init and type(known) is type(drawn)]
    if not shared or rng.random() < 0.25:
        return known
    changed = pick(rng, tuple(shared))
    try:
        return replace(known, **{changed: getattr(drawn, changed)})
    except ValueError:  # parts that do not combine
        return known


def rows(rng: Generator, shape: Shape, q: Quantizer, subnormal: bool) -> Array:
    """Random kinds, or levels and midpoints of the format of q under the scale that its largest level asks for."""
    if rng.random() < 0.6:
        return pick(rng, KINDS[: len(KINDS) - (not subnormal)])(rng, shape, np.float64)
    values = q.format.values[np.abs(q.format.values) <= 64]
    middle = (values[1:] + values[:-1]) / 2
    points = np.concatenate([values, middle, middle * (1 + 2.0**-20), rng.uniform(values.min(), values.max(), 4)])
    x = rng.choice(points, shape) * 2.0 ** rng.integers(-2, 3)
    x[..., int(rng.integers(shape[-1]))] *= pick(rng, (1.0, 1.0, 1.3, 2.0))
    return np.asarray(x)


def case(rng: Generator, theorem: Theorem, count: int) -> Case:
    """An instance of any pipeline for a theorem: rows of the theorem's own length or another, p that it speaks of.

    Where rows are samples of something more than numbers (``domain.x.independent``, samplers of their own) they are
    drawn as the domain draws them.
    """
    domain = theorem.domain
    assert domain is not None
    speaks = tuple(p for p in EXPONENTS if theorem.claims_for(p))
    own = domain.x.last_axis
    n = own if domain.w is not None or own > 16 else pick(rng, (own, own, 12 if own > 4 else 4))
    shape = (count, n)
    q = quantizer(rng, shape)
    s = sparsifier(rng, shape, q)
    if rng.random() < 0.6:
        q, s = near(rng, domain.q.sample(rng), q), near(rng, domain.s.sample(rng), s)
    plain = set(domain.x.kinds) <= set(samples.SAMPLES.values()) and not domain.x.independent
    x = rows(rng, shape, q, domain.x.subnormal) if plain and rng.random() < 0.9 else domain.x.sample(rng, count)[:, :n]
    w = None if domain.w is None else rows(rng, shape, q, domain.w.subnormal)
    p, bits = pick(rng, speaks), accumulator(rng, domain.accumulators)
    if domain.score is not None and rng.random() < 0.8:
        s = s.with_score(domain.score(q, p))
    return Case(x, q, s, p, w, bits, () if domain.then is None else rest(rng, domain.then, shape))


def rest(rng: Generator, known: OneOf[tuple[Quantizer, ...]], shape: Shape) -> tuple[Quantizer, ...]:
    """What follows q in a chain: as the domain has it, with a part of another quantizer, or any one or two."""
    own = known.sample(rng)
    if rng.random() < 0.6:
        return tuple(near(rng, q, quantizer(rng, shape)) for q in own)
    return tuple(quantizer(rng, shape) for _ in range(int(rng.integers(1, 3))))


def accumulator(rng: Generator, known: OneOf[Accumulator] | None) -> Accumulator | None:
    """Any bits, group and chain for a theorem that has one; one time in three one of its domain."""
    if known is None or rng.random() < 1 / 3:
        return None if known is None else known.sample(rng)
    group, fraction, significant = (int(rng.integers(1, most + 1)) for most in (24, 30, 24))
    one = aligned(pick(rng, tuple(OPERANDS)), group=group, fraction=fraction, significant=significant)
    chain = pick(rng, (OneChain(), OneChain(), Promoted(int(rng.integers(1, 17))), TwoHalves(4)))
    return replace(one, chain=chain, span=group * int(rng.integers(1, 3)))


def words(q: Quantizer, s: Sparsifier) -> frozenset[str]:
    """The kinds of format, scale, boxes, rounding, mask, score and tie rule that a pipeline is written with."""
    parts: tuple[object, ...] = (q.format, q.scaling, q.partition, q.rounding, s, s.groups, s.score)
    return frozenset(type(v).__name__ for v in (*parts, getattr(s, "ties", None)) if v is not None)


def every_word() -> frozenset[str]:
    """The kinds that there are: every concrete class below those of the parts of an operator."""
    kinds: tuple[type, ...] = (Format, Scaling, Partition, Rounding, Sparsifier, Score, Ties)
    return frozenset(c.__name__ for kind in kinds for c in _below(kind) if not isabstract(c))


def _below(kind: type) -> set[type]:
    return {c for sub in kind.__subclasses__() for c in (sub, *_below(sub)) if c.__module__.split(".")[1:2] in HOMES}

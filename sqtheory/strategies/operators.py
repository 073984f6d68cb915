"""Formats, partitions, quantizers and masks of every kind that combines."""

from collections.abc import Sequence
from fractions import Fraction
from math import prod

import numpy as np
from hypothesis import strategies as st

from sqtheory.alphabet.affine import Added, Offset, affine
from sqtheory.alphabet.formats import (
    E2M1,
    E2M3,
    E4M3,
    FORMATS,
    Codebook,
    FloatFormat,
    Format,
    IntFormat,
    SpecialCodes,
    bcq_format,
    p3109,
)
from sqtheory.alphabet.partition import Blocks, Channels, Columns, Heads, Partition, Rows, Shape, Tiles, Whole
from sqtheory.alphabet.quantized import NanRule
from sqtheory.alphabet.quantizers import Quantizer, bcq, cast, hbfp, int_, mxfp, mxint, nf4, nvfp4
from sqtheory.alphabet.rounding import ROUNDINGS, Rounding, stochastic
from sqtheory.alphabet.scaling import (
    SCALINGS,
    AbsMax,
    BlockError,
    DoubleQuantization,
    FourOverSix,
    Frozen,
    LeastNorm,
    MixedFormat,
    Percentile,
    Range,
    Reach,
    Reciprocal,
    Scaling,
    SharedExponent,
    SignedMax,
    StoredScale,
    SuperBlock,
    SweptScale,
    TwoLevel,
    Unscaled,
    mse,
)
from sqtheory.alphabet.scores import Gain, Random, Score, given, magnitude, wanda, wina
from sqtheory.alphabet.sparsifiers import BlockSparsifier, Sparsifier, ThresholdSparsifier, TopSparsifier, fixed
from sqtheory.alphabet.ties import TIES, Adversarial, RandomTies
from sqtheory.alphabet.traits import KEEPS_ZERO
from sqtheory.arrays import FixedArray
from sqtheory.strategies.tensors import DYADICS, SIZES, Kind, norms, tensors

NAMED: tuple[Quantizer, ...] = (
    *(make(k) for make in (int_, hbfp, mxint) for k in (2, 4, 8)),
    *(mxfp(element) for element in (E2M1, E2M3, E4M3)),
    *(nvfp4(), nf4(), bcq(1), bcq(3), bcq(3, zero=True), cast(E4M3)),
    *(affine(4), affine(4, range=Range.own, added=Added.before), *(affine(3, offset=offset) for offset in Offset)),
)
CODEBOOKS = st.sets(st.sampled_from(DYADICS), min_size=2, max_size=9).filter(lambda v: max(v) > 0)
P3109 = st.integers(3, 8).flatmap(
    lambda k: st.builds(p3109, st.just(k), st.integers(1, k - 1), signed=st.booleans(), extended=st.booleans())
)
OWN = CODEBOOKS.map(lambda v: Codebook("drawn", tuple(sorted(v)))) | st.integers(2, 5).flatmap(
    lambda e: st.builds(
        *(FloatFormat, st.just("drawn"), st.just(e), st.integers(0, 4), st.integers(0, 2**e - 1)),
        *(st.sampled_from((SpecialCodes.none, SpecialCodes.nan_only, SpecialCodes.ieee)), st.booleans(), st.booleans()),
    )
)
RANDOM = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def formats(*, spelled: bool = False, has_zero: bool | None = None) -> st.SearchStrategy[Format]:
    """Γ: every named format, INT-k, BCQ-k; floating-point formats and codebooks of no name unless ``spelled``.

    ``has_zero`` says whether 0 ∈ Γ, where given. ``parse`` reads the spelled ones.
    """
    known: st.SearchStrategy[Format] = st.sampled_from(tuple(FORMATS.values()))
    known |= st.builds(IntFormat, st.integers(2, 16), st.booleans())
    known |= st.builds(bcq_format, st.integers(1, 7), st.booleans()) | P3109
    return (known if spelled else known | OWN).filter(lambda f: has_zero in (None, f.has_zero))


def partitions(shape: Shape | None = None, *, block_sizes: Sequence[int] | None = None) -> st.SearchStrategy[Partition]:
    """Boxes that fit this shape, or any of one or more axes; ``block_sizes``: only runs of these sizes, last axis."""
    if block_sizes is not None:
        return st.builds(Blocks, st.sampled_from(block_sizes))
    sizes, d = st.sampled_from(SIZES), 1 if shape is None else len(shape)
    axes = st.sampled_from((-1, 0)) if shape is None else st.sampled_from([*range(-d, d)] or [0])
    heads = [Heads(k, axis) for axis, n in enumerate(shape or ()) for k in range(1, n + 1) if n % k == 0]
    drawn: st.SearchStrategy[Partition] = st.sampled_from((Whole(), Rows(), *heads))
    drawn = drawn | st.builds(Blocks, sizes, axes) | st.builds(Channels, axes) if d else drawn
    return drawn | st.just(Columns()) | st.builds(Tiles, sizes, sizes) if d > 1 else drawn


def _scalings(fmt: Format, grid: Shape | None) -> st.SearchStrategy[Scaling]:
    scale, count, limit = st.sampled_from((1.0, 0.5, 2.0, 0.0, 1.5, 1 / 7)), prod(grid or ()), 2.0**100 / fmt.max
    each = st.lists(scale, min_size=count, max_size=count).map(lambda v: np.reshape(v, grid or ()))
    rules = [r for r in (*SCALINGS.values(), SignedMax(minimum=True)) if fmt.min < 0 or not r.needs_negative]
    fine = [TwoLevel(f) for f in FORMATS.values() if isinstance(f, FloatFormat) and f.max < limit]
    plain = [r for r in rules if not r.signed]
    alone = [r for r in rules if r.looks_at is Reach.block]
    doubled = st.builds(DoubleQuantization, st.sampled_from([AbsMax(), mse(4)]), st.integers(1, 9))
    alike = [f for f in FORMATS.values() if f.bits == fmt.bits and f != fmt and f.has_zero]
    mixed = st.builds(MixedFormat, st.sampled_from(alike), st.sampled_from(BlockError), st.just(AbsMax()))
    changed: st.SearchStrategy[Scaling] = doubled | st.sampled_from((*plain, TwoLevel())).map(Reciprocal)
    changed |= st.builds(SuperBlock, st.integers(2, 9), st.sampled_from(alone), st.integers(2, 5))
    changed |= _stored([r for r in alone if not r.signed], fine) if fine else st.nothing()
    changed |= mixed if alike else st.nothing()
    return st.one_of(
        st.sampled_from((*rules, Unscaled(), SharedExponent(), *fine)),
        changed,
        st.builds(SharedExponent, st.sampled_from((1e-8, 1.0)) | st.floats(1e-12, 1e12)),
        st.builds(Percentile, st.floats(0.001, 99.999))
        | st.builds(FourOverSix, st.sampled_from(BlockError))
        | st.builds(SweptScale, st.sampled_from((E2M1, E2M3)), st.sampled_from(BlockError))
        | st.builds(LeastNorm, st.sampled_from((0.5, 1.0, 2.0, 2.4, np.inf)), st.integers(1, 16)),
        (scale | each).map(lambda v: Frozen(FixedArray(v))),
    )


def _stored(rules: Sequence[Scaling], fine: Sequence[TwoLevel]) -> st.SearchStrategy[Scaling]:
    """Scales stored in the formats of some two-level ones, now and then after codes are made, or by reciprocals."""
    made = st.builds(
        *(StoredScale, st.sampled_from([f.scale_format for f in fine]), st.sampled_from(rules)),
        *(st.sampled_from(tuple(ROUNDINGS.values())), st.sampled_from((None, 0.0)), st.booleans()),
    )
    return made | made.map(Reciprocal)


def quantizers(
    shape: Shape | None = None,
    *,
    deterministic: bool = True,
    keeps_zero: bool = False,
    saturate: bool = True,
    block_sizes: Sequence[int] | None = None,
    elements: st.SearchStrategy[Format] | None = None,
) -> st.SearchStrategy[Quantizer]:
    """q: every format, scaling, partition, rounding and rule for NaN that combine, those of the literature often.

    ``deterministic=False``: also stochastic rounding. ``keeps_zero``: only q with q(x)_i = 0 where x_i = 0.
    ``saturate=False``: also q whose images may be ∞ or NaN. ``elements`` replaces the formats.
    """
    grids = (formats() if elements is None else elements).filter(lambda f: f.has_zero or not keeps_zero)
    named = st.sampled_from([q for q in NAMED if KEEPS_ZERO in q.traits or not keeps_zero])
    roundings: st.SearchStrategy[Rounding] = st.sampled_from(tuple(ROUNDINGS.values()))
    roundings = roundings if deterministic else roundings | RANDOM.map(stochastic)

    def quantizer(draw: st.DrawFn) -> Quantizer:
        box = draw(partitions(shape, block_sizes=block_sizes))
        known = draw(named) if elements is None and draw(st.booleans()) else None
        fmt = draw(grids) if known is None else known.format
        fitting = _scalings(fmt, shape and box.grid(shape)).filter(lambda each: each.refuses(fmt) is None)
        rule = draw(fitting) if known is None else known.scaling
        if rule.full_range:
            fmt = fmt.full()
        clips = saturate or any(f.overflow is None for f in rule.formats(fmt)) or draw(st.booleans())
        return Quantizer(fmt, rule, box, draw(roundings), clips, draw(st.sampled_from(NanRule)))

    return st.composite(quantizer)()


def masks(
    shape: Shape | None = None, *, deterministic: bool = True, score: st.SearchStrategy[Score] | None = None
) -> st.SearchStrategy[Sparsifier]:
    """s: the largest of every group (n:m, shares, counts) or whole units, those above a threshold, a fixed set.

    ``deterministic=False``: also random scores and ties. ``score`` replaces the scores, and no set is fixed then.
    """
    ties = st.sampled_from(tuple(TIES.values())) | st.builds(Adversarial, norms())
    ranks: st.SearchStrategy[Score] = st.just(magnitude) | st.builds(Gain, quantizers(shape), norms())
    if shape:
        partner, own = (tensors(sides, kinds=(Kind.dyadic,)) for sides in ((2, shape[-1]), shape))
        ranks |= partner.map(wanda) | partner.map(wina) | own.map(given)
    ranks = ranks if deterministic else ranks | RANDOM.map(Random)
    ranks, ties = ranks if score is None else score, ties if deterministic else ties | RANDOM.map(RandomTies)
    share = st.integers(1, 8).map(lambda k: Fraction(k, 8)) | st.fractions(Fraction(1, 999), 1, max_denominator=999)

    def mask(draw: st.DrawFn) -> Sparsifier:
        box, rank, rule = draw(partitions(shape)), draw(ranks), draw(ties)
        if draw(st.sampled_from((False, False, True))):
            return BlockSparsifier(draw(share), box, draw(norms()), rank, rule)
        keep = draw(st.integers(1, box.run or 32) | share)
        return TopSparsifier(keep, box, rank, rule)

    drawn: st.SearchStrategy[Sparsifier] = st.composite(mask)()
    drawn |= st.builds(_threshold, st.sampled_from(DYADICS), ranks)
    some = score is None and shape is not None
    return drawn | tensors(shape, kinds=(Kind.dyadic,)).map(lambda x: fixed(x > 0)) if some else drawn


def _threshold(t: float, rank: Score) -> Sparsifier:
    """A threshold that may prune something: none is below the least score."""
    return ThresholdSparsifier(abs(t) if t < rank.least else t, rank)


def pipelines(
    shape: Shape | None = None,
    *,
    s: st.SearchStrategy[Sparsifier] | None = None,
    q: st.SearchStrategy[Quantizer] | None = None,
) -> st.SearchStrategy[tuple[Sparsifier, Quantizer]]:
    """Pairs (s, q) for tensors of one shape, or of any; often s ranks by what keeping an entry gains under that q."""
    quantizer, mask = quantizers(shape) if q is None else q, masks(shape) if s is None else s
    own = quantizer.flatmap(lambda f: st.tuples(masks(shape, score=st.builds(Gain, st.just(f), norms())), st.just(f)))
    return st.tuples(mask, quantizer) if s is not None else st.tuples(mask, quantizer) | own

"""Declared traits hold and undeclared ones are violated, instance by instance, for a catalogue of operators."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sqtheory.alphabet.casts import DeviceCast, Overflow
from sqtheory.alphabet.formats import E2M1, E4M3, E5M2, E8M0, FORMATS, INT4, Codebook, FloatFormat
from sqtheory.alphabet.operators import IDENTITY, Operator
from sqtheory.alphabet.partition import Whole
from sqtheory.alphabet.quantizers import Quantizer, bcq, cast, hbfp, int_, mxfp, mxint, nf4, nvfp4, scaled
from sqtheory.alphabet.rounding import (
    Rounding,
    ceil,
    floor,
    half_away,
    half_toward_zero,
    half_up,
    stochastic,
    toward_zero,
)
from sqtheory.alphabet.scaling import (
    CandidateSearch,
    CoordinateDescent,
    Exponent,
    Frozen,
    FullRange,
    HalfRange,
    LeastSquares,
    Midpoint,
    Percentile,
    PowerOfTwo,
    Reciprocal,
    SharedExponent,
    SignedMax,
    StoredScale,
    SuperBlock,
    mse,
)
from sqtheory.alphabet.scores import Gain, Random, wanda
from sqtheory.alphabet.sparsifiers import TopSparsifier, fixed, nm, threshold, top
from sqtheory.alphabet.ties import RandomTies, by_original, high_index
from sqtheory.alphabet.traits import (
    DETERMINISTIC,
    DYADIC_EQUIVARIANT,
    IDEMPOTENT,
    KEEPS_ZERO,
    MAX_DETERMINED,
    MONOTONE,
    ODD,
    SCALE_EQUIVARIANT,
    TRAITS,
    Trait,
)
from sqtheory.arrays import FixedArray
from sqtheory.exceptions import NonFinite
from sqtheory.theory.samples import SAMPLES
from tests.nightly import thin

REALS = (np.float32, np.float64)
rng = np.random.default_rng(41)
ONE, SATURATE = Whole(), Overflow.saturate
QUANTIZERS: list[Quantizer] = [
    *(int_(k, per=ONE) for k in (2, 4, 8)),
    *(int_(4, per=ONE, rounding=r) for r in (floor, ceil, toward_zero, half_away, stochastic(rng))),
    *(int_(4, per=ONE, scaling=s) for s in (FullRange(), Midpoint(), HalfRange(), Percentile(80), mse(10))),
    int_(4, per=ONE, scaling=Frozen(FixedArray(0.3))),
    *(int_(4, per=ONE, rounding=r) for r in (half_toward_zero, half_up)),
    *(int_(4, per=ONE, scaling=SignedMax(m), rounding=r) for m in (False, True) for r in (half_away, half_up)),
    scaled(FORMATS["iq4"], per=ONE, scaling=SignedMax()),
    *(scaled(E2M1, per=ONE, scaling=StoredScale(f)) for f in (E4M3, E8M0)),
    int_(4, per=ONE, scaling=StoredScale(E4M3, SignedMax(), late=True), rounding=half_up),
    int_(4, per=ONE, scaling=Reciprocal(Midpoint())),
    *(int_(4, per=ONE, scaling=s) for s in (LeastSquares(), CandidateSearch(), CoordinateDescent())),
    *(int_(3, per=ONE, scaling=SuperBlock(5, s)) for s in (CandidateSearch(), CoordinateDescent())),
    *(scaled(FORMATS[name], per=ONE) for name in ("fp4", "iq4", "dynamic8", "binary8p3se")),
    *(hbfp(4, per=ONE), hbfp(6, per=ONE), hbfp(4, per=ONE, compat=1e-8)),
    *(mxfp(e, per=ONE) for e in FORMATS.values() if isinstance(e, FloatFormat) and e.bits <= 8 and e != E8M0),
    *(mxfp(E4M3, per=ONE, scaling=PowerOfTwo(e)) for e in Exponent),
    *(mxfp(E2M1, per=ONE, rounding=r) for r in (floor, ceil, toward_zero, half_away, stochastic(rng))),
    mxfp(E4M3, per=ONE, rounding=toward_zero, scaling=PowerOfTwo(Exponent.even)),
    *(mxint(per=ONE), mxint(per=ONE, scaling=PowerOfTwo(Exponent.rceil)), nvfp4(per=ONE)),
    *(nf4(per=ONE), nf4(per=ONE, scaling=PowerOfTwo(Exponent.ceil))),
    *(bcq(2, per=ONE), bcq(3, per=ONE), bcq(2, zero=True, per=ONE)),
    *(cast(E4M3), cast(INT4), cast(E8M0), cast(E4M3, rounding=floor), cast(E5M2, rounding=stochastic(rng))),
    *(cast(E4M3, saturate=False), cast(E5M2, saturate=False)),
    *(scaled(E4M3, per=ONE), scaled(E4M3, per=ONE, scaling=HalfRange())),
    scaled(E2M1, per=ONE, scaling=SharedExponent()),
    *(scaled(FORMATS["int4full"], per=ONE, scaling=s) for s in (FullRange(), PowerOfTwo())),
    scaled(Codebook("lopsided", (-1.0, 0.0, 0.5, 2.0)), per=ONE),
]
KEPT = np.array([1, 0, 1, 1, 0, 0, 1, 0], bool)
ACTIVATIONS = np.array([[1, 2, 0.5, 3, 1, 0.25, 4, 1.0]])
CASTS: list[Operator] = [
    *(cast(E4M3, overflow=o) for o in (Overflow.nan, Overflow.saturate, Overflow.error)),
    *(cast(E5M2, overflow=Overflow.inf), cast(E8M0, overflow=Overflow.saturate)),
    cast(E4M3, overflow=Overflow.saturate, rounding=floor),
]
SPARSIFIERS: list[Operator] = [
    *(nm(2, 4), nm(1, 4, ties=by_original), nm(2, 4, ties=high_index), nm(2, 4, ties=RandomTies(rng))),
    *(top(0.5), top(3), threshold(0.5), fixed(KEPT)),
    *(nm(2, 4, score=Random(rng)), nm(2, 4, score=wanda(ACTIVATIONS))),
    *(top(0.5, score=Gain(int_(4, per=ONE, rounding=r))) for r in (floor, ceil)),
]
POOL: list[tuple[str, NDArray[Any]]] = [
    *((name, SAMPLES[name](rng, (8 + 5 * (name == "short_tail"),), t)) for name in SAMPLES for t in REALS * 5),
    ("both signs of the maximum", np.array([7.5, -7.5, 1, 0, 2, -2, 0.4, -0.4])),
    ("one-signed, one step below the middle of NF4 levels", np.array([0.5005, 0.1, 0, 0, 0.2, 0.1, 0.3, 0.1])),
    ("maximum that falls below a power of two", np.array([0.501, 0.3, 0.1, 0, 0, 0, 0, 0])),
    ("a maximum of 1.6 · 6 steps of E4M3", 1.6 * 2.0**-9 * np.array([6, 5, 3, -2, 1, 0.4, -0.3, 0])),
    ("codes that a descent changes again", np.array([2.5, -2.625, -1.5, -0.875, 0, 0, 0, 0])),
    ("both signs of a maximum beside entries near it", np.array([9, -9, 0, 7, -8, 7, 8, -7]) / 4),
    ("midpoints of both signs", np.array([7, 2.5, -2.5, 0, 1, -1, 0.5, -0.5])),
    ("of the size of the emulator's ε", 1e-8 * np.array([0.9, 0.3, 0.1, -0.4, 0.2, 0.5, 0.6, -0.7])),
]


def instance(trait: Trait, x: NDArray[Any]) -> NDArray[Any]:
    """KEEPS_ZERO appends a zero, so the groups of four keep their size."""
    return x[:-1] if trait == KEEPS_ZERO else x


def out_of_range(f: Operator, trait: Trait, name: str, x: NDArray[Any]) -> bool:
    """The statement excludes this instance: exponents at the end of a range, or numbers that are to overflow."""
    if (isinstance(f, Quantizer) and not f.saturate) or (isinstance(f, DeviceCast) and f.overflow is not SATURATE):
        return bool(np.abs(x).max() * 4 > f.format.max)
    if name == "wide" and "gain" in str(f):
        return True
    if trait == IDEMPOTENT:
        return name == "subnormal"
    return name in ("subnormal", "wide") and trait in (DYADIC_EQUIVARIANT, SCALE_EQUIVARIANT)


def decided_by_noise(f: Operator, trait: Trait, x: NDArray[Any]) -> bool:
    """Floats do not settle what real arithmetic says: some x_i/σ, at x or at c·x, is on the brink of two images."""
    q = f.score.q if isinstance(f, TopSparsifier) and isinstance(f.score, Gain) else f
    if trait != SCALE_EQUIVARIANT or not isinstance(q, Quantizer):
        return False
    levels = q.format.values
    brinks = (levels[1:] + levels[:-1]) / 2 if q.rounding.nearest else levels
    for y in (x, x.dtype.type(2.7182817) * x):
        ratio = y[y != 0] / (q.scales(y).max() or 1)
        if not q.rounding.nearest:  # the maximum should be a level itself, and is one if it did not fall short
            if np.abs(ratio).max(initial=0) < q.format.max:
                return True
            ratio = ratio[np.abs(ratio) < np.abs(ratio).max(initial=0)]
        if np.any(np.abs(ratio[:, None] - brinks) < 1e-4 * q.format.max):
            return True
    return False


def violated(f: Operator, trait: Trait, x: NDArray[Any]) -> bool:
    try:
        with np.errstate(invalid="ignore"):  # ∞ − ∞
            return not trait.holds(f, instance(trait, x))
    except NonFinite:  # an image that f itself refuses
        return True


@thin(6)
@pytest.mark.parametrize("f", [*QUANTIZERS, *CASTS, *SPARSIFIERS, IDENTITY], ids=str)
def test_every_declared_trait_holds(f: Operator) -> None:
    for trait in f.traits:
        asked = [
            (name, x) for name, x in POOL if not out_of_range(f, trait, name, x) and not decided_by_noise(f, trait, x)
        ]
        assert len(asked) > 30, f"{trait} is hardly tried"
        assert [name for name, x in asked if violated(f, trait, x)] == [], trait


@pytest.mark.parametrize("f", [*QUANTIZERS, *SPARSIFIERS], ids=str)
def test_every_undeclared_trait_is_visibly_violated(f: Operator) -> None:
    """NVFP4 is idempotent on one block; ``test_nvfp4_is_not_idempotent`` shows where it is not."""
    pool = POOL if DETERMINISTIC in f.traits else POOL * 8  # whichever draws came before
    held = [t.name for t in TRAITS if t not in f.traits and not any(violated(f, t, x) for _, x in pool)]
    assert held == (["IDEMPOTENT"] if f == nvfp4(per=ONE) else [])


def test_which_traits_the_named_quantizers_have() -> None:
    everything = frozenset(TRAITS)
    assert int_(4).traits == everything
    assert mxfp(E4M3).traits == mxint().traits == everything - {SCALE_EQUIVARIANT}
    assert hbfp(6).traits == everything - {SCALE_EQUIVARIANT, IDEMPOTENT}
    assert hbfp(6, compat=1e-8).traits == hbfp(6).traits - {DYADIC_EQUIVARIANT}
    assert nvfp4().traits == everything - {IDEMPOTENT}
    assert nf4().traits == everything - {ODD, MONOTONE}
    assert bcq(3).traits == everything - {ODD, KEEPS_ZERO}
    assert cast(E4M3).traits == everything - {DYADIC_EQUIVARIANT, SCALE_EQUIVARIANT}
    assert int_(8, scaling=HalfRange()).traits == {KEEPS_ZERO, DYADIC_EQUIVARIANT, SCALE_EQUIVARIANT, DETERMINISTIC}
    assert int_(8, rounding=stochastic(rng)).traits == {KEEPS_ZERO}
    assert cast(E5M2, saturate=False).traits == cast(E5M2).traits - {IDEMPOTENT}, "it refuses its own ∞"
    assert cast(E4M3, saturate=False).traits == cast(E4M3).traits - {IDEMPOTENT, MONOTONE}


@pytest.mark.parametrize(("rounding", "sizes"), [(floor, [1, 2, 7]), (ceil, [2, 1, 7])], ids=str)
def test_floor_and_ceil_are_not_monotone_on_signed_data(rounding: Rounding, sizes: list[float]) -> None:
    """|1.5| = |−1.5| but ⌊1.5⌋ = 1 and |⌊−1.5⌋| = 2, whatever the design page says of "any deterministic rule"."""
    x = np.array([1.5, -1.5, 7.0])
    for q in (int_(4, rounding=rounding), mxint(4, rounding=rounding), cast(INT4, rounding=rounding)):
        assert np.abs(q(x)).tolist() == sizes
        assert MONOTONE not in q.traits and not MONOTONE.holds(q, x) and MONOTONE.holds(q, np.abs(x))


def test_nvfp4_is_not_idempotent() -> None:
    """A block scale of 1.5 steps of the smallest E4M3 number becomes 2, then 1."""
    x = np.array([[2688.0, 0], [9 / 512, 0]])
    once = nvfp4(block=2)(x)
    assert once[1, 0] == 8 / 512 and nvfp4(block=2)(once)[1, 0] == 6 / 512
    assert IDEMPOTENT not in nvfp4().traits


def test_half_range_is_odd_for_no_format() -> None:
    """σ depends on the sign of the block, also where the format is symmetric."""
    q, x = scaled(E4M3, scaling=HalfRange()), np.array([1.0, 0.5])
    assert np.abs(q(-x)).tolist() == [1, 0.5] and q(x).tolist() == [0.5, 0.5] and ODD not in q.traits


def test_a_codebook_may_lose_its_own_maximum() -> None:
    """Without −max Γ a negative maximum shrinks each time, so absmax does not reproduce it."""
    q = scaled(Codebook("lopsided", (-1.0, 0.0, 2.0)))
    assert q([-1.0, 0]).tolist() == [-0.5, 0] and q([-0.5, 0]).tolist() == [-0.25, 0]
    assert IDEMPOTENT not in q.traits


def test_traits_survive_composition_only_where_they_say_so() -> None:
    chain = nm(2, 4) >> int_(4, block=4)
    assert chain.traits == {t for t in nm(2, 4).traits & int_(4).traits if t.survives}
    assert IDEMPOTENT not in chain.traits and KEEPS_ZERO in chain.traits
    assert IDENTITY.traits == frozenset(TRAITS)
    assert [str(t) for t in TRAITS if not t.survives] == ["IDEMPOTENT", "MAX_DETERMINED"]


BROKEN: dict[Trait, Callable[[NDArray[Any]], NDArray[Any]]] = {
    ODD: np.floor,
    MONOTONE: np.floor,
    KEEPS_ZERO: np.cos,
    IDEMPOTENT: lambda x: x / 2,
    DYADIC_EQUIVARIANT: np.rint,
    SCALE_EQUIVARIANT: lambda x: np.ldexp(np.rint(np.frexp(x)[0] * 8), np.frexp(x)[1]),
    MAX_DETERMINED: lambda x: x - x.mean(),
    DETERMINISTIC: lambda x: x + rng.normal(size=x.shape),
}


@pytest.mark.parametrize("trait", TRAITS, ids=str)
def test_every_trait_can_tell(trait: Trait) -> None:
    x = np.array([1.3, -1.3, 0.4, 2.9, -0.7])
    assert trait.holds(lambda y: y.copy(), x) and not trait.holds(BROKEN[trait], x)


def test_an_empty_tensor_violates_nothing() -> None:
    for trait in (ODD, MONOTONE, KEEPS_ZERO, IDEMPOTENT, DYADIC_EQUIVARIANT, SCALE_EQUIVARIANT, DETERMINISTIC):
        assert trait.holds(lambda y: y.copy(), np.zeros(0)), trait

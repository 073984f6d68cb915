"""Every public constructor: nonsense is refused at once, and its help names what it takes."""

import inspect
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import sqtheory as sq
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.scaling import (
    FourOverSix,
    Frozen,
    LeastNorm,
    MixedFormat,
    Percentile,
    PowerOfTwo,
    SharedExponent,
    SweptScale,
    TwoLevel,
    mse,
)
from sqtheory.alphabet.words import OPERATORS

TILES = sq.Tiles(4, 4)
WRONG = ("x", [], object(), {}, 1j, b"1", np.zeros(2))
"""No numbers, and no rule of any kind."""
TRUTH = (True, np.True_)
ENDLESS = (math.nan, math.inf, -math.inf, np.float32("nan"), np.float64("inf"))
SIZES = (*WRONG, *TRUTH, *ENDLESS, None, 0, -1, 1.5, 4.0, -0.5)
"""No sizes: those are integers of at least 1."""
AXES = (*WRONG, *TRUTH, *ENDLESS, None, 1.5, 1.0)
RULES = (*WRONG, *TRUTH, None, 0, -1, 1.5, math.nan)
"""No rule, format, partition, score."""
OPTIONAL = tuple(v for v in RULES if v is not None)
FLAGS = (*WRONG, None, 0, 1, -1, 1.5, math.nan)
SHARES = (*WRONG, *TRUTH, *ENDLESS, None, 0.0, 0, -1, -0.5, 1.5, Fraction(0), Fraction(3, 2), Fraction(-1, 2))
NORMS = (*WRONG, *TRUTH, math.nan, -math.inf, None, 0, -1, -0.5, 10**400)
ARRAYS = ("x", object(), {}, 1j, b"1", None, np.array(["a"]), np.ma.array([True, False], mask=[1, 0]))

REFUSED: dict[str, tuple[Callable[[Any], object], tuple[Any, ...]]] = {
    **{f"{f.__name__} k": (f, (*SIZES, 1, 17, 99)) for f in (sq.int_, sq.hbfp, sq.mxint, sq.IntFormat)},
    **{f"{f.__name__} k": (f, (*SIZES, 9)) for f in (sq.bcq, sq.bcq_format)},
    **{f"{f.__name__} format": (f, RULES) for f in (sq.mxfp, sq.cast, sq.scaled)},
    "cast overflow": (lambda v: sq.cast(sq.E4M3, overflow=v), OPTIONAL),
    "mxfp of integers": (sq.mxfp, (sq.INT4, sq.NF4)),
    "block": (lambda v: sq.int_(4, block=v), SIZES),
    "per": (lambda v: sq.int_(4, per=v), OPTIONAL),
    **{
        name: (lambda v, name=name: sq.nf4(**{name: v}), FLAGS if name == "saturate" else RULES)
        for name in ("scaling", "rounding", "saturate", "nan", "tail")
    },
    "compat": (lambda v: sq.hbfp(4, compat=v), (*WRONG, *TRUTH, *ENDLESS, 0, -1, 0.0, 10**400)),
    "zero": (lambda v: sq.bcq(3, zero=v), FLAGS),
    "nm n": (lambda v: sq.nm(v, 4), (*SIZES, 5)),
    "nm m": (lambda v: sq.nm(2, v), (*SIZES, 1)),
    "nm axis": (lambda v: sq.nm(2, 4, axis=v), AXES),
    **{
        f"{f.__name__} {name}": (lambda v, f=f, first=first, name=name: f(*first, **{name: v}), RULES)
        for f, first in ((sq.nm, (2, 4)), (sq.top, (0.5,)))
        for name in ("score", "ties", "tail")
    },
    "top": (sq.top, SHARES),
    "top per": (lambda v: sq.top(0.5, per=v), OPTIONAL),
    "threshold": (sq.threshold, (*WRONG, *TRUTH, *ENDLESS, None, -1, -0.5, -5e-324, 10**400)),
    "threshold score": (lambda v: sq.threshold(1, score=v), RULES),
    "threshold of random scores": (lambda v: sq.threshold(v, score=sq.Random(np.random.default_rng())), (-1,)),
    "blockwise": (lambda v: sq.blockwise(v, per=TILES), SHARES),
    "blockwise per": (lambda v: sq.blockwise(0.5, per=v), RULES),
    "blockwise norm": (lambda v: sq.blockwise(0.5, per=TILES, norm=v), NORMS),
    "blockwise score": (lambda v: sq.blockwise(0.5, per=TILES, score=v), RULES),
    "blockwise ties": (lambda v: sq.blockwise(0.5, per=TILES, ties=v), RULES),
    "transposable n": (lambda v: sq.transposable(v, 4), (*SIZES, 5)),
    "transposable m": (lambda v: sq.transposable(2, v), (*SIZES, 1)),
    "transposable norm": (lambda v: sq.transposable(2, 4, norm=v), (*NORMS, math.inf)),
    "transposable greedy": (lambda v: sq.transposable(2, 4, greedy=v), FLAGS),
    "transposable full": (lambda v: sq.transposable(2, 4, full=v), FLAGS),
    "two_way n": (lambda v: sq.two_way(v, 4, rule=sq.TileRule.best), (*SIZES, 1, 3)),
    "two_way m": (lambda v: sq.two_way(2, v, rule=sq.TileRule.best), (*SIZES, 2, 8)),
    "two_way rule": (lambda v: sq.two_way(2, 4, rule=v), RULES),
    "two_way score": (lambda v: sq.two_way(2, 4, rule=sq.TileRule.best, score=v), RULES),
    "transposable score": (lambda v: sq.transposable(2, 4, score=v), RULES),
    **{
        f"sap {name}": (lambda v, name=name: sq.sap(**{name: v}), (*WRONG, *TRUTH, *ENDLESS, None, -1, *more))
        for name, more in (("p", (0, 1, 2)), ("q", (0, 0.5)), ("eta", ()), ("gamma", ()), ("beta", (1,)))
    },
    "sap per": (lambda v: sq.sap(per=v), OPTIONAL),
    "sap score": (lambda v: sq.sap(score=v), RULES),
    "fixed": (sq.fixed, (*ARRAYS, 1, 0.5, [0, 1])),
    "Gain q": (sq.Gain, RULES),
    "Gain p": (lambda v: sq.Gain(sq.int_(4), v), NORMS),
    "given": (sq.given, ARRAYS),
    "wanda": (sq.wanda, (*ARRAYS, 1, [1, 2])),
    "wina": (sq.wina, (*ARRAYS, 1, [1, 2])),
    **{f.__name__: (f, RULES) for f in (sq.Random, sq.RandomTies, sq.stochastic)},
    "adversarial": (sq.Adversarial, NORMS),
    "power of two": (PowerOfTwo, RULES),
    "two levels": (TwoLevel, RULES),
    "four over six": (FourOverSix, RULES),
    "swept": (SweptScale, RULES),
    "mixed": (MixedFormat, RULES),
    "mixed error": (lambda v: MixedFormat(sq.E2M1, v), RULES),
    "mixed rule": (lambda v: MixedFormat(sq.E2M1, rule=v), RULES),
    "swept error": (lambda v: SweptScale(sq.E4M3, v), RULES),
    "shared": (SharedExponent, (*WRONG, *TRUTH, *ENDLESS, 0, -1)),
    "percentile": (Percentile, (*WRONG, *TRUTH, *ENDLESS, None, 0, -1, 100, 101)),
    "mse": (mse, (*SIZES, 10**6)),
    "lp": (LeastNorm, NORMS),
    "lp steps": (lambda v: LeastNorm(1, v), SIZES),
    "frozen": (Frozen, (*RULES, 1.0)),
    "frozen array": (lambda v: Frozen(sq.FixedArray(v)), (*ARRAYS, True, -1, math.nan, math.inf, [1, -1])),
    "full range": (lambda v: sq.IntFormat(4, v), FLAGS),
    "float name": (lambda v: sq.FloatFormat(v, 2, 1, 1), (*FLAGS[1:], "a b", "")),
    "float e": (lambda v: sq.FloatFormat("f", v, 1, 1), (*SIZES, 9)),
    "float m": (lambda v: sq.FloatFormat("f", 2, v, 1), (*AXES, -1, 11)),
    "float bias": (lambda v: sq.FloatFormat("f", 2, 1, v), (*AXES, 999, -999)),
    "float nonfinite": (lambda v: sq.FloatFormat("f", 2, 1, 1, v), RULES),
    "float signed": (lambda v: sq.FloatFormat("f", 2, 1, 1, signed=v), FLAGS),
    "float subnormals": (lambda v: sq.FloatFormat("f", 2, 1, 1, subnormals=v), FLAGS),
    "codebook": (lambda v: sq.Codebook("c", v), (*RULES, (), (1.0,), (1.0, 0.0), (0.0, 0.0), (-1.0, 0.0))),
    "codebook level": (lambda v: sq.Codebook("c", (v, 1e6)), (*WRONG, *TRUTH, *ENDLESS, None, 2e6)),
    "codebook name": (lambda v: sq.Codebook(v, (0.0, 1.0)), (*FLAGS[1:], "a b", "")),
    "Blocks": (sq.Blocks, SIZES),
    "Blocks axis": (lambda v: sq.Blocks(4, v), AXES),
    "Channels": (sq.Channels, AXES),
    "Heads": (sq.Heads, SIZES),
    "Heads axis": (lambda v: sq.Heads(2, v), AXES),
    "Tiles rows": (lambda v: sq.Tiles(v, 4), SIZES),
    "Tiles columns": (lambda v: sq.Tiles(4, v), SIZES),
    "engine": (sq.engine, (*RULES, "numbaa", "Numpy", "")),
    "norm": (lambda v: sq.norm([1.0], v), NORMS),
    "compare p": (lambda v: sq.compare([1, 2, 3, 4], sq.nm(2, 4), sq.int_(4), v), NORMS),
}


@pytest.mark.parametrize("name", REFUSED)
def test_nonsense_is_refused_at_once_in_one_line(name: str) -> None:
    construct, values = REFUSED[name]
    for value in values:
        with pytest.raises((TypeError, ValueError)) as caught:
            construct(value)
        said = str(caught.value)
        assert said and "\n" not in said, (value, said)
        raw = ("not supported", "unsupported operand", "cannot be interpreted", "Invalid literal", "must be a string")
        assert not any(words in said for words in (*raw, "has no len", "argument must")), (value, said)


@pytest.mark.parametrize("number", [np.int8(4), np.uint64(4), np.int64(4)])
def test_integers_of_every_type_are_integers(number: Any) -> None:
    assert sq.int_(number) == sq.int_(4) and str(sq.int_(number, block=number)) == "int(4, block=4)"
    assert str(sq.nm(2, number)) == "nm(2, 4)" and sq.top(number) == sq.top(4) and sq.Tiles(number, 4) == TILES


@pytest.mark.parametrize("number", [np.float32(0.5), np.float64(0.5), Fraction(1, 2), 0.5])
def test_numbers_of_every_type_are_numbers(number: Any) -> None:
    assert sq.top(number) == sq.top(0.5) and sq.threshold(number) == sq.threshold(0.5)
    assert sq.blockwise(number, per=TILES, norm=2) == sq.blockwise(0.5, per=TILES)
    assert sq.compare([1, 2, 3, 4], sq.nm(2, 4), sq.int_(4), 2**70).p == 2.0**70


def test_a_threshold_may_be_negative_where_scores_can() -> None:
    for score in (sq.Gain(sq.int_(4)), sq.given([-1.0, 0, 1, 2])):
        assert sq.parse(str(sq.threshold(-0.5, score=score)), {"x": [-1.0, 0, 1, 2]}).threshold == -0.5
    assert sq.threshold(-0.5, score=sq.given([-1.0, 0, 1, 2])).mask(np.ones(4)).tolist() == [False, True, True, True]
    assert sq.threshold(0).mask(np.zeros(4)).all()


CONSTRUCTORS = {
    **{name: build for name, build in OPERATORS.items() if name != "identity"},
    **{f.__name__: f for f in (sq.Gain, sq.Random, sq.given, sq.wanda, sq.wina, sq.Adversarial, sq.RandomTies)},
    **{
        f.__name__: f
        for f in (PowerOfTwo, SharedExponent, Percentile, mse, Frozen, TwoLevel, FourOverSix, SweptScale, MixedFormat)
    },
    **{f.__name__: f for f in (sq.IntFormat, sq.FloatFormat, sq.Codebook, sq.bcq_format, sq.stochastic, sq.engine)},
    **{f.__name__: f for f in (sq.Blocks, sq.Channels, sq.Heads, sq.Tiles, sq.Quantizer, sq.compare, sq.explain)},
}


@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_the_signature_names_every_option_and_the_help_says_what_it_is(name: str) -> None:
    constructor = CONSTRUCTORS[name]
    parameters = inspect.signature(constructor).parameters
    assert not {p.kind for p in parameters.values()} & {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}
    assert constructor.__doc__ and not constructor.__doc__.startswith(f"{constructor.__name__}(")
    assert all(p.annotation is not p.empty for p in parameters.values())


OPTIONS: dict[str, Any] = {
    "block": 8,
    "per": sq.Rows(),
    "scaling": SharedExponent(),
    "rounding": sq.half_away,
    "saturate": True,
    "nan": sq.NanRule.propagate,
    "tail": sq.Tail.error,
}
QUANTIZERS: dict[str, tuple[Any, ...]] = {
    **{name: (4,) for name in ("int", "hbfp", "mxint", "bcq")},
    **{name: (sq.E2M1,) for name in ("mxfp", "cast", "scaled")},
    **{"nvfp4": (), "nf4": ()},
}


@pytest.mark.parametrize("name", QUANTIZERS)
def test_every_option_of_a_quantizer_is_in_its_help_with_the_default_that_holds(name: str) -> None:
    build, own = OPERATORS[name], QUANTIZERS[name]
    parameters = inspect.signature(build).parameters
    plain = build(*own)
    assert {*OPTIONS} <= {*parameters}
    for option, value in OPTIONS.items():
        assert f"``{option}``" in (build.__doc__ or ""), option
        assert build(*own, **{option: value}).partition is not None
        default = parameters[option].default
        assert build(*own, **{option: default}) == plain
    with pytest.raises(TypeError, match="unknown option 'blocks': known are block, per, scaling, rounding, saturate"):
        build(*own, blocks=3)
    assert isinstance(plain.partition, Partition)


def test_an_engine_is_left_when_its_block_is() -> None:
    from sqtheory.alphabet.kernels import engine_name

    with sq.engine("definition"):
        assert engine_name() == "definition"
    assert engine_name() == "numpy"

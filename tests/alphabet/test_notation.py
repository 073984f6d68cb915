"""What is written is read back: a generated catalogue, aliases, spellings people type, bindings."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given

from sqtheory.alphabet import quantizers, scaling, scores, ties
from sqtheory.alphabet.formats import E2M1, E2M3, E3M2, E4M3, E5M2, FORMATS, INT4, Format, IntFormat, bcq_format
from sqtheory.alphabet.named_scores import SCORES
from sqtheory.alphabet.notation import parse, parse_as
from sqtheory.alphabet.operators import IDENTITY, Chain, Operator
from sqtheory.alphabet.partition import Blocks, Channels, Columns, Heads, Rows, Tail, Tiles, Whole
from sqtheory.alphabet.quantized import NanRule
from sqtheory.alphabet.quantizers import Quantizer, bcq, cast, hbfp, int_, mxfp, mxint, nf4, nvfp4, scaled
from sqtheory.alphabet.rounding import ROUNDINGS
from sqtheory.alphabet.sparsifiers import Sparsifier, blockwise, fixed, nm, threshold, top
from sqtheory.alphabet.words import ALIAS_EXAMPLES, ALIASES, KINDS, OPERATORS, SCORE_BUILDERS
from sqtheory.arrays import FixedArray
from sqtheory.exceptions import Indivisible, SpellingError
from tests.operators import ARRAYS, BINDINGS, OWN, operators


@given(operators)
def test_what_is_printed_is_read_back(op: Operator) -> None:
    again = parse(str(op), BINDINGS)
    assert again == op and hash(again) == hash(op) and str(again) == str(op) and repr(again) == repr(op)


@pytest.mark.parametrize(
    ("written", "op"),
    [
        ("2:4", nm(2, 4)),
        ("4:8", nm(4, 8)),
        ("1:4", nm(1, 4)),
        ("8:16", nm(8, 16)),
        ("50%", top(0.5)),
        ("75%", top(0.25)),
        ("62.5%", top(0.375)),
        ("33.3%", top(Fraction(667, 1000))),
        ("0%", top(1.0)),
        ("int8", int_(8)),
        ("int4", int_(4)),
        ("int4:b32", int_(4, block=32)),
        ("int4:g128", int_(4, block=128)),
        ("hbfp8", hbfp(8)),
        ("hbfp6", hbfp(6)),
        ("hbfp4", hbfp(4)),
        ("hbfp6:b32", hbfp(6, block=32)),
        ("mxfp8", mxfp(E4M3)),
        ("mxfp6", mxfp(E2M3)),
        ("mxfp4", mxfp(E2M1)),
        ("mxfp8_e5m2", mxfp(E5M2)),
        ("mxfp6_e3m2", mxfp(E3M2)),
        ("mxint8", mxint(8)),
        ("mxint", mxint()),
        ("nvfp4", nvfp4()),
        ("nf4", nf4()),
        ("bcq3", bcq(3)),
        ("identity", IDENTITY),
    ],
)
def test_aliases_stand_for_explicit_operators(written: str, op: Operator) -> None:
    assert parse(written) == op == parse(f"  {written}\t")
    assert parse(str(op)) == op


def test_every_alias_example_is_an_alias() -> None:
    for written in ALIAS_EXAMPLES:
        assert parse(str(parse(written))) == parse(written)
    assert len(set(ALIAS_EXAMPLES)) == len(ALIAS_EXAMPLES)
    assert all(meaning and callable(build) for meaning, build in ALIASES.values())


@pytest.mark.parametrize(
    ("written", "op"),
    [
        ("int(4)", int_(4)),
        ("int( 4 ,block = 32 , axis= 0 )", int_(4, per=Blocks(32, 0))),
        ("int(4, per=row,)", int_(4, per=Rows())),
        ("int(k=4)", int_(4)),
        ("int(4, heads=8, axis=1)", int_(4, per=Heads(8, 1))),
        ("int(4, per=channel, axis=1)", int_(4, per=Channels(1))),
        ("int(4, tile=(16, 8))", int_(4, per=Tiles(16, 8))),
        ("hbfp(6, compat=1e-8)", hbfp(6, compat=1e-8)),
        ("mxfp(e4m3, saturate=false, nan=propagate)", mxfp(E4M3, saturate=False, nan=NanRule.propagate)),
        ("scaled(int9full)", scaled(IntFormat(9, True))),
        ("cast(bcq5zero)", cast(bcq_format(5, True))),
        ("int(4, scaling=frozen(0.5))", int_(4, scaling=scaling.Frozen(FixedArray(0.5)))),
        ("int(4, scaling=mse)", int_(4, scaling=scaling.mse())),
        ("nvfp4(scaling=fouroversix(mse))", nvfp4(scaling=scaling.FourOverSix())),
        ("nvfp4(scaling=fouroversix(abs_max))", nvfp4(scaling=scaling.FourOverSix(scaling.BlockError.abs_max))),
        ("int(4, scaling=sweep(e5m2, mae))", int_(4, scaling=scaling.SweptScale(E5M2, scaling.BlockError.mae))),
        ("nvfp4(scaling=mixed(int4))", nvfp4(scaling=scaling.MixedFormat(INT4))),
        (
            "int(4, scaling=mixed(e2m1, abs_max, absmax))",
            int_(4, scaling=scaling.MixedFormat(E2M1, scaling.BlockError.abs_max, scaling.AbsMax())),
        ),
        ("int(4, scaling=twolevel)", int_(4, scaling=scaling.TwoLevel())),
        ("int(4, scaling=twolevel(e5m2))", int_(4, scaling=scaling.TwoLevel(E5M2))),
        ("top(1/3, per=column)", top(Fraction(1, 3), per=Columns())),
        ("top(1.)", top(1.0)),
        ("top(.5)", top(0.5)),
        ("top(5e-1)", top(0.5)),
        ("top(3)", top(3)),
        ("threshold(-0.5, score=gain(int4))", threshold(-0.5, score=scores.Gain(int_(4)))),
        ("threshold(+2)", threshold(2.0)),
        ("threshold(1E3)", threshold(1000.0)),
        ("blockwise(1, per=tensor, norm=inf)", blockwise(1, per=Whole(), norm=np.inf)),
        ("nm(2, 4, axis=-2, tail=short)", nm(2, 4, axis=-2, tail=Tail.short)),
        ("nm(2, 4, ties=adversarial(inf))", nm(2, 4, ties=ties.Adversarial(np.inf))),
        ("nm(2, 4, score=gain(int4:b32, p=1))", nm(2, 4, score=scores.Gain(int_(4, block=32), 1))),
        ("nm(2,4,score=gain(int4 >> 2:4))", nm(2, 4, score=scores.Gain(int_(4) >> nm(2, 4)))),
        ("2:4 >> mxfp4", nm(2, 4) >> mxfp(E2M1)),
        ("2:4>>identity()>>mxfp4 >>50%", nm(2, 4) >> mxfp(E2M1) >> top(0.5)),
        ("identity >> identity()", IDENTITY),
        ("int(4,\n  block=32)\n>> 2:4", int_(4, block=32) >> nm(2, 4)),
    ],
)
def test_spellings_people_type(written: str, op: Operator) -> None:
    assert parse(written) == op


def test_arrays_are_bound_by_name_and_by_content() -> None:
    w, mask = ARRAYS["x"], ARRAYS["mask"]
    s = nm(2, 4, score=scores.wanda(w))
    assert parse("nm(2, 4, score=wanda(calibration))", {"calibration": w}) == s
    assert parse("nm(2, 4, score=wanda(calibration))", {"calibration": FixedArray(w)}) == s
    assert parse(str(s), {"anything": w}) == s == parse(str(s), {"odd": object(), "z": 1j * w, "anything": w})
    assert parse("fixed(mask)", {"mask": mask.tolist()}) == fixed(mask) == parse(str(fixed(mask)), {"m": mask.tolist()})
    frozen = int_(4, block=2).frozen(np.ones((2, 4)))
    assert parse(str(frozen), {"s": frozen.scaling.scale}) == frozen
    with pytest.raises(SpellingError, match="unknown array 'a_"):
        parse(str(s), {"other": w + 1})


def test_generators_formats_operators_and_partitions_are_bound_by_name() -> None:
    for written in ("nm(2, 4, score=random(rng))", "nm(2, 4, ties=random(rng))", "int(4, rounding=stochastic(rng))"):
        x = np.linspace(-1, 1, 64) if "int" in written else np.ones(64)
        ops = [parse(written, {"rng": np.random.default_rng(5)}) for _ in range(2)]
        assert str(ops[0]) == written and ops[0] != ops[1]
        assert np.array_equal(ops[0](x), ops[1](x)) and not np.array_equal(ops[0](x), ops[0](x))
    assert parse("mxfp(f)", {"f": OWN}) == mxfp(OWN) == parse(str(mxfp(OWN)), {"f": OWN})
    assert parse("s >> int4", {"s": nm(2, 4) >> nm(1, 4)}) == Chain((nm(2, 4), nm(1, 4), int_(4)))
    assert parse("nm(2,4,score=gain(q))", {"q": int_(3)}) == nm(2, 4, score=scores.Gain(int_(3)))
    assert parse("int(4, per=p)", {"p": Blocks(7)}) == int_(4, block=7)
    assert parse("mxfp(e4m3)", {"e4m3": OWN}) == mxfp(E4M3), "known words keep their meaning"


def test_bound_objects_of_the_wrong_kind_are_refused() -> None:
    for written, bindings, message in (
        ("fixed(m)", {"m": np.ones(3)}, "a fixed mask is an array of booleans, got float64 at character 1 "),
        ("fixed(m)", {"m": np.ones(3, complex)}, "needed real numbers .* at character 7 "),
        ("int(4, scaling=w)", {"w": np.ones(4)}, "w is bound to a ndarray, not a scaling rule at character 16 "),
        ("nm(2, 4, score=random(rng))", {"rng": 3}, "rng is bound to an int, not a numpy.random.Generator"),
        ("q", {"q": E4M3}, "q is bound to a FloatFormat, not an operator at character 1 "),
        ("mxfp(f)", {"f": FORMATS["nf4"]}, "f is bound to a Codebook, not a floating-point format"),
    ):
        with pytest.raises(SpellingError, match=message):
            parse(written, bindings)


def test_the_kind_of_an_operator_can_be_required() -> None:
    assert parse_as(Sparsifier, "mask", "2:4") == nm(2, 4)
    with pytest.raises(SpellingError, match=r"int\(4\) is not a mask at character 1 of 'int4'"):
        parse_as(Sparsifier, "mask", "int4")
    assert parse_as(ties.Ties, "tie rule", "adversarial(1)") == ties.Adversarial(1)
    assert parse_as(Format, "format", "int9") == IntFormat(9)
    for written, position in (("low_index) >> int(4", 9), ("low_idnex", 0), ("2:4", 0), ("", 0)):
        with pytest.raises(SpellingError) as caught:
            parse_as(ties.Ties, "tie rule", written)
        assert caught.value.position == position
    with pytest.raises(SpellingError, match=r"nm\(2, 4\) >> int\(4\) is not an operator I want"):
        parse_as(Quantizer, "operator I want", "2:4 >> int4")


def test_errors_of_use_are_not_spelling_errors() -> None:
    with pytest.raises(Indivisible, match="axis 0 of length 6"):
        parse("2:4")(np.ones(6))


def test_every_constructor_is_in_the_catalogue() -> None:
    """The strategies above reach each name of the vocabulary, so a new one must be added there."""
    assert set(OPERATORS) == {
        *("int", "hbfp", "mxfp", "mxint", "nvfp4", "nf4", "bcq", "cast", "scaled", "affine"),
        *("nm", "top", "threshold", "blockwise", "transposable", "two_way", "sap", "patterns", "fixed", "identity"),
        "bernoulli",
    }
    named = {kind.what: {*kind.names, *kind.constructors} for kind in KINDS.values()}
    assert named["scaling rule"] == {
        *(
            *scaling.SCALINGS,
            "percentile",
            "mse",
            "lp",
            "frozen",
            "twolevel",
            "shared",
            "unscaled",
            "stored",
            "reciprocal",
            "superblock",
            "sweep",
            "mixed",
        )
    }
    assert named["score"] == {*SCORES, *SCORE_BUILDERS}
    assert named["tie rule"] == {*ties.TIES, "random", "introselect"} and named["rounding rule"] == {
        *ROUNDINGS,
        "stochastic",
    }
    assert {f.name for f in vars(quantizers).values() if isinstance(f, Format)} <= set(FORMATS)

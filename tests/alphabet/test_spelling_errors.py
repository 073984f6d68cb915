"""Text that is no operator: the place and the suggestion of every message, fuzzing, and hostile input."""

import re
import string
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqtheory.alphabet.formats import FORMATS
from sqtheory.alphabet.notation import parse, parse_as
from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, threshold, top
from sqtheory.alphabet.words import ALIAS_EXAMPLES, KINDS, OPERATORS
from sqtheory.exceptions import SpellingError
from tests.operators import BINDINGS

KNOWN = (
    "int, hbfp, mxfp, mxint, nvfp4, nf4, bcq, cast, scaled, nm, top, threshold, blockwise, transposable, sap, fixed, "
    "identity"
)
PERCENT = "a mask prunes 0% to less than 100%, as in 50% or 37.5%"
REFUSED: list[tuple[str, int, str]] = [
    ("", 0, "an operator is missing"),
    ("   ", 3, "an operator is missing"),
    ("2:4 >>", 6, "an operator is missing"),
    (">> 2:4", 0, "an operator is missing before '>>'"),
    ("2:4 >> >> int4", 7, "an operator is missing before '>>'"),
    ("(2:4)", 0, "an operator is missing before '('"),
    ("2:4 mxfp4", 4, "needed >> or the end, got 'mxfp4'"),
    ("int(4))", 6, "needed >> or the end, got ')'"),
    ("int(4) # note", 7, "needed >> or the end, got '#'"),
    ("int(4) = 3", 7, "needed >> or the end, got '='"),
    ("mxfp5", 0, "unknown operator 'mxfp5': did you mean 'mxfp8'?"),
    ("mxpf4", 0, "unknown operator 'mxpf4': did you mean 'mxfp4'?"),
    ("MXFP4", 0, "unknown operator 'MXFP4': did you mean 'mxfp4'?"),
    ("2;4", 0, "unknown operator '2;4': did you mean '2:4'?"),
    ("2:4 >> itn(4)", 7, "unknown operator 'itn': did you mean 'int'?"),
    ("treshold(3)", 0, "unknown operator 'treshold': did you mean 'threshold'?"),
    ("hello", 0, f"unknown operator 'hello': known are {KNOWN}, …"),
    ("é(4)", 0, f"unknown operator 'é': known are {KNOWN}, …"),
    ("2:4 >> é4", 7, f"unknown operator 'é4': known are {KNOWN}, …"),
    ("２:４", 0, f"unknown operator '２:４': known are {KNOWN}, …"),
    ("\0", 0, f"unknown operator '\\x00': known are {KNOWN}, …"),
    ("e4m3", 0, "e4m3 is a format, not an operator: write cast(e4m3) or mxfp(e4m3)"),
    ("2:4 >> e2m1", 7, "e2m1 is a format, not an operator: write cast(e2m1) or mxfp(e2m1)"),
    ("int4full", 0, "int4full is a format, not an operator: write cast(int4full) or scaled(int4full)"),
    ("nm(2, 4, score=gain(e4m3))", 20, "e4m3 is a format, not an operator: write cast(e4m3) or mxfp(e4m3)"),
    ("absmax", 0, "unknown operator 'absmax': it is a scaling rule"),
    ("by_original", 0, "unknown operator 'by_original': it is a tie rule"),
    ("int", 0, "int needs k"),
    ("2:4 >> nm(2)", 7, "nm needs m"),
    ("nm(m=4)", 0, "nm needs n"),
    ("blockwise(0.5)", 0, "blockwise needs block=, tile=, heads= or per="),
    ("int(4", 5, "',' or ')' is missing"),
    ("int(", 4, "')' is missing"),
    ("int(4 5)", 6, "',' or ')' is missing"),
    ("int(4, 5)", 7, "int takes only k without a keyword"),
    ("nvfp4(4)", 6, "nvfp4 takes only options without a keyword"),
    ("int4(block=32)", 4, "int4 takes no arguments: it is short for int(4)"),
    ("2:4(3)", 3, "2:4 takes no arguments: it is short for nm(2, 4)"),
    ("int(4, scaling=absmax())", 21, "absmax takes no arguments"),
    ("int(4, blok=32)", 7, "unknown option 'blok': did you mean 'block'?"),
    (
        "int(4, floor=32)",
        7,
        "unknown option 'floor': known are k, block, per, scaling, rounding, saturate, nan, tail, axis, tile, heads",
    ),
    ("nm(2, 4, per=row)", 9, "unknown option 'per': known are n, m, axis, score, ties, tail"),
    ("int(4, block=2, block=2)", 16, "block= is given twice"),
    ("int(4, k=4)", 7, "k= is given twice"),
    ("int(4, block=2, per=row)", 16, "block= and per= exclude each other"),
    ("int(4, per=row, block=2)", 16, "block= and per= exclude each other"),
    ("int(4, axis=0)", 7, "axis= needs block=, heads= or per=channel"),
    ("int(4, per=row, axis=1)", 16, "axis= needs block=, heads= or per=channel"),
    ("int(4, tile=(2, 2), axis=1)", 20, "axis= needs block=, heads= or per=channel"),
    ("int(4, block=0)", 7, "a block needs sizes of at least 1, got (0,)"),
    ("int(4, tile=(4, 0))", 7, "a tile needs sizes of at least 1, got (4, 0)"),
    ("int(4, tile=4)", 12, "tile needs two sizes, as in tile=(4, 4)"),
    ("int(4, tile=(4, 4, 4))", 12, "tile needs two sizes, as in tile=(4, 4)"),
    ("int(4, tile=(4, x))", 16, "tile needs an integer, got 'x'"),
    ("int(4, per=rows)", 11, "unknown partition 'rows': did you mean 'row'?"),
    ("int(4, per=3)", 11, "per needs a partition, got '3'"),
    ("int(4.5)", 4, "k needs an integer, got '4.5'"),
    ("int(four)", 4, "k needs an integer, got 'four'"),
    ("top(０.５)", 4, "keep needs a number, got '０.５'"),
    ("int(４)", 4, "k needs an integer, got '４'"),
    ("int(0x4)", 4, "k needs an integer, got '0x4'"),
    ("int(true)", 4, "k needs an integer, got 'true'"),
    ("int(17)", 0, "an integer format needs 2 to 16 bits, got 17"),
    ("int99", 0, "an integer format needs 2 to 16 bits, got 99"),
    ("2:4 >> 4:2", 7, "n:m needs 1 <= n <= m, got 4:2"),
    ("0:4", 0, "a group must keep at least one entry, got 0"),
    *(
        (f"{p}%", 0, f"{PERCENT}, got {p}%")
        for p in ("100", "150", "-5", "nan", "NaN", "inf", "1e999", "1e1", "50.", "50%")
    ),
    ("9" * 400 + "%", 0, f"{PERCENT}, got {'9' * 40}"),
    ("2:4 >> ٥%", 7, f"{PERCENT}, got ٥%"),
    ("top(1e999)", 4, "keep needs a number in the range of float64, got 1e999"),
    ("top(1e-999)", 4, "keep needs a number in the range of float64, got 1e-999"),
    ("threshold(-1e400)", 10, "t needs a number in the range of float64, got -1e400"),
    ("threshold(1e-999999999999)", 10, "t needs a number in the range of float64, got 1e-999999999999"),
    ("int(4, scaling=frozen(1e999))", 22, "scale needs a number in the range of float64, got 1e999"),
    ("nm(2, 4, score=gain(int4, 1e999))", 26, "p needs a number in the range of float64, got 1e999"),
    ("top(1/0)", 4, "keep needs a fraction of integers, got 1/0"),
    ("top(0.5/2)", 4, "keep needs a fraction of integers, got 0.5/2"),
    ("top(1/)", 4, "keep needs a fraction of integers, got 1/)"),
    ("threshold(inf)", 0, "a threshold is a finite number, got inf"),
    ("int(4, saturate=False)", 16, "unknown truth value 'False': did you mean 'false'?"),
    ("int(4, saturate=1)", 16, "saturate needs a truth value, got '1'"),
    ("int(4, saturate=maybe)", 16, "unknown truth value 'maybe': known are true, false"),
    ("int(4, saturate=false)", 0, "int4 has no infinity and no NaN, so it can only saturate"),
    ("cast(e4m3, overflow=nann)", 20, "unknown overflow rule 'nann': did you mean 'nan'?"),
    (
        "cast(e5m2, overflow=nan)",
        0,
        "overflow=nan: e5m2 overflows to inf; overflow=saturate and overflow=error always hold",
    ),
    (
        "cast(e2m1, overflow=inf)",
        0,
        "overflow=inf: e2m1 has no code for it; overflow=saturate and overflow=error always hold",
    ),
    ("cast(e4m3, overflow=nan, tail=error)", 0, "overflow= is of entries without a scale: no tail= beside it"),
    ("int(4, rounding=neareast_even)", 16, "unknown rounding rule 'neareast_even': did you mean 'nearest_even'?"),
    ("int(4, rounding=5)", 16, "rounding needs a rounding rule, got '5'"),
    ("int(4, rounding=)", 16, "a rounding rule is missing for rounding before ')'"),
    ("int(4, scaling=low_index)", 15, "unknown scaling rule 'low_index': it is a tie rule"),
    ("int(4, scaling=percentile)", 15, "percentile needs p"),
    ("int(4, scaling=percentile(100))", 15, "a percentile lies in (0, 100), got 100.0: the 100th is absmax"),
    ("int(4, nan=0)", 11, "nan needs a NaN rule, got '0'"),
    ("int(4, nan=ignore)", 11, "unknown NaN rule 'ignore': known are error, propagate"),
    ("nm(2, 4, tail=shrot)", 14, "unknown tail rule 'shrot': did you mean 'short'?"),
    ("nm(2, 4, ties=magnitude)", 14, "unknown tie rule 'magnitude': it is a score"),
    ("nm(2, 4, ties=adverserial(1))", 14, "unknown tie rule 'adverserial': did you mean 'adversarial'?"),
    ("nm(2, 4, score=gain)", 15, "gain needs q"),
    ("nm(2, 4, score=gain(int4, 0))", 15, "a p-norm needs p in (0, inf], got 0.0"),
    ("nm(2, 4, score=wanda(3))", 21, "activations needs an array, got '3'"),
    ("nm(2, 4, score=random(rng))", 22, "unknown numpy.random.Generator 'rng': bind it, as in parse(text, {'rng': …})"),
    ("fixed(m)", 6, "unknown array 'm': bind it, as in parse(text, {'m': …})"),
    ("mxfp(int4)", 5, "unknown floating-point format 'int4': it is a format"),
    ("mxfp(e4m)", 5, "unknown floating-point format 'e4m': did you mean 'e4m3'?"),
    (
        "cast(posit)",
        5,
        "unknown format 'posit': known are e4m3, e5m2, e3m2, e2m3, e2m1, e8m0, ue4m3, ue5m3, bfloat16, float16, "
        "e4m3ieee, binary8p3se, binary8p4se, int2, int3, int4, int5, …",
    ),
    ("cast(int99)", 5, "an integer format needs 2 to 16 bits, got 99"),
    ("cast(bcq9)", 5, "a binary-coded sum needs 1 to 8 bits, got 9"),
    ("import os", 0, f"unknown operator 'import': known are {KNOWN}, …"),
    ("__import__('os').system('true')", 0, f"unknown operator '__import__': known are {KNOWN}, …"),
]


@pytest.mark.parametrize(("written", "position", "message"), REFUSED, ids=lambda v: repr(v)[:40])
def test_misspellings_are_answered_with_place_and_suggestion(written: str, position: int, message: str) -> None:
    with pytest.raises(SpellingError) as caught:
        parse(written)
    assert str(caught.value) == f"{message} at character {position + 1} of {written!r}"
    assert (caught.value.position, caught.value.text) == (position, written)


def outcome(text: str) -> Operator | SpellingError:
    """What becomes of a text: an operator that is read back from its own spelling, or a placed refusal."""
    try:
        op = parse(text, BINDINGS)
    except SpellingError as error:
        assert 0 <= error.position <= len(text) and error.text == text
        return error
    assert isinstance(op, Operator)
    if "rng" not in str(op):
        assert parse(str(op), BINDINGS) == op
    return op


WORDS = [
    *(word for kind in KINDS.values() for word in (*kind.names, *kind.constructors)),
    *ALIAS_EXAMPLES,
    *BINDINGS,
    *(
        "(",
        ")",
        ",",
        "=",
        "/",
        ">>",
        ">",
        " ",
        "\n",
        "block",
        "per",
        "axis",
        "tile",
        "heads",
        "scaling",
        "score",
        "ties",
    ),
    *(
        "0",
        "1",
        "2",
        "4",
        "-1",
        "0.5",
        "1e-3",
        "1e999",
        "inf",
        "nan",
        "99999999999999999999",
        "'",
        '"',
        "#",
        "\\",
        "\0",
    ),
]
SPELLED = [
    *(str(parse(word)) for word in ALIAS_EXAMPLES),
    "int(4, tile=(16, 8), scaling=percentile(99.9), rounding=half_away, nan=propagate, tail=error)",
    "nm(2, 4, score=gain(int(4) >> nm(2, 4), inf), ties=adversarial(1), axis=0)",
    "top(1/3, per=channel, axis=1) >> cast(e5m2, saturate=false)",
    "blockwise(0.25, heads=4, norm=1, score=wanda(x))",
    "fixed(mask) >> int(4, scaling=frozen(scale))",
    "cast(e4m3, overflow=saturate, rounding=half_away, nan=propagate)",
]


@given(st.text() | st.text(string.printable) | st.text("()=,/>: 0123456789.%intmx"))
def test_any_text_is_an_operator_or_a_spelling_error(text: str) -> None:
    outcome(text)


@given(st.lists(st.sampled_from(WORDS), max_size=12).map("".join))
def test_any_words_are_an_operator_or_a_spelling_error(text: str) -> None:
    outcome(text)


@given(st.sampled_from(SPELLED), st.data())
def test_damaged_spellings_are_operators_or_spelling_errors(text: str, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(start + 5, len(text))))
        text = text[:start] + data.draw(st.sampled_from(["", *WORDS, text[start:end] * 2])) + text[end:]
    outcome(text)


def test_undamaged_spellings_are_operators() -> None:
    assert all(isinstance(outcome(text), Operator) for text in SPELLED)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 200_000,
        "int(" * 50_000,
        "nm(2, 4, score=gain(" * 20_000,
        "-" * 100_000 + "1",
        "not " * 10_000 + "x",
        "x" * 1_000_000,
        "a." * 100_000,
        "[" * 100_000,
        "1+" * 100_000 + "1",
        "f(" * 100_000 + ")" * 100_000,
        "int(4, block=" + "9" * 5_000 + ")",
        "9" * 10_000 + ":4",
        "0." + "0" * 5_000 + "1%",
        "top(1/" + "9" * 5_000 + ")",
        "10**5000:4",
        "threshold(" + "9" * 400 + ")",
        "\0" * 1_000,
        "2:4\0",
        ">>" * 100_000,
        "int(4, tile=" + "(" * 100_000,
        "\ud800",
        "int(4)\u202e",
        "2:4 >>\r\n>>",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_hostile_text_is_refused_in_good_time(text: str) -> None:
    assert isinstance(outcome(text), SpellingError)


def test_long_chains_and_large_numbers_are_fine() -> None:
    assert len(parse(" >> ".join(["2:4", "int4"] * 10_000)).parts) == 20_000
    assert parse(f"{10**100}:{10**101}") == nm(10**100, 10**101)
    assert parse(str(top(Fraction(3**500, 7**400)))) == top(Fraction(3**500, 7**400))


EVENTS: list[str] = []
WATCHING: list[bool] = []


def test_nothing_is_imported_opened_or_executed() -> None:
    """Every audit event that parsing raises is recorded: there is none."""
    sys.addaudithook(lambda event, _: EVENTS.append(event) if WATCHING else None)
    hostile = [
        *(written for written, _, _ in REFUSED),
        *SPELLED,
        "__import__('os').system('id')",
        "exec('import socket')",
        "int(open('/etc/passwd').read())",
        "nm(2, 4, score=os.system)",
        "fixed(/etc/passwd)",
        "fixed(file:///etc/passwd)",
        "().__class__.__bases__[0].__subclasses__()",
        "f'{__import__(\"os\")}'",
        "lambda: 0",
        "sqtheory.alphabet.notation:parse",
        "a:b.c",
        "'\\d'",
    ]
    for text in hostile:  # the caches of regular expressions and signatures fill once
        outcome(text)
    WATCHING.append(True)
    try:
        for text in hostile:
            outcome(text)
        assert EVENTS == []
        compile("1", "", "eval")
        assert "compile" in EVENTS, "the hook watches"
    finally:
        WATCHING.clear()


def test_numbers_at_the_ends_of_float64_are_read() -> None:
    assert str(parse("threshold(1.7976931348623157e308)")) == "threshold(1.7976931348623157e+308)"
    assert str(parse("threshold(5e-324)")) == "threshold(5e-324)" and parse("threshold(0e999)") == threshold(0)
    assert str(parse("blockwise(0.5, block=4, norm=inf)")) == "blockwise(0.5, block=4, norm=inf)"


ADVICE = re.compile(r"did you mean '([^']+)'|known are (.+?)(?:, …)? at character|write (\S+) or (\S+) at")
RNG = {"rng": np.random.default_rng(0)}
"""What the command line binds."""


@pytest.mark.parametrize("kind", [Sparsifier, Quantizer])
@pytest.mark.parametrize(
    "word", ["int4x", "24", "fixd(m)", "fixed", "topp", "mxfp5", "hpfb", "thresh", "x", "nf", "mxfp4q", "e4m3", "e8m0"]
)
def test_what_a_verb_advises_is_what_it_takes(word: str, kind: type[Operator]) -> None:
    """A word advised for a mask makes a mask, one for a format a format, and none needs an array."""
    with pytest.raises(SpellingError) as caught:
        parse_as(kind, "mask", word, RNG)
    for near, known, *written in ADVICE.findall(str(caught.value)):
        for advised in (near, *known.split(", "), *written):
            if not advised:
                continue
            arguments = {"nm": "(2, 4)", "top": "(0.5)", "threshold": "(1)", "blockwise": "(0.5, block=4)"}
            arguments |= {"transposable": "(2, 4)", "patterns": "(2, 4)", "two_way": "(2, 4, rule=tile)"}
            arguments |= {"mxfp": "(e2m1)", "cast": "(e2m1)", "scaled": "(e2m1)"}
            takes = dict.fromkeys(("int", "hbfp", "mxint", "bcq", "affine"), "(4)") | arguments
            if kind is Quantizer or not written[0]:
                assert isinstance(parse_as(kind, "it", advised + takes.get(advised, ""), RNG), kind)


@pytest.mark.parametrize("word", ["winaa", "giv", "xyz"])
def test_no_score_of_an_array_is_advised_where_none_can_be_bound(word: str) -> None:
    with pytest.raises(SpellingError) as caught:
        parse_as(Sparsifier, "mask", f"nm(2, 4, score={word}(m))", RNG)
    assert not {"wina", "given"} & {*re.findall(r"\w+", str(caught.value).split(":", 1)[1].split(" at ")[0])}
    with pytest.raises(SpellingError, match="unknown array 'm': it has no spelling and is bound in Python only"):
        parse_as(Sparsifier, "mask", "fixed(m)", RNG)
    with pytest.raises(SpellingError, match=r"did you mean 'mask'\?"):
        parse_as(Sparsifier, "mask", "fixed(maks)", {"mask": np.ones(2, bool)})


@pytest.mark.parametrize("wanted", [Sparsifier, Operator])
def test_a_score_that_stands_alone_is_advised(wanted: type[Operator]) -> None:
    with pytest.raises(SpellingError, match=r"unknown score 'wandaa': did you mean 'wanda'\?"):
        parse_as(wanted, "mask", "nm(2, 4, score=wandaa)", RNG)
    with pytest.raises(SpellingError, match="unknown score 'xyz': known are magnitude, signed, wanda, gain"):
        parse_as(wanted, "mask", "nm(2, 4, score=xyz)", RNG)


@pytest.mark.parametrize("written", ["nm(2, 4, score=random(r))", "nm(2, 4, ties=random(generator))"])
def test_the_generator_that_is_bound_is_advised(written: str) -> None:
    with pytest.raises(SpellingError, match=r"did you mean 'rng'|known are rng"):
        parse_as(Sparsifier, "mask", written, RNG)


def test_every_format_is_answered_with_operators_of_it() -> None:
    for name in set(FORMATS) - set(OPERATORS):
        if re.fullmatch(r"int\d+|bcq\d", name):
            continue
        with pytest.raises(SpellingError) as caught:
            parse(name)
        first, second = re.findall(r"\w+\(\w+\)", str(caught.value).split(" at character")[0])
        assert isinstance(parse(first), Quantizer) and isinstance(parse(second), Quantizer)

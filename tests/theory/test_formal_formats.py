"""The formats that the formal proofs speak of are those of the package: levels, midpoints, scales, whole quantizers."""

import re
import shutil
from bisect import bisect_right
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from sqtheory.alphabet.formats import E2M1, E2M3, E3M2, E4M3, E5M2, FORMATS, INT2, INT4, INT8, Format
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_, mxfp, mxint, nvfp4
from sqtheory.alphabet.rounding import half_away, nearest_even
from sqtheory.arrays import Array
from sqtheory.proofs.machine_checked import ProofError, compile_in, requires, source
from tests.nightly import NIGHTLY
from tests.twins.quantizers import power_of_two_above, power_of_two_below

needs_coq = pytest.mark.skipif(
    not NIGHTLY or shutil.which("coqc") is None, reason="coqc is absent, or every night: HYPOTHESIS_PROFILE=nightly"
)
SHIPPED, SCALES, GRIDS, GAINS = (
    source(f"{name}.v") for name in ("ShippedFormats", "BlockScales", "FiniteGrids", "gain_optimal")
)
ELEMENTS = (E2M1, E2M3, E3M2, E4M3, E5M2)
F32 = np.finfo(np.float32)


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder in which FiniteGrids.v, gain_optimal.v and what they require are checked."""
    folder = str(tmp_path_factory.mktemp("formal"))
    for file in requires("FiniteGrids.v", "gain_optimal.v"):
        compile_in(folder, file, source(file))
    return folder


def defined(name: str, text: str = SHIPPED) -> str:
    """The body of a definition of a .v file."""
    found = re.search(rf"^Definition {name}\b[^=]*:=\s*(.*?)\.$", text, re.DOTALL | re.MULTILINE)
    assert found, f"no definition of {name}"
    return found[1]


def parameters(name: str, text: str = SHIPPED) -> tuple[int, int, Fraction]:
    """Bits of fraction, last code, smallest positive number of a ``minifloat``."""
    found = re.search(r"minifloat (\d+) (\d+|\(255 \* 2 \^ 23 - 1\)) \((-\d+)\)", defined(name, text))
    assert found, f"{name} is no minifloat"
    top = 255 * 2**23 - 1 if found[2].startswith("(") else int(found[2])
    return int(found[1]), top, Fraction(2) ** int(found[3])


def significand(m: int, code: int) -> int:
    """``significand`` of FiniteGrids.v."""
    return code if code < 2**m else (2**m + code % 2**m) * 2 ** (code // 2**m - 1)


def levels(name: str, text: str = SHIPPED) -> list[Fraction]:
    """The levels that are not negative, as ShippedFormats.v lists them."""
    body = defined(name, text)
    if body.startswith("["):
        return [Fraction(level.strip()) for level in body.strip("[]").split(";")]
    m, top, unit = parameters(name, text)
    return [significand(m, code) * unit for code in range(top + 1)]


def not_negative(fmt: Format) -> list[Fraction]:
    return [Fraction(v) for v in fmt.values.tolist() if v >= 0]


@pytest.mark.parametrize("fmt", ELEMENTS, ids=str)
def test_levels_and_largest_exponents_are_those_of_the_package(fmt: Format) -> None:
    assert fmt.odd and levels(fmt.name) == not_negative(fmt)
    exponents = dict((name, int(emax)) for emax, name in re.findall(r"\((\d+)%Z, (\w+)\)", defined("elements")))
    assert exponents[fmt.name] == np.frexp(fmt.max)[1] - 1 and len(exponents) == len(ELEMENTS)


@pytest.mark.parametrize("drift", [("3; 4; 6", "3; 4; 8"), ("3 126 (-9)", "3 127 (-9)"), ("2 31 (-4)", "2 31 (-3)")])
def test_a_list_that_drifts_is_seen(drift: tuple[str, str]) -> None:
    assert SHIPPED.count(drift[0]) == 1
    drifted = SHIPPED.replace(*drift)
    assert [levels(fmt.name, drifted) == not_negative(fmt) for fmt in ELEMENTS].count(False) == 1


@pytest.mark.parametrize("fmt", [INT2, INT4, INT8], ids=str)
def test_symmetric_integers_are_those_of_the_package(fmt: Format) -> None:
    assert defined("symmetric_integers") == "integers_up_to (2 ^ (k - 1) - 1)"
    assert not_negative(fmt) == list(range(2 ** (fmt.bits - 1)))


@pytest.mark.parametrize("fmt", [*ELEMENTS, INT4, INT8, FORMATS["bcq3zero"]], ids=str)
def test_midpoints_go_where_the_tie_rules_of_the_proof_send_them(fmt: Format) -> None:
    """``to_even``: away from an odd code, counted from 0 (the parity of a full list's codes may be the other)."""
    assert (defined("to_even", GRIDS), defined("away_from_zero", GRIDS)) == ("Nat.odd", "fun _ => true")
    shift = fmt.values.size // 2 % 2 if fmt is FORMATS["bcq3zero"] else 0
    for code, (lo, hi) in enumerate(pairwise(fmt.values[fmt.values >= 0].tolist())):
        middle = np.array([(lo + hi) / 2, -(lo + hi) / 2])
        even = hi if (code + shift) % 2 else lo
        assert fmt.round(middle, nearest_even).tolist() == [even, -even]
        assert fmt.round(middle, half_away).tolist() == [hi, -hi]
    assert fmt.round(np.array([2.0, -2.0]) * fmt.max).tolist() == [fmt.max, -fmt.max]


def test_single_precision_is_that_of_numpy() -> None:
    m, top, unit = parameters("binary32", SCALES)
    assert (m, unit) == (F32.nmant, Fraction(float(F32.smallest_subnormal)))
    assert significand(m, top) * unit == Fraction(float(F32.max))


@needs_coq
def test_coq_computes_the_levels_that_this_file_does(checked: str) -> None:
    asked = "".join(
        f"Eval vm_compute in map (significand {m}) (codes {top}).\n"
        for m, top, _ in (parameters(fmt.name) for fmt in ELEMENTS if fmt is not E2M1)
    )
    imports = "From Coq Require Import List ZArith.\nFrom sqtheory Require Import FiniteGrids.\nImport ListNotations.\n"
    printed = compile_in(checked, "Question.v", f"{imports}Open Scope Z_scope.\n{asked}")
    computed = [
        [int(code) for code in re.findall(r"\d+", answer)] for answer in re.findall(r"\[(.*?)\]", printed, re.S)
    ]
    for fmt, codes in zip(ELEMENTS[1:], computed, strict=True):
        assert [code * parameters(fmt.name)[2] for code in codes] == not_negative(fmt)


# Whole quantizers: the definitions of ShippedFormats.v in exact rationals, rounded to single precision by fl.


def fl(v: Fraction) -> Fraction:
    """v rounded to single precision, midpoints to even, saturating: ``binary32``."""
    size = min(abs(v), Fraction(float(F32.max)))
    step = Fraction(2) ** max(power_of_two_below(size) - 23, -149) if size else Fraction(1)
    return round(size / step) * step * (-1 if v < 0 else 1)


def round_onto(grid: list[Fraction], t: Fraction) -> Fraction:
    code = bisect_right(grid, abs(t)) - 1
    if code + 1 < len(grid):
        middle = (grid[code] + grid[code + 1]) / 2
        code += abs(t) > middle or (abs(t) == middle and code % 2 == 1)
    return grid[code] * (-1 if t < 0 else 1)


def e8m0(e: int) -> int:
    return max(-127, min(127, e))


def positive(v: Fraction, least: Fraction = Fraction(float(F32.smallest_subnormal))) -> Fraction:
    """The scale of a block that is not zero."""
    return v or least


def int_scale(a: Fraction, top: Fraction) -> Fraction:
    return positive(fl(a / 7))


def hbfp_scale(a: Fraction, top: Fraction) -> Fraction:
    return positive(fl(Fraction(2) ** (power_of_two_above(a) - 3)))


def mxfp_scale(a: Fraction, top: Fraction) -> Fraction:
    return Fraction(2) ** e8m0(power_of_two_below(a) - 2)


def mxint_scale(a: Fraction, top: Fraction) -> Fraction:
    return Fraction(2) ** (e8m0(power_of_two_below(a)) - 2)


def nvfp4_scale(a: Fraction, top: Fraction) -> Fraction:
    g = positive(fl(top / (6 * 448)))
    return positive(fl(g * positive(round_onto(levels("e4m3"), fl(fl(a / 6) / g)), Fraction(2) ** -9)))


WHOLE: list[tuple[Quantizer, str, list[Fraction], Callable[[Fraction, Fraction], Fraction]]] = [
    (int_(4, block=8), "int", not_negative(INT4), int_scale),
    (hbfp(4, block=8), "hbfp", not_negative(INT4), hbfp_scale),
    (mxint(4, block=8), "mxint", not_negative(INT4), mxint_scale),
    (mxfp(E2M1, block=8), "mxfp", levels("e2m1"), mxfp_scale),
    (nvfp4(block=8), "nvfp4", levels("e2m1"), nvfp4_scale),
]


def blocks() -> Iterator[Array]:
    """Rows of three blocks: numbers that hit midpoints and powers of two, fine ones, up to the ends of the range."""
    rng = np.random.default_rng(3)
    for _ in range(40):
        yield (rng.integers(-32, 33, 24) / 8).astype(np.float32)
        yield (rng.normal(size=24) * np.ldexp(1.0, rng.integers(-20, 20, 3)).repeat(8)).astype(np.float32)
        unit = np.ldexp(1.0, rng.choice([-149, -140, -131, -130, -126, 0, 122], 3)).repeat(8)
        yield (rng.integers(-32, 33, 24) * unit).astype(np.float32)


@pytest.mark.parametrize(("q", "name", "grid", "sigma"), WHOLE, ids=[case[1] for case in WHOLE])
def test_shipped_quantizers_are_those_of_the_proof(
    q: Quantizer, name: str, grid: list[Fraction], sigma: Callable[[Fraction, Fraction], Fraction]
) -> None:
    assert f"({name}_scale" in defined(name)
    for x in blocks():
        exact = [Fraction(v) for v in x.tolist()]
        top = max(map(abs, exact))
        image: list[Fraction] = []
        for begin in range(0, len(exact), 8):
            block = exact[begin : begin + 8]
            a = max(map(abs, block))
            s = sigma(a, top) if a else Fraction(0)
            image += [fl(s * round_onto(grid, fl(t / s))) if s else Fraction(0) for t in block]
        assert [Fraction(v) for v in q(x).tolist()] == image


def test_the_constants_of_two_levels_are_those_of_the_package() -> None:
    assert (E2M1.max, E4M3.max, E4M3.smallest) == (6, 448, 2.0**-9)
    assert "top / (6 * 448)" in defined("nvfp4_scale") and "powerRZ 2 (-9)" in defined("nvfp4_scale")


# What is false is not proved.

FALSE = {
    "a grid without 0": ("first = 0 /\\ ascending", "ascending"),
    "levels in any order": ("lo < hi /\\ ascending hi above", "ascending hi above"),
    "negative numbers not mirrored": ("- magnitude_level up 0 first above (- t)", "magnitude_level up 0 first above t"),
    "rounding that is not nearest": ("if Rlt_dec t ((lo + hi) / 2) then lo", "if Rlt_dec t hi then hi"),
    "a format that repeats its codes": ("2 ^ (c / 2 ^ m - 1)", "2 ^ (c / 2 ^ m - 2)"),
    "p = ∞ by what p = 1 ranks by": ("then size else if", "then size - error else if"),
    "p = ∞, an image that errs by more than 0 does counted as 0": ("then - error else 0", "then 0 else 0"),
}


@needs_coq
@pytest.mark.parametrize("fault", FALSE)
def test_proofs_of_what_is_false_fail(checked: str, fault: str) -> None:
    right, wrong = FALSE[fault]
    [text] = [text for text in (GRIDS, GAINS) if right in text]
    assert text.count(right) == 1
    with pytest.raises(ProofError, match=r"False\.v"):
        compile_in(checked, "False.v", text.replace(right, wrong))


@needs_coq
def test_a_list_of_levels_without_zero_or_out_of_order_is_none(checked: str) -> None:
    found = re.search(r"^Lemma e2m1_ascending : ascending_from_zero e2m1.\s+Proof\. (.*?)\. Qed\.$", SHIPPED, re.M)
    assert found
    tactic, right = found[1].replace(". ", "; "), defined("e2m1")
    wrong = [right.replace(*change) for change in (("[0; ", "["), ("2; 3", "3; 2"), ("4; 6", "6; 6"))]
    goals = [f"Goal ascending_from_zero {right}. Proof. {tactic}. Qed."]
    goals += [f"Goal ascending_from_zero {row}. Proof. Fail solve [{tactic}]. Abort." for row in wrong]
    assert len({right, *wrong}) == 4
    imports = (
        "From Coq Require Import Reals Lra List.\nFrom sqtheory Require Import FiniteGrids.\nImport ListNotations.\n"
    )
    compile_in(checked, "Lists.v", "\n".join([imports, "Open Scope R_scope.", *goals, ""]))

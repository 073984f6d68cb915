"""The table of exact sums: sums of so many products are exact, and of one more they need not be."""

import json

import numpy as np
import pytest

from sqtheory.alphabet.formats import E2M1, Format, IntFormat
from sqtheory.arithmetic import Accumulator, aligned, wgmma
from sqtheory.arithmetic.named import fp8_promoted
from sqtheory.cli import main
from sqtheory.theory.exact_sums import CODES, INSTRUCTIONS, ONES, exact_length, sums_of_ones, table

LONGEST = 20_000
PAIRS = [(codes, how) for codes in CODES for how in INSTRUCTIONS if (exact_length(codes, how) or LONGEST) < LONGEST]


def exactly(how: Accumulator, x: np.ndarray, w: np.ndarray) -> bool:
    return bool((how.dots(x, w) == np.einsum("ij,ij->i", x, w)).all())


@pytest.mark.parametrize(("codes", "how"), PAIRS, ids=str)
def test_up_to_k_every_sum_is_exact_and_beyond_some_is_not(codes: Format, how: Accumulator) -> None:
    length = exact_length(codes, how)
    assert length
    rng = np.random.default_rng(length)
    most = np.full((1, length), codes.max)
    drawn = rng.choice(codes.values, (4, length))
    assert exactly(how, most, most) and exactly(how, drawn, rng.choice(codes.values, (4, length)))
    assert exactly(how, drawn, np.abs(drawn)) and exactly(how, most * rng.choice([1, -(codes.min < 0)], length), most)
    last = codes.values[codes.values > 0]
    longer = np.concatenate([most.repeat(len(last), axis=0), last[:, None]], axis=1)
    assert not exactly(how, longer, longer)


def test_sums_of_ones_stop() -> None:
    assert exact_length(ONES, wgmma("e4m3")) == 1 << 14
    assert all(reached == 2**how.exact_bits for how, reached in sums_of_ones(4))


def test_what_is_no_operand_has_no_length_and_wide_products_none_that_is_certain() -> None:
    assert exact_length(IntFormat(8), wgmma("e4m3")) is None
    assert exact_length(E2M1, aligned("e4m3", group=4, fraction=5, significant=14)) == 0
    assert exact_length(IntFormat(4), fp8_promoted) == 2**24 // 49
    assert exact_length(E2M1, fp8_promoted) == 114, "a part of 128 may hold more than 14 bits"


def test_the_table_has_every_instruction(capsys: pytest.CaptureFixture[str]) -> None:
    assert [row[0] for row in table().rows] == [str(how) for how in INSTRUCTIONS]
    assert main(["constants", "--sums", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["sums"][0] == {"accumulator": "fp8_fast", "ones": "2^14", "int2": "2^14"} | {
        "int4": "334",
        "e2m1": "114",
        "int8": "–",
    }

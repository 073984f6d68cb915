"""What is decided where scales move: for one survivor of a block, and for a scale too coarse to come back as itself."""

from itertools import product
from math import lcm

import numpy as np
import pytest

from sqtheory.alphabet.notation import parse_as
from sqtheory.alphabet.partition import Blocks
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.theory.decide import decide
from sqtheory.theory.theorems.single_survivor import left_at_most

SIZES = [(b, m, k) for b, m in product(range(1, 7), range(1, 5)) for k in range(1, m + 1) if lcm(b, m) <= 6]


def seen(b: int, m: int, k: int) -> int:
    """The most survivors of a block whose maximum is pruned, of all rows of 0, 1, 2."""
    length = lcm(b, m)
    rows = np.array(list(product(range(3), repeat=length)), np.float64)
    kept = np.where(nm(k, m).mask(rows), rows, 0).reshape(len(rows), -1, b)
    moved = kept.max(axis=2) != rows.reshape(kept.shape).max(axis=2)
    return int(np.count_nonzero(kept, axis=2)[moved].max(initial=0))


@pytest.mark.parametrize("size", range(1, 7))
def test_so_many_survive_of_a_block_whose_scale_moves(size: int) -> None:
    """Against every row of three magnitudes: as many as are seen."""
    sizes = [(b, m, k) for b, m, k in SIZES if b == size]
    assert sizes
    found = [left_at_most(nm(k, m), Blocks(b), (lcm(b, m),)) for b, m, k in sizes]
    assert found == [seen(*each) for each in sizes]


@pytest.mark.parametrize(
    ("mask", "fmt", "verdict"),
    [
        ("1:2", "int(4, block=3)", "proved"),
        ("1:4", "int(8, block=3)", "proved"),
        ("1:3", "int(4, block=2)", "proved"),
        ("1:2", "hbfp(4, block=3)", "refuted"),
        ("1:2", "mxfp(e2m1, block=3)", "refuted"),
        ("1:2", "nvfp4(block=3)", "refuted"),
        ("1:2", "int(4, block=5)", "refuted"),
    ],
)
@pytest.mark.parametrize("p", [1, 2])
def test_one_survivor_at_a_scale_of_its_own_adds_no_error_where_it_comes_back(
    mask: str, fmt: str, verdict: str, p: float
) -> None:
    s, q = nm(*map(int, mask.split(":"))), parse_as(Quantizer, "format", fmt)
    found = decide("no_additional_error", s, q, p=p, rng=np.random.default_rng(0))
    assert found.verdict == verdict, found.text()
    assert found.theorem == ("single_survivor" if verdict == "proved" else None)
    assert found.witness is None or found.witness.arithmetic == "rational"
    if p == 1:
        assert decide("scale_kept", s, q, rng=np.random.default_rng(0)).verdict == "refuted"


def test_block_scales_that_are_subnormal_do_not_reproduce_themselves() -> None:
    """(458752 …, 3): the block of 3 has the scale 1.5 ulp of E4M3, comes back as 8/3, and that as 2."""
    q = parse_as(Quantizer, "format", "nvfp4")
    x = np.zeros(32)
    x[[0, 16]] = 458752, 3
    once = q(x)
    assert (once[16], q(once)[16]) == (pytest.approx(8 / 3), 2)
    small = parse_as(Quantizer, "format", "nvfp4(block=4)")
    found = decide("idempotence", nm(2, 4), small, rng=np.random.default_rng(0))
    assert found.verdict == "refuted" and found.witness is not None and "far_below" in found.witness.found_by

"""Every block of four 4-bit codes, all 65,536, through the operators themselves."""

from functools import lru_cache

import numpy as np
import pytest

from sqtheory.alphabet.formats import E2M1, INT4, NF4, Format
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_, mxfp, mxint, nf4, nvfp4
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.alphabet.ties import Adversarial, by_original
from sqtheory.theory.case import Case
from sqtheory.theory.quantities import ERROR_Q, ERROR_QS, ERROR_S
from sqtheory.theory.theorems import find
from tests.nightly import thin

CLAIMS = (
    *("prune_first_identity", "prune_first_bound", "prune_first_dominates", "swap_constant", "swap_gap"),
    *("quantize_first_bound", "frozen_commutation", "margin", "sparse_grid_projection", "gain_optimal"),
)


def blocks(fmt: Format) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    values = np.where(np.isfinite(fmt.code_values), fmt.code_values, 0)
    return np.stack(np.meshgrid(*[values] * 4, indexing="ij"), axis=-1).reshape(-1, 4)


ROWS = {fmt.name: blocks(fmt) for fmt in (INT4, E2M1, NF4)}
PIPELINES = [
    *((fmt, q) for fmt in ("int4", "e2m1") for q in (int_(4), int_(3), hbfp(4), mxint(4), mxfp(E2M1))),
    ("e2m1", nvfp4()),
    ("nf4", nf4()),
]


@lru_cache(maxsize=1)
def cases(codes: str, q: Quantizer) -> list[Case]:
    """Kept from claim to claim, so that both orders are computed once."""
    return [Case(ROWS[codes], q, s) for s in (nm(2, 4), nm(2, 4, ties=Adversarial(1)), nm(1, 4))]


@thin(8)
@pytest.mark.parametrize("slug", CLAIMS)
@pytest.mark.parametrize(("codes", "q"), PIPELINES, ids=str)
def test_no_block_breaks_a_theorem(slug: str, codes: str, q: Quantizer) -> None:
    for case in cases(codes, q):
        check = find(slug).check(case)
        assert not check.violated.any(), ROWS[codes][np.flatnonzero(check.violated)[0]]
        if codes != "nf4" and slug != "margin":
            assert check.admissible.all()


@pytest.mark.parametrize(("codes", "q"), PIPELINES[:-1], ids=str)
def test_ties_by_original_make_the_orders_one(codes: str, q: Quantizer) -> None:
    check = find("ties_by_original").check(Case(ROWS[codes], q, nm(2, 4, ties=by_original)))
    assert check.admissible.all() and (check.excess <= 0).all()


def test_quantizing_first_exceeds_both_errors_on_some_blocks() -> None:
    """None where every code is a level at its block's scale, or near one; 640 of the FP4 blocks in INT4."""
    counts = {}
    for fmt, q in (("int4", int_(4)), ("e2m1", int_(4)), ("e2m1", mxfp(E2M1))):
        case = Case(ROWS[fmt], q, nm(2, 4))
        beyond = ERROR_QS.of(case) - (ERROR_S.of(case) + ERROR_Q.of(case)) > 1e-9
        counts[fmt, str(q)] = int(beyond.sum())
    assert counts == {("int4", "int(4)"): 0, ("e2m1", "int(4)"): 640, ("e2m1", "mxfp(e2m1)"): 0}

from pathlib import Path

import numpy as np
import pytest

from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.orders.grid import Row, tensor_rows
from sqtheory.orders.reasons import Reason
from sqtheory.theory import theorems
from sqtheory.theory.theorems import BY_SLUG
from tests.nightly import often


def row(x: list[float], mask: str, fmt: str, p: float = 1.0) -> Row:
    s, q = parse(mask), parse(fmt)
    assert isinstance(s, Sparsifier) and isinstance(q, Quantizer)
    return tensor_rows("x", x, [s], [q], p)[0]


@pytest.mark.parametrize(
    ("x", "mask", "fmt", "p", "reason"),
    [
        ([7, 1.75, 2.25, 0], "2:4", "int4", 1, "prune_first_dominates"),
        ([7, 3, 2, 0], "2:4", "int4", 1, "frozen_commutation"),
        ([7, 1.75, 2.25, 0], "nm(2, 4, ties=by_original)", "int4", 1, "frozen_commutation"),
        ([2, 2.4, 0, 7], "2:4", "int4", 0.5, "not norm"),
        ([7, 2.875, -2.8125, 0], "2:4", "int(4, rounding=floor)", 1, "not monotone"),
        ([3, -1], "1:2", "bcq2", 1, "not keeps_zero"),
        ([7, 0.45, 0.44, 0.9], "top(3)", "hbfp(4, block=2)", 1, "not one_scale_per_group"),
        ([0, 0, 0, 0, 14, 14, 7, 0, 3, 1, 0, 0], "2:4", "int(4, block=6)", 1, "not keeps_scale, one_scale_per_group"),
    ],
)
def test_the_theorem_or_the_assumption_that_failed(x: list[float], mask: str, fmt: str, p: float, reason: str) -> None:
    found = row(x, mask, fmt, p)
    assert str(found.reason) == reason
    assert not found.guarantee_broken
    assert found.to_dict()["reason"] == found.reason.to_dict()


def test_a_theorem_applies_where_its_assumptions_hold_on_the_tensor() -> None:
    """Blocks of 6 straddle groups of 4, but here no block loses its maximum and no group meets two scales."""
    x = [7, 1.75, 2.25, 0, 7, 0, 7, 0, 0, 0, 0, 0]
    assert "keeps_scale" not in row(x, "2:4", "int(4, block=6)").reason.failed


def test_what_is_named_is_in_the_registry() -> None:
    dominates = BY_SLUG["prune_first_dominates"]
    named = row([7, 1.75, 2.25, 0], "threshold(2)", "int4", 0.5).reason.failed
    assert set(named) <= {a.name for a in dominates.given} and named
    assert {"frozen_commutation", "prune_first_dominates"} <= set(BY_SLUG)
    assert Path(theorems.__file__).parent.joinpath("prune_first_dominates.py").is_file()


def test_a_reason_never_forgives_a_loss() -> None:
    rng = np.random.default_rng(0)
    for mask in ("2:4", "50%", "threshold(0.7)", "nm(2, 4, ties=high_index)"):
        for fmt in ("int3", "int(3, block=2)", "bcq2", "nf4", "mxfp4", "hbfp(3, rounding=ceil)"):
            for _ in range(often(8)):
                found = row(list(rng.integers(-30, 31, 16) / 4), mask, fmt)
                assert not found.guarantee_broken
                assert isinstance(found.reason, Reason)

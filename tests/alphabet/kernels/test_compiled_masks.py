"""Masks in machine code against the definition: ties, tails, subnormals, wide ranges, every budget, both precisions."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from sqtheory.alphabet import kernels
from sqtheory.alphabet.kernels import compiled_masks, engine, topk
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.alphabet.ties import Ties, by_original, high_index, low_index

RNG = np.random.default_rng(61)
KINDS: dict[str, Any] = {
    "normal": RNG.normal(size=(6, 4096)),
    "dyadic ties": RNG.integers(-8, 9, (6, 4096)) / 4,
    "zeros": RNG.normal(size=(6, 4096)) * (RNG.random((6, 4096)) < 0.3),
    "minus zero": np.where(RNG.random((6, 4096)) < 0.5, -0.0, 0.0),
    "wide": RNG.normal(size=(6, 4096)) * 2.0 ** RNG.integers(-140, 120, (6, 4096)),
    "subnormal": RNG.integers(-5000, 5000, (6, 4096)) * 2.0**-149,
    "constant": np.full((6, 4096), -2.5),
    "sorted": np.sort(RNG.normal(size=(6, 4096))),
}


@pytest.fixture(autouse=True)
def numba() -> Iterator[None]:
    """All here is compiled."""
    with engine("numba"):
        yield


@pytest.mark.parametrize("ties", [low_index, high_index, by_original], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_masks_are_those_of_the_definition(kind: str, dtype: type, ties: Ties) -> None:
    x, origin = KINDS[kind].astype(dtype), RNG.integers(0, 3, (6, 4096)).astype(dtype)
    several = [nm(n, 4, ties=ties) for n in (1, 2, 3)]
    several += [top(keep, per=Rows(), ties=ties) for keep in (Fraction(1, 2), Fraction(1, 100), 1, 4095)]
    for s in several:
        out = s.mask(x, origin)
        with engine("definition"):
            assert np.array_equal(out, s.mask(x, origin)), s


@pytest.mark.parametrize("ties", [low_index, high_index, by_original], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_long_runs_are_those_of_the_definition(
    kind: str, dtype: type, ties: Ties, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topk, "SHARE", 4)  # else a sample of so short a run leaves too many in doubt
    x = KINDS[kind].astype(dtype).reshape(-1)[:-7]
    origin = RNG.integers(0, 3, x.size).astype(dtype)
    for keep in (Fraction(1, 2), Fraction(1, 50), Fraction(19, 20)):
        s = top(keep, ties=ties)
        out = s.mask(x, origin)
        with engine("definition"):
            assert np.array_equal(out, s.mask(x, origin)), keep


def test_a_long_run_of_ordinary_numbers_takes_the_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> bool:
        raise AssertionError("numpy marked it")

    monkeypatch.setattr(topk, "_mark_beyond", never)
    x = RNG.normal(size=1 << 17).astype(np.float32)
    assert np.count_nonzero(top(0.5).mask(x)) == 1 << 16


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("at", [0, 5, -1])
def test_what_is_no_number_is_left_to_the_definition(bad: float, at: int) -> None:
    x = RNG.normal(size=(2, 1 << 15)).astype(np.float32)
    x.reshape(-1)[at] = bad
    for s in (nm(2, 4), top(0.5, per=Rows()), top(0.5)):
        cut = x[:, :4096].copy() if s.groups == Rows() else x
        cut.reshape(-1)[at] = bad
        assert not kernels.keep_largest(cut, np.empty(cut.shape, bool), s.groups, s.budget, None, True)


def test_broken_loops_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = np.dtype(np.float32)
    x = KINDS["dyadic ties"].astype(np.float32)

    def wrong(s: Any, y: Any) -> bool:
        with engine("definition"):
            expected = s.mask(y)
        return not np.array_equal(s.mask(y), expected)

    four, rows, settle = (getattr(compiled_masks, name)[real] for name in ("OF_FOUR", "OF_ROWS", "SETTLE"))
    monkeypatch.setitem(compiled_masks.OF_FOUR, real, lambda b, m, n, later, out: four(b, m, n, 1 - later, out))
    monkeypatch.setitem(compiled_masks.OF_ROWS, real, lambda b, m, k, low, out: rows(b, m, k, not low, out))
    assert wrong(nm(2, 4), x) and wrong(top(0.5, per=Rows()), x)
    monkeypatch.setitem(compiled_masks.SETTLE, real, lambda p, s, cut, out: settle(p, s, cut + 1, out))
    monkeypatch.setattr(topk, "SHARE", 4)
    assert wrong(top(0.5), KINDS["normal"].astype(np.float32).reshape(-1))

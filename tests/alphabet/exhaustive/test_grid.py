"""Every INT4 block of four on a grid of 1/16 of a step, the maximum in every place: 5.77 million, in integers.

The unit is 1/16 of a step, the maximum 7 steps = 112 units, so the step is 16 units whatever the block; images are
16 times the codes. Magnitudes suffice: the format is odd, and errors and masks see magnitudes alone.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.alphabet.ties import Adversarial, Ties, by_original, high_index, low_index
from tests.nightly import NIGHTLY, nightly

Ints = NDArray[np.int32]
STEP, TOP = 16, 7 * 16
RULES: dict[str, Ties] = {"low": low_index, "high": high_index, "original": by_original, "adversarial": Adversarial(1)}


def blocks() -> Iterator[Ints]:
    """All blocks (4 × many), one chunk for each place of the maximum and value of another entry."""
    others = np.stack(np.meshgrid(*[np.arange(TOP + 1)] * 2, indexing="ij")).reshape(2, -1).astype(np.int32)
    for place in range(4):
        for fixed in range(0, TOP + 1):
            rows = [others[0], others[1], np.full(others.shape[1], fixed, np.int32)]
            rows.insert(place, np.full(others.shape[1], TOP, np.int32))
            yield np.stack(rows)


def code_images(x: Ints) -> Ints:
    """16 times the nearest integer of x/16, midpoints to even."""
    down = x // STEP
    rest = x - STEP * down
    up = (2 * rest > STEP) | ((2 * rest == STEP) & (down % 2 == 1))
    return STEP * (down + up)


def top(scores: Ints, key: Ints, n: int, low: bool) -> NDArray[np.bool_]:
    """The n largest of every column by (score, key, index)."""
    losses = np.zeros(scores.shape, np.int32)
    for i in range(4):
        for j in range(i + 1, 4):
            same = (scores[i] == scores[j]) & (key[i] == key[j])
            first = (scores[i] > scores[j]) | ((scores[i] == scores[j]) & (key[i] > key[j])) | (same & low)
            losses[j] += first
            losses[i] += ~first
    return losses < n


def masks(x: Ints, y: Ints, n: int, rule: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """m(x) and m(q(x)) under a tie rule; the adversarial one keeps what saves least."""
    nothing = np.zeros_like(x)
    low = rule != "high"
    if rule == "adversarial":
        return top(x, nothing, n, low), top(y, np.abs(x - y) - x, n, low)
    key = x if rule == "original" else nothing
    return top(x, key, n, low), top(y, key, n, low)


CLAIMS = ("identity", "bound", "first_bound", "dominates", "squares", "largest", "optimum", "margin")


@cache
def totals(n: int, rule: str) -> dict[str, int]:
    """Counts of violations of every claim, and extremes, over all blocks."""
    found = dict.fromkeys(("blocks", *CLAIMS, "beyond", "commute", "surplus", "gap"), 0)
    for x in blocks():
        y = code_images(x)
        m, m2 = masks(x, y, n, rule)
        e = np.abs(x - y)
        s, q = np.where(m, 0, x).sum(axis=0), e.sum(axis=0)
        kept = np.where(m, e, 0).sum(axis=0)
        first, last = np.where(m, e, x), np.where(m2, e, x)
        sq, qs = first.sum(axis=0), last.sum(axis=0)
        found["blocks"] += x.shape[1]
        found["identity"] += int(np.count_nonzero(sq != s + kept))
        found["bound"] += int(np.count_nonzero(sq > s + q))
        found["dominates"] += int(np.count_nonzero(sq > qs))
        found["squares"] += int(np.count_nonzero((first * first).sum(axis=0) > (last * last).sum(axis=0)))
        found["largest"] += int(np.count_nonzero(first.max(axis=0) > last.max(axis=0)))
        found["first_bound"] += int(np.count_nonzero(qs > s + q + np.where(m, 0, e).sum(axis=0)))
        clear = np.where(m, y, TOP).min(axis=0) > np.where(m, 0, y).max(axis=0)
        found["margin"] += int(np.count_nonzero(clear & (m != m2).any(axis=0)))
        found["beyond"] += int(np.count_nonzero(qs > s + q))
        found["commute"] += int(np.count_nonzero((np.where(m, y, 0) != np.where(m2, y, 0)).any(axis=0)))
        found["surplus"] = max(found["surplus"], int((qs - s - q).max()))
        found["gap"] = max(found["gap"], int((qs - sq).max()))
        best = np.sort(x - e, axis=0)[4 - n :].sum(axis=0)
        found["optimum"] += int(np.count_nonzero(sq != x.sum(axis=0) - best))
    return found


ALL = [(2, "low"), (2, "high"), (2, "original"), (2, "adversarial"), (1, "adversarial"), (3, "adversarial")]
CASES = ALL if NIGHTLY else [(2, "low"), (3, "adversarial")]
every = pytest.mark.parametrize(("n", "rule"), CASES)


@every
def test_the_integers_are_those_of_the_operators(n: int, rule: str) -> None:
    rng = np.random.default_rng(n)
    x = rng.integers(0, TOP + 1, (4, 100_000)).astype(np.int32)
    x[rng.integers(0, 4, 100_000), np.arange(100_000)] = TOP
    rows = x.T / STEP
    q, s = int_(4), nm(n, 4, ties=RULES[rule])
    y = code_images(x)
    m, m2 = masks(x, y, n, rule)
    assert np.array_equal(q(rows), y.T / STEP)
    assert np.array_equal(s.mask(rows), m.T)
    assert np.array_equal(s.mask(q(rows), rows), m2.T)


@every
def test_no_block_breaks_a_theorem(n: int, rule: str) -> None:
    """Identity, bounds, dominance (L1, squared L2, largest), projection, margin: none of 5.77 million."""
    found = totals(n, rule)
    assert found["blocks"] == 4 * 113**3 > 5_000_000
    assert {name: found[name] for name in CLAIMS} == dict.fromkeys(CLAIMS, 0)


@every
def test_the_swap_constants_hold_and_are_nearly_attained(n: int, rule: str) -> None:
    swaps = min(n, 4 - n)
    found = totals(n, rule)
    assert found["surplus"] <= swaps * STEP // 2 and found["gap"] <= swaps * STEP
    if rule == "adversarial":
        assert found["surplus"] >= swaps * (STEP // 2 - 2) and found["gap"] >= swaps * (STEP - 2)


@nightly
def test_how_often_quantizing_first_exceeds_both_errors() -> None:
    assert totals(2, "original")["beyond"] == totals(2, "original")["commute"] == 0
    assert totals(2, "low")["beyond"] == totals(2, "high")["beyond"] == 160_084
    assert totals(2, "low")["surplus"] == 14 and totals(2, "low")["gap"] == 28
    assert [totals(n, "adversarial")["beyond"] for n in (1, 2, 3)] == [144_144, 345_984, 591_508]

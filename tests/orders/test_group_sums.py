"""Sums over a tile against rational arithmetic: short images, entries too small for the grid, zeros, wide tiles."""

from fractions import Fraction

import numpy as np
import pytest

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.kernels.exact import UNIT
from sqtheory.alphabet.kernels.quantization import Tile, scale_rule
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_, mxfp, nf4
from sqtheory.alphabet.rounding import ceil
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array
from sqtheory.orders import group_sums
from sqtheory.orders.group_sums import Entries
from sqtheory.orders.group_tiles import Groups
from sqtheory.orders.pair import Pair

QUANTIZERS: list[Quantizer] = [mxfp(E2M1), mxfp(E4M3), mxfp(E2M1, rounding=ceil), hbfp(6), int_(4, block=32), nf4()]
SHORT = (True, True, False, True, False, False)


def tensors() -> list[Array]:
    rng = np.random.default_rng(71)
    x = rng.standard_normal((8, 64)).astype(np.float32)
    tiny, sparse, wide, half = x.copy(), x.copy(), x.copy(), x * np.float32(2.0**-140)
    tiny[1, :5] = 2.0**-60, -(2.0**-149), *np.ldexp(x[0, :3], [-20, -25, -30])
    sparse[:, ::2] = 0
    wide *= np.float32(2) ** rng.integers(-60, 30, (8, 1))
    return [x, tiny, sparse, wide, half, np.round(x * 4) / 4]


def groups_of(q: Quantizer, x: Array, p: float) -> Groups:
    scale = scale_rule(x, q.format, q.scaling)
    assert scale is not None
    return Groups(Pair(nm(2, 4), q), 2, scale, Tile.of(q.format, q.rounding, True, x.dtype), p)


def entries_of(q: Quantizer, x: Array, p: float) -> Entries:
    of, y = groups_of(q, x, p), q(x)
    sizes, images = (np.abs(a).reshape(-1) for a in (x, y))
    high = float(max(sizes.max(), images.max()))
    return Entries(sizes, images, high, p, of.unit(q.scales(x).reshape(-1)), of.short)


def powers(x: Array, p: float) -> list[Fraction]:
    return [Fraction(v * v if p == 2 else v) for v in np.abs(x.astype(np.float64)).tolist()]


@pytest.mark.parametrize("p", [1.0, 2.0])
@pytest.mark.parametrize("q", QUANTIZERS, ids=str)
def test_sums_are_those_of_rational_arithmetic(q: Quantizer, p: float) -> None:
    rng = np.random.default_rng(72)
    for x in tensors():
        kept, other = rng.random((2, x.size)) < 0.5
        rows = np.stack([kept, 1 * other - kept])
        entries = entries_of(q, x, p)
        found = entries.sums(kept, other)
        own = powers(entries.sizes, p)
        saved = [a - b for a, b in zip(own, powers(entries.sizes.astype(np.float64) - entries.images, p), strict=True)]
        weights = [[1] * x.size, *rows.astype(int).tolist()]
        units = 1 << UNIT
        assert found.gains == [units * sum(map(lambda w, v: w * v, row, saved)) for row in weights]
        assert found.powers == [units * sum(map(lambda w, v: w * v, row, own)) for row in weights[:2]]
        assert found.lost == 0


def test_slices_and_signs_of_what_another_mask_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small slices change nothing; exchanged masks change the sign; masks that differ where y = 0 are as good."""
    x, rng = tensors()[0], np.random.default_rng(74)
    entries = entries_of(QUANTIZERS[0], x, 2.0)
    kept, other = rng.random((2, x.size)) < 0.5
    found = entries.sums(kept, other)
    assert entries.sums(other, kept).gains[2] == -found.gains[2] != 0
    assert entries.sums(kept, kept ^ (entries.images == 0)).gains[2] == 0
    monkeypatch.setattr(group_sums, "TILE", 37)
    assert entries.sums(kept, other) == found


def test_which_images_are_short() -> None:
    x = tensors()[0]
    assert tuple(groups_of(q, x, 2.0).short for q in QUANTIZERS) == SHORT


@pytest.mark.parametrize("broken", ["unit", "fraction"])
def test_a_wrong_grid_is_noticed(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if broken == "fraction":
        monkeypatch.setattr(group_sums, "FRACTION", 3)
    fails = 0
    for x in tensors():
        entries = entries_of(QUANTIZERS[0], x, 2.0)
        if broken == "unit":
            entries = Entries(entries.sizes, entries.images, entries.high, 2.0, entries.unit + 40, True)
        total = sum(powers(entries.sizes, 2.0))
        saved = total - sum(powers(entries.sizes.astype(np.float64) - entries.images, 2.0))
        found = entries.sums(np.zeros(x.size, np.bool_))
        fails += (found.powers[0], found.gains[0]) != (total * (1 << UNIT), saved * (1 << UNIT))
    assert fails > 0

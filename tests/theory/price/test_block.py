from collections.abc import Callable
from fractions import Fraction
from math import sqrt

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from sqtheory.alphabet.formats import E2M1, E5M2, NF4
from sqtheory.alphabet.quantizers import Quantizer, bcq, hbfp, int_, mxfp, mxint, nf4, nvfp4, scaled
from sqtheory.alphabet.scaling import AbsMax, HalfRange, PowerOfTwo, Scaling
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, threshold, top
from sqtheory.arrays import Array
from sqtheory.exceptions import NonFinite
from sqtheory.orders.applied import both
from sqtheory.theory.case import Case
from sqtheory.theory.price import LevelGrid, block, fit, optimum
from sqtheory.theory.price.sweep import _positive
from sqtheory.theory.theorems.price_of_order import BEST, BEST_OF_LARGEST, THEOREM
from tests.nightly import NIGHTLY, thin
from tests.twins.price import least_power

QUANTIZERS = [int_(3), int_(2), scaled(E2M1), bcq(2), hbfp(3), hbfp(4), mxint(3), mxfp(E2M1)]


def hard_blocks(rng: np.random.Generator) -> Array:
    """Ties, powers of two, zeros, one sign, one outlier, tiny numbers, levels, and a few of no kind."""
    fixed = [
        [0, 0, 0, 0],
        [1, -1, 1, -1],
        [0, 0, 0, -2.5],
        [8, 4, 2, 1],
        [1000, 1, 1, 1],
        [3, 2, 1, 0],
        [2.5, 1.5, 0.5, 3],
        [2.0**-30, -(2.0**-31), 3 * 2.0**-31, 0],
        [7, 3.5, 3.5, -3.5],
    ]
    return np.array([*fixed, *rng.integers(-12, 13, (6, 4)) / 4])


@thin(8)
@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("s", [nm(2, 4), nm(1, 4), nm(3, 4), nm(1, 2), nm(4, 4)], ids=str)
@pytest.mark.parametrize("q", QUANTIZERS, ids=str)
def test_it_is_the_least_of_all_masks_scales_and_codes(q: Quantizer, s: Sparsifier, p: int) -> None:
    x = hard_blocks(np.random.default_rng(p))
    levels = [abs(Fraction(v)) for v in q.format.values.tolist()]
    k, m = block.budget(s, q, (1, 4))
    if not NIGHTLY and k > 2 and len(levels) > 8:
        x = x[::5]  # 15³ vectors of codes and more
    found = optimum(x, q, s, p)
    for row, error, image in zip(x, found.errors, found.images, strict=True):
        exact = [Fraction(v) for v in row.tolist()]
        if k == 4 and len(levels) > 8 and p == 2 and isinstance(q.scaling, AbsMax):
            continue  # 15⁴ vectors of codes
        power = least_power(exact, levels, k, m, p, dyadic=not isinstance(q.scaling, AbsMax))
        least = float(power) if p == 1 else sqrt(power)
        assert error == pytest.approx(least, rel=1e-12, abs=1e-300)
        assert np.linalg.norm(row - image, p) == pytest.approx(least, rel=1e-9, abs=1e-12)
    assert (np.count_nonzero(found.masks.reshape(-1, m), axis=1) == k).all() and not found.images[~found.masks].any()


@pytest.mark.parametrize("q", QUANTIZERS, ids=str)
@pytest.mark.parametrize("p", [1, 2])
def test_the_best_tensor_is_admissible(q: Quantizer, p: int) -> None:
    x = np.random.default_rng(3).standard_normal((40, 8))
    found = optimum(x, q, nm(2, 4), p)
    assert (np.count_nonzero(found.images.reshape(-1, 4), axis=1) <= 2).all()
    ratio = np.abs(found.images / found.scales[:, None])
    levels = np.append(np.abs(q.format.values), 0)
    assert np.abs(ratio[..., None] - levels).min(axis=-1).max() < 1e-12
    assert (found.images * x >= 0).all()
    if not isinstance(q.scaling, AbsMax):
        assert (np.frexp(found.scales)[0] == 0.5).all()


@pytest.mark.parametrize("q", [q for q in QUANTIZERS if q.format.has_zero], ids=str)
@pytest.mark.parametrize("p", [1, 2])
def test_no_order_beats_it_and_long_blocks_agree_with_a_fine_grid_of_scales(q: Quantizer, p: int) -> None:
    x = np.random.default_rng(4).standard_normal((10, 32))
    s = nm(2, 4)
    found = optimum(x, q, s, p)
    two = both(x, s, q)
    for y in (two.after_mask, two.masked_image):
        assert (found.errors <= np.linalg.norm(x - y, p, axis=1) * (1 + 1e-12)).all()
    size = np.abs(x)
    kept = np.sort(size.reshape(10, 8, 4), axis=2)[:, :, 2:].reshape(10, 1, 16)
    sigma = np.geomspace(1e-3, 10, 20_000) if isinstance(q.scaling, AbsMax) else 2.0 ** np.arange(-12, 6)
    images = sigma[:, None] * LevelGrid.of(q.format, p).codes(kept, sigma[:, None])
    scanned = ((size**p).sum(axis=1) - (kept**p - np.abs(kept - images) ** p).sum(axis=2).max(axis=1)) ** (1 / p)
    assert (found.errors <= scanned * (1 + 1e-12)).all()
    assert found.errors == pytest.approx(scanned, rel=2e-3)


def mixed_integer(x: Array, levels: Array, n: int) -> float:
    """min Σ|x_i − Σ_l l w_il| by branch and bound: z_il ∈ {0, 1} chooses level l of entry i, w_il = σ z_il.

    0 ≤ w ≤ U z and σ − U(1 − z) ≤ w ≤ σ hold for σ ≤ U, and make w exact for z of 0 and 1. Some best σ is x_i/l, so
    U = max |x| / min l is enough. Variables: errors e, then z, then w, then σ.
    """
    sizes = np.abs(x)
    m, most, many = x.size, float(sizes.max() / levels.min()), x.size * len(levels)
    width = m + 2 * many + 1
    rows, low, high = [], [], []

    def add(entries: dict[int, float], least: float, largest: float) -> None:
        row = np.zeros(width)
        for place, value in entries.items():
            row[place] = value
        rows.append(row)
        low.append(least)
        high.append(largest)

    z, w, sigma = (lambda i, j: m + i * len(levels) + j), (lambda i, j: m + many + i * len(levels) + j), width - 1
    for i in range(m):
        image = {w(i, j): float(level) for j, level in enumerate(levels)}
        add({i: 1.0, **image}, float(sizes[i]), np.inf)
        add({i: 1.0, **{k: -v for k, v in image.items()}}, -float(sizes[i]), np.inf)
        add({z(i, j): 1.0 for j in range(len(levels))}, 0, 1)
        for j in range(len(levels)):
            add({w(i, j): 1.0, z(i, j): -most}, -np.inf, 0)
            add({w(i, j): 1.0, sigma: -1.0}, -np.inf, 0)
            add({w(i, j): 1.0, sigma: -1.0, z(i, j): -most}, -most, np.inf)
    add({z(i, j): 1.0 for i in range(m) for j in range(len(levels))}, 0, n)
    integrality = np.concatenate([np.zeros(m), np.ones(many), np.zeros(many + 1)])
    bounds = Bounds(np.zeros(width), np.concatenate([np.full(m, np.inf), np.ones(many), np.full(many + 1, most)]))
    solved = milp(
        np.concatenate([np.ones(m), np.zeros(width - m)]),
        constraints=LinearConstraint(np.array(rows), low, high),
        integrality=integrality,
        bounds=bounds,
        options={"mip_rel_gap": 0},
    )
    assert solved.success
    return float(solved.fun)


@thin(2)
@pytest.mark.parametrize(
    ("q", "n"), [(int_(3), 2), (int_(3), 1), (int_(4), 2), (int_(2), 3), (scaled(E2M1), 2), (scaled(E2M1), 3)], ids=str
)
def test_a_mixed_integer_program_finds_the_same(q: Quantizer, n: int) -> None:
    x = np.vstack([np.random.default_rng(n).standard_normal((4, 4)), [3, -3, 2, 0.5], [0, 0, 4, 1]])
    levels = q.format.values[q.format.values > 0].astype(np.float64)
    found = optimum(x, q, nm(n, 4), 1)
    assert found.errors == pytest.approx([mixed_integer(row, levels, n) for row in x], rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("q", [int_(4), mxfp(E2M1)], ids=str)
@pytest.mark.parametrize("p", [1, 2])
def test_signs_places_and_powers_of_two_do_not_matter(q: Quantizer, p: int) -> None:
    rng = np.random.default_rng(5)
    x = rng.standard_normal((8, 16))
    base = optimum(x, q, nm(2, 4), p).errors
    shuffled = rng.permuted(x.reshape(8, 4, 4), axis=2)[:, ::-1].reshape(8, 16)
    assert optimum(shuffled * rng.choice([-1, 1], x.shape), q, nm(2, 4), p).errors == pytest.approx(base, rel=1e-12)
    for j in (-900, -40, 3, 900):
        assert np.array_equal(optimum(np.ldexp(x, j), q, nm(2, 4), p).errors, np.ldexp(base, j))


@pytest.mark.parametrize(
    ("target", "worse"),
    [
        ("block.top", lambda scores, k: np.broadcast_to(np.arange(scores.shape[1]) < k, scores.shape)),
        ("sweep._positive", lambda sigma: _positive(sigma)[:, ::3]),
        (
            "sweep.LevelGrid.codes",
            lambda grid, x, sigma: grid.levels.values[np.searchsorted(grid.cuts, 0.8 * x / sigma)],
        ),
        ("sweep.LevelGrid.lost", lambda grid, x, image: np.abs(x - image).max(axis=-1)),
    ],
)
@pytest.mark.parametrize("p", [1, 2])
def test_a_broken_search_is_caught(
    target: str, worse: Callable[..., Array], p: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"sqtheory.theory.price.{target}", worse)
    with pytest.raises(AssertionError):
        test_it_is_the_least_of_all_masks_scales_and_codes(int_(3), nm(3, 4), p)


@pytest.mark.parametrize("q", [scaled(E5M2), mxfp(E5M2)], ids=str)
@pytest.mark.parametrize("p", [1, 2])
def test_entries_whose_squares_vanish_beside_the_largest_keep_their_codes(q: Quantizer, p: int) -> None:
    least, most = float(q.format.smallest), float(q.format.max)
    x = np.array([[most, least, 0, 0], [most, 3 * least, 0, 0], [most, 2 * least, -least, 0]])
    assert most**2 + least**2 == most**2
    assert optimum(x, q, nm(2, 4), p).errors == pytest.approx([0, 0, least], rel=1e-12, abs=0)


@pytest.mark.parametrize("q", [int_(4), scaled(E2M1), hbfp(4), mxfp(E2M1)], ids=str)
def test_the_ends_of_float64(q: Quantizer) -> None:
    tiny, huge = float(np.finfo(np.float64).smallest_subnormal), float(np.finfo(np.float64).max)
    found = optimum([[tiny, 0, 0, 0], [huge, -huge, 1, 0], [huge, huge, huge, 0]], q, nm(2, 4), 1)
    assert found.errors[0] <= tiny and np.isfinite(found.images).all() and np.sign(found.images[1, 1]) == -1
    assert found.errors[1] <= huge / 8 and found.errors[2] >= huge


def test_an_order_is_optimal_or_both_pay() -> None:
    """(7, 2, 1, 1): 7 and 2 are codes. (2, 1, 0, 0) at the scale 2 loses 1 to a tie, at 3/2 twice 1/2."""
    s = nm(2, 4)
    for x, q, best, paid in (([7.0, 2, 1, 1], int_(4), sqrt(2), sqrt(2)), ([2.0, 1, 0, 0], int_(2), sqrt(0.5), 1.0)):
        two = both(x, s, q)
        assert optimum(x, q, s).errors[0] == pytest.approx(best, rel=1e-15)
        assert [np.linalg.norm(x - y) for y in (two.after_mask, two.masked_image)] == [paid, paid]


@pytest.mark.parametrize("p", [1.0, 2.0])
def test_the_theorem_speaks_of_it(p: float) -> None:
    assert THEOREM.domain is not None
    case = Case(
        np.vstack([hard_blocks(np.random.default_rng(8)), THEOREM.domain.x.sample(np.random.default_rng(9), 300)]),
        int_(3),
        nm(2, 4),
        p,
    )
    assert BEST_OF_LARGEST.of(case) == pytest.approx(optimum(case.x, case.q, case.s, p).errors, rel=1e-12)


def test_refusals() -> None:
    x = np.ones((1, 4))
    for q, s, p, said in (
        (int_(4), nm(2, 4), 3, "p = 1 and 2, got 3"),
        (nf4(), nm(2, 4), 2, "symmetric about 0, got nf4"),
        (int_(4), top(0.5), 2, "n:m masks, got top"),
        (nvfp4(), nm(2, 4), 2, "scaling=twolevel"),
        (int_(4, block=2), nm(2, 4), 2, "a row of 4 entries is not one block"),
        (int_(4), nm(2, 4, axis=0), 2, "groups"),
    ):
        with pytest.raises(ValueError, match=said.replace("(", r"\(")):
            optimum(x, q, s, p)
    for value in (np.nan, np.inf, -np.inf):
        with pytest.raises(NonFinite, match=r"at \(1, 2\): the row has no optimum"):
            optimum([[1, 2, 3, 4], [1, 2, value, 4]], int_(4), nm(2, 4))
    for scaling, p, said in ((AbsMax(), 1.5, "p ≤ 1 and p = 2, got 1.5"), (HalfRange(), 1, "scaling=halfrange")):
        with pytest.raises(ValueError, match=said):
            fit(x, LevelGrid.of(E2M1, p), scaling)
    for s, said in ((nm(2, 4), "at most 256 masks, rows of 16 under .* have 1296"), (threshold(1), "no budget")):
        with pytest.raises(ValueError, match=said):
            BEST.of(Case(np.ones((1, 16)), int_(4), s))
    with pytest.raises(ValueError, match="p < ∞"):
        LevelGrid.of(E2M1, np.inf)
    assert optimum(np.zeros((0, 4)), int_(4), nm(2, 4)).errors.shape == (0,)


@pytest.mark.parametrize("p", [0.5, 1, 2])
@pytest.mark.parametrize("scaling", [AbsMax(), PowerOfTwo()], ids=str)
def test_no_fine_grid_of_scales_beats_the_fit_of_an_asymmetric_grid(p: float, scaling: Scaling) -> None:
    x, grid = np.random.default_rng(6).standard_normal((40, 6)), LevelGrid.of(NF4, p)
    scales, images = fit(x, grid, scaling)
    assert (np.abs(images / scales[:, None] - grid.codes(x, scales[:, None])) < 1e-12).all()
    sigma = np.geomspace(1e-2, 100, 8000) if isinstance(scaling, AbsMax) else 2.0 ** np.arange(-12, 8)
    scanned = np.stack([grid.lost(x, t * grid.codes(x, np.array([[t]]))) for t in sigma]).min(axis=0)
    lost = grid.lost(x, images)
    assert (lost <= scanned * (1 + 1e-12)).all()
    assert lost == pytest.approx(scanned, rel=0.05 if p < 1 else 1e-2)

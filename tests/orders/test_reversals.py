"""Each hypothesis of the theorems on one tensor, dropped: small numbers where the conclusion then fails.

``prune_first_dominates`` needs one scale per group, Σ and Z closed and a quantizer that keeps the order of
magnitudes; ``prune_first_bound`` needs Σ and Z closed; Q→S never had a bound of that kind.
"""

import math
from collections.abc import Callable

import numpy as np
import pytest

from sqtheory.alphabet.formats import E2M1, INT4, NF4, Codebook
from sqtheory.alphabet.operators import IDENTITY
from sqtheory.alphabet.partition import Blocks, Rows
from sqtheory.alphabet.quantizers import Quantizer, bcq, cast, hbfp, int_, mxfp, nf4, scaled
from sqtheory.alphabet.rounding import Rounding, ceil, floor, stochastic, toward_zero
from sqtheory.alphabet.scaling import HalfRange, Percentile, mse
from sqtheory.alphabet.scores import given as given_score
from sqtheory.alphabet.sparsifiers import Sparsifier, blockwise, fixed, nm, threshold, top
from sqtheory.alphabet.ties import adversarial, by_original, high_index, low_index
from sqtheory.alphabet.traits import KEEPS_ZERO, MONOTONE
from sqtheory.orders import channels
from sqtheory.orders.report import OrderReport, compare
from tests.nightly import often

NINE = Codebook("nine", tuple(float(v) for v in range(-4, 5)))
CONVEX = (1, 2, 3, math.inf)


def open_channels(x: list[float], s: Sparsifier, q: Quantizer) -> str:
    return channels.explain(x, s, q).open


def test_a_group_over_several_scales() -> None:
    """order_reversal (i): 0.45 lies below half a step of its block, 0.44 close to a value of its own."""
    x, s, q = [7, 0.45, 0.44, 0.9], top(3), hbfp(4, block=2)
    assert q(x).tolist() == [7, 0, 0.5, 0.875]
    found = compare(x, s, q, 1)
    assert found.errors.sq == pytest.approx(0.915, rel=1e-15)
    assert found.errors.qs == pytest.approx(0.535, rel=1e-15)
    assert found.errors.gain == found.errors.qs
    assert [compare(x, s, q, p).winner for p in CONVEX] == ["qs", "qs", "qs", "equal"]
    assert open_channels(x, s, q) == "M"
    assert not channels.explain(x, s, q).one_scale_per_group
    assert not channels.explain(x, s, q).prune_first_dominates


@pytest.mark.parametrize(
    "s", [fixed([False, True, True]), top(2, score=given_score([0, 1, 1]))], ids=["fixed mask", "given score"]
)
def test_a_mask_that_drops_the_maximum(s: Sparsifier) -> None:
    """order_reversal (ii): the 4.0078 of the design is the L2 norm; (4, 3, 1) is on the grid until the 4 goes."""
    x, q = [4.0, 3, 1], scaled(NINE)
    assert q(x).tolist() == x
    assert (s >> q)(x).tolist() == [0, 3, 0.75]
    errors = {p: compare(x, s, q, p).errors for p in CONVEX}
    assert {p: (e.sq, e.qs) for p, e in errors.items() if p != 3} == {
        1: (4.25, 4),
        2: (math.sqrt(16.0625), 4),
        math.inf: (4, 4),
    }
    assert errors[2].sq == pytest.approx(4.0078, abs=5e-5)
    assert errors[3].sq == pytest.approx((64 + 1 / 64) ** (1 / 3), rel=1e-15)
    assert all(e.sq_dense == e.qs == e.s + e.q for e in errors.values())
    assert [compare(x, s, q, p).winner for p in CONVEX] == ["qs", "qs", "qs", "equal"]
    assert open_channels(x, s, q) == "Σ"


def test_additive_bound_without_the_scale() -> None:
    """Σ is necessary for prune_first_bound: (7, 3, 1, 0) is exact in INT4 until the 7 is masked."""
    found = compare([7, 3, 1, 0], fixed([False, True, True, True]), int_(4), 1)
    assert (found.bound, found.errors.qs) == (7, 7)
    assert found.errors.sq == pytest.approx(7 + 1 / 7, rel=1e-15)


def test_an_asymmetric_codebook() -> None:
    """order_reversal (iii): 61/512 falls to NF4's level 0.0796, the smaller 15/128 with a minus sign reaches 0.0911."""
    x, s, q = [1, 0, 61 / 512, -15 / 128], nm(2, 4), nf4()
    below, above = NF4.levels[8], -NF4.levels[6]
    assert q(x).tolist() == [1, 0, below, -above]
    found = compare(x, s, q, 1)
    assert found.errors.sq == pytest.approx(61 / 512 - below + 15 / 128, rel=1e-15)
    assert found.errors.qs == pytest.approx(61 / 512 + 15 / 128 - above, rel=1e-15)
    assert [compare(x, s, q, p).winner for p in CONVEX] == ["qs", "qs", "sq", "sq"]
    assert MONOTONE not in q.traits
    assert open_channels(x, s, q) == "M"


def test_half_range_integers_without_their_last_negative_entry() -> None:
    """order_reversal (iv): nothing is negative once −0.1 is pruned, so the survivors saturate at half the maximum."""
    x, s, q = [1, 0.9, 0.8, -0.1], nm(3, 4), int_(8, scaling=HalfRange())
    assert (s >> q)(x) == pytest.approx([127 / 255, 127 / 255, 127 / 255, 0], rel=1e-15)
    assert (q >> s)(x) == pytest.approx([2 * c / 255 for c in (127, 115, 102, 0)], rel=1e-15)
    found = compare(x, s, q, 1)
    assert found.errors.sq == pytest.approx(2.8 - 381 / 255, rel=1e-14)
    assert found.errors.qs == pytest.approx(0.1 + 1.5 / 255, rel=1e-14)
    assert found.excess_sq > 1
    assert {compare(x, s, q, p).winner for p in CONVEX} == {"qs"}
    report = channels.explain(x, s, q)
    assert (report.open, report.saturated) == ("Σ", 1)
    assert channels.explain([1, 0.9, 0.8, 0], s, q).saturated == 1


@pytest.mark.parametrize(
    ("x", "s", "q", "p", "errors"),
    [
        ([10, 12, 1, 42], nm(2, 4), int_(4), 1, (11, 3, 11, 15)),
        ([-5 / 8, -3 / 8], nm(1, 2, ties=high_index), hbfp(3, block=2), 1, (3 / 8, 1 / 4, 1 / 2, 3 / 4)),
        ([0, 5.5, 7, -6.5], nm(2, 4), int_(4), 2, (5.5, math.sqrt(0.5), math.sqrt(30.5), math.sqrt(42.5))),
    ],
    ids=["six times (5/3, 2, 1/6, 7)", "HBFP", "L2"],
)
def test_quantizing_first_beyond_the_sum_of_both_errors(
    x: list[float], s: Sparsifier, q: Quantizer, p: float, errors: tuple[float, float, float, float]
) -> None:
    """quantize_first_separation: a tie of q(x) goes the wrong way, nothing else is needed."""
    found = compare(x, s, q, p)
    assert (found.errors.s, found.errors.q, found.errors.sq, found.errors.qs) == errors
    assert found.errors.qs > found.bound
    assert found.errors.sq <= found.bound
    assert found.swaps == 1
    assert (open_channels(x, s, q), channels.explain(x, s, q).tied) == ("M", 1)


def test_the_same_witness_in_thirds() -> None:
    """(5/3, 2, 1/6, 7) in INT4: 5/2 against 11/6 + 1/2 = 7/3."""
    found = compare([5 / 3, 2, 1 / 6, 7], nm(2, 4), int_(4), 1)
    assert found.errors.qs == pytest.approx(5 / 2, rel=1e-15)
    assert found.bound == pytest.approx(7 / 3, rel=1e-15)
    assert found.errors.sq == pytest.approx(11 / 6, rel=1e-15)


def test_mask_groups_that_straddle_scale_blocks() -> None:
    """The 7 leads the second block of 6 but is third in its group of 4, where two 14s of the first block stay."""
    x, q = [0, 0, 0, 0, 14, 14, 7, 0, 3, 1, 0, 0], int_(4, block=6)
    found = compare(x, nm(2, 4), q, 1)
    assert (found.bound, found.errors.qs, found.winner) == (7, 7, "qs")
    assert found.errors.sq == pytest.approx(7 + 1 / 7, rel=1e-15)
    assert open_channels(x, nm(2, 4), q) == "Σ"
    assert open_channels(x, nm(3, 4), q) == "–"


def test_no_value_for_zero() -> None:
    """Z is necessary for prune_first_bound: (3, −1) are levels, and the pruned entry comes back as +1."""
    x, s, q = [3, -1], nm(1, 2), bcq(2)
    found = compare(x, s, q, 1)
    assert (found.errors.s, found.errors.q, found.errors.sq, found.errors.qs) == (1, 0, 2, 1)
    assert KEEPS_ZERO not in q.traits
    assert open_channels(x, s, q) == "Z"
    with_zero = compare(x, s, bcq(2, zero=True), 1)
    assert (with_zero.errors.sq, with_zero.errors.qs) == (1, 1)


@pytest.mark.parametrize("sign", [1, -1])
def test_floor_and_ceil_reverse_the_order_on_data_of_both_signs(sign: int) -> None:
    """One scale per group, Σ and Z closed, and still: 2.875 falls to 2, the smaller −2.8125 to −3.

    theory.md lets floor and ceil qualify for ``monotone``; they keep the order of magnitudes on one sign only.
    """
    x, s = [sign * v for v in (7, 2.875, -2.8125, 0)], nm(2, 4)
    q = int_(4, rounding=floor if sign > 0 else ceil)
    assert q(x).tolist() == [sign * v for v in (7, 2, -3, 0)]
    sums = {p: compare(x, s, q, p).errors for p in (1, 2)}
    assert (sums[1].sq, sums[1].qs) == (3.6875, 3.0625)
    assert (sums[2].sq, sums[2].qs) == (math.sqrt(8.67578125), math.sqrt(8.30078125))
    assert MONOTONE not in q.traits
    report = channels.explain(x, s, q)
    assert (report.open, report.one_scale_per_group, report.prune_first_dominates) == ("M", True, False)
    assert compare([2.875, -2.8125], nm(1, 2), cast(INT4, rounding=floor), 1).winner == "qs"


@pytest.mark.parametrize("rounding", [floor, ceil, toward_zero], ids=str)
@pytest.mark.parametrize("p", CONVEX)
def test_rounding_one_way_is_harmless_where_it_keeps_the_order_of_magnitudes(rounding: Rounding, p: float) -> None:
    rng = np.random.default_rng(4)
    for ties in (low_index, high_index, by_original, adversarial):
        x = rng.integers(-100, 101, (64, 64)) / 8
        x = x if rounding == toward_zero else np.abs(x) if rounding == floor else -np.abs(x)
        for q in (int_(4, rounding=rounding), mxfp(E2M1, rounding=rounding), hbfp(4, rounding=rounding)):
            found = compare(x, nm(2, 4, ties=ties), q, p, per_group=True)
            assert found.winner != "qs"
            assert found.groups is not None
            assert found.groups.reversed_groups == 0


def test_stochastic_rounding_inverts_true_orders() -> None:
    """63/16 may fall to 3 while 31/8 rises to 4: Q→S then keeps the smaller, and may be the better order."""
    x, s = np.array([7, 63 / 16, 31 / 8, 0]), nm(2, 4)
    q = int_(4, rounding=stochastic(np.random.default_rng(0)))
    reports = [compare(x, s, q, 1) for _ in range(400)]
    assert {r.winner for r in reports} == {"sq", "qs", "equal"}
    assert {r.errors.sq for r in reports} == {61 / 16 + 1 / 8, 61 / 16 + 1}
    assert {r.swaps for r in reports} == {0, 1}
    images = np.array([q(x) for _ in range(400)])
    assert 0 < np.count_nonzero(images[:, 1] < images[:, 2]) < 100
    assert MONOTONE not in q.traits
    assert not channels.explain(x, s, q).prune_first_dominates


def test_the_expected_error_of_stochastic_rounding_splits() -> None:
    """stochastic_rounding: E‖ε_{S→Q}‖₁ = ‖x_P‖₁ + Σ_K E|ε_q|, where E|ε_q| = 2f(1 − f) for the fraction f."""
    x = np.tile([7, 2.25, 3.5, 1.75], 3000)
    q = int_(4, block=4, rounding=stochastic(np.random.default_rng(1)))
    found = compare(x, nm(2, 4), q, 1)
    expected = 3000 * (2.25 + 1.75 + 2 * 0.5 * 0.5)
    assert found.errors.sq == pytest.approx(expected, rel=1e-12)  # a midpoint errs by 1/2 whichever way it goes
    mixed = compare(np.tile([7, 1.75, 3.25, 0.5], 3000), nm(2, 4), q, 1)
    mean, deviation = 3000 * (2.25 + 2 * 0.25 * 0.75), math.sqrt(3000 * 0.25**2 * 0.75)
    assert abs(mixed.errors.sq - mean) < 6 * deviation


SCALINGS: dict[str, tuple[list[float], Sparsifier, Quantizer]] = {
    "percentile": ([8, 4, 2, 1], nm(2, 4), int_(4, scaling=Percentile(50))),
    "mse": ([8, 4, 4, 4, 4, 4, 4, 4], nm(1, 8), int_(3, scaling=mse(20))),
    "threshold over rows": ([4, 3, 1, 0], threshold(3.5, score=given_score([0, 9, 9, 9])), scaled(NINE)),
    "units inside a block": ([3, 3, 4, 0], blockwise(0.5, per=Blocks(2)), scaled(NINE)),
}


@pytest.mark.parametrize("name", SCALINGS)
def test_other_ways_to_move_a_scale(name: str) -> None:
    x, s, q = SCALINGS[name]
    assert "Σ" in open_channels(x, s, q)


def reversals(q: Callable[[], Quantizer], s: Sparsifier, p: float, x: np.ndarray[tuple[int, ...], np.dtype]) -> int:
    rows = [compare(row, s, q(), p) for row in x]
    return sum(isinstance(r, OrderReport) and r.winner == "qs" for r in rows)


@pytest.mark.parametrize("p", [1, 2])
def test_reversals_are_no_rarity_where_a_hypothesis_fails(p: float) -> None:
    """Counted on the same data: none where the theorem applies, some wherever one of its hypotheses is dropped."""
    x = np.random.default_rng(9).standard_normal((often(60), 16))
    s = nm(2, 4)
    assert reversals(lambda: int_(3), s, p, x) == 0
    dropped = {
        "one scale per group": (lambda: int_(3, block=2), s),
        "Σ": (lambda: int_(3), nm(2, 4, score=given_score(np.tile([1, 0, 1, 0], 4)))),
        "Z": (lambda: bcq(2), top(0.5, per=Rows())),
        "monotone": (lambda: int_(3, rounding=floor), s),
    }
    counts = {name: reversals(q, mask, p, x) for name, (q, mask) in dropped.items()}
    assert min(counts.values()) > 0, counts


def test_the_identity_has_no_order() -> None:
    found = compare([4, 3, 1], nm(1, 3), IDENTITY, 1)
    assert (found.errors.sq, found.errors.qs, found.errors.q, found.winner) == (4, 4, 0, "equal")

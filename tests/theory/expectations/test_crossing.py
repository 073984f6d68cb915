"""Where rounding and pruning err alike: closed forms, samples, and the table's own order."""

import numpy as np
import pytest
from scipy import stats

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.theory.expectations import Normal, ScipyDensity, expected_cut_square, expected_pruned_square
from sqtheory.theory.expectations.crossing import NARROWEST, WIDEST, crossing, largest_square


@pytest.mark.parametrize("kept", [0.9, 0.5, 0.25])
def test_what_a_cut_loses_of_normals_has_a_closed_form(kept: float) -> None:
    """∫_{−t}^{t} x² φ(x) dx = P(|x| ≤ t) − 2 t φ(t); the quadrature has at least ten digits."""
    t = stats.norm.ppf(1 - kept / 2)
    assert expected_cut_square(Normal(), kept) == pytest.approx(1 - kept - 2 * t * stats.norm.pdf(t), rel=1e-10)
    assert expected_cut_square(Normal(3.0), kept) == pytest.approx(9 * expected_cut_square(Normal(), kept), rel=1e-12)


def test_a_cut_is_the_limit_of_masks_in_large_groups() -> None:
    near = [expected_pruned_square(Normal(), m // 2, m) / expected_cut_square(Normal(), 0.5) - 1 for m in (64, 256)]
    assert 0 < near[1] < near[0] < 0.06
    assert near[0] / near[1] == pytest.approx(4, rel=0.05)


def test_the_largest_of_two_normals() -> None:
    """Of two independent normals E max(x², y²) = 1 + 2/π, as |x² − y²| is twice a product of two normals."""
    assert largest_square(Normal(), 2) == pytest.approx(1 + 2 / np.pi, rel=1e-9)


def test_sides_of_the_crossing_are_those_of_samples() -> None:
    x = np.random.default_rng(0).standard_normal((6000, 32))
    for mask, s, pruned in (
        ("2:4", nm(2, 4), expected_pruned_square(Normal(), 2, 4)),
        ("keeps 90%", top(0.9), expected_cut_square(Normal(), 0.9)),
    ):
        found = crossing(Normal(), mask, pruned, 32)
        lost = np.mean((x - s(x)) ** 2)
        for bits, ratio in ((found.bits, found.at), (found.bits - 1, found.before)):
            image = int_(bits, block=32)(x)
            per_row = np.mean((x - image) ** 2, axis=1)
            assert abs(per_row.mean() - ratio * found.pruned) < 4 * per_row.std() / np.sqrt(len(x))
            assert (per_row.mean() < lost) == (bits == found.bits)


def test_the_law_names_the_width() -> None:
    """The exact width is the law's, rounded up; of Laplace's under 2:4 the law says 3.008, where 3 bits are enough."""
    for density, room in ((Normal(), 0.0), (ScipyDensity(stats.laplace()), 0.01)):
        for n, m in ((7, 8), (2, 4)):
            found = crossing(density, f"{n}:{m}", expected_pruned_square(density, n, m), 32)
            assert found.at < 1 <= found.before
            assert found.bits - 1 < found.law < found.bits + room


def test_the_ends_of_the_widths() -> None:
    harsh = crossing(Normal(), "all", 0.9, 32)
    assert harsh.bits == NARROWEST and harsh.before == np.inf
    with pytest.raises(ValueError, match=f"rounding to {WIDEST} bits in blocks of 32 still errs more than almost none"):
        crossing(Normal(), "almost none", 1e-14, 32)
    with pytest.raises(ValueError, match="share between 0 and 1"):
        expected_cut_square(Normal(), 1.0)
    with pytest.raises(ValueError, match="no second moment"):
        largest_square(ScipyDensity(stats.t(2)), 8)

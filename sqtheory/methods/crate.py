"""CRATE: transformers whose attention lowers a coding rate and whose next layer makes codes sparse."""

import numpy as np

from sqtheory.alphabet.coding_rate import coding_rate, rate_gradient, rate_of_levels, sparse_step
from sqtheory.alphabet.quantizers import int_
from sqtheory.arrays import Array
from sqtheory.methods.channel import OrderChannel
from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference

D = np.array([[3.0, 4, 0], [-4, 3, 0], [0, 0, 5]]) / 5
LATER, EARLIER = np.array([[6.0], [3.5], [7]]), np.array([[6.0], [-2], [6]])
ALIKE, Q = np.ones((2, 2)), int_(3)


def lead(z: Array) -> float:
    """How much less of the step is lost by rounding what comes out of it than by rounding what it is given."""
    exact = sparse_step(z, D, 1.0, 1.0)
    last, first = Q(exact.T).T, sparse_step(Q(z.T).T, D, 1.0, 1.0)
    return float(np.linalg.norm(exact - first) - np.linalg.norm(exact - last))


def gradient_is_its_slope() -> bool:
    """The rate moves by the gradient's entry, to the second order."""
    moved = EARLIER + np.array([[1e-4], [0], [0]])
    back = EARLIER - np.array([[1e-4], [0], [0]])
    slope = (coding_rate(moved, 2.0) - coding_rate(back, 2.0)) / 2e-4
    return bool(abs(slope - rate_gradient(EARLIER, 2.0)[0, 0]) <= 1e-6)


def codes_bound_rates() -> bool:
    """Three bits, Δ = 2: the rate of the codes at the distortion of rounding is below ½ log(1 + 12·3²) an entry."""
    codes = np.array([[6.0, -6, 2], [4, 0, -6]])
    return coding_rate(codes, (2 * 4 / 12) ** 0.5) <= 2 * rate_of_levels(3)


def a_mask_can_raise_it() -> bool:
    """Two equal columns have a lower rate than what is left of them when each keeps another entry."""
    return coding_rate(ALIKE * np.eye(2), 0.1) > coding_rate(ALIKE, 0.1) + 1


METHOD = Idea(
    name="crate",
    title="CRATE: a coding rate lowered, then a step towards sparse codes",
    source=Reference(
        "yu2023crate",
        "Ma-Lab-Berkeley/CRATE: the step 0227249, model/crate.py, the rate 5e20d53, vis_utils/coding_rate.py",
    ),
    computes="the coding rate, its gradient, what codes of so many levels bound it by, and the sparse step.",
    outside="attention as an approximate gradient step, trained dictionaries.",
    evidence=(
        Runs("α (I + α Z Zᵀ)⁻¹ Z is the slope of the rate", OrderVerdict.none, gradient_is_its_slope),
        Runs(
            "b bits an entry bound the rate at the distortion of their rounding", OrderVerdict.none, codes_bound_rates
        ),
        Runs("masking entries can raise the rate: sparse is not yet cheap", OrderVerdict.none, a_mask_can_raise_it),
        Runs("rounding before the step passes through its products", OrderVerdict.holds, lambda: lead(LATER) > 1),
        Runs(
            "… and costs nothing where inputs lie on a grid that their products leave",
            OrderVerdict.fails,
            lambda: lead(EARLIER) < -1,
            through=(OrderChannel.operand,),
        ),
    ),
)

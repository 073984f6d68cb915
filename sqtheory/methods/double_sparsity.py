"""Double Sparsity: tokens are chosen by a few channels of their keys, held in few bits; attention reads these alone."""

import numpy as np

from sqtheory.alphabet.key_labels import WIDEST, chosen, largest, safe_bits
from sqtheory.methods.channel import OrderChannel
from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import cache_eviction, softmax_shift

THREE, ONES = np.arange(3), np.ones(4)
PASSED_OVER = np.array([[-2.0, 0, 2, 0], [0, 0, -1, 2]])
"""By all channels the second key is the larger, by three the first; in one bit the second again."""
CLEAR = np.array([[0.0, 3, 2, 0], [0, 0, 2, 0], [2, 1, 4, 0]])


def bits_suffice() -> bool:
    """Of CLEAR the labels choose right with as many bits as are safe, or more, and not with one."""
    true, safe = largest(CLEAR @ ONES, 1), safe_bits(ONES, CLEAR, THREE, 1)
    right = [np.array_equal(chosen(ONES, CLEAR, THREE, 1, bits), true) for bits in range(1, WIDEST + 1)]
    return safe is not None and all(right[safe - 1 :]) and not right[0]


def rounded_choose_better() -> bool:
    """Of PASSED_OVER labels of one bit choose the largest key, labels as they are another."""
    true = largest(PASSED_OVER @ ONES, 1)
    whole, rounded = (chosen(ONES, PASSED_OVER, THREE, 1, bits) for bits in (None, 1))
    return bool(np.array_equal(rounded, true) and not np.array_equal(whole, true))


METHOD = Idea(
    name="double_sparsity",
    title="Double Sparsity: tokens chosen by few channels of their keys, in few bits",
    source=Reference("yang2024double", "abstract; andy-yang-1/DoubleSparse 33be72e, config/offline_calibration.py"),
    computes="the channels, the tokens that their rounded labels choose, and the fewest bits safe for a query.",
    outside="speed, offloading.",
    rests_on=(cache_eviction.THEOREM, softmax_shift.THEOREM),
    evidence=(
        Runs(
            "where the gap at the cut is twice what channels left out and rounding can do, tokens stay",
            OrderVerdict.none,
            bits_suffice,
        ),
        Runs(
            "tokens chosen before labels are rounded can be the worse ones: both errors can cancel",
            OrderVerdict.fails,
            rounded_choose_better,
            through=(OrderChannel.selection,),
        ),
    ),
)

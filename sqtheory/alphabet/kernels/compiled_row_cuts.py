"""Where rows of float32 numbers are cut, each a group of whole scale blocks, in machine code (extra ``fast``).

A row stays in the second cache with what ranks its entries, all as integers that compare like it; their k-th largest
is bracketed by counts, first around the cut of the row before.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.kernels.compiled_cuts import STRIP, quantized
from sqtheory.alphabet.kernels.compiled_loop import loop
from sqtheory.alphabet.kernels.compiled_ranking import gained

EVERY_TIE = 1 << 40
"""More ties than a row has."""
NO_KEY = -1
"""Below every key: all ties stay."""
STEPS = 6
"""So many cuts are tried before every third halves what is between."""
WIDEST, WIDEST_REACH = 4e18, 1 << 61
"""The largest step between two cuts that are tried, and from the cut of the row before."""
f4, f8, i4, i8 = np.float32, np.float64, np.int32, np.int64
SIZES_END, GAINS_END = 0x7F800000, 6 * 10**18
"""Above the bits of finite float32 numbers; above the ordered bits of all gains of such."""
__all__ = ["EVERY_TIE", "NO_KEY", "RowCuts", "RowWork", "cut_rows", "kth"]


class RowWork(NamedTuple):
    """What ranks the entries of one row, as integers, and the keys of its ties."""

    sizes: NDArray[np.int32]
    images: NDArray[np.int32]
    gains: NDArray[np.int64]
    ties: NDArray[np.int32]


class RowCuts(NamedTuple):
    """What is found, by ranking and row (3, rows), as in a ``Cuts``; the gain at the cut by its ordered bits."""

    scores: NDArray[np.int64]
    keys: NDArray[np.int32]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    tied: NDArray[np.uint8]


@loop
def _at_least(scores, cut, wide):  # type: ignore[no-untyped-def]
    """How many scores are no less than a cut; ``wide`` has length 1 for integers of 64 bits."""
    if len(wide):
        count = i8(0)
        for i in range(scores.size):
            count += i8(1) if scores[i] >= cut else i8(0)
        return count
    narrow, least = i4(0), i4(cut)
    for i in range(scores.size):
        narrow = i4(narrow + (i4(1) if scores[i] >= least else i4(0)))
    return i8(narrow)


@loop
def _neighbours(scores, cut, low, high):  # type: ignore[no-untyped-def]
    """The least score from a cut on, or ``high``, and one more than the largest below it, or ``low``."""
    least, most = high, low
    for i in range(scores.size):
        score = i8(scores[i])
        least = score if (score >= cut) & (score < least) else least
        most = score + 1 if (score < cut) & (score >= most) else most
    return least, most


@loop
def kth(scores, wide, k, low, high, guess, reach):  # type: ignore[no-untyped-def]
    """A cut of scores in [low, high) for their k largest, 0 < k < n: how many above it stay, and its ties.

    Where exactly k scores reach it, all of these count as above, and none as a tie.
    """
    above, below, turn = i8(scores.size), i8(0), 0  # so many scores are at least ``low``, and at least ``high``
    bottom, top, cut = low, high, guess
    while above != k and below != k and high - 1 > low:
        if turn and (low == bottom or high == top) and turn <= STEPS:
            cut = guess - reach if low == bottom else guess + reach
            reach = min(reach << 2, WIDEST_REACH)
        elif turn:
            cut = low + i8(min((f8(high) - f8(low)) * (f8(above - k) / f8(above - below)), WIDEST))
        halves = turn % 3 == 2 and turn > STEPS
        cut = min(max((low >> 1) + (high >> 1) if halves else cut, low + 1), high - 1)
        least, most = _neighbours(scores, cut, low, high) if halves else (cut, cut)
        count = _at_least(scores, cut, wide)
        if count >= k:
            low, above = least, count
        else:
            high, below = most, count
        turn += 1
    if above == k or below == k:
        return low if above == k else high, k, i8(0)
    return low, below, above - below


@loop
def _ranks(x, start, scales, run, square, rounding, work, row):  # type: ignore[no-untyped-def]
    """What ranks the entries of a row of x that starts there."""
    for at in range(0, row.sizes.size, STRIP):
        n = min(STRIP, row.sizes.size - at)
        quantized(x, start + at, n, scales, run, rounding, work)
        gained(work.x, work.y, n, square, work.gains)
        row.sizes[at : at + n] = work.x[0, :n].view(i4)
        row.images[at : at + n] = work.y[0, :n].view(i4)
        gains, bits = row.gains[at : at + n], work.gains[0, :n].view(i8)
        for r in range(n):
            gains[r] = bits[r] if bits[r] >= 0 else i8(bits[r] ^ i8(0x7FFFFFFFFFFFFFFF))


@loop
def _settled(scores, wide, k, by_key, low_index, dull, end, guess, reach, row, ranking, at, found):  # type: ignore[no-untyped-def]
    """The cut of one ranking of row ``at``; returns its score."""
    cut, above, ties = kth(scores, wide, k, -end, end, guess, reach)
    wanted, tied, key = k - above, ties > k - above, NO_KEY
    if by_key and tied and cut != dull:
        count = 0
        for i in range(scores.size):
            if scores[i] == cut:
                row.ties[count] = row.sizes[i]
                count += 1
        least, more, ties = kth(row.ties[:count], (), wanted, i8(-1), i8(SIZES_END), i8(0), i8(1))
        key, wanted = (least, wanted - more) if ties else (least - 1, i8(0))
        exact = ties == 0
    else:
        exact = False
    first = 0 if low_index or exact else ties - wanted
    found.scores[ranking, at], found.keys[ranking, at], found.tied[ranking, at] = cut, key, tied
    found.first[ranking, at] = first
    found.last[ranking, at] = first + wanted if ties or exact else EVERY_TIE
    return cut


@loop
def cut_rows(x, scales, run, square, rounding, k, by_key, low_index, dull, work, row, found):  # type: ignore[no-untyped-def]
    """Cut the rows of x (rows, n), so that k entries of each stay in every ranking.

    ``by_key``, ``low_index`` and ``dull``, by ranking: whether of ties the larger |x| stays, the lower of two equal
    indices, and the score of which any tie may stay.
    """
    guesses = np.array([SIZES_END >> 1, SIZES_END >> 1, GAINS_END >> 1], np.int64)
    reaches = np.array([1 << 20, 1 << 20, 1 << 50], np.int64)
    cuts = np.empty(3, np.int64)
    flat, most, high = x.reshape(-1), i8(SIZES_END), i8(GAINS_END)
    for at in range(x.shape[0]):
        _ranks(flat, at * x.shape[1], scales, run, square, rounding, work, row)
        for i, scores in ((0, row.sizes), (1, row.images)):
            cuts[i] = _settled(
                scores, (), k, by_key[i], low_index[i], dull[i], most, guesses[i], reaches[i], row, i, at, found
            )
        cuts[2] = _settled(
            row.gains, (1,), k, by_key[2], low_index[2], dull[2], high, guesses[2], reaches[2], row, 2, at, found
        )
        for i in range(3):
            moved = min(abs(cuts[i] - guesses[i]), reaches[i] << 1)
            reaches[i] = min(max(1, reaches[i] - (reaches[i] >> 2) + moved), WIDEST_REACH)
            guesses[i] = cuts[i]

"""Both orders on short groups of float32 numbers in machine code (extra ``fast``): all of a tile in a strip at a time.

A strip stays in the first cache, as columns (m, groups): entry j of every group side by side. Its loops are short, of
few arrays, and add up integers only, so that they vectorize. Terms t < 2^e are added as the bits of t + 2^e and of
what that sum rounds away plus 1.5·2^{e−52}: integers, exact in any order as long as no term needs bits below 2^{e−104}.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.kernels.compiled_loop import loop
from sqtheory.alphabet.kernels.compiled_ranking import columns, compared, gained, ranked, ranked_by_key

STRIP = 2048
"""Entries of a strip."""
DUST = 28
"""Numbers below 2^−DUST of a strip's largest are added apart."""
LENGTHS = (2, 4, 8)
"""Groups of so many entries are ranked in registers."""
TOTALS = 6
"""Sums of a strip, two integers each: x, s, q, S→Q, and what Q→S and the optimum have more."""
COUNTS = 4
"""Counts of a strip: groups tied at the cut, groups with a moved entry, moved entries, swaps."""
f4, f8, i4, i8 = np.float32, np.float64, np.int32, np.int64


class LoopRounding(NamedTuple):
    """How ratios are rounded: to whole numbers by ``magic``, by their exponent, or by the cuts between levels."""

    kind: int
    low: np.float32
    high: np.float32
    magic: np.float32
    least: np.int32
    lift: np.int32
    cuts: NDArray[np.float32]
    levels: NDArray[np.float32]


class Workspace(NamedTuple):
    """Columns of one strip, and one entry for each of its groups."""

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    gains: NDArray[np.float64]
    scales: NDArray[np.float32]
    kept: NDArray[np.int32]
    moved: NDArray[np.int32]
    better: NDArray[np.int32]
    places: NDArray[np.int32]


class Dust(NamedTuple):
    """Entries that are added apart, and bits of who keeps them: S→Q 1, Q→S 2, the optimum 4."""

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    who: NDArray[np.uint8]


@loop
def rounded(v, n, scales, rounding, places):  # type: ignore[no-untyped-def]
    """|σ ρ(x/σ)| in place of x; one σ for every group."""
    m = v.shape[0]
    low, high, magic = rounding.low, rounding.high, rounding.magic
    least, lift, exponent = rounding.least, rounding.lift, i4(0x7F800000)
    for j in range(m):
        if rounding.kind == 0:
            for r in range(n):
                a = v[j, r] / scales[r]
                a = low if a < low else a
                a = high if a > high else a
                v[j, r] = abs(f4((a + magic) - magic)) * scales[r]
        elif rounding.kind == 1:
            for r in range(n):
                a = v[j, r] / scales[r]
                a = low if a < low else a
                a = high if a > high else a
                b = i4(f4(a).view(i4) & exponent)
                b = b if b > least else least
                c = i4(b + lift)
                a = f4(f4(a + i4(c).view(f4)) - i4(c).view(f4))
                v[j, r] = abs(a) * scales[r]
        else:
            places[:n] = 0
            for r in range(n):
                v[j, r] /= scales[r]
            for cut in rounding.cuts:
                for r in range(n):
                    places[r] = i4(places[r] + (i4(1) if v[j, r] >= cut else i4(0)))
            for r in range(n):
                v[j, r] = abs(rounding.levels[places[r]]) * scales[r]


@loop
def _summed(x, y, n, square, kept, lift, rest, out):  # type: ignore[no-untyped-def]
    """Add the integers of x, s, q and of the errors that S→Q keeps."""
    m = x.shape[0]
    for j in range(m):
        x0, x1, s0, s1 = i8(0), i8(0), i8(0), i8(0)
        q0, q1, e0, e1 = i8(0), i8(0), i8(0), i8(0)
        for r in range(n):
            size = f8(x[j, r])
            error = abs(size - f8(y[j, r]))
            if len(square):
                size, error = size * size, error * error
            h, g = size + lift, error + lift
            a0, a1 = f8(h).view(i8), f8(size - (h - lift) + rest).view(i8)
            b0, b1 = f8(g).view(i8), f8(error - (g - lift) + rest).view(i8)
            on = i4(kept[r] & i4(1 << j)) != 0
            x0 += a0
            x1 += a1
            s0 += i8(0) if on else a0
            s1 += i8(0) if on else a1
            q0 += b0
            q1 += b1
            e0 += b0 if on else i8(0)
            e1 += b1 if on else i8(0)
        out[0] += x0
        out[1] += x1
        out[2] += s0
        out[3] += s1
        out[4] += q0
        out[5] += q1
        out[6] += e0
        out[7] += e1


@loop
def _differing(x, y, n, square, kept, differ, places, lift, rest, out):  # type: ignore[no-untyped-def]
    """Add what another choice than ``kept`` has more, on the entries where it differs."""
    m = x.shape[0]
    found = 0
    for r in range(n):
        places[found] = r
        found += differ[r] != 0
    more, below = i8(0), i8(0)
    for at in range(found):
        r = places[at]
        for j in range(m):
            if differ[r] & (1 << j):
                size = f8(x[j, r])
                error = abs(size - f8(y[j, r]))
                if len(square):
                    size, error = size * size, error * error
                h, g = size + lift, error + lift
                first = f8(h).view(i8) - f8(g).view(i8)
                second = f8(size - (h - lift) + rest).view(i8) - f8(error - (g - lift) + rest).view(i8)
                more += first if kept[r] & (1 << j) else -first
                below += second if kept[r] & (1 << j) else -second
    out[0] += more
    out[1] += below


@loop
def _least_bits(x, n):  # type: ignore[no-untyped-def]
    """The bits of the least number that is not 0, less one; of sizes."""
    m = x.shape[0]
    least = i4(0x7FFFFFFF)
    for j in range(m):
        for r in range(n):
            bits = i4(i4(f4(x[j, r]).view(i4) - i4(1)) & i4(0x7FFFFFFF))
            least = bits if bits < least else least
    return least


@loop
def _top_bits(x, n):  # type: ignore[no-untyped-def]
    m = x.shape[0]
    top = i4(0)
    for j in range(m):
        for r in range(n):
            bits = f4(x[j, r]).view(i4)
            top = bits if bits > top else top
    return top


@loop
def _swept(x, y, n, kept, moved, better, floor, dust, found):  # type: ignore[no-untyped-def]
    """Take the entries below ``floor`` out of a strip."""
    m = x.shape[0]
    for j in range(m):
        for r in range(n):
            small = (x[j, r] != 0 and x[j, r] < floor) or (y[j, r] != 0 and y[j, r] < floor)
            if small:
                ours, bit = kept[r] >> j & 1, 1 << j
                theirs = ours ^ (1 if moved[r] & bit else 0)
                best = ours ^ (1 if better[r] & bit else 0)
                dust.x[found], dust.y[found], dust.who[found] = x[j, r], y[j, r], ours | theirs << 1 | best << 2
                found += 1
                x[j, r], y[j, r] = f4(0), f4(0)
    return found


@loop
def extent(x, y, n):  # type: ignore[no-untyped-def]
    """e such that all sizes of a strip are below 2^e, and below which some are added apart, or 0 where none is."""
    top = max(_top_bits(x, n), _top_bits(y, n))
    least = min(_least_bits(x, n), _least_bits(y, n))
    power = (top >> 23) - 126 if top >> 23 else -125
    return power, f4(2.0 ** (power - DUST)) if power - ((least + 1 >> 23) - 127) > DUST else f4(0)


@loop
def unlifted(own, entries, stay, lift, rest):  # type: ignore[no-untyped-def]
    """Take the lifts off the sums of a strip of which S→Q keeps ``stay`` entries."""
    for place, high in ((0, lift), (1, rest)):
        bits = f8(high).view(i8)
        own[0 + place] -= entries * bits
        own[2 + place] -= (entries - stay) * bits
        own[4 + place] -= entries * bits
        own[6 + place] -= stay * bits


@loop
def _added_up(n, square, stay, by_size, work, powers, totals, strip, dust, found):  # type: ignore[no-untyped-def]
    """Add up a strip of which ``stay`` entries are kept; returns how many entries are dust, those found before too.

    ``by_size``: the optimum keeps what S→Q keeps.
    """
    power, floor = extent(work.x, work.y, n)
    if floor > 0:
        found = _swept(work.x, work.y, n, work.kept, work.moved, work.better, floor, dust, found)
    power = 2 * power if len(square) else power
    lift, rest = 2.0**power, 1.5 * 2.0 ** (power - 52)
    powers[strip] = power
    own = totals[strip]
    own[:] = 0
    _summed(work.x, work.y, n, square, work.kept, lift, rest, own)
    unlifted(own, i8(n) * work.x.shape[0], stay, lift, rest)
    _differing(work.x, work.y, n, square, work.kept, work.moved, work.places, lift, rest, own[8:])
    if not by_size:
        _differing(work.x, work.y, n, square, work.kept, work.better, work.places, lift, rest, own[10:])
    return found


@loop
def tile(x, scales, run, k, lanes, ties, square, rounding, by_size, work, powers, totals, counts, dust):  # type: ignore[no-untyped-def]
    """Add up a tile of whole groups, ``run`` of which share a scale, none of them 0: strip by strip.

    ``powers``: e of every strip; ``totals`` (strips, 2·TOTALS) their integers, those of the lifts taken off.
    Returns how many entries are dust.
    """
    m = len(lanes)
    width, all_groups, found = work.scales.size, x.size // m, 0
    block, left = 0, run
    for strip in range(totals.shape[0]):
        first = strip * width
        n = min(width, all_groups - first)
        columns(x, first * m, n, lanes, work.x)
        r = 0
        while r < n:
            count = min(left, n - r)
            work.scales[r : r + count] = scales[block]
            r, left = r + count, left - count
            if left == 0:
                block, left = block + 1, run
        for j in range(m):
            for r in range(n):
                work.y[j, r] = work.x[j, r]
                work.x[j, r] = abs(work.x[j, r])
        rounded(work.y, n, work.scales, rounding, work.places)
        if len(ties) == 2:
            ranked(work.x, n, k, lanes, (), work.kept)
            ranked_by_key(work.y, work.x, n, k, lanes, work.moved)
        else:
            ranked(work.x, n, k, lanes, ties, work.kept)
            ranked(work.y, n, k, lanes, ties, work.moved)
        compared(work.y, n, lanes, work.kept, work.moved, counts)
        if by_size:
            work.better[:n] = 0
        else:
            gained(work.x, work.y, n, square, work.gains)
            ranked_by_key(work.gains, work.x, n, k, lanes, work.better)
            for r in range(n):
                work.better[r] ^= work.kept[r]
        found = _added_up(n, square, i8(n) * k, by_size, work, powers, totals, strip, dust, found)
    return found

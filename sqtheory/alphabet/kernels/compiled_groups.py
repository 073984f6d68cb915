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
"""Sums of a strip, two integers each: of x, of s, and what the errors of q, S→Q, Q→S, the optimum have more than x."""
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
            cuts, fours = rounding.cuts, rounding.cuts.size // 4 * 4
            for at in range(0, fours, 4):
                first, second, third, fourth = cuts[at], cuts[at + 1], cuts[at + 2], cuts[at + 3]
                for r in range(n):
                    a = v[j, r]
                    above = i4(i4(a >= first) + i4(a >= second)), i4(i4(a >= third) + i4(a >= fourth))
                    places[r] = i4(places[r] + i4(above[0] + above[1]))
            for cut in cuts[fours:]:
                for r in range(n):
                    places[r] = i4(places[r] + i4(v[j, r] >= cut))
            for r in range(n):
                v[j, r] = abs(rounding.levels[places[r]]) * scales[r]


@loop
def sized(x, square, code, bit, lift, rest, out):  # type: ignore[no-untyped-def]
    """Add the integers of entries, and of those without this bit in their code."""
    x0, x1, s0, s1 = i8(0), i8(0), i8(0), i8(0)
    for r in range(x.size):
        size = f8(x[r])
        if len(square):
            size = size * size
        h = size + lift
        a0, a1 = f8(h).view(i8) - f8(lift).view(i8), f8(size - (h - lift) + rest).view(i8) - f8(rest).view(i8)
        gone = i8((code[r] >> bit) & i4(1)) - i8(1)
        x0 += a0
        x1 += a1
        s0 += a0 & gone
        s1 += a1 & gone
    out[0] += x0
    out[1] += x1
    out[2] += s0
    out[3] += s1


@loop
def summed(x, y, square, codes, bits, lift, rest, out):  # type: ignore[no-untyped-def]
    """Add what errors have more than entries: of all, of those whose code has a bit, in each of three codes."""
    q0, q1, e0, e1, t0, t1, g0, g1 = i8(0), i8(0), i8(0), i8(0), i8(0), i8(0), i8(0), i8(0)
    first, second, third = codes
    for r in range(x.size):
        size = f8(x[r])
        error = abs(size - f8(y[r]))
        if len(square):
            size, error = size * size, error * error
        h, g = size + lift, error + lift
        d0 = f8(g).view(i8) - f8(h).view(i8)
        d1 = f8(error - (g - lift) + rest).view(i8) - f8(size - (h - lift) + rest).view(i8)
        ours, theirs = -i8((first[r] >> bits[0]) & i4(1)), -i8((second[r] >> bits[1]) & i4(1))
        best = -i8((third[r] >> bits[2]) & i4(1))
        q0 += d0
        q1 += d1
        e0 += d0 & ours
        e1 += d1 & ours
        t0 += d0 & theirs
        t1 += d1 & theirs
        g0 += d0 & best
        g1 += d1 & best
    out[0] += q0
    out[1] += q1
    out[2] += e0
    out[3] += e1
    out[4] += t0
    out[5] += t1
    out[6] += g0
    out[7] += g1


@loop
def spread(scales, block, left, run, out):  # type: ignore[no-untyped-def]
    """Give each of some entries its scale, the first ``left`` that of ``block``; returns where the next begin."""
    place = 0
    while place < out.size:
        part = out[place : min(place + left, out.size)]
        scale = scales[block]
        for i in range(part.size):
            part[i] = scale
        place, left = place + part.size, left - part.size
        if left == 0:
            block, left = block + 1, run
    return block, left


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
                ours, theirs, best = kept[r] >> j & 1, moved[r] >> j & 1, better[r] >> j & 1
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
def _added_up(n, square, told, work, powers, totals, strip, dust, found):  # type: ignore[no-untyped-def]
    """Add up a strip; returns how many entries are dust, those found before too. ``told``: x and s are known."""
    power, floor = extent(work.x, work.y, n)
    if floor > 0:
        found = _swept(work.x, work.y, n, work.kept, work.moved, work.better, floor, dust, found)
    power = 2 * power if len(square) else power
    lift, rest = 2.0**power, 1.5 * 2.0 ** (power - 52)
    powers[strip] = power
    own = totals[strip]
    own[:] = 0
    codes = work.kept[:n], work.moved[:n], work.better[:n]
    for j in range(work.x.shape[0]):
        sizes, images = work.x[j, :n], work.y[j, :n]
        if not told:
            sized(sizes, square, codes[0], i4(j), lift, rest, own)
        summed(sizes, images, square, codes, (i4(j), i4(j), i4(j)), lift, rest, own[4:])
    return found


@loop
def tile(x, scales, run, k, lanes, ties, square, rounding, by_size, told, work, powers, totals, counts, dust):  # type: ignore[no-untyped-def]
    """Add up a tile of whole groups, ``run`` of which share a scale, none of them 0: strip by strip.

    ``by_size``: the optimum keeps what S→Q keeps; ``told``: x and s are known. ``powers``: e of every strip; ``totals``
    (strips, 2·TOTALS) their integers. Returns how many entries are dust.
    """
    m = len(lanes)
    width, all_groups, found = work.scales.size, x.size // m, 0
    block, left = 0, run
    for strip in range(totals.shape[0]):
        first = strip * width
        n = min(width, all_groups - first)
        columns(x, first * m, n, lanes, work.x)
        block, left = spread(scales, block, left, run, work.scales[:n])
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
            for r in range(n):
                work.better[r] = work.kept[r]
        else:
            gained(work.x, work.y, n, square, work.gains)
            ranked_by_key(work.gains, work.x, n, k, lanes, work.better)
        found = _added_up(n, square, told, work, powers, totals, strip, dust, found)
    return found

"""The accumulations that have names: instructions of tensor cores, kernels made of them, and plain sums."""

import re
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches

from sqtheory.arithmetic.accumulation import Accumulation
from sqtheory.arithmetic.accumulator import Accumulator
from sqtheory.arithmetic.chaining import Promoted, TwoHalves
from sqtheory.arithmetic.operand import OPERANDS
from sqtheory.arithmetic.plain import exact, float32_pairwise, float32_sequential, float64
from sqtheory.arrays import Array, ArrayLike
from sqtheory.exceptions import SpellingError

GENERAL = re.compile(r"aligned\((\w+), group=(\d+), fraction=(\d+), significant=(\d+)(?:, promoted=(\d+))?\)", re.ASCII)


def wgmma(operand: str, *, sparse: bool = False) -> Accumulator:
    """The accumulator of ``wgmma.mma_async`` of an NVIDIA Hopper tensor core, dense or 2:4, measured on one.

    16 products of 16-bit operands, 8 of tf32 or 32 of 8-bit ones a group; F, P = 25, 24, for 8 bits 13, 14.
    """
    eight = operand in ("e4m3", "e5m2")
    group = {"tf32": 8, "e4m3": 32, "e5m2": 32}.get(operand, 16)
    return _instruction("wgmma", operand, group, (13, 14) if eight else (25, 24), sparse)


def mma_sync(operand: str, *, sparse: bool = False) -> Accumulator:
    """The accumulator of ``mma.sync`` on the same core: as ``wgmma``, but F, P = 25, 24 also for 8 bits.

    Those are added up in two halves of a span, from 0, whose sum is added to C in float32, to nearest.
    """
    if operand not in ("e4m3", "e5m2"):
        return replace(wgmma(operand, sparse=sparse), name=_name("mma_sync", operand, sparse))
    one = _instruction("mma_sync", operand, 32, (25, 24), sparse)
    return replace(one, chain=TwoHalves(8 if sparse else 4))


def aligned(operand: str, *, group: int, fraction: int, significant: int, promoted: int | None = None) -> Accumulator:
    """Any accumulator: L = ``group`` products, F = ``fraction`` and P = ``significant`` bits, one chain.

    With ``promoted`` so many products are a chain from 0, added to a float32 total in order: what libraries do that
    split K into runs of that length.
    """
    after = "" if promoted is None else f", promoted={promoted}"
    name = f"aligned({operand}, group={group}, fraction={fraction}, significant={significant}{after})"
    one = Accumulator(name, OPERANDS[_known(operand)], group, fraction, significant)
    return one if promoted is None else replace(one, chain=Promoted(promoted))


def bound(x: ArrayLike, w: ArrayLike, accumulator: str | Accumulation) -> Array:
    """|fl(X Wᵀ) − X Wᵀ| ≤ this, entry by entry, for an accumulation or its spelling: ``Accumulation.bound``.

    >>> round(float(bound([[1.0] * 64], [[1.0] * 64], "fp8_fast")[0, 0]), 9)  # (32 + 64) · 33 units of 2^−13
    0.38671875
    """
    return accumulation(accumulator).bound(x, w)


def _instruction(kind: str, operand: str, group: int, bits: tuple[int, int], sparse: bool) -> Accumulator:
    if sparse and operand not in ("bf16", "f16", "e4m3"):
        raise ValueError(f"2:4 instructions were measured for bf16, f16 and e4m3, not for {operand}")
    span = group * 2 if sparse else group
    return Accumulator(_name(kind, operand, sparse), OPERANDS[_known(operand)], group, *bits, span=span)


def _name(kind: str, operand: str, sparse: bool) -> str:
    return f"{kind}({operand}{', sparse' if sparse else ''})"


def _known(operand: str) -> str:
    if operand not in OPERANDS:
        raise ValueError(f"there is no operand {operand!r}: known are {', '.join(OPERANDS)}")
    return operand


fp8_fast = replace(wgmma("e4m3"), name="fp8_fast")
fp8_promoted = replace(wgmma("e4m3"), name="fp8_promoted", chain=Promoted(128))

ACCUMULATIONS: Mapping[str, Accumulation] = {
    str(one): one
    for one in (
        *(wgmma(o) for o in OPERANDS),
        *(wgmma(o, sparse=True) for o in ("bf16", "f16", "e4m3")),
        *(mma_sync(o) for o in OPERANDS),
        *(mma_sync(o, sparse=True) for o in ("bf16", "f16", "e4m3")),
        *(fp8_fast, fp8_promoted, exact, float32_sequential, float32_pairwise, float64),
    )
}
"""By their spelling."""
SHORT: Mapping[str, Accumulation] = {o: ACCUMULATIONS[f"wgmma({o})"] for o in ("bf16", "f16", "tf32")}
"""What a type alone is short for."""


def accumulation(text: str | Accumulation) -> Accumulation:
    """Read ``wgmma(e4m3)``, ``fp8_fast``, ``aligned(e4m3, group=32, fraction=13, significant=14)``, …

    ``bf16``, ``f16`` and ``tf32`` alone are short for ``wgmma`` of them.

    Raises SpellingError naming the nearest that there is, ValueError for parameters out of range.

    >>> print(accumulation("wgmma(bf16, sparse)"))
    wgmma(bf16, sparse)
    """
    if isinstance(text, Accumulation):
        return text
    words = re.sub(r"\s*([(),=])\s*", r"\1", text.strip()).replace(",", ", ")
    known = {**SHORT, **ACCUMULATIONS}
    if words in known:
        return known[words]
    if general := GENERAL.fullmatch(words):
        operand, *sizes = general.groups()
        group, fraction, significant, *promoted = (int(size) for size in sizes if size is not None)
        after = promoted[0] if promoted else None
        return aligned(operand, group=group, fraction=fraction, significant=significant, promoted=after)
    close = get_close_matches(words, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
    raise SpellingError(f"there is no accumulation {text[:40]!r}: {hint}", text, 0)

"""The accumulator of a tensor core: products and sum are aligned, cut, added exactly and cut again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, final

import numpy as np

from sqtheory.alphabet.kernels.engine import compiled
from sqtheory.arithmetic.accumulation import PRODUCTS, Accumulation, magnitudes, upward
from sqtheory.arithmetic.chaining import ONE_CHAIN, Chaining, Places
from sqtheory.arithmetic.operand import NO_EXPONENT, Exponents, Operand
from sqtheory.arrays import Array
from sqtheory.exceptions import need, whole

LEAST = -126
"""The exponent of the smallest normal number of float32, with which smaller ones count."""
FINEST = -149
"""The exponent of the smallest positive number of float32."""


@final
@dataclass(frozen=True)
class Accumulator(Accumulation):
    """C ← cut_P(Σ_k cut(x_k w_k) + cut(C)), group by group, cut at 2^{E−F}, E the largest exponent of what is added.

    Products are exact. Those of a group of ``span`` places along K and C are aligned to E = max(e(x_k) + e(w_k), e(C)),
    zeros apart, cut towards zero at ``fraction`` = F bits below E and added exactly; the sum is cut towards zero to
    ``significant`` = P bits, and at 2^−149. ``chain`` says which group comes after which. A group holds ``group`` = L
    products that are not zero at most: 2:4 instructions span 2L places. A zero is +0; results are float32.
    """

    name: str
    operand: Operand
    group: int
    fraction: int
    significant: int
    chain: Chaining = ONE_CHAIN
    span: int = 0
    """Places along K that a group takes up; 0 for as many as products."""

    def __post_init__(self) -> None:
        need(self.operand, Operand, "operand=")
        need(self.chain, Chaining, "chain=")
        object.__setattr__(self, "span", self.span or self.group)
        sizes = (("group", 1, 1 << 12), ("fraction", 1, 40), ("significant", 1, 24), ("span", self.group, 1 << 13))
        for name, low, high in sizes:
            if not low <= whole(getattr(self, name), f"{name}=") <= high:
                raise ValueError(f"{self.name}: {name}= lies in {low} … {high}, got {getattr(self, name)}")

    @property
    def reads(self) -> Operand:
        return self.operand

    @property
    def sparse(self) -> bool:
        """Of ``span`` places only ``group`` may hold numbers that are not zero: a 2:4 instruction."""
        return self.span > self.group

    def _matmul(self, x: Array, w: Array) -> Array:
        a, b = self.operand.read(x, "x"), self.operand.read(w, "w")
        if self.sparse:
            self._check_kept(b)
        start = np.zeros((len(a), len(b)), np.float32)
        return self.accumulate(start, a, b)

    def _bound(self, x: Array, w: Array) -> Array:
        a, b = self.operand.read(x, "x"), self.operand.read(w, "w")
        within = self.within(np.zeros((len(a), len(b)), np.float32), a, b)
        if not self.operand.cut:
            return within
        (x, lost_x), (_, lost_w) = ((np.abs(v), np.abs(v) - np.abs(read)) for v, read in ((x, a), (w, b)))
        return within + upward(lost_x @ np.abs(w).T + np.abs(a).astype(np.float64) @ lost_w.T, x.shape[1])

    @property
    def fits(self) -> bool:
        """What has the largest exponent is cut at no digit: neither a product (2m ≤ F) nor C (P − 1 ≤ F)."""
        return self.fraction >= max(self.significant - 1, 2 * self.operand.fraction_bits)

    @property
    def exact_bits(self) -> int:
        """min(P, F + 1): sums of so many bits are kept and aligned whole."""
        return min(self.significant, self.fraction + 1)

    def within(self, start: Array, a: Array, b: Array) -> Array:
        """|C − (start + Σ_k a_k b_k)| ≤ Σ_g (n_g 2^{−F} + 2^{1−P}) A_g over groups g, A_g of all up to g: float64.

        C as ``accumulate`` makes it. n_g counts the products of g that are not 0, and C where not ``fits``; A adds up
        |a|₊ |b|₊ with |v|₊ = max(|v|, 2^emin), and |start|. Parts that are added to the total in float32 (J of them)
        begin A anew and add J 2^{−24} A for all. A is 2^−126 at least: a sum below may be cut at 2^−149 ≤ 2^{1−P} A.
        """
        return self._within(start, a, b, lambda u, v: u @ v.T)

    def dots_within(self, x: Array, w: Array) -> Array:
        """``within`` of ``dots``: of every row of x with the same row of w, from 0."""
        return self._within(np.zeros(len(x)), x, w, lambda u, v: np.einsum("ij,ij->i", u, v))

    def _within(self, start: Array, a: Array, b: Array, pairs: Callable[[Array, Array], Array]) -> Array:
        sizes = tuple(magnitudes(v, 2.0**self.operand.emin) for v in (a, b))
        there = tuple((v != 0).astype(np.float64) for v in (a, b))
        begin = np.abs(start.astype(np.float64))
        error, total, parts = np.zeros(start.shape), begin, 0
        for part in self.chain.parts(a.shape[1], self.span):
            so_far = np.zeros(start.shape) if self.chain.added else begin
            cuts = np.zeros(start.shape) if self.chain.added else (begin != 0) * 1.0
            for places in part:
                count = pairs(there[0][:, places], there[1][:, places])
                so_far = so_far + pairs(sizes[0][:, places], sizes[1][:, places])
                cuts += count + (not self.fits)
                each = cuts * 2.0**-self.fraction + 2.0 ** (1 - self.significant) * ((count > 0) | (cuts > 0))
                error += each * np.maximum(so_far, 2.0**LEAST) * (so_far > 0)
                cuts = np.zeros(start.shape)
            total, parts = total + so_far, parts + 1
        if self.chain.added:
            error += parts * 2.0**-24 * np.maximum(total, 2.0**LEAST) * (total > 0)
        return upward(error, 4 * a.shape[1] + 8)

    def accumulate(self, start: Array, a: Array, b: Array) -> Array:
        """The float32 accumulators ``start`` (n × m) after the products of a (n × K) and b (m × K), as read."""
        ea, eb = self.operand.exponents(a), self.operand.exponents(b)
        out = np.empty(start.shape, np.float32)
        every = self.chain.every(self.span)
        if self._dtype is np.float32 and every is not None and compiled(a.size * len(b) // 8) is not None:
            from sqtheory.arithmetic.compiled import chain8

            cuts = (self.span, every, self.fraction, self.significant, LEAST)
            chain8(start, a, ea, b, eb, *cuts, out)
            return out
        side = max(1, int((PRODUCTS // self.span) ** 0.5))
        for i in range(0, len(a), side):
            rows = _upright(a[i : i + side])[:, :, None], _upright(ea[i : i + side])[:, :, None]
            for j in range(0, len(b), side):
                columns = _upright(b[j : j + side])[:, None], _upright(eb[j : j + side])[:, None]
                tile = start[i : i + side, j : j + side].astype(np.float64)
                out[i : i + side, j : j + side] = self._tile(tile, *rows, *columns)
        return out

    def dots(self, x: Array, w: Array) -> Array:
        """fl(Σ_k x_ik w_ik) of every row i, from 0: x and w (n × K) hold operands; infinite beyond float32.

        Raises ValueError as ``matmul``.
        """
        a, b = self.operand.read(x, "x"), self.operand.read(w, "w")
        out = np.zeros(len(a), np.float32)
        many = max(1, PRODUCTS // self.span)
        for i in range(0, len(a), many):
            rows = slice(i, i + many)
            u, v = a[rows], b[rows]
            eu, ev = self.operand.exponents(u), self.operand.exponents(v)
            total = self._tile(out[rows].astype(np.float64), _upright(u), _upright(eu), _upright(v), _upright(ev))
            with np.errstate(over="ignore"):
                out[rows] = total
        return out

    def _tile(self, start: Array, a: Array, ea: Exponents, b: Array, eb: Exponents) -> Array:
        """``accumulate`` of few rows: operands (K × …) whose products are of the shape of K × start."""

        def step(total: Array, places: Places) -> Array:
            products = np.multiply(a[places], b[places], dtype=self._dtype)
            return self._group(total, products, ea[places] + eb[places])

        return self.chain.total(start, len(a), self.span, step)

    @property
    def _dtype(self) -> type[np.floating]:
        """float32 where it holds products and sums of a group exactly, in units of 2^{E−F}."""
        few = 2 * self.operand.fraction_bits + 2 <= 24 and self.operand.emin >= -16
        return np.float32 if few and self.fraction + 3 + self.span.bit_length() <= 24 else np.float64

    def _group(self, total: Array, products: Array, exponents: Exponents) -> Array:
        """C after one group: products (places × n × m) with their exponents; spoils them."""
        own = np.where(total == 0, NO_EXPONENT, np.maximum(np.frexp(total)[1] - 1, LEAST))
        top = np.maximum(exponents.max(axis=0, initial=2 * NO_EXPONENT), own)
        unit = np.where(top > NO_EXPONENT // 2, top - self.fraction, 0)
        products *= np.ldexp(products.dtype.type(1), -unit)
        np.trunc(products, out=products)
        total = products.sum(axis=0).astype(np.float64) + np.trunc(np.ldexp(total, -unit))
        keep = np.int64(-1) << np.int64(53 - self.significant)
        made = np.ldexp((total.view(np.int64) & keep).view(np.float64), unit)
        if unit.min(initial=0) < FINEST:
            made = np.ldexp(np.trunc(np.ldexp(made, -FINEST)), FINEST)
        return made + 0.0

    def _check_kept(self, w: Array) -> None:
        """Raises ValueError naming the first group of four of w with more than two that are not zero."""
        k = w.shape[1] - w.shape[1] % 4
        full = np.argwhere(np.count_nonzero(w[:, :k].reshape(len(w), -1, 4), axis=2) > 2)
        if len(full):
            row, four = map(int, full[0])
            raise ValueError(
                f"w[{row}, {4 * four}:{4 * four + 4}] has more than 2 of 4: prune it, or {self.name} dense"
            )

    def __str__(self) -> str:
        return self.name


Upright = TypeVar("Upright", Array, Exponents)


def _upright(rows: Upright) -> Upright:
    """K × n of n × K, one place after the other in memory."""
    return np.ascontiguousarray(rows.T)

"""What a theorem is applied to: tensors, a sparsifier, a quantizer, a norm."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

import numpy as np

from sqtheory.alphabet.norms import check_norm, spell_norm
from sqtheory.alphabet.partition import Partition, Rows
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier, top
from sqtheory.arithmetic.accumulator import Accumulator
from sqtheory.arrays import Array, ArrayLike, Mask, as_real
from sqtheory.orders.applied import TwoOrders, both
from sqtheory.orders.errors import box_norms, powers
from sqtheory.orders.rulings import tied_rows

KEEP_ALL = top(1.0, per=Rows())
"""The sparsifier that prunes nothing."""
ROW = Rows()


@final
@dataclass(frozen=True, eq=False)
class Case:
    """Rows x (rows × n, float64), each an instance of its own, under one sparsifier s, quantizer q and norm p.

    Of several rows each must be a tensor under the pipeline: a mask that ranks or a partition that extends over them
    is refused with a ValueError, and a two-level scale is made for each row. ``w``, the shape of x, is the second
    operand of dot products: there x is the activation and w the weight that s masks; ``accumulator`` says how their
    products are added up, where that is not exact. ``then`` are further quantizers, which act after q: of a chain the
    mask may stand at any place. A one-dimensional x or w is one row.
    """

    x: Array
    q: Quantizer
    s: Sparsifier = KEEP_ALL
    p: float = 1.0
    w: Array | None = None
    accumulator: Accumulator | None = None
    then: tuple[Quantizer, ...] = ()

    def __post_init__(self) -> None:
        check_norm(self.p)
        for name in ("x", "w"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, np.atleast_2d(as_real(value).astype(np.float64)))
        if self.w is not None and self.w.shape != self.x.shape:
            raise ValueError(f"x has shape {self.x.shape}, w {self.w.shape}: a dot product needs equal shapes")
        if len(self) > 1:
            q, *then = (replace(q, scaling=q.scaling.by_rows()) for q in self.quantizers)
            object.__setattr__(self, "q", q)
            object.__setattr__(self, "then", tuple(then))
            for one in self.quantizers:
                if (why := tied_rows(self.s, one, self.x.shape)) is not None:
                    raise ValueError(f"the rows of a case are instances of their own, but {why}")

    @classmethod
    def of(
        cls,
        x: ArrayLike,
        q: Quantizer,
        s: Sparsifier = KEEP_ALL,
        p: float = 1.0,
        w: ArrayLike | None = None,
        accumulator: Accumulator | None = None,
        then: tuple[Quantizer, ...] = (),
    ) -> "Case":
        """The case of anything that is an array of real numbers."""
        return cls(as_real(x), q, s, p, None if w is None else as_real(w), accumulator, then)

    def __len__(self) -> int:
        return int(self.x.shape[0])

    def row(self, i: int) -> "Case":
        """The i-th instance alone."""
        return replace(self, x=self.x[i : i + 1], w=None if self.w is None else self.w[i : i + 1])

    @property
    def products(self) -> Array:
        """(Σ|x_i|)(Σ|w_i|) of every row, of which a sum of products may cancel all but the rounding; 0 without w."""
        return np.zeros(len(self)) if self.w is None else np.abs(self.x).sum(axis=1) * np.abs(self.w).sum(axis=1)

    @property
    def groups(self) -> Partition:
        """The mask groups of a row: those that each have a budget, or the row for other masks."""
        return self.s.groups if self.s.fixed_budget else ROW

    @cached_property
    def orders(self) -> TwoOrders:
        """Both orders on x."""
        return both(self.x, self.s, self.q)

    @property
    def quantizers(self) -> tuple[Quantizer, ...]:
        """q and those after it: a chain q₁, …, q_r."""
        return (self.q, *self.then)

    @cached_property
    def images(self) -> tuple[Array, ...]:
        """x_0 = x, x_1 = q₁(x), …, x_r = q_r(… q₁(x)): what the mask is given at each place of the chain."""
        found = [self.x]
        for q in self.quantizers:
            found.append(q.apply(found[-1], self.x))
        return tuple(found)

    @cached_property
    def masks(self) -> tuple[Mask, ...]:
        """The mask of s at each place, ties seeing x."""
        return tuple(self.s.mask(image, self.x) for image in self.images)

    def placed(self, k: int) -> Array:
        """What the chain makes of x with the mask after k of its quantizers."""
        y = np.where(self.masks[k], self.images[k], 0.0)
        for q in self.quantizers[k:]:
            y = q.apply(y, self.x)
        return y

    @cached_property
    def weight(self) -> "Case":
        """The case whose tensors are w. Raises ValueError if there is no w."""
        if self.w is None:
            raise ValueError("this case has no second operand w")
        return replace(self, x=self.w, w=None)

    @cached_property
    def frozen_image(self) -> Array:
        """q(s(x)) with every scale fixed at its value for x."""
        return self.q.frozen(self.x).apply(self.orders.sparse, self.x)

    @property
    def dense_scale(self) -> Array:
        """σ of every entry of x, the shape of x."""
        return self.spread(self.q.scales(self.x))

    def spread(self, per_block: Array) -> Array:
        """A number for every scale block, repeated over its entries."""
        return self.q.partition.spread(per_block, self.x.shape)

    def norms(self, e: Array) -> Array:
        """‖e‖_p of every row."""
        return box_norms(e, self.p, ROW).reshape(-1)

    def powers(self, e: Array) -> Array:
        """‖e‖_p^p of every row, ‖e‖_∞ for p = ∞."""
        size = np.abs(e)
        return np.asarray(size.max(axis=1) if self.p == np.inf else powers(size, self.p).sum(axis=1))

    def every(self, flags: Mask) -> Mask:
        """Rows in which every entry has the flag."""
        return np.asarray(flags.all(axis=1))

    def __str__(self) -> str:
        """x, the pipeline and the norm, as a reader would write them."""
        rows = "; ".join(spell_row(row) for row in self.x[:3]) + ("; …" if len(self) > 3 else "")
        partner = "" if self.w is None else f", w = {'; '.join(spell_row(row) for row in self.w[:3])}"
        mask = "" if self.s == KEEP_ALL else f", {self.s}"
        added = "" if self.accumulator is None else f", {self.accumulator}"
        quantizers = " >> ".join(map(str, self.quantizers))
        return f"x = {rows}{partner}{mask}, {quantizers}{added}, p = {spell_norm(self.p)}"


def spell_row(row: Array) -> str:
    """The numbers of a row in parentheses, trailing zeros gathered."""
    entries = [f"{v:g}" if float(f"{v:g}") == v else repr(v) for v in row.tolist()]
    tail = len(entries) - len("".join("0" if e in ("0", "-0") else "x" for e in entries).rstrip("0"))
    if tail > 3:
        entries = [*entries[: len(entries) - tail], f"0 × {tail}"]
    return f"({', '.join(entries)})"

"""How far each order stays behind the optimum of its blocks, as a distribution."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.random import Generator

from sqtheory.alphabet.gains import gains
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, ArrayLike, as_real
from sqtheory.orders.applied import Order, both
from sqtheory.orders.errors import box_norms
from sqtheory.tables import Table, json_ready, number
from sqtheory.theory.price.block import budget, least

ORDERS = {Order.sq: "S→Q", Order.qs: "Q→S", Order.gain: "best mask at the scales of x"}
"""What a table calls each order."""
EQUAL = 1e-6
"""Ratios that exceed 1 by less count as 1."""
SHARES = (0.5, 0.95)


@final
@dataclass(frozen=True, eq=False)
class Prices:
    """Ratios ‖ε‖_p/optimum of sampled blocks for S→Q, Q→S and the best mask at the scales of x.

    ``perfect`` blocks have an optimum of 0, up to the rounding of their dtype, and no ratio; they are counted apart.
    """

    mask: str
    format: str
    p: float
    ratios: dict[Order, Array]
    perfect: int

    @classmethod
    def together(cls, parts: "Sequence[Prices]") -> "Prices":
        """The blocks of several tensors under one pipeline."""
        ratios = {order: np.concatenate([part.ratios[order] for part in parts]) for order in ORDERS}
        first = parts[0]
        return cls(first.mask, first.format, first.p, ratios, sum(part.perfect for part in parts))

    def summary(self, order: Order) -> dict[str, float]:
        """Share of blocks at the optimum, then median, mean, 95 % quantile and maximum of the ratios."""
        ratios = self.ratios[order]
        if not ratios.size:
            return {}
        half, most = np.quantile(ratios, SHARES)
        at_best = float(np.mean(ratios <= 1 + EQUAL))
        return {
            "optimal": at_best,
            "median": float(half),
            "mean": float(ratios.mean()),
            "q95": float(most),
            "max": float(ratios.max()),
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, ready for JSON."""
        counted = {"blocks": int(self.ratios[Order.sq].size), "perfect": self.perfect}
        orders = {order.name: {k: json_ready(v) for k, v in self.summary(order).items()} for order in ORDERS}
        return {"mask": self.mask, "format": self.format, "norm": json_ready(self.p), **counted, "orders": orders}


def prices(x: ArrayLike, s: Sparsifier, q: Quantizer, p: float = 2.0, *, blocks: int, rng: Generator) -> Prices:
    """The prices of at most so many blocks of one tensor, drawn without repetition.

    Raises ValueError as ``least`` does, and what s and q raise.
    """
    given = as_real(x)
    k, m = budget(s, q, given.shape)
    two = both(given, s, q)
    whole = given.astype(np.float64)
    best = s.best_mask(gains(whole, two.image, p, s.groups), two.image, given)
    made = {Order.sq: two.after_mask, Order.qs: two.masked_image, Order.gain: np.where(best, two.image, 0)}
    [entries] = q.partition.split(whole)
    chosen = np.sort(rng.permutation(len(entries))[:blocks])
    sample = entries[chosen]
    optimal = least(sample, k, m, q, p).errors
    some = optimal > np.finfo(given.dtype).eps * box_norms(sample, p, Rows()).reshape(-1)
    ratios: dict[Order, Array] = {}
    for order, y in made.items():
        [images] = q.partition.split(y.astype(np.float64))
        ratios[order] = box_norms(sample - images[chosen], p, Rows()).reshape(-1)[some] / optimal[some]
    return Prices(str(s), str(q), p, ratios, int(np.count_nonzero(~some)))


def price_table(found: Sequence[Prices]) -> Table:
    """Three lines for each pipeline: how often each order is optimal, and the distribution of its ratio."""
    header = ("mask", "format", "p", "blocks", "order", "optimal", "median", "mean", "95 %", "max")
    rows = []
    for each in found:
        for order, spoken in ORDERS.items():
            told = each.summary(order)
            shares = [f"{100 * v:.1f}%" if k == "optimal" else f"{v:.4f}" for k, v in told.items()]
            place = (each.mask, each.format, number(each.p), str(each.ratios[order].size), spoken)
            rows.append((*place, *(shares or ["–"] * 5)))
    return Table(header, tuple(rows), "‖error‖_p over the optimum of mask, scale and codes, block by block")

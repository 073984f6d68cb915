"""The predicted order gap of tensors beside the measured one."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from sqtheory.alphabet.norms import spell_norm
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, ArrayLike, StreamedTensor, as_real
from sqtheory.exceptions import InputRefused
from sqtheory.orders.applied import TwoOrders, both
from sqtheory.orders.errors import powers
from sqtheory.tables import Table, Tabular, json_ready, number, short
from sqtheory.theory.expectations.exchangeable import kept_chances, rank_gap
from sqtheory.theory.expectations.pieces import pieces, whole
from sqtheory.theory.expectations.predict import block_gaps, blocks_of, checked


@final
@dataclass(frozen=True)
class Agreement:
    """The order gap ‖ε_{s∘q}‖_p^p − ‖ε_{q∘s}‖_p^p of one tensor, or of several together, three times."""

    name: str
    entries: int
    predicted: float
    """If every arrangement of the entries in their block is as likely: ``predict_order_gap``."""
    tied: float
    """Of this tensor, ties broken blindly: the mean over all ways to break them, exactly."""
    measured: float
    """Of this tensor under the tie rule of the mask."""
    variances: tuple[float, float]
    """Σ_B (gap of block B − its prediction)² for ``tied`` and ``measured``."""

    @classmethod
    def together(cls, name: str, rows: "Sequence[Agreement]") -> "Agreement":
        """Several as one of another name: gaps and variances add."""
        return cls(
            name,
            sum(r.entries for r in rows),
            sum(r.predicted for r in rows),
            sum(r.tied for r in rows),
            sum(r.measured for r in rows),
            (sum(r.variances[0] for r in rows), sum(r.variances[1] for r in rows)),
        )

    @property
    def errors(self) -> tuple[float, float]:
        """Standard errors of ``tied`` and ``measured``, were the prediction right and the blocks independent."""
        return math.sqrt(self.variances[0]), math.sqrt(self.variances[1])

    def share(self, value: float) -> float:
        """value/predicted; NaN where nothing is predicted."""
        return value / self.predicted if self.predicted else math.nan

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, ready for JSON."""
        tied, measured = self.errors
        numbers = {"predicted": self.predicted, "tied": self.tied, "measured": self.measured}
        errors = {"tied_standard_error": tied, "measured_standard_error": measured}
        found: dict[str, Any] = json_ready({"name": self.name, "entries": self.entries, **numbers, **errors})
        return found


@final
@dataclass(frozen=True, repr=False)
class AgreementReport(Tabular):
    """One mask and one format on several tensors."""

    mask: str
    format: str
    p: float
    tensors: tuple[Agreement, ...]

    @property
    def total(self) -> Agreement:
        """All tensors together: gaps and variances add."""
        return Agreement.together("total", self.tensors)

    @property
    def correlations(self) -> tuple[float, float]:
        """Pearson correlation of the prediction with ``tied`` and with ``measured`` over tensors; NaN below three."""
        rows = self.tensors
        if len(rows) < 3:
            return math.nan, math.nan
        predicted = [r.predicted for r in rows]
        return correlation(predicted, [r.tied for r in rows]), correlation(predicted, [r.measured for r in rows])

    def table(self) -> Table:
        """A line for each tensor."""
        return Table(
            ("tensor", "entries", "predicted", "ties averaged", "±", "measured", "±"),
            tuple((short(row.name), str(row.entries), *_numbers(row)) for row in self.tensors),
            f"{self.mask}, {self.format}, p = {spell_norm(self.p)}",
        )

    def to_dict(self, *, tensors: bool = True) -> dict[str, Any]:
        """Plain numbers and strings, ready for JSON; with or without the single tensors."""
        tied, measured = self.correlations
        whole = {
            "mask": self.mask,
            "format": self.format,
            "norm": self.p,
            "count": len(self.tensors),
            "total": self.total.to_dict(),
            "correlation": {"tied": tied, "measured": measured},
        }
        single = {"tensors": [row.to_dict() for row in self.tensors]} if tensors else {}
        found: dict[str, Any] = json_ready(whole | single)
        return found


def agreement(name: str, x: ArrayLike | StreamedTensor, s: Sparsifier, q: Quantizer, p: float = 1) -> Agreement:
    """Predicted and measured order gaps of one tensor, slab by slab where no scale needs more than its block.

    Raises NotCovered as ``predict_order_gap``, NonFinite as q.
    """
    given = x if isinstance(x, StreamedTensor) else as_real(x)
    _, kept = checked(q, s, given.shape, p)
    try:
        found = [_gaps(part, kept, own, p) for part, own in pieces(given, kept, q)]
    except InputRefused:
        both(whole(given), s, q)  # names the place in the whole tensor
        raise
    predicted, tied, measured, *variances = (math.fsum(sums) for sums in zip(*found, strict=True))
    return Agreement(name, given.size, predicted, tied, measured, (variances[0], variances[1]))


def _gaps(x: Array, s: Sparsifier, q: Quantizer, p: float) -> tuple[float, ...]:
    """The gap predicted, with ties averaged, and measured, and the variances of both from blocks."""
    blocks, orders = blocks_of(q), both(x, s, q)
    gaps = powers(np.abs(x - orders.masked_image), p) - powers(np.abs(x - orders.after_mask), p)
    predicted = np.concatenate(block_gaps(q, s, x, p, image=orders.image))
    values = [_blockwise(gap, blocks) for gap in (_blind_gaps(orders, p), gaps)]
    sums = [predicted, *values, *((v - predicted) ** 2 for v in values)]
    return tuple(float(v.sum()) for v in sums)


def _blockwise(gaps: Array, blocks: Partition) -> Array:
    """Sums over blocks, in the order of ``blocks.split``."""
    return np.concatenate([rows.sum(axis=1) for rows in blocks.split(gaps)])


def _blind_gaps(orders: TwoOrders, p: float) -> Array:
    """The gap of every group, its mean over all ways to break ties, spread over the group: the shape of x."""
    groups, pieces = orders.s.groups, []
    for rows, image in zip(groups.split(orders.x), groups.split(orders.image), strict=True):
        size = rows.shape[1]
        gap = rank_gap(rows, image, kept_chances(size, orders.s.budget(size), size), p)
        pieces.append(np.repeat(gap[:, None] / size, size, axis=1))
    return groups.join(pieces, orders.x.shape)


def correlation(a: Sequence[float], b: Sequence[float]) -> float:
    """Pearson's coefficient; NaN where one of both is constant."""
    first, second = (np.asarray(v) - np.mean(v) for v in (a, b))
    size = math.sqrt(float(first @ first) * float(second @ second))
    return float(first @ second) / size if size else math.nan


def agreement_table(reports: Sequence[AgreementReport]) -> Table:
    """A line for each pipeline: the gap of all tensors predicted, and measured in percent of the prediction."""
    return Table(
        ("mask", "format", "p", "predicted", "ties averaged", "±", "corr.", "measured", "±", "corr."),
        tuple((r.mask, r.format, spell_norm(r.p), *_numbers(r.total, r.correlations)) for r in reports),
    )


def _numbers(row: Agreement, correlations: tuple[float, float] | None = None) -> tuple[str, ...]:
    cells = [number(row.predicted)]
    for place, value in enumerate((row.tied, row.measured)):
        cells += [_percent(row.share(value)), _percent(row.share(row.errors[place]))]
        if correlations is not None:
            r = correlations[place]
            cells.append("–" if math.isnan(r) else f"{r:.3f}")
    return tuple(cells)


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{100 * share:.1f}%"

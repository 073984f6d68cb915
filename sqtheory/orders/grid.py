"""A grid of masks × formats on one tensor, and totals over many."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, TypeAlias, final

from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.procedures import PLAIN
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.shares import paired
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, ArrayLike, StreamedTensor, as_real
from sqtheory.exceptions import about
from sqtheory.orders import definition, fused
from sqtheory.orders.applied import Winner, both
from sqtheory.orders.assumptions import UNCHANGED, convex
from sqtheory.orders.channels import ChannelReport
from sqtheory.orders.counts import Counts, Errors, OutputErrors
from sqtheory.orders.errors import additive_bound, norm
from sqtheory.orders.pair import Pair
from sqtheory.orders.procedural import ProcedureImages
from sqtheory.orders.reasons import Reason, reason
from sqtheory.orders.report import OrderReport
from sqtheory.orders.rulings import Rulings
from sqtheory.orders.source import SourceTies, source_ties
from sqtheory.tables import Table, counted, json_ready, share, short

COUNTED = {
    "tied": "groups of q(x) tied at the cut, decided by the tie rule",
    "saturated": "scale blocks with an entry beyond the largest value of the format",
    "flushed": "scale blocks of which every entry became 0, though some was not",
    "short_blocks": "scale blocks shorter than the rest",
    "short_groups": "mask groups shorter than the rest",
}
"""What the counts of a ChannelReport count."""
SHARES = ("S %", "Q %", "S→Q %", "Q→S %", "optimum %", "bound %")
"""The errors and the bound that a table shows, in percent of ‖x‖_p."""

OUTPUT_SHARES = ("XWᵀ: S→Q %", "XWᵀ: Q→S %", "XWᵀ: joint %")
"""The errors of a layer's output, in percent of ‖XWᵀ‖_F."""

Grid: TypeAlias = Sequence[Pair]


@final
@dataclass(frozen=True)
class Row:
    """Both orders and the channels of one pipeline on one tensor, and why the winner won."""

    name: str
    order: OrderReport
    channels: ChannelReport
    reason: Reason
    view: str | None = None
    """As which matrices the tensor of the file was compared, where it is none [out, in] itself."""
    source: SourceTies | None = None
    """Where the source is quantized: the groups that tie there already."""
    output: OutputErrors | None = None
    """Where the second moments of the layer's inputs are known: the errors of its output."""

    @classmethod
    def of(cls, name: str, known: Rulings, counts: Counts) -> "Row":
        """The row of a tensor from what is known of its shape and what was counted on it."""
        sums, counted = counts.sums, counts.openings
        return cls(
            name,
            OrderReport.of(known.mask, known.format, known.shape, sums, counts.swaps, counts.tied),
            ChannelReport.of(known, counted, counts.tied),
            reason(known, counted, sums.p),
        )

    def spelled(self, mask: str, fmt: str) -> "Row":
        """The same row of a mask and a format that are written so, whatever they were told of this tensor."""
        return replace(self, order=replace(self.order, mask=mask, format=fmt))

    @property
    def shapes(self) -> list[Shape]:
        """The shapes of what was compared: one, or those of several matrices that are one tensor of the file."""
        shape = self.order.shape
        return [shape[1:]] * shape[0] if self.view is not None and len(shape) > 2 else [shape]

    @property
    def guarantee_broken(self) -> bool:
        """S→Q lost although a theorem forbids it: a fault of this program, never of the data."""
        return self.reason.theorem is not None and self.order.winner is Winner.qs

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, ready for JSON."""
        reported = self.order.to_dict() | {"channels": self.channels.to_dict(), "reason": self.reason.to_dict()}
        view = {} if self.view is None else {"axis": self.view}
        source = {} if self.source is None else {"source": {**vars(self.source)}}
        output = {} if self.output is None else {"output": self.output.to_dict()}
        return {"name": self.name, **reported, **view, **source, **output}


@final
@dataclass(frozen=True)
class Total:
    """Norms over all entries of several tensors: (Σ_t ‖·‖_p^p)^{1/p}, the maximum for p = ∞."""

    p: float
    x_norm: float
    errors: Errors
    winners: dict[Winner, int]
    """How many tensors each order wins."""
    open: str
    """The symbols of the channels open on some tensor."""
    output: OutputErrors | None = None

    @property
    def bound(self) -> float:
        """‖ε_s‖ + ‖ε_q‖ over all entries (for p < 1 the p-th powers add)."""
        return additive_bound(self.errors.s, self.errors.q, self.p)

    @property
    def gap(self) -> float:
        """(‖ε_{Q→S}‖ − ‖ε_{S→Q}‖)/‖x‖."""
        return (self.errors.qs - self.errors.sq) / self.x_norm if self.x_norm else 0.0

    @property
    def winner(self) -> Winner:
        """The order of smaller total error."""
        sq, qs = self.errors.sq, self.errors.qs
        if sq == qs:  # to float64: the tensors' own verdicts are finer
            decided = [order for order in (Winner.sq, Winner.qs) if self.winners[order]]
            return decided[0] if len(decided) == 1 else Winner.equal
        return Winner.sq if sq < qs else Winner.qs

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, ready for JSON."""
        return {
            "norm": json_ready(self.p),
            "x_norm": json_ready(self.x_norm),
            "errors": {name: json_ready(value) for name, value in vars(self.errors).items()},
            "bound": json_ready(self.bound),
            "winner": self.winner,
            "winners": self.winners,
            "channels_open": self.open,
            **({} if self.output is None else {"output": self.output.to_dict()}),
        }


def _in_pieces(x: StreamedTensor, pairs: Sequence[Pair], p: float) -> list[Counts]:
    """What is counted for each pair, from pieces of x; nothing where one pair needs all of it."""
    found = [counts for counts in fused.counts_of_each(x, pairs, p) if counts is not None]
    return found if len(found) == len(pairs) else []


def _in_memory(x: Array, pairs: Sequence[Pair], p: float) -> list[Counts]:
    """The same in memory; what no single pass counts, m(x) and q(x) computed once each do."""
    found = fused.counts_of_each(x, pairs, p)
    left = [pair for pair, counts in zip(pairs, found, strict=True) if counts is None]
    images = {q: q(x) for q in dict.fromkeys(pair.q for pair in left)}
    kept = {s: s.mask(x) for s in dict.fromkeys(pair.s for pair in left)}

    def defined(s: Sparsifier, q: Quantizer) -> Counts:
        return definition.counts_of(both(x, s, q, mask=kept[s], image=images[q]), q, p)

    return [counts or defined(pair.s, pair.q) for pair, counts in zip(pairs, found, strict=True)]


def tensor_rows(
    name: str, x: ArrayLike | StreamedTensor, masks: Sequence[Sparsifier], formats: Sequence[Quantizer], p: float = 2.0
) -> list[Row]:
    """Every mask with every format on one tensor, as ``pipeline_rows``."""
    return pipeline_rows(name, x, [Pair(s, q) for s, q in product(masks, formats)], p)


def pipeline_rows(name: str, x: ArrayLike | StreamedTensor, grid: Grid, p: float = 2.0) -> list[Row]:
    """Each pair (s, q) on one tensor; m(x) and q(x) are computed once each, or in one pass with all else.

    A stored tensor is read piece by piece if the single pass can take every pair, and whole otherwise.

    Raises InputRefused (NonFinite, Indivisible) naming the tensor, the place and the rule.
    """
    with about(f"tensor {name!r}"):
        given = x if isinstance(x, StreamedTensor) else as_real(x)
        if not all(pair.plain for pair in grid):
            w = given.whole() if isinstance(given, StreamedTensor) else given
            return [_by_procedure(name, w, pair, p) for pair in grid]
        known = [pair.on(given.shape) for pair in grid]
        if isinstance(given, StreamedTensor):
            counted = _in_pieces(given, grid, p) or _in_memory(given.whole(), grid, p)
        else:
            counted = _in_memory(given, grid, p)
        return [Row.of(name, rulings, counts) for rulings, counts in zip(known, counted, strict=True)]


def _by_procedure(name: str, w: Array, pair: Pair, p: float) -> Row:
    """The row of a weight under a procedure, or of whose layer the output is asked about."""
    known, images = pair.on(w.shape), ProcedureImages.of(w, pair)
    output = None if pair.moments is None else images.output_errors(pair.moments.values)
    if pair.procedure == PLAIN:
        return replace(Row.of(name, known, _in_memory(w, [pair], p)[0]), output=output)
    row = Row.of(name, known, images.counts(pair, p))
    return replace(row, reason=Reason(None, (UNCHANGED.name,)), output=output)


def of_quantized(rows: Sequence[Row], x: ArrayLike | StreamedTensor, grid: Grid) -> list[Row]:
    """The rows of a tensor whose entries stand for codes, with the ties that it brings along."""
    given = x if isinstance(x, StreamedTensor) else as_real(x)
    known = {s: source_ties(given, s) for s in dict.fromkeys(pair.s for pair in grid)}
    return [replace(row, source=known[pair.s]) for row, pair in zip(rows, grid, strict=True)]


def total_of(rows: Sequence[Row]) -> Total:
    """Norms of all the rows' tensors together, each the norm of the tensors' norms; all rows have one p."""
    p = rows[0].order.p if rows else 2.0
    errors = Errors(**{k: norm([vars(r.order.errors)[k] for r in rows], p) for k in Errors.__dataclass_fields__})
    winners = Counter(r.order.winner for r in rows)
    symbols = "".join(c for c in "MΣZ" if any(c in r.channels.open for r in rows)) or "–"
    x_norm = norm([r.order.x_norm for r in rows], p)
    lost = OutputErrors.together([r.output for r in rows])
    return Total(p, x_norm, errors, {winner: winners[winner] for winner in Winner}, symbols, lost)


def by_tensor(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows of each tensor, tensors in the order they first appear."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.name, []).append(row)
    return list(groups.values())


def shares(of: OrderReport | Total) -> list[str]:
    """What ``SHARES`` heads, in percent of ‖x‖_p; the norms themselves where ‖x‖_p = 0."""
    e = of.errors
    values = (e.s, e.q, e.sq, e.qs, e.gain, of.bound)
    return [share(value, of.x_norm) for value in values]


def _output_shares(of: OutputErrors | None) -> list[str]:
    if of is None:
        return ["–"] * len(OUTPUT_SHARES)
    return ["–" if value is None else share(value, of.size) for value in (of.sq, of.qs, of.joint)]


def pipeline_table(shown: Sequence[Row], rows: Sequence[Row]) -> Table:
    """One line for each shown tensor of one pipeline and a total over all its rows; errors in percent of ‖x‖_p."""
    viewed, outputs = any(row.view for row in rows), any(row.output for row in rows)
    lines = [
        (
            short(row.name),
            "×".join(map(str, row.order.shape)),
            *shares(row.order),
            str(row.order.swaps),
            row.channels.open,
            row.order.winner.sign,
            str(row.reason),
            *([row.view or "–"] if viewed else []),
            *(_output_shares(row.output) if outputs else []),
        )
        for row in shown
    ]
    whole = total_of(rows)
    swaps = str(sum(r.order.swaps for r in rows))
    counted: tuple[str, ...] = ("total", "", *shares(whole), swaps, whole.open, whole.winner.sign, "", *[""] * viewed)
    counted += tuple(_output_shares(whole.output)) * outputs
    header = ("tensor", "shape", *SHARES, "swaps", "open", "winner", "by", *["reduced axis"] * viewed)
    header += OUTPUT_SHARES * outputs
    return Table(header, (*lines, counted), paired(rows[0].order.mask, rows[0].order.format))


def sentences(rows: Sequence[Row]) -> list[str]:
    """Sentences on one pipeline: who wins, by which theorem or through which open channel, and what was counted."""
    won = Counter(r.order.winner for r in rows)
    sq, qs, equal = (won[winner] for winner in Winner)
    every = counted(len(rows), "tensor")
    lines = [f"Of {every} S→Q wins in {sq}, Q→S in {qs}; they agree in {equal}."]
    if seen := Counter(row.output.sign for row in rows if row.output is not None):
        lines.append(
            f"Of the outputs of {seen.total()} layers, on the inputs of the statistics, S→Q loses less in {seen[1]}, "
            f"Q→S in {seen[-1]}."
        )
    if convex(rows[0].order.p).closed and all(r.channels.prune_first_dominates for r in rows):
        lines.append(
            "S→Q cannot lose here (theorem prune_first_dominates): Σ and Z are closed, q is monotone, "
            "and every group has one scale."
        )
    else:
        broken = Counter(name for r in rows for name in r.reason.failed)
        lines += [f"No theorem decides the winner in {counted(n, 'tensor')}: not {name}." for name, n in broken.items()]
    for position, symbol in enumerate("MΣZ"):
        reasons = Counter(r.channels.channels[position].sentence for r in rows if r.channels.channels[position].open)
        where = sum(reasons.values())
        if where:
            lines.append(f"{symbol} is open in {where} of {every}: {reasons.most_common(1)[0][0]}.")
    for name, what in COUNTED.items():
        count = sum(getattr(r.channels, name) for r in rows)
        if count:
            lines.append(f"{what}: {count}.")
    source = SourceTies.together(row.source for row in rows if row.source is not None)
    return lines if source is None else [*lines, str(source)]

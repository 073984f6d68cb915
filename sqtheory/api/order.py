"""Both orders, the optimum and the open assumptions in every tensor of a checkpoint, in one call."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from sqtheory.alphabet.norms import check_norm, spell_norm
from sqtheory.alphabet.shares import Pruned, pruned
from sqtheory.api import operators
from sqtheory.api.given import (
    Format,
    Known,
    Mask,
    PathLike,
    Source,
    TieRule,
    Words,
    name_of,
    opened,
    several,
    statistics_of,
)
from sqtheory.api.result import Result, Say, unsaid
from sqtheory.api.sight import choose
from sqtheory.execution import Sweep
from sqtheory.execution.gathering import gathered
from sqtheory.execution.prefetch import Watch, unwatched
from sqtheory.execution.selection import Selection, Tolerance
from sqtheory.execution.workers import workers as staff_of
from sqtheory.files import atomic
from sqtheory.files.targets import Targets
from sqtheory.files.views.axes import Axes
from sqtheory.files.views.seeing import notes
from sqtheory.orders.grid import Row, by_tensor, pipeline_table, sentences, total_of
from sqtheory.tables import Table, json_ready
from sqtheory.version import __version__

if TYPE_CHECKING:
    from sqtheory.show.figures.style import Drawing

SORTS = ("file", "worst", "gap")
"""The orders in which tensors are shown: as in the file, largest S→Q error first, largest difference first."""


@final
@dataclass(frozen=True)
class Compared:
    """One mask with one format on every tensor that they were asked for."""

    mask: str
    format: str
    rows: tuple[Row, ...]
    pruned: Pruned | None
    """What a mask that is asked for a share prunes of all tensors together."""


@final
@dataclass(frozen=True)
class Asked:
    """What an answer repeats of the question."""

    norm: float
    ties: str | None
    seed: int
    targets: tuple[str, ...]
    ignore: tuple[str, ...]
    axis: tuple[str, ...]
    strict: bool
    keep_going: bool
    sort: str
    top: int | None
    fail_over: float | None
    statistics: str | None
    """SHA-256 of the file of statistics."""

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        known: dict[str, Any] = {} if self.statistics is None else {"statistics": self.statistics}
        known |= {"axis": list(self.axis)} if self.axis else {}
        names = ("ties", "seed", "targets", "ignore", "strict", "keep_going", "sort", "top", "fail_over")
        return {"norm": json_ready(self.norm), **{name: json_ready(getattr(self, name)) for name in names}, **known}


@final
@dataclass(frozen=True, repr=False, eq=False)
class OrderResult(Result):
    """Both orders of every pipeline on every tensor of a checkpoint."""

    checkpoint: str
    pipelines: tuple[Compared, ...]
    rows: tuple[Row, ...]
    """A row for each tensor and pipeline: tensors as in the file, pipelines as asked."""
    chosen: Selection
    """Which tensors were compared, and why the others were left alone."""
    asked: Asked

    @property
    def shown(self) -> tuple[Row, ...]:
        """The rows of the first ``top`` tensors in the order of ``sort``; rows of one tensor stay together."""
        tensors = by_tensor(self.rows)
        if self.asked.sort == "worst":
            tensors.sort(key=lambda group: -max(r.order.relative(r.order.errors.sq) for r in group))
        elif self.asked.sort == "gap":
            tensors.sort(key=lambda group: -max(abs(r.order.gap) for r in group))
        return tuple(row for group in tensors[: self.asked.top] for row in group)

    @property
    def failures(self) -> tuple[str, ...]:
        """Weights that were refused, tensors on which a theorem fails (a fault of this program), or ``fail_over``."""
        found = list(self.chosen.failures)
        found += [
            f"tensor {r.name!r}: S→Q lost with {r.order.mask}, {r.order.format} although a theorem forbids it: "
            "a fault of this program, please report it"
            for r in self.rows
            if r.guarantee_broken
        ]
        limit = self.asked.fail_over
        for r in self.rows:
            best = 100 * r.order.relative(min(r.order.errors.sq, r.order.errors.qs))
            if limit is not None and not best <= limit:
                said = f"{best:.4f}%" if best < math.inf else "a norm beyond the range of float64"
                found.append(f"tensor {r.name!r}: {said} exceeds --fail-over {limit:g}%")
        return tuple(found)

    def parts(self) -> Sequence[Table | str]:
        p, shown = spell_norm(self.asked.norm), self.shown
        tensors = len({row.name for row in self.rows})
        found: list[Table | str] = [
            f"{self.checkpoint}: {tensors} tensors compared, {len(self.chosen.skipped)} left alone. "
            f"Errors are ‖x − y‖_{p} in percent of ‖x‖_{p}; the optimum is the best mask at the scales of x.",
            "\n".join(self.chosen.sentences()),
        ]
        for one in self.pipelines:
            own = {id(row) for row in one.rows}
            found.append(pipeline_table([row for row in shown if id(row) in own], one.rows))
            found.append("\n".join([*sentences(one.rows), *([str(one.pruned)] if one.pruned else [])]))
        return found

    def to_dict(self) -> dict[str, Any]:
        totals = [
            {
                "mask": one.mask,
                "format": one.format,
                **total_of(one.rows).to_dict(),
                **({"pruned": one.pruned.to_dict()} if one.pruned else {}),
            }
            for one in self.pipelines
        ]
        return {
            "schema": "sqtheory.order/1",
            "version": __version__,
            "checkpoint": self.checkpoint,
            "recipe": {
                "masks": list(dict.fromkeys(one.mask for one in self.pipelines)),
                "formats": list(dict.fromkeys(one.format for one in self.pipelines)),
                **self.asked.to_dict(),
            },
            "tensors": [row.to_dict() for row in self.shown],
            "total": totals[0] if len(totals) == 1 else None,
            "totals": totals,
            "parameters": self.chosen.parameters,
            "skipped": [{"name": info.name, "reason": reason} for info, reason in self.chosen.skipped],
        }

    def columns(self) -> Mapping[str, Sequence[Any]]:
        """A line for each row: errors as norms, the winner, the theorem by which it wins, the open channels."""
        rows = self.shown
        errors = {name: [getattr(r.order.errors, name) for r in rows] for name in ("s", "q", "sq", "qs", "gain")}
        return {
            "tensor": [r.name for r in rows],
            "shape": [r.order.shape for r in rows],
            **({"axis": [r.view for r in rows]} if any(r.view for r in rows) else {}),
            "mask": [r.order.mask for r in rows],
            "format": [r.order.format for r in rows],
            "x_norm": [r.order.x_norm for r in rows],
            **errors,
            "bound": [r.order.bound for r in rows],
            "gap": [r.order.gap for r in rows],
            "swaps": [r.order.swaps for r in rows],
            "tied": [r.channels.tied for r in rows],
            "open": [r.channels.open for r in rows],
            "winner": [str(r.order.winner) for r in rows],
            "theorem": [r.reason.theorem for r in rows],
        }

    def plot(self, style: str = "double") -> "Drawing":
        """Of several masks and formats the map of S→Q minus Q→S, of one pair the channels open in each tensor.

        ``style`` is one of the command line's: single, double, slide. Raises ValueError for another, and for a map in
        another norm than 2.
        """
        from sqtheory.show.figures import channel_map, order_map
        from sqtheory.show.figures.style import STYLES

        if style not in STYLES:
            raise ValueError(f"there is no style {style!r}: known are {', '.join(STYLES)}")
        if len(self.pipelines) == 1:
            return channel_map.draw(channel_map.of_rows(self.checkpoint, self.rows), STYLES[style])
        totals = {(one.mask, one.format): total_of(one.rows) for one in self.pipelines}
        return order_map.draw(order_map.of_totals(self.checkpoint, len(by_tensor(self.rows)), totals), STYLES[style])


def order(
    checkpoint: Source,
    masks: Mask | Iterable[Mask],
    formats: Format | Iterable[Format],
    *,
    norm: float = 2.0,
    ties: TieRule | None = None,
    seed: int = 0,
    targets: Words = (),
    ignore: Words = (),
    axis: Words = (),
    experts: bool = False,
    strict: bool = False,
    keep_going: bool = False,
    statistics: Known | None = None,
    sort: str = "file",
    top: int | None = None,
    fail_over: float | None = None,
    workers: int | None = None,
    executor: str = "threads",
    results: PathLike | None = None,
    watch: Watch = unwatched,
    say: Say = unsaid,
) -> OrderResult:
    """Compare S→Q with Q→S in every layer of a checkpoint, under each pair of a mask and a format.

    All but ``watch`` (who sees the tensors go by) and ``say`` (who is told a sentence) is what ``sqtheory order``
    takes; masks, formats and tie rules are text, or operators. Raises as that says: SpellingError, InputRefused that
    names file and tensor, MissingExtra, WorkerFailed.

    >>> result = order("zoo:vit-dense", "2:4", ["mxfp4", "int4"], targets="blocks.0.qkv.weight")
    >>> [(row.order.format, row.order.winner.sign, row.reason.theorem) for row in result.rows]
    [('mxfp(e2m1)', 'S→Q', 'prune_first_dominates'), ('int(4)', 'S→Q', 'prune_first_dominates')]
    >>> result.to_pandas().shape
    (2, 16)
    """
    check_norm(norm)
    if sort not in SORTS:
        raise ValueError(f"sort is {', '.join(SORTS)}, got {sort!r}")
    known = statistics_of(statistics)
    grid = operators.grid(several(masks), several(formats), ties=ties, norm=norm, seed=seed, known=known)
    staff = staff_of(executor, workers)
    rule, axes = Targets(several(targets), several(ignore)), Axes.parse(several(axis))
    folder = None if results is None else Path(results)
    if folder is not None:
        atomic.check_folder(folder)
    with opened(checkpoint) as whole:
        kinds = [op for one in grid for op in one.pattern]
        source, chosen = choose(whole, rule, axes, kinds, known=known, strict=strict)
        tolerates = Tolerance(source, strict=strict, keep_going=keep_going)
        with staff.crew() as (crew, count):
            swept = Sweep(
                source,
                chosen.taken,
                grid,
                norm,
                executor=crew,
                results=folder,
                ahead=2 * count,
                waits=lambda left: say(f"waiting for {left} tensors that other processes compute in {folder}"),
                tolerates=tolerates,
            )
            found = list(watch(swept, "order"))
        rows = tuple(row for rows in gathered(chosen.taken, found, experts=experts) for row in rows)
        chosen = chosen.without(tolerates.left)
    for note in notes(chosen.taken):
        say(note)
    if folder is not None:
        say(f"{swept.computed} tensors computed, {swept.found} found in {folder}")
    shapes = [info.shape for info in chosen.taken]
    pipelines = tuple(
        Compared(*one.words, rows[at :: len(grid)], pruned(one.pattern[0], shapes)) for at, one in enumerate(grid)
    )
    return OrderResult(
        name_of(checkpoint),
        pipelines,
        rows,
        chosen,
        Asked(
            norm,
            None if ties is None else str(ties),
            seed,
            rule.include,
            rule.ignore,
            several(axis),
            strict,
            keep_going,
            sort,
            top,
            fail_over,
            None if known is None else known.sha256,
        ),
    )

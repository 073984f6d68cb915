"""What a comparison of both orders gives back."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, final

from sqtheory.alphabet.norms import spell_norm
from sqtheory.alphabet.shares import Pruned
from sqtheory.api.result import Result
from sqtheory.execution.selection import Selection
from sqtheory.orders.grid import Row, by_tensor, pipeline_table, sentences, total_of
from sqtheory.tables import Table, counted, json_ready
from sqtheory.version import __version__

if TYPE_CHECKING:
    from sqtheory.execution.rules import Rules
    from sqtheory.show.figures.style import Drawing


@final
@dataclass(frozen=True)
class Compared:
    """One mask with one format on every tensor that they were asked for."""

    mask: str
    format: str
    rows: tuple[Row, ...]
    pruned: Pruned | None
    """What a mask that is asked for a share prunes of all tensors together."""
    rule: int | None = None
    """By which rule of a recipe, counted from 1."""

    def table(self, shown: Sequence[Row]) -> Table:
        """Those rows that are shown, and the total."""
        own = {id(row) for row in self.rows}
        found = pipeline_table([row for row in shown if id(row) in own], self.rows)
        return found if self.rule is None else replace(found, title=f"rule {self.rule}: {found.title}")

    def to_dict(self) -> dict[str, Any]:
        """The total, ready for JSON."""
        return {
            **({} if self.rule is None else {"rule": self.rule}),
            "mask": self.mask,
            "format": self.format,
            **total_of(self.rows).to_dict(),
            **({"pruned": self.pruned.to_dict()} if self.pruned else {}),
        }


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
    rules: "Rules | None" = None
    method: str = ""
    """The published method that chose the operators."""

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        known: dict[str, Any] = {} if self.statistics is None else {"statistics": self.statistics}
        known |= {"axis": list(self.axis)} if self.axis else {}
        known |= {"method": self.method} if self.method else {}
        recipe = {} if self.rules is None else {"rules": self.rules.to_list(), "sha256": self.rules.sha256}
        names = ("ties", "seed", "targets", "ignore", "strict", "keep_going", "sort", "top", "fail_over")
        given = {name: json_ready(getattr(self, name)) for name in names}
        return {"norm": json_ready(self.norm), **given, **known, **recipe}


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
            f"{self.checkpoint}: {counted(tensors, 'tensor')} compared, {len(self.chosen.skipped)} left alone. "
            f"Errors are ‖x − y‖_{p} in percent of ‖x‖_{p}; the optimum is the best mask at the scales of x.",
            "\n".join(self.chosen.sentences()),
        ]
        for one in self.pipelines:
            found.append(one.table(shown))
            found.append("\n".join([*sentences(one.rows), *([str(one.pruned)] if one.pruned else [])]))
        idle = [] if self.asked.rules is None else self.asked.rules.idle(why for _, why in self.chosen.skipped)
        return [*found, "\n".join(idle)] if idle else found

    def to_dict(self) -> dict[str, Any]:
        totals = [one.to_dict() for one in self.pipelines]
        rule = {id(row): one.rule for one in self.pipelines for row in one.rows}
        numbers = [{} if rule[id(row)] is None else {"rule": rule[id(row)]} for row in self.shown]
        return {
            "schema": "sqtheory.order/1",
            "version": __version__,
            "checkpoint": self.checkpoint,
            "recipe": {
                "masks": list(dict.fromkeys(one.mask for one in self.pipelines)),
                "formats": list(dict.fromkeys(one.format for one in self.pipelines)),
                **self.asked.to_dict(),
            },
            "tensors": [{**row.to_dict(), **number} for row, number in zip(self.shown, numbers, strict=True)],
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

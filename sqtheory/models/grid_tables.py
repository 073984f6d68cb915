"""Comparisons as the tables of a paper: one for each setting, a line for each mask and format."""

from collections.abc import Mapping, Sequence

from sqtheory.models.comparing import Comparison
from sqtheory.models.grid import Cell
from sqtheory.models.scores import METRICS, Estimate, Metric
from sqtheory.tables import Table
from sqtheory.two_orders import Order

PERCENT = ("accuracy",)
"""Metrics shown in percent."""
HEADER = ("pipeline", "S", "Q", "S→Q", "Q→S", "gain", "Q→S − S→Q", "±", "gain − S→Q", "±", "threshold")
EXCEEDED = ("S→Q beyond", "±", "exceeds", "Q→S beyond", "±", "exceeds")


def grid_tables(cells: Sequence[Cell], found: Sequence[Comparison]) -> list[Table]:
    """One table for each of one-shot and fine-tuned, of weights and of weights and activations."""
    settings: dict[tuple[bool, bool], dict[str, Comparison]] = {}  # (fine-tuned, activations) → rows
    for cell, each in zip(cells, found, strict=True):
        settings.setdefault((cell.tuned, cell.activations), {})[cell.spelled] = each
    return [_table(rows, *setting) for setting, rows in sorted(settings.items())]


def _table(rows: Mapping[str, Comparison], tuned: bool, activations: bool) -> Table:
    some = next(iter(rows.values()))
    metric = METRICS[some.metrics[0]]
    dense = metric.estimate(some.dense)
    title = (
        f"{_name(metric)}, {'sparse fine-tuned' if tuned else 'one-shot on the dense model'}, "
        f"{'weights and activations' if activations else 'weights'} "
        f"(dense: {_number(metric, dense.value)} ± {_number(metric, dense.standard_error)})"
    )
    second = some.metrics[1] if some.metrics[1] == "perplexity" else None
    extra = (f"{second}: S→Q beyond", "±", "exceeds") if second else ()
    lines = tuple((name, *_line(row, metric, METRICS[second] if second else None)) for name, row in rows.items())
    return Table((*HEADER, *EXCEEDED, *extra), lines, title)


def _line(row: Comparison, metric: Metric, second: Metric | None) -> tuple[str, ...]:
    values = (row.sparse, row.quantized, *(row.orders[order] for order in (Order.sq, Order.qs, Order.gain)))
    gaps = row.differences(metric)
    extra = _verdict(second, row.excess(second, Order.sq)) if second else ()
    return (
        *(_number(metric, metric.estimate(scores).value) for scores in values),
        *_cells(metric, gaps[Order.qs]),
        *_cells(metric, gaps[Order.gain]),
        _number(metric, row.threshold(metric)),
        *_verdict(metric, row.excess(metric, Order.sq)),
        *_verdict(metric, row.excess(metric, Order.qs)),
        *extra,
    )


def _verdict(metric: Metric, above: Estimate) -> tuple[str, ...]:
    """How far beyond the threshold, and whether that is certain at 95 %."""
    return (*_cells(metric, above), "yes" if above.low > 0 else "no" if above.high < 0 else "unclear")


def _cells(metric: Metric, estimate: Estimate) -> tuple[str, str]:
    return _number(metric, estimate.value), _number(metric, estimate.standard_error)


def _number(metric: Metric, value: float) -> str:
    text = f"{100 * value:.2f}" if metric.name in PERCENT else f"{value:.4f}"
    return text if float(text) else text.removeprefix("-")


def _name(metric: Metric) -> str:
    return f"{metric.name.replace('_', ' ')}{' in percent' if metric.name in PERCENT else ''}"

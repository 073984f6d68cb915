"""Comparisons as the tables of a paper: one for each setting, a line for each mask and format."""

from collections.abc import Mapping

from sqtheory.models.evaluation.comparing import Comparison
from sqtheory.models.evaluation.grid import Found
from sqtheory.models.metrics import METRICS, Estimate, Metric
from sqtheory.orders.applied import Order
from sqtheory.tables import Table

PERCENT = ("accuracy",)
"""Metrics shown in percent."""
HEADER = ("pipeline", "S", "Q", "S→Q", "Q→S", "gain", "Q→S − S→Q", "±", "gain − S→Q", "±", "threshold")
EXCEEDED = ("S→Q beyond", "±", "exceeds", "Q→S beyond", "±", "exceeds")


TIES = ("pipeline", "moved", "S→Q low", "S→Q high", "Q→S low", "Q→S high", "Q→S high − low", "±")
GAPS = ("Q→S − S→Q low", "±", "Q→S − S→Q high", "±")


def grid_tables(found: Found) -> list[Table]:
    """One table for each of one-shot and fine-tuned, of weights and of weights and activations; one of tie rules."""
    settings: dict[tuple[bool, bool], dict[str, Comparison]] = {}  # (fine-tuned, activations) → rows
    for cell, each in found.comparisons.items():
        settings.setdefault((cell.tuned, cell.activations), {})[cell.pair.spelled] = each
    tables = [_table(found.label, rows, *setting) for setting, rows in sorted(settings.items())]
    return [*tables, _tie_table(found)] if found.ties else tables


def _table(label: str, rows: Mapping[str, Comparison], tuned: bool, activations: bool) -> Table:
    some = next(iter(rows.values()))
    metric = METRICS[some.metrics[0]]
    dense = metric.estimate(some.dense)
    title = (
        f"{label}: {_name(metric)}, {'sparse fine-tuned' if tuned else 'one-shot on the dense model'}, "
        f"{'weights and activations' if activations else 'weights'} "
        f"(dense: {_number(metric, dense.value)} ± {_number(metric, dense.standard_error)})"
    )
    second = some.metrics[1] if some.metrics[1:2] == ("perplexity",) else None
    extra = (f"{second}: S→Q beyond", "±", "exceeds") if second else ()
    lines = tuple((name, *_line(row, metric, METRICS[second] if second else None)) for name, row in rows.items())
    return Table((*HEADER, *EXCEEDED, *extra), lines, title)


def _tie_table(found: Found) -> Table:
    some = next(iter(found.ties.values()))
    metric = METRICS[some.metrics[0]]
    lines = []
    for pair, rules in found.ties.items():
        values = (scores[order] for order in rules.low for scores in (rules.low, rules.high))
        gaps = (rules.shift(metric), rules.gap(metric, rules.low), rules.gap(metric, rules.high))
        lines.append(
            (
                pair.spelled,
                f"{100 * rules.moved[Order.qs]:.1f}%",
                *(_number(metric, metric.estimate(scores).value) for scores in values),
                *(cell for gap in gaps for cell in _cells(metric, gap)),
            )
        )
    title = f"{found.label}: {_name(metric)}, ties keep the lower or the higher index, one-shot, weights"
    return Table((*TIES, *GAPS), tuple(lines), title)


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

"""Attention over a cache whose keys and values are pruned and quantized: what each block's output errs on real inputs.

Every head's keys, turned by their positions, and values are a tensor of its own, (tokens, channels): a mask or a scale
``per=row`` is one a token, ``per=column`` one a channel. Queries and all else are the dense model's.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, final

import numpy as np

from sqtheory.alphabet.operators import Operator
from sqtheory.arrays import Array
from sqtheory.exceptions import about
from sqtheory.models.architectures.layers import attention
from sqtheory.models.architectures.linears import Linear, Linears
from sqtheory.models.architectures.model import Model
from sqtheory.models.evaluation.data import Samples
from sqtheory.orders.applied import Order
from sqtheory.tables import Table, json_ready, short
from sqtheory.theory.certificates.attention import attention_errors


@final
@dataclass(frozen=True)
class CacheReport:
    """One attention, over all samples and heads; shares are of 2-norms."""

    name: str
    """Of its block."""
    keys: float
    """‖K − K̂‖/‖K‖."""
    values: float
    """‖V − V̂‖/‖V‖."""
    moved: float
    """The largest ‖p − p̂‖₁ of a query."""
    moved_bound: float
    """2 tanh(δ/4) of the largest spread δ of the errors of a query's logits."""
    output: float
    """‖O − Ô‖/‖O‖."""
    output_bound: float
    """What theorem ``cache_error`` allows for it: the norm of the bounds of all entries, over ‖O‖."""

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, ready for JSON."""
        return {name: json_ready(value) for name, value in asdict(self).items()}


def cache_reports(
    model: Model,
    samples: Samples,
    keys: Operator,
    values: Operator,
    *,
    done: Callable[[int], None] = lambda count: None,
) -> tuple[CacheReport, ...]:
    """Every attention of a model, first to last, with these operators on its keys and on its values.

    An operator is any quantizer, sparsifier or chain, as in ``top(0.5, per=Rows()) >> int_(4, per=Columns())``. Raises
    what the operators raise, naming the block, and ValueError for a model without attention.
    """
    watching = _Watching(keys, values)
    for start in range(0, len(samples), model.batch):
        batch = samples.inputs[start : start + model.batch]
        model.logits(batch, watching)
        done(len(batch))
    if not watching.sums:
        raise ValueError(f"{model.label} has no attention with a cache")
    return tuple(_report(at, sums) for at, sums in watching.sums.items())


def cache_table(found: Mapping[Order, Sequence[CacheReport]], title: str = "") -> Table:
    """A line for each attention: what each order loses of keys, values and outputs, and what is certified."""
    header = ["attention"]
    for order in found:
        header += [f"{order} keys", "values", "moved", "output", "certified"]
    rows = []
    for each in zip(*found.values(), strict=True):
        cells = [short(each[0].name)]
        for one in each:
            shares = (one.keys, one.values, one.moved, one.output, one.output_bound)
            cells += [f"{100 * share:.2f}%" for share in shares]
        rows.append(tuple(cells))
    return Table(tuple(header), tuple(rows), title)


@final
@dataclass(frozen=True, eq=False)
class _Watching(Linears):
    """The dense model; at every attention what other keys and values would make of it is added up."""

    keys: Operator
    values: Operator
    sums: dict[str, dict[str, float]] = field(default_factory=dict)

    def __call__(self, layer: Linear, x: Array) -> Array:
        return layer.of(x, layer.weight)

    def attended(self, at: str, q: Array, k: Array, v: Array, *, causal: bool = False) -> Array:
        sums = self.sums.setdefault(at, defaultdict(float))
        heads = (each.reshape(-1, *each.shape[2:]) for each in (q, k, v))
        for queries, rows, given in zip(*heads, strict=True):
            with about(f"keys and values of {at!r}"):
                other = self.keys(np.ascontiguousarray(rows)), self.values(np.ascontiguousarray(given))
            found = attention_errors(queries, rows, given, *other, causal=causal)
            for name, part in (("k", rows), ("v", given), ("o", found.size), ("lost", found.output)):
                sums[name] += _square(part)
            for name, part in (("dk", rows - other[0]), ("dv", given - other[1]), ("bound", found.output_bound)):
                sums[name] += _square(part)
            sums["moved"] = max(sums["moved"], float(found.moved.max()))
            sums["reach"] = max(sums["reach"], float(found.moved_bound.max()))
        return attention(q, k, v, causal=causal)


def _square(values: Array) -> float:
    return float(np.sum(np.square(values, dtype=np.float64)))


def _report(at: str, sums: dict[str, float]) -> CacheReport:
    def share(part: str, whole: str) -> float:
        return math.sqrt(sums[part] / sums[whole]) if sums[whole] else math.nan

    output, bound = share("lost", "o"), share("bound", "o")
    return CacheReport(at, share("dk", "k"), share("dv", "v"), sums["moved"], sums["reach"], output, bound)

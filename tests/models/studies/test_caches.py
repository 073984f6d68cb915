"""Caches of the zoo's language model, first block: against attention computed from its own keys and values."""

from dataclasses import dataclass, field
from itertools import product
from types import SimpleNamespace
from typing import final

import numpy as np
import pytest

from sqtheory import int_, nm, top
from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.partition import Columns, Rows
from sqtheory.arrays import Array
from sqtheory.models import Linear, Linears
from sqtheory.models.architectures.layers import attention
from sqtheory.models.studies.caches import CacheReport, cache_reports
from sqtheory.orders.pair import Pair
from tests.models.architectures.small import model, samples

TOKEN, CHANNEL = Rows(), Columns()


def reported(keys: Operator, values: Operator) -> CacheReport:
    [found] = cache_reports(model("lm-dense"), samples("lm-dense", 1), keys, values)
    return found


@final
@dataclass(frozen=True, eq=False)
class Kept(Linears):
    """The dense model, which remembers what its attention is given."""

    seen: list[tuple[Array, Array, Array]] = field(default_factory=list)

    def __call__(self, layer: Linear, x: Array) -> Array:
        return layer.of(x, layer.weight)

    def attended(self, at: str, q: Array, k: Array, v: Array, *, causal: bool = False) -> Array:
        self.seen.append((q, k, v))
        return attention(q, k, v, causal=causal)


def test_shares_are_those_of_the_models_own_attention() -> None:
    """By the model's float32 attention, whose errors are about 2⁻²⁰ of outputs."""
    keys, values = top(0.5, per=TOKEN) >> int_(4, per=CHANNEL), int_(4, per=TOKEN)
    watched = Kept()
    model("lm-dense").logits(samples("lm-dense", 1).inputs, watched)
    [(q, k, v)] = watched.seen
    k2, v2 = (np.stack([[f(head) for head in one] for one in each]) for f, each in ((keys, k), (values, v)))
    found = reported(keys, values)
    dense, other = attention(q, k, v, causal=True), attention(q, k2, v2, causal=True)
    assert found.keys == pytest.approx(np.linalg.norm(k - k2) / np.linalg.norm(k), rel=1e-5)
    assert found.values == pytest.approx(np.linalg.norm(v - v2) / np.linalg.norm(v), rel=1e-5)
    assert found.output == pytest.approx(np.linalg.norm(dense - other) / np.linalg.norm(dense), rel=1e-3)
    assert found.name == "layers.0"


@pytest.mark.parametrize("bits", [4, 8, 12])
def test_outputs_err_by_less_than_is_certified_and_fine_caches_by_little(bits: int) -> None:
    found = reported(int_(bits, per=CHANNEL), int_(bits, per=TOKEN))
    assert 0 < found.output <= found.output_bound and 0 < found.moved <= found.moved_bound
    assert (found.output_bound < 0.25) == (bits > 4)


@pytest.mark.parametrize(("mask", "scale"), list(product((TOKEN, CHANNEL), repeat=2)), ids=str)
def test_one_axis_for_both_is_proved_two_axes_are_not(mask: Rows | Columns, scale: Rows | Columns) -> None:
    """Equal axes: S→Q never loses, of keys and of values; that is not said of other pairs (a witness: mustafar)."""
    s, q = top(0.5, per=mask), int_(4, per=scale)
    same = mask == scale
    assert Pair(s, q).on((256, 32)).prune_first_dominates == same
    first, last = reported(s >> q, s >> q), reported(q >> s, q >> s)
    if same:
        assert first.keys < last.keys and first.values < last.values


def test_a_model_without_attention_and_a_mask_that_does_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"keys and values of 'layers\.0'.*5"):
        reported(nm(2, 5), int_(4))
    silent = SimpleNamespace(batch=1, label="a stack of layers", logits=lambda inputs, linears: None)
    with pytest.raises(ValueError, match="a stack of layers has no attention"):
        cache_reports(silent, samples("lm-dense", 1), int_(4), int_(4))  # type: ignore[arg-type]

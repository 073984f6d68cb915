"""What a layer shows of the order on emulated hardware lies within what is certain of it."""

import numpy as np
import pytest

from sqtheory.alphabet.formats import E4M3
from sqtheory.alphabet.quantizers import cast
from sqtheory.alphabet.scores import given
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arithmetic import ACCUMULATIONS, Accumulation, accumulation
from sqtheory.theory.hardware import crossing, layer_gap

LENGTH = 512


def layer(rng: np.random.Generator, *, signs: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs, and a weight pruned 2:4 by random scores of its image and of itself, in E4M3."""
    q, (x, w) = cast(E4M3), (rng.standard_normal(shape) * 4 for shape in ((24, LENGTH), (8, LENGTH)))
    if not signs:
        x, w = np.abs(x), np.abs(w)
    return q(x), q(nm(2, 4)(w)), nm(2, 4, score=given(np.abs(q(w)) + rng.random(w.shape)))(q(w))


@pytest.mark.parametrize("signs", [True, False])
@pytest.mark.parametrize("name", ["fp8_fast", "fp8_promoted", "wgmma(bf16)", "float32_sequential"])
def test_what_is_measured_is_within(name: str, signs: bool) -> None:
    x, sq, qs = layer(np.random.default_rng(3), signs=signs)
    how = ACCUMULATIONS[name]
    found = layer_gap(x, sq, qs, how)
    assert found.gap == pytest.approx(float(np.linalg.norm(x @ (sq - qs).T)), rel=1e-12)
    shown = np.linalg.norm(how.matmul(x, sq).astype(np.float64) - how.matmul(x, qs))
    assert abs(shown - found.gap) <= found.room


def test_the_crossing_is_where_room_passes_the_gap() -> None:
    x, sq, qs = layer(np.random.default_rng(5), signs=False)
    fast: Accumulation = accumulation("fp8_fast")
    met = crossing(x, sq, qs, fast)
    assert crossing(x, sq, qs, accumulation("wgmma(bf16)")) is None
    for length in (32, 64, 128, 256, 512):
        certain = layer_gap(x[:, :length], sq[:, :length], qs[:, :length], fast).certain
        assert certain == (met is None or length < met) or length > (met or 0)
    assert crossing(x, sq, sq, fast) == 32, "no gap is never certain"
    with pytest.raises(ValueError, match="least"):
        crossing(x, sq, qs, fast, least=0)

"""What an accumulator adds to a layer: within its bound on real weights, and as its own definition says."""

import numpy as np
import pytest

from sqtheory.alphabet.formats import E4M3
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import scaled
from sqtheory.arithmetic import ACCUMULATIONS, wgmma
from sqtheory.exceptions import SpellingError
from sqtheory.theory.certificates import certify_accumulation
from tests.theory.certificates.material import activations, linears

TRIED = tuple(name for name in ACCUMULATIONS if "sparse" not in name)


@pytest.mark.parametrize("by", TRIED)
def test_bounds_hold_on_real_weights(by: str) -> None:
    rng = np.random.default_rng(0)
    _, w = linears("zoo:lm-dense")[0]
    w = w[:24]
    x = activations(rng, 8, w.shape[1], "channels")
    found = certify_accumulation(x, w, by)
    assert found.accumulation == by and 0 <= found.tightness <= 1
    assert found.measured <= found.bound < found.output
    assert found.operands < 0.1 * found.output


def test_it_is_the_error_of_outputs() -> None:
    rng = np.random.default_rng(1)
    x, w = rng.standard_normal((5, 64)), rng.standard_normal((3, 64))
    q = scaled(E4M3, per=Rows())
    codes, others = q.quantize(x.astype("f4")), q.quantize(w.astype("f4"))
    a, b = (E4M3.decode(one.codes) for one in (codes, others))
    scales = codes.scales * others.scales.T
    added = (wgmma("e4m3").matmul(a, b) - a.astype("f8") @ b.T) * scales
    found = certify_accumulation(x, w, "fp8_fast")
    assert found.measured == pytest.approx(np.linalg.norm(added), rel=1e-3)
    assert found.output == pytest.approx(np.linalg.norm((a.astype("f8") @ b.T) * scales), rel=1e-6)
    assert set(found.to_dict()) == {"accumulation", "measured", "bound", "tightness", "output", "operands"}


def test_refusals_name_what_is_wrong() -> None:
    with pytest.raises(SpellingError, match="did you mean fp8_fast"):
        certify_accumulation(np.ones((1, 2)), np.ones((1, 2)), "fp8fast")
    with pytest.raises(ValueError, match="X and W have 2 and 3 inputs"):
        certify_accumulation(np.ones((1, 2)), np.ones((1, 3)), "bf16")
    with pytest.raises(ValueError, match="more than 2 of 4"):
        certify_accumulation(np.ones((1, 8)), np.ones((1, 8)), "wgmma(bf16, sparse)")

import math

import numpy as np
import pytest

from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.alphabet.ties import adversarial
from sqtheory.exceptions import NonFinite
from sqtheory.orders import streaming
from sqtheory.orders.errors import error, norm
from sqtheory.orders.streaming import error_norm
from tests.nightly import thin

CHAINS = (
    *(
        "2:4",
        "2:4 >> mxfp8",
        "int4:b32",
        "top(0.5, per=row) >> int4",
        "mxfp4 >> nm(3, 6, ties=by_original, tail=short)",
    ),
    *("50% >> int4", "nvfp4", "threshold(0.5)", "int(4, per=tensor)", "nm(2, 4, axis=0)", "identity()"),
)


def written(text: str) -> Operator:
    f = parse(text)
    assert isinstance(f, Operator)
    return f


@thin(2)
@pytest.mark.parametrize("p", [0.5, 1, 2, 3, math.inf])
@pytest.mark.parametrize("text", CHAINS)
def test_the_error_of_a_chain_is_that_of_its_image(text: str, p: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "CHUNK", 100)
    f = written(text)
    base = np.random.default_rng(71).normal(size=(12, 100))
    for x in (base, base.astype(np.float32), base[::-1, 1:97], np.asfortranarray(base)):
        out = np.empty(x.shape, x.dtype)
        assert error_norm(f, x, p, out=out) == pytest.approx(norm(error(f, x), p), rel=1e-12)
        assert np.ascontiguousarray(out).tobytes() == f(x).tobytes()
        assert error_norm(f, x, p) == pytest.approx(norm(error(f, x), p), rel=1e-12)
        copied = x.copy()
        assert error_norm(f, copied, p, out=copied) == pytest.approx(norm(error(f, x), p), rel=1e-12)


def test_refusals_name_the_place_in_the_tensor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "CHUNK", 64)
    x = np.ones((4, 64))
    x[3, 40] = np.nan
    with pytest.raises(NonFinite, match=r"nan at \(3, 40\), group \(3, 10\)"):
        error_norm(written("2:4 >> int4"), x)
    with pytest.raises(ValueError, match=r"out needs float64 \(4, 64\)"):
        error_norm(written("2:4"), np.ones((4, 64)), out=np.empty((4, 63)))
    with pytest.raises(ValueError, match=r"in \(0, inf\]"):
        error_norm(written("2:4"), x, 0)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0)])
def test_tensors_without_an_axis_or_an_entry(shape: tuple[int, ...]) -> None:
    f = written("int(4, per=tensor)")
    assert error_norm(f, np.full(shape, 0.0)) == 0


def test_the_unit_lies_on_the_last_axis_of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "CHUNK", 50)
    x = np.random.default_rng(72).normal(size=(3, 5, 24))
    for text in ("2:4 >> int(4, block=8)", "int(4, block=16)", "int(4, block=10)"):
        f = written(text)
        assert error_norm(f, x, 2) == pytest.approx(norm(error(f, x), 2), rel=1e-12), text


@pytest.mark.parametrize(
    "f", [nm(2, 4, ties=adversarial), nm(2, 4, score=wanda(np.diag(np.arange(1.0, 17.0))))], ids=str
)
def test_masks_that_look_beyond_their_group_are_not_cut(f: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "CHUNK", 8)
    x = np.random.default_rng(73).integers(-3, 4, (4, 16)).astype(float)
    assert error_norm(f, x, 2) == pytest.approx(norm(error(f, x), 2), rel=1e-12)

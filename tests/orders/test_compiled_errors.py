"""The compiled error of a chain against the norm of its error by definition, bit for bit, and its image."""

from collections.abc import Iterator

import numpy as np
import pytest

from sqtheory.alphabet import compiled_chunks
from sqtheory.alphabet.kernels import compiled_chains, engine
from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.operators import Operator
from sqtheory.exceptions import NonFinite
from sqtheory.orders.compiled_errors import error_units
from sqtheory.orders.errors import error, norm
from sqtheory.orders.streaming import error_norm

RNG = np.random.default_rng(67)
SHAPE = (8, 192)
KINDS = {
    "normal": RNG.normal(size=SHAPE),
    "dyadic ties": RNG.integers(-8, 9, SHAPE) / 4,
    "zeros": np.where(RNG.random(SHAPE) < 0.7, -0.0, RNG.normal(size=SHAPE)),
    "wide": RNG.normal(size=SHAPE) * 2.0 ** RNG.integers(-60, 60, SHAPE),
    "subnormal": RNG.integers(-5000, 5000, SHAPE) * 2.0**-149,
    "large": RNG.normal(size=SHAPE) * 2.0**126,
    "constant": np.full(SHAPE, -2.5),
}
CHAINS = (
    *("2:4 >> mxfp8", "nm(1, 4, ties=high_index) >> mxfp4", "3:4 >> int4:b64", "2:4 >> nf4", "hbfp8", "mxint8"),
    *("nm(2, 4, ties=by_original) >> int8:b16", "4:8 >> mxfp6", "nm(2, 3) >> int(4, block=6)", "mxfp8", "int4:b4"),
    *("top(0.5, per=row) >> int4:b32", "2:4 >> int(4, per=row)"),
)


@pytest.fixture(autouse=True)
def numba() -> Iterator[None]:
    """All here is compiled."""
    with engine("numba"):
        yield


def written(text: str) -> Operator:
    f = parse(text)
    assert isinstance(f, Operator)
    return f


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("text", CHAINS)
def test_errors_and_images_are_those_of_the_definition(text: str, p: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_chunks, "CHUNK", 500)
    f = written(text)
    for name, sample in KINDS.items():
        x = sample.astype(np.float32)
        out = np.empty_like(x)
        found = error_norm(f, x, p, out=out)
        with engine("definition"):
            assert out.tobytes() == f(x).tobytes(), name
            assert found == norm(error(f, x), p), name
        assert error_norm(f, x, p) == found


@pytest.mark.parametrize("text", CHAINS)
def test_ordinary_numbers_take_the_loops(text: str) -> None:
    x = KINDS["normal"].astype(np.float32)
    assert error_units(written(text), x, 2, None) is not None


def test_what_the_loops_are_not_for() -> None:
    x = KINDS["normal"].astype(np.float32)
    others = (
        "2:4 >> int(4, scaling=halfrange)",
        "2:4 >> nvfp4",
        "2:4",
        "2:4 >> int4 >> int4",
        "50% >> int4",
        "bcq3",
        "2:4 >> int(4, block=72)",
        "identity()",
    )
    assert all(error_units(written(text), x, 2, None) is None for text in others)
    f = written("2:4 >> mxfp8")
    assert error_units(f, x.astype(np.float64), 2, None) is error_units(f, x[:, ::-1], 2, None) is None
    assert error_units(f, x, 3, None) is error_units(f, KINDS["large"].astype(np.float32), 2, None) is None
    for bad in (np.nan, np.inf):
        x[3, 7] = bad
        with pytest.raises(NonFinite, match=r"at \(3, 7\)"):
            error_norm(f, x)


def test_powers_too_small_beside_the_largest_are_left_to_numpy() -> None:
    x = np.zeros((1, 4096), np.float32)
    x[0, 0], x[0, 1::32] = 1.0, np.float32(2.0**-70) * (1 + 2.0**-23)
    f = written("int4:b32")
    assert error_units(f, x, 2, None) is None
    assert error_norm(f, x, 2) == norm(error(f, x), 2)


def test_a_broken_loop_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    x, f, sound = KINDS["dyadic ties"].astype(np.float32), written("2:4 >> mxfp8"), compiled_chains.masked
    monkeypatch.setattr(compiled_chains, "masked", lambda b, n, later, *rest: sound(b, n, 1 - later, *rest))
    out = np.empty_like(x)
    error_norm(f, x, 2, out=out)
    assert out.tobytes() != f(x).tobytes()

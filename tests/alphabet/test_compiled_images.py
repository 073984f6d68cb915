"""The compiled image of a mask and a format against the definition, bit for bit."""

import numpy as np
import pytest

from sqtheory.alphabet import compiled_chunks
from sqtheory.alphabet.compiled_images import image_into, rests
from sqtheory.alphabet.kernels import compiled_chains, engine
from tests.orders.test_compiled_errors import CHAINS, KINDS, numba, written

__all__ = ["numba"]


@pytest.mark.parametrize("text", CHAINS)
def test_images_are_those_of_the_definition(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_chunks, "CHUNK", 500)
    f = written(text)
    for name, sample in KINDS.items():
        x = sample.astype(np.float32)
        out = np.full_like(x, 7)
        taken = image_into(f, x, out)
        assert taken or name == "large", name
        with engine("definition"):
            assert not taken or out.tobytes() == f(x).tobytes(), name


@pytest.mark.parametrize("text", ["mxfp8", "int4:b32", "nf4", "2:4 >> mxfp4"])
def test_an_image_rests_and_what_is_moved_does_not(text: str) -> None:
    f, x = written(text), KINDS["normal"].astype(np.float32)
    y = f(f(x))
    assert rests(f, y) and not rests(f, x)
    at = np.flatnonzero(y)[5]
    y.reshape(-1)[at] *= np.float32(1 + 2.0**-20)
    assert not rests(f, y)
    y.reshape(-1)[at] = np.nan
    assert not rests(f, y)


def test_what_the_loops_are_not_for() -> None:
    x = KINDS["normal"].astype(np.float32)
    out = np.empty_like(x)
    assert not any(image_into(written(text), x, out) for text in ("2:4 >> nvfp4", "2:4", "50% >> int4", "bcq3"))
    f = written("2:4 >> mxfp8")
    assert not image_into(f, x.astype(np.float64), out.astype(np.float64))
    assert not image_into(f, x[:, ::-1], out)
    for bad in (np.nan, np.inf):
        x[3, 7] = bad
        assert not image_into(f, x, out)
    with engine("numpy"):
        assert not image_into(f, KINDS["normal"].astype(np.float32), out)


def test_a_broken_loop_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    x, f, sound = KINDS["normal"].astype(np.float32), written("2:4 >> mxfp8"), compiled_chains.images
    monkeypatch.setattr(compiled_chains, "images", lambda y, scales, *rest: sound(y, 2 * scales, *rest))
    out = np.empty_like(x)
    scales = np.empty((8, 6), np.float32)
    assert image_into(f, x, out, scales) and out.tobytes() != f(x).tobytes()

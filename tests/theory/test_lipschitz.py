import math
from collections.abc import Callable

import numpy as np
import pytest

from sqtheory.arrays import Array
from sqtheory.theory.lipschitz import LIPSCHITZ, chord, constant

GRID = np.arange(-12 * 512, 12 * 512 + 1) / 512


def gelu(t: Array) -> Array:
    return np.array([v * (1 + math.erf(v / math.sqrt(2))) / 2 for v in t])


POINTWISE: dict[str, Callable[[Array], Array]] = {
    "identity": lambda t: t,
    "relu": lambda t: np.maximum(t, 0),
    "tanh": np.tanh,
    "sigmoid": lambda t: (1 + np.tanh(t / 2)) / 2,
    "gelu": gelu,
    "gelu_tanh": lambda t: t * (1 + np.tanh(math.sqrt(2 / math.pi) * (t + 0.044715 * t**3))) / 2,
    "silu": lambda t: t * (1 + np.tanh(t / 2)) / 2,
}


@pytest.mark.parametrize("name", POINTWISE)
def test_slopes_reach_the_constant_and_do_not_pass_it(name: str) -> None:
    slopes = np.abs(np.diff(POINTWISE[name](GRID))) * 512
    assert slopes.max() <= constant(name) * (1 + 1e-12)
    assert slopes.max() > constant(name) * (1 - 1e-5)


def test_softmax_is_half_lipschitz_and_that_is_approached() -> None:
    rng = np.random.default_rng(0)

    def softmax(z: Array) -> Array:
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return np.asarray(e / e.sum(axis=1, keepdims=True))

    a = rng.normal(size=(20_000, 5)) * 3
    b = a + rng.normal(size=a.shape) * 10.0 ** rng.uniform(-3, 1, (len(a), 1))
    ratio = np.linalg.norm(softmax(a) - softmax(b), axis=1) / np.linalg.norm(a - b, axis=1)
    assert ratio.max() <= constant("softmax")
    near = np.array([[1e-4, -1e-4], [0, 0]])
    assert np.linalg.norm(np.diff(softmax(near), axis=0)) / np.linalg.norm(np.diff(near, axis=0)) > 0.4999


def test_normalization_stays_within_its_chord_and_reaches_it() -> None:
    rng = np.random.default_rng(1)
    u = rng.normal(size=(50_000, 3))
    step = rng.normal(size=u.shape)
    ratio = rng.uniform(0, 1.5, len(u))
    v = u + step / np.linalg.norm(step, axis=1, keepdims=True) * (ratio * np.linalg.norm(u, axis=1))[:, None]
    moved = np.linalg.norm(u / np.linalg.norm(u, axis=1)[:, None] - v / np.linalg.norm(v, axis=1)[:, None], axis=1)
    assert (moved <= chord(ratio) * (1 + 1e-12)).all()
    tangent = np.array([math.cos(0.3) ** 2, math.cos(0.3) * math.sin(0.3)])  # touches the circle of radius sin 0.3
    reached = np.linalg.norm(tangent / np.linalg.norm(tangent) - [1, 0])
    assert np.linalg.norm(tangent - [1, 0]) == pytest.approx(math.sin(0.3))
    assert reached == pytest.approx(float(chord(np.array(math.sin(0.3)))), rel=1e-12)
    assert chord(np.array([0.0, 1.0, 7.0])).tolist() == [0.0, 2.0, 2.0]


def test_no_constant_is_no_constant() -> None:
    with pytest.raises(ValueError, match="layer_norm has no Lipschitz constant for all inputs"):
        constant("layer_norm")
    with pytest.raises(ValueError, match="no Lipschitz constant of 'mish' is known here; known: identity"):
        constant("mish")
    assert {name for name, found in LIPSCHITZ.items() if found.constant is None} == {
        "layer_norm",
        "rms_norm",
        "attention",
    }

"""σ cast(x/σ) by another package's cast, σ = 2^{⌊log₂ amax⌋ − e_max} for every 32 entries."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from sqtheory.alphabet.formats import E2M1, E2M3, E4M3, FloatFormat
from sqtheory.arrays import Array
from sqtheory.bench.cases import Call

ELEMENTS = {"mxfp8": E4M3, "mxfp6": E2M3, "mxfp4": E2M1}
"""The cases that are a cast under a shared power of two."""
LACKS = "scales and saturation (numpy's, around its cast)"


def prepared(element: FloatFormat, cast: Callable[[Array], Any], x: Array) -> Call:
    """The call that casts every block of x under its scale, on whole arrays."""
    return partial(_image, element, cast, x)


def _image(element: FloatFormat, cast: Callable[[Array], Any], x: Array) -> Array:
    v = x.reshape(-1, 32)
    _, power = np.frexp(np.abs(v).max(axis=1, keepdims=True))
    scale = np.ldexp(np.float32(1), np.clip(power - np.frexp(element.max)[1], -127, 127))
    image = cast(np.clip(v / scale, element.min, element.max)).astype(np.float32)
    return np.asarray(image * scale).reshape(x.shape)

"""The same images by other packages, where they are installed; each as its documentation suggests, on whole arrays."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from sqtheory.alphabet.formats import E2M1, E2M3, E4M3, FloatFormat
from sqtheory.arrays import Array
from sqtheory.bench.cases import Call

ELEMENTS = {"mxfp8": E4M3, "mxfp6": E2M3, "mxfp4": E2M1}
"""The cases that are a cast under a shared power of two."""


def peers(case: str) -> Iterator[tuple[str, Callable[[Array], Call]]]:
    """Name and version of each package that can do this case, and how to prepare it."""
    if case not in ELEMENTS:
        return
    element = ELEMENTS[case]
    try:
        import ml_dtypes

        kind = {E4M3: ml_dtypes.float8_e4m3fn, E2M3: ml_dtypes.float6_e2m3fn, E2M1: ml_dtypes.float4_e2m1fn}[element]
        yield f"ml_dtypes {ml_dtypes.__version__}", partial(_prepared, element, lambda v: v.astype(kind))
    except ImportError:
        pass
    try:
        import gfloat
        from gfloat import formats

        info = {
            E4M3: formats.format_info_ocp_e4m3,
            E2M3: formats.format_info_ocp_e2m3,
            E2M1: formats.format_info_ocp_e2m1,
        }[element]
        yield "gfloat", partial(_prepared, element, lambda v: gfloat.round_ndarray(info, v, sat=True))
    except ImportError:
        pass


def _prepared(element: FloatFormat, cast: Callable[[Array], Any], x: Array) -> Call:
    return partial(_scaled_cast, element, cast, x)


def _scaled_cast(element: FloatFormat, cast: Callable[[Array], Any], x: Array) -> Array:
    """σ cast(x/σ) with σ = 2^{⌊log₂ amax⌋ − e_max} for every 32 entries."""
    v = x.reshape(-1, 32)
    _, power = np.frexp(np.abs(v).max(axis=1, keepdims=True))
    scale = np.ldexp(np.float32(1), np.clip(power - np.frexp(element.max)[1], -127, 127))
    image = cast(np.clip(v / scale, element.min, element.max)).astype(np.float32)
    return np.asarray(image * scale).reshape(x.shape)

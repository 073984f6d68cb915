# pip install xllamacpp==2026.10.11549 numpy==2.4.6; Python 3.11.7
# Runs by ctypes the ggml inside the extension of xllamacpp: ggml_quantize_chunk without an importance matrix, then
# dequantize_row_NAME; rows of 256. IQ1 to IQ3 need an importance matrix and are left out.
# python -P tests/tools/make/ggml.py (-P: files beside this one have the names of packages)

import ctypes
import importlib.util
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
PACKAGES = ("xllamacpp", "numpy")
INPUTS = ("masked", "masked_positive", "halves", "empty", "spread")
NAMES = ("q2_K", "q3_K", "q4_K", "q5_K", "q6_K", "iq4_nl", "iq4_xs", "nvfp4", "q1_0", "q2_0")

found = importlib.util.find_spec("xllamacpp")
assert found and found.origin
ggml = ctypes.CDLL(str(Path(found.origin).with_name("xllamacpp.abi3.so")))
ggml.ggml_type_name.restype = ctypes.c_char_p
ggml.ggml_row_size.restype = ggml.ggml_quantize_chunk.restype = ctypes.c_size_t
ggml.ggml_row_size.argtypes = [ctypes.c_int, ctypes.c_int64]
ggml.ggml_quantize_chunk.argtypes = [
    *(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p),
    *(ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p),
]
KIND = {ggml.ggml_type_name(kind).decode(): kind for kind in range(43)}


def through(name: str, values: np.ndarray) -> np.ndarray:
    rows, width = values.shape
    packed = np.zeros((rows, ggml.ggml_row_size(KIND[name], width)), np.uint8)
    read = np.full((rows, width), np.nan, np.float32)
    ggml.ggml_quantize_chunk(KIND[name], values.ctypes.data, packed.ctypes.data, 0, rows, width, None)
    back = getattr(ggml, f"dequantize_row_{name}")
    back.argtypes, back.restype = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64], None
    back(packed.ctypes.data, read.ctypes.data, values.size)
    return read


MODES: dict[str, Callable[[np.ndarray], np.ndarray]] = {name.upper(): partial(through, name) for name in NAMES}

if __name__ == "__main__":
    given = np.load(HERE / "inputs.npz")
    made = {f"{mode}/{name}": run(given[name]) for mode, run in MODES.items() for name in INPUTS}
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "ggml.npz", versions=versions, **made)

"""Fast loops: the definitions of quantizers and masks on tiles that stay in cache, bit for bit.

A kernel knows no rule of its own: constants, scales and cuts come from the format, the scaling and the rounding it
is given, and where it has no loop for them it says so and the definition does the work.
"""

from sqtheory.alphabet.kernels.engine import ENGINES, Engine, by_definition, engine, engine_name, expect, usual
from sqtheory.alphabet.kernels.masks import keep_largest, pruned
from sqtheory.alphabet.kernels.maxima import finite
from sqtheory.alphabet.kernels.occupancy import WORDS, fullest, fullest_run
from sqtheory.alphabet.kernels.quantization import block_scales, image_at, quantize, safe_scale

__all__ = [
    "ENGINES",
    "WORDS",
    "Engine",
    "block_scales",
    "by_definition",
    "engine",
    "engine_name",
    "expect",
    "finite",
    "fullest",
    "fullest_run",
    "image_at",
    "keep_largest",
    "pruned",
    "quantize",
    "safe_scale",
    "usual",
]

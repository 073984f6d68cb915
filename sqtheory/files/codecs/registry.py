"""Every layout of quantized weights that is read."""

from sqtheory.files.codecs.codec import Codec
from sqtheory.files.codecs.fp8 import Fp8

CODECS: tuple[type[Codec], ...] = (Fp8,)
"""Each is asked for the weights that it knows; two never claim the same."""

"""Every layout of quantized weights that is read."""

from sqtheory.files.codecs.codec import Codec
from sqtheory.files.codecs.compressed_tensors import CompressedTensors
from sqtheory.files.codecs.fp8 import Fp8
from sqtheory.files.codecs.gpt_oss import GptOss
from sqtheory.files.codecs.microscaling import Microscaling
from sqtheory.files.codecs.modelopt import ModelOpt

CODECS: tuple[type[Codec], ...] = (Fp8, ModelOpt, CompressedTensors, GptOss, Microscaling)
"""Each is asked for the weights that it knows; two never claim the same."""

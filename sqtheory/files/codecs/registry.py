"""Every layout of quantized weights that is read."""

from sqtheory.files.codecs.auto_round import AutoRoundCodec
from sqtheory.files.codecs.awq import AwqCodec
from sqtheory.files.codecs.bitsandbytes import BitsAndBytesCodec
from sqtheory.files.codecs.codec import Codec
from sqtheory.files.codecs.comfy import ComfyCodec
from sqtheory.files.codecs.compressed_tensors import CompressedTensors
from sqtheory.files.codecs.fp8 import Fp8
from sqtheory.files.codecs.gpt_oss import GptOss
from sqtheory.files.codecs.gptq import GptqCodec
from sqtheory.files.codecs.llm_int8 import LlmInt8Codec
from sqtheory.files.codecs.microscaling import Microscaling
from sqtheory.files.codecs.mlx import MlxCodec
from sqtheory.files.codecs.modelopt import ModelOpt
from sqtheory.files.codecs.packed import PackedCodec
from sqtheory.files.codecs.torchao import TorchAo
from sqtheory.files.codecs.unread import UnreadCodec

CODECS: tuple[type[Codec], ...] = (
    *(ComfyCodec, PackedCodec, Fp8, ModelOpt, CompressedTensors, GptOss, Microscaling, TorchAo),
    *(GptqCodec, AwqCodec, AutoRoundCodec, MlxCodec, BitsAndBytesCodec, LlmInt8Codec, UnreadCodec),
)
"""Each is asked for the weights that it knows; two never claim the same."""

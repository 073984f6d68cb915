"""How files hold codes."""

from enum import StrEnum
from typing import NoReturn, final


@final
class CodeLayout(StrEnum):
    """A safetensors file for ``unpack``, a folder or a file for what runs models."""

    sqtheory = "sqtheory"
    compressed_tensors = "compressed-tensors"
    gptq = "gptq"
    gptq_v2 = "gptq_v2"
    awq = "awq"
    gguf = "gguf"
    onnx = "onnx"

    @classmethod
    def _missing_(cls, value: object) -> NoReturn:
        raise ValueError(f"a layout of codes is one of {', '.join(cls)}, got {value!r}")

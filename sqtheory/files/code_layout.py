"""How files hold codes."""

from enum import StrEnum
from typing import NoReturn, final


@final
class CodeLayout(StrEnum):
    """In one safetensors file for ``unpack``, or in a folder for the package compressed-tensors."""

    sqtheory = "sqtheory"
    compressed_tensors = "compressed-tensors"

    @classmethod
    def _missing_(cls, value: object) -> NoReturn:
        raise ValueError(f"a layout of codes is one of {', '.join(cls)}, got {value!r}")

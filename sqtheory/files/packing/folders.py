"""The layouts of folders by the names that ``apply --layout`` has for them."""

from collections.abc import Mapping
from types import MappingProxyType

from sqtheory.files.code_layout import CodeLayout
from sqtheory.files.codecs.gptq import FIRST, SECOND
from sqtheory.files.packing.awq import AwqLayout
from sqtheory.files.packing.compressed_tensors import CompressedTensorsLayout
from sqtheory.files.packing.gptq import GptqLayout
from sqtheory.files.packing.modules import ModuleLayout

FOLDERS: Mapping[CodeLayout, ModuleLayout] = MappingProxyType(
    {
        CodeLayout.compressed_tensors: CompressedTensorsLayout(),
        CodeLayout.gptq: GptqLayout(FIRST),
        CodeLayout.gptq_v2: GptqLayout(SECOND),
        CodeLayout.awq: AwqLayout(),
    }
)

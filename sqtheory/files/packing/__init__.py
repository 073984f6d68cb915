"""The codes themselves: quantized and pruned tensors in the bits that theorem ``storage`` counts, and back."""

from sqtheory.files.bits import pack_bits, unpack_bits
from sqtheory.files.packing.bits_table import bits_sentence, bits_table
from sqtheory.files.packing.encoding import encode_packed, grid_of, pack, pack_image, pack_kept, pack_values
from sqtheory.files.packing.files import PackedCheckpoint, unpack_file, write_packed
from sqtheory.files.packing.folders import FOLDERS
from sqtheory.files.packing.indices import Places, places_of
from sqtheory.files.packing.module_checkpoint import ModuleCheckpoint
from sqtheory.files.packing.modules import ModuleLayout, write_folder
from sqtheory.files.packing.packed import Packed, unpack
from sqtheory.files.packing.schema import Schema

__all__ = [
    "FOLDERS",
    "ModuleCheckpoint",
    "ModuleLayout",
    "Packed",
    "PackedCheckpoint",
    "Places",
    "Schema",
    "bits_sentence",
    "bits_table",
    "encode_packed",
    "grid_of",
    "pack",
    "pack_bits",
    "pack_image",
    "pack_kept",
    "pack_values",
    "places_of",
    "unpack",
    "unpack_bits",
    "unpack_file",
    "write_folder",
    "write_packed",
]

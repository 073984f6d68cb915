"""Integer codes as MatMulNBits of ONNX Runtime takes them: blocks of a row of 16 to 256 entries, a power of two."""

import numpy as np

from sqtheory.exceptions import InputRefused
from sqtheory.files.bits import pack_bits
from sqtheory.files.checkpoints.onnx_graph.blockwise import Blockwise
from sqtheory.files.packing.packed import Packed
from sqtheory.files.packing.schema import Schema
from sqtheory.files.packing.uniform import UniformScheme, check_read, scheme_of_rows, uniform

TITLE = "MatMulNBits"
BITS = (2, 4, 8)
LEAST, MOST = 16, 256
"""Entries of a block (onnxruntime 1.32)."""


def scheme_of(schema: Schema) -> UniformScheme:
    """The bits, the groups and the symmetry; InputRefused for what the operator has not."""
    scheme = scheme_of_rows(schema, TITLE, BITS)
    if scheme.group is not None and scheme.group % LEAST:
        raise InputRefused(f"{TITLE} has blocks of {LEAST} to {MOST} entries, a power of two: {scheme.group} are none")
    return scheme


def frame(schema: Schema) -> Blockwise:
    """What is written for a tensor, but for the bytes."""
    scheme, (rows, columns) = scheme_of(schema), schema.shape
    return Blockwise(rows, columns, scheme.bits, _block(scheme, columns), not scheme.symmetric, {})


def blockwise(packed: Packed) -> Blockwise:
    """Codes, scales in float32 and zero points, rows filled up with zeros to whole blocks and bytes.

    A group of several blocks has its scale and its zero point once for each.
    """
    scheme, made = scheme_of(packed.schema), frame(packed.schema)
    parts, (rows, blocks) = uniform(packed, scheme), made.shapes["scales"]
    check_read(packed, parts, "F32", TITLE)
    of = np.minimum(np.arange(blocks) * made.block // (scheme.group or made.columns), parts.scales.shape[1] - 1)
    codes = np.zeros((rows, blocks * made.block), np.uint8)
    codes[:, : made.columns] = parts.codes
    raw = {"codes": pack_bits(codes, made.bits).tobytes(), "scales": parts.scales[:, of].astype("<f4").tobytes()}
    if made.asymmetric:
        each = 8 // made.bits
        zeros = np.zeros((rows, -(-blocks // each) * each), np.uint8)
        zeros[:, :blocks] = parts.zeros[:, of]
        raw["zeros"] = pack_bits(zeros, made.bits).tobytes()
    return Blockwise(made.rows, made.columns, made.bits, made.block, made.asymmetric, raw)


def _block(scheme: UniformScheme, columns: int) -> int:
    """The largest power of two in range that divides a group; of whole rows the least that covers one."""
    if scheme.group is None:
        return min(MOST, max(LEAST, 1 << (columns - 1).bit_length()))
    return min(MOST, scheme.group & -scheme.group)

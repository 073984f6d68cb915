"""(c − z)·s in blocks of a row, codes of 2, 4 or 8 bits packed from the lowest bits on: MatMulNBits of onnxruntime.

Source: the operator's description in onnxruntime 1.32 (com.microsoft, version 1). Codes [N, blocks, bytes], scales
[N, blocks]; zero points are packed like codes, every row of them filled up to whole bytes, or numbers of the type of
the scales; without any it is half of the range. With such numbers, or where columns were reordered, onnxruntime takes
c·s − z·s, each product rounded to float32. Values are rounded to the type of the scales. Of reordered columns with
packed zero points it reads the zero points on a GPU, as its description says and as is done here; on a CPU it takes 8.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.codecs.dequantize_linear import rounded


def blockwise_values(
    codes: NDArray[np.uint8],
    scales: NDArray[Any],
    zeros: NDArray[Any] | None,
    groups: NDArray[Any] | None,
    *,
    columns: int,
    rows: int,
    bits: int,
    block: int,
    dtype: str,
) -> NDArray[np.float32]:
    """The right operand [columns, rows] of the product, float32: its axis 0 is summed over.

    ``groups``: the block whose scale each column has, where columns were reordered; of codes of 4 bits only. Raises
    ValueError for shapes that do not belong together, for scales and zero points that are not finite.
    """
    if bits not in (2, 4, 8) or block < 1 or (bits * block) % 8:
        raise ValueError(f"codes have 2, 4 or 8 bits and blocks fill whole bytes, got {bits} bits in blocks of {block}")
    blocks = -(-columns // block)
    if codes.dtype != np.uint8 or codes.size != rows * blocks * block * bits // 8:
        raise ValueError(f"{rows} rows of {blocks} blocks of {block} codes do not fit {codes.dtype} {codes.shape}")
    if scales.size != rows * blocks:
        raise ValueError(f"{rows} rows of {blocks} blocks take {rows * blocks} scales, got {scales.size}")
    if not np.isfinite(scales).all():
        raise ValueError("scales are finite, one is not")
    q = _unpacked(codes.reshape(rows, -1), bits)[:, :columns].astype(np.float32)
    zero = _zeros(zeros, rows, blocks, bits)
    of = np.arange(columns) // block
    if groups is not None:
        if bits != 4:
            raise ValueError(f"columns are reordered of codes of 4 bits only, got {bits}")
        if groups.size < columns or (groups.size and not 0 <= groups.min() <= groups.max() < blocks):
            raise ValueError(f"groups number {blocks} blocks, one for each of {columns} columns, got {groups.shape}")
        of = groups.reshape(-1)[:columns]
    scale = scales.reshape(rows, blocks).astype(np.float32)[:, of]
    if groups is not None or (zeros is not None and zeros.dtype.kind == "f"):
        values = q * scale - zero[:, of] * scale
    else:
        values = (q - zero[:, of]) * scale
    return np.ascontiguousarray(rounded(values, dtype).T)


def _zeros(zeros: NDArray[Any] | None, rows: int, blocks: int, bits: int) -> NDArray[np.float32]:
    if zeros is None:
        return np.full((rows, blocks), 2.0 ** (bits - 1), np.float32)
    packed = -(-blocks * bits // 8)
    if zeros.dtype == np.uint8 and zeros.size == rows * packed:
        return _unpacked(zeros.reshape(rows, packed), bits)[:, :blocks].astype(np.float32)
    if zeros.dtype.kind == "f" and zeros.size == rows * blocks and np.isfinite(zeros).all():
        return zeros.reshape(rows, blocks).astype(np.float32)
    raise ValueError(
        f"{rows} rows of {blocks} blocks do not fit zero points {zeros.dtype} {zeros.shape}, all of them finite"
    )


def _unpacked(packed: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    """Codes of a row one after another, the first in the lowest bits."""
    if bits == 8:
        return packed
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    return ((packed[:, :, None] >> shifts) & np.uint8((1 << bits) - 1)).reshape(packed.shape[0], -1)

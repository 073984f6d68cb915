"""The folder that ``write_compressed_tensors`` writes, read back without the package compressed-tensors."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import BFLOAT16, E2M1
from sqtheory.alphabet.partition import Shape
from sqtheory.arrays import Array
from sqtheory.files.bits import unpack_bits
from sqtheory.files.checkpoints import Checkpoint, SafetensorsCheckpoint, TensorInfo
from sqtheory.files.checkpoints.json_text import json_object
from sqtheory.files.checkpoints.tensors import check_tensor, plain, refused
from sqtheory.files.codecs.configuration import CONFIG
from sqtheory.files.packing.compressed_tensors import MODEL, QUANTIZATION
from sqtheory.files.packing.scales import BIAS

PARTS = ("packed", "scale", "shape", "global_scale")
"""What a tensor NAME is stored as, NAME_packed and so on, in the order in which its bytes are hashed."""
_CHUNK = 1 << 18
_MAX_CONFIG = 1 << 24


@final
class CompressedTensorsCheckpoint(Checkpoint):
    """The tensors of such a folder under their own names; the values are those that the package decompresses.

    That is c · σ in float32 for integers, and rounded to bfloat16 for MXFP4 and NVFP4.
    """

    def __init__(self, folder: Path) -> None:
        """Read header and config; CheckpointError for a folder that is not one of these."""
        self._file = SafetensorsCheckpoint(folder / MODEL)
        try:
            self._held = {info.name: info for info in self._file.tensors}
            self._bits = _bits(folder / CONFIG)
            names = [name.removesuffix("_packed") for name in self._held if name.endswith("_packed")]
            self._parts = {n: [f"{n}_{p}" for p in PARTS if f"{n}_{p}" in self._held] for n in names}
            packed = [
                TensorInfo(n, "F32", self._shape(n), sum(self._held[p].nbytes for p in self._parts[n])) for n in names
            ]
        except BaseException:
            self._file.close()
            raise
        parts = {part for each in self._parts.values() for part in each}
        super().__init__(self._file.path, (*packed, *(i for i in self._file.tensors if i.name not in parts)))

    @property
    def file(self) -> SafetensorsCheckpoint:
        """The file as it is."""
        return self._file

    @property
    def metadata(self) -> dict[str, str]:
        """What the file says besides tensors."""
        return dict(self._file.metadata)

    def stored(self, name: str) -> Iterator[NDArray[np.uint8]]:
        return (piece for part in self._parts.get(name, [name]) for piece in self._file.stored(part))

    def close(self) -> None:
        self._file.close()

    def _statuses(self) -> tuple[os.stat_result, ...]:
        return self._file._statuses()

    def _shape(self, name: str) -> Shape:
        packed, scale = self._held[f"{name}_packed"], self._held.get(f"{name}_scale")
        if scale is None or len(packed.shape) != 2:
            raise refused(self._file.path, "packed is a matrix, and there is a scale", name)
        if packed.dtype == "I32":
            said = self._held.get(f"{name}_shape")
            if said is None or said.shape != (2,) or scale.dtype != "F32":
                raise refused(self._file.path, "packed integers have a shape of two numbers and scales in F32", name)
            rows, columns = (int(n) for n in self._file.read(f"{name}_shape"))
            if rows != packed.shape[0] or columns < 1 or packed.shape[1] != -(-columns * self._bits // 32):
                raise refused(self._file.path, f"{packed.shape} words are no {rows}×{columns} integers", name)
        else:
            rows, columns = packed.shape[0], 2 * packed.shape[1]
            side = 16 if f"{name}_global_scale" in self._held else 32
            kinds = ("U8", "F8_E4M3" if side == 16 else "U8")
            if (packed.dtype, scale.dtype) != kinds or scale.shape != (rows, columns // side) or columns % side:
                raise refused(self._file.path, f"codes of 4 bits have a scale of a byte for {side} of them", name)
            if side == 16 and self._held[f"{name}_global_scale"].shape != (1,):
                raise refused(self._file.path, "the scale of the tensor is one number", name)
        groups = scale.shape[-1] if scale.shape else 0
        if scale.shape not in {(1,), (rows, groups)} or groups < 1 or columns % groups:
            raise refused(
                self._file.path, f"scales of shape {scale.shape} do not divide {rows}×{columns} entries", name
            )
        check_tensor(self._file.path, name, (rows, columns))
        return rows, columns

    def _read(self, info: TensorInfo) -> NDArray[Any]:
        name = info.name
        if name not in self._parts:
            return self._file.read(name)
        packed, scale = (self._file.read(f"{name}_{part}") for part in ("packed", "scale"))
        integers = packed.dtype == np.int32
        if not integers and scale.dtype == np.uint8:
            scale = np.ldexp(np.float32(1), scale.astype(np.int32) - BIAS)
        elif not integers:
            scale = scale / self._file.read(f"{name}_global_scale")
        scale = np.atleast_2d(scale)
        out = np.empty(info.shape, np.float32)
        step = max(1, _CHUNK // info.shape[1])
        for at in range(0, info.shape[0], step):
            rows = packed[at : at + step]
            levels = self._integers(rows, info.shape[1]) if integers else _floats(rows)
            sigma = scale if len(scale) == 1 else scale[at : at + step]
            out[at : at + step] = levels * np.repeat(sigma, info.shape[1] // scale.shape[1], axis=1)
        if not np.isfinite(out).all():
            raise refused(self._path, "a scale or a product is not finite", name)
        return out if integers else BFLOAT16.round(out, saturate=False)

    def _integers(self, rows: NDArray[np.int32], columns: int) -> Array:
        k = self._bits
        octets = np.ascontiguousarray(rows, "<i4").view(np.uint8)
        each = np.unpackbits(octets, axis=1, count=columns * k, bitorder="little").reshape(len(rows), columns, k)
        codes = np.packbits(each, axis=2, bitorder="little")[..., 0]
        return codes.astype(np.float32) - np.float32(1 << (k - 1))


def _floats(rows: NDArray[np.uint8]) -> Array:
    return E2M1.decode(unpack_bits(rows.reshape(-1), 4, 2 * rows.size)).reshape(len(rows), -1).astype(np.float32)


def _bits(config: Path) -> int:
    """The width of packed integers, 4 where none are, from the config; CheckpointError where it does not say."""
    try:
        with config.open("rb") as file:
            said: Any = json_object(config, file.read(_MAX_CONFIG), "the config").get(QUANTIZATION)
        widths = {group["weights"]["num_bits"] for group in said["config_groups"].values()}
        [k] = widths
        if not isinstance(k, int) or not 2 <= k <= 8:
            raise ValueError(f"num_bits is {k!r}")
    except OSError as error:
        raise refused(config, f"cannot be read: {plain(str(error))}") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise refused(config, f"its {QUANTIZATION} has no one width of 2 to 8 bits") from error
    return k

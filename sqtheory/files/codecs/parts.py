"""What stored tensors that belong together must be: all there, and of shapes and types that agree."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.tensors import TensorInfo, quoted, refused
from sqtheory.files.codecs.codec import Stored

FLOATS = ("F16", "BF16", "F32")
"""The types that scales of codes are stored in where a layout leaves them open."""


def part(stored: Stored, codes: str, name: str, role: str) -> TensorInfo:
    """The tensor of this name, which codes need. Raises CheckpointError, naming both, where it is missing."""
    if name not in stored.infos:
        raise refused(stored.path, f"codes without their {role}: there is no tensor {quoted(name)}", codes)
    return stored.infos[name]


def need_type(stored: Stored, codes: str, info: TensorInfo, *dtypes: str) -> None:
    """Raise CheckpointError, naming both, unless a part of what the codes are stored in has one of some types."""
    if info.dtype not in dtypes:
        rule = f"this layout has {' or '.join(dtypes)} for {quoted(info.name)}, got {info.dtype}"
        raise refused(stored.path, rule, codes)


def need_shape(stored: Stored, codes: str, info: TensorInfo, *shapes: tuple[int, ...]) -> None:
    """Raise CheckpointError, naming both, unless a part of what the codes are stored in has one of some shapes."""
    if info.shape not in shapes:
        own = stored.infos[codes].shape
        rule = f"codes {own} go with {quoted(info.name)} of shape {' or '.join(map(str, shapes))}, got {info.shape}"
        raise refused(stored.path, rule, codes)


def need_finite(role: str, scales: NDArray[Any]) -> None:
    """Raise ValueError, naming the role, for scales or offsets with NaN or infinity among them."""
    if not np.isfinite(scales).all():
        raise ValueError(f"{role}: {scales[~np.isfinite(scales)][0]} is no finite number")

"""Layers of integer codes in 32-bit words, with integer zero points: the three tensors that GPTQ and AWQ share."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.elements import ELEMENTS
from sqtheory.files.checkpoints.tensors import TensorInfo, plain, refused
from sqtheory.files.codecs.codec import Stored
from sqtheory.files.codecs.parts import FLOATS, need_finite, need_type, part

_FORMAT_KEYS = ("checkpoint_format", "packing_format", "version", "format")
CODES, ZEROS, SCALES, GROUPS = ".qweight", ".qzeros", ".scales", ".g_idx"
"""How the names of the codes end, and of what goes with them; the last says whose scale an input has."""
_OF_LAYERS = frozenset({"dynamic", "extra_config"})
"""Keys of configurations by which layers differ."""
_ROWS = 1 << 20
"""Entries made of codes at once."""


@final
@dataclass(frozen=True)
class Words:
    """``NAME.qweight``, ``NAME.qzeros`` [groups, …] and ``NAME.scales`` [groups, out] of one layer."""

    stem: str
    codes: TensorInfo
    zeros: TensorInfo
    scales: TensorInfo

    @property
    def packed_outputs(self) -> bool:
        """Whether a word holds codes of one input and several outputs (AWQ), not the other way round (GPTQ)."""
        return self.codes.shape[1] < self.scales.shape[1]

    @property
    def parts(self) -> dict[str, str]:
        """The names of the three."""
        return {"codes": self.codes.name, "zeros": self.zeros.name, "scales": self.scales.name}


def said_format(stored: Stored, default: str, *known: str) -> str:
    """The one format that a configuration names, by any of the keys that packages have for it; ``default`` for none.

    Raises CheckpointError for one that is not known, and for two.
    """
    said = {str(stored.config[key]).lower() for key in _FORMAT_KEYS if stored.config.get(key) is not None}
    if stored.config.get("is_marlin_format"):
        said.add("marlin")
    if len(said) > 1 or not said <= {default, *known}:
        method, found = stored.config["quant_method"], " and ".join(sorted(said))
        readable = " and ".join([default, *known])
        raise refused(stored.path, f"quant_method {method} has format {plain(found)}: readable are {readable}")
    return said.pop() if said else default


def layers_of_words(stored: Stored) -> Iterator[Words]:
    """The layers of a checkpoint that are stored in words.

    Raises CheckpointError where one of the three tensors is missing, or has the wrong type or number of axes.
    """
    for name, codes in stored.infos.items():
        if name.endswith(CODES):
            stem = name.removesuffix(CODES)
            scales = part(stored, name, stem + SCALES, "scales")
            zeros = part(stored, name, stem + ZEROS, "zero points")
            need_type(stored, name, codes, "I32")
            need_type(stored, name, zeros, "I32")
            need_type(stored, name, scales, *FLOATS)
            if {len(codes.shape), len(zeros.shape), len(scales.shape)} != {
                2
            } or 0 in codes.shape + zeros.shape + scales.shape:
                shapes = f"{codes.shape}, {zeros.shape} and {scales.shape}"
                raise refused(
                    stored.path, f"codes, zero points and scales are matrices with entries, got {shapes}", name
                )
            yield Words(stem, codes, zeros, scales)


def check_said(stored: Stored, words: Words, bits: int, inputs: int) -> None:
    """Raise CheckpointError where bits or the groups of a layer are not those that a configuration states.

    One with keys that state them of single layers is not asked.
    """
    if _OF_LAYERS & stored.config.keys():
        return
    said, size = stored.config.get("bits"), stored.config.get("group_size")
    if type(said) is int and said != bits:
        rule = f"the configuration says {said} bits, {words.zeros.shape[1]} words of zero points for"
        raise stored.refused(
            f"{rule} {words.scales.shape[1]} outputs are of {bits}", words.codes.name, words.zeros.name
        )
    groups = -(-inputs // size) if type(size) is int and size > 0 else 1 if size == -1 else words.scales.shape[0]
    if groups != words.scales.shape[0]:
        rule = f"{inputs} inputs in groups of {size}, as the configuration says, have {groups} scales an output"
        raise stored.refused(f"{rule}, got {words.scales.shape[0]}", words.codes.name, words.scales.name)


def affine(
    codes: NDArray[np.uint8],
    zeros: NDArray[np.integer[Any]],
    scales: NDArray[np.float32],
    groups: NDArray[np.intp],
    dtype: str,
) -> NDArray[np.float32]:
    """s·(q − z) [out, in] of codes [in, out], z and s [groups, out], rounded once to the type of the scales.

    ``groups`` [in] says whose zero point and scale an input has. Raises ValueError for a scale that is not finite.
    """
    need_finite("scales", scales)
    inputs, outputs = codes.shape
    values = np.empty((outputs, inputs), np.float32)
    element: Any = ELEMENTS[dtype]
    signed = zeros.astype(np.float32)
    step = max(1, _ROWS // outputs)
    for at in range(0, inputs, step):
        group = groups[at : at + step]
        exact = (codes[at : at + step].astype(np.float32) - signed[group]) * scales[group]
        values[:, at : at + step] = element.nearest(exact).T
    return values

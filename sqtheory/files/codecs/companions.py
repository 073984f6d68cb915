"""Tensors that only mean something beside codes: scales, zero points, codebooks; how their names look."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints.tensors import TensorInfo, quoted, refused
from sqtheory.files.codecs.precision import ROUNDED

_REAL = frozenset({*ROUNDED, "F64"})

_ACTIVATIONS = re.compile(
    r"(^|[._])((input|output|activation|act)(_global)?_(scale|zero_point|amax)|scale_input|qscale_act)$"
)
"""Names of scales of what a layer takes and gives."""
_CACHED = re.compile(r"(^|[._])(q|k|v|kv|prob|k_cache|v_cache)_(scale|zero_point|amax)$")
"""Names of scales of queries, keys, values; larger tensors of these names may be learnt."""

_OF_CODES = (
    *("_scale", "_scale_inv", "_scale_2", "_scales", "_global_scale", "_zero_point", "_zeros", "_scale_and_zero"),
    *("_qscale", "_absmax", "_scale_inverse"),
    *(".scale", ".scales", ".absmax", ".quant_map", ".zero_point", ".zeros", ".qzeros", "._scale", "._zero_point"),
)
"""What is added to the name of codes."""
_BESIDE = (
    *("scale", "scales", "qzeros", "zeros", "zero_point", "absmax", "SCB", "scb", "g_idx", "biases", "meta"),
    *("scale_weight", "scale_inv", "weight_scale", "weight_scale_inv", "scale_weight_inv", "qscales"),
)
"""What takes the place of ``weight``, ``qweight``, ``weight_packed``, ``blocks``, ``codes``."""
_CODES = ("weight", "qweight", "weight_packed", "_weight", "W_q", "weight_int", "q_weight", "_data")
_ALWAYS_CODES = re.compile(r"(^|\.)(qweight|weight_packed|W_q)$")
"""Names that only codes have."""
_ALWAYS_SCALES = re.compile(r"(^|[._])(weight_(scale(_inv|_2)?|global_scale|zero_point|absmax)|qzeros|absmax|SCB)$")
"""Names that only companions have."""
_LIKE_SCALES = re.compile(r"((^|_)w?scales?(_inv|_and_zeros)?|scaling_factors?|(^|_)amax|^s|_s)$")
"""How names end of what is a scale, if it lies beside codes in the same layer."""
_OF_WEIGHTS = re.compile(r"^(w|weights?|kernel)_")
_CODE_TYPES = re.compile(r"[IU](8|16|32)|F[46].*|F8_E[45]M[23].*")


def is_code(info: TensorInfo) -> bool:
    """The type of a tensor is one that codes have: integers and the short floats."""
    return _CODE_TYPES.fullmatch(info.dtype) is not None


def activation_scales(infos: Iterable[TensorInfo]) -> frozenset[str]:
    """The names of those that are scales of activations."""
    return frozenset(i.name for i in infos if _ACTIVATIONS.search(i.name) or (i.size == 1 and _CACHED.search(i.name)))


def _check_layers(path: Path, infos: Mapping[str, TensorInfo]) -> None:
    """CheckpointError for codes in a layer with what is by its name a scale, of two axes or of the weight."""
    scales: dict[str, str] = {}
    for name, info in infos.items():
        layer, _, last = name.rpartition(".")
        if info.dtype in _REAL and _LIKE_SCALES.search(last):
            if _OF_WEIGHTS.search(last) or sum(n > 1 for n in info.shape) > 1:
                scales[layer] = name
    for name, info in infos.items():
        beside = scales.get(name.rpartition(".")[0])
        if beside is not None and _CODE_TYPES.fullmatch(info.dtype) and len(info.shape) > 1:
            raise _unknown(path, info, beside)


def _unknown(path: Path, codes: TensorInfo, beside: str) -> CheckpointError:
    rule = f"{codes.dtype} codes with {quoted(beside)} beside them are no layout that is known"
    return refused(path, f"{rule}; values can be taken from the weights before they were quantized", codes.name)


def check_left(path: Path, infos: Mapping[str, TensorInfo]) -> None:
    """CheckpointError, naming both, for codes with a companion of which no known layout made a weight.

    ``infos``: the tensors that no layout claimed. Refused are also names that only codes or only companions have.
    """
    for name, info in infos.items():
        if is_code(info) and info.shape:
            beside = next((one for one in _companions(name) if one in infos), None)
            if beside is not None:
                raise _unknown(path, info, beside)
            if _ALWAYS_CODES.search(name) or (name.endswith("_blocks") and len(info.shape) > 1):
                raise refused(path, f"{info.dtype} codes without their scales, or of a layout that is not known", name)
    for name, info in infos.items():
        if _ALWAYS_SCALES.search(name) or (info.dtype == "F8_E8M0" and "scale" in name):
            weight = next((one for one in _weights(name) if one in infos), None)
            where = "whose codes are not there" if weight is None else f"whose weight {quoted(weight)} holds no codes"
            kind = "" if weight is None else f" but {infos[weight].dtype}"
            raise refused(path, f"a companion of quantized codes, {where}{kind}", name)
    _check_layers(path, infos)


def _companions(codes: str) -> Iterator[str]:
    """Names that a companion of codes may have."""
    yield from (codes + ending for ending in _OF_CODES)
    layer, dot, last = codes.rpartition(".")
    if last in _CODES:
        yield from (layer + dot + other for other in _BESIDE)
    for ending in ("_blocks", "_packed", "_codes", ".codes", ".blocks"):
        if codes.endswith(ending):
            stem, separator = codes.removesuffix(ending), ending[0]
            yield from (stem + separator + other for other in ("scales", "scale", "absmax", "zero_point"))


def _weights(companion: str) -> Iterator[str]:
    layer, dot, last = companion.rpartition(".")
    if last.startswith("weight_"):
        yield layer + dot + "weight"
    yield from (layer + dot + other for other in _CODES)

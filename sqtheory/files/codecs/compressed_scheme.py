"""What ``quantization_config`` of the package compressed-tensors says of weights, as it is read and written."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, final

from sqtheory.records import fits

METHOD = "compressed-tensors"
"""The ``quant_method``."""
LAYOUTS = (
    *("pack-quantized", "int-quantized", "naive-quantized", "float-quantized"),
    *("nvfp4-pack-quantized", "mxfp4-pack-quantized", "mxfp6-pack-quantized", "mxfp8-quantized"),
)
"""Formats of weights that are read."""
_SEVERAL = "mixed-precision"
_NONE = ("dense", "fakequant", None)
_STRATEGIES = ("tensor", "channel", "group", "block", "tensor_group")
_CLASS = re.compile(r"[A-Z]\w*")
"""How the name of a class of layers looks, in the place of the name of a layer."""


@final
@dataclass(frozen=True)
class Scheme:
    """What is said of the weights of some layers: the name of a layout and its arguments."""

    layout: str
    num_bits: int
    kind: str
    strategy: str
    group_size: int | None
    scale_dtype: str | None = None
    symmetric: bool = True
    block: tuple[int, int] | None = None
    """Sides of the boxes that share a scale, of the strategy ``block``."""

    @classmethod
    def of(cls, layout: object, said: object) -> "Scheme":
        """The scheme that ``weights`` of a group say; ValueError for what is not understood."""
        if layout not in LAYOUTS or type(layout) is not str:
            raise ValueError(f"the format {layout!r} is not read; formats that are: {', '.join(LAYOUTS)}")
        if not fits(said, dict):
            raise ValueError(f"the weights of a group are a JSON object, got {said!r}")
        bits, kind, strategy = said.get("num_bits", 8), said.get("type", "int"), said.get("strategy")
        size, block, symmetric = said.get("group_size"), said.get("block_structure"), said.get("symmetric", True)
        if strategy is None:
            strategy = "tensor" if size is None else "channel" if size == -1 else "group"
        if not fits(bits, int) or not 1 <= bits <= 8 or kind not in ("int", "float") or strategy not in _STRATEGIES:
            raise ValueError(f"weights of {bits!r} bits of type {kind!r} in the strategy {strategy!r} are not read")
        if not fits(symmetric, bool) or (strategy in ("group", "tensor_group") and not (fits(size, int) and size > 0)):
            raise ValueError(f"symmetric is {symmetric!r} and group_size {size!r}")
        if strategy != "block":
            return cls(layout, bits, kind, strategy, size, None, symmetric)
        if fits(block, str):
            block = [int(n) if n.isdecimal() else 0 for n in block.split("x")]
        if not fits(block, list[int]) or len(block) != 2 or min(block) < 1:
            raise ValueError(f"block_structure is two positive integers, got {block!r}")
        return cls(layout, bits, kind, strategy, None, None, symmetric, (block[0], block[1]))

    def group(self, targets: list[str]) -> dict[str, Any]:
        """One of the ``config_groups``: what is said of the layers that it targets."""
        weights = {
            "num_bits": self.num_bits,
            "type": self.kind,
            "symmetric": self.symmetric,
            "strategy": self.strategy,
            "group_size": self.group_size,
            "dynamic": False,
            **({} if self.scale_dtype is None else {"scale_dtype": self.scale_dtype}),
        }
        none = {"input_activations": None, "output_activations": None}
        return {"targets": targets, "weights": weights, **none, "format": self.layout}


@final
@dataclass(frozen=True)
class Group:
    """Layers, by their names, by patterns or by their classes, and the scheme of their weights."""

    targets: tuple[str, ...]
    scheme: Scheme

    def names(self, layer: str) -> bool:
        """Whether a layer is targeted by its name or by a pattern."""
        return any(_matches(target, layer) for target in self.targets)

    @property
    def classes(self) -> bool:
        """Whether layers of some class are targeted."""
        return any(_CLASS.fullmatch(target) for target in self.targets)


def groups_of(config: Mapping[str, Any]) -> tuple[Group, ...]:
    """The groups that have quantized weights; ValueError for what is not understood."""
    layout, groups = config.get("format"), config.get("config_groups", {})
    sparsity = config.get("sparsity_config") or {}
    if not fits(groups, dict) or not fits(sparsity, dict):
        raise ValueError("config_groups and sparsity_config are JSON objects")
    if sparsity.get("format") not in _NONE:
        raise ValueError(f"the format {sparsity.get('format')!r} of its sparsity_config is not read")
    return tuple(_groups(layout, groups))


def _groups(layout: object, groups: Mapping[str, Any]) -> Iterator[Group]:
    for name, said in groups.items():
        if not fits(said, dict):
            raise ValueError(f"{name} of config_groups is a preset, {said!r}: its arguments are not written there")
        targets, own = said.get("targets"), said.get("format") or layout
        if not fits(targets, list[str]):
            raise ValueError(f"targets of {name} are a list of texts, got {targets!r}")
        if said.get("weights") is not None and own not in _NONE:
            if own == _SEVERAL:
                raise ValueError(f"{name} of config_groups has no format of its own, and the format is {_SEVERAL}")
            yield Group(tuple(targets), Scheme.of(own, said["weights"]))


def _matches(target: str, layer: str) -> bool:
    if not target.startswith("re:"):
        return target == layer
    try:
        return re.match(target.removeprefix("re:"), layer) is not None
    except re.error as error:
        raise ValueError(f"the target {target!r} is no regular expression: {error}") from error

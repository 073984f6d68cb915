"""The tensors of one layer that compressed-tensors quantized, and the boxes of its weight that share a scale."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import final

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints.tensors import TensorInfo, quoted, refused
from sqtheory.files.codecs.boxes import Shape, box_of
from sqtheory.files.codecs.codec import Stored
from sqtheory.files.codecs.compressed_scheme import Scheme

SIDES = (128, 128)
"""Of boxes, where no configuration says others."""


@final
@dataclass(frozen=True)
class QuantizedLayer:
    """A layer and what is said of its weight; ``scheme`` is None where there is no configuration."""

    stored: Stored
    prefix: str
    """What the names of its tensors begin with: ``model.layers.0.mlp.up_proj.``."""
    codes: TensorInfo
    scheme: Scheme | None

    @property
    def name(self) -> str:
        """What a dense checkpoint calls the weight."""
        return f"{self.prefix}weight"

    def part(self, what: str) -> TensorInfo | None:
        """The tensor ``weight_WHAT`` of the layer; None where there is none."""
        return self.stored.infos.get(f"{self.name}_{what}")

    def need(self, what: str, dtypes: frozenset[str]) -> TensorInfo:
        """A part without which there is no weight; CheckpointError where it is not there or of another type."""
        found = self.part(what)
        if found is None:
            raise refused(self.stored.path, f"{quoted(f'{self.name}_{what}')} is not beside it", self.codes.name)
        if found.dtype not in dtypes:
            raise self.refused(f"{found.dtype} is not one of {', '.join(sorted(dtypes))}", found)
        return found

    def refused(self, rule: str, other: TensorInfo) -> CheckpointError:
        """The error for the codes and a part that do not fit."""
        return self.stored.refused(rule, self.codes.name, other.name)

    def obeyed(self, said: Mapping[str, object]) -> bool:
        """Whether the scheme, if there is one, has these fields."""
        return self.scheme is None or all(getattr(self.scheme, key) == value for key, value in said.items())

    @cached_property
    def by_the_scheme(self) -> str:
        """What the configuration says, for a refusal."""
        return "" if self.scheme is None else f" as {self.scheme.layout} of {self.scheme.num_bits} bits"

    def box(self, shape: Shape, scale: TensorInfo) -> Shape:
        """The sides of the boxes of the weight with one scale each; CheckpointError where the shapes do not fit."""
        *lead, columns = shape
        grid, ones, scheme = scale.shape, (1,) * len(lead), self.scheme
        strategy = _strategy(shape, grid) if scheme is None else scheme.strategy
        box: Shape | None = None
        match strategy:
            case "tensor" if all(n == 1 for n in grid):
                box = shape
            case "channel" if grid == (*lead, 1):
                box = (*ones, columns)
            case "group" | "tensor_group":
                side = columns // max(1, grid[-1]) if scheme is None else scheme.group_size or 0
                box = (*ones, side) if side and grid == (*lead, columns // side) and not columns % side else None
            case "block" if len(grid) == len(shape):
                box = box_of(shape, grid, SIDES if scheme is None or scheme.block is None else scheme.block)
        if box is None:
            raise self.refused(f"scales of shape {grid} are not one for each {strategy} of {shape}", scale)
        return box


def _strategy(shape: Shape, grid: Shape) -> str:
    """What a scale is for, by the shapes alone."""
    if all(n == 1 for n in grid):
        return "tensor"
    if grid[:-1] != shape[:-1]:
        return "block"
    return "channel" if grid[-1] == 1 else "group"

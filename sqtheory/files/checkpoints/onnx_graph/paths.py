"""How the axes of a tensor lie in what a node makes of it: views, copies and changes of type."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

import numpy as np

from sqtheory.files.checkpoints.onnx_graph.dataflow import Dataflow, Scope
from sqtheory.files.checkpoints.onnx_graph.operands import attribute, integer, is_known

if TYPE_CHECKING:
    from onnx import NodeProto

_INT32, _INT64 = 6, 7
_FEW = 64
"""Entries of a constant that can say how axes are moved."""


@final
@dataclass(frozen=True)
class Known:
    """The constants that a node can see, by the names that it has for them."""

    flow: Dataflow
    scope: Scope

    def ints(self, name: str) -> tuple[int, ...] | None:
        """The entries of a constant of few whole numbers; None for anything else."""
        key = self.scope.key(name)
        if key in self.flow.listed:
            return self.flow.listed[key]
        tensor = self.flow.tensors.get(key)
        if tensor is None or tensor.data_type not in (_INT32, _INT64) or tensor.data_location:
            return None
        if tensor.raw_data:
            wide = np.dtype("<i8" if tensor.data_type == _INT64 else "<i4")
            if len(tensor.raw_data) > 8 * _FEW or len(tensor.raw_data) % wide.itemsize:
                return None
            return tuple(int(entry) for entry in np.frombuffer(tensor.raw_data, wide))
        return tuple((tensor.int64_data if tensor.data_type == _INT64 else tensor.int32_data)[:_FEW])

    def axes(self, name: str) -> int | None:
        """How many axes a constant has; None for what is none."""
        key = self.scope.key(name)
        if key in self.flow.listed:
            return 0 if key in self.flow.scalars else 1
        return len(self.flow.tensors[key].dims) if key in self.flow.tensors else None

    def is_constant(self, name: str) -> bool:
        """Whether a value is made of tensors of the model alone."""
        return self.flow.is_constant(self.scope.key(name))


@final
@dataclass(frozen=True)
class Path:
    """What became of a stored tensor: its size along each axis now (None: unknown), and where the axis comes from."""

    sizes: tuple[int | None, ...]
    sources: tuple[tuple[int, ...], ...]
    """For each axis now the stored axes that it runs over, the slowest first; none where it was added."""

    @classmethod
    def start(cls, shape: Sequence[int]) -> "Path":
        """The tensor itself."""
        return cls(tuple(shape), tuple((axis,) for axis in range(len(shape))))

    def stored(self, axes: Sequence[int]) -> tuple[int, ...]:
        """The stored axes that axes of now run over."""
        return tuple(source for axis in axes for source in self.sources[axis])

    def taken(self, order: Sequence[int]) -> "Path":
        """The same axes in another order; some may be left out."""
        return Path(tuple(self.sizes[at] for at in order), tuple(self.sources[at] for at in order))


def through(node: "NodeProto", place: int, path: Path, known: Known) -> Path | None:
    """What a node makes of its input at a place; None where it makes other values of it, or it is not known what."""
    step = _STEPS.get((node.op_type, place)) if is_known(node) else None
    if node.op_type == "Concat" and is_known(node) and all(known.is_constant(name) for name in node.input if name):
        step = _resized
    try:
        return None if step is None else step(node, path, known)
    except (IndexError, ValueError, TypeError, ZeroDivisionError):
        return None


def _same(node: "NodeProto", path: Path, known: Known) -> Path | None:
    return path


def _transpose(node: "NodeProto", path: Path, known: Known) -> Path | None:
    order = _listed(node, "perm", known, None)
    if order is None:
        order = tuple(range(len(path.sizes)))[::-1]
    return path.taken(order) if sorted(order) == list(range(len(path.sizes))) else None


def _unsqueeze(node: "NodeProto", path: Path, known: Known) -> Path | None:
    axes = _listed(node, "axes", known, 1)
    if axes is None:
        return None
    total = len(path.sizes) + len(axes)
    new = {axis % total for axis in axes}
    if len(new) < len(axes):
        return None
    old = iter(range(len(path.sizes)))
    order = [None if at in new else next(old) for at in range(total)]
    return Path(
        tuple(1 if at is None else path.sizes[at] for at in order),
        tuple(() if at is None else path.sources[at] for at in order),
    )


def _squeeze(node: "NodeProto", path: Path, known: Known) -> Path | None:
    axes = _listed(node, "axes", known, 1)
    if axes is None:
        if None in path.sizes or len(node.input) > 1:
            return None
        axes = tuple(at for at, size in enumerate(path.sizes) if size == 1)
    gone = {axis % len(path.sizes) for axis in axes}
    return path.taken([at for at in range(len(path.sizes)) if at not in gone])


def _resized(node: "NodeProto", path: Path, known: Known) -> Path | None:
    """Of the same axes, some longer or shorter."""
    return replace(path, sizes=(None,) * len(path.sizes))


def _gather(node: "NodeProto", path: Path, known: Known) -> Path | None:
    """Some indices of an axis, by a constant list, or one index of it."""
    axes = known.axes(node.input[1])
    at = integer(node, "axis")
    if axes == 1:
        return _resized(node, path, known)
    left = [axis for axis in range(len(path.sizes)) if axis != at % len(path.sizes)]
    return path.taken(left) if axes == 0 else None


def _flatten(node: "NodeProto", path: Path, known: Known) -> Path | None:
    count = len(path.sizes)
    cut = integer(node, "axis", 1)
    cut = cut + count if cut < 0 else cut
    parts = (range(cut), range(cut, count))
    return Path((None, None), tuple(path.stored(part) for part in parts))


def _reshape(node: "NodeProto", path: Path, known: Known) -> Path | None:
    shape = _listed(node, "shape", known, 1)
    if shape is None or None in path.sizes:
        return None
    sizes = [size for size in path.sizes if size is not None]
    if not integer(node, "allowzero"):
        shape = tuple(sizes[at] if size == 0 else size for at, size in enumerate(shape))
    total = math.prod(sizes)
    if -1 in shape:
        others = math.prod(size for size in shape if size != -1)
        shape = tuple(total // others if size == -1 else size for size in shape) if others else shape
    if not total or math.prod(shape) != total:
        return None
    sources, at = [], 0
    for size in shape:  # every new axis is one of size 1, or a run of whole axes
        begin, have = at, 1
        while have < size:
            have *= sizes[at]
            at += 1
        if have != size:
            return None
        sources.append(path.stored(range(begin, at)))
    rest = path.stored(range(at, len(sizes)))  # of size 1
    if rest and sources:
        sources[-1] = (*sources[-1], *rest)
    return Path(shape, tuple(sources))


def _listed(node: "NodeProto", name: str, known: Known, place: int | None) -> tuple[int, ...] | None:
    """Numbers that are an attribute or, since later versions of the operator, an input."""
    found = attribute(node, name)
    if found is not None:
        return tuple(found.ints)
    given = place is not None and len(node.input) > place and node.input[place]
    return known.ints(node.input[place]) if given and place is not None else None


_STEPS: Mapping[tuple[str, int], Callable[["NodeProto", Path, Known], Path | None]] = {
    **{(name, 0): _same for name in ("Identity", "Cast", "CastLike", "Dropout", "QuantizeLinear", "DequantizeLinear")},
    ("Transpose", 0): _transpose,
    ("Unsqueeze", 0): _unsqueeze,
    ("Squeeze", 0): _squeeze,
    **{(name, 0): _resized for name in ("Slice", "Split", "Pad")},
    ("Flatten", 0): _flatten,
    ("Gather", 0): _gather,
    ("Reshape", 0): _reshape,
}
"""Operators that leave the values of an input as they are, by name and the place of the input."""

"""How the axes of a tensor lie in what a node makes of it: views, copies and changes of type."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias, final

from sqtheory.files.checkpoints.onnx_graph.operands import attribute, integer, is_known

if TYPE_CHECKING:
    from onnx import NodeProto

Ints: TypeAlias = Callable[[str], "tuple[int, ...] | None"]
"""The entries of a constant by the name that a node has for it; None for what is no constant of whole numbers."""


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


def through(node: "NodeProto", place: int, path: Path, ints: Ints) -> Path | None:
    """What a node makes of its input at a place; None where it makes other values of it, or it is not known what."""
    step = _STEPS.get((node.op_type, place)) if is_known(node) else None
    if step is None and node.op_type == "Concat" and is_known(node):
        step = _resized
    try:
        return None if step is None else step(node, path, ints)
    except (IndexError, ValueError, TypeError):
        return None


def _same(node: "NodeProto", path: Path, ints: Ints) -> Path | None:
    return path


def _transpose(node: "NodeProto", path: Path, ints: Ints) -> Path | None:
    order = _listed(node, "perm", ints, None)
    if order is None:
        order = tuple(range(len(path.sizes)))[::-1]
    return path.taken(order) if sorted(order) == list(range(len(path.sizes))) else None


def _unsqueeze(node: "NodeProto", path: Path, ints: Ints) -> Path | None:
    axes = _listed(node, "axes", ints, 1)
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


def _squeeze(node: "NodeProto", path: Path, ints: Ints) -> Path | None:
    axes = _listed(node, "axes", ints, 1)
    if axes is None:
        if None in path.sizes or len(node.input) > 1:
            return None
        axes = tuple(at for at, size in enumerate(path.sizes) if size == 1)
    gone = {axis % len(path.sizes) for axis in axes}
    return path.taken([at for at in range(len(path.sizes)) if at not in gone])


def _resized(node: "NodeProto", path: Path, ints: Ints) -> Path | None:
    """Of the same axes, some longer or shorter."""
    return replace(path, sizes=(None,) * len(path.sizes))


def _flatten(node: "NodeProto", path: Path, ints: Ints) -> Path | None:
    count = len(path.sizes)
    cut = integer(node, "axis", 1)
    cut = cut + count if cut < 0 else cut
    parts = (range(cut), range(cut, count))
    return Path((None, None), tuple(path.stored(part) for part in parts))


def _reshape(node: "NodeProto", path: Path, ints: Ints) -> Path | None:
    shape = _listed(node, "shape", ints, 1)
    if shape is None or None in path.sizes:
        return None
    sizes = [size for size in path.sizes if size is not None]
    if not integer(node, "allowzero"):
        shape = tuple(sizes[at] if size == 0 else size for at, size in enumerate(shape))
    total = math.prod(sizes)
    if -1 in shape:
        known = math.prod(size for size in shape if size != -1)
        shape = tuple(total // known if size == -1 else size for size in shape) if known else shape
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


def _listed(node: "NodeProto", name: str, ints: Ints, place: int | None) -> tuple[int, ...] | None:
    """Numbers that are an attribute or, since later versions of the operator, an input."""
    found = attribute(node, name)
    if found is not None:
        return tuple(found.ints)
    given = place is not None and len(node.input) > place and node.input[place]
    return ints(node.input[place]) if given and place is not None else None


_STEPS: Mapping[tuple[str, int], Callable[["NodeProto", Path, Ints], Path | None]] = {
    **{(name, 0): _same for name in ("Identity", "Cast", "CastLike", "Dropout", "QuantizeLinear", "DequantizeLinear")},
    ("Transpose", 0): _transpose,
    ("Unsqueeze", 0): _unsqueeze,
    ("Squeeze", 0): _squeeze,
    **{(name, 0): _resized for name in ("Slice", "Split", "Pad")},
    ("Flatten", 0): _flatten,
    ("Reshape", 0): _reshape,
}
"""Operators that leave the values of an input as they are, by name and the place of the input."""

"""The values that are written for one tensor, and the record of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.traits import ROUNDING_ERROR
from sqtheory.arrays import Array, as_real
from sqtheory.compress.layout import CHUNK, Layout, Made, Target
from sqtheory.compress.patterns import lost
from sqtheory.compress.recipe import Recipe, Treatment
from sqtheory.compress.report import Applied, LeftAlone
from sqtheory.exceptions import Indivisible, InputRefused, about
from sqtheory.files.checkpoints import TensorInfo
from sqtheory.files.checkpoints.elements import Element
from sqtheory.files.checkpoints.tensors import plain, quoted, refused
from sqtheory.files.digests import sha256
from sqtheory.files.inspection import inspect_tensor
from sqtheory.files.packing import unpack
from sqtheory.orders.applied import Order
from sqtheory.orders.errors import norm
from sqtheory.orders.grid import Row, tensor_rows


def check_fit(layout: Layout, recipe: Treatment, info: TensorInfo) -> None:
    """Raise InputRefused where, by type and shape alone, a tensor cannot take the mask, the format or the result."""
    if layout.element(info) is None:
        raise refused(layout.source.path, f"{info.dtype} cannot hold the values of the result", info.name)
    s, q = recipe.of(info.name).assignment.of(info.name)
    with about_tensor(layout.source.path, info.name):
        for partition, tail, what in ((s.groups, getattr(s, "tail", None), "groups"), (q.partition, q.tail, "blocks")):
            partition.sides(info.shape)
            try:
                if tail is not None:
                    partition.check_tail(info.shape, tail, what)
            except Indivisible as refusal:
                raise Indivisible(f"{refusal}; --ignore leaves a tensor alone") from refusal


def compressed(layout: Layout, recipe: Recipe, info: TensorInfo, x: Array) -> Made:
    """What is written for x.

    Raises InputRefused, naming file and tensor: for values beyond the range of that type, and what the operators
    raise.
    """
    element = layout.element(info)
    assert element is not None
    with about_tensor(layout.source.path, info.name):
        if layout.packing is not None:
            packed = recipe.packed(x, info.name, layout.packing.index)
            return Made(unpack(packed), 0, packed)
        y = recipe.image(x, info.name)
        return Made(y, _round(y, element, info))


@final
@dataclass(frozen=True)
class Outcome:
    """What came of one tensor: all that there is to say of it, and what the header of its file says."""

    record: Applied
    target: Target


def row_of(recipe: Recipe, name: str, x: Array) -> Row:
    """The errors of both orders on x and the reason for the winner, as ``order`` gives them."""
    s, q = recipe.assignment.of(name)
    [row] = tensor_rows(name, x, [s], [q], recipe.norm)
    return row.spelled(*recipe.assignment.words)


def applied(layout: Layout, treatment: Treatment, info: TensorInfo) -> Outcome:
    """Compress a tensor, write nothing, and say all that there is to say of it.

    Raises as ``compressed``, and InputRefused where zeros that a pattern needs do not come back as 0.
    """
    recipe = treatment.of(info.name)
    x = as_real(layout.source.read(info.name))
    made = compressed(layout, recipe, info, x)
    y, rounded = made.values, made.rounded
    with about_tensor(layout.source.path, info.name):
        fault = lost(recipe.assignment.of(info.name)[0], x, y, first=recipe.order is Order.sq)
        if fault is not None:
            raise InputRefused(f"{fault} (is 0 a value of the format?)")
    row = row_of(recipe, info.name, x)
    error = distance(x, y, recipe.norm)
    del x
    summary = inspect_tensor(info, y)
    with about_tensor(layout.source.path, info.name):
        stored = layout.stored(info, made)
        content = sha256(stored.pieces)
    record = Applied.of(
        row,
        dtype=info.dtype if made.packed is None else made.packed.schema.dtype,
        error=error,
        rounded=rounded,
        zeros=summary.zeros,
        patterns=summary.patterns,
        on_grid=rounded == 0 and recipe.on_grid(info.shape).closed and off_grid(recipe, info.name, y) is None,
        bits=stored.bits,
        bits_in_file=stored.bits_in_file,
        sha256=content,
    )
    return Outcome(record, stored.target)


def left_alone(layout: Layout, info: TensorInfo, reason: str) -> LeftAlone:
    """The record of a tensor that is copied."""
    return LeftAlone(info.name, info.dtype, info.shape, reason, sha256(layout.kept(info)))


def distance(x: Array, y: Array, p: float) -> float:
    """‖x − y‖_p, without a temporary of the tensor's size."""
    a, b = x.reshape(-1), y.reshape(-1)
    cuts = (slice(at, at + CHUNK) for at in range(0, a.size, CHUNK))
    return norm([norm(a[cut].astype(np.float64) - b[cut], p) for cut in cuts], p)


def off_grid(recipe: Recipe, name: str, y: Array) -> str | None:
    """The first entry of y that quantizing again moves by more than the rounding of a scale, in words."""
    _, q = recipe.assignment.of(name)
    again = q(y)
    for at in range(0, y.size, CHUNK):
        old, new = y.reshape(-1)[at : at + CHUNK], again.reshape(-1)[at : at + CHUNK]
        moved = np.flatnonzero(np.abs(new - old) > ROUNDING_ERROR * np.abs(old))
        if moved.size:
            where = np.unravel_index(at + int(moved[0]), y.shape)
            place = tuple(int(i) for i in where)
            return f"entry {place} is {old[moved[0]]}, which is off the grid of {q}: it gives {new[moved[0]]}"
    return None


@contextmanager
def about_tensor(path: Path, name: str) -> Iterator[None]:
    """Name the file and the tensor in whatever is refused inside: every reason is the data's here."""
    try:
        with about(f"{plain(str(path))}: tensor {quoted(name)}"):
            yield
    except InputRefused:
        raise
    except ValueError as error:
        raise InputRefused(str(error)) from error


def _round(y: NDArray[Any], element: Element, info: TensorInfo) -> int:
    """Replace every value by the nearest of the type it is stored in; how many that changed."""
    if not element.widened:
        if not np.isfinite(y).all():
            raise InputRefused("the format makes infinity or NaN of some entry")
        return 0
    flat, changed = y.reshape(-1), 0
    for at in range(0, flat.size, CHUNK):
        part = flat[at : at + CHUNK]
        near = element.nearest(part)
        if not np.isfinite(near).all():
            worst = part[~np.isfinite(near)][0]
            raise InputRefused(f"the format makes {worst} of an entry, which is beyond the range of {info.dtype}")
        changed += int(np.count_nonzero(near != part))
        part[...] = near
    return changed

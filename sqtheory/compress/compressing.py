"""The values that are written for one tensor, and the record of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.compiled_images import rests
from sqtheory.alphabet.kernels import finite
from sqtheory.alphabet.kernels.runs import strips
from sqtheory.alphabet.kernels.scratch import scratch
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.traits import ROUNDING_ERROR
from sqtheory.arrays import Array, as_real
from sqtheory.compress.codes import codes_of
from sqtheory.compress.draft import Draft
from sqtheory.compress.image import Memory, reused
from sqtheory.compress.layout import CHUNK, Layout, Made, Pieces, Target
from sqtheory.compress.patterns import lost, promised
from sqtheory.compress.recipe import Recipe, Treatment
from sqtheory.compress.report import Applied, LeftAlone
from sqtheory.exceptions import InputRefused, about
from sqtheory.execution.selection import Tolerance, misfit
from sqtheory.files.checkpoints import TensorInfo
from sqtheory.files.checkpoints.elements import Element
from sqtheory.files.checkpoints.tensors import plain, quoted, refused
from sqtheory.files.digests import sha256
from sqtheory.files.inspection import kept_patterns
from sqtheory.files.packing import unpack
from sqtheory.files.views.viewed import as_matrix
from sqtheory.orders.applied import Order
from sqtheory.orders.errors import norm
from sqtheory.orders.grid import Row, pipeline_rows
from sqtheory.orders.together import together


def check_type(layout: Layout, recipe: Treatment, info: TensorInfo) -> None:
    """Raise InputRefused where the type of a tensor cannot hold the result, or what its mask awaits is not known."""
    if layout.element(info) is None:
        raise refused(layout.source.path, f"{info.dtype} cannot hold the values of the result", info.name)
    for own in recipe.of(info.name).names(info):
        recipe.of(info.name).assignment.of(own)


def kept_apart(layout: Layout, recipe: Treatment, info: TensorInfo) -> Iterator[str]:
    """Every reason but its name and type for which a tensor is left alone, as ``plan`` words them."""
    unfit = misfit(as_matrix(info, recipe.views.get(info.name)), recipe.of(info.name).assignment.pattern)
    if unfit is not None:
        yield unfit
        return
    tolerates = Tolerance(layout.source, keep_going=True)
    try:
        applied(layout, recipe, info)
    except InputRefused as refusal:
        if tolerates(info, refusal):
            yield tolerates.left[info.name]


def compressed(layout: Layout, recipe: Recipe, info: TensorInfo, x: Array, memory: Memory = np.empty) -> Made:
    """What is written for x; values lie in ``memory``, if they can.

    Raises InputRefused, naming file and tensor: for values beyond the range of that type, and what the operators
    raise.
    """
    element = layout.element(info)
    assert element is not None
    with about_tensor(layout.source.path, info.name):
        if layout.packing is not None:
            packed = codes_of(recipe, x, info.name, layout.packing.index)
            return Made(packed.schema.in_place(unpack(packed, memory)), 0, packed)
        y = np.ascontiguousarray(recipe.image(x, info.name, memory))  # a flat view of it is rounded in place
        return Made(y, _round(y, element, info))


@final
@dataclass(frozen=True)
class Outcome:
    """What came of one tensor: all that there is to say of it, and what the header of its file says."""

    record: Applied
    target: Target


def row_of(recipe: Recipe, name: str, x: Array) -> Row:
    """The errors of both orders on x and the reason for the winner, as ``order`` gives them."""
    rows: list[Row] = []
    for own, matrix in recipe.matrices(x, name):
        rows += pipeline_rows(own, matrix, [recipe.assignment.of(own)], recipe.norm)
    row = rows[0] if len(rows) == 1 else together(name, x.shape, rows)
    return replace(row, name=name).spelled(*recipe.assignment.words)


def applied(
    layout: Layout,
    treatment: Treatment,
    info: TensorInfo,
    draft: Draft | None = None,
    content: Callable[[Pieces], str] = sha256,
) -> Outcome:
    """Compress a tensor, write nothing but to the ``draft``, and say all that there is to say of it.

    ``content`` gives the SHA-256 of the bytes that are to be written.
    Raises as ``compressed``, and InputRefused where zeros that a pattern needs do not come back as 0.
    """
    recipe = treatment.of(info.name)
    x = as_real(layout.source.read(info.name))
    made = compressed(layout, recipe, info, x, reused)
    y, rounded = made.values, made.rounded
    assert y is not None
    with about_tensor(layout.source.path, info.name):
        fault = _lost(recipe, info.name, x, y)
        if fault is not None:
            raise InputRefused(f"{fault} (is 0 a value of the format?): --order qs prunes what was quantized")
    row = row_of(recipe, info.name, x)
    known = None if rounded or recipe.draws else _known(recipe, row)
    error = distance(x, y, recipe.norm) if known is None else known
    del x
    zeros, patterns = _zeros(recipe, info, y)
    with about_tensor(layout.source.path, info.name):
        stored = layout.stored(info, made)
        if layout.packing is not None and stored.bits_in_file > 8 * info.nbytes:
            took = f"{stored.bits_in_file // 8} bytes of codes, scales and places are more than the {info.nbytes}"
            raise InputRefused(f"{took} that it takes now: --ignore leaves it alone")
        sha = content(stored.pieces if draft is None else draft.passed(info.name, stored.pieces))
    if draft is not None and made.packed is not None:
        draft.keep(info.name, made.packed)
    view = recipe.views.get(info.name)
    record = Applied.of(
        row,
        shape=info.shape,
        view=None if view is None else str(view),
        dtype=stored.dtype,
        error=error,
        rounded=rounded,
        zeros=zeros,
        patterns=patterns,
        on_grid=rounded == 0 and _closed(recipe, info) and off_grid(recipe, info.name, y) is None,
        bits=stored.bits,
        bits_in_file=stored.bits_in_file,
        sha256=sha,
    )
    return Outcome(record, stored.target)


def _known(recipe: Recipe, row: Row) -> float | None:
    """The error of values that are those of the operators; None for an order that is not compared."""
    e = row.order.errors
    if recipe.order is Order.sq:
        return e.sq_dense if recipe.frozen_scale else e.sq
    return {Order.qs: e.qs, Order.gain: e.gain}.get(recipe.order)


def _closed(recipe: Recipe, info: TensorInfo) -> bool:
    """By theorem the values are on the grid of their own scales."""
    view = recipe.views.get(info.name)
    return recipe.on_grid(info.shape if view is None else view.matrices(info.shape)[1:]).closed


def _lost(recipe: Recipe, name: str, x: Array, y: Array) -> str | None:
    """Which pattern is lost in which matrix, in words."""
    pairs = zip(recipe.matrices(x, name), recipe.matrices(y, name), strict=True)
    faults = (
        (own, lost(promised(recipe.assignment.of(own)), before, after, first=recipe.order is Order.sq))
        for (own, before), (_, after) in pairs
    )
    return next((in_matrix(name, own, fault) for own, fault in faults if fault is not None), None)


def in_matrix(name: str, own: str, fault: str) -> str:
    """What is wrong with a matrix of a tensor, in words."""
    return fault if own == name else f"in {own.removeprefix(name)}, {fault}"


def _zeros(recipe: Recipe, info: TensorInfo, y: Array) -> tuple[int, tuple[str, ...]]:
    """The zeros of a tensor, and the patterns along the axis that its layer sums over."""
    view = recipe.views.get(info.name)
    return kept_patterns(info.shape, y) if view is None else kept_patterns(view.shape(info.shape), view.forward(y))


def left_alone(
    layout: Layout, recipe: Treatment, info: TensorInfo, reason: str, draft: Draft | None = None
) -> LeftAlone:
    """The record of a tensor that is copied, also to the ``draft``."""
    view = recipe.views.get(info.name)
    seen = None if view is None else str(view)
    pieces = layout.kept(info)
    content = sha256(pieces if draft is None else draft.passed(info.name, pieces))
    return LeftAlone(info.name, info.dtype, info.shape, reason, content, seen)


def distance(x: Array, y: Array, p: float) -> float:
    """‖x − y‖_p, without a temporary of the tensor's size."""
    a, b = x.reshape(-1), y.reshape(-1)
    cuts = (slice(at, at + CHUNK) for at in range(0, a.size, CHUNK))
    return norm([norm(a[cut].astype(np.float64) - b[cut], p) for cut in cuts], p)


def off_grid(recipe: Recipe, name: str, y: Array) -> str | None:
    """The first entry of y that quantizing again moves by more than the rounding of a scale, in words."""
    for own, matrix in recipe.matrices(y, name):
        fault = _moved(recipe.assignment.of(own).q, matrix)
        if fault is not None:
            return in_matrix(name, own, fault)
    return None


def _moved(q: Quantizer, y: Array) -> str | None:
    unit = q.own_run(y.shape)
    if rests(q, y) or (unit is not None and all(_rests(q, strip) for (strip,) in strips((y,), unit, CHUNK))):
        return None
    again = q(y)
    for at in range(0, y.size, CHUNK):
        old, new = y.reshape(-1)[at : at + CHUNK], again.reshape(-1)[at : at + CHUNK]
        moved = np.flatnonzero(np.abs(new - old) > ROUNDING_ERROR * np.abs(old))
        if moved.size:
            where = np.unravel_index(at + int(moved[0]), y.shape)
            place = tuple(int(i) for i in where)
            return f"entry {place} is {old[moved[0]]}, which is off the grid of {q}: it gives {new[moved[0]]}"
    return None


def _rests(q: Quantizer, y: Array) -> bool:
    """q gives back y, which is made of whole blocks, to the last bit or but for the sign of 0."""
    return bool(np.array_equal(q.into(scratch("again", y.size, y.dtype).reshape(y.shape), y, y), y))


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
        if not finite(y):
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

"""Boxes of a tensor that share a scale: which shapes of scales cut a shape, and the scales spread over it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.views.view import View

Shape = tuple[int, ...]


def box_of(shape: Shape, scales: Shape, sides: Shape) -> Shape | None:
    """The sides of the boxes of ``shape`` with one scale each; None where scales of this shape cut it in no way known.

    ``sides``: those of the last axes where an axis has neither one scale nor one for each entry; the last boxes of an
    axis may be shorter. A single scale is for the whole tensor, one axis fewer than the tensor for each of the leading.
    Scales that only happen to broadcast (a few for all rows, one for each entry, those of one expert) cut nothing.
    """
    if all(n == 1 for n in scales):
        return shape
    if len(scales) == 2 * len(shape) and all(n == 1 for n in scales[1::2]):
        scales = scales[::2]  # of ModelOpt: [rows of boxes, 1, columns of boxes, 1]
    if len(scales) == len(shape) - 1:
        scales = (*scales, 1)
    if len(scales) != len(shape):
        return None
    given = (*(0,) * (len(shape) - len(sides)), *sides[-len(shape) :])
    box = []
    for n, count, side in zip(shape, scales, given, strict=True):
        fitting = [one for one in (side, n, 1) if one and -(-n // one) == count]
        if not fitting:
            return None
        box.append(max(1, min(fitting[0], n)))
    return tuple(box) if _is_used(shape, tuple(box), given) else None


def _is_used(shape: Shape, box: Shape, sides: Shape) -> bool:
    """Whether some package has one scale for such boxes: a row, a column, a matrix, a part of a row, a whole box."""
    cut = [side < n for n, side in zip(shape, box, strict=True)]
    if any(cut[-2:]) and any(side > 1 for side in box[:-2]):
        return False
    if len(shape) < 2:
        return True
    (rows, columns), (high, wide) = shape[-2:], box[-2:]
    if all(cut[-2:]):
        return wide > 1
    tall, broad = cut[-2] and high > 1, cut[-1] and wide > 1
    return not ((tall and columns > sides[-1]) or (broad and rows > sides[-2]))


def spread(scales: NDArray[Any], shape: Shape, box: Shape) -> NDArray[Any]:
    """The scale of every entry, an axis of one scale left at length 1 to be broadcast."""
    if scales.size == 1:
        return scales.reshape(())
    cut = tuple(-(-n // side) for n, side in zip(shape, box, strict=True))
    scales = scales.reshape(cut)
    for axis, (n, side) in enumerate(zip(shape, box, strict=True)):
        if side > 1 and cut[axis] > 1:
            scales = np.repeat(scales, side, axis)[(slice(None),) * axis + (slice(n),)]
    return scales


def scaled(values: NDArray[np.float32], scales: NDArray[np.float32], box: Shape) -> NDArray[np.float32]:
    """values · scales, in the place of ``values``, one row of boxes at a time."""
    shape = values.shape
    if scales.size == 1 or len(shape) < 2 or box[-2] in (1, shape[-2]):
        values *= spread(scales, shape, box)
        return values
    side = box[-2]
    cut = tuple(-(-n // one) for n, one in zip(shape, box, strict=True))
    rows = spread(scales.reshape(cut), (*shape[:-2], cut[-2], shape[-1]), (*box[:-2], 1, box[-1]))
    for i in range(cut[-2]):
        values[..., i * side : (i + 1) * side, :] *= rows[..., i : i + 1, :]
    return values


def experts(shape: Shape, inputs: int) -> View | None:
    """The matrices [out, in] of a weight of experts whose codes share scales along the inputs; None for a matrix."""
    return View.experts(inputs=inputs) if len(shape) == 3 else None

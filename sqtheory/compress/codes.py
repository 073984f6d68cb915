"""The codes of what a recipe makes of a tensor."""

from dataclasses import replace

import numpy as np

from sqtheory.alphabet.procedures import PLAIN
from sqtheory.alphabet.scaling.rule import Reach
from sqtheory.alphabet.storage import Index
from sqtheory.alphabet.traits import DETERMINISTIC, KEEPS_ZERO
from sqtheory.arrays import Array
from sqtheory.compress.image import best_mask
from sqtheory.compress.recipe import Recipe
from sqtheory.exceptions import InputRefused
from sqtheory.files.packing import Packed, grid_of, pack_image, pack_kept, pack_values
from sqtheory.files.views.view import View
from sqtheory.orders.applied import Order


def codes_of(recipe: Recipe, x: Array, name: str, index: Index | None = None) -> Packed:
    """The codes of ``recipe.image``; ``unpack`` gives it bit for bit. Raises what s, q and ``pack_image`` raise.

    Of a tensor with a view they are those of its matrix: InputRefused for several whose scales or survivors
    depend on each as a whole.
    """
    view = recipe.views.get(name)
    if view is None:
        return _packed(recipe, x, name, index)
    if view.apart and not _by_rows(recipe, name):
        raise InputRefused(
            f"it holds {view.matrices(x.shape)[0]} matrices with scales or masks of their own, which one set of "
            "codes has not: write values, or use a format and a mask in blocks of a row"
        )
    joined = View(view.reduced)
    packed = _packed(recipe, joined.forward(x), name, index)
    return Packed(replace(packed.schema, view=str(joined), tensor=x.shape), packed.arrays)


def _by_rows(recipe: Recipe, name: str) -> bool:
    """Every row of a matrix is masked and rounded by itself, and nothing is drawn."""
    pair = recipe.assignment.of(name)
    s, q = pair.s, pair.q
    alone = q.partition.along_rows and q.scaling.looks_at is Reach.block and s.groups.along_rows
    return alone and s.by_magnitude and s.ties.foreseen and DETERMINISTIC in q.traits & s.traits


def _packed(recipe: Recipe, x: Array, name: str, index: Index | None) -> Packed:
    pair = recipe.assignment.of(name)
    if pair.procedure != PLAIN:
        raise InputRefused(f"what method {recipe.method} makes {pair.procedure.title} is written as values: no --pack")
    s, q = pair.s, pair.q
    if recipe.order is Order.qs:
        return pack_image(x, q >> s, index=index)
    if recipe.order is Order.gain:
        image = q(x)
        kept = best_mask(x, image, s, recipe.norm)
    elif recipe.frozen_scale:
        kept = s.mask(x)
        image = np.where(kept, x, x.dtype.type(0))
        image = q.frozen(x).into(image, image, x)
        if KEEPS_ZERO not in q.traits:  # pruned entries come back as other levels
            scales, offsets = grid_of(q, x)
            return pack_values(image, q, scales, offsets=offsets)
    else:
        return pack_image(x, s >> q, index=index)
    scales, offsets = grid_of(q, x)
    return pack_kept(image, q, scales, s, kept, f"m * {q}, m by {s}", offsets=offsets, index=index)

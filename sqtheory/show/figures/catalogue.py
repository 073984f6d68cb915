"""Every figure by name, in the order of the list."""

from difflib import get_close_matches
from typing import Any

from sqtheory.show.figures import (
    accumulation,
    block,
    channel_map,
    depth,
    gain_curve,
    gap_in_bits,
    ladder,
    layer_error,
    literature,
    order_map,
    price,
    rotation,
    rotation_law,
    threshold,
    tightness,
    tool_table,
)
from sqtheory.show.figures.data import FigureKind

KINDS: tuple[FigureKind[Any], ...] = (
    *(gap_in_bits.KIND, order_map.KIND, block.KIND, ladder.KIND),
    *(gain_curve.KIND, price.KIND, channel_map.KIND, tightness.KIND),
    *(depth.KIND, threshold.KIND, layer_error.KIND, rotation.KIND, rotation_law.KIND),
    *(accumulation.KIND, tool_table.KIND, literature.KIND),
)
BY_NAME = {kind.name: kind for kind in KINDS}
"""The figures by name."""


def find(name: str) -> FigureKind[Any]:
    """The figure of this name. Raises ValueError naming the closest."""
    if name in BY_NAME:
        return BY_NAME[name]
    close = get_close_matches(name, BY_NAME, n=1)
    hint = f"did you mean {close[0]}?" if close else "sqtheory figure lists them"
    raise ValueError(f"there is no figure {name!r}: {hint}")

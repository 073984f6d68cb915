"""Numbers on the fields of the order map are readable, whatever the field's colour."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.colors import to_rgba
from matplotlib.text import Text

from sqtheory.show.figures.order_map import COLOURS, FORMATS, MASKS, OrderMap, compute, contrast, draw, readable
from sqtheory.show.figures.style import STYLES
from tests.show.figures.references import small

ENOUGH = 4.5
"""The contrast that WCAG 2 asks of type of this size (level AA)."""


def graded() -> OrderMap:
    """Differences of all sizes and both signs, so that cells have colours from one end of the scale to the other."""
    cells = len(FORMATS) * len(MASKS)
    size = np.geomspace(1e-5, 10, cells // 2)
    values = np.concatenate([-size[::-1], [0] * (cells % 2), size]).reshape(len(FORMATS), len(MASKS))
    rows = tuple(tuple(map(float, row)) for row in values)
    nothing = tuple((0.0,) * len(MASKS) for _ in FORMATS)
    return OrderMap("made", 1, MASKS, FORMATS, rows, nothing)


def ratios(data: OrderMap, style: str) -> list[float]:
    """The contrast of every number with its cell."""
    figure = draw(data, STYLES[style])
    figure.draw_without_rendering()
    [ax, _] = figure.axes
    fills = ax.collections[0].get_facecolor().reshape(-1, 4)
    texts = [text for text in ax.texts if isinstance(text, Text)]
    assert len(texts) == len(fills) == len(MASKS) * len(FORMATS)
    return [contrast(str(text.get_color()), tuple(fill[:3])) for text, fill in zip(texts, fills, strict=True)]


@pytest.mark.parametrize("style", STYLES)
def test_numbers_stand_out_from_cells_of_every_colour(style: str) -> None:
    found = ratios(graded(), style)
    assert min(found) >= ENOUGH


def test_numbers_of_a_model_stand_out(tmp_path: Path) -> None:
    assert min(ratios(compute(small(tmp_path)), "double")) >= ENOUGH


def test_black_or_white_is_enough_on_the_whole_scale_of_colours() -> None:
    for share in np.linspace(0, 1, 512):
        fill = colormaps[COLOURS](float(share))
        assert contrast(readable(fill), fill) >= ENOUGH


def test_contrast_is_that_of_the_definition() -> None:
    assert contrast("black", "white") == pytest.approx(21) and contrast("#777", "#777") == 1
    assert contrast("#777777", "white") == pytest.approx(4.48, abs=0.005), "the grey that just misses level AA"
    assert readable("#777777") == "black" and readable(to_rgba("#0072b2")) == "white"

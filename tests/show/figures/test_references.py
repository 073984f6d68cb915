"""Every figure against its reference: the data to the last bit where arithmetic allows it, the image as it looks."""

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from sqtheory.show.figures.catalogue import BY_NAME
from sqtheory.show.figures.data import Request
from tests.nightly import nightly, thin
from tests.show.figures.references import HERE, STYLE, Shot, computed, data_differs, thinned

RELATIVE = {
    **dict.fromkeys(("ladder", "tightness", "gap_in_bits"), 1e-12),
    **{"rotation": 1e-9, "rotation_law": 1e-9, "accumulation": 1e-9, "depth": 1e-5, "layer_error": 1e-5},
}
"""By how much numbers may differ, as a share of the largest of their column.

The other figures add, multiply, divide, take roots and count, which every machine does to the same bit. Logarithms,
powers and special functions are those of a library (ladder, tightness, the chances of gap_in_bits), matrix products
add in the order of the processor, in float64 (rotation, accumulation) or in float32 through all layers of a model
(depth, layer_error). With vector instructions and kernels of another processor the first three moved by 1e-15, the
others by 1e-12, 1e-7 and 1e-7.
"""
EXCESS = 1e-3
"""What is beyond the threshold is a small difference of such means (moved by 1e-5)."""


@pytest.fixture(params=[pytest.param(n, marks=nightly) if n == "tools" else n for n in BY_NAME])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def shot(name: str, small: Request, change: Callable[[Figure], None] = lambda figure: None) -> Shot:
    figure = BY_NAME[name].draw(computed(name, small), STYLE)
    change(figure)
    return Shot.of(figure, reference(name).places)


def reference(name: str) -> Shot:
    return Shot.read(HERE / f"{name}.png")


def test_there_are_references_of_all_figures_and_no_others() -> None:
    assert {path.stem for path in HERE.iterdir() if path.suffix in (".png", ".csv")} == set(BY_NAME)


def test_data_are_those_of_the_reference(name: str, small: Request) -> None:
    expected = (HERE / f"{name}.csv").read_text(encoding="utf-8")
    relative = RELATIVE.get(name, EXCESS if name == "threshold" else 0.0)
    assert data_differs(thinned(computed(name, small)), expected, relative) == []


@thin(3)
def test_the_image_is_that_of_the_reference(name: str, small: Request) -> None:
    assert shot(name, small).differs(reference(name)) == ""


@thin(26)
@pytest.mark.parametrize("hinting", ["none", pytest.param("force_autohint", marks=nightly)])
def test_another_rasterizer_of_type_passes(name: str, hinting: str, small: Request) -> None:
    with rc_context({"text.hinting": hinting}):
        changed = shot(name, small)
    assert changed.differs(reference(name)) == ""


def longest(figure: Figure) -> Line2D | None:
    return max(
        (line for ax in figure.axes for line in ax.lines), key=lambda each: len(each.get_path().vertices), default=None
    )


def move(figure: Figure) -> None:
    """What is drawn is four points higher."""
    line = longest(figure)
    for artist in [line] if line is not None else figure.axes[0].collections:
        artist.set_transform(artist.get_transform() + ScaledTranslation(0, 4 / 72, figure.dpi_scale_trans))


def recolour(figure: Figure) -> None:
    line = longest(figure)
    if line is not None:
        line.set(color="#CC79A7", markerfacecolor="#CC79A7")
    for mesh in figure.axes[0].collections if line is None else ():
        mesh.set_cmap("magma")


def remove_names(figure: Figure) -> None:
    """No legend; where there is none, no name of the axis of colours."""
    for legend in figure.findobj(Legend):
        legend.remove()
    figure.axes[-1].set(xlabel="", ylabel="")


@thin(12)
@pytest.mark.parametrize(
    "change", [move, pytest.param(recolour, marks=nightly), pytest.param(remove_names, marks=nightly)]
)
def test_what_is_moved_or_coloured_or_missing_is_seen(
    name: str, change: Callable[[Figure], None], small: Request
) -> None:
    assert shot(name, small, change).differs(reference(name)) != ""


def test_data_that_differ_are_seen() -> None:
    said = "a,b,of 2 rows\nx,1.0,\n3,2.0,\n".replace(",\n", "\n")
    assert data_differs(said, said, 0) == []
    assert data_differs(said.replace("2.0", "2.0000001"), said, 1e-6) == []
    assert data_differs(said.replace("2.0", "2.0000001"), said, 1e-9) == ["row 2, b: 2.0000001, reference 2.0"]
    assert data_differs(said.replace("3", "4"), said, 1) == ["row 2, a: 4, reference 3"]
    assert data_differs(said.replace("x", "y"), said, 1) == ["row 1, a: y, reference x"]
    assert data_differs(said.replace("1.0", "nan"), said, 1) == ["row 1, b: nan, reference 1.0"]
    assert len(data_differs(said.replace("of 2", "of 9"), said, 1)) == 1


def test_images_of_another_size_or_layout_are_seen() -> None:
    def made(width: float, bottom: float) -> Shot:
        figure = Figure(figsize=(width, 1))
        figure.add_axes((0.2, bottom, 0.7, 0.5)).set(xticks=[], yticks=[])
        return Shot.of(figure)

    assert made(2, 0.3).differs(made(2, 0.3)) == ""
    assert "has axes at" in made(2, 0.3).differs(made(2, 0.4))
    assert "is 240 × 80" in made(3, 0.3).differs(made(2, 0.3))
    assert np.array_equal(made(2, 0.3).places, [(0.2, 0.3, 0.7, 0.5)])

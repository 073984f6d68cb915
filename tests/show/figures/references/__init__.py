"""What every figure of a small model is held to: an image and a table of its data; ``python -m`` makes them anew."""

import csv
import io
import json
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import final

import numpy as np
import PIL.Image
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from sqtheory.show.figures.catalogue import BY_NAME
from sqtheory.show.figures.data import Data, Request
from sqtheory.show.figures.style import DOUBLE
from tests.models.architectures.small import written
from tests.show.figures.texts import hidden

HERE = Path(__file__).parent
STYLE = replace(DOUBLE, dots=80)
ROWS = 160
"""Rows of a table that are kept, evenly spread over it."""
BLUR, SLACK, MARGIN = 3, 1, 5
"""Pixels that are averaged each way; by which anything may move; that are left out around type."""
LEVELS, SHARE = 20, 5e-4
"""Levels of 255 by which a colour may differ; the share of pixels that may differ by more."""
MOVED = 0.03
"""The share of the figure by which the layout, which the widths of letters decide, may move an axis."""

Image = NDArray[np.float64]


def small(folder: Path) -> Request:
    """The first block of the language model, written to a folder: real weights, little work."""
    return Request(str(written(folder / "w.npz", "lm-dense")))


@cache
def computed(name: str, request: Request) -> Data:
    """What a figure draws, kept from test to test and from file to file."""
    found: Data = BY_NAME[name].compute(request)
    return found


def thinned(data: Data) -> str:
    """The table of the data with at most ``ROWS`` rows, as CSV, and how many there are."""
    header, *rows = csv.reader(io.StringIO(data.csv()))
    buffer = io.StringIO()
    lines = csv.writer(buffer, lineterminator="\n")
    lines.writerows([[*header, f"of {len(rows)} rows"], *rows[:: -(-len(rows) // ROWS)]])
    return buffer.getvalue()


@final
@dataclass(frozen=True)
class Shot:
    """A figure as it is compared: its pixels, what it says, where its axes are and where its type."""

    png: bytes
    texts: tuple[str, ...]
    places: tuple[tuple[float, ...], ...]
    """Left, bottom, width and height of all axes, as shares of the figure."""
    type: tuple[tuple[int, ...], ...]
    """Top, bottom, left and right of all boxes of type, in pixels."""

    @classmethod
    def of(cls, figure: Figure, places: tuple[tuple[float, ...], ...] = ()) -> "Shot":
        """The figure as it is laid out, or with all axes in given places, so that the widths of letters move none."""
        with rc_context(STYLE.rc):
            figure.draw_without_rendering()
            own = tuple(tuple(round(v, 5) for v in ax.get_position(original=True).bounds) for ax in figure.axes)
            figure.set_layout_engine("none")
            taken = places if len(places) == len(own) else own
            for ax, (left, bottom, width, height) in zip(figure.axes, taken, strict=True):
                ax.set_position((left, bottom, width, height))
            figure.draw_without_rendering()
            shown = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
            texts = tuple(t.get_text() for t in shown if not hidden(t, figure))
            boxes = _type(figure)
            said = json.dumps({"texts": texts, "places": own, "type": boxes}, ensure_ascii=False)
            buffer = io.BytesIO()
            figure.savefig(buffer, format="png", metadata={"Software": None, "Description": said})
        return cls(buffer.getvalue(), texts, own, boxes)

    @classmethod
    def read(cls, path: Path) -> "Shot":
        """A reference, which carries all of that."""
        with PIL.Image.open(path) as image:
            said = json.loads(image.info["Description"])
        places, boxes = (tuple(map(tuple, said[name])) for name in ("places", "type"))
        return cls(path.read_bytes(), tuple(said["texts"]), places, boxes)

    def differs(self, reference: "Shot") -> str:
        """What is different beyond how type is rasterized; empty if nothing is."""
        if missing := Counter(reference.texts) - Counter(self.texts):
            return f"does not say {sorted(missing)}"
        if added := Counter(self.texts) - Counter(reference.texts):
            return f"says {sorted(added)}"
        if len(self.places) != len(reference.places):
            return f"has {len(self.places)} axes, the reference {len(reference.places)}"
        if self.places and float(np.abs(np.subtract(self.places, reference.places)).max()) > MOVED:
            return f"has axes at {self.places}, the reference at {reference.places}"
        a, b = pixels(self.png), pixels(reference.png)
        if a.shape != b.shape:
            return f"is {a.shape[1]} × {a.shape[0]}, the reference {b.shape[1]} × {b.shape[0]}"
        for top, bottom, left, right in (*self.type, *reference.type):
            a[top:bottom, left:right] = b[top:bottom, left:right] = 255
        beyond = distances(a, b) > LEVELS
        if float(beyond.mean()) <= SHARE:
            return ""
        down, across = (int(v.mean()) for v in np.nonzero(beyond))
        return f"{100 * beyond.mean():.3f} % of the pixels differ, around {across} from the left, {down} from the top"


def pixels(png: bytes) -> Image:
    """Red, green, blue from 0 to 255, rows × columns × 3."""
    with PIL.Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGB"), np.float64)


def distances(a: Image, b: Image) -> Image:
    """How far each pixel of one image, blurred, is from all pixels nearby of the other."""
    a, b = _blurred(a), _blurred(b)
    return np.asarray(np.maximum(_outside(a, b), _outside(b, a)).max(axis=2))


def _type(figure: Figure) -> tuple[tuple[int, ...], ...]:
    """Boxes of texts and of whole legends, whose columns are as wide as their words, with a margin."""
    shown = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
    boxes = [artist.get_window_extent() for artist in (*shown, *figure.findobj(Legend))]
    scale, height = STYLE.dots / figure.dpi, float(figure.get_size_inches()[1]) * STYLE.dots
    found = []
    for box in boxes:
        x0, x1, y0, y1 = (scale * float(v) for v in (box.x0, box.x1, box.y0, box.y1))
        wide = MARGIN + 0.03 * (x1 - x0)
        edges = (height - y1 - MARGIN, height - y0 + MARGIN, x0 - wide, x1 + wide)
        found.append(tuple(max(0, int(v)) for v in edges))
    return tuple(found)


def data_differs(made: str, reference: str, relative: float) -> list[str]:
    """Cells that are not the same; numbers with a point may differ by so much of the largest of their column."""
    new, old = (list(csv.reader(io.StringIO(text))) for text in (made, reference))
    if [len(row) for row in new] != [len(row) for row in old] or new[0] != old[0]:
        return [
            f"the table is {len(new)} × {len(new[0])}, {new[0]}; the reference {len(old)} × {len(old[0])}, {old[0]}"
        ]
    size = [max(map(_size, column)) for column in zip(*old[1:], strict=True)] if len(old) > 1 else []
    return [
        f"row {i}, {name}: {a}, reference {b}"
        for i, (first, second) in enumerate(zip(new[1:], old[1:], strict=True), 1)
        for name, a, b, largest in zip(new[0], first, second, size, strict=False)
        if a != b and not (_real(a) and _real(b) and abs(float(a) - float(b)) <= relative * largest)
    ]


def _real(cell: str) -> bool:
    try:
        return np.isfinite(float(cell)) and not cell.lstrip("-").isdigit()
    except ValueError:
        return False


def _size(cell: str) -> float:
    return abs(float(cell)) if _real(cell) else 0.0


def _windows(image: Image, side: int) -> Image:
    padded = np.pad(image, ((side // 2, side // 2), (side // 2, side // 2), (0, 0)), mode="edge")
    windows: Image = sliding_window_view(padded, (side, side), axis=(0, 1))
    return windows


def _blurred(image: Image) -> Image:
    return np.asarray(_windows(image, BLUR).mean(axis=(3, 4)))


def _outside(a: Image, b: Image) -> Image:
    """How far a pixel of a is from all pixels of b nearby."""
    near = _windows(b, 2 * SLACK + 1)
    return np.maximum(a - near.max(axis=(3, 4)), near.min(axis=(3, 4)) - a)

import hashlib
import subprocess
import sys
from dataclasses import replace

from sqtheory.show.figures.order_gap import Point, draw, points_csv
from sqtheory.show.figures.style import encode
from tests.nightly import NIGHTLY

POINTS = [
    Point(model, mask, f"int{bits}", "INT", bits, 30.0, 30.0 + sign * 4.0**-bits, 29.0)
    for model in ("a", "b")
    for mask, sign in (("2:4", 1), ("50%", -1))
    for bits in (4, 8)
]


def test_every_point_is_drawn_where_its_data_say() -> None:
    figure = draw(POINTS)
    for ax, sign in zip(figure.axes, (1, -1), strict=True):
        drawn = sorted(y for line in ax.lines for y in line.get_ydata() if y != 0)
        assert drawn == sorted(p.gap for p in POINTS if (p.mask == "2:4") == (sign == 1))
        low, high = ax.get_ylim()
        assert low <= min(drawn) and max(drawn) <= high


def test_equal_data_give_equal_bytes_in_another_process() -> None:
    kinds = ("png", "svg", "pdf") if NIGHTLY else ("svg",)
    code = (
        "import hashlib; from tests.show.figures.test_order_gap import POINTS;"
        "from sqtheory.show.figures.order_gap import draw;"
        "from sqtheory.show.figures.style import encode;"
        f"print(*(hashlib.sha256(encode(draw(POINTS), k)).hexdigest() for k in {kinds}))"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert other == [hashlib.sha256(encode(draw(POINTS), kind)).hexdigest() for kind in kinds]


def test_no_name_is_set_as_mathematics() -> None:
    assert encode(draw([replace(p, model=f"{p.model}$x^$") for p in POINTS]), "svg")


def test_the_data_travel_with_the_figure() -> None:
    lines = points_csv(POINTS).splitlines()
    assert lines[0] == "model,mask,format,family,bits,sq,qs,optimum,gap" and len(lines) == 1 + len(POINTS)

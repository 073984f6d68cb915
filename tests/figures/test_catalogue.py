"""Every figure: its data on a small checkpoint, its bytes, its texts."""

import csv
import io
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.figure import Figure

from sqtheory.exceptions import NonFinite
from sqtheory.figures.catalogue import BY_NAME, find
from sqtheory.figures.data import Data, Request
from sqtheory.figures.style import DOUBLE, SINGLE, STYLES, encode
from tests.figures.texts import text_faults
from tests.models.small import model


@cache
def data(name: str) -> Data:
    found: Data = BY_NAME[name].compute(Request())
    return found


@pytest.fixture
def small(tmp_path: Path) -> Request:
    """The first block of a language model, in a file."""
    path = tmp_path / "w.npz"
    np.savez(path, allow_pickle=False, **model("lm-dense").tensors)
    return Request(str(path))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", BY_NAME)
def test_no_text_is_cut_or_covered(name: str, style: str) -> None:
    assert text_faults(BY_NAME[name].draw(data(name), STYLES[style]), STYLES[style]) == []


@pytest.mark.parametrize("name", BY_NAME)
def test_data_and_caption_travel_with_the_figure(name: str) -> None:
    found = data(name)
    rows = list(csv.reader(io.StringIO(found.csv())))
    assert len(rows) > 2 and len({len(row) for row in rows}) == 1
    text = found.caption
    assert text.endswith(".") and ("easured" in text or "computed by the operators" in text or "Theory" in text)
    assert not any(number in text for number in ("nan", "inf %"))


@pytest.mark.parametrize("name", BY_NAME)
def test_the_same_data_give_the_same_bytes(name: str) -> None:
    kind = BY_NAME[name]
    for form in ("pdf", "svg", "png"):
        assert encode(kind.draw(data(name), DOUBLE), form) == encode(kind.draw(data(name), DOUBLE), form)


@pytest.mark.parametrize("name", BY_NAME)
def test_the_same_request_gives_the_same_data(name: str, small: Request) -> None:
    first, again = (BY_NAME[name].compute(small) for _ in range(2))
    assert first.csv() == again.csv() and first.caption == again.caption


def test_bytes_are_the_same_in_another_process_and_carry_no_date() -> None:
    code = (
        "import hashlib; from sqtheory.figures.catalogue import find; from sqtheory.figures.data import Request;"
        "from sqtheory.figures.style import STYLES;"
        "files = find('block').files(Request(), STYLES['single'], ('pdf', 'svg', 'png'), 'command');"
        "print({n: hashlib.sha256(d).hexdigest() for n, d in files.items()}, b'Date' in files['block.pdf'])"
    )
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(2)]
    assert runs[0].stdout == runs[1].stdout and runs[0].stdout.endswith("False\n")


def test_pdf_embeds_its_fonts() -> None:
    made = encode(BY_NAME["block"].draw(data("block"), DOUBLE), "pdf")
    assert b"/FontFile2" in made and b"/Type3" not in made


def test_a_text_that_is_cut_or_covered_would_be_seen() -> None:
    with rc_context(SINGLE.rc):
        figure = Figure(figsize=(3, 2))
        figure.text(0.95, 0.5, "beyond the edge")
        figure.text(0.1, 0.1, "one")
        figure.text(0.11, 0.1, "two")
    assert text_faults(figure, SINGLE) == ["'beyond the edge' is cut by the edge of the figure", "'one' overlaps 'two'"]


def test_a_name_that_is_none_is_answered_with_the_closest() -> None:
    with pytest.raises(ValueError, match="did you mean order_map"):
        find("ordermap")


def test_what_a_figure_refuses_names_it_and_the_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "w.npy"
    np.save(path, np.array([[1.0, np.nan, 2.0, 3.0]]))
    with pytest.raises(NonFinite, match=r"figure order_map of .*w\.npy: nan at \(0, 1\)"):
        BY_NAME["order_map"].files(Request(str(path)), DOUBLE, ("png",), "")
    nothing: Any = Request("zoo:lm-dense", mask="50%")
    with pytest.raises(ValueError, match="figure gap_in_bits of zoo:lm-dense"):
        BY_NAME["gap_in_bits"].files(nothing, DOUBLE, ("png",), "")

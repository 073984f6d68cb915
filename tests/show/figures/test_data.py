"""The CSV that goes with a figure: read by programs as what it is, computed by none."""

import ast
import csv
import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqtheory.show.figures.data import as_csv, cells


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        *(
            (text, text)
            for text in ("-0.5", "+3", "1e-300", "-inf", "nan", "-1E+5", "int4", "a.b-c", "–", "", "2:4", "Σ")
        ),
        *(
            (text, repr(text))
            for text in ("=1+1", "+a", "-x", "@SUM(A1)", "-1+1", "--5", "=0.5", "+inf(", "-1_0", "-٣")
        ),
        *((text, repr(text)) for text in ("\tx", "\rx", "x\ny", " =1", "\u202ex", "＝1", "'x", '"x', "-nan", "a\x1b")),
    ],
)
def test_numbers_stay_numbers_and_what_could_be_computed_is_quoted(cell: str, written: str) -> None:
    assert read(as_csv([[cell, "x"]])) == [[written, "x"]]


@given(st.lists(st.tuples(st.text(max_size=6), st.floats()), min_size=1, max_size=4))
def test_every_cell_is_given_back_and_none_begins_a_formula(rows: list[tuple[str, float]]) -> None:
    for row, (name, value) in zip(read(as_csv([cells(name, value) for name, value in rows])), rows, strict=True):
        told, number = row
        assert (ast.literal_eval(told) if told.startswith(("'", '"')) else told) == name
        assert (told.isprintable() and float(number) == value) or math.isnan(value)
        try:
            float(told)
        except ValueError:
            assert not told.lstrip().startswith(("=", "+", "-", "@"))

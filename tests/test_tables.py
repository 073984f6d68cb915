import json
import math
import re
import sys
from decimal import Decimal
from fractions import Fraction
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqtheory import MissingExtra
from sqtheory.tables import Table, counted, json_ready, json_text, number, share, shown
from sqtheory.tex import TEX

TABLE = Table(("name", "bits", "error"), (("int4", "4", "1.5e-3"), ("mxfp", "10", "–")), "two formats")


def test_one_thing_is_counted_in_the_singular() -> None:
    assert [counted(n, "tensor") for n in (0, 1, 2)] == ["0 tensors", "1 tensor", "2 tensors"]


def test_text_aligns_numbers_right_and_words_left() -> None:
    assert TABLE.text() == "two formats\nname  bits   error\nint4     4  1.5e-3\nmxfp    10       –"


def test_markdown_says_how_columns_align() -> None:
    assert TABLE.markdown() == (
        "**two formats**\n\n| name | bits | error |\n| --- | ---: | ---: |\n| int4 | 4 | 1.5e-3 |\n| mxfp | 10 | – |"
    )


def test_html_is_one_table_element() -> None:
    found = TABLE.html()
    assert found.startswith("<table><caption>two formats</caption><thead><tr>")
    assert found.endswith("</tbody></table>")
    assert '<th style="text-align:left">name</th>' in found
    assert '<td style="text-align:right">1.5e-3</td>' in found
    assert found.count("<tr>") == 3


def test_latex_has_the_rules_of_booktabs_and_escapes() -> None:
    assert TABLE.latex() == "\n".join(
        (
            *(r"\begin{table}", r"\centering", r"\caption{two formats}", r"\begin{tabular}{lrr}", r"\toprule"),
            *(r"name & bits & error \\", r"\midrule", r"int4 & 4 & 1.5e-3 \\", r"mxfp & 10 & -- \\"),
            *(r"\bottomrule", r"\end{tabular}", r"\end{table}"),
        )
    )
    odd = Table((r"a_b\c", "S→Q"), (("50% & more", "±2"),)).latex()
    assert r"a\_b\textbackslash{}c & S$\to$Q" in odd and r"50\% \& more & $\pm$2" in odd and "caption" not in odd


def test_latex_sets_every_sign_that_statements_use() -> None:
    found = Table(("a",), (("".join(TEX),),)).latex()
    assert found.isascii() and all(f"${tex}$" in found for tex in TEX.values())


def test_a_table_shows_itself() -> None:
    assert str(TABLE) == repr(TABLE) == TABLE.text()
    assert TABLE._repr_html_() == TABLE.html() and TABLE._repr_latex_() == TABLE.latex()


def test_a_foot_is_the_last_rows_and_a_column_comes_where_it_is_asked_for() -> None:
    assert TABLE.html(footer=1).endswith(
        "</tr></tbody><tfoot>" + TABLE.html().split("</tr>")[2] + "</tr></tfoot></table>"
    )
    wide = TABLE.with_column("more", ("1", "2"), after="name")
    assert wide.header == ("name", "more", "bits", "error") and wide.rows[1] == ("mxfp", "2", "10", "–")
    with pytest.raises(ValueError):
        TABLE.with_column("more", ("1",), after="name")


def test_a_data_frame_has_numbers_where_the_table_has(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pandas")
    rows = (("int4", "4", "1.5%", "3 dB", "–", "1", "="), ("mxfp", "-1", "inf%", "–", "2.5", "x", "1"))
    frame = Table(("name", "n", "share", "sqnr", "±", "mixed", "±"), rows).to_pandas()
    assert list(frame.columns) == ["name", "n", "share %", "sqnr dB", "±", "mixed", "±"]
    cells = [frame.iloc[:, c].tolist() for c in range(frame.shape[1])]
    assert cells[:3] == [["int4", "mxfp"], [4, -1], [1.5, math.inf]] and cells[5:] == [["1", "x"], ["=", "1"]]
    assert frame.dtypes.iloc[1].kind == "i"
    assert cells[3][0] == 3 and math.isnan(cells[3][1]) and math.isnan(cells[4][0]) and cells[4][1] == 2.5
    assert Table(("a", "b"), ()).to_pandas().shape == (0, 2)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtra, match=r"needs the package 'pandas'.*sqtheory\[notebook\]"):
        TABLE.to_pandas()


def test_without_a_title() -> None:
    plain = Table(("a",), (("1",),))
    assert (plain.text(), plain.markdown()) == ("a\n1", "| a |\n| ---: |\n| 1 |")
    assert "caption" not in plain.html()


def test_without_rows() -> None:
    empty = Table(("a", "bc"), ())
    assert (empty.text(), empty.markdown()) == ("a  bc", "| a | bc |\n| --- | --- |")
    assert empty.html().count("<tr>") == 1


@pytest.mark.parametrize(
    ("cells", "right"),
    [
        (("1", "-2.5", "1e9"), True),
        (("12.5%", "3%"), True),
        (("31.2 dB", "inf"), True),
        (("1", "–", "", "="), True),
        (("nan", "-inf"), True),
        (("1", "one"), False),
        (("", ""), False),
        (("2:4",), False),
        (("3/4",), False),
    ],
)
def test_which_columns_hold_numbers(cells: tuple[str, ...], right: bool) -> None:
    table = Table(("name",), tuple((c,) for c in cells))
    assert ("---:" in table.markdown()) == right
    assert ("text-align:right" in table.html()) == right
    wide = max(cells, key=len)
    lines = Table(("h" * 20,), tuple((c,) for c in cells)).text().splitlines()[1:]
    assert lines[cells.index(wide)] == (wide.rjust(20) if right else wide)


def test_rows_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="a row of 1 cells under a header of 2"):
        Table(("a", "b"), (("1", "2"), ("3",)))


HOSTILE = ("<script>alert('x')</script>", 'a"b&c', "x | y", "two\nlines", "carriage\r\nreturn", "tab\there")


class Cells(HTMLParser):
    """The text of every cell and the names of all elements."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.elements: set[str] = set()
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        if tag in ("td", "th", "caption"):
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        self.cells[-1] += data


def test_cells_are_escaped() -> None:
    table = Table(HOSTILE, (HOSTILE, HOSTILE), HOSTILE[0])
    parsed = Cells(table.html())
    assert parsed.cells == [HOSTILE[0], *HOSTILE * 3]
    assert parsed.elements == {"table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert len(table.text().splitlines()) == 4
    body = table.markdown().splitlines()[2:]
    assert len(body) == 4
    assert {len(re.split(r"(?<!\\)\|", line)) for line in body} == {len(HOSTILE) + 2}


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=5), st.text(max_size=8))
def test_any_text_keeps_one_line_for_each_row(rows: list[tuple[str, str]], header: str) -> None:
    table = Table((header, "b"), tuple(rows))
    assert len(table.text().split("\n")) == len(rows) + 1
    assert len(table.markdown().split("\n")) == len(rows) + 2
    assert Cells(table.html()).cells == [header, "b", *(cell for row in rows for cell in row)]


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (None, 4, "–"),
        (0, 4, "0"),
        (123456789, 4, "123456789"),
        (1.23456789, 4, "1.235"),
        (1.23456789, 6, "1.23457"),
        (1e-12, 4, "1e-12"),
        (math.inf, 4, "inf"),
        (math.nan, 4, "nan"),
        (2.0, 4, "2"),
    ],
)
def test_numbers(value: float | None, digits: int, text: str) -> None:
    assert number(value, digits) == text


def test_json_holds_no_number_that_json_cannot() -> None:
    found = json_ready({"a": math.inf, "b": [-math.inf, math.nan, 1.5], "c": (1, None, True, "x")})
    assert found == {"a": "Infinity", "b": ["-Infinity", "NaN", 1.5], "c": [1, None, True, "x"]}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), 0.5),
        (np.float64(np.inf), "Infinity"),
        (np.float16(-np.inf), "-Infinity"),
        (np.int64(2**62 + 1), 2**62 + 1),
        (np.uint8(3), 3),
        (np.True_, True),
        (np.str_("x"), "x"),
        (Fraction(1, 4), 0.25),
        (Decimal("0.5"), 0.5),
    ],
)
def test_other_numbers_become_those_of_python(value: object, expected: object) -> None:
    found = json_ready([value])[0]
    assert found == expected
    assert type(found) in (float, int, bool, str)
    assert type(found) is type(expected)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=20,
    )
)
def test_whatever_comes_out_is_json(value: object) -> None:
    ready = json_ready(value)
    assert json.loads(json.dumps(ready, allow_nan=False)) == ready


@pytest.mark.parametrize("value", [object(), {1, 2}, np.zeros(2), 1j])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        json_ready(value)


HIDING = "\x00\x1b\x7f\x85\x9b\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069\ufeff\ud800 \udcff\U000e0001"
LETTERS = "Ŵ‖ε‖₂ → 𝔽 日本 é"


def test_json_hides_nothing_and_says_the_same() -> None:
    value = {HIDING: [HIDING, LETTERS, math.nan]}
    written = json_text(value)
    assert written.isprintable() and LETTERS in written and "\\u202e" in written and "\\ud800" in written
    assert json.loads(written) == {HIDING: [HIDING, LETTERS, "NaN"]}
    assert json_text({"a": [1]}, indent=1) == '{\n "a": [\n  1\n ]\n}'


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_prints_on_one_line_whatever_the_text(text: str) -> None:
    assert json_text(text).isprintable() and json.loads(json_text(text)) == text
    assert shown(text).isprintable()


def test_text_shows_what_does_not_print() -> None:
    assert shown("a\x1b[31m\u202eb\n") == r"a\x1b[31m\u202eb\n" and shown(LETTERS) == LETTERS
    table = Table((f"h{HIDING}",), ((f"a{HIDING}",), (LETTERS,)), f"t{HIDING}")
    for written in (table.text(), table.markdown(), table.latex()):
        assert all(line.isprintable() for line in written.split("\n"))


@pytest.mark.parametrize(
    ("value", "whole", "cell"),
    [
        *((1.0, 4.0, "25.0000"), (0.0, 4.0, "0.0000"), (3.0, 0.0, "3"), (0.0, 0.0, "0"), (math.nan, 4.0, "nan")),
        *((1.7e308, 1.7e308, "100.0000"), (1.0, math.inf, "overflow"), (math.inf, math.inf, "overflow")),
        (math.inf, 1.0, "overflow"),
    ],
)
def test_a_share_says_where_a_norm_overflows(value: float, whole: float, cell: str) -> None:
    assert share(value, whole) == cell


def test_latex_survives_what_the_line_before_would_take() -> None:
    r"""``\\\\`` and ``\\midrule`` look for ``[`` and ``*`` behind them, even after blanks."""
    found = Table(("[a]", "*"), (("[2pt]", "x[1]"), (" *", "<b|c>"), ("*[", "a*b"))).latex()
    assert found.splitlines()[3:-3] == [
        *(r"\toprule", r"{[}a] & {*} \\", r"\midrule"),
        *(r"{[}2pt] & x[1] \\", r"{*} & \textless{}b\textbar{}c\textgreater{} \\", r"{*}[ & a*b \\"),
    ]


@given(st.lists(st.tuples(st.text("[]*<>|&\\\\{}$ a", max_size=4), st.just("x")), min_size=1, max_size=4))
def test_no_row_of_latex_begins_with_an_argument_of_the_line_before(rows: list[tuple[str, str]]) -> None:
    body = Table(("[h", "b"), tuple(rows)).latex().split(r"\toprule")[1]
    assert not re.search(r"(\\\\|rule)\s*[\[*]", body) and not set(body) & set("<>|")

"""One table, four renderings: aligned text, Markdown, HTML, LaTeX; and numbers as JSON allows them."""

import hashlib
import json
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

from sqtheory.exceptions import MissingExtra
from sqtheory.tex import TEX

if TYPE_CHECKING:
    from pandas import DataFrame


LONGEST = 100
"""Signs of a name that a table shows."""


class Tabular(ABC):
    """A result that shows itself as one table: as text, in notebooks as HTML, in papers as LaTeX, as a data frame."""

    @abstractmethod
    def table(self) -> "Table":
        """The rows to show."""

    def __str__(self) -> str:
        return self.table().text()

    def __repr__(self) -> str:
        return str(self)

    def markdown(self) -> str:
        """The table in Markdown."""
        return self.table().markdown()

    def to_pandas(self) -> "DataFrame":
        """The table as a pandas DataFrame. Raises MissingExtra without pandas."""
        return self.table().to_pandas()

    def _repr_html_(self) -> str:
        return self.table().html()

    def _repr_latex_(self) -> str:
        return self.table().latex()


class Framed(ABC):
    """A result that is columns of values, all of one length."""

    @abstractmethod
    def columns(self) -> Mapping[str, Sequence[Any]]:
        """The values of each column by its name."""

    def to_pandas(self) -> "DataFrame":
        """The columns as a pandas DataFrame, numbers to the last bit. Raises MissingExtra without pandas."""
        return _data_frame(self.columns())


@final
@dataclass(frozen=True, repr=False)
class Table(Tabular):
    """Rows of cells under a header; columns whose cells are all numbers align right."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.header):
                raise ValueError(f"a row of {len(row)} cells under a header of {len(self.header)}")

    @property
    def _numeric(self) -> list[bool]:
        columns = zip(*self.rows, strict=True) if self.rows else [()] * len(self.header)
        return [all(_is_number(cell) for cell in column) and any(column) for column in columns]

    def table(self) -> "Table":
        """Itself."""
        return self

    def text(self) -> str:
        """Columns aligned with spaces."""
        lines = [[_one_line(cell) for cell in line] for line in (self.header, *self.rows)]
        widths = [max(len(line[c]) for line in lines) for c in range(len(self.header))]
        numeric = self._numeric
        aligned = [
            "  ".join(
                cell.rjust(w) if right else cell.ljust(w) for cell, w, right in zip(line, widths, numeric, strict=True)
            ).rstrip()
            for line in lines
        ]
        return "\n".join(([shown(self.title)] if self.title else []) + aligned)

    def markdown(self) -> str:
        """A GitHub table."""
        rule = ["---:" if right else "---" for right in self._numeric]
        lines = [self.header, tuple(rule), *self.rows]
        cells = [[_one_line(cell).replace("|", "\\|") for cell in line] for line in lines]
        body = "\n".join("| " + " | ".join(line) + " |" for line in cells)
        return f"**{shown(self.title)}**\n\n{body}" if self.title else body

    def with_column(self, name: str, cells: Sequence[str], *, after: str) -> "Table":
        """One more column, to the right of another."""
        at = self.header.index(after) + 1
        rows = tuple((*r[:at], cell, *r[at:]) for r, cell in zip(self.rows, cells, strict=True))
        return Table((*self.header[:at], name, *self.header[at:]), rows, self.title)

    def html(self, *, footer: int = 0) -> str:
        """A plain table element, every cell escaped; the last ``footer`` rows are its foot."""
        from html import escape

        align = ["right" if right else "left" for right in self._numeric]

        def line(cells: Sequence[str], tag: str) -> str:
            columns = zip(cells, align, strict=True)
            inside = [f'<{tag} style="text-align:{a}">{escape(cell)}</{tag}>' for cell, a in columns]
            return f"<tr>{''.join(inside)}</tr>"

        caption = f"<caption>{escape(self.title)}</caption>" if self.title else ""
        rows = [line(row, "td") for row in self.rows]
        cut = len(rows) - footer
        foot = f"<tfoot>{''.join(rows[cut:])}</tfoot>" if footer else ""
        body = f"<tbody>{''.join(rows[:cut])}</tbody>{foot}"
        return f"<table>{caption}<thead>{line(self.header, 'th')}</thead>{body}</table>"

    def latex(self) -> str:
        """A table environment with the rules of the package booktabs; mathematics in cells is set as mathematics."""
        align = "".join("r" if right else "l" for right in self._numeric)
        header, *body = (" & ".join(map(_latex, line)) + r" \\" for line in (self.header, *self.rows))
        caption = [rf"\caption{{{_latex(self.title)}}}"] if self.title else []
        lines = [rf"\begin{{tabular}}{{{align}}}", r"\toprule", header, r"\midrule", *body, r"\bottomrule"]
        return "\n".join([r"\begin{table}", r"\centering", *caption, *lines, r"\end{tabular}", r"\end{table}"])

    def to_pandas(self) -> "DataFrame":
        """A DataFrame with a column for each: numbers where all cells are, NaN for an en dash or nothing, else text.

        A unit, % or dB, goes to the name of the column. Raises MissingExtra without pandas.
        """
        columns = [[row[c] for row in self.rows] for c in range(len(self.header))]
        read = [_read(name, cells) for name, cells in zip(self.header, columns, strict=True)]
        frame = _data_frame({place: cells for place, (_, cells) in enumerate(read)})
        frame.columns = [name for name, _ in read]
        return frame


def _data_frame(columns: Mapping[Any, Sequence[Any]]) -> "DataFrame":
    """A pandas DataFrame of these columns. Raises MissingExtra without pandas."""
    try:
        from pandas import DataFrame
    except ImportError as error:
        raise MissingExtra("pandas", "notebook", "a data frame") from error
    return DataFrame(columns)


def number(value: float | int | None, digits: int = 4) -> str:
    """A number to so many significant digits, an en dash for None."""
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.{digits}g}"


def json_ready(value: Any) -> Any:
    """The same structure with numbers that JSON can hold: NaN and ±∞ become strings, numpy scalars Python's."""
    import numpy as np  # text alone does without

    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, dict):
        return {k: json_ready(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [json_ready(v) for v in value]
    if isinstance(value, bool | int | str) or value is None:
        return value
    real = float(value)
    if math.isfinite(real):
        return real
    return "NaN" if math.isnan(real) else "Infinity" if real > 0 else "-Infinity"


def json_text(value: Any, *, indent: int | None = None) -> str:
    r"""The JSON of ``json_ready(value)``, in which every character that does not print is written as ``\uXXXX``.

    So no name in it can break a line (U+0085, U+2028, U+2029), send a control character to a terminal (U+007F to
    U+009F), turn the direction of what follows (U+202A to U+202E, U+2066 to U+2069), or be half a character; the
    parsed value is the same. Letters of all alphabets stay as they are.
    """
    written = json.dumps(json_ready(value), ensure_ascii=False, allow_nan=False, indent=indent)
    return _OTHERS.sub(lambda found: found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1], written)


def shown(text: str) -> str:
    r"""The text on one line: what does not print, line breaks included, as the escape of a Python literal, ``\x1b``."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def share(value: float, whole: float, digits: int = 4) -> str:
    """100 value/whole as a cell, the value itself where whole = 0, ``overflow`` where float64 does not hold them."""
    if not whole:
        return number(value)
    if math.isinf(value) or math.isinf(whole):
        return OVERFLOW
    percent = 100 * (value / whole) if math.isinf(100 * value) else 100 * value / whole
    return f"{percent:.{digits}f}"


def counted(count: int, noun: str) -> str:
    """A number of things in words, of one thing in the singular: ``1 tensor``, ``2 tensors``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def one_line(text: str) -> str:
    """A text as it is if it prints on one line, else as a Python literal."""
    return text if text.isprintable() else repr(text)


def short(name: str, length: int = LONGEST) -> str:
    """A name on one line of at most so many signs: of a longer one the middle gives way to the start of its hash."""
    line = one_line(name)
    if len(line) <= length:
        return line
    mark = f"…{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}…"
    kept = length - len(mark)
    return f"{line[: kept // 3]}{mark}{line[kept // 3 - kept :]}"


def _one_line(cell: str) -> str:
    """A cell whose line breaks became spaces, and what else does not print its escape."""
    return shown(" ".join(cell.splitlines()))


_OTHERS = re.compile("[^\n -~]")
OVERFLOW = "overflow"
"""What a cell says of a norm that float64 does not hold."""
UNITS = ("%", " dB")
"""What may follow the number in a cell."""
LATEX = {
    **{sign: f"${tex}$" for sign, tex in TEX.items()},
    **{sign: rf"\{sign}" for sign in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--"},
    **{"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}"},
}
"""How a character of a cell is set in LaTeX where it is not itself."""


def _latex(cell: str) -> str:
    r"""A cell in LaTeX; a first ``[`` or ``*`` in braces, or the ``\\`` or ``\midrule`` before it would take it."""
    text = _one_line(cell).strip()
    first = f"{{{text[0]}}}" if text[:1] in ("[", "*") else ""
    return first + "".join(LATEX.get(sign, sign) for sign in text[bool(first) :])


def _is_number(cell: str) -> bool:
    return cell in ("–", "", "=") or _real(cell) is not None


def _real(cell: str) -> float | None:
    """The number in a cell, whatever its unit."""
    try:
        return float(cell.removesuffix(_unit(cell)))
    except ValueError:
        return None


def _unit(cell: str) -> str:
    return next((unit for unit in UNITS if cell.endswith(unit)), "")


def _read(name: str, cells: Sequence[str]) -> tuple[str, list[Any]]:
    """The name and the values of a column of a data frame."""
    filled = [cell for cell in cells if cell not in ("–", "")]
    units = {_unit(cell) for cell in filled}
    if len(units) != 1 or any(_real(cell) is None for cell in filled):
        return name, list(cells)
    if len(filled) == len(cells) and all(cell.removeprefix("-").isdecimal() for cell in cells):
        return name, [int(cell) for cell in cells]
    [unit] = units
    return f"{name} {unit.strip()}".strip(), [math.nan if cell in ("–", "") else _real(cell) for cell in cells]

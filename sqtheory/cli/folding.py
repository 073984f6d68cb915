"""Tables that fit a width: cells of wide columns wrapped."""

from itertools import zip_longest
from textwrap import wrap

from sqtheory.tables import Table, shown

NARROWEST, NAME, WIDEST = 10, 22, 40
"""Signs of a wrapped column at least, of a name that is not broken at most, of any word where there is room for it."""


def folded(table: Table, width: int) -> str:
    """A table as text, its widest columns but the first wrapped until lines have so many signs or none gives more."""
    lines = [[shown(" ".join(cell.split())) for cell in line] for line in (table.header, *table.rows)]
    columns = list(zip(*lines, strict=True))
    widths = [max(map(len, column)) for column in columns]
    words = [[word.strip(",;:") for cell in column for word in cell.split()] for column in columns]
    room = width - 2 * (len(widths) - 1)
    if sum(widths) <= room:
        return table.text()
    for longest in range(WIDEST, NARROWEST - 1, -1):
        least = [
            min(w, max(NARROWEST, *(_whole(word, longest) for word in own)))
            for w, own in zip(widths, words, strict=True)
        ]
        least[0] = widths[0]
        if sum(least) <= room:
            break
    while sum(widths) > room and widths != least:
        widths[max(range(len(widths)), key=lambda c: (widths[c] > least[c], widths[c]))] -= 1
    out = [shown(table.title)] if table.title else []
    for line in lines:
        cells = [wrap(cell, w, break_on_hyphens=False) or [""] for cell, w in zip(line, widths, strict=True)]
        for pieces in zip_longest(*cells, fillvalue=""):
            out.append("  ".join(piece.ljust(w) for piece, w in zip(pieces, widths, strict=True)).rstrip())
    return "\n".join(out)


def _whole(word: str, longest: int) -> int:
    """Signs that a word needs: all of a name with the comma after it, of others as many as are asked for."""
    return len(word) + 1 if word.isidentifier() and len(word) < NAME else min(len(word), longest)

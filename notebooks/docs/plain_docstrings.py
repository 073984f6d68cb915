"""Docstrings are sentences of mathematics with ``code`` in them: |x|, x_i and * are not markup there."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

CODE = re.compile(r"(``.+?``)")
MARKUP = re.compile(r"([\\|*_`])")


def escaped(lines: list[str]) -> list[str]:
    """The lines with every sign of markup escaped, but for code in a line and in blocks after ``::`` or ``>>>``."""
    result: list[str] = []
    verbatim: int | None = None
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if verbatim is not None and line.strip() and indent <= verbatim:
            verbatim = None
        if line.lstrip().startswith(">>>"):
            verbatim = indent - 1
        if verbatim is not None:
            if not line.strip() and verbatim == indent - 1:
                verbatim = None
            result.append(line)
            continue
        if line.rstrip().endswith("::"):
            verbatim = indent
        result.append("".join(p if CODE.fullmatch(p) else MARKUP.sub(r"\\\1", p) for p in CODE.split(line)))
    return result


def escape(app: "Sphinx", what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Rewrite one docstring in place, as autodoc asks for it."""
    lines[:] = escaped(lines)


def setup(app: "Sphinx") -> dict[str, bool]:
    """Listen to autodoc."""
    app.connect("autodoc-process-docstring", escape)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Equations as MathML, by docutils, so that pages need neither the network nor scripts to show them."""

import re

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.writers.html5 import HTML5Translator

IDENTITY = re.compile(r"\\ensuremath\{([^{}]*)\}")
"""Inside mathematics this command does nothing, and docutils does not know it."""


def converted(tex: str, *, block: bool) -> str:
    """The MathML of a formula. Raises ExtensionError naming what docutils cannot read."""
    try:
        return str(tex2mathml(IDENTITY.sub(r"\1", tex), as_block=block))
    except MathError as error:
        raise ExtensionError(f"{error} in the formula {tex}") from error


def visit_inline(self: HTML5Translator, node: nodes.math) -> None:
    """A formula in a line of text."""
    self.body.append(converted(node.astext(), block=False))
    raise nodes.SkipNode


def visit_block(self: HTML5Translator, node: nodes.math_block) -> None:
    """A formula on a line of its own."""
    self.body.append(converted(node.astext(), block=True))
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
